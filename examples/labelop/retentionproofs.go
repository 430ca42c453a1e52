package main

import (
	"context"
	"fmt"

	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/retention"
)

// firstInvoice asks why an invoice of the first year is still there.
func (r *retentionJourney) firstInvoice(ctx context.Context) (string, error) {
	var invoiced string
	err := r.desk.rows.QueryRowContext(ctx, `SELECT happened_on FROM invoice WHERE id = ? AND hidden`, "harbour/2026-03-02").Scan(&invoiced)
	if err != nil {
		return "", err
	}
	on, err := privacy.ParseDate(invoiced)
	if err != nil {
		return "", err
	}
	schedule, err := r.desk.compile(r.desk.register)
	if err != nil {
		return "", err
	}
	invoice := retention.Record{
		Category: "billing", Purposes: []privacy.PurposeID{"billing", "accounting"}, Role: privacy.RoleController,
		Events: []retention.Event{{Name: "invoiced", On: on}},
	}
	why := schedule.Explain(&invoice, nil, r.desk.clock.Now())
	return fmt.Sprintf("%s, kept through %s by %s", why.State, why.RetainThrough, why.RuleID), nil
}

// proofs checks the certificates from their files alone, and the disposal of one
// image without the others.
func (r *retentionJourney) proofs() {
	r.on("2031-01-05", "an auditor verifies every certificate from its file", "9 certificates", func() (string, error) {
		all, err := r.desk.readCertificates()
		for _, one := range all {
			if err == nil {
				err = one.Certificate.Verify(one.Items)
			}
		}
		return fmt.Sprintf("%d certificates", len(all)), err
	})
	r.on("2031-01-05", "the forest wants proof that its image is deleted", "disposed by images-forest", func() (string, error) {
		all, err := r.desk.readCertificates()
		if err != nil {
			return "", err
		}
		return r.proveImage(all, forest, "forest/2026-03-02.png")
	})
}

// proveImage proves the disposal of an image by the certificate that has it.
func (r *retentionJourney) proveImage(all []filed, tenant privacy.TenantID, key string) (string, error) {
	sweeper, err := r.desk.sweeper()
	if err != nil {
		return "", err
	}
	token := sweeper.Token(imageSystem, tenant, key)
	for _, one := range all {
		proof, err := retention.Prove(one.Items, token)
		if err == nil {
			return fmt.Sprintf("%s by %s", proof.Item.Outcome, proof.Item.RuleID), one.Certificate.VerifyItem(proof)
		}
	}
	return "", privacy.ErrNotFound
}
