package main

import (
	"encoding/json"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy"
)

// visitor is somebody's browser, as far as pages without scripts need one.
type visitor struct {
	*http.Client
	t      *testing.T
	server string
}

func newVisitor(t *testing.T, s *service) *visitor {
	t.Helper()
	server := httptest.NewServer(s.handler())
	t.Cleanup(server.Close)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &visitor{&http.Client{Jar: jar, Transport: server.Client().Transport}, t, server.URL}
}

func (v *visitor) read(response *http.Response, err error) (int, string) {
	v.t.Helper()
	if err != nil {
		v.t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

func (v *visitor) get(path string) (int, string) {
	v.t.Helper()
	return v.read(v.Get(v.server + path))
}

func (v *visitor) submit(path string, form url.Values) (int, string) {
	v.t.Helper()
	return v.read(v.PostForm(v.server+path, form))
}

// signUp opens an account and returns its token.
func (v *visitor) signUp() string {
	v.t.Helper()
	body := strings.NewReader(`{"workspace":"acme","email":"ada@customer.example","born":"1990-12-10"}`)
	_, text := v.read(v.Post(v.server+"/accounts", "application/json", body))
	var got reply
	if err := json.Unmarshal([]byte(text), &got); err != nil || got.Token == "" {
		v.t.Fatalf("no account: %s", text)
	}
	return got.Token
}

// signedUp returns a visitor who has an account and is signed in.
func signedUp(t *testing.T, s *service) *visitor {
	t.Helper()
	v := newVisitor(t, s)
	v.submit("/sign-in", url.Values{"token": {v.signUp()}})
	return v
}

func choosing(purpose, choice string) url.Values {
	return url.Values{"purpose": {purpose}, "choice": {choice}}
}

var hiddenField = regexp.MustCompile(`<input type="hidden" name="(\w+)" value="([^"]*)">`)

// form fills in the form of a purpose as the page shows it now.
func (v *visitor) form(purpose, choice string) url.Values {
	v.t.Helper()
	_, page := v.get("/preferences")
	_, section, _ := strings.Cut(page, `<section id="`+purpose+`">`)
	section, _, _ = strings.Cut(section, "</section>")
	form := url.Values{"choice": {choice}}
	for _, field := range hiddenField.FindAllStringSubmatch(section, -1) {
		form.Set(field[1], html.UnescapeString(field[2]))
	}
	return form
}

// choose presses a button of the page of preferences.
func (v *visitor) choose(purpose, choice string) (int, string) {
	v.t.Helper()
	return v.submit("/preferences", v.form(purpose, choice))
}

func TestPreferencePages(t *testing.T) {
	s := openService(t, t.TempDir())
	v := newVisitor(t, s)
	token := v.signUp()

	if _, page := v.get("/preferences"); !strings.Contains(page, "<h1>Sign in</h1>") {
		t.Errorf("who is not signed in sees %.80s", page)
	}
	if status, page := v.submit("/sign-in", url.Values{"token": {"guessed"}}); status != http.StatusUnauthorized || !strings.Contains(page, `role="alert"`) {
		t.Errorf("a guessed token: %d, %.80s", status, page)
	}
	_, page := v.submit("/sign-in", url.Values{"token": {token}})
	for _, want := range []string{"Your preferences", `id="marketing"`, `id="security"`, `id="improvement"`, "You have not agreed", "LabelOp would like to send you news"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not show %q", want)
		}
	}
	if strings.Contains(page, `id="service"`) || strings.Contains(page, `id="accounting"`) {
		t.Error("the page offers what is not the person's to decide")
	}

	_, page = v.choose("marketing", "yes")
	if !strings.Contains(page, "You agreed") || !strings.Contains(page, "marketing-notice, version 1") {
		t.Error("the page does not show that she agreed, and to what")
	}
	_, page = v.choose("marketing", "no")
	if strings.Contains(page, "<strong>You agreed") || !strings.Contains(page, "<strong>You have not agreed") {
		t.Error("the page does not show the withdrawal")
	}
	_, page = v.choose("security", "no")
	if !strings.Contains(page, "You objected") {
		t.Error("the page does not show the objection")
	}
}

// To withdraw takes no more than to agree: one button in the same place, which
// asks for nothing else.
func TestToWithdrawIsAsEasyAsToAgree(t *testing.T) {
	v := newVisitor(t, openService(t, t.TempDir()))
	_, before := v.submit("/sign-in", url.Values{"token": {v.signUp()}})
	_, after := v.choose("marketing", "yes")
	for name, page := range map[string]string{"agree": before, "withdraw": after} {
		_, section, _ := strings.Cut(page, `<section id="marketing">`)
		section, _, _ = strings.Cut(section, "</section>")
		if forms, buttons, fields := strings.Count(section, "<form"), strings.Count(section, "<button"), strings.Count(section, "<input")-strings.Count(section, `type="hidden"`); forms != 1 || buttons != 1 || fields != 0 {
			t.Errorf("to %s takes %d forms, %d buttons and %d fields", name, forms, buttons, fields)
		}
	}
}

func TestPreferencesAreTakenFromOurOwnPagesOnly(t *testing.T) {
	v := signedUp(t, openService(t, t.TempDir()))
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, v.server+"/preferences", strings.NewReader(v.form("marketing", "yes").Encode()))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Sec-Fetch-Site", "cross-site")
	if status, _ := v.read(v.Do(request)); status != http.StatusForbidden {
		t.Errorf("another site's form: %d", status)
	}
	if _, page := v.get("/preferences"); strings.Contains(page, "You agreed") {
		t.Error("another site agreed for her")
	}
}

func TestAPersonTakesItsRecordAlong(t *testing.T) {
	v := signedUp(t, openService(t, t.TempDir()))
	v.choose("marketing", "yes")
	status, body := v.get("/preferences?format=json")
	var entries []struct {
		Kind    string            `json:"kind"`
		Subject privacy.SubjectID `json:"subject"`
	}
	if err := json.Unmarshal([]byte(body), &entries); err != nil || status != http.StatusOK || len(entries) != 3 || entries[2].Kind != "granted" {
		t.Errorf("%d, %v, %s", status, err, body)
	}
	for _, entry := range entries {
		if entry.Subject != entries[0].Subject {
			t.Error("the record holds somebody else's")
		}
	}
}

// A page that stayed open while something changed agrees to nothing, and still
// takes back.
func TestAPageThatIsOutOfDateAgreesToNothing(t *testing.T) {
	s := openService(t, t.TempDir())
	v := signedUp(t, s)
	stale := v.form("marketing", "yes")
	v.choose("marketing", "no")
	status, page := v.submit("/preferences", stale)
	if status != http.StatusConflict || !strings.Contains(page, `role="alert"`) || strings.Contains(page, "You agreed") {
		t.Errorf("agreed on a page that is out of date: %d", status)
	}

	otherText := v.form("marketing", "yes")
	s.marketingNotice = append([]byte("We would like to send you much more. "), s.marketingNotice...)
	if status, page := v.submit("/preferences", otherText); status != http.StatusConflict || !strings.Contains(page, "much more") {
		t.Errorf("agreed to a text that was not shown: %d", status)
	}
	if status, _ := v.submit("/preferences", choosing("marketing", "yes")); status != http.StatusConflict && status != http.StatusBadRequest {
		t.Errorf("agreed without a page: %d", status)
	}

	v.choose("marketing", "yes")
	late := v.form("marketing", "no")
	v.choose("security", "no")
	if status, page := v.submit("/preferences", late); status != http.StatusOK || !strings.Contains(page, "You have not agreed") {
		t.Errorf("to take back on a page that is out of date: %d", status)
	}
}

// An account that the gate refuses can still take everything back.
func TestWhoIsRefusedCanStillWithdraw(t *testing.T) {
	s := openService(t, t.TempDir())
	v := newVisitor(t, s)
	token := v.signUp()
	v.submit("/sign-in", url.Values{"token": {token}})
	v.choose("marketing", "yes")
	found, err := s.accountOf(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.ledger.Restrict(t.Context(), found.subject(), consent.Restriction{Ground: "18(1)(a)"}); err != nil {
		t.Fatal(err)
	}
	if _, page := v.choose("marketing", "no"); !strings.Contains(page, "You have not agreed") {
		t.Errorf("the withdrawal was not taken: %.200s", page)
	}
}
