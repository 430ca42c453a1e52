package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestPreferencesInABrowser clicks through the preference page in Chromium. It
// needs chromium and chromedriver, and without them fails only if
// PRIVACYKIT_REQUIRE_BROWSER is 1. PRIVACYKIT_SCREENSHOTS names a directory to
// keep pictures in.
func TestPreferencesInABrowser(t *testing.T) {
	v := newVisitor(t, openService(t, t.TempDir()))
	token := v.signUp()
	b := openBrowser(t)

	b.visit(v.server + "/preferences")
	b.write("#token", token)
	b.press("#sign-in")
	b.expect("h1", "Your preferences")
	b.expect("#marketing .state", "You have not agreed.")
	b.picture("preferences-before")

	agree := b.count(func() { b.press("#marketing button") })
	b.expect("#marketing .state", "You agreed")
	b.expect("#marketing blockquote", "LabelOp would like to send you news")
	b.picture("preferences-agreed")

	withdraw := b.count(func() { b.press("#marketing button") })
	b.expect("#marketing .state", "You have not agreed")
	if withdraw > agree {
		t.Errorf("to agree takes %d actions, to withdraw %d", agree, withdraw)
	}
	b.expect("#marketing .receipts li:nth-child(2)", "You withdrew")
	b.press("#marketing .receipts li:nth-child(2) a")
	b.expect("h1", "Consent receipt")
	b.expect(".statuses li:first-child", "You agreed")
	b.expect(".statuses li:nth-child(2)", "You withdrew")
	b.expect("#proof", "It says what our ledger says.")
	b.picture("receipt")
	if got := b.attribute("#signed", "href"); !strings.HasSuffix(got, "?format=jws") {
		t.Errorf("the signed receipt is at %q", got)
	}
	b.press("#keys")
	b.expect("body", `"crv":"Ed25519"`)
	b.visit(v.server + "/preferences")

	b.press("#security button")
	b.expect("#security .state", "You objected")
	b.visit(v.server + "/policy")
	b.expect("h1", "LabelOp privacy policy")
	b.picture("policy")
}

// browser drives Chromium by the WebDriver protocol (W3C).
type browser struct {
	t       *testing.T
	session string
	actions int
}

func openBrowser(t *testing.T) *browser {
	t.Helper()
	driver, err := exec.LookPath("chromedriver")
	if err != nil {
		if os.Getenv("PRIVACYKIT_REQUIRE_BROWSER") == "1" {
			t.Fatal("chromedriver is not installed")
		}
		t.Skip("chromedriver is not installed")
	}
	address := freeAddress(t)
	_, port, _ := net.SplitHostPort(address)
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	process := exec.CommandContext(ctx, driver, "--port="+port)
	if err := process.Start(); err != nil {
		stop()
		t.Fatal(err)
	}
	b := &browser{t: t, session: "http://" + address}
	t.Cleanup(func() {
		b.call(http.MethodDelete, "", nil, nil)
		stop()
		_ = process.Wait() // it was killed
	})
	b.await(func() bool { return b.try(http.MethodGet, "/status", nil, nil) == nil })
	b.begin()
	return b
}

func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

func (b *browser) begin() {
	b.t.Helper()
	arguments := []string{
		"--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
		"--disable-component-update", "--disable-sync", "--user-data-dir=" + b.t.TempDir(), "--window-size=800,1000",
	}
	var created struct{ SessionID string }
	b.call(http.MethodPost, "/session", object{"capabilities": object{"alwaysMatch": object{"goog:chromeOptions": object{"args": arguments}}}}, &created)
	b.session += "/session/" + created.SessionID
}

// try makes one call of the protocol and decodes the value it answers with.
func (b *browser) try(method, path string, body, value any) error {
	data, err := json.Marshal(body)
	if err != nil {
		return err
	}
	if body == nil {
		data = nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(b.t.Context()), time.Minute)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, b.session+path, bytes.NewReader(data))
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	var answer struct{ Value json.RawMessage }
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s: %d %.300s", method, path, response.StatusCode, answer.Value)
	}
	if value == nil {
		return nil
	}
	return json.Unmarshal(answer.Value, value)
}

func (b *browser) call(method, path string, body, value any) {
	b.t.Helper()
	if err := b.try(method, path, body, value); err != nil {
		b.t.Fatal(err)
	}
}

// await waits until something holds.
func (b *browser) await(holds func() bool) {
	b.t.Helper()
	for range 600 {
		if holds() {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	b.t.Fatal("the browser did not come so far")
}

func (b *browser) visit(url string) {
	b.t.Helper()
	b.call(http.MethodPost, "/url", object{"url": url}, nil)
}

func (b *browser) find(selector string) (string, error) {
	var found map[string]string
	err := b.try(http.MethodPost, "/element", object{"using": "css selector", "value": selector}, &found)
	for _, id := range found {
		return "/element/" + id, err
	}
	return "", err
}

func (b *browser) write(selector, text string) {
	b.t.Helper()
	element, err := b.find(selector)
	if err != nil {
		b.t.Fatal(err)
	}
	b.actions++
	b.call(http.MethodPost, element+"/value", object{"text": text}, nil)
}

func (b *browser) press(selector string) {
	b.t.Helper()
	element, err := b.find(selector)
	if err != nil {
		b.t.Fatal(err)
	}
	b.actions++
	b.call(http.MethodPost, element+"/click", object{}, nil)
}

func (b *browser) attribute(selector, name string) string {
	b.t.Helper()
	element, err := b.find(selector)
	if err != nil {
		b.t.Fatal(err)
	}
	var value string
	b.call(http.MethodGet, element+"/property/"+name, nil, &value)
	return value
}

// expect waits until an element shows a text.
func (b *browser) expect(selector, text string) {
	b.t.Helper()
	b.await(func() bool {
		element, err := b.find(selector)
		if err != nil {
			return false
		}
		var shown string
		return b.try(http.MethodGet, element+"/text", nil, &shown) == nil && strings.Contains(shown, text)
	})
}

// count returns how many actions of a person something takes.
func (b *browser) count(do func()) int {
	before := b.actions
	do()
	return b.actions - before
}

func (b *browser) picture(name string) {
	b.t.Helper()
	directory := os.Getenv("PRIVACYKIT_SCREENSHOTS")
	if directory == "" {
		return
	}
	var encoded string
	b.call(http.MethodGet, "/screenshot", nil, &encoded)
	data, err := base64.StdEncoding.DecodeString(encoded)
	if err == nil {
		err = os.WriteFile(filepath.Join(directory, name+".png"), data, 0o600)
	}
	if err != nil {
		b.t.Fatal(err)
	}
}
