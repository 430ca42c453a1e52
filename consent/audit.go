package consent

import (
	"encoding/hex"
	"encoding/json"

	"github.com/labelop/privacykit/privacy"
)

// EventTypePrefix begins the type of every audit event of this package.
const EventTypePrefix = "privacykit.consent."

// AuditEvent returns the audit event of a record: who, what kind and when, and
// the commitment to the rest. It holds nothing of the payload.
func AuditEvent(record Record, source string) privacy.Event {
	data, _ := json.Marshal(struct { // a struct of one string cannot fail
		Commitment string `json:"commitment"`
	}{hex.EncodeToString(record.Commitment[:])})
	return privacy.Event{
		ID: record.ID, Source: source, SpecVersion: privacy.SpecVersion,
		Type: EventTypePrefix + string(record.Kind), Subject: string(record.Subject),
		Time: record.OccurredAt, Tenant: record.Tenant, Sequence: record.Sequence,
		DataContentType: "application/json", Data: data,
	}
}
