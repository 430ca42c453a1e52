package privacy

import (
	"errors"
	"fmt"
	"strings"
)

// The sentinel errors of the whole SDK. Narrower errors of every package wrap
// one of them, so that errors.Is against these five always answers what kind
// of failure it was. No error of the SDK carries personal data: subjects appear
// in none of them, not even as an opaque identifier.
var (
	// ErrInvalid reports input that can never succeed as it stands.
	ErrInvalid = errors.New("invalid")
	// ErrNotFound reports that what was asked for does not exist in this tenant.
	ErrNotFound = errors.New("not found")
	// ErrExists reports that what was to be created is there already.
	ErrExists = errors.New("already exists")
	// ErrConflict reports that the stored version is not the expected one, or
	// that an idempotency key was used before with another payload. Nothing was
	// written; read again and decide again.
	ErrConflict = errors.New("conflict")
	// ErrDenied reports that a use of personal data is not allowed.
	ErrDenied = errors.New("denied")
)

// Problem is one fault found in a declaration or another document, with the
// path of the offending entry, for example "purposes[2].bases[0].basis".
type Problem struct {
	// Path locates the entry in the document, "" for the document as a whole.
	Path string `json:"path"`
	// Code is a stable identifier of the kind of problem, in lower_snake_case.
	Code string `json:"code"`
	// Detail says in one English sentence what is wrong and what would be right.
	// It may quote the document, which holds no personal data.
	Detail string `json:"detail"`
}

// String returns the problem as "path: detail (code)".
func (p Problem) String() string {
	where := p.Path
	if where == "" {
		where = "document"
	}
	return fmt.Sprintf("%s: %s (%s)", where, p.Detail, p.Code)
}

// Problems are all the faults of one document, reported together. As an error
// it matches ErrInvalid.
type Problems []Problem

// Error lists every problem on a line of its own.
func (p Problems) Error() string {
	lines := make([]string, 0, len(p)+1)
	noun := "problems"
	if len(p) == 1 {
		noun = "problem"
	}
	lines = append(lines, fmt.Sprintf("%d %s", len(p), noun))
	for _, problem := range p {
		lines = append(lines, problem.String())
	}
	return strings.Join(lines, "\n\t")
}

// Is reports whether target is ErrInvalid.
func (p Problems) Is(target error) bool { return target == ErrInvalid }

// Add appends a problem; detail is formatted with args as by fmt.Sprintf.
func (p *Problems) Add(path, code, detail string, args ...any) {
	*p = append(*p, Problem{Path: path, Code: code, Detail: fmt.Sprintf(detail, args...)})
}

// Err returns p as an error, or nil if there is no problem.
func (p Problems) Err() error {
	if len(p) == 0 {
		return nil
	}
	return p
}
