package archive_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"os"
	"time"

	"github.com/labelop/privacykit/dsr/archive"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/privacytest"
	"github.com/labelop/privacykit/privacy/store/memstore"
)

// accounts exports the profile of a subject.
type accounts struct{}

func (accounts) Records(_ context.Context, subject privacy.Subject) iter.Seq2[archive.Record, error] {
	return func(yield func(archive.Record, error) bool) {
		value, err := json.Marshal(map[string]any{"id": subject.ID, "mail": "ada@example.org"})
		yield(archive.Record{Category: "account.email", Origin: archive.OriginProvided, Value: value}, err)
	}
}

func (accounts) Media(context.Context, privacy.Subject) iter.Seq2[archive.Medium, error] {
	return func(func(archive.Medium, error) bool) {}
}

// disclosures knows that the payment provider got the mail address.
type disclosures struct{}

func (disclosures) Disclosed(context.Context, privacy.Subject) ([]archive.Disclosed, error) {
	return []archive.Disclosed{{
		Recipient: "payments", Categories: []privacy.CategoryID{"account.email"},
		Last: time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC),
	}}, nil
}

// A package is streamed to any writer and read back; its download is guarded by
// a token that is good once.
func Example() {
	register, err := privacy.Compile(declaration())
	if err != nil {
		fmt.Println(err)
		return
	}
	clock := privacytest.NewClock(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC))
	builder, err := archive.NewBuilder(archive.Options{
		Register: register, Disclosures: disclosures{}, ThirdParties: archive.NobodyElse{}, Clock: clock,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	request := archive.Request{
		Kind: archive.Access, Case: "case-1", Locale: "de-AT",
		Subject: privacy.Subject{Tenant: "acme", ID: "u-17", Jurisdiction: "AT"},
	}
	_, err = builder.Build(context.Background(), os.Stdout, request)
	fmt.Println(err)

	request.Systems = []archive.System{{ID: "database", Source: accounts{}, Origins: []string{"Ihre Angaben bei der Anmeldung"}}}
	var out bytes.Buffer
	if _, err := builder.Build(context.Background(), &out, request); err != nil {
		fmt.Println(err)
		return
	}
	manifest, err := archive.Verify(bytes.NewReader(out.Bytes()), int64(out.Len()))
	fmt.Println(manifest.Kind, manifest.Systems, err)
	for _, entry := range manifest.Entries {
		fmt.Println(entry.Name)
	}

	desk, err := archive.NewDesk(memstore.NewTokens(), archive.DeskOptions{Clock: clock})
	if err != nil {
		fmt.Println(err)
		return
	}
	token, expires, err := desk.Issue(context.Background(), "acme", "case-1")
	fmt.Println("good until", expires.Format(time.DateOnly), err)
	fmt.Println(desk.Redeem(context.Background(), "acme", "case-2", token))
	fmt.Println(desk.Redeem(context.Background(), "acme", "case-1", token))
	err = desk.Redeem(context.Background(), "acme", "case-1", token)
	fmt.Println(err, errors.Is(err, archive.ErrRedeemed))
	// Output:
	// 1 problem
	// 	systems: system "database" holds personal data and nobody exports it (missing_system)
	// access [{database 1 0 0 0}] <nil>
	// systems/database/data.json
	// report.html
	// good until 2026-03-09 <nil>
	// no such token for this case: denied
	// <nil>
	// the token was used before: denied true
}
