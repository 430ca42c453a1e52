package policydoc_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/labelop/privacykit/policydoc"
	"github.com/labelop/privacykit/privacy"
)

func TestObligations(t *testing.T) {
	f := service(t)
	f.publish(t, draft(t, 0, nil))
	v := f.publish(t, draft(t, 1, func(d *privacy.Declaration) {
		addRecipient(d, 6, privacy.RecipientSubProcessor, "DE")
		d.Activities[3].Categories = append(d.Activities[3].Categories, "usage")
		d.Purposes[3].Bases = append(d.Purposes[3].Bases, privacy.PurposeBasis{Basis: privacy.BasisContract, Jurisdictions: []privacy.Jurisdiction{"gb"}})
		d.Activities[1].Retention.Period.Months = 12
	}))
	var got []string
	for _, o := range v.Obligations() {
		got = append(got, fmt.Sprint(o.Key, " ", o.Purpose, " ", o.MinimumNotice, " ", o.Recipient))
		if !o.From.Equal(v.EffectiveFrom) || o.Article == "" {
			t.Errorf("%+v", o)
		}
	}
	want := []string{"renewed_consent:marketing marketing 2 ", "sub_processor_notice:new  0 new"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	n := policydoc.NewChangeNotice(v, parse(t, "# A\n\nx\n"), parse(t, "# A\n\ny\n"))
	if n.Summary == "" || !n.EffectiveFrom.Equal(v.EffectiveFrom) || len(n.Changes) != len(v.Reasons) || n.Text.Empty() ||
		!slices.Equal(n.RenewConsent, []privacy.PurposeID{"marketing"}) || !slices.Equal(n.MayObject, []privacy.RecipientID{"new"}) {
		t.Errorf("got %+v", n)
	}
}
