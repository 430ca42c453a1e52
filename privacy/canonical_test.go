package privacy

import (
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/labelop/privacykit/privacy/privacytest/outside"
)

func TestCanonicalNumbersArePrintedAsECMAScriptDoes(t *testing.T) {
	// The samples of RFC 8785, appendix B, and values around the changes of form.
	for bits, want := range map[uint64]string{
		0x0000000000000000: "0",
		0x8000000000000000: "0",
		0x0000000000000001: "5e-324",
		0x8000000000000001: "-5e-324",
		0x7fefffffffffffff: "1.7976931348623157e+308",
		0xffefffffffffffff: "-1.7976931348623157e+308",
		0x4340000000000000: "9007199254740992",
		0xc340000000000000: "-9007199254740992",
		0x4430000000000000: "295147905179352830000",
		0x44b52d02c7e14af5: "9.999999999999997e+22",
		0x44b52d02c7e14af6: "1e+23",
		0x44b52d02c7e14af7: "1.0000000000000001e+23",
		0x444b1ae4d6e2ef4e: "999999999999999700000",
		0x444b1ae4d6e2ef4f: "999999999999999900000",
		0x444b1ae4d6e2ef50: "1e+21",
		0x3eb0c6f7a0b5ed8c: "9.999999999999997e-7",
		0x3eb0c6f7a0b5ed8d: "0.000001",
		0x41b3de4355555553: "333333333.3333332",
		0x41b3de4355555554: "333333333.33333325",
		0x41b3de4355555555: "333333333.3333333",
		0x41b3de4355555556: "333333333.3333334",
		0x41b3de4355555557: "333333333.33333343",
		0xbecbf647612f3696: "-0.0000033333333333333333",
		0x43143ff3c1cb0959: "1424953923781206.2",
	} {
		wantEqual(t, want, string(appendDouble(nil, math.Float64frombits(bits))), "%016x", bits)
	}
	for f, want := range map[float64]string{1e-10: "1e-10", -1e-7: "-1e-7", 1.5e300: "1.5e+300", 1e100: "1e+100", 4.50: "4.5"} {
		wantEqual(t, want, string(appendDouble(nil, f)))
	}
}

func TestCanonicalizeJSON(t *testing.T) {
	for _, tt := range []struct{ name, in, want string }{
		{"white space", " \t\r\n{ \"a\" : [ 1 , 2 ] , \"b\" : { } } ", `{"a":[1,2],"b":{}}`},
		{"literals", `[true,false,null]`, `[true,false,null]`},
		{"a scalar alone", ` null `, `null`},
		{"empty", `[{},[],""]`, `[{},[],""]`},
		{"members sorted", `{"b":1,"a":2,"":3}`, `{"":3,"a":2,"b":1}`},
		{"digits before letters, upper case first", `{"a":1,"B":2,"10":3,"2":4}`, `{"10":3,"2":4,"B":2,"a":1}`},
		{"prefix first", `{"ab":1,"a":2}`, `{"a":2,"ab":1}`},
		{"nested objects sorted", `{"z":{"b":{"d":1,"c":2},"a":3},"y":[{"f":1,"e":2}]}`, `{"y":[{"e":2,"f":1}],"z":{"a":3,"b":{"c":2,"d":1}}}`},
		{"array order kept", `[3,1,2]`, `[3,1,2]`},
		{"surrogates before U+E000", `{"\ue000":1,"\ud83d\ude00":2,"\uffff":3}`, "{\"\U0001F600\":2,\"\ue000\":1,\"\uffff\":3}"},
		{"names sorted without their escapes", `{"\"":1,"\n":2,"!":3,"\\":4,"]":5}`, `{"\n":2,"!":3,"\"":1,"\\":4,"]":5}`},
		{"short escapes", `"\u0008\u0009\u000A\u000c\u000d\u0022\u005C\/"`, `"\b\t\n\f\r\"\\/"`},
		{"control characters in lower case", `"\u0000\u000B\u001F\u007f"`, "\"\\u0000\\u000b\\u001f\u007f\""},
		{"all else as it is", `"\u20ac\u003c\u2028\ud83d\ude00é"`, "\"€<\u2028\U0001F600é\""},
		{"no normalisation", "[\"\u00e9\",\"e\u0301\"]", "[\"\u00e9\",\"e\u0301\"]"},
		{"replacement character", "[\"\ufffd\",\"\\ufffd\",\"\\uFFFD\"]", "[\"\ufffd\",\"\ufffd\",\"\ufffd\"]"},
		{"numbers", `[-0,0.0,1E3,1e-7,4.50,2e-3,333333333.33333329,1E30]`, `[0,0,1000,1e-7,4.5,0.002,333333333.3333333,1e+30]`},
		{"greatest integers", `[9007199254740991,-9007199254740991]`, `[9007199254740991,-9007199254740991]`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := CanonicalizeJSON([]byte(tt.in))
			wantNoError(t, err)
			wantEqual(t, tt.want, string(got))
			again, err := CanonicalizeJSON(got)
			wantNoError(t, err)
			wantEqual(t, tt.want, string(again))
		})
	}
}

func TestCanonicalizeJSONRefuses(t *testing.T) {
	for _, tt := range []struct{ name, in string }{
		{"nothing", ``},
		{"white space only", ` `},
		{"two values", `1 2`},
		{"text after the value", `{}x`},
		{"a byte order mark", "\ufeff{}"},
		{"other white space", "\v1"},
		{"duplicate names", `{"a":1,"b":2,"a":3}`},
		{"duplicate names in order", `{"a":1,"a":1}`},
		{"duplicate names, one escaped", `{"a":1,"\u0061":2}`},
		{"duplicate empty names", `{"":1,"":2}`},
		{"duplicate names further in", `[{"x":{"a":1,"a":2}}]`},
		{"name that is no string", `{1:2}`},
		{"name without a quote", `{a:2}`},
		{"no colon", `{"a" 1}`},
		{"no value", `{"a":}`},
		{"comma before the end of an object", `{"a":1,}`},
		{"comma before the end of an array", `[1,]`},
		{"comma first", `[,1]`},
		{"two commas", `[1,,2]`},
		{"no comma", `[1 2]`},
		{"wrong bracket", `[1}`},
		{"open array", `[1`},
		{"open object", `{"a":1`},
		{"open string", `"abc`},
		{"open string after an escape", `"\n`},
		{"backslash at the end", `"\`},
		{"invalid UTF-8", "\"\xff\""},
		{"invalid UTF-8 after an escape", "\"\\n\xff\""},
		{"UTF-8 cut off", "\"\xe2\x82\""},
		{"overlong UTF-8", "\"\xc0\xaf\""},
		{"UTF-8 of a surrogate", "\"\xed\xa0\x80\""},
		{"invalid UTF-8 in a name", "{\"\xff\":1}"},
		{"high surrogate alone", `"\ud83d"`},
		{"high surrogate before text", `"\ud83dx"`},
		{"high surrogate before another escape", `"\ud83d\n"`},
		{"high surrogate twice", `"\ud83d\ud83d"`},
		{"low surrogate alone", `"\ude00"`},
		{"surrogates in the wrong order", `"\ude00\ud83d"`},
		{"surrogate cut off", `"\ud83d\u12"`},
		{"bad hexadecimal digit", `"\u12g4"`},
		{"short escape cut off", `"\u12"`},
		{"unknown escape", `"\x41"`},
		{"escaped apostrophe", `"\'"`},
		{"control character", "\"a\nb\""},
		{"control character after an escape", "\"\\na\x00\""},
		{"leading zero", `01`},
		{"leading plus", `+1`},
		{"minus alone", `-`},
		{"no digit before the point", `.5`},
		{"no digit after the point", `1.`},
		{"no digit in the exponent", `1e`},
		{"sign only in the exponent", `1e+`},
		{"hexadecimal", `0x10`},
		{"underscore", `1_000`},
		{"NaN", `NaN`},
		{"infinity", `Infinity`},
		{"beyond a double", `1e309`},
		{"2^53", `9007199254740992`},
		{"2^53+1", `9007199254740993`},
		{"-2^53", `-9007199254740992`},
		{"2^64", `18446744073709551616`},
		{"an integer beyond 2^53 with an exponent", `1e20`},
		{"word cut off", `tru`},
		{"word in capitals", `True`},
		{"comment", `/**/1`},
		{"zero byte", "\x00"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := CanonicalizeJSON([]byte(tt.in))
			wantErrorIs(t, err, ErrInvalid)
			wantEqual(t, 0, len(got))
		})
	}
}

func TestCanonicalErrorsDoNotQuoteContent(t *testing.T) {
	for _, in := range []string{
		`{"secret":1,"secret":2}`, `"secret`, `secret`, `["secret" "secret"]`, `{"secret":5550199x}`, "\"secret\xff\"", `55501995550199555`,
	} {
		_, err := CanonicalizeJSON([]byte(in))
		wantErrorIs(t, err, ErrInvalid)
		wantTrue(t, !strings.Contains(err.Error(), "secret") && !strings.Contains(err.Error(), "555"), "%v", err)
	}
	_, err := CanonicalJSON("secret\xff")
	wantErrorIs(t, err, ErrInvalid)
	wantTrue(t, !strings.Contains(err.Error(), "secret"), "%v", err)
	_, err = CanonicalJSON(refusing{})
	wantErrorIs(t, err, ErrInvalid)
	wantTrue(t, !strings.Contains(err.Error(), "secret"), "%v", err)
}

type refusing struct{}

func (refusing) MarshalJSON() ([]byte, error) { return nil, errors.New("secret") }

func TestCanonicalNestingIsBounded(t *testing.T) {
	deepest := strings.Repeat("[", maxJSONDepth) + strings.Repeat("]", maxJSONDepth)
	_, err := CanonicalizeJSON([]byte(deepest))
	wantNoError(t, err)
	for _, in := range []string{"[" + deepest + "]", strings.Repeat(`{"a":`, 1<<20)} {
		_, err := CanonicalizeJSON([]byte(in))
		wantErrorIs(t, err, ErrInvalid)
	}
	endless := map[string]any{}
	endless["again"] = []any{endless}
	_, err = CanonicalJSON(endless)
	wantErrorIs(t, err, ErrInvalid)
	list := []any{nil}
	list[0] = list
	_, err = CanonicalJSON(list)
	wantErrorIs(t, err, ErrInvalid)
	_, err = CanonicalJSON(map[string]any{"a": json.RawMessage(deepest)})
	wantErrorIs(t, err, ErrInvalid)
}

// TestPublishedVectors runs the test data of the authors of RFC 8785.
func TestPublishedVectors(t *testing.T) {
	dir := outside.Standard(t, "jcs", "testdata")
	inputs, err := filepath.Glob(filepath.Join(dir, "input", "*.json"))
	wantNoError(t, err)
	if len(inputs) == 0 {
		t.Fatal("no published files")
	}
	for _, input := range inputs {
		t.Run(filepath.Base(input), func(t *testing.T) {
			in, err := os.ReadFile(input)
			wantNoError(t, err)
			want, err := os.ReadFile(filepath.Join(dir, "output", filepath.Base(input)))
			wantNoError(t, err)
			got, err := CanonicalizeJSON(in)
			wantNoError(t, err)
			wantEqual(t, string(want), string(got))

			var v any
			wantNoError(t, json.Unmarshal(in, &v))
			got, err = CanonicalJSON(v)
			wantNoError(t, err)
			wantEqual(t, string(want), string(got), "by way of any")
		})
	}
	t.Logf("canonical JSON: %d published files", len(inputs))
}

func TestCanonicalJSON(t *testing.T) {
	type grant struct {
		Version int    `json:"version"`
		Locale  string `json:"locale"`
		At      Date   `json:"at"`
		Note    string `json:"note,omitempty"`
	}
	for _, tt := range []struct {
		name string
		in   any
		want string
	}{
		{"nil", nil, `null`},
		{"bool", true, `true`},
		{"string", "<a&b>\u2028\"\x1f", "\"<a&b>\u2028\\\"\\u001f\""},
		{"int", -5, `-5`},
		{"greatest integer", int64(maxSafeInteger), `9007199254740991`},
		{"int64", int64(7), `7`},
		{"uint8", uint8(7), `7`},
		{"float64", 1e-7, `1e-7`},
		{"negative zero", math.Copysign(0, -1), `0`},
		{"nil map", map[string]any(nil), `null`},
		{"nil slice", []any(nil), `null`},
		{"empty", map[string]any{"a": []any{}, "b": map[string]any{}}, `{"a":[],"b":{}}`},
		{"map", map[string]any{"b": []any{1, "x", nil, false}, "a": map[string]any{"d": 1.5, "c": int64(2)}}, `{"a":{"c":2,"d":1.5},"b":[1,"x",null,false]}`},
		{"struct", grant{1, "de", MustDate("2026-03-01"), ""}, `{"at":"2026-03-01","locale":"de","version":1}`},
		{"struct in a map", map[string]any{"g": &grant{Locale: "<"}}, `{"g":{"at":"","locale":"<","version":0}}`},
		{"map with other keys", map[int]string{10: "a", 9: "b"}, `{"10":"a","9":"b"}`},
		{"raw", json.RawMessage(` { "b":1, "a":2 } `), `{"a":2,"b":1}`},
		{"bytes", []byte{1, 2, 3}, `"AQID"`},
		{"replacement character", []string{"\ufffd", `\ufffd`}, "[\"\ufffd\",\"\\\\ufffd\"]"},
		{"surrogates before U+E000", map[string]any{"\ue000": 1, "\U0001F600": 2}, "{\"\U0001F600\":2,\"\ue000\":1}"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := CanonicalJSON(tt.in)
			wantNoError(t, err)
			wantEqual(t, tt.want, string(got))
		})
	}
}

func TestCanonicalJSONRefuses(t *testing.T) {
	var tooLarge int64 = maxSafeInteger + 1
	for name, in := range map[string]any{
		"invalid UTF-8":             "a\xff",
		"invalid UTF-8 in a map":    map[string]any{"a": "\xff"},
		"invalid UTF-8 in a name":   map[string]any{"\xff": 1},
		"invalid UTF-8 in a struct": struct{ A string }{"\xff"},
		"invalid UTF-8 in a slice":  []string{"\xc3\x28"},
		"names that become one":     map[string]string{"\xff": "", "\xfe": ""},
		"NaN":                       math.NaN(),
		"infinity":                  math.Inf(1),
		"NaN in a struct":           struct{ A float64 }{math.NaN()},
		"int64":                     tooLarge,
		"odd int64":                 tooLarge + 1,
		"least int64":               int64(math.MinInt64),
		"uint64":                    uint64(math.MaxUint64),
		"int64 in a struct":         struct{ A int64 }{tooLarge},
		"function":                  func() {},
		"function in a map":         map[string]any{"f": func() {}},
		"channel in a slice":        []any{make(chan int)},
		"raw with duplicates":       map[string]any{"r": json.RawMessage(`{"a":1,"a":1}`)},
		"raw with invalid UTF-8":    json.RawMessage("\"\xff\""),
		"raw lone surrogate":        json.RawMessage(`"\ud800"`),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := CanonicalJSON(in)
			wantErrorIs(t, err, ErrInvalid)
		})
	}
	if math.MaxInt > maxSafeInteger {
		_, err := CanonicalJSON(math.MaxInt)
		wantErrorIs(t, err, ErrInvalid)
	}
}

// randomValue returns a value of the types that encoding/json decodes to.
func randomValue(random *rand.Rand, depth int) any {
	switch n := random.IntN(8); {
	case n == 0 && depth > 0:
		object := map[string]any{}
		for range random.IntN(5) {
			object[randomString(random)] = randomValue(random, depth-1)
		}
		return object
	case n == 1 && depth > 0:
		array := make([]any, random.IntN(4))
		for i := range array {
			array[i] = randomValue(random, depth-1)
		}
		return array
	case n == 2:
		return nil
	case n == 3:
		return random.IntN(2) == 0
	case n == 4:
		return random.NormFloat64() * math.Pow(10, float64(random.IntN(20)-10))
	case n == 5:
		return float64(random.IntN(1 << 30))
	default:
		return randomString(random)
	}
}

func randomString(random *rand.Rand) string {
	alphabet := []rune("ab\"\\\n\x00\x1fé€\ue000\uffff\ufffd\U0001F600\U0010FFFF\u2028<&")
	runes := make([]rune, random.IntN(5))
	for i := range runes {
		runes[i] = alphabet[random.IntN(len(alphabet))]
	}
	return string(runes)
}

func TestBothEncodersAgreeAndLoseNothing(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	for range 5000 {
		v := map[string]any{"v": randomValue(random, 4)}
		direct, err := CanonicalJSON(v)
		wantNoError(t, err)
		marshalled, err := json.MarshalIndent(v, "", "\t")
		wantNoError(t, err)
		detour, err := CanonicalizeJSON(marshalled)
		wantNoError(t, err)
		wantEqual(t, string(direct), string(detour))
		byStruct, err := CanonicalJSON(struct {
			V any `json:"v"`
		}{v["v"]})
		wantNoError(t, err)
		wantEqual(t, string(direct), string(byStruct))
		var back map[string]any
		wantNoError(t, json.Unmarshal(direct, &back))
		wantEqual(t, v, back)
	}
}

func TestMembersAreInOrderOfUTF16(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 8))
	for range 20000 {
		a, b := randomString(random), randomString(random)
		want := slices.Compare(utf16.Encode([]rune(a)), utf16.Encode([]rune(b)))
		if got := compareUTF16(a, b); sign(got) != want {
			t.Fatalf("%q and %q: %d, want %d", a, b, got, want)
		}
	}
}

func sign(n int) int { return min(max(n, -1), +1) }

func TestAppendCanonicalString(t *testing.T) {
	got, err := AppendCanonicalString([]byte(`{"a":`), "x\ty")
	wantNoError(t, err)
	wantEqual(t, `{"a":"x\ty"`, string(got))
	got, err = AppendCanonicalString([]byte("before"), "\xff")
	wantErrorIs(t, err, ErrInvalid)
	wantEqual(t, "before", string(got))
	for r := rune(0); r <= utf8.MaxRune; r++ {
		if r > 0x2fff {
			r += 0xff // beyond the scripts with characters of every kind, a sample
		}
		if !utf8.ValidRune(r) {
			continue
		}
		got, err = AppendCanonicalString(got[:0], string(r))
		wantNoError(t, err)
		var back string
		if err := json.Unmarshal(got, &back); err != nil || back != string(r) {
			t.Fatalf("%U became %q", r, back)
		}
	}
}

func TestAppendCanonicalStringDoesNotAllocate(t *testing.T) {
	buf := make([]byte, 0, 64)
	wantEqual(t, 0.0, testing.AllocsPerRun(100, func() {
		if _, err := AppendCanonicalString(buf, "newsletter\n€"); err != nil {
			t.Fatal(err)
		}
	}))
}

func FuzzCanonicalizeJSON(f *testing.F) {
	for _, seed := range []string{
		`{"b":[1,2.5e-7,"\ud83d\ude00"],"a":null}`, `{"a":1,"a":2}`, `"\ud800"`, `9007199254740993`, `[[{}]]`, "\"\xff\"", `{"\u0061":-0}`,
		`1e20`, `{"":{"":[]}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		canonical, err := CanonicalizeJSON(data)
		if err != nil {
			wantErrorIs(t, err, ErrInvalid)
			return
		}
		again, err := CanonicalizeJSON(canonical)
		wantNoError(t, err, "%q", canonical)
		wantEqual(t, string(canonical), string(again))
		var in, out any
		wantNoError(t, json.Unmarshal(data, &in), "encoding/json refuses what was accepted")
		wantNoError(t, json.Unmarshal(canonical, &out))
		wantEqual(t, withoutNegativeZero(in), out)
		fromValue, err := CanonicalJSON(out)
		wantNoError(t, err)
		wantEqual(t, string(canonical), string(fromValue))
	})
}

// withoutNegativeZero replaces -0, which canonical JSON prints as 0.
func withoutNegativeZero(v any) any {
	switch v := v.(type) {
	case float64:
		return v + 0
	case []any:
		for i := range v {
			v[i] = withoutNegativeZero(v[i])
		}
	case map[string]any:
		for name := range v {
			v[name] = withoutNegativeZero(v[name])
		}
	}
	return v
}
