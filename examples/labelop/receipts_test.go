package main

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/consent/receipt"
	"github.com/labelop/privacykit/privacy"
)

var receiptHref = regexp.MustCompile(`href="(/preferences/receipts/[^"?]+)"`)

// receiptPaths are the receipts that the page of preferences offers.
func (v *visitor) receiptPaths() []string {
	v.t.Helper()
	_, page := v.get("/preferences")
	var paths []string
	for _, match := range receiptHref.FindAllStringSubmatch(page, -1) {
		paths = append(paths, match[1])
	}
	return paths
}

// stream is that of the only account with a marketing decision.
func streamOf(t *testing.T, s *service) consent.StreamKey {
	t.Helper()
	var found account
	row := s.tables.QueryRowContext(t.Context(), `SELECT account.id, workspace FROM account JOIN receipt ON receipt.account = account.id LIMIT 1`)
	if err := row.Scan(&found.ID, &found.Workspace); err != nil {
		t.Fatal(err)
	}
	return found.stream()
}

// verified downloads a receipt and verifies it with what is published, as
// somebody would who has nothing else.
func (v *visitor) verified(path string, stream consent.StreamKey) receipt.Receipt {
	v.t.Helper()
	_, published := v.get(receiptKeysPath)
	keys, err := receipt.ReadKeyring([]byte(published))
	if err != nil {
		v.t.Fatal(err)
	}
	_, signed := v.get(path + "?format=jws")
	document, err := keys.Verify(signed, stream)
	if err != nil {
		v.t.Fatalf("%v: %.80s", err, signed)
	}
	return document
}

func lastStep(document receipt.Receipt) string {
	steps := document.Records[0].Statuses
	return steps[len(steps)-1].Type
}

func TestAPersonTakesItsReceiptsAlong(t *testing.T) {
	s := openService(t, t.TempDir())
	v := signedUp(t, s)
	if paths := v.receiptPaths(); len(paths) != 0 {
		t.Fatalf("%d receipts of nothing", len(paths))
	}
	v.choose("marketing", "yes")
	v.choose("marketing", "no")
	v.choose("security", "no") // no consent, no consent receipt
	paths := v.receiptPaths()
	if len(paths) != 2 {
		t.Fatalf("%d receipts, want one of the consent and one of its withdrawal", len(paths))
	}
	stream := streamOf(t, s)
	agreed, withdrew := v.verified(paths[0], stream), v.verified(paths[1], stream)
	if lastStep(agreed) != "dpv:ConsentGiven" || len(agreed.Records[0].Statuses) != 1 {
		t.Errorf("the first receipt is of %s", lastStep(agreed))
	}
	if lastStep(withdrew) != "dpv:ConsentWithdrawn" || len(withdrew.Records[0].Statuses) != 2 {
		t.Errorf("the second receipt is of %s", lastStep(withdrew))
	}
	records, err := s.ledger.Records(t.Context(), stream, 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, document := range []receipt.Receipt{agreed, withdrew} {
		if err := document.Match(records); err != nil || len(document.Records) != 1 {
			t.Errorf("the receipt does not fit the ledger: %v", err)
		}
	}

	status, page := v.get(paths[1])
	for _, want := range []string{"You agreed", "You withdrew", "marketing-notice@1", "LabelOp Fictional GmbH", "Musterstrasse 1", "Mail address", "Post Fictional BV", "says what our ledger says", `href="` + receiptKeysPath} {
		if status != http.StatusOK || !strings.Contains(page, want) {
			t.Errorf("the page (%d) does not show %q", status, want)
		}
	}
	_, text := v.get(paths[0] + "?format=json")
	var document map[string]any
	if err := json.Unmarshal([]byte(text), &document); err != nil || document["@type"] != "dpv:ConsentReceipt" {
		t.Errorf("the document: %v, %.80s", err, text)
	}
}

func TestAReceiptIsDownloadedAsAFile(t *testing.T) {
	v := signedUp(t, openService(t, t.TempDir()))
	v.choose("marketing", "yes")
	path := v.receiptPaths()[0]
	for format, want := range map[string][2]string{"jws": {"application/jose", ".jws"}, "json": {"application/ld+json", ".jsonld"}} {
		response, err := v.Get(v.server + path + "?format=" + format)
		status, _ := v.read(response, err)
		header := response.Header
		if status != http.StatusOK || header.Get("Content-Type") != want[0] || header.Get("Cache-Control") != "no-store" ||
			!strings.HasPrefix(header.Get("Content-Disposition"), "attachment; ") || !strings.Contains(header.Get("Content-Disposition"), want[1]+`"`) {
			t.Errorf("%s: %d, %v", format, status, header)
		}
	}
	if status, _ := v.get(path + "?format=pdf"); status != http.StatusNotFound {
		t.Errorf("a format that is not there: %d", status)
	}
}

// Two people of one workspace: neither sees the other's receipts.
func TestAReceiptIsNobodyElsesToSee(t *testing.T) {
	s := openService(t, t.TempDir())
	ada, eve := signedUp(t, s), signedUp(t, s)
	ada.choose("marketing", "yes")
	eve.choose("marketing", "yes")
	path := ada.receiptPaths()[0]
	for _, format := range []string{"", "?format=jws", "?format=json"} {
		if status, body := eve.get(path + format); status != http.StatusNotFound || strings.Contains(body, "dpv") {
			t.Errorf("%q: somebody else is answered %d", format, status)
		}
		if _, page := newVisitor(t, s).get(path + format); !strings.Contains(page, "<h1>Sign in</h1>") {
			t.Errorf("%q: who is not signed in sees %.80s", format, page)
		}
	}
	if len(eve.receiptPaths()) != 1 || eve.receiptPaths()[0] == path {
		t.Error("somebody else's page offers the receipt")
	}
}

// A receipt is of what was declared when it was made, whatever is declared since,
// and whoever has it can verify it after a restart.
func TestAReceiptOutlivesARelease(t *testing.T) {
	directory := t.TempDir()
	var token, path, before string
	var stream consent.StreamKey
	for _, r := range []release{firstRelease(), secondRelease(), thirdRelease()} {
		s, err := openRelease(context.WithoutCancel(t.Context()), directory, "http://127.0.0.1:0", r, privacy.SystemClock{})
		if err != nil {
			t.Fatal(err)
		}
		v := newVisitor(t, s)
		if r.number == 1 {
			token = v.signUp()
		}
		v.submit("/sign-in", url.Values{"token": {token}})
		if r.number == 1 {
			v.choose("marketing", "yes")
			path, stream = v.receiptPaths()[0], streamOf(t, s)
			_, before = v.get(path + "?format=jws")
		}
		if _, now := v.get(path + "?format=jws"); now != before {
			t.Errorf("release %d: another receipt", r.number)
		}
		if data := v.verified(path, stream).Records[0].Processes[0].Data; len(data) != 1 {
			t.Errorf("release %d: the receipt tells of %d categories, one was agreed to", r.number, len(data))
		}
		if err := s.close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestReceiptsEndWithTheAccount(t *testing.T) {
	s := openService(t, t.TempDir())
	v := signedUp(t, s)
	v.choose("marketing", "yes")
	stream := streamOf(t, s)
	if _, err := s.tables.ExecContext(t.Context(), `DELETE FROM account WHERE id = ?`, stream.Subject); err != nil {
		t.Fatal(err)
	}
	var left int
	if err := s.tables.QueryRowContext(t.Context(), `SELECT COUNT(*) FROM receipt`).Scan(&left); err != nil || left != 0 {
		t.Errorf("%d receipts are left of a deleted account (%v)", left, err)
	}
}

// Whoever cannot be given a receipt can still say no, and agrees to nothing.
func TestNoReceiptIsNoReasonNotToWithdraw(t *testing.T) {
	s := openService(t, t.TempDir())
	v := signedUp(t, s)
	v.choose("marketing", "yes")
	profile := s.receipts.profile
	s.receipts.profile.ControlURL = ""
	if _, page := v.choose("marketing", "no"); !strings.Contains(page, "You have not agreed") {
		t.Error("the withdrawal was not taken")
	}
	if status, _ := v.choose("marketing", "yes"); status != http.StatusBadRequest {
		t.Errorf("agreed without a receipt: %d", status)
	}
	s.receipts.profile = profile
	if _, page := v.get("/preferences"); strings.Contains(page, "You agreed<") {
		t.Error("the consent without a receipt is in the ledger")
	}
}

func TestProcessesThatStartAtOnceShareAKey(t *testing.T) {
	path := filepath.Join(t.TempDir(), receiptKeyFile)
	var names [8]string
	var wait sync.WaitGroup
	for i := range names {
		wait.Go(func() {
			signer, keys, err := receiptKeys(path)
			if err != nil || keys == nil {
				t.Error(err)
				return
			}
			names[i] = signer.KeyID()
		})
	}
	wait.Wait()
	for _, name := range names {
		if name == "" || name != names[0] {
			t.Errorf("keys %q and %q", name, names[0])
		}
	}
	files, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(files) != 1 {
		t.Errorf("%d files are left of making one key (%v)", len(files), err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("permissions %v (%v)", info.Mode(), err)
	}
}

// What older keys signed is verified with what is published after a new key came
// before them.
func TestAKeyIsReplaced(t *testing.T) {
	directory := t.TempDir()
	first, second := filepath.Join(directory, "first"), filepath.Join(directory, "second")
	older, _, err := receiptKeys(first)
	if err != nil {
		t.Fatal(err)
	}
	newer, _, err := receiptKeys(second)
	if err != nil {
		t.Fatal(err)
	}
	var both []byte
	for _, path := range []string{second, first} {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		both = append(both, data...)
	}
	if err := os.WriteFile(filepath.Join(directory, receiptKeyFile), both, 0o600); err != nil {
		t.Fatal(err)
	}
	s := openService(t, directory)
	_, published := newVisitor(t, s).get(receiptKeysPath)
	if s.receipts.signer.KeyID() != newer.KeyID() || !strings.Contains(published, older.KeyID()) || !strings.Contains(published, newer.KeyID()) {
		t.Errorf("the newer key does not sign, or one is not published: %s", published)
	}
	for name, content := range map[string]string{"empty": "", "no key": "text", "another block": "-----BEGIN CERTIFICATE-----\nAQAB\n-----END CERTIFICATE-----\n"} {
		path := filepath.Join(directory, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, _, err := receiptKeys(path); err == nil {
			t.Errorf("%s: a key was read", name)
		}
	}
}
