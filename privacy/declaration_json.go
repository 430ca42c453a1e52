package privacy

import (
	"encoding/json"
	"strings"
)

// ParseDeclaration reads a declaration from JSON. It is strict: unknown and
// duplicate members, null, codes outside their vocabulary, invalid UTF-8 and
// anything after the declaration are refused. All faults are reported at once:
// the error is Problems, which match ErrInvalid, with the path of each. Text
// that is not JSON at all is a single problem.
//
// What the entries mean together is for Compile to check.
func ParseDeclaration(data []byte) (*Declaration, error) {
	if !json.Valid(data) {
		return nil, syntaxProblem(data)
	}
	var d Declaration
	decoder := strictDecoder{}
	decoder.decode("", data, &d)
	if err := decoder.problems.Err(); err != nil {
		return nil, err
	}
	// What encoding/json repairs silently, such as lone surrogates.
	if _, err := CanonicalizeJSON(data); err != nil {
		return nil, syntaxProblem(data)
	}
	return &d, nil
}

// syntaxProblem says where text stops being strict JSON.
func syntaxProblem(data []byte) Problems {
	detail := "the text is not JSON"
	if _, err := CanonicalizeJSON(data); err != nil {
		detail = reason(err)
	}
	return Problems{{Code: ProblemSyntax, Detail: detail}}
}

// reason returns the text of err without the name of ErrInvalid, which Problems
// imply.
func reason(err error) string {
	return strings.TrimSuffix(err.Error(), ": "+ErrInvalid.Error())
}
