package consent

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/labelop/privacykit/privacy"
)

// ImportFormat is the form of the rows of an import.
type ImportFormat uint8

// The formats of an import.
const (
	// ImportJSONLines is one ImportRow per line.
	ImportJSONLines ImportFormat = iota
	// ImportCSV is CSV (RFC 4180) in UTF-8 with a header of the columns below, in any
	// order. A field has no line breaks: so a quote that is not closed spoils one
	// row and not the rest of the file. tenant, kind and occurred_at are required.
	//
	//	tenant, subject, kind, occurred_at   as in an ImportRow
	//	purposes                             separated by semicolons, with or without spaces
	//	document, version, locale            the notice
	//	text_sha256                          its hash, or "unknown"
	//	act, channel, actor, reference       the evidence
	//	explicit                             true or false
	//	until                                when the consent ends
	//	fact                                 the fact as JSON, in place of the columns from purposes on
	ImportCSV
)

// unknownText stands in the column text_sha256 for a text that nobody knows.
const unknownText = "unknown"

// csvColumns are the columns that a header can have.
var csvColumns = []string{
	"tenant", "subject", "kind", "occurred_at", "purposes", "document", "version", "locale", "text_sha256",
	"act", "channel", "actor", "reference", "explicit", "until", "fact",
}

// csvLayout says which column stands where.
type csvLayout struct {
	header []byte
	places map[string]int
	fields int
}

func newCSVLayout(header []byte) (*csvLayout, error) {
	header = bytes.TrimPrefix(header, []byte("\uFEFF"))
	names, err := readCSV(header)
	if err != nil {
		return nil, err
	}
	layout := &csvLayout{header: bytes.Clone(header), places: make(map[string]int, len(names)), fields: len(names)}
	var problems privacy.Problems
	for i, name := range names {
		if _, twice := layout.places[name]; twice || !slices.Contains(csvColumns, name) {
			problems.Add("header", ProblemUnknown, "column %d is no column of an import, or there twice", i+1)
		}
		layout.places[name] = i
	}
	for _, name := range []string{"tenant", "kind", "occurred_at"} {
		if _, ok := layout.places[name]; !ok {
			problems.Add("header", ProblemRequired, "the column %q is required", name)
		}
	}
	return layout, problems.Err()
}

// prefix is what tells the rows of one header from those of another; nothing for
// JSON lines.
func (c *csvLayout) prefix() []byte {
	if c == nil {
		return nil
	}
	return append(slices.Clone(c.header), '\n')
}

func readCSV(line []byte) ([]string, error) {
	fields, err := csv.NewReader(bytes.NewReader(line)).Read()
	if err != nil { // which may quote the line
		return nil, errRowUnreadable
	}
	return fields, nil
}

// csvRow is one row by the names of its columns.
type csvRow struct {
	layout *csvLayout
	fields []string
}

func (r csvRow) get(column string) string {
	if i, ok := r.layout.places[column]; ok {
		return r.fields[i]
	}
	return ""
}

func (c *csvLayout) row(line []byte) (ImportRow, error) {
	if !utf8.Valid(line) { // which encoding/json would alter without a word
		return ImportRow{}, errRowUnreadable
	}
	fields, err := readCSV(line)
	if err != nil {
		return ImportRow{}, err
	}
	if len(fields) != c.fields {
		return ImportRow{}, privacy.Problems{{Path: "row", Code: ProblemFields, Detail: "the row has not as many fields as the header"}}
	}
	r := csvRow{layout: c, fields: fields}
	at, err := time.Parse(time.RFC3339, r.get("occurred_at"))
	if err != nil {
		return ImportRow{}, privacy.Problems{{Path: "occurred_at", Code: ProblemTime, Detail: "a time is written as in 2024-05-06T07:08:09+02:00"}}
	}
	fact, err := r.fact()
	if err != nil {
		return ImportRow{}, err
	}
	return ImportRow{
		Tenant: privacy.TenantID(r.get("tenant")), Subject: privacy.SubjectID(r.get("subject")),
		Kind: Kind(r.get("kind")), OccurredAt: at, Fact: fact,
	}, nil
}

// fact returns the JSON of the row's fact. What the kind of fact does not have
// fails when it is decoded.
func (r csvRow) fact() (json.RawMessage, error) {
	members, err := r.members()
	if err != nil {
		return nil, err
	}
	raw := r.get("fact")
	if raw != "" && len(members) > 0 {
		return nil, privacy.Problems{{Path: "fact", Code: ProblemFields, Detail: "a fact as JSON leaves no room for other columns"}}
	}
	if raw != "" {
		if _, err := privacy.CanonicalizeJSON([]byte(raw)); err != nil {
			return nil, errRowUnreadable
		}
		return json.RawMessage(raw), nil
	}
	return json.Marshal(members)
}

func (r csvRow) members() (map[string]any, error) {
	members := map[string]any{}
	if purposes := r.get("purposes"); purposes != "" {
		list := strings.Split(purposes, ";")
		for i, purpose := range list { // " b" would be withdrawn without a word, and b go on
			list[i] = strings.TrimSpace(purpose)
		}
		members["purposes"] = list
	}
	if text := r.get("explicit"); text != "" {
		explicit, err := strconv.ParseBool(text)
		if err != nil {
			return nil, privacy.Problems{{Path: "explicit", Code: ProblemUnknown, Detail: "explicit is true or false"}}
		}
		members["explicit"] = explicit
	}
	if until := r.get("until"); until != "" {
		members["until"] = until
	}
	evidence, err := r.evidence()
	if err != nil {
		return nil, err
	}
	if len(evidence) > 0 {
		members["evidence"] = evidence
	}
	return members, nil
}

func (r csvRow) evidence() (map[string]any, error) {
	evidence, notice := map[string]any{}, map[string]any{}
	for _, name := range []string{"act", "channel", "actor", "reference"} {
		if text := r.get(name); text != "" {
			evidence[name] = text
		}
	}
	for _, name := range []string{"document", "locale"} {
		if text := r.get(name); text != "" {
			notice[name] = text
		}
	}
	if text := r.get("version"); text != "" {
		version, err := strconv.ParseUint(text, 10, 32)
		if err != nil {
			return nil, privacy.Problems{{Path: "version", Code: ProblemUnknown, Detail: "a version is a number from 1"}}
		}
		notice["version"] = version
	}
	switch hash := r.get("text_sha256"); hash {
	case "":
	case unknownText:
		notice["text_unknown"] = true
	default:
		notice["text_sha256"] = hash
	}
	if len(notice) > 0 {
		evidence["notice"] = notice
	}
	return evidence, nil
}

// String returns "json_lines" or "csv".
func (f ImportFormat) String() string {
	switch f {
	case ImportJSONLines:
		return "json_lines"
	case ImportCSV:
		return "csv"
	}
	return fmt.Sprintf("format %d", uint8(f))
}
