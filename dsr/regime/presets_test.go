package regime_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/labelop/privacykit/dsr/regime"
	"github.com/labelop/privacykit/privacy"
)

func presets(t testing.TB) *regime.Book {
	t.Helper()
	book, err := regime.Presets()
	if err != nil {
		t.Fatal(err)
	}
	return book
}

func inForce(t testing.TB, id regime.ID, day string) *regime.Regime {
	t.Helper()
	r, err := presets(t).InForce(id, privacy.MustDate(day))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestPresetFilesAreNamedByTheirVersion(t *testing.T) {
	book := presets(t)
	files, err := filepath.Glob("law/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no files: %v", err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		if _, err := book.Version(name); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
}

func TestPresetsExplainTheirDoubts(t *testing.T) {
	book := presets(t)
	for _, id := range book.IDs() {
		for _, r := range book.Versions(id) {
			for _, finding := range r.Findings() {
				if finding.Code == "unexplained_doubt" {
					t.Errorf("%s: %s", r.Version(), finding)
				}
			}
		}
	}
}

// Whoever refuses with reasons withholds a part with reasons too, and tells of
// the same ways to object.
func TestPresetsGiveReasonsForAPart(t *testing.T) {
	book := presets(t)
	for _, id := range book.IDs() {
		for _, r := range book.Versions(id) {
			for _, refusal := range r.Notices {
				if refusal.Kind != regime.NoticeRefusal || len(refusal.Requests) > 0 {
					continue
				}
				want := slices.Clone(refusal.MustInclude)
				want[slices.Index(want, "reasons")] = "reasons_for_withheld_part"
				partial, _ := r.Notice(regime.NoticePartial, regime.RequestAccess)
				if !slices.Equal(want, partial.MustInclude) {
					t.Errorf("%s: a refusal includes %v, a part withheld %v", r.Version(), want, partial.MustInclude)
				}
			}
		}
	}
}

// What the acts of the states say on the periods of a request and on an appeal.
func TestStatesOfTheUnitedStates(t *testing.T) {
	for _, test := range []struct {
		id       regime.ID
		respond  string
		extend   string
		appeal   string
		longer   string // extension of the appeal
		withdraw string
	}{
		{"us-ca-ccpa", "P45D", "P45D", "", "", ""},
		{"us-va-vcdpa", "P45D", "P45D", "P60D", "", ""},
		{"us-co-cpa", "P45D", "P45D", "P45D", "P60D", ""},
		{"us-ct-ctdpa", "P45D", "P45D", "P60D", "", "P15D"},
		{"us-ut-ucpa", "P45D", "P45D", "", "", ""},
		{"us-tx-tdpsa", "P45D", "P45D", "P60D", "", ""},
		{"us-or-ocpa", "P45D", "P45D", "P45D", "", "P15D"},
		{"us-mt-mcdpa", "P45D", "P45D", "P60D", "", "P45D"},
		{"us-de-dpdpa", "P45D", "P45D", "P60D", "", "P15D"},
		{"us-ia-icdpa", "P90D", "P45D", "P60D", "", ""},
		{"us-ne-ndpa", "P45D", "P45D", "P60D", "", ""},
		{"us-nh-nhpa", "P45D", "P45D", "P60D", "", "P15D"},
		{"us-nj-njdpa", "P45D", "P45D", "P45D", "", "P15D"},
		{"us-tn-tipa", "P45D", "P45D", "P60D", "", ""},
		{"us-mn-mcdpa", "P45D", "P45D", "P45D", "P60D", "P15D"},
		{"us-md-modpa", "P45D", "P45D", "P60D", "", "P30D"},
		{"us-in-icdpa", "P45D", "P45D", "P60D", "", ""},
		{"us-ky-kcdpa", "P45D", "P45D", "P60D", "", ""},
		{"us-ri-ridtppa", "P45D", "P45D", "P60D", "", "P15D"},
	} {
		t.Run(string(test.id), func(t *testing.T) {
			r := inForce(t, test.id, "2026-11-23")
			access, ok := r.Clock(regime.RequestAccess)
			if !ok || access.Extension == nil {
				t.Fatal("no access, or no extension")
			}
			equal(t, "respond", access.Respond[0].Within.String(), test.respond)
			equal(t, "extend", access.Extension.UpTo.String(), test.extend)
			appeal, _ := r.Clock(regime.RequestAppeal)
			equal(t, "appeal", within(appeal), test.appeal)
			if appeal.Extension != nil {
				equal(t, "longer appeal", appeal.Extension.UpTo.String(), test.longer)
			} else {
				equal(t, "longer appeal", "", test.longer)
			}
			withdraw, _ := r.Clock(regime.RequestWithdrawConsent)
			equal(t, "withdraw consent", within(withdraw), test.withdraw)
		})
	}
}

func within(c regime.Clock) string {
	if len(c.Respond) == 0 {
		return ""
	}
	return c.Respond[0].Within.String()
}

func equal[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// Every preset computes the dates of every request that it regulates.
func TestPresetsComputeEveryRequest(t *testing.T) {
	book := presets(t)
	for _, id := range book.IDs() {
		for _, r := range book.Versions(id) {
			for _, request := range regime.Requests() {
				if _, ok := r.Clock(request); !ok {
					continue
				}
				d, err := r.Deadline(regime.Query{
					Request: request, Received: r.EffectiveFrom.AddDays(3).Start(time.UTC).Add(time.Hour),
					Zone: time.UTC, Calendar: privacy.WeekdaysOnly(),
				})
				if err != nil {
					t.Errorf("%s %s: %v", r.Version(), request, err)
				}
				if d.Due.IsZero() && d.Standard == "" {
					t.Errorf("%s %s: neither a day nor words", r.Version(), request)
				}
			}
		}
	}
}

func TestHostOverridesPreset(t *testing.T) {
	data, err := os.ReadFile("law/eu-gdpr@2018-05-25.json")
	if err != nil {
		t.Fatal(err)
	}
	own := strings.Replace(string(data), `"within": "P1M"`, `"within": "P21D"`, 1)
	own = strings.Replace(own, `"up_to": "P2M"`, `"up_to": "P1M"`, 1)
	stricter, err := regime.Parse([]byte(own))
	if err != nil {
		t.Fatal(err)
	}
	book, err := presets(t).With(stricter)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "versions", len(book.Versions("eu-gdpr")), 1)
	r, err := book.InForce("eu-gdpr", privacy.MustDate("2026-03-02"))
	if err != nil {
		t.Fatal(err)
	}
	clock, _ := r.Clock(regime.RequestAccess)
	equal(t, "period", clock.Respond[0].Within.String(), "P21D")
	clock, _ = inForce(t, "eu-gdpr", "2026-03-02").Clock(regime.RequestAccess)
	equal(t, "preset", clock.Respond[0].Within.String(), "P1M")
}

func TestBook(t *testing.T) {
	book := presets(t)
	t.Run("unknown regime", func(t *testing.T) {
		_, err := book.InForce("xx-none", privacy.MustDate("2026-01-01"))
		is(t, err, regime.ErrUnknownRegime)
		is(t, err, privacy.ErrNotFound)
	})
	t.Run("before the law existed", func(t *testing.T) {
		_, err := book.InForce("in-dpdp", privacy.MustDate("2026-11-23"))
		is(t, err, regime.ErrNotInForce)
	})
	t.Run("version of the day", func(t *testing.T) {
		for day, version := range map[string]string{
			"2021-03-01": "uk-gdpr@2018-05-25",
			"2026-02-04": "uk-gdpr@2018-05-25",
			"2026-02-05": "uk-gdpr@2026-02-05",
			"2026-06-18": "uk-gdpr@2026-02-05",
			"2026-06-19": "uk-gdpr@2026-06-19",
		} {
			equal(t, day, inForce(t, "uk-gdpr", day).Version(), version)
		}
	})
	t.Run("unknown version", func(t *testing.T) {
		_, err := book.Version("eu-gdpr@1999-01-01")
		is(t, err, regime.ErrUnknownRegime)
	})
	t.Run("protecting", func(t *testing.T) {
		for jurisdiction, id := range map[privacy.Jurisdiction]regime.ID{"DE": "eu-gdpr", "EU": "eu-gdpr", "gb": "uk-gdpr", "us-ca": "us-ca-ccpa"} {
			found := book.Protecting(jurisdiction, privacy.MustDate("2026-01-01"))
			if len(found) != 1 || found[0].ID != id {
				t.Errorf("%s: got %d regimes", jurisdiction, len(found))
			}
		}
	})
	t.Run("overlap", func(t *testing.T) {
		later := *inForce(t, "eu-gdpr", "2026-01-01")
		later.EffectiveFrom = privacy.MustDate("2027-01-01")
		_, err := book.With(&later)
		hasCode(t, err, "overlap")
	})
	t.Run("the zero book is empty", func(t *testing.T) {
		if ids := new(regime.Book).IDs(); len(ids) != 0 {
			t.Errorf("got %v", ids)
		}
	})
	t.Run("all problems of all files", func(t *testing.T) {
		_, err := regime.Load(brokenFS(t))
		hasCode(t, err, "unreadable")
		hasCode(t, err, "required")
	})
}

func brokenFS(t *testing.T) fs.FS {
	dir := t.TempDir()
	for name, text := range map[string]string{"a.json": "{", "b.json": `{"schema":"privacykit/regime@1"}`, "c.txt": "no"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return os.DirFS(dir)
}
