package dsr_test

import (
	"encoding/json"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/dsr/regime"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/store/memstore"
)

func messageRecord() dsr.MessageRecord {
	return dsr.MessageRecord{
		Kind: regime.NoticeRefusal, Request: regime.RequestAccess, Locale: "de", Template: "de@1", Digest: "00",
		Contents: []regime.Content{"reasons"},
	}
}

func TestMessageIsALineOfTheLog(t *testing.T) {
	d := newDesk(t)
	c := d.open(t, "eu-gdpr", regime.RequestAccess, "")
	for range 2 {
		if err := d.RecordMessage(t.Context(), "t", c.ID, messageRecord(), "m-1"); err != nil {
			t.Fatal(err)
		}
	}
	lines, err := d.store.Log(t.Context(), "t", c.ID, 0, 10)
	if err != nil || len(lines) != 2 {
		t.Fatalf("%d lines, %v", len(lines), err)
	}
	var line struct {
		Event   string
		Regime  string
		Message dsr.MessageRecord
	}
	if err := json.Unmarshal([]byte(lines[1].Payload), &line); err != nil {
		t.Fatal(err)
	}
	if line.Event != "message" || line.Regime != c.Regime || line.Message.Digest != "00" || line.Message.Contents[0] != "reasons" {
		t.Errorf("got %+v", line)
	}
	events := d.events(t)
	if last := events[len(events)-1]; len(events) != 2 || last.Type != "privacykit.dsr.message" || last.Subject != "jane" {
		t.Errorf("%d audit events, %+v", len(events), last)
	}
	other := messageRecord()
	other.Digest = "11"
	if err := d.RecordMessage(t.Context(), "t", c.ID, other, "m-1"); !errors.Is(err, privacy.ErrConflict) {
		t.Errorf("another message under the key: %v", err)
	}
}

func TestMessageThatCannotBeRecorded(t *testing.T) {
	d := newDesk(t)
	c := d.open(t, "eu-gdpr", regime.RequestAccess, "")
	for name, test := range map[string]struct {
		tenant privacy.TenantID
		id     dsr.CaseID
		change func(m *dsr.MessageRecord)
		want   error
	}{
		"no such case":   {"t", "none", nil, privacy.ErrNotFound},
		"another tenant": {"u", c.ID, nil, privacy.ErrNotFound},
		"no such item":   {"t", c.ID, func(m *dsr.MessageRecord) { m.Item = 1 }, privacy.ErrInvalid},
		"no item at all": {"t", c.ID, func(m *dsr.MessageRecord) { m.Item = -1 }, privacy.ErrInvalid},
		"no kind":        {"t", c.ID, func(m *dsr.MessageRecord) { m.Kind = "" }, privacy.ErrInvalid},
		"no locale":      {"t", c.ID, func(m *dsr.MessageRecord) { m.Locale = "" }, privacy.ErrInvalid},
		"no template":    {"t", c.ID, func(m *dsr.MessageRecord) { m.Template = "" }, privacy.ErrInvalid},
		"no digest":      {"t", c.ID, func(m *dsr.MessageRecord) { m.Digest = "" }, privacy.ErrInvalid},
	} {
		m := messageRecord()
		if test.change != nil {
			test.change(&m)
		}
		if err := d.RecordMessage(t.Context(), test.tenant, test.id, m, ""); !errors.Is(err, test.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if lines, err := d.store.Log(t.Context(), "t", c.ID, 0, 10); err != nil || len(lines) != 1 {
		t.Errorf("%d lines, %v", len(lines), err)
	}
}

// Messages that are recorded side by side are all on record.
func TestMessagesRecordedSideBySide(t *testing.T) {
	store := memstore.NewDSR(memstore.NewConsent(nil))
	d, err := dsr.NewService(store, dsr.Options{Zone: time.UTC, Calendar: privacy.WeekdaysOnly(), Source: "/labelop/dsr"})
	if err != nil {
		t.Fatal(err)
	}
	c, err := d.Open(t.Context(), "eu-gdpr", asking(regime.RequestAccess), "")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	results := make([]error, 4)
	for i := range results {
		wg.Go(func() { results[i] = d.RecordMessage(t.Context(), "t", c.ID, messageRecord(), "") })
	}
	wg.Wait()
	if err := errors.Join(results...); err != nil {
		t.Fatal(err)
	}
	if lines, err := store.Log(t.Context(), "t", c.ID, 0, 10); err != nil || len(lines) != 5 {
		t.Errorf("%d lines, %v", len(lines), err)
	}
}
