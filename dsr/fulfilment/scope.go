package fulfilment

import (
	"slices"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/dsr/regime"
	"github.com/labelop/privacykit/privacy"
)

// Scope limits what an item is about, where the person asked for less than
// everything. The zero Scope is everything.
type Scope struct {
	// Categories are those that were asked about, each with all within it.
	Categories []privacy.CategoryID `json:"categories,omitempty"`
}

// holding is what a system holds in one role.
type holding struct {
	system     privacy.SystemID
	categories []privacy.CategoryID
}

// holdingsOf returns what each system holds as processor, or as controller: all
// declared categories that lie within those of the system, one by one.
func holdingsOf(register *privacy.Register, asProcessor bool) []holding {
	var holdings []holding
	for system := range register.Systems() {
		h := holding{system: system.ID}
		for category := range register.Categories() {
			within := slices.ContainsFunc(system.Categories, func(held privacy.CategoryID) bool {
				return register.Within(category.ID, held)
			})
			if within && (category.Role == privacy.RoleProcessor) == asProcessor {
				h.categories = append(h.categories, category.ID)
			}
		}
		if len(h.categories) > 0 {
			holdings = append(holdings, h)
		}
	}
	return holdings
}

// actionFor returns what a request asks of the systems, "" for nothing.
func actionFor(request regime.Request) dsr.Action {
	switch request {
	case regime.RequestAccess, regime.RequestKnow, regime.RequestPortability:
		return dsr.ActionExport
	case regime.RequestErasure:
		return dsr.ActionErase
	case regime.RequestRectification:
		return dsr.ActionCorrect
	case regime.RequestRestriction:
		return dsr.ActionRestrict
	}
	return ""
}

// standing reports whether a request took effect when it was received, so that
// only the recipients remain to be told.
func standing(request regime.Request) bool {
	switch request {
	case regime.RequestWithdrawConsent, regime.RequestOptOutSaleSharing, regime.RequestLimitSensitive:
		return true
	}
	return false
}

// reaches reports whether the right of an item can reach a category. Most rights
// reach every category, and the exceptions are a matter of the facts of a
// record. Portability depends on the legal basis (GDPR Art. 20(1)(a)): a
// category is out if the law rules out every basis on which it is held.
func (p *Planner) reaches(law *regime.Regime, request regime.Request, category privacy.CategoryID) bool {
	if request != regime.RequestPortability || law.Rights == nil {
		return true
	}
	for activity := range p.register.Activities() {
		if activity.Role == privacy.RoleProcessor || !p.register.ActivityCovers(activity.ID, category) {
			continue
		}
		purpose, _ := p.register.Purpose(activity.Purpose)
		for _, basis := range purpose.Bases {
			ruling, err := law.Decide(regime.Claim{
				Right: privacy.RightPortability, Basis: basis.Basis, Condition: basis.Condition,
			})
			if err == nil && ruling.Applies != regime.AppliesNo {
				return true
			}
		}
	}
	return false
}

// concerned returns the categories of a holding that an item is about.
func (p *Planner) concerned(law *regime.Regime, request regime.Request, scope Scope, h holding) []privacy.CategoryID {
	var categories []privacy.CategoryID
	for _, category := range h.categories {
		asked := len(scope.Categories) == 0 || slices.ContainsFunc(scope.Categories, func(wanted privacy.CategoryID) bool {
			return p.register.Within(category, wanted)
		})
		if asked && p.reaches(law, request, category) {
			categories = append(categories, category)
		}
	}
	return categories
}
