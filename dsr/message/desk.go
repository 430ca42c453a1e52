package message

import (
	"context"
	"errors"
	"fmt"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/privacy"
)

// Journal writes down what was composed and sent; *dsr.Service is one.
type Journal interface {
	// RecordMessage writes a line into the log of a case, once for each key.
	RecordMessage(ctx context.Context, tenant privacy.TenantID, id dsr.CaseID, m dsr.MessageRecord, key string) error
}

// Sender hands messages to the host's mail, portal or post.
type Sender interface {
	// Send delivers. It can be called again with the same Key, after an error or a
	// crash, and must then not deliver twice.
	Send(ctx context.Context, d Delivery) error
}

// Delivery is a message on its way.
type Delivery struct {
	Tenant privacy.TenantID
	Case   dsr.CaseID
	// Item is the index of the item that the message is about.
	Item int
	// Recipient is who a notice under GDPR Art. 19 goes to, "" for the requester
	// or, when a request is forwarded, the controller.
	Recipient privacy.RecipientID
	// Key names this message among those of the tenant, so that it is recorded and
	// delivered once. Required.
	Key     string
	Message Message
}

// Desk records and sends messages. It is safe for concurrent use if its parts
// are.
type Desk struct {
	journal Journal
	sender  Sender
}

// NewDesk returns a desk. The error matches privacy.ErrInvalid.
func NewDesk(journal Journal, sender Sender) (*Desk, error) {
	if journal == nil || sender == nil {
		return nil, fmt.Errorf("a desk needs a journal and a sender: %w", privacy.ErrInvalid)
	}
	return &Desk{journal, sender}, nil
}

// ErrNotSent reports a message that was recorded and not sent. Deliver it again
// with the same key.
var ErrNotSent = errors.New("message not sent")

// Deliver records that a message was composed, sends it, and records that it
// was sent. A message that cannot be recorded is not sent. After an error,
// deliver again with the same key: what was recorded is recorded once, and the
// Sender sees the same key. Another message under a key that was used is
// privacy.ErrConflict; an error of the sender is joined with ErrNotSent and its
// text, which may hold an address, is kept out of the message.
func (d *Desk) Deliver(ctx context.Context, delivery Delivery) error {
	if err := privacy.CheckID("key", delivery.Key); err != nil {
		return err
	}
	m := delivery.Message
	record := dsr.MessageRecord{
		Item: delivery.Item, Kind: m.Kind, Request: m.Request, Locale: m.Locale, Template: m.Template, Digest: m.Digest, Contents: m.Contents,
	}
	if err := d.journal.RecordMessage(ctx, delivery.Tenant, delivery.Case, record, delivery.Key+"/composed"); err != nil {
		return err
	}
	if err := d.sender.Send(ctx, delivery); err != nil {
		return notSentError{err}
	}
	record.Sent = true
	return d.journal.RecordMessage(ctx, delivery.Tenant, delivery.Case, record, delivery.Key+"/sent")
}

// notSentError keeps the text of a sender's error to itself.
type notSentError struct{ cause error }

func (notSentError) Error() string     { return ErrNotSent.Error() }
func (e notSentError) Unwrap() []error { return []error{ErrNotSent, e.cause} }
