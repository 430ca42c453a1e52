package consent

import (
	"context"
	"encoding/json"
	"fmt"
	"io"

	"github.com/labelop/privacykit/privacy"
)

// Export writes all that the ledger has on record of a subject to w, as the JSON
// lines that Import reads, in the order of the ledger, and returns their number.
// Redacted events and erasures are left out: there is nothing to say of them. An
// answer to a request for access or portability can use it as it is. The error
// matches privacy.ErrInvalid for identifiers that are not legal, or is the
// store's or that of w.
func (l *Ledger) Export(ctx context.Context, tenant privacy.TenantID, subject privacy.SubjectID, w io.Writer) (int, error) {
	const page = 200
	if err := privacy.CheckID("subject", string(subject)); err != nil {
		return 0, err
	}
	lines, after := 0, uint64(0)
	for {
		records, err := l.Records(ctx, StreamKey{Tenant: tenant, Subject: subject}, after, page)
		if err != nil {
			return lines, err
		}
		for _, record := range records {
			after = record.Sequence
			if record.Redacted() || record.Kind == KindErased {
				continue
			}
			if err := writeRow(w, record); err != nil {
				return lines, err
			}
			lines++
		}
		if len(records) < page {
			return lines, nil
		}
	}
}

func writeRow(w io.Writer, record Record) error {
	var entry entryJSON
	if err := decodeStrict(record.Payload, &entry); err != nil {
		return err
	}
	line, err := json.Marshal(ImportRow{
		Tenant: record.Tenant, Subject: record.Subject, Kind: record.Kind, OccurredAt: entry.OccurredAt, Fact: entry.Fact,
	})
	if err != nil {
		return fmt.Errorf("consent: export: %w", privacy.ErrInvalid)
	}
	if _, err := w.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("consent: export: %w", err)
	}
	return nil
}
