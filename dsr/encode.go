package dsr

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"time"

	"github.com/labelop/privacykit/privacy"
)

// EncodeCase returns the JSON of a case as stores keep it. The error matches
// privacy.ErrInvalid for a case that has no JSON, such as one with an item in no
// state.
func EncodeCase(c Case) ([]byte, error) { return encode(c, "case") }

// DecodeCase returns the case that EncodeCase encoded, its times in UTC to the
// microsecond. The error matches privacy.ErrInvalid for anything else, also for
// members that a newer release wrote: what would be lost by writing the case
// again is not read.
func DecodeCase(data []byte) (Case, error) { return decode[Case](data, "case") }

// EncodeBreach is EncodeCase for an entry of the register of breaches.
func EncodeBreach(b Breach) ([]byte, error) { return encode(b, "breach") }

// DecodeBreach is DecodeCase for an entry of the register of breaches.
func DecodeBreach(data []byte) (Breach, error) { return decode[Breach](data, "breach") }

func encode(v any, what string) ([]byte, error) {
	data, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("the %s cannot be encoded: %w", what, privacy.ErrInvalid)
	}
	return data, nil
}

// decode reports no text of the decoder, which may quote the data.
func decode[T any](data []byte, what string) (v T, err error) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if decoder.Decode(&v) != nil {
		var none T
		return none, fmt.Errorf("a stored %s cannot be read: %w", what, privacy.ErrInvalid)
	}
	toMicroseconds(reflect.ValueOf(&v).Elem())
	return v, nil
}

// toMicroseconds brings every time in v to UTC and whole microseconds.
func toMicroseconds(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			toMicroseconds(v.Elem())
		}
	case reflect.Slice:
		for i := range v.Len() {
			toMicroseconds(v.Index(i))
		}
	case reflect.Struct:
		if t, ok := reflect.TypeAssert[*time.Time](v.Addr()); ok {
			*t = t.UTC().Truncate(time.Microsecond)
			return
		}
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				toMicroseconds(v.Field(i))
			}
		}
	}
}
