package proof

import (
	"encoding/hex"
	"strconv"
	"time"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/merkle"
)

// LeafFormat names the form of a leaf, which is part of it.
const LeafFormat = "privacykit/ledger-leaf@1"

// Leaf is what a tree commits to of an event: everything that the ledger keeps
// of it for ever. It holds no personal data beyond the opaque subject.
type Leaf struct {
	// Tenant and Subject name the stream; Subject is empty for that of the tenant.
	Tenant  privacy.TenantID  `json:"tenant"`
	Subject privacy.SubjectID `json:"subject"`
	// Sequence numbers the events of the stream from 1.
	Sequence uint64 `json:"sequence"`
	// ID identifies the event.
	ID string `json:"id"`
	// Kind says what happened.
	Kind consent.Kind `json:"kind"`
	// OccurredAt and RecordedAt are in UTC, in whole microseconds.
	OccurredAt time.Time `json:"occurred_at"`
	RecordedAt time.Time `json:"recorded_at"`
	// Commitment is the hash of the event's salt and payload.
	Commitment merkle.Hash `json:"commitment"`
}

// LeafOf returns the leaf of a record, which is the same before and after
// redaction.
func LeafOf(record consent.Record) Leaf {
	return Leaf{
		Tenant: record.Tenant, Subject: record.Subject, Sequence: record.Sequence, ID: record.ID, Kind: record.Kind,
		OccurredAt: record.OccurredAt, RecordedAt: record.RecordedAt, Commitment: record.Commitment,
	}
}

// Key returns the stream of the leaf.
func (l Leaf) Key() consent.StreamKey {
	return consent.StreamKey{Tenant: l.Tenant, Subject: l.Subject}
}

// Encode returns the data that is hashed: the canonical JSON (RFC 8785) of the
// leaf and its format. The error matches privacy.ErrInvalid for an identifier that
// is not valid UTF-8.
func (l Leaf) Encode() ([]byte, error) {
	data := make([]byte, 0, 384)
	data = append(data, `{"commitment":"`...)
	data = hex.AppendEncode(data, l.Commitment[:])
	data = append(data, `","format":"`+LeafFormat+`","id":`...)
	data, err := privacy.AppendCanonicalString(data, l.ID)
	if err != nil {
		return nil, err
	}
	data = append(data, `,"kind":`...)
	if data, err = privacy.AppendCanonicalString(data, string(l.Kind)); err != nil {
		return nil, err
	}
	data = append(data, `,"occurred_at":"`...)
	data = l.OccurredAt.UTC().AppendFormat(data, time.RFC3339Nano)
	data = append(data, `","recorded_at":"`...)
	data = l.RecordedAt.UTC().AppendFormat(data, time.RFC3339Nano)
	data = append(data, `","sequence":`...)
	data = strconv.AppendUint(data, l.Sequence, 10)
	data = append(data, `,"subject":`...)
	if data, err = privacy.AppendCanonicalString(data, string(l.Subject)); err != nil {
		return nil, err
	}
	data = append(data, `,"tenant":`...)
	if data, err = privacy.AppendCanonicalString(data, string(l.Tenant)); err != nil {
		return nil, err
	}
	return append(data, '}'), nil
}

// Hash returns the hash of the leaf, with the errors of Encode.
func (l Leaf) Hash() (merkle.Hash, error) {
	data, err := l.Encode()
	if err != nil {
		return merkle.Hash{}, err
	}
	return merkle.LeafHash(data), nil
}
