package privacy

import (
	"errors"
	"testing"
)

func TestDecodeJSONIsStrict(t *testing.T) {
	type document struct {
		Name string  `json:"name"`
		On   Date    `json:"on"`
		Keep *Period `json:"keep"`
	}
	var got document
	wantNoError(t, DecodeJSON([]byte(` {"name":"a","on":"2026-03-01","keep":"P1Y"} `), &got))
	wantEqual(t, "a", got.Name)
	wantEqual(t, MustDate("2026-03-01"), got.On)
	wantEqual(t, MustPeriod("P1Y"), *got.Keep)
	for name, in := range map[string]string{
		"unknown member":   `{"name":"a","nom":"b"}`,
		"member twice":     `{"name":"a","name":"a"}`,
		"two values":       `{"name":"a"}{}`,
		"wrong type":       `{"name":1}`,
		"no date":          `{"on":"yesterday"}`,
		"no period":        `{"keep":"1 year"}`,
		"invalid UTF-8":    "{\"name\":\"\xff\"}",
		"cut off":          `{"name":"a"`,
		"nothing":          ``,
		"number too large": `{"name":"a","n":9007199254740993}`,
	} {
		t.Run(name, func(t *testing.T) {
			var got document
			wantErrorIs(t, DecodeJSON([]byte(in), &got), ErrInvalid)
		})
	}
}

func TestDecodeJSONKeepsTheProblems(t *testing.T) {
	var nested struct{ Calendar CalendarTable }
	err := DecodeJSON([]byte(`{"Calendar":{"from":"x"}}`), &nested)
	var problems Problems
	wantTrue(t, errors.As(err, &problems))
	wantEqual(t, 1, len(problems))
	wantEqual(t, "JSON: "+problems.Error(), err.Error())
}
