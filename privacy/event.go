package privacy

import (
	"encoding/json"
	"time"
)

// SpecVersion is the version of CloudEvents that Event follows.
const SpecVersion = "1.0"

// Event is an audit event: what happened, to whom, when, without personal data.
// Its JSON is the structured form of CloudEvents 1.0; "tenant" and "sequence"
// are extension attributes. The subject is an opaque identifier, and Data holds
// codes and identifiers only.
type Event struct {
	// ID is unique within Source; consumers that see an ID again drop it.
	ID string `json:"id"`
	// Source is a URI reference that names the service, such as "/labelop/consent".
	Source string `json:"source"`
	// SpecVersion is the constant SpecVersion.
	SpecVersion string `json:"specversion"`
	// Type is a dotted name such as "privacykit.consent.granted".
	Type string `json:"type"`
	// Subject is the opaque identifier of the data subject, or "" for an event
	// of a tenant.
	Subject string `json:"subject,omitempty"`
	// Time is when it happened.
	Time time.Time `json:"time"`
	// Tenant is the tenant it happened in.
	Tenant TenantID `json:"tenant"`
	// Sequence orders the events of one stream, from 1.
	Sequence uint64 `json:"sequence,omitempty"`
	// DataContentType is "application/json" where Data is set.
	DataContentType string `json:"datacontenttype,omitempty"`
	// Data are details of the event: codes, identifiers and hashes.
	Data json.RawMessage `json:"data,omitempty"`
}
