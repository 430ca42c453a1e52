package archive

import (
	"context"
	"encoding/json"
	"io"
	"iter"
	"time"

	"github.com/labelop/privacykit/privacy"
)

// Origin says where a piece of data comes from. The zero value is not known,
// which no portability package takes.
type Origin string

// The origins.
const (
	// OriginProvided: the person gave it (GDPR Art. 20(1)).
	OriginProvided Origin = "provided"
	// OriginObserved: it was observed of the person, such as a log (WP 242 rev.01).
	OriginObserved Origin = "observed"
	// OriginInferred: the controller made it, such as a score. Not portable.
	OriginInferred Origin = "inferred"
	// OriginObtained: it came from somebody else (GDPR Art. 14). Not portable.
	OriginObtained Origin = "obtained"
)

// portable reports whether data of the origin are part of a portability package.
func (o Origin) portable() bool { return o == OriginProvided || o == OriginObserved }

// known reports whether o may stand in a package.
func (o Origin) known() bool {
	return o == "" || o.portable() || o == OriginInferred || o == OriginObtained
}

// Record is a piece of structured data about the subject.
type Record struct {
	// Category is the declared category, which the system must hold.
	Category privacy.CategoryID
	Origin   Origin
	// Value is one JSON value of any shape.
	Value json.RawMessage
}

// Medium is a file, such as an image.
type Medium struct {
	// Category is the declared category, which the system must hold.
	Category privacy.CategoryID
	Origin   Origin
	// Name is what the file was called. Any text is accepted and made safe.
	Name string
	// Open returns the content. It is called once, and what it returned is closed.
	Open func(ctx context.Context) (io.ReadCloser, error)
}

// Source yields what a system holds of a subject. An error ends the build.
type Source interface {
	// Records yields every record, one at a time.
	Records(ctx context.Context, subject privacy.Subject) iter.Seq2[Record, error]
	// Media yields every file, one at a time. The content is read before the next
	// is asked for.
	Media(ctx context.Context, subject privacy.Subject) iter.Seq2[Medium, error]
}

// System is a system of the register and who exports it.
type System struct {
	ID     privacy.SystemID
	Source Source
	// Origins are where the data of the system come from, in words for people:
	// "any available information as to their source" (GDPR Art. 15(1)(g)).
	Origins []string
}

// Disclosed is somebody to whom data were disclosed.
type Disclosed struct {
	Recipient privacy.RecipientID `json:"recipient"`
	// Name is who that is. Empty takes the title in the register.
	Name       string               `json:"name"`
	Categories []privacy.CategoryID `json:"categories"`
	// Last is when it was last done.
	Last time.Time `json:"last,omitzero"`
}

// Disclosures knows the actual recipients (GDPR Art. 15(1)(c); CJEU C-154/21).
type Disclosures interface {
	// Disclosed returns to whom data of the subject were disclosed.
	Disclosed(ctx context.Context, subject privacy.Subject) ([]Disclosed, error)
}

// ThirdParties takes others out of a person's data (GDPR Art. 15(4)): redacts
// them, or leaves a piece out as a whole where nothing else helps.
type ThirdParties interface {
	// Record returns what of a record goes into the package, and whether it does.
	Record(ctx context.Context, system privacy.SystemID, r Record) (redacted Record, keep bool, err error)
	// Medium does the same for a file; it can replace Open.
	Medium(ctx context.Context, system privacy.SystemID, m Medium) (redacted Medium, keep bool, err error)
}

// NobodyElse states that the data concern nobody but the subject.
type NobodyElse struct{}

// Record keeps the record as it is.
func (NobodyElse) Record(_ context.Context, _ privacy.SystemID, r Record) (Record, bool, error) {
	return r, true, nil
}

// Medium keeps the file as it is.
func (NobodyElse) Medium(_ context.Context, _ privacy.SystemID, m Medium) (Medium, bool, error) {
	return m, true, nil
}
