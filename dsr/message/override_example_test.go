package message_test

import (
	"fmt"

	"github.com/labelop/privacykit/dsr/message"
	"github.com/labelop/privacykit/dsr/regime"
	"github.com/labelop/privacykit/privacy"
)

// A host replaces blocks by its own words. What the law requires stays: a body
// that forgets it cannot be composed.
func ExampleCatalog_With() {
	catalog, err := message.Default()
	if err != nil {
		fmt.Println(err)
		return
	}
	catalog, err = catalog.With(message.Override{Locale: "en-GB", Source: `
{{define "greeting"}}Hello{{with .Addressee}} {{.}}{{end}},{{end}}
{{define "body.acknowledgement"}}{{template "greeting" .}} we have it. {{.Element "due_date"}}{{end}}`})
	if err != nil {
		fmt.Println(err)
		return
	}
	composer, err := message.NewComposer(message.Options{Catalog: catalog, Key: []byte("a secret of the host's own")})
	if err != nil {
		fmt.Println(err)
		return
	}
	book, err := regime.Presets()
	if err != nil {
		fmt.Println(err)
		return
	}
	uk, err := book.InForce("uk-gdpr", privacy.MustDate("2026-07-01"))
	if err != nil {
		fmt.Println(err)
		return
	}
	data := message.Data{
		Request: regime.RequestAccess, Addressee: "Ada", Controller: message.Party{Name: "LabelOp"},
		Received: privacy.MustDate("2026-07-01"), Due: privacy.MustDate("2026-08-03"),
	}
	_, err = composer.Compose(uk, regime.NoticeAcknowledgement, data, "en-GB")
	fmt.Println(err)

	catalog, err = catalog.With(message.Override{Locale: "en-GB", Source: `
{{define "body.acknowledgement"}}{{template "greeting" .}} we have it. {{.Elements}}{{end}}`})
	if err != nil {
		fmt.Println(err)
		return
	}
	composer, err = message.NewComposer(message.Options{Catalog: catalog, Key: []byte("a secret of the host's own")})
	if err != nil {
		fmt.Println(err)
		return
	}
	m, err := composer.Compose(uk, regime.NoticeAcknowledgement, data, "en-GB")
	fmt.Println(m.Locale, err)
	fmt.Print(m.Body)
	// Output:
	// 1 problem
	// 	received_on: ICO guidance, good practice requires it in a message of kind acknowledgement (missing_content)
	// en-GB <nil>
	// Hello Ada, we have it. We received it on 1 July 2026.
	//
	// You will have our answer by 3 August 2026 at the latest.
}
