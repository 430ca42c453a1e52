package message_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/dsr/message"
	"github.com/labelop/privacykit/dsr/regime"
	"github.com/labelop/privacykit/privacy"
)

var key = []byte("0123456789abcdef")

func composer(t testing.TB, catalog *message.Catalog) *message.Composer {
	t.Helper()
	c, err := message.NewComposer(message.Options{Catalog: catalog, Key: key})
	require.NoError(t, err)
	return c
}

func book(t testing.TB) *regime.Book {
	t.Helper()
	b, err := regime.Presets()
	require.NoError(t, err)
	return b
}

func inForce(t testing.TB, id regime.ID, day string) *regime.Regime {
	t.Helper()
	r, err := book(t).InForce(id, privacy.MustDate(day))
	require.NoError(t, err)
	return r
}

// complete has everything that any regime wants in any message.
func complete(request regime.Request) message.Data {
	party := func(name string) message.Party { return message.Party{Name: name, Contact: name + "@example.org"} }
	return message.Data{
		Reference: "case-1", Request: request, Addressee: "Ada", Controller: party("Controller"),
		Received: privacy.MustDate("2026-03-02"), Due: privacy.MustDate("2026-04-02"), NewDue: privacy.MustDate("2026-06-02"),
		ClockEffect: regime.EffectSuspend, Reasons: "WHY", Exception: "EXCEPTION", LegalProvision: "PROVISION",
		Withheld: []message.Withheld{{What: "invoices", Ground: "Art. 17(3)(b)", Until: privacy.MustDate("2034-12-31")}},
		Unclear:  "UNCLEAR", IdentityEvidence: "EVIDENCE", HowProcessed: "PROCESS", Verification: "VERIFY", RequestContent: "REQUEST",
		Actions: []string{"ACTION"}, Copy: "COPY", Purposes: []string{"PURPOSE"}, Categories: []string{"CATEGORY"},
		Recipients: []string{"RECIPIENT"}, Sources: []string{"SOURCE"}, Retention: []string{"RETENTION"},
		AutomatedDecisions: []string{}, Safeguards: []string{"SAFEGUARD"}, OptOutStatus: "STATUS", OptOutOffer: "OFFER",
		Authority: party("Authority"), Complaints: party("Complaints"), AttorneyGeneral: party("General"),
		Appeal: "APPEAL", Objection: "OBJECTION", Remedies: "REMEDIES", RemedyTimeLimit: "LIMIT", Statement: "STATEMENT",
	}
}

// every calls do for each notice of each preset.
func every(t *testing.T, do func(t *testing.T, r *regime.Regime, notice regime.Notice, request regime.Request)) {
	t.Helper()
	b := book(t)
	for _, id := range b.IDs() {
		for _, r := range b.Versions(id) {
			for _, request := range regime.Requests() {
				if _, regulated := r.Clock(request); !regulated {
					continue
				}
				for _, kind := range regime.NoticeKinds() {
					if notice, ok := r.Notice(kind, request); ok {
						do(t, r, notice, request)
					}
				}
			}
		}
	}
}

func TestCompleteDataMakeEveryMessageOfEveryRegimeInEveryLocale(t *testing.T) {
	catalog, err := message.Default()
	require.NoError(t, err)
	c, n := composer(t, nil), 0
	every(t, func(t *testing.T, r *regime.Regime, notice regime.Notice, request regime.Request) {
		for _, locale := range catalog.Locales() {
			m, err := c.Compose(r, notice.Kind, complete(request), locale)
			require.NoError(t, err, "%s %s %s %s", r.Version(), notice.Kind, request, locale)
			assert.Equal(t, locale, m.Locale)
			for _, content := range notice.MustInclude {
				assert.Contains(t, m.Contents, content)
			}
			assert.NotContains(t, m.Body, "<no value>")
			assert.NotContains(t, m.Subject, "\n")
			n++
		}
	})
	assert.Greater(t, n, 1000)
}

// Each element that a regime requires is an error when its data are missing,
// and the error names the element and the article.
func TestAMessageWithoutAMandatoryElementIsAnError(t *testing.T) {
	c, free := composer(t, nil), []regime.Content{"judicial_remedy", "rights"}
	every(t, func(t *testing.T, r *regime.Regime, notice regime.Notice, request regime.Request) {
		data := message.Data{Request: request, Controller: message.Party{Name: "Controller"}}
		_, err := c.Compose(r, notice.Kind, data)
		var want []string
		for _, content := range notice.MustInclude {
			if !slices.Contains(free, content) {
				want = append(want, string(content))
			}
		}
		var problems privacy.Problems
		require.ErrorAs(t, err, &problems, "%s %s", r.Version(), notice.Kind)
		require.ErrorIs(t, err, privacy.ErrInvalid)
		var got []string
		for _, problem := range problems {
			assert.Equal(t, "missing_content", problem.Code)
			assert.Contains(t, problem.Detail, notice.Cite)
			got = append(got, problem.Path)
		}
		assert.Equal(t, want, got, "%s %s %s", r.Version(), notice.Kind, request)
	})
}

// Whatever element is left out of otherwise complete data, exactly that one is
// reported: no element lives on another's data.
func TestContentsOfTheRefusalOfTheUnitedKingdom(t *testing.T) {
	c, uk := composer(t, nil), inForce(t, "uk-gdpr", "2026-07-01")
	for _, test := range []struct {
		without func(*message.Data)
		missing string
	}{
		{func(d *message.Data) { d.Reasons = "" }, "reasons"},
		{func(d *message.Data) { d.Complaints = message.Party{} }, "complaint_to_controller"},
		{func(d *message.Data) { d.Complaints.Contact = "" }, "complaint_to_controller"},
		{func(d *message.Data) { d.Authority = message.Party{} }, "complaint_to_commissioner"},
	} {
		data := complete(regime.RequestErasure)
		test.without(&data)
		_, err := c.Compose(uk, regime.NoticeRefusal, data)
		var problems privacy.Problems
		require.ErrorAs(t, err, &problems)
		require.Len(t, problems, 1)
		assert.Equal(t, test.missing, problems[0].Path)
	}
}

// A host's template cannot lose what the law requires.
// A withdrawal takes effect at once: no day is owed that could be told.
func TestAWithdrawalIsAcknowledgedWithoutADueDay(t *testing.T) {
	for id, days := range map[regime.ID][]string{"eu-gdpr": {"2026-03-02"}, "uk-gdpr": {"2025-03-02", "2026-03-02", "2026-07-02"}} {
		for _, day := range days {
			data := complete(regime.RequestWithdrawConsent)
			data.Due = privacy.Date{}
			_, err := composer(t, nil).Compose(inForce(t, id, day), regime.NoticeAcknowledgement, data, "en")
			require.NoError(t, err, "%s %s", id, day)
		}
	}
}

func TestAnOverrideThatDropsAnElementCannotBeComposed(t *testing.T) {
	catalog, err := message.Default()
	require.NoError(t, err)
	catalog, err = catalog.With(message.Override{
		Locale: "en", Source: `{{define "body.refusal"}}No. {{.Element "judicial_remedy"}}{{end}}`,
	})
	require.NoError(t, err)
	_, err = composer(t, catalog).Compose(inForce(t, "eu-gdpr", "2026-03-02"), regime.NoticeRefusal, complete(regime.RequestAccess), "en")
	var problems privacy.Problems
	require.ErrorAs(t, err, &problems)
	assert.Len(t, problems, 2)
}

func TestAnOverrideThatRendersAnElementBlankCannotBeComposed(t *testing.T) {
	catalog, err := message.Default()
	require.NoError(t, err)
	catalog, err = catalog.With(message.Override{Locale: "en", Source: `{{define "element.reasons"}}{{if false}}x{{end}}{{end}}`})
	require.NoError(t, err)
	_, err = composer(t, catalog).Compose(inForce(t, "eu-gdpr", "2026-03-02"), regime.NoticeRefusal, complete(regime.RequestAccess), "en")
	assert.ErrorContains(t, err, "reasons: GDPR Art. 12(4)")
}

func TestAnOverrideReplacesOneBlockAndChangesTheVersion(t *testing.T) {
	catalog, err := message.Default()
	require.NoError(t, err)
	eu, data := inForce(t, "eu-gdpr", "2026-03-02"), complete(regime.RequestAccess)
	before, err := composer(t, catalog).Compose(eu, regime.NoticeRefusal, data, "en")
	require.NoError(t, err)
	catalog, err = catalog.With(message.Override{Locale: "en", Source: `{{define "greeting"}}Hello {{.Addressee}}{{end}}`})
	require.NoError(t, err)
	after, err := composer(t, catalog).Compose(eu, regime.NoticeRefusal, data, "en")
	require.NoError(t, err)
	assert.True(t, strings.HasPrefix(after.Body, "Hello Ada\n"))
	assert.NotEqual(t, before.Template, after.Template)
	assert.NotEqual(t, before.Digest, after.Digest)
}

func TestTemplatesAreRefusedWhenTheyAreMade(t *testing.T) {
	catalog, err := message.Default()
	require.NoError(t, err)
	for name, override := range map[string]message.Override{
		"a field that Data has not":   {Locale: "en", Source: `{{define "greeting"}}{{.Name}}{{end}}`},
		"a text that is not there":    {Locale: "en", Source: `{{define "greeting"}}{{.Others.x}}{{end}}`},
		"the same by its method":      {Locale: "en", Source: `{{define "greeting"}}{{.Other "x"}}{{end}}`},
		"a block nobody asks for":     {Locale: "en", Source: `{{define "element.reson"}}x{{end}}`},
		"a syntax error":              {Locale: "en", Source: `{{define "greeting"}}{{end`},
		"not a language":              {Locale: "not a tag", Source: `{{define "greeting"}}x{{end}}`},
		"a language with one block":   {Locale: "nl", Source: `{{define "greeting"}}Hallo{{end}}`},
		"an element within another":   {Locale: "en", Source: `{{define "element.reasons"}}{{.Element "reasons"}}{{end}}`},
		"an element without a block":  {Locale: "en", Source: `{{define "body.refusal"}}{{.Element "x"}}{{end}}`, Contents: []regime.Content{"x"}},
		"a template that is not here": {Locale: "en", Source: `{{define "greeting"}}{{template "x" .}}{{end}}`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := catalog.With(override)
			require.ErrorIs(t, err, privacy.ErrInvalid)
		})
	}
}

func TestARegimeOfTheHostMayRequireAnElementOfItsOwn(t *testing.T) {
	catalog, err := message.Default()
	require.NoError(t, err)
	overrides := make([]message.Override, 0, len(catalog.Locales()))
	for _, locale := range catalog.Locales() {
		overrides = append(overrides, message.Override{
			Locale: locale, Contents: []regime.Content{"ombudsman"},
			Source: `{{define "element.ombudsman"}}Ombudsman: {{.Other "ombudsman"}}{{end}}`,
		})
	}
	catalog, err = catalog.With(overrides...)
	require.NoError(t, err)
	own := *inForce(t, "eu-gdpr", "2026-03-02")
	own.Notices = []regime.Notice{{Kind: regime.NoticeRefusal, MustInclude: []regime.Content{"ombudsman"}, Cite: "Act s. 1"}}
	data := complete(regime.RequestAccess)
	_, err = composer(t, catalog).Compose(&own, regime.NoticeRefusal, data)
	require.ErrorContains(t, err, "ombudsman: Act s. 1")
	data.Others = map[regime.Content]string{"ombudsman": "Hall 4"}
	m, err := composer(t, catalog).Compose(&own, regime.NoticeRefusal, data)
	require.NoError(t, err)
	assert.Contains(t, m.Body, "Ombudsman: Hall 4")
	_, err = composer(t, nil).Compose(&own, regime.NoticeRefusal, data)
	assert.ErrorIs(t, err, privacy.ErrInvalid, "a catalog without the block")
}

func TestTheLocaleIsTheBestMatchAndEnglishOtherwise(t *testing.T) {
	c, eu := composer(t, nil), inForce(t, "eu-gdpr", "2026-03-02")
	for _, test := range []struct {
		preferred []string
		want      string
		date      string
	}{
		{nil, "en", "2 April 2026"},
		{[]string{"ja"}, "en", "2 April 2026"},
		{[]string{"%%"}, "en", "2 April 2026"},
		{[]string{"de-CH"}, "de", "2. April 2026"},
		{[]string{"en-US"}, "en-US", "April 2, 2026"},
		{[]string{"ja", "de"}, "de", "2. April 2026"},
		{[]string{"fr-BE;q=0.8,ja"}, "fr", "2 avril 2026"},
		{[]string{"es-MX"}, "es", "2 de abril de 2026"},
	} {
		m, err := c.Compose(eu, regime.NoticeAcknowledgement, complete(regime.RequestAccess), test.preferred...)
		require.NoError(t, err)
		assert.Equal(t, test.want, m.Locale, test.preferred)
		assert.Contains(t, m.Body, test.date, test.preferred)
	}
}

func TestAListThatIsNilIsMissingAndOneThatIsEmptySaysNone(t *testing.T) {
	c, eu := composer(t, nil), inForce(t, "eu-gdpr", "2026-03-02")
	data := complete(regime.RequestAccess)
	data.Recipients = nil
	_, err := c.Compose(eu, regime.NoticeCompletion, data)
	require.ErrorContains(t, err, "recipients: GDPR Art. 15")
	data.Recipients = []string{}
	m, err := c.Compose(eu, regime.NoticeCompletion, data)
	require.NoError(t, err)
	assert.Contains(t, m.Body, "disclosed: none")
}

// A line break in a name must not become a header of a mail.
func TestTheSubjectIsOneLine(t *testing.T) {
	catalog, err := message.Default()
	require.NoError(t, err)
	catalog, err = catalog.With(message.Override{Locale: "en", Source: `{{define "subject.refusal"}}To {{.Addressee}}{{end}}`})
	require.NoError(t, err)
	data := complete(regime.RequestAccess)
	data.Addressee = "Ada\r\nBcc: eve@example.org"
	m, err := composer(t, catalog).Compose(inForce(t, "eu-gdpr", "2026-03-02"), regime.NoticeRefusal, data, "en")
	require.NoError(t, err)
	assert.Equal(t, "To Ada Bcc: eve@example.org", m.Subject)
}

func TestDataAreNoTemplate(t *testing.T) {
	data := complete(regime.RequestAccess)
	data.Reasons = `{{.Addressee}}{{define "x"}}`
	m, err := composer(t, nil).Compose(inForce(t, "eu-gdpr", "2026-03-02"), regime.NoticeRefusal, data, "en")
	require.NoError(t, err)
	assert.Contains(t, m.Body, data.Reasons)
}

func TestComposeRefusesWhatItDoesNotKnow(t *testing.T) {
	c, eu := composer(t, nil), inForce(t, "eu-gdpr", "2026-03-02")
	_, err := c.Compose(nil, "gossip", message.Data{Request: "all"})
	var problems privacy.Problems
	require.ErrorAs(t, err, &problems)
	assert.Len(t, problems, 4)
	_, err = c.Compose(eu, regime.NoticeRefusal, message.Data{Request: regime.RequestAccess})
	require.ErrorContains(t, err, "controller.name")
	_, err = message.NewComposer(message.Options{Key: []byte("short")})
	require.ErrorIs(t, err, privacy.ErrInvalid)
}

func TestTheDigestProvesTheTextToWhoHoldsTheKey(t *testing.T) {
	c, eu := composer(t, nil), inForce(t, "eu-gdpr", "2026-03-02")
	m, err := c.Compose(eu, regime.NoticeRefusal, complete(regime.RequestAccess), "en")
	require.NoError(t, err)
	assert.True(t, c.Verify(m, m.Digest))
	forged := m
	forged.Body += "x"
	assert.False(t, c.Verify(forged, m.Digest))
	other, err := message.NewComposer(message.Options{Key: []byte("fedcba9876543210")})
	require.NoError(t, err)
	assert.False(t, other.Verify(m, m.Digest), "another key")
}

// What the record of a case says need not be typed again, and a remainder is
// told with its ground and its end.
func TestFromCase(t *testing.T) {
	eu := inForce(t, "eu-gdpr", "2026-03-02")
	p, err := dsr.NewProcedure(eu, time.UTC, privacy.WeekdaysOnly())
	require.NoError(t, err)
	at := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	change, err := p.Open(dsr.Intake{
		Tenant: "t", ID: "case-9", Subject: "u", Role: privacy.RoleController, Received: at, Actor: dsr.ActorSubject,
		Requests: []dsr.Asked{{Request: regime.RequestErasure}},
	})
	require.NoError(t, err)
	change, err = p.Handle(change.Case, dsr.Command{
		Event: dsr.EventExtend, Actor: dsr.ActorStaff, At: at, Ground: "complexity", Explanation: "m-1",
	})
	require.NoError(t, err)
	change, err = p.Protect(change.Case, 0, dsr.Protection{
		System: "crm", Category: "invoices", Ground: "17(3)(b)", Source: "ao", Until: privacy.MustDate("2034-12-31"),
	}, at)
	require.NoError(t, err)
	data, err := message.FromCase(p, change.Case, 0)
	require.NoError(t, err)
	assert.Equal(t, message.Data{
		Reference: "case-9", Request: regime.RequestErasure, Received: privacy.MustDate("2026-03-02"),
		Due: privacy.MustDate("2026-06-02"), NewDue: privacy.MustDate("2026-06-02"), ClockEffect: regime.EffectNone,
		Withheld: []message.Withheld{{What: "invoices", Ground: "17(3)(b)", Until: privacy.MustDate("2034-12-31")}},
	}, data)
	_, err = message.FromCase(p, change.Case, 1)
	require.ErrorIs(t, err, privacy.ErrInvalid)
}

// FuzzOverride feeds templates to the parser: whatever comes, it is accepted
// and can be composed, or refused with an error.
func FuzzOverride(f *testing.F) {
	f.Add("en", `{{define "greeting"}}Hello{{end}}`)
	f.Add("en", `{{define "body.refusal"}}{{.Elements}}{{end}}`)
	f.Add("x-y", `{{range .Actions}}`)
	catalog, err := message.Default()
	require.NoError(f, err)
	eu := inForce(f, "eu-gdpr", "2026-03-02")
	f.Fuzz(func(t *testing.T, locale, source string) {
		own, err := catalog.With(message.Override{Locale: locale, Source: source})
		if err != nil {
			require.ErrorIs(t, err, privacy.ErrInvalid)
			return
		}
		_, err = composer(t, own).Compose(eu, regime.NoticeRefusal, complete(regime.RequestAccess), locale)
		require.True(t, err == nil || errors.Is(err, privacy.ErrInvalid))
	})
}

func BenchmarkCompose(b *testing.B) {
	c, eu, data := composer(b, nil), inForce(b, "eu-gdpr", "2026-03-02"), complete(regime.RequestAccess)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Compose(eu, regime.NoticeCompletion, data, "de"); err != nil {
			b.Fatal(err)
		}
	}
}
