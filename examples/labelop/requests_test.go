package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/dsr/fulfilment/fulfilmenttest"
	"github.com/labelop/privacykit/dsr/regime"
	"github.com/labelop/privacykit/privacy"
)

func TestRequestsJourneyGoesAsExpected(t *testing.T) {
	var out bytes.Buffer
	journey, err := newRequestsJourney(t.Context(), &out, "http://127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	err = journey.play(t.Context())
	if err != nil || !strings.Contains(out.String(), "steps went as expected") {
		t.Errorf("%v\n%s", err, &out)
	}
	if err := journey.close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(journey.directory); !os.IsNotExist(err) {
		t.Errorf("the journey leaves its files (%v)", err)
	}
}

func TestEverySystemHasItsConnector(t *testing.T) {
	d := openService(t, t.TempDir()).requests
	fulfilmenttest.RequireConnectors(t, d.register, d.connectors())
}

// deskTest is a service of which people ask something in a test.
type deskTest struct {
	*requestsJourney
	t *testing.T
}

func openDesk(t *testing.T) deskTest {
	t.Helper()
	var out bytes.Buffer
	q, err := newRequestsJourney(t.Context(), &out, "http://127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := q.close(); err != nil {
			t.Error(err)
		}
		if q.surprises > 0 {
			t.Errorf("what the test prepares went wrong:\n%s", &out)
		}
	})
	q.people(t.Context())
	return deskTest{q, t}
}

// open has somebody ask for something.
func (d deskTest) open(r request) caseView {
	d.t.Helper()
	status, body, err := d.send(d.t.Context(), r)
	var c caseView
	if err == nil {
		err = json.Unmarshal(body, &c)
	}
	if err != nil || status != http.StatusAccepted {
		d.t.Fatalf("status %d, %v: %s", status, err, body)
	}
	return c
}

// refuses expects a problem that says nothing about anybody.
func (d deskTest) refuses(what string, r request, status int, code string) {
	d.t.Helper()
	message, err := http.NewRequestWithContext(d.t.Context(), r.method, d.url+r.path, strings.NewReader(d.encoded(r)))
	if err != nil {
		d.t.Fatal(err)
	}
	if r.token != "" {
		message.Header.Set("Authorization", "Bearer "+r.token)
	}
	response, err := http.DefaultClient.Do(message)
	if err != nil {
		d.t.Fatal(err)
	}
	defer response.Body.Close()
	var problem requestProblem
	decoder := json.NewDecoder(response.Body)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&problem); err != nil {
		d.t.Errorf("%s: no problem detail: %v", what, err)
		return
	}
	if response.StatusCode != status || problem.Status != status || problem.Code != code {
		d.t.Errorf("%s: status %d, %s; want %d, %s", what, response.StatusCode, problem.Code, status, code)
	}
	if kind := response.Header.Get("Content-Type"); kind != "application/problem+json" {
		d.t.Errorf("%s: content type %s", what, kind)
	}
	for _, text := range []string{"ada", "customer.example", d.workspace} {
		if strings.Contains(strings.ToLower(problem.Title+problem.Type+problem.Code), text) {
			d.t.Errorf("%s: the problem says %q", what, text)
		}
	}
}

func (d deskTest) encoded(r request) string {
	if text, ok := r.body.(string); ok {
		return text
	}
	data, err := json.Marshal(r.body)
	if err != nil {
		d.t.Fatal(err)
	}
	return string(data)
}

func TestRequestsOfOthersDoNotExist(t *testing.T) {
	d := openDesk(t)
	c := d.open(ask(d.ada, object{"kind": "access"}))
	other := d.open(ask(d.eve, object{"kind": "access"}))
	colleague := d.quietly(t.Context(), request{method: "POST", path: "/accounts", status: 201, code: "allowed",
		body: object{"workspace": d.workspaceOf("ada"), "email": "colleague@customer.example", "born": "1986-05-01"}}).Token
	path := "/requests/" + string(c.ID)
	for _, r := range []request{
		{method: "GET", path: path},
		{method: "POST", path: path + "/codes"},
		{method: "PUT", path: path + "/identity", body: object{"code": "AAAAAAAA"}},
		{method: "POST", path: path + "/downloads"},
	} {
		for who, token := range map[string]string{"another customer": d.eve.token, "a colleague": colleague, "the token of another case": other.Token} {
			r.token = token
			d.refuses(who+": "+r.method+" "+r.path, r, http.StatusNotFound, "not_found")
		}
		for who, token := range map[string]string{"nobody": "", "a forged token": "case-" + strings.Repeat("A", 26)} {
			r.token = token
			d.refuses(who+": "+r.method+" "+r.path, r, http.StatusUnauthorized, "unknown_token")
		}
	}
	_, list, err := d.send(t.Context(), request{method: "GET", path: "/requests", token: d.eve.token})
	if err != nil || !strings.Contains(string(list), string(other.ID)) || strings.Contains(string(list), string(c.ID)) {
		t.Errorf("the list of another: %s, %v", list, err)
	}
	for who, token := range map[string]string{"her account": d.ada.token, "the token of the case": c.Token} {
		if status, _, err := d.send(t.Context(), look(token, c)); status != http.StatusOK || err != nil {
			t.Errorf("by %s: status %d, %v", who, status, err)
		}
	}
}

// A customer sees what was forwarded to it, not what its account holders ask LabelOp.
func TestCustomersDoNotSeeTheRequestsOfTheirPeople(t *testing.T) {
	d := openDesk(t)
	c := d.open(ask(d.ada, object{"kind": "access"}))
	d.refuses("acknowledging it", request{method: "PUT", path: "/forwarded/" + string(c.ID) + "/acknowledgement", token: d.ada.token}, http.StatusNotFound, "not_found")
	d.refuses("a picture that is not there", request{method: "POST", path: "/pictured",
		body: object{"kind": "erasure", "image": "image-of-nobody", "email": "dan@elsewhere.example"}}, http.StatusNotFound, "not_found")
}

func TestOnlyStaffIsLetToTheDesk(t *testing.T) {
	d := openDesk(t)
	c := d.open(ask(d.ada, object{"kind": "erasure"}))
	of := "/desk/requests/" + d.workspaceOf("ada") + "/" + string(c.ID)
	for _, r := range []request{
		{method: "GET", path: "/desk/requests?workspace=" + d.workspaceOf("ada")},
		{method: "GET", path: "/desk/alerts"},
		{method: "GET", path: of + "/plan"}, {method: "GET", path: of + "/log"},
		{method: "POST", path: of + "/work"}, {method: "POST", path: of + "/extension"}, {method: "POST", path: of + "/refusal"}, {method: "POST", path: of + "/answer"},
		{method: "PUT", path: "/desk/holds/" + d.workspaceOf("ada") + "/H1"}, {method: "DELETE", path: "/desk/holds/" + d.workspaceOf("ada") + "/H1"},
		{method: "POST", path: "/desk/imports"},
	} {
		for _, token := range []string{"", d.ada.token, c.Token, "staff-"} {
			r.token = token
			d.refuses(r.method+" "+r.path, r, http.StatusUnauthorized, "unknown_token")
		}
	}
	staff := request{method: "GET", path: "/desk/requests/" + d.workspaceOf("eve") + "/" + string(c.ID) + "/plan", token: d.service.requests.staffToken}
	d.refuses("staff that names another customer", staff, http.StatusNotFound, "not_found")
}

func TestUnknownRequestsAreRefused(t *testing.T) {
	d := openDesk(t)
	for body, want := range map[string]struct {
		status int
		code   string
	}{
		`{"kind":"everything"}`:   {400, "unknown_request"},
		`{"kind":"appeal"}`:       {400, "unknown_request"},
		`{"kind":"notice_art14"}`: {400, "unknown_request"},
		`{}`:                      {400, "unknown_request"},
		`{"kind":"erasure","categories":["shoe size"]}`: {400, "invalid"},
		`{"kind":"erasure","ground":"because"}`:         {400, "invalid"},
		`{"kind":"access","workspace":"another"}`:       {400, "invalid"},
		`{"kind":`:                        {400, "invalid"},
		`{"kind":"opt_out_sale_sharing"}`: {422, "not_regulated"},
		`{"kind":"opt_out_sale_sharing","residence":"Mars"}`: {422, "not_regulated"},
	} {
		d.refuses(body, request{method: "POST", path: "/requests", token: d.ada.token, body: body}, want.status, want.code)
	}
	d.refuses("nobody", request{method: "POST", path: "/requests", body: `{"kind":"access"}`}, http.StatusBadRequest, "invalid")
	d.refuses("a forged token", request{method: "POST", path: "/requests", token: "forged", body: `{"kind":"access"}`}, http.StatusUnauthorized, "unknown_token")
	var left int
	if err := d.service.tables.QueryRowContext(t.Context(), `SELECT COUNT(*) FROM request`).Scan(&left); err != nil || left != 0 {
		t.Errorf("%d requests are remembered that were refused (%v)", left, err)
	}
}

func TestCodesEnd(t *testing.T) {
	d := openDesk(t)
	c := d.open(ask(customer{}, object{"kind": "access", "email": benMail}))
	try := func(code string) request {
		return request{method: "PUT", path: "/requests/" + string(c.ID) + "/identity", token: c.Token, body: object{"code": code}}
	}
	another := request{method: "POST", path: "/requests/" + string(c.ID) + "/codes", token: c.Token, status: 202, code: "sent"}
	seen := map[string]bool{}
	for range dsr.CodesPerCase {
		codes := slices.DeleteFunc(d.codes(), func(code string) bool { return seen[code] })
		if len(codes) != 1 {
			t.Fatalf("%d new codes were sent, want 1", len(codes))
		}
		seen[codes[0]] = true
		for range dsr.CodeAttempts {
			d.refuses("a wrong code", try("AAAAAAAA"), http.StatusForbidden, "identity_not_proved")
		}
		d.refuses("the right code after the last attempt", try(codes[0]), http.StatusForbidden, "identity_not_proved")
		d.quietly(t.Context(), another)
	}
	if codes := d.codes(); len(codes) != dsr.CodesPerCase {
		t.Errorf("%d codes were sent in all, want %d", len(codes), dsr.CodesPerCase)
	}
	d.refuses("any code after the last", try("AAAAAAAA"), http.StatusForbidden, "identity_not_proved")
	if status, body, err := d.send(t.Context(), look(c.Token, c)); status != 200 || err != nil || !strings.Contains(string(body), "identity_pending") {
		t.Errorf("after all that: status %d, %v: %s", status, err, body)
	}
}

func TestLateCodesAreRefused(t *testing.T) {
	d := openDesk(t)
	c := d.open(ask(customer{}, object{"kind": "access", "email": benMail}))
	code := strings.Join(d.codes(), "")
	late := d.clock.Now().Add(dsr.CodeLife)
	d.clock.at.Store(&late)
	proof := request{method: "PUT", path: "/requests/" + string(c.ID) + "/identity", token: c.Token, body: object{"code": code}}
	d.refuses("a code of yesterday", proof, http.StatusForbidden, "identity_not_proved")
	early := late.Add(-time.Minute)
	d.clock.at.Store(&early)
	if status, _, err := d.send(t.Context(), proof); status != http.StatusOK || err != nil {
		t.Errorf("the same code a minute earlier: status %d, %v", status, err)
	}
}

// Whether LabelOp knows an address shows in no answer to somebody who has not
// proved that it is theirs.
func TestAddressesAreNotGivenAway(t *testing.T) {
	d := openDesk(t)
	for _, body := range []object{
		{"kind": "access"}, {"kind": "erasure"}, {"kind": "objection", "marketing": true}, {"kind": "withdraw_consent"},
		{"kind": "opt_out_sale_sharing", "residence": "US-CA"},
	} {
		var answers []string
		for _, mail := range []string{benMail, "nobody@elsewhere.example"} {
			body["email"] = mail
			answers = append(answers, d.stranger(body))
		}
		if answers[0] != answers[1] {
			t.Errorf("%s:\n%s\n%s", body["kind"], answers[0], answers[1])
		}
	}
}

// stranger asks for something in the name of an address, tries what can be tried,
// and returns all answers without what is new each time.
func (d deskTest) stranger(body object) string {
	d.t.Helper()
	c := d.open(ask(customer{}, body))
	path := "/requests/" + string(c.ID)
	var answers []string
	tries := []request{{method: "GET", path: path}}
	for range dsr.CodeAttempts + 1 {
		tries = append(tries, request{method: "PUT", path: path + "/identity", body: object{"code": "AAAAAAAA"}})
	}
	tries = append(tries, request{method: "POST", path: path + "/downloads"}, request{method: "POST", path: path + "/codes"}, request{method: "GET", path: path})
	for _, r := range tries {
		r.token = c.Token
		status, answer, err := d.send(d.t.Context(), r)
		if err != nil {
			d.t.Fatal(err)
		}
		answers = append(answers, r.method+" "+http.StatusText(status)+" "+strings.ReplaceAll(string(answer), string(c.ID), "ID"))
	}
	c.ID, c.Token = "", ""
	return caseLineOf(c) + "\n" + strings.Join(answers, "")
}

func TestLinksAreGoodOnceForOneCase(t *testing.T) {
	d := openDesk(t)
	ada := d.open(ask(d.ada, object{"kind": "access"}))
	eve := d.open(ask(d.eve, object{"kind": "access"}))
	if err := d.service.requests.work(t.Context()); err != nil {
		t.Fatal(err)
	}
	link, second, other := d.linkTo(ada), d.linkTo(ada), d.linkTo(eve)
	path, token, _ := strings.Cut(link, "?token=")
	otherPath, otherToken, _ := strings.Cut(other, "?token=")
	flipped := token[:len(token)-1] + string(token[len(token)-1]^1)
	get := func(path string) request { return request{method: "GET", path: path} }
	for what, r := range map[string]request{
		"no token": get(path), "a forged token": get(path + "?token=" + flipped), "a token of another case": get(path + "?token=" + otherToken),
		"her token for another case": get(otherPath + "?token=" + token),
		"a case that is not there":   get(strings.Replace(path, string(ada.ID), "nothing", 1) + "?token=" + token),
		"another customer":           get(strings.Replace(path, d.workspaceOf("ada"), d.workspaceOf("eve"), 1) + "?token=" + token),
	} {
		d.refuses(what, r, http.StatusForbidden, "link_not_good")
	}
	looked, _, err := d.send(t.Context(), request{method: "HEAD", path: link})
	if err != nil || looked != http.StatusMethodNotAllowed {
		t.Errorf("looking at a link: status %d, %v", looked, err)
	}
	status, body, err := d.send(t.Context(), get(link))
	if err != nil || status != http.StatusOK || !strings.HasPrefix(packageLine(body), "whole") {
		t.Fatalf("status %d, %v: %s", status, err, packageLine(body))
	}
	d.refuses("a token that was used", get(link), http.StatusForbidden, "link_not_good")
	d.refuses("another token, when she has the copy", get(second), http.StatusForbidden, "link_not_good")
	if entries, err := os.ReadDir(d.service.requests.spool.of(privacy.TenantID(d.workspaceOf("ada")), ada.ID)); err == nil {
		t.Errorf("%d systems' copies are left after the download", len(entries))
	}
	late := d.clock.Now().AddDate(0, 0, 7)
	d.clock.at.Store(&late)
	d.refuses("a token that has expired", get(other), http.StatusForbidden, "link_not_good")
}

// linkTo asks for a link to the copy of a case.
func (d deskTest) linkTo(c caseView) string {
	d.t.Helper()
	status, body, err := d.send(d.t.Context(), request{method: "POST", path: "/requests/" + string(c.ID) + "/downloads", token: c.Token})
	var link packageLink
	if err == nil {
		err = json.Unmarshal(body, &link)
	}
	if err != nil || status != http.StatusCreated {
		d.t.Fatalf("status %d, %v: %s", status, err, body)
	}
	return link.Link
}

func TestNoDownloadBeforeAnybodyIsIdentified(t *testing.T) {
	d := openDesk(t)
	c := d.open(ask(customer{}, object{"kind": "access", "email": benMail}))
	if err := d.service.requests.work(t.Context()); err != nil {
		t.Fatal(err)
	}
	d.refuses("a download", request{method: "POST", path: "/requests/" + string(c.ID) + "/downloads", token: c.Token}, http.StatusConflict, "not_ready")
	d.refuses("a package", request{method: "GET", path: "/packages/" + d.workspaceOf("ben") + "/" + string(c.ID)}, http.StatusForbidden, "link_not_good")
}

func TestRefusalsSayWhy(t *testing.T) {
	d := openDesk(t)
	c := d.open(ask(d.ada, object{"kind": "erasure"}))
	refusal := d.desk("POST", "refusal", "ada", c, object{"reason": "contract"})
	d.refuses("a refusal by a code alone", refusal, http.StatusConflict, "reasons_required")
	refusal.body = object{"reason": "contract", "explanation": "We need them for your contract."}
	d.quietlySee(t.Context(), refusal)
	letters, err := d.service.requests.letters("ada@customer.example")
	if err != nil || !slices.ContainsFunc(letters, func(l string) bool { return strings.Contains(l, "We need them for your contract.") }) {
		t.Errorf("no letter says why (%v): %q", err, letters)
	}
}

// A request that was cut off while it was taken is taken up by the work that goes
// on in the background.
func TestRequestsThatWereCutOffAreTakenUp(t *testing.T) {
	d := openDesk(t)
	desk := d.service.requests
	for name, in := range map[string]intake{
		"access":    {who: d.accountOf(t.Context(), d.ada), signedIn: true, asked: asked{Kind: regime.RequestAccess}},
		"objection": {who: d.accountOf(t.Context(), d.ada), signedIn: true, asked: asked{Kind: regime.RequestObjection, Marketing: true}},
		"by mail":   {who: d.accountOf(t.Context(), d.ben), asked: asked{Kind: regime.RequestAccess}},
	} {
		c, token, err := desk.open(t.Context(), in)
		if err != nil || token == "" {
			t.Fatal(err)
		}
		if err := desk.work(t.Context()); err != nil {
			t.Fatal(err)
		}
		if c, err = desk.store.Case(t.Context(), c.Tenant, c.ID); err != nil {
			t.Fatal(err)
		}
		state := c.State()
		if state != dsr.StateFulfilled && state != dsr.StateIdentityPending && !ready(c) {
			t.Errorf("%s: still %s", name, state)
		}
	}
	if codes := d.codes(); len(codes) != 1 {
		t.Errorf("%d codes were sent, want 1", len(codes))
	}
}

func TestRequestsUnderOneKeyAreOne(t *testing.T) {
	d := openDesk(t)
	send := func(by customer, body string) (int, caseView) {
		message, err := http.NewRequestWithContext(t.Context(), http.MethodPost, d.url+"/requests", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		message.Header.Set("Authorization", "Bearer "+by.token)
		message.Header.Set("Idempotency-Key", "form-1")
		response, err := http.DefaultClient.Do(message)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		var c caseView
		if err := json.NewDecoder(response.Body).Decode(&c); err != nil {
			t.Fatal(err)
		}
		return response.StatusCode, c
	}
	_, first := send(d.ada, `{"kind":"access"}`)
	status, again := send(d.ada, `{"kind":"access"}`)
	if status != http.StatusAccepted || again.ID != first.ID || first.Token == "" || again.Token != "" {
		t.Errorf("again: status %d, the same case: %t, tokens %t and %t", status, again.ID == first.ID, first.Token != "", again.Token != "")
	}
	if status, other := send(d.ada, `{"kind":"erasure"}`); status != http.StatusConflict || other.Code != "conflict" {
		t.Errorf("something else under the key: status %d, %s", status, other.Code)
	}
	if status, other := send(d.eve, `{"kind":"access"}`); status != http.StatusAccepted || other.ID == first.ID {
		t.Errorf("somebody else under the key: status %d", status)
	}
	if status, _, err := d.send(t.Context(), look(first.Token, first)); err != nil || status != http.StatusOK {
		t.Errorf("by the first token: status %d, %v", status, err)
	}
}

// Of somebody who was erased and has the answer, no table holds the address or the
// words any more.
func TestNothingOfAnErasedPersonIsLeft(t *testing.T) {
	d := openDesk(t)
	desk := d.service.requests
	c := d.open(ask(d.ben, object{"kind": "erasure", "message": "I am Benjamin."}))
	ben := d.accountOf(t.Context(), d.ben)
	personal := []string{benMail, "Benjamin", "This is ben."}
	if left := d.tablesWith(personal); len(left) == 0 {
		t.Fatal("nothing is found before the erasure, so that nothing is tested")
	}
	d.quietlySee(t.Context(), d.desk("POST", "work", "ben", c, nil))
	if err := desk.work(t.Context()); err != nil {
		t.Fatal(err)
	}
	if left := d.tablesWith(personal); len(left) != 0 {
		t.Errorf("%s hold something of the person", left)
	}
	for _, folder := range []string{"attachments", "logs", "exports"} {
		entries, err := os.ReadDir(desk.path(folder))
		if err != nil {
			t.Fatal(err)
		}
		for _, entry := range entries {
			if strings.Contains(entry.Name(), string(ben.ID)) || entry.Name() == filepath.Base(usageLog("", ben.Workspace, ben.ID)) {
				t.Errorf("%s holds something of the person", folder)
			}
		}
	}
}

// tablesWith returns the tables with a value that holds one of the texts.
func (d deskTest) tablesWith(texts []string) []string {
	d.t.Helper()
	tables, err := d.service.column(d.t.Context(), `SELECT name FROM sqlite_master WHERE type = 'table'`)
	if err != nil {
		d.t.Fatal(err)
	}
	var found []string
	for _, table := range tables {
		columns, err := d.service.column(d.t.Context(), `SELECT 'CAST("' || name || '" AS TEXT)' FROM pragma_table_info(?)`, table)
		if err != nil {
			d.t.Fatal(err)
		}
		rows, err := d.service.column(d.t.Context(), `SELECT coalesce(concat_ws(' ', `+strings.Join(columns, ", ")+`), '') FROM "`+table+`"`)
		if err != nil {
			d.t.Fatal(err)
		}
		all := strings.Join(rows, "\n")
		if slices.ContainsFunc(texts, func(text string) bool { return strings.Contains(all, text) }) {
			found = append(found, table)
		}
	}
	return found
}
