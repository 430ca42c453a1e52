package archive

import (
	"archive/zip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"golang.org/x/text/language"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/privacy"
)

// Options configure a Builder.
type Options struct {
	// Register is the declaration that the service runs on. Required.
	Register *privacy.Register
	// Disclosures knows the actual recipients. Required for access packages.
	Disclosures Disclosures
	// ThirdParties redacts others. Required; NobodyElse says that there are none.
	ThirdParties ThirdParties
	// Clock is that of the system if nil.
	Clock privacy.Clock
}

// Builder makes packages. It is immutable and safe for concurrent use if its
// parts are.
type Builder struct {
	register    *privacy.Register
	disclosures Disclosures
	others      ThirdParties
	clock       privacy.Clock
}

// NewBuilder returns a builder. The error matches privacy.ErrInvalid.
func NewBuilder(options Options) (*Builder, error) {
	if options.Register == nil || options.ThirdParties == nil {
		return nil, fmt.Errorf("a builder needs a register and a redactor of third parties: %w", privacy.ErrInvalid)
	}
	if options.Clock == nil {
		options.Clock = privacy.SystemClock{}
	}
	return &Builder{options.Register, options.Disclosures, options.ThirdParties, options.Clock}, nil
}

// Request says which package to make.
type Request struct {
	Kind Kind
	Case dsr.CaseID
	// Subject is whose data; its Jurisdiction decides on legal bases.
	Subject privacy.Subject
	// Locale is a BCP 47 tag for the report, "" for English.
	Locale string
	// Systems are all systems of the register that hold data as controller and can
	// find them by subject; for portability those suffice that hold data on consent
	// or for a contract (GDPR Art. 20(1)(a)).
	Systems []System
}

// ErrSource reports a source that failed, or yielded what its system is not
// declared to hold. The text of its own error is not repeated, as it may quote
// data; errors.Is and errors.As find it.
var ErrSource = errors.New("source of a package failed")

// Build writes a package to w, which the host closes. After an error, what was
// written is no package and must be thrown away. The error is a
// privacy.Problems if the request is incomplete, and nothing is then written;
// it matches ErrSource if a source failed, and is the context's or the writer's
// own otherwise.
func (b *Builder) Build(ctx context.Context, w io.Writer, r Request) (Manifest, error) {
	if err := b.check(r); err != nil {
		return Manifest{}, err
	}
	disclosed, err := b.disclosed(ctx, r)
	if err != nil {
		return Manifest{}, err
	}
	now := b.clock.Now()
	build := &build{
		Builder: b, request: r, zip: newZipWriter(w, now), names: names{}, disclosed: disclosed,
		manifest: Manifest{Schema: Schema, Kind: r.Kind, Case: string(r.Case), Created: now.UTC(), Systems: []Count{}},
	}
	if r.Kind == Access {
		if build.report, err = newReport(r, now); err != nil {
			return Manifest{}, err
		}
	}
	return build.run(ctx)
}

func (b *Builder) disclosed(ctx context.Context, r Request) ([]Disclosed, error) {
	if b.disclosures == nil {
		return nil, nil
	}
	disclosed, err := b.disclosures.Disclosed(ctx, r.Subject)
	if err != nil {
		return nil, sourceError{"disclosures", err}
	}
	return disclosed, nil
}

// check finds everything that is missing from a request.
func (b *Builder) check(r Request) error {
	var problems privacy.Problems
	if r.Kind != Access && r.Kind != Portability {
		problems.Add("kind", "unknown", "is not a known kind of package")
	}
	if r.Kind == Access && b.disclosures == nil {
		problems.Add("disclosures", "required", "an access package names the actual recipients (GDPR Art. 15(1)(c))")
	}
	if _, err := language.Parse(r.Locale); r.Locale != "" && err != nil {
		problems.Add("locale", "unknown", "is not a language tag")
	}
	for path, id := range map[string]string{
		"case": string(r.Case), "subject.tenant": string(r.Subject.Tenant), "subject.id": string(r.Subject.ID),
	} {
		if err := privacy.CheckID(path, id); err != nil {
			problems.Add(path, "identifier", "%v", err)
		}
	}
	for i, s := range r.Systems {
		path := fmt.Sprintf("systems[%d]", i)
		if _, ok := b.register.System(s.ID); !ok {
			problems.Add(path+".id", "unknown", "is not a system of the register")
		}
		if s.Source == nil {
			problems.Add(path+".source", "required", "a system is exported by somebody")
		}
		if slices.ContainsFunc(r.Systems[:i], func(other System) bool { return other.ID == s.ID }) {
			problems.Add(path+".id", "duplicate", "is listed twice")
		}
	}
	for s := range b.register.Systems() {
		if b.owed(s, r) && !slices.ContainsFunc(r.Systems, func(given System) bool { return given.ID == s.ID }) {
			problems.Add("systems", "missing_system", "system %q holds personal data and nobody exports it", s.ID)
		}
	}
	slices.SortStableFunc(problems, func(x, y privacy.Problem) int { return compareText(x.Path, y.Path) })
	return problems.Err()
}

// owed reports whether a system holds data of the controller that can be found
// by subject and belong into the package.
func (b *Builder) owed(s privacy.System, r Request) bool {
	described := b.describe(s, nil, r.Subject.Jurisdiction, nil)
	return s.SubjectKey != "" && slices.ContainsFunc(described.Categories, func(category DescribedCategory) bool {
		return r.Kind != Portability || described.portable(category.ID)
	})
}

func compareText(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// build is one package in the making.
type build struct {
	*Builder
	request   Request
	zip       *zipWriter
	names     names
	disclosed []Disclosed
	report    *report
	manifest  Manifest
}

func (b *build) run(ctx context.Context) (Manifest, error) {
	for _, system := range b.request.Systems {
		if err := b.system(ctx, system); err != nil {
			return Manifest{}, err
		}
	}
	if b.report != nil {
		if _, err := b.zip.entry(reportName, zip.Deflate, b.report.render); err != nil {
			return Manifest{}, err
		}
	}
	b.manifest.Entries = orEmpty(b.zip.entries)
	_, err := b.zip.entry(manifestName, zip.Deflate, func(w io.Writer) error {
		encoder := json.NewEncoder(w)
		encoder.SetIndent("", "  ")
		return encoder.Encode(b.manifest)
	})
	if err != nil {
		return Manifest{}, err
	}
	if err := b.zip.zip.Close(); err != nil {
		return Manifest{}, err
	}
	return b.manifest, nil
}

// sourceError says which source failed, and keeps the text of its error out of
// its own.
type sourceError struct {
	name  string
	cause error
}

func (e sourceError) Error() string   { return fmt.Sprintf("%v: %s", ErrSource, e.name) }
func (e sourceError) Unwrap() []error { return []error{ErrSource, e.cause} }

// errPanic stands for a panic of a source, whose text may quote data.
var errPanic = errors.New("panic")
