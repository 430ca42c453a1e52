package privacy

import (
	"bytes"
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
)

// strictDecoder decodes valid JSON as encoding/json does, except that it finds
// every fault instead of the first, with its path, and refuses null, duplicate
// members and members that differ from a field in case.
type strictDecoder struct{ problems Problems }

// decode decodes raw into what target points to.
func (d *strictDecoder) decode(path string, raw []byte, target any) {
	d.value(path, raw, reflect.ValueOf(target).Elem())
}

func (d *strictDecoder) value(path string, raw []byte, v reflect.Value) {
	raw = bytes.TrimSpace(raw)
	if string(raw) == "null" {
		d.problems.Add(path, ProblemType, "null is not accepted: leave the member out")
		return
	}
	switch target := v.Addr().Interface().(type) {
	case json.Unmarshaler:
		d.leaf(path, target.UnmarshalJSON(raw))
		return
	case encoding.TextUnmarshaler:
		if text, ok := d.text(path, raw); ok {
			d.leaf(path, target.UnmarshalText([]byte(text)))
		}
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		d.object(path, raw, v)
	case reflect.Slice:
		d.array(path, raw, v)
	case reflect.String:
		if text, ok := d.text(path, raw); ok {
			v.SetString(text)
		}
	default:
		if json.Unmarshal(raw, v.Addr().Interface()) != nil {
			d.problems.Add(path, ProblemType, "want %s", wanted(v.Kind()))
		}
	}
}

// wanted describes the JSON form of a kind.
func wanted(kind reflect.Kind) string {
	if kind == reflect.Bool {
		return "true or false"
	}
	return "a whole number in the range of the field"
}

func (d *strictDecoder) leaf(path string, err error) {
	if err != nil {
		d.problems.Add(path, ProblemType, "%s", reason(err))
	}
}

func (d *strictDecoder) text(path string, raw []byte) (string, bool) {
	var text string
	if json.Unmarshal(raw, &text) != nil {
		d.problems.Add(path, ProblemType, "want a string")
		return "", false
	}
	return text, true
}

func (d *strictDecoder) object(path string, raw []byte, v reflect.Value) {
	if raw[0] != '{' {
		d.problems.Add(path, ProblemType, "want an object")
		return
	}
	fields := jsonFields(v.Type())
	seen := make(map[string]bool)
	for name, member := range jsonMembers(raw) {
		place := name
		if path != "" {
			place = path + "." + name
		}
		field, known := fields[name]
		switch {
		case seen[name]:
			d.problems.Add(place, ProblemDuplicateField, "the member is given twice")
		case !known:
			d.problems.Add(place, ProblemUnknownField, "a declaration has no such member")
		default:
			d.value(place, member, v.Field(field))
		}
		seen[name] = true
	}
}

// jsonFields returns the fields of a struct by the names of their members.
func jsonFields(t reflect.Type) map[string]int {
	fields := make(map[string]int, t.NumField())
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		fields[name] = i
	}
	return fields
}

func (d *strictDecoder) array(path string, raw []byte, v reflect.Value) {
	if raw[0] != '[' {
		d.problems.Add(path, ProblemType, "want an array")
		return
	}
	list := reflect.MakeSlice(v.Type(), 0, 0)
	for i, element := range jsonElements(raw) {
		entry := reflect.New(v.Type().Elem()).Elem()
		d.value(fmt.Sprintf("%s[%d]", path, i), element, entry)
		list = reflect.Append(list, entry)
	}
	v.Set(list)
}

// jsonMembers yields the members of a valid JSON object in their order.
func jsonMembers(object []byte) func(yield func(string, []byte) bool) {
	return func(yield func(string, []byte) bool) {
		decoder := json.NewDecoder(bytes.NewReader(object))
		if _, err := decoder.Token(); err != nil {
			return
		}
		for decoder.More() {
			name, err := decoder.Token()
			if err != nil {
				return
			}
			var value json.RawMessage
			if decoder.Decode(&value) != nil || !yield(name.(string), value) {
				return
			}
		}
	}
}

// jsonElements yields the elements of a valid JSON array in their order.
func jsonElements(array []byte) func(yield func(int, []byte) bool) {
	return func(yield func(int, []byte) bool) {
		decoder := json.NewDecoder(bytes.NewReader(array))
		if _, err := decoder.Token(); err != nil {
			return
		}
		for i := 0; decoder.More(); i++ {
			var value json.RawMessage
			if decoder.Decode(&value) != nil || !yield(i, value) {
				return
			}
		}
	}
}
