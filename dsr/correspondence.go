package dsr

import (
	"context"
	"errors"
	"fmt"

	"github.com/labelop/privacykit/dsr/regime"
	"github.com/labelop/privacykit/privacy"
)

// MessageRecord is what the log of a case keeps of a message about it: codes
// and a digest, never the text. No personal data.
type MessageRecord struct {
	// Item is the index of the item that the message is about.
	Item int `json:"item"`
	// Kind is the kind of the message.
	Kind regime.NoticeKind `json:"kind"`
	// Request is what the message answers: that of the item, an appeal or a
	// complaint.
	Request regime.Request `json:"request"`
	// Locale is the language of the text, as a BCP 47 tag.
	Locale string `json:"locale"`
	// Template names the version of the template.
	Template string `json:"template"`
	// Digest stands for the text: a keyed hash, so that the text proves itself to
	// who holds the key and cannot be guessed by others.
	Digest string `json:"digest"`
	// Contents are the elements that the message has.
	Contents []regime.Content `json:"contents"`
	// Sent: the message was handed to the host's mail; without it, it was composed.
	Sent bool `json:"sent,omitempty"`
}

// RecordMessage writes a line about a message into the log of a case. An
// acknowledgement that was sent ends the period for it, as EventAcknowledge or
// EventComplaintAcknowledged does. With a key, recording twice records once; another message under the same key is
// privacy.ErrConflict. The error matches privacy.ErrInvalid if the record lacks
// something, and privacy.ErrNotFound if there is no such case.
func (s *Service) RecordMessage(ctx context.Context, tenant privacy.TenantID, id CaseID, m MessageRecord, key string) (err error) {
	ctx, end := s.hooks.Start(ctx, "dsr.record_message")
	defer func() { end(err) }()
	if m.Kind == "" || m.Locale == "" || m.Template == "" || m.Digest == "" {
		return fmt.Errorf("a message has a kind, a locale, a template and a digest: %w", privacy.ErrInvalid)
	}
	digest, err := digestOf(key, "message", id, m)
	if err != nil {
		return err
	}
	if done, err := s.repeated(ctx, tenant, key, digest); done || err != nil {
		return err
	}
	for range attempts {
		err = s.recordMessage(ctx, tenant, id, m, written{key: key, digest: digest})
		if !errors.Is(err, privacy.ErrConflict) {
			return err
		}
	}
	return err
}

func (s *Service) recordMessage(ctx context.Context, tenant privacy.TenantID, id CaseID, m MessageRecord, w written) error {
	c, err := s.cases.Case(ctx, tenant, id)
	if err != nil {
		return err
	}
	if err := hasItem(c, m.Item); err != nil {
		return err
	}
	p, err := s.procedure(c)
	if err != nil {
		return err
	}
	next, now := c.clone(), s.clock.Now()
	next.Version++
	if m.Kind == regime.NoticeAcknowledgement && m.Sent {
		next.Items[m.Item].Followups.record(Command{Event: acknowledges(m.Request), At: now})
	}
	payload, err := privacy.CanonicalJSON(struct {
		Event   string        `json:"event"`
		Version uint64        `json:"version"`
		Regime  string        `json:"regime"`
		Message MessageRecord `json:"message"`
	}{"message", next.Version, c.Regime, m})
	if err != nil {
		return err
	}
	u := Update{
		Expect: c.Version, Case: next, Lines: []LogLine{{At: now, Payload: string(payload)}},
		Key: w.key, Digest: w.digest,
		Events: []privacy.Event{{
			ID: fmt.Sprintf("%s/%s/%d/0", c.Tenant, c.ID, next.Version), Source: s.source, SpecVersion: privacy.SpecVersion,
			Type: "privacykit.dsr.message", Subject: string(c.Subject), Time: now, Tenant: c.Tenant,
		}},
	}
	if err := p.schedule(&u, now); err != nil {
		return err
	}
	return s.cases.Update(ctx, u)
}

func acknowledges(request regime.Request) Event {
	if request == regime.RequestComplaint {
		return EventComplaintAcknowledged
	}
	return EventAcknowledge
}
