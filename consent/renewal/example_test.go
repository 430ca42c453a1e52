package renewal_test

import (
	"context"
	"fmt"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/consent/renewal"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/privacytest"
	"github.com/labelop/privacykit/privacy/store/memstore"
)

// The notice changed: who consented under an older one is asked again.
func Example() {
	ctx := context.Background()
	register, err := privacy.Compile(privacytest.Declaration())
	if err != nil {
		fmt.Println(err)
		return
	}
	store := memstore.NewConsent(nil)
	ledger, err := consent.NewLedger(store, register, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	for i, subject := range []privacy.SubjectID{"ada", "bert", "carla"} {
		fact := grant(uint32(i+1), start)
		fact.Until = start.AddDate(100, 0, 0)
		if _, err := ledger.Grant(ctx, privacy.Subject{Tenant: "acme", ID: subject}, fact); err != nil {
			fmt.Println(err)
			return
		}
	}
	index, err := renewal.New(store, memstore.NewRenewal())
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := index.Poll(ctx); err != nil {
		fmt.Println(err)
		return
	}
	rows, err := index.UnderOlderNotice(ctx, "acme", "marketing", 3, nil, 100)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, row := range rows {
		fmt.Println(row.Subject, row.NoticeVersion)
	}
	// Output:
	// ada 1
	// bert 2
}
