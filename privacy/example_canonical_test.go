package privacy_test

import (
	"crypto/sha256"
	"fmt"

	"github.com/labelop/privacykit/privacy"
)

// Whoever builds the same value gets the same bytes, and so the same hash.
func ExampleCanonicalJSON() {
	payload, err := privacy.CanonicalJSON(struct {
		Version int             `json:"version"`
		Notice  string          `json:"notice"`
		From    privacy.Date    `json:"from"`
		Given   map[string]bool `json:"given"`
	}{
		Version: 3,
		Notice:  "Datenschutz & Cookies",
		From:    privacy.MustDate("2026-03-01"),
		Given:   map[string]bool{"newsletter": true, "analytics": false},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%s\n", payload)
	fmt.Printf("%x\n", sha256.Sum256(payload))
	// Output:
	// {"from":"2026-03-01","given":{"analytics":false,"newsletter":true},"notice":"Datenschutz & Cookies","version":3}
	// fc3e94cfbe3ff28429e933f54a20859da002308140e3d2475dcb94ead7faa7d7
}

func ExampleCanonicalizeJSON() {
	canonical, err := privacy.CanonicalizeJSON([]byte(`{ "b": 1E2, "a": "\u20ac" }`))
	fmt.Printf("%s %v\n", canonical, err)
	_, err = privacy.CanonicalizeJSON([]byte(`{"a": 1, "a": 2}`))
	fmt.Println(err)
	// Output:
	// {"a":"€","b":100} <nil>
	// JSON at byte 16: an object with two members of the same name ends here: invalid
}

// A payload of known shape can be written by hand, members in order, without
// reflection.
func ExampleAppendCanonicalString() {
	payload := []byte(`{"locale":"de","purpose":`)
	payload, err := privacy.AppendCanonicalString(payload, "newsletter")
	if err != nil {
		fmt.Println(err)
		return
	}
	payload = append(payload, '}')
	fmt.Printf("%s\n", payload)
	// Output: {"locale":"de","purpose":"newsletter"}
}
