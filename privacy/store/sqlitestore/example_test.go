package sqlitestore_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/store/sqlitestore"
)

func Example() {
	if err := run(context.Background()); err != nil {
		fmt.Println(err)
	}
	// Output:
	// objected: true
}

func newsletter() privacy.Declaration {
	return privacy.Declaration{
		Operator:   privacy.Operator{Name: "Daily Letter", LegalEntity: "Daily Letter GmbH", Address: "Example Street 1, Berlin", Country: "DE"},
		Services:   []string{"Daily Letter"},
		Contacts:   []privacy.Contact{{Kind: privacy.ContactPrivacy, Email: "privacy@letter.example"}},
		Categories: []privacy.Category{{ID: "account", Title: "Account data", Role: privacy.RoleController}},
		Purposes:   []privacy.Purpose{{ID: "news", Title: "Send the letter", DirectMarketing: true, Bases: []privacy.PurposeBasis{{Basis: privacy.BasisConsent}}}},
	}
}

func run(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	db, err := sqlitestore.Open(ctx, filepath.Join(dir, "privacy.db"), nil)
	if err != nil {
		return err
	}
	defer db.Close()

	register, err := privacy.Compile(newsletter())
	if err != nil {
		return err
	}
	ledger, err := consent.NewLedger(db.Consent(), register, nil)
	if err != nil {
		return err
	}
	subject := privacy.Subject{Tenant: "acme", ID: "user-7"}
	if _, err := ledger.Object(ctx, subject, consent.Objection{DirectMarketing: true}); err != nil {
		return err
	}
	state, err := ledger.State(ctx, subject.Tenant, subject.ID)
	if err != nil {
		return err
	}
	fmt.Println("objected:", state.MarketingObjected.On)
	return nil
}
