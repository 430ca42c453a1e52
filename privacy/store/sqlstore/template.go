package sqlstore

import (
	"fmt"
	"strings"

	"github.com/labelop/privacykit/privacy"
)

// tables are the tables of every store, without prefix.
var tables = []string{"schema_version", "streams", "events", "outbox", "feed", "decisions", "policy_entries", "policy_acknowledgements", "policy_readers", "retention_guards", "retention_holds", "retention_requests", "retention_sweeps", "retention_shards", "retention_claims", "retention_items", "retention_notices", "cases", "case_log", "case_keys", "wakes", "buried_wakes", "breaches", "proof_sequencer", "proof_trees", "proof_tiles", "proof_leaves", "suppressions", "renewals", "renewal_subjects", "renewal_feed", "download_tokens"}

// indexes are the indexes of those tables, without prefix.
var indexes = []string{"streams_idle", "events_key", "outbox_pending", "outbox_changes", "outbox_delivered", "decisions_subject", "decisions_disclosure", "decisions_decided", "decisions_disclosed", "policy_readers_version", "retention_requests_id", "retention_claims_tenant", "retention_claims_shard", "retention_items_token", "cases_open", "cases_state", "cases_subject", "cases_closed", "cases_unredacted", "cases_ended", "cases_redactable", "cases_dead", "case_keys_case", "wakes_due", "renewals_notice", "renewals_given", "renewals_end", "download_tokens_expiry"}

// A template turns the text of a statement into that for one database: it puts
// in the dialect's words, schema and prefix for {table}, and the prefix alone
// for {name:table} and {name:index}, as CREATE INDEX wants it.
type template struct {
	replacer *strings.Replacer
	// writes collects the statements of transactions.
	writes []string
}

func newTemplate(dialect Dialect, schema, prefix string) *template {
	pairs := dialect.words()
	qualified := prefix
	if schema != "" {
		qualified = schema + "." + prefix
	}
	for _, table := range tables {
		pairs = append(pairs, "{"+table+"}", qualified+table, "{name:"+table+"}", prefix+table)
	}
	for _, index := range indexes {
		pairs = append(pairs, "{name:"+index+"}", prefix+index)
	}
	return &template{replacer: strings.NewReplacer(pairs...)}
}

// read returns the text of a statement that runs outside transactions.
func (t *template) read(text string) string { return t.replacer.Replace(text) }

// write returns the text of a statement that runs in transactions.
func (t *template) write(text string) string {
	text = t.replacer.Replace(text)
	t.writes = append(t.writes, text)
	return text
}

// maxNameLength leaves room for the longest name of ours within the 63 bytes
// that PostgreSQL keeps of an identifier.
const maxNameLength = 30

// checkName reports whether name can stand in a statement as it is, without
// quotes and with the same meaning on every database.
func checkName(what, name string) error {
	if len(name) > maxNameLength {
		return fmt.Errorf("sqlstore: the %s is longer than %d bytes: %w", what, maxNameLength, privacy.ErrInvalid)
	}
	for i := range len(name) {
		switch c := name[i]; {
		case 'a' <= c && c <= 'z', c == '_':
		case '0' <= c && c <= '9' && i > 0:
		default:
			return fmt.Errorf("sqlstore: the %s must be lower-case letters, digits and underscores, and begin with no digit: %w", what, privacy.ErrInvalid)
		}
	}
	return nil
}
