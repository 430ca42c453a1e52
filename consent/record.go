package consent

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/labelop/privacykit/privacy"
)

// MaxPayload is the greatest length of a record's payload in bytes.
const MaxPayload = 1 << 20

// StreamKey names a stream of the ledger: that of a subject, or with an empty
// Subject that of the tenant itself.
type StreamKey struct {
	Tenant  privacy.TenantID
	Subject privacy.SubjectID
}

// Record is an event of the ledger as Stores keep it. Everything but Payload,
// Salt and Key is kept for ever and holds no personal data beyond the opaque
// subject.
type Record struct {
	// ID identifies the event across all tenants.
	ID string
	// Tenant and Subject name the stream.
	Tenant  privacy.TenantID
	Subject privacy.SubjectID
	// Sequence numbers the events of a stream from 1, without gaps.
	Sequence uint64
	// Kind says what happened.
	Kind Kind
	// OccurredAt is when it happened, in UTC, in whole microseconds. The
	// payload has it with the zone it was observed in.
	OccurredAt time.Time
	// RecordedAt is when it was written, in UTC, in whole microseconds.
	RecordedAt time.Time
	// Key is the idempotency key, unique within the stream; "" after redaction.
	Key string
	// Salt are 16 random bytes; nil after redaction.
	Salt []byte
	// Commitment is the SHA-256 of Salt followed by Payload. It stays after
	// redaction, so that the ledger can be proved without the erased data.
	Commitment [sha256.Size]byte
	// Payload is the canonical JSON (RFC 8785) of the Entry; nil after redaction.
	Payload []byte
}

// Redacted reports whether the record's payload was erased.
func (r Record) Redacted() bool { return r.Payload == nil }

// Verify checks the payload against the commitment. It returns nil for a
// redacted record, which nothing can contradict, and an error that matches
// privacy.ErrInvalid for one that was altered.
func (r Record) Verify() error {
	if r.Redacted() {
		return nil
	}
	if commitment(r.Salt, r.Payload) != r.Commitment {
		return fmt.Errorf("consent: record %d of a stream does not match its commitment: %w", r.Sequence, privacy.ErrInvalid)
	}
	return nil
}

func commitment(salt, payload []byte) [sha256.Size]byte {
	hash := sha256.New()
	hash.Write(salt)
	hash.Write(payload)
	var sum [sha256.Size]byte
	hash.Sum(sum[:0])
	return sum
}

// Entry is what a record's payload says.
type Entry struct {
	Tenant  privacy.TenantID
	Subject privacy.SubjectID
	// OccurredAt is when it happened, with the offset of the zone it was
	// observed in, in whole microseconds.
	OccurredAt time.Time
	// Cause names what led to the fact where it came from another package, such
	// as the identifier of a case.
	Cause string
	Fact  Fact
}

type entryJSON struct {
	Cause      string            `json:"cause,omitempty"`
	Fact       json.RawMessage   `json:"fact"`
	Kind       Kind              `json:"kind"`
	OccurredAt time.Time         `json:"occurred_at"`
	Subject    privacy.SubjectID `json:"subject,omitempty"`
	Tenant     privacy.TenantID  `json:"tenant"`
}

// Encode returns the canonical JSON of the entry, which is what a record's
// commitment covers. It fails with an error that matches privacy.ErrInvalid if
// a text is not valid UTF-8 or the payload is longer than MaxPayload.
func (e Entry) Encode() ([]byte, error) {
	fact, err := json.Marshal(e.Fact)
	if err != nil {
		return nil, fmt.Errorf("consent: fact of kind %s cannot be encoded: %w", e.Fact.Kind(), privacy.ErrInvalid)
	}
	payload, err := privacy.CanonicalJSON(entryJSON{
		Cause: e.Cause, Fact: fact, Kind: e.Fact.Kind(),
		OccurredAt: e.OccurredAt.Truncate(time.Microsecond), Subject: e.Subject, Tenant: e.Tenant,
	})
	if err != nil {
		return nil, fmt.Errorf("consent: fact of kind %s has no canonical form: %w", e.Fact.Kind(), err)
	}
	if len(payload) > MaxPayload {
		return nil, fmt.Errorf("consent: fact of kind %s is longer than %d bytes: %w", e.Fact.Kind(), MaxPayload, privacy.ErrInvalid)
	}
	return payload, nil
}

// DecodeEntry reads a record's payload. It is strict: what it does not know is
// an error that matches privacy.ErrInvalid, because a state folded without it
// might allow what the unknown part forbids.
func DecodeEntry(payload []byte) (Entry, error) {
	var raw entryJSON
	if err := decodeStrict(payload, &raw); err != nil {
		return Entry{}, err
	}
	fact, err := decodeFact(raw.Kind, raw.Fact)
	if err != nil {
		return Entry{}, err
	}
	return Entry{Tenant: raw.Tenant, Subject: raw.Subject, OccurredAt: raw.OccurredAt, Cause: raw.Cause, Fact: fact}, nil
}

func decodeFact(kind Kind, raw json.RawMessage) (Fact, error) {
	decode, ok := factDecoders[kind]
	if !ok {
		return nil, fmt.Errorf("consent: unknown kind of event: %w", privacy.ErrInvalid)
	}
	return decode(raw)
}

var factDecoders = map[Kind]func(json.RawMessage) (Fact, error){
	KindRelationshipStarted:         decodeAs[RelationshipStarted],
	KindRelationshipEnded:           decodeAs[RelationshipEnded],
	KindGranted:                     decodeAs[Grant],
	KindRefused:                     decodeAs[Refusal],
	KindWithdrawn:                   decodeAs[Withdrawal],
	KindRenewed:                     decodeAs[Renewal],
	KindExpired:                     decodeAs[Expiry],
	KindObjected:                    decodeAs[Objection],
	KindObjectionEnded:              decodeAs[ObjectionEnded],
	KindRestricted:                  decodeAs[Restriction],
	KindRestrictionLifted:           decodeAs[RestrictionLifted],
	KindOptedOut:                    decodeAs[OptOut],
	KindOptedIn:                     decodeAs[OptIn],
	KindAgeEvidence:                 decodeAs[AgeEvidence],
	KindErased:                      decodeAs[Erasure],
	KindAttested:                    decodeAs[Attestation],
	KindAttestationWithdrawn:        decodeAs[AttestationWithdrawn],
	KindInstructed:                  decodeAs[Instruction],
	KindInstructionWithdrawn:        decodeAs[InstructionWithdrawn],
	KindInstructionFlagged:          decodeAs[InstructionFlagged],
	KindSharingDecided:              decodeAs[SharingDecision],
	KindExported:                    decodeAs[Export],
	KindSubProcessorAnnounced:       decodeAs[SubProcessorAnnounced],
	KindSubProcessorObjected:        decodeAs[SubProcessorObjection],
	KindSubProcessorObjectionLifted: decodeAs[SubProcessorObjectionLifted],
	KindNoticeRequired:              decodeAs[NoticeRequired],
}

func decodeAs[T Fact](raw json.RawMessage) (Fact, error) {
	var fact T
	if err := decodeStrict(raw, &fact); err != nil {
		return nil, err
	}
	return fact, nil
}

// decodeStrict drops the decoder's own error text, which may quote the data.
func decodeStrict(data []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return fmt.Errorf("consent: payload cannot be read: %w", privacy.ErrInvalid)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("consent: payload has trailing data: %w", privacy.ErrInvalid)
	}
	return nil
}

// NewRecord makes a record of entry with a fresh salt. The Store assigns its
// Sequence. key is the idempotency key within the stream.
func NewRecord(id, key string, recordedAt time.Time, entry Entry) (Record, error) {
	payload, err := entry.Encode()
	if err != nil {
		return Record{}, err
	}
	salt := make([]byte, 16)
	rand.Read(salt)
	return Record{
		ID: id, Tenant: entry.Tenant, Subject: entry.Subject, Kind: entry.Fact.Kind(),
		OccurredAt: micros(entry.OccurredAt), RecordedAt: micros(recordedAt),
		Key: key, Salt: salt, Commitment: commitment(salt, payload), Payload: payload,
	}, nil
}

func micros(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }
