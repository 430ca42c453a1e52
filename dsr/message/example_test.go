package message_test

import (
	"fmt"

	"github.com/labelop/privacykit/dsr/message"
	"github.com/labelop/privacykit/dsr/regime"
	"github.com/labelop/privacykit/privacy"
)

// A refusal that does not say where to complain is no refusal under GDPR
// Art. 12(4): it is not composed. With everything that the article requires it
// is, in the language of the requester.
func Example() {
	book, err := regime.Presets()
	if err != nil {
		fmt.Println(err)
		return
	}
	gdpr, err := book.InForce("eu-gdpr", privacy.MustDate("2026-03-02"))
	if err != nil {
		fmt.Println(err)
		return
	}
	composer, err := message.NewComposer(message.Options{Key: []byte("a secret of the host's own")})
	if err != nil {
		fmt.Println(err)
		return
	}
	data := message.Data{
		Reference: "case-1", Request: regime.RequestErasure, Received: privacy.MustDate("2026-03-02"),
		Controller: message.Party{Name: "LabelOp", Contact: "privacy@labelop.example"},
		Reasons:    "Die Rechnungen sind noch acht Jahre aufzubewahren.",
	}
	_, err = composer.Compose(gdpr, regime.NoticeRefusal, data, "de-AT,de;q=0.9,en;q=0.5")
	fmt.Println(err)

	data.Authority = message.Party{Name: "Österreichische Datenschutzbehörde", Contact: "dsb@dsb.gv.at"}
	refusal, err := composer.Compose(gdpr, regime.NoticeRefusal, data, "de-AT,de;q=0.9,en;q=0.5")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(refusal.Locale, refusal.Contents)
	fmt.Println(refusal.Subject)
	fmt.Println()
	fmt.Print(refusal.Body)
	// Output:
	// 1 problem
	// 	complaint_to_supervisory_authority: GDPR Art. 12(4) requires it in a message of kind refusal (missing_content)
	// de [reasons complaint_to_supervisory_authority judicial_remedy]
	// Unsere Entscheidung über Ihren Antrag: Löschung personenbezogener Daten
	//
	// Guten Tag,
	//
	// Ihrem Antrag (Löschung personenbezogener Daten) entsprechen wir nicht.
	//
	// Gründe: Die Rechnungen sind noch acht Jahre aufzubewahren.
	//
	// Sie können sich bei einer Aufsichtsbehörde beschweren, etwa bei Österreichische Datenschutzbehörde, dsb@dsb.gv.at.
	//
	// Ihnen steht außerdem der Weg zu den Gerichten offen.
	//
	// LabelOp
	// privacy@labelop.example
	// Aktenzeichen: case-1
}
