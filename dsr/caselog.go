package dsr

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/labelop/privacykit/privacy"
)

// LogLine is a line of the log of a case. It holds codes and references only, so
// that the log survives the erasure it records. Each line holds the hash of the
// one before: what is altered, left out, moved or put in is found by VerifyLog,
// without the store.
type LogLine struct {
	// Tenant and Case say whose log it is; the store sets them.
	Tenant privacy.TenantID `json:"tenant"`
	Case   CaseID           `json:"case"`
	// Sequence counts the lines of a case from 1; the store sets it.
	Sequence uint64 `json:"sequence"`
	// At is when it happened, in UTC to the microsecond.
	At time.Time `json:"at"`
	// Payload is the entry in canonical JSON.
	Payload string `json:"payload"`
	// Previous is the Hash of the line before, "" in the first; the store sets it.
	Previous string `json:"previous,omitempty"`
	// Hash is the SHA-256, in hexadecimal, of the canonical JSON of the line
	// without it; the store sets it.
	Hash string `json:"hash,omitempty"`
}

// LogHead is where the log of a case ends; it is zero where there is no line.
type LogHead struct {
	// Sequence and Hash are those of the last line.
	Sequence uint64
	Hash     string
}

// ChainLog returns lines as they are appended to the log of a case that ends at
// head, and where it ends then. Every store appends what it returns, so that the
// logs of all stores verify alike; the lines passed in are not changed. The
// error matches privacy.ErrInvalid for a line that has no canonical JSON.
func ChainLog(tenant privacy.TenantID, id CaseID, head LogHead, lines []LogLine) ([]LogLine, LogHead, error) {
	chained := make([]LogLine, len(lines))
	for i, line := range lines {
		line.Tenant, line.Case = tenant, id
		line.Sequence, line.Previous = head.Sequence+1, head.Hash
		line.At = line.At.UTC().Truncate(time.Microsecond)
		hash, err := line.digest()
		if err != nil {
			return nil, LogHead{}, fmt.Errorf("a line of a log cannot be hashed: %w", privacy.ErrInvalid)
		}
		line.Hash = hash
		chained[i], head = line, LogHead{line.Sequence, line.Hash}
	}
	return chained, head, nil
}

// digest returns what Hash must be.
func (l LogLine) digest() (string, error) {
	l.Hash = ""
	data, err := privacy.CanonicalJSON(l)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:]), nil
}

// LogError is the first line of a log that is wrong. It matches
// privacy.ErrInvalid.
type LogError struct {
	// Line counts from 1, in the order in which the lines were given.
	Line int
	// Code is "case" (of another case), "sequence" (a line is missing, twice or
	// out of order), "previous" (it does not follow the one before) or "hash" (it
	// was altered).
	Code string
}

// Error names the line and what is wrong with it.
func (e *LogError) Error() string {
	return fmt.Sprintf("line %d of the log is wrong (%s)", e.Line, e.Code)
}

// Unwrap returns privacy.ErrInvalid.
func (e *LogError) Unwrap() error { return privacy.ErrInvalid }

// VerifyLog reports the first line that does not belong where it is, as a
// *LogError; nil means that lines are the log of one case from its first line
// on. It needs neither store nor key. That lines were cut off at the end, or
// that a log was made anew as a whole, only shows against a hash of the last
// line that was kept elsewhere, such as in a message to the requester.
func VerifyLog(lines []LogLine) error {
	var v logVerifier
	for _, line := range lines {
		if err := v.next(line); err != nil {
			return err
		}
	}
	return nil
}

// logVerifier verifies a log line by line.
type logVerifier struct {
	tenant privacy.TenantID
	id     CaseID
	head   LogHead
	lines  int
}

func (v *logVerifier) next(line LogLine) error {
	if v.lines++; v.lines == 1 {
		v.tenant, v.id = line.Tenant, line.Case
	}
	hash, err := line.digest()
	code := ""
	switch {
	case line.Tenant != v.tenant || line.Case != v.id:
		code = "case"
	case line.Sequence != v.head.Sequence+1:
		code = "sequence"
	case line.Previous != v.head.Hash:
		code = "previous"
	case err != nil || line.Hash != hash:
		code = "hash"
	}
	if code != "" {
		return &LogError{Line: v.lines, Code: code}
	}
	v.head = LogHead{line.Sequence, line.Hash}
	return nil
}

// logPage is how many lines are read at a time.
const logPage = 500

// ExportLog writes the log of a case to w as JSON lines, each the canonical JSON
// of a LogLine, and verifies it on the way: what it wrote until a *LogError is
// sound. A case that is not there has no lines.
func ExportLog(ctx context.Context, cases CaseStore, tenant privacy.TenantID, id CaseID, w io.Writer) error {
	out := bufio.NewWriter(w)
	var v logVerifier
	for {
		page, err := cases.Log(ctx, tenant, id, v.head.Sequence, logPage)
		if err != nil {
			return err
		}
		for _, line := range page {
			if err := v.next(line); err != nil {
				return errors.Join(err, out.Flush())
			}
			data, err := privacy.CanonicalJSON(line)
			if err != nil {
				return err
			}
			_, _ = out.Write(append(data, '\n')) // Flush reports the error
		}
		if len(page) < logPage {
			return out.Flush()
		}
	}
}

// maxLogLine bounds the bytes of a line that ReadLog accepts.
const maxLogLine = 1 << 20

// ReadLog reads the JSON lines that ExportLog writes, for VerifyLog. The error
// matches privacy.ErrInvalid for what is no such line; unknown members are none.
func ReadLog(r io.Reader) ([]LogLine, error) {
	var lines []LogLine
	scanner := bufio.NewScanner(r)
	scanner.Buffer(nil, maxLogLine)
	for scanner.Scan() {
		var line LogLine
		if err := privacy.DecodeJSON(scanner.Bytes(), &line); err != nil {
			// The decoder's message may quote the line.
			return nil, fmt.Errorf("line %d is no line of a log: %w", len(lines)+1, privacy.ErrInvalid)
		}
		lines = append(lines, line)
	}
	if err := scanner.Err(); errors.Is(err, bufio.ErrTooLong) {
		return nil, fmt.Errorf("line %d is longer than %d bytes: %w", len(lines)+1, maxLogLine, privacy.ErrInvalid)
	} else if err != nil {
		return nil, err
	}
	return lines, nil
}
