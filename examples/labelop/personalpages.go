package main

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"html/template"
	"io"
	"net/http"
	"time"

	"golang.org/x/text/language"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/policydoc"
	"github.com/labelop/privacykit/privacy"
)

//go:embed personalpages.html
var personalTemplates string

var personalTemplate = template.Must(template.New("").Funcs(template.FuncMap{"said": said}).Parse(personalTemplates))

const (
	sessionCookie = "labelop_session"
	sessionLength = time.Hour
)

// personalPages serves what is a person's own. A form is taken from our own pages
// only.
func (s *service) personalPages() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /sign-in", func(w http.ResponseWriter, _ *http.Request) { signInPage(w, http.StatusOK, "") })
	mux.HandleFunc("POST /sign-in", s.signIn)
	mux.HandleFunc("GET /preferences", s.signedIn(s.showPreferences))
	mux.HandleFunc("POST /preferences", s.signedIn(s.choosePreference))
	mux.HandleFunc("GET /preferences/receipts/{event}", s.signedIn(s.showReceipt))
	return http.NewCrossOriginProtection().Handler(mux)
}

func (s *service) signIn(w http.ResponseWriter, r *http.Request) {
	token := r.PostFormValue("token")
	if _, err := s.accountOf(r.Context(), token); err != nil {
		signInPage(w, http.StatusUnauthorized, "No account has this token.")
		return
	}
	http.SetCookie(w, &http.Cookie{
		Name: sessionCookie, Value: token, Path: "/preferences", MaxAge: int(sessionLength.Seconds()),
		HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: r.TLS != nil,
	})
	http.Redirect(w, r, "/preferences", http.StatusSeeOther)
}

func signInPage(w http.ResponseWriter, status int, problem string) {
	personalPage(w, status, "Sign in", "sign-in", problem)
}

// signedIn lets in whoever has an account. The gate is not asked: to look at
// one's decisions and to take them back is nobody's to refuse.
func (s *service) signedIn(next func(http.ResponseWriter, *http.Request, account)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		cookie, err := r.Cookie(sessionCookie)
		if err != nil {
			http.Redirect(w, r, "/sign-in", http.StatusSeeOther)
			return
		}
		found, err := s.accountOf(r.Context(), cookie.Value)
		switch {
		case errors.Is(err, privacy.ErrNotFound):
			http.Redirect(w, r, "/sign-in", http.StatusSeeOther)
		case err != nil:
			fail(w, err)
		default:
			next(w, r, found)
		}
	}
}

// shownPreference is a preference with what the page says of it.
type shownPreference struct {
	consent.Preference
	State, Button, Text string
	// Notice is the hash of the text, which comes back with an agreement to it.
	Notice   string
	Receipts []receiptLink
}

func (s *service) showPreferences(w http.ResponseWriter, r *http.Request, by account) {
	if r.FormValue("format") == "json" {
		s.exportDecisions(w, r, by)
		return
	}
	s.preferencesPage(w, r, by, http.StatusOK, "")
}

func (s *service) preferencesPage(w http.ResponseWriter, r *http.Request, by account, status int, problem string) {
	preferences, err := s.ledger.Preferences(r.Context(), by.subject())
	if err != nil {
		fail(w, err)
		return
	}
	kept, err := s.receiptsOf(r.Context(), by, "")
	if err != nil {
		fail(w, err)
		return
	}
	shown := make([]shownPreference, len(preferences))
	for i, preference := range preferences {
		shown[i] = s.shownPreference(preference)
		shown[i].Receipts = linksTo(kept, preference.Purpose)
	}
	personalPage(w, status, "Your preferences", "preferences", struct {
		Problem     string
		Preferences []shownPreference
	}{problem, shown})
}

func (s *service) shownPreference(p consent.Preference) shownPreference {
	shown := shownPreference{Preference: p, Notice: s.noticeShown().TextSHA256}
	if p.Purpose == "marketing" {
		shown.Text = string(s.marketingNotice)
	}
	if p.Basis == privacy.BasisConsent {
		shown.State, shown.Button = "You have not agreed", "Agree"
		if p.Agreed {
			shown.State, shown.Button = "You agreed", "Withdraw"
		}
		return shown
	}
	purpose, _ := s.register.Purpose(p.Purpose)
	shown.Text = purpose.Bases[0].Interest
	shown.State, shown.Button = "You have not objected", "Object"
	if !p.Agreed {
		shown.State, shown.Button = "You objected", "Take the objection back"
	}
	return shown
}

// choosePreference changes one preference, either way by the press of one button.
// Nobody agrees to another text than the page showed.
func (s *service) choosePreference(w http.ResponseWriter, r *http.Request, by account) {
	choice := consent.Choice{
		Purpose: privacy.PurposeID(r.PostFormValue("purpose")), Agree: r.PostFormValue("choice") == "yes",
		Evidence: consent.Evidence{Act: "button_pressed", Channel: "web"},
	}
	var err error
	if choice.Agree {
		choice.Evidence.Notice = s.noticeShown()
		choice.Seen, err = consent.ParseStamp(r.PostFormValue("seen"))
		if r.PostFormValue("notice") != choice.Evidence.Notice.TextSHA256 {
			err = errors.Join(err, consent.ErrChoiceStale)
		}
	}
	if err == nil {
		_, err = s.decide(r.Context(), by, choice.Agree, func(ctx context.Context, ledger *consent.Ledger) (consent.Receipt, error) {
			return ledger.Choose(ctx, by.subject(), choice)
		})
	}
	switch {
	case errors.Is(err, consent.ErrChoiceStale):
		s.preferencesPage(w, r, by, http.StatusConflict, "Nothing was changed, because something is new since you opened the page. Please read it again.")
	case err != nil:
		fail(w, err)
	default:
		http.Redirect(w, r, "/preferences#"+string(choice.Purpose), http.StatusSeeOther)
	}
}

// exportDecisions hands a person everything that the ledger holds of it.
func (s *service) exportDecisions(w http.ResponseWriter, r *http.Request, by account) {
	records, err := allRecords(r.Context(), s.ledger, by)
	if err != nil {
		fail(w, err)
		return
	}
	entries := make([]json.RawMessage, 0, len(records))
	for _, record := range records {
		if !record.Redacted() {
			entries = append(entries, record.Payload)
		}
	}
	w.Header().Set("Cache-Control", "no-store")
	answer(w, http.StatusOK, entries)
}

// personalPage writes a page that nobody but the person keeps.
func personalPage(w http.ResponseWriter, status int, title, name string, data any) {
	var buffer bytes.Buffer
	page := policydoc.Page{Title: title, Locale: language.English, StyleSheet: "/policy.css", Heading: true}
	err := policydoc.RenderPage(&buffer, page, func(out io.Writer) error { return personalTemplate.ExecuteTemplate(out, name, data) })
	if err != nil {
		fail(w, err)
		return
	}
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Cache-Control", "no-store")
	header.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'")
	header.Set("Referrer-Policy", "same-origin")
	header.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = buffer.WriteTo(w) // the client is gone if this fails
}
