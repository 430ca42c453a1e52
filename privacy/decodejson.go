package privacy

import (
	"bytes"
	"encoding/json"
)

// DecodeJSON decodes exactly one JSON value into v, which is a pointer as for
// json.Unmarshal. It is strict where json.Unmarshal is not: unknown fields,
// duplicate member names, invalid UTF-8 and everything else that
// CanonicalizeJSON refuses are errors that match ErrInvalid. It is meant for
// documents that people write and programs must not misread. Member names match
// fields without regard to case, as for json.Unmarshal.
func DecodeJSON(data []byte, v any) error {
	if _, err := CanonicalizeJSON(data); err != nil {
		return err
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(v); err != nil {
		return &decodeError{err}
	}
	return nil
}

// decodeError adds ErrInvalid to an error of encoding/json, which may itself
// wrap Problems.
type decodeError struct{ err error }

func (e *decodeError) Error() string { return "JSON: " + e.err.Error() }

func (e *decodeError) Unwrap() []error { return []error{ErrInvalid, e.err} }
