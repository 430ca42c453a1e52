package archive_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/labelop/privacykit/dsr/archive"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/privacytest"
)

var start = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// declaration has one system as controller and one as processor.
func declaration() privacy.Declaration {
	d := privacytest.Declaration()
	d.Systems = []privacy.System{d.Systems[0], d.Systems[2]}
	return d
}

// list is a source of what it lists.
type list struct {
	records []archive.Record
	media   []archive.Medium
	err     error
}

func (l list) Records(context.Context, privacy.Subject) iter.Seq2[archive.Record, error] {
	return func(yield func(archive.Record, error) bool) {
		for _, r := range l.records {
			if !yield(r, nil) {
				return
			}
		}
		if l.err != nil {
			yield(archive.Record{}, l.err)
		}
	}
}

func (l list) Media(context.Context, privacy.Subject) iter.Seq2[archive.Medium, error] {
	return func(yield func(archive.Medium, error) bool) {
		for _, m := range l.media {
			if !yield(m, nil) {
				return
			}
		}
	}
}

func record(category privacy.CategoryID, origin archive.Origin, value string) archive.Record {
	return archive.Record{Category: category, Origin: origin, Value: json.RawMessage(value)}
}

func medium(name, content string) archive.Medium {
	return archive.Medium{
		Category: "usage", Origin: archive.OriginProvided, Name: name,
		Open: func(context.Context) (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(content)), nil },
	}
}

func builder(t testing.TB, change ...func(o *archive.Options)) *archive.Builder {
	t.Helper()
	register, err := privacy.Compile(declaration())
	require.NoError(t, err)
	o := archive.Options{
		Register: register, Disclosures: disclosures{}, ThirdParties: archive.NobodyElse{}, Clock: privacytest.NewClock(start),
	}
	for _, f := range change {
		f(&o)
	}
	b, err := archive.NewBuilder(o)
	require.NoError(t, err)
	return b
}

func request(kind archive.Kind, source archive.Source) archive.Request {
	return archive.Request{
		Kind: kind, Case: "case-1", Subject: privacy.Subject{Tenant: "t", ID: "u", Jurisdiction: "DE"},
		Systems: []archive.System{{ID: "database", Source: source}},
	}
}

// build makes a package, verifies it and returns its files.
func build(t *testing.T, b *archive.Builder, r archive.Request) (archive.Manifest, map[string]string) {
	t.Helper()
	var out bytes.Buffer
	made, err := b.Build(t.Context(), &out, r)
	require.NoError(t, err)
	read, err := archive.Verify(bytes.NewReader(out.Bytes()), int64(out.Len()))
	require.NoError(t, err)
	assert.Equal(t, made, read)
	z, err := zip.NewReader(bytes.NewReader(out.Bytes()), int64(out.Len()))
	require.NoError(t, err)
	files := map[string]string{}
	for _, f := range z.File {
		content, err := f.Open()
		require.NoError(t, err)
		data, err := io.ReadAll(content)
		require.NoError(t, err)
		files[f.Name] = string(data)
	}
	assert.Equal(t, "manifest.json", z.File[len(z.File)-1].Name, "the manifest is written last")
	return made, files
}

// What GDPR Art. 15(1) lists comes with the data: purposes, legal bases,
// categories, actual recipients, retention, sources.
func TestAnAccessPackageTellsTheListOfArticle15(t *testing.T) {
	r := request(archive.Access, list{
		records: []archive.Record{
			record("account.email", archive.OriginProvided, `"ada@example.org"`),
			record("usage", archive.OriginInferred, `{"score": 7}`),
		},
		media: []archive.Medium{medium("portrait.png", "PNG")},
	})
	r.Systems[0].Origins = []string{"the registration form"}
	manifest, files := build(t, builder(t), r)
	assert.Equal(t, []archive.Count{{System: "database", Records: 2, Media: 1}}, manifest.Systems)
	assert.Equal(t, "PNG", files["systems/database/media/portrait.png"])

	var data struct {
		Schema string
		System archive.Description
		Media  []struct {
			Name, SHA256 string
			Original     string `json:"original_name"`
		}
		Records []struct {
			Category privacy.CategoryID
			Origin   archive.Origin
			Value    any
		}
	}
	require.NoError(t, json.Unmarshal([]byte(files["systems/database/data.json"]), &data))
	assert.Equal(t, archive.Schema, data.Schema)
	assert.Equal(t, []string{"the registration form"}, data.System.Origins)
	require.Len(t, data.System.Recipients, 1)
	assert.Equal(t, "Payment provider", data.System.Recipients[0].Name)
	uses := map[privacy.ActivityID]archive.Use{}
	for _, use := range data.System.Uses {
		uses[use.Activity] = use
	}
	assert.Len(t, uses, 4, "accounts, monitoring, newsletter, adaptation; not bookkeeping, which uses another system")
	assert.Equal(t, "consent", uses["newsletter"].Basis)
	assert.Equal(t, "legitimate_interests", uses["monitoring"].Basis)
	assert.NotEmpty(t, uses["monitoring"].Interest)
	assert.Equal(t, privacy.Period{Months: 6}, uses["monitoring"].Retention.Period)
	require.Len(t, data.Records, 2)
	assert.Equal(t, "ada@example.org", data.Records[0].Value)
	require.Len(t, data.Media, 1)
	assert.Equal(t, "portrait.png", data.Media[0].Original)
	assert.Len(t, data.Media[0].SHA256, 64)
}

func TestThePagesForReadingAreEscapedAndNameTheirLanguage(t *testing.T) {
	r := request(archive.Access, list{
		records: []archive.Record{record("account.name", archive.OriginProvided, `"<script>alert(1)</script>"`)},
		media:   []archive.Medium{medium(`javascript:alert("x").png`, "x"), medium("<b>.png", "x")},
	})
	r.Case = `"><script>`
	for locale, want := range map[string]string{"": "en", "de-AT": "de", "fr": "fr", "es-MX": "es", "ja": "en"} {
		r.Locale = locale
		_, files := build(t, builder(t), r)
		page := files["report.html"]
		assert.Contains(t, page, `<html lang="`+want+`">`, locale)
		assert.NotContains(t, page, "<script>")
		assert.NotContains(t, page, "<b>")
		assert.NotContains(t, page, `href="javascript`)
		assert.Contains(t, page, `href="systems/database/media/javascript_alert%28_x_%29.png"`)
	}
}

func TestTheReportShowsTheBeginningAndPointsToTheRest(t *testing.T) {
	var source list
	for range 500 {
		source.records = append(source.records, record("usage", archive.OriginObserved, `"login"`))
	}
	_, files := build(t, builder(t), request(archive.Access, source))
	assert.Equal(t, 200, strings.Count(files["report.html"], "<pre>"))
	assert.Contains(t, files["report.html"], "There is more in the file data.json.")
	assert.Equal(t, 500, strings.Count(files["systems/database/data.json"], `"login"`))
}

// GDPR Art. 20: machine-readable only; what was provided or observed, as far as
// it rests on consent or contract.
func TestAPortabilityPackageHoldsOnlyWhatThePersonGave(t *testing.T) {
	b := builder(t, func(o *archive.Options) { o.Disclosures = nil })
	manifest, files := build(t, b, request(archive.Portability, list{records: []archive.Record{
		record("account.email", archive.OriginProvided, `"provided"`),
		record("account.email", archive.OriginObserved, `"observed"`),
		record("account.email", archive.OriginInferred, `"inferred"`),
		record("account.email", archive.OriginObtained, `"obtained"`),
		record("account.email", "", `"unknown"`),
		record("usage", archive.OriginObserved, `"on legitimate interests"`),
		record("account.accessibility", archive.OriginProvided, `"on consent"`),
	}}))
	assert.Equal(t, []archive.Count{{System: "database", Records: 3, NotPortable: 4}}, manifest.Systems)
	data := files["systems/database/data.json"]
	for _, want := range []string{"provided", "observed", "on consent"} {
		assert.Contains(t, data, `"`+want+`"`)
	}
	for _, unwanted := range []string{"inferred", "obtained", "unknown", "on legitimate interests"} {
		assert.NotContains(t, data, `"`+unwanted+`"`)
	}
	assert.NotContains(t, files, "report.html")
	assert.True(t, json.Valid([]byte(data)))
}

// others leaves out what says so, and blackens names.
type others struct{ err error }

func (o others) Record(_ context.Context, _ privacy.SystemID, r archive.Record) (archive.Record, bool, error) {
	r.Value = bytes.ReplaceAll(r.Value, []byte("Bob"), []byte("[other person]"))
	return r, !bytes.Contains(r.Value, []byte("secret")), o.err
}

func (o others) Medium(_ context.Context, _ privacy.SystemID, m archive.Medium) (archive.Medium, bool, error) {
	return m, m.Name != "group.png", o.err
}

func TestThirdPartiesAreRedactedByTheHost(t *testing.T) {
	b := builder(t, func(o *archive.Options) { o.ThirdParties = others{} })
	manifest, files := build(t, b, request(archive.Access, list{
		records: []archive.Record{record("usage", "", `"chat with Bob"`), record("usage", "", `"a secret"`)},
		media:   []archive.Medium{medium("group.png", "x"), medium("self.png", "x")},
	}))
	assert.Equal(t, []archive.Count{{System: "database", Records: 1, Media: 1, LeftOut: 2}}, manifest.Systems)
	for name, content := range files {
		assert.NotContains(t, content, "Bob", name)
		assert.NotContains(t, name, "group")
	}
	assert.Contains(t, files["report.html"], "Left out because they concern others: 2")
	b = builder(t, func(o *archive.Options) { o.ThirdParties = others{errors.New("model is down")} })
	_, err := b.Build(t.Context(), io.Discard, request(archive.Access, list{records: []archive.Record{record("usage", "", `1`)}}))
	require.ErrorIs(t, err, archive.ErrSource, "no redaction, no package")
}

func TestARequestThatIsIncompleteWritesNothing(t *testing.T) {
	for name, test := range map[string]struct {
		change  func(r *archive.Request)
		options func(o *archive.Options)
		want    string
	}{
		"a system that nobody exports": {change: func(r *archive.Request) { r.Systems = nil }, want: "missing_system"},
		"an unknown system":            {change: func(r *archive.Request) { r.Systems[0].ID = "x" }, want: "systems[0].id"},
		"a system twice":               {change: func(r *archive.Request) { r.Systems = append(r.Systems, r.Systems[0]) }, want: "duplicate"},
		"no source":                    {change: func(r *archive.Request) { r.Systems[0].Source = nil }, want: "systems[0].source"},
		"no kind":                      {change: func(r *archive.Request) { r.Kind = "" }, want: "kind"},
		"no subject":                   {change: func(r *archive.Request) { r.Subject.ID = "" }, want: "subject.id"},
		"no case":                      {change: func(r *archive.Request) { r.Case = "" }, want: "case"},
		"no language":                  {change: func(r *archive.Request) { r.Locale = "!" }, want: "locale"},
		"nobody knows the recipients":  {options: func(o *archive.Options) { o.Disclosures = nil }, want: "disclosures"},
	} {
		t.Run(name, func(t *testing.T) {
			r := request(archive.Access, list{})
			if test.change != nil {
				test.change(&r)
			}
			b := builder(t)
			if test.options != nil {
				b = builder(t, test.options)
			}
			var out bytes.Buffer
			_, err := b.Build(t.Context(), &out, r)
			var problems privacy.Problems
			require.ErrorAs(t, err, &problems)
			assert.Contains(t, err.Error(), test.want)
			assert.Empty(t, out.Bytes())
		})
	}
	_, err := archive.NewBuilder(archive.Options{})
	require.ErrorIs(t, err, privacy.ErrInvalid)
}

// panicking is a source that dies in the middle.
type panicking struct{ list }

func (panicking) Records(context.Context, privacy.Subject) iter.Seq2[archive.Record, error] {
	return func(func(archive.Record, error) bool) { panic("ada@example.org") }
}

// A source that fails, lies or panics ends the build with an error that quotes
// nothing, and what was written is no package.
func TestASourceThatFailsMakesNoPackage(t *testing.T) {
	secret := errors.New("no row for ada@example.org")
	broken := medium("x", "x")
	broken.Open = func(context.Context) (io.ReadCloser, error) { return nil, secret }
	torn := medium("x", "x")
	torn.Open = func(context.Context) (io.ReadCloser, error) {
		return io.NopCloser(io.MultiReader(strings.NewReader("beginning"), failing{secret})), nil
	}
	for name, test := range map[string]struct {
		source archive.Source
		want   error
	}{
		"fails":                      {list{records: []archive.Record{record("usage", "", `1`)}, err: secret}, secret},
		"cannot open a file":         {list{media: []archive.Medium{broken}}, secret},
		"breaks off in a file":       {list{media: []archive.Medium{torn}}, secret},
		"has a file without content": {list{media: []archive.Medium{{Category: "usage"}}}, privacy.ErrInvalid},
		"panics":                     {panicking{}, archive.ErrSource},
		"yields another system's":    {list{records: []archive.Record{record("billing", "", `1`)}}, privacy.ErrInvalid},
		"yields a customer's":        {list{records: []archive.Record{record("content.images", "", `1`)}}, privacy.ErrInvalid},
		"yields an unknown category": {list{records: []archive.Record{record("x", "", `1`)}}, privacy.ErrInvalid},
		"yields an unknown origin":   {list{records: []archive.Record{record("usage", "x", `1`)}}, privacy.ErrInvalid},
		"yields no JSON":             {list{records: []archive.Record{record("usage", "", `{"a":1},{"b":2}`)}}, privacy.ErrInvalid},
		"yields nothing for JSON":    {list{records: []archive.Record{record("usage", "", ` `)}}, privacy.ErrInvalid},
		"yields too much at once":    {list{records: []archive.Record{record("usage", "", `"`+strings.Repeat("x", 17<<20)+`"`)}}, archive.ErrSource},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			_, err := builder(t).Build(t.Context(), &out, request(archive.Access, test.source))
			require.ErrorIs(t, err, archive.ErrSource)
			require.ErrorIs(t, err, test.want)
			assert.NotContains(t, err.Error(), "ada")
			_, err = archive.Verify(bytes.NewReader(out.Bytes()), int64(out.Len()))
			require.ErrorIs(t, err, archive.ErrNotWhole)
		})
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error)  { return 0, f.err }
func (f failing) Write([]byte) (int, error) { return 0, f.err }

func TestAWriterThatFailsIsNoFaultOfASource(t *testing.T) {
	full := errors.New("disk full")
	big := medium("x", strings.Repeat("x", 1<<20))
	_, err := builder(t).Build(t.Context(), failing{full}, request(archive.Access, list{media: []archive.Medium{big}}))
	require.ErrorIs(t, err, full)
	require.NotErrorIs(t, err, archive.ErrSource)
}

// endless is a source that would never end.
type endless struct{ list }

func (endless) Records(context.Context, privacy.Subject) iter.Seq2[archive.Record, error] {
	return func(yield func(archive.Record, error) bool) {
		for yield(record("usage", "", `1`), nil) {
		}
	}
}

func TestABuildEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := builder(t).Build(ctx, io.Discard, request(archive.Access, endless{}))
	require.ErrorIs(t, err, context.Canceled)
	m := medium("x", "x")
	ctx, cancel = context.WithCancel(t.Context())
	m.Open = func(context.Context) (io.ReadCloser, error) {
		cancel()
		return io.NopCloser(strings.NewReader("x")), nil
	}
	_, err = builder(t).Build(ctx, io.Discard, request(archive.Access, list{media: []archive.Medium{m}}))
	require.ErrorIs(t, err, context.Canceled)
	require.NotErrorIs(t, err, archive.ErrSource)
}

func TestTransfersAreToldOfTheActualRecipients(t *testing.T) {
	b := builder(t, func(o *archive.Options) { o.Disclosures = abroad{} })
	_, files := build(t, b, request(archive.Access, list{}))
	data := files["systems/database/data.json"]
	assert.Contains(t, data, `"country":"US"`)
	assert.Contains(t, data, `"name":"unknown-partner"`, "a recipient that nobody declared was one all the same")
	assert.NotContains(t, data, `"recipient":"hosting"`, "declared, and got nothing")
}

type abroad struct{}

func (abroad) Disclosed(context.Context, privacy.Subject) ([]archive.Disclosed, error) {
	return []archive.Disclosed{
		{Recipient: "model", Categories: []privacy.CategoryID{"account"}},
		{Recipient: "unknown-partner", Categories: []privacy.CategoryID{"usage"}},
		{Recipient: "hosting", Categories: []privacy.CategoryID{"content"}},
	}, nil
}

// A system without a key by subject holds nothing that could be found.
func TestASystemThatCannotFindSubjectsIsNotOwed(t *testing.T) {
	d := declaration()
	d.Systems[0].SubjectKey = ""
	register, err := privacy.Compile(d)
	require.NoError(t, err)
	b := builder(t, func(o *archive.Options) { o.Register = register })
	manifest, err := b.Build(t.Context(), io.Discard, archive.Request{
		Kind: archive.Access, Case: "case-1", Subject: privacy.Subject{Tenant: "t", ID: "u"},
	})
	require.NoError(t, err)
	assert.Empty(t, manifest.Systems)
}

func TestTheReportHoldsNoMoreThanItsBoundOfOneSystem(t *testing.T) {
	long := record("usage", "", `"`+strings.Repeat("x", 100<<10)+`"`)
	_, files := build(t, builder(t), request(archive.Access, list{records: []archive.Record{long, long, long, long}}))
	assert.Equal(t, 2, strings.Count(files["report.html"], "<pre>"))
	assert.Contains(t, files["report.html"], "There is more in the file data.json.")
}

type closer struct {
	io.Reader
	closed *int
}

func (c closer) Close() error {
	*c.closed++
	return nil
}

func TestEveryFileThatWasOpenedIsClosedOnce(t *testing.T) {
	closed := 0
	good, torn := medium("x", "x"), medium("y", "y")
	good.Open = func(context.Context) (io.ReadCloser, error) { return closer{strings.NewReader("x"), &closed}, nil }
	torn.Open = func(context.Context) (io.ReadCloser, error) { return closer{failing{io.ErrClosedPipe}, &closed}, nil }
	_, err := builder(t).Build(t.Context(), io.Discard, request(archive.Access, list{media: []archive.Medium{good, torn}}))
	require.ErrorIs(t, err, archive.ErrSource)
	assert.Equal(t, 2, closed)
}
