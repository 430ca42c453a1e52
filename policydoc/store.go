package policydoc

import (
	"context"
	"time"

	"github.com/labelop/privacykit/privacy"
)

// Act is what somebody did with a version.
type Act string

// The acts. Who accepted a version was shown it too.
const (
	Shown    Act = "shown"
	Accepted Act = "accepted"
)

// Acknowledgement proves that a subject was shown or accepted a version.
type Acknowledgement struct {
	Policy  PolicyKey         `json:"policy"`
	Subject privacy.SubjectID `json:"subject"`
	// Version is the number of the version.
	Version int `json:"version"`
	Act     Act `json:"act"`
	// Locale is that of the text, Text the hash of it.
	Locale string `json:"locale"`
	Text   Hash   `json:"text"`
	// Channel says how, such as "sign-up form". No personal data.
	Channel string `json:"channel"`
	// At is when, in UTC with microseconds.
	At time.Time `json:"at"`
}

// Outstanding asks for subjects who have not acknowledged a version.
type Outstanding struct {
	Policy PolicyKey
	Act    Act
	// Version is the lowest version that counts.
	Version int
	// After is the last subject of the page before, "" for the first page.
	After privacy.SubjectID
	// Limit is the greatest number of subjects, at least 1.
	Limit int
}

// Store keeps chains and acknowledgements. It is implemented by adapters and
// checked by policydoctest.Run. Every method MUST be safe for concurrent use, MUST
// keep tenants and policies apart, comparing identifiers byte for byte, and
// MUST return values that share no memory with what it keeps. A cancelled context
// MUST make it fail without having written anything.
//
// Publishing writes nothing per subject. An adapter keeps beside the log of
// acknowledgements one row per (tenant, policy, act, subject) with the highest
// version, indexed by version, so that ten million subjects cost ten million
// rows whatever the number of versions, and Unacknowledged reads what it returns.
type Store interface {
	// AppendEntry adds an entry to its policy's chain, and the events to the
	// outbox, in one unit of work. If the chain's last entry is not the one with
	// index e.Index-1 and hash e.Previous, it MUST write nothing and fail with
	// privacy.ErrConflict: of entries that race for one place, one wins.
	AppendEntry(ctx context.Context, e Entry, events []privacy.Event) error

	// Entries returns up to limit entries of a policy with an index greater than
	// after, in order of their indices. An unknown policy has none.
	Entries(ctx context.Context, policy PolicyKey, after, limit int) ([]Entry, error)

	// AppendAcknowledgement adds an acknowledgement and the events to the outbox
	// in one unit of work. If the subject has one of the same version and act, it
	// MUST write nothing and succeed: the first proof stays.
	AppendAcknowledgement(ctx context.Context, a Acknowledgement, events []privacy.Event) error

	// Acknowledgements returns those of a subject, by version and then act, in
	// byte order. A subject without any has none.
	Acknowledgements(ctx context.Context, policy PolicyKey, subject privacy.SubjectID) ([]Acknowledgement, error)

	// Unacknowledged returns subjects that have acknowledged versions of the
	// policy by the act, or by Accepted where the act is Shown, but none of them
	// as high as the version asked for, in byte order of their identifiers.
	// Subjects without any acknowledgement are not known here.
	Unacknowledged(ctx context.Context, q Outstanding) ([]privacy.SubjectID, error)
}
