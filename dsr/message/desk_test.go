package message_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/dsr/message"
	"github.com/labelop/privacykit/dsr/regime"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/privacytest"
	"github.com/labelop/privacykit/privacy/store/memstore"
)

type sender struct {
	sent []message.Delivery
	err  error
}

func (s *sender) Send(_ context.Context, d message.Delivery) error {
	if s.err == nil {
		s.sent = append(s.sent, d)
	}
	return s.err
}

func setUp(t *testing.T) (*memstore.DSRStore, *message.Desk, *sender, message.Delivery) {
	t.Helper()
	store, clock := memstore.NewDSR(memstore.NewConsent(nil)), privacytest.NewClock(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC))
	service, err := dsr.NewService(store, dsr.Options{Zone: time.UTC, Calendar: privacy.WeekdaysOnly(), Clock: clock, Source: "/test"})
	require.NoError(t, err)
	c, err := service.Open(t.Context(), "eu-gdpr", dsr.Intake{
		Tenant: "t", Subject: "u-17", Role: privacy.RoleController, Actor: dsr.ActorSubject,
		Requests: []dsr.Asked{{Request: regime.RequestErasure}},
	}, "open-1")
	require.NoError(t, err)
	mail := &sender{}
	desk, err := message.NewDesk(service, mail)
	require.NoError(t, err)
	data := complete(regime.RequestErasure)
	data.Addressee = "Ada Lovelace"
	m, err := composer(t, nil).Compose(inForce(t, "eu-gdpr", "2026-03-02"), regime.NoticeRefusal, data, "en")
	require.NoError(t, err)
	return store, desk, mail, message.Delivery{Tenant: "t", Case: c.ID, Key: "refusal-1", Message: m}
}

func messages(t *testing.T, store *memstore.DSRStore, id dsr.CaseID) []string {
	t.Helper()
	lines, err := store.Log(t.Context(), "t", id, 0, 100)
	require.NoError(t, err)
	var found []string
	for _, line := range lines {
		if strings.Contains(line.Payload, `"event":"message"`) {
			found = append(found, line.Payload)
		}
	}
	return found
}

func TestADeliveryIsRecordedSentAndRecordedAsSent(t *testing.T) {
	store, desk, mail, delivery := setUp(t)
	require.NoError(t, desk.Deliver(t.Context(), delivery))
	lines := messages(t, store, delivery.Case)
	require.Len(t, lines, 2)
	assert.NotContains(t, lines[0], `"sent"`)
	assert.Contains(t, lines[1], `"sent":true`)
	for _, line := range lines {
		for _, want := range []string{`"kind":"refusal"`, `"locale":"en"`, `"template":"en@`, delivery.Message.Digest, `"judicial_remedy"`} {
			assert.Contains(t, line, want)
		}
	}
	assert.Len(t, mail.sent, 1)
}

func TestTheLogHoldsNoPersonalDataOfAMessage(t *testing.T) {
	store, desk, _, delivery := setUp(t)
	require.NoError(t, desk.Deliver(t.Context(), delivery))
	for _, line := range messages(t, store, delivery.Case) {
		assert.NotContains(t, line, "Lovelace")
		assert.NotContains(t, line, "WHY")
	}
}

func TestADeliveryThatFailedIsRecordedOnceAndSentAgain(t *testing.T) {
	store, desk, mail, delivery := setUp(t)
	mail.err = errors.New("550 ada@example.org unknown")
	err := desk.Deliver(t.Context(), delivery)
	require.ErrorIs(t, err, message.ErrNotSent)
	require.ErrorIs(t, err, mail.err)
	assert.NotContains(t, err.Error(), "ada", "an address in an error")
	mail.err = nil
	require.NoError(t, desk.Deliver(t.Context(), delivery))
	require.NoError(t, desk.Deliver(t.Context(), delivery))
	assert.Len(t, messages(t, store, delivery.Case), 2)
}

func TestAnotherMessageUnderTheSameKeyIsAConflict(t *testing.T) {
	_, desk, mail, delivery := setUp(t)
	require.NoError(t, desk.Deliver(t.Context(), delivery))
	delivery.Message.Digest = "other"
	require.ErrorIs(t, desk.Deliver(t.Context(), delivery), privacy.ErrConflict)
	assert.Len(t, mail.sent, 1)
}

func TestWhatCannotBeRecordedIsNotSent(t *testing.T) {
	_, desk, mail, delivery := setUp(t)
	for name, broken := range map[string]func(*message.Delivery){
		"another tenant": func(d *message.Delivery) { d.Tenant = "other" },
		"no such case":   func(d *message.Delivery) { d.Case = "none" },
		"no such item":   func(d *message.Delivery) { d.Item = 7 },
		"no key":         func(d *message.Delivery) { d.Key = "" },
		"not composed":   func(d *message.Delivery) { d.Message = message.Message{} },
	} {
		t.Run(name, func(t *testing.T) {
			d := delivery
			broken(&d)
			require.Error(t, desk.Deliver(t.Context(), d))
			assert.Empty(t, mail.sent)
		})
	}
	_, err := message.NewDesk(nil, nil)
	require.ErrorIs(t, err, privacy.ErrInvalid)
}
