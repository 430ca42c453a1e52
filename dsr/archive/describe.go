package archive

import (
	"slices"

	"github.com/labelop/privacykit/privacy"
)

// Description is what a package says about a system besides its data: the
// information of GDPR Art. 15(1) and (2).
type Description struct {
	ID    privacy.SystemID `json:"id"`
	Title string           `json:"title"`
	// Categories are what the system holds as controller.
	Categories []DescribedCategory `json:"categories"`
	// Uses are the activities that use them: Art. 15(1)(a), (d), (h).
	Uses []Use `json:"uses"`
	// Recipients are those to whom data of these categories were disclosed:
	// Art. 15(1)(c).
	Recipients []Disclosed `json:"recipients"`
	// Transfers are where recipients process data in third countries: Art. 15(2).
	Transfers []Transfer `json:"transfers"`
	// Origins are where the data come from: Art. 15(1)(g).
	Origins []string `json:"sources"`
}

// DescribedCategory is a category of personal data: Art. 15(1)(b).
type DescribedCategory struct {
	ID      privacy.CategoryID `json:"id"`
	Title   string             `json:"title"`
	Special bool               `json:"special,omitempty"`
}

// Use is an activity of the controller.
type Use struct {
	Activity privacy.ActivityID `json:"activity"`
	Purpose  string             `json:"purpose"`
	// Basis is the code of the legal basis, "" if none is declared for the
	// subject's jurisdiction; Law and Interest say what it rests on.
	Basis             string                 `json:"legal_basis"`
	Law               string                 `json:"law,omitempty"`
	Interest          string                 `json:"interest,omitempty"`
	Categories        []privacy.CategoryID   `json:"categories"`
	Retention         privacy.RetentionLimit `json:"retention"`
	AutomatedDecision bool                   `json:"automated_decision,omitempty"`

	portable bool
}

// Transfer is a third country to which data go.
type Transfer struct {
	Recipient string          `json:"recipient"`
	Country   privacy.Country `json:"country"`
	Mechanism string          `json:"mechanism"`
	Reference string          `json:"reference,omitempty"`
}

// describe draws the description of a system from the register.
func (b *Builder) describe(s privacy.System, origins []string, jurisdiction privacy.Jurisdiction, disclosed []Disclosed) Description {
	d := Description{
		ID: s.ID, Title: s.Title, Origins: orEmpty(origins),
		Categories: []DescribedCategory{}, Uses: []Use{}, Recipients: []Disclosed{}, Transfers: []Transfer{},
	}
	for category := range b.register.Categories() {
		if category.Role != privacy.RoleProcessor && b.holds(s, category.ID) {
			d.Categories = append(d.Categories, DescribedCategory{ID: category.ID, Title: category.Title, Special: category.Special})
		}
	}
	for activity := range b.register.Activities() {
		if activity.Role == privacy.RoleProcessor {
			continue
		}
		if use := b.use(activity, d.Categories, jurisdiction); len(use.Categories) > 0 {
			d.Uses = append(d.Uses, use)
		}
	}
	for _, to := range disclosed {
		if d.concerns(b.register, to) {
			d.Recipients = append(d.Recipients, b.named(to))
			d.Transfers = append(d.Transfers, b.transfers(to.Recipient)...)
		}
	}
	return d
}

func (b *Builder) use(a privacy.Activity, held []DescribedCategory, jurisdiction privacy.Jurisdiction) Use {
	purpose, _ := b.register.Purpose(a.Purpose)
	use := Use{
		Activity: a.ID, Purpose: purpose.Title, Retention: a.Retention, AutomatedDecision: a.AutomatedDecision,
	}
	if basis, ok := b.register.BasisFor(a.Purpose, jurisdiction); ok {
		use.Basis, use.Law, use.Interest = basis.Basis.String(), basis.Law, basis.Interest
		use.portable = basis.Basis == privacy.BasisConsent || basis.Basis == privacy.BasisContract
	}
	for _, category := range held {
		if b.register.ActivityCovers(a.ID, category.ID) {
			use.Categories = append(use.Categories, category.ID)
		}
	}
	return use
}

// concerns reports whether a disclosure was of categories that the system holds.
func (d *Description) concerns(register *privacy.Register, to Disclosed) bool {
	return slices.ContainsFunc(d.Categories, func(held DescribedCategory) bool {
		return slices.ContainsFunc(to.Categories, func(category privacy.CategoryID) bool {
			return register.Within(held.ID, category) || register.Within(category, held.ID)
		})
	})
}

// portable reports whether a category is processed on consent or for a contract
// (GDPR Art. 20(1)(a)).
func (d *Description) portable(category privacy.CategoryID) bool {
	return slices.ContainsFunc(d.Uses, func(use Use) bool {
		return use.portable && slices.Contains(use.Categories, category)
	})
}

// named completes the name of a recipient. One that the register does not know
// was a recipient all the same.
func (b *Builder) named(to Disclosed) Disclosed {
	if to.Name == "" {
		recipient, _ := b.register.Recipient(to.Recipient)
		to.Name = recipient.Title
	}
	if to.Name == "" {
		to.Name = string(to.Recipient)
	}
	to.Categories = orEmpty(to.Categories)
	return to
}

func (b *Builder) transfers(id privacy.RecipientID) []Transfer {
	recipient, _ := b.register.Recipient(id)
	var transfers []Transfer
	for _, location := range recipient.Locations {
		if b.register.IsTransfer(location.Country) {
			transfers = append(transfers, Transfer{
				Recipient: recipient.Title, Country: location.Country,
				Mechanism: location.Mechanism.String(), Reference: location.Reference,
			})
		}
	}
	return transfers
}

// holds reports whether a system is declared to hold a category.
func (b *Builder) holds(s privacy.System, category privacy.CategoryID) bool {
	return slices.ContainsFunc(s.Categories, func(declared privacy.CategoryID) bool {
		return b.register.Within(category, declared)
	})
}

func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return slices.Clone(list)
}
