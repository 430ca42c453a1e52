package archive

import (
	"time"

	"github.com/labelop/privacykit/privacy"
)

// Schema is the value of Manifest.Schema that this package writes and reads.
const Schema = "privacykit/archive@1"

// The names of the entries that every package has, or may have.
const (
	manifestName = "manifest.json"
	reportName   = "report.html"
)

// Kind says which right a package answers.
type Kind string

// The kinds.
const (
	// Access answers GDPR Art. 15, and its like elsewhere.
	Access Kind = "access"
	// Portability answers GDPR Art. 20.
	Portability Kind = "portability"
)

// Manifest lists what is in a package. It is the last entry.
type Manifest struct {
	Schema string `json:"schema"`
	Kind   Kind   `json:"kind"`
	// Case refers to the case.
	Case    string    `json:"case"`
	Created time.Time `json:"created"`
	// Entries are all others, in the order in which they were written.
	Entries []Entry `json:"entries"`
	// Systems count what is in each.
	Systems []Count `json:"systems"`
}

// Entry is a file of a package.
type Entry struct {
	Name string `json:"name"`
	Size int64  `json:"size"`
	// SHA256 is in hexadecimal.
	SHA256 string `json:"sha256"`
}

// Count says how many pieces of a system are in a package, and how many were
// left out: because they concern others (GDPR Art. 15(4)), or because the right
// to portability does not reach them (Art. 20(1)).
type Count struct {
	System      privacy.SystemID `json:"system"`
	Records     int              `json:"records"`
	Media       int              `json:"media"`
	LeftOut     int              `json:"left_out_for_others"`
	NotPortable int              `json:"not_portable,omitempty"`
}
