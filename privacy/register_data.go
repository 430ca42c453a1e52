package privacy

import "slices"

// ActivitiesFor returns the activities that pursue a purpose, in the order of
// the declaration.
func (r *Register) ActivitiesFor(purpose PurposeID) []ActivityID {
	return slices.Clone(r.activitiesFor[purpose])
}

// Within reports whether a category is ancestor or lies within it, at any
// depth, and is declared. It does not allocate.
func (r *Register) Within(category, ancestor CategoryID) bool {
	if _, ok := r.category[category]; !ok {
		return false
	}
	return category.within(ancestor)
}

// ActivityCovers reports whether an activity uses a category: whether it names
// the category or one that it lies within. It does not allocate.
func (r *Register) ActivityCovers(activity ActivityID, category CategoryID) bool {
	i, ok := r.activity[activity]
	if !ok {
		return false
	}
	for _, named := range r.declaration.Activities[i].Categories {
		if r.Within(category, named) {
			return true
		}
	}
	return false
}

// MeasuresFor returns the measures that a use owes: those of the activity and
// those of the given categories, with what they inherit and with what the
// categories within them demand. Without categories it is those of all that the
// activity uses. Unknown names add nothing, as their use is refused. It does
// not allocate.
func (r *Register) MeasuresFor(activity ActivityID, categories ...CategoryID) MeasureSet {
	var measures MeasureSet
	if i, ok := r.activity[activity]; ok {
		a := &r.declaration.Activities[i]
		measures = a.Measures
		if len(categories) == 0 {
			categories = a.Categories
		}
	}
	for _, category := range categories {
		if i, ok := r.category[category]; ok {
			measures = measures.Union(r.tree.measures[i])
		}
	}
	return measures
}

// SystemsHolding returns the systems that hold a category or a part of it: those
// that name the category, one that it lies within, or one within it. The order
// is that of the declaration.
func (r *Register) SystemsHolding(category CategoryID) []SystemID {
	if _, ok := r.category[category]; !ok {
		return nil
	}
	var systems []SystemID
	for i := range r.declaration.Systems {
		system := &r.declaration.Systems[i]
		if slices.ContainsFunc(system.Categories, func(held CategoryID) bool {
			return held.within(category) || category.within(held)
		}) {
			systems = append(systems, system.ID)
		}
	}
	return systems
}

// IsTransfer reports whether disclosing to a country is a transfer to a third
// country as seen from the operator's, so that it needs a mechanism of Chapter
// V. Within the European Economic Area it is none; between it and the United
// Kingdom it is. An operator outside both is judged by the GDPR, which can reach
// it through Art. 3(2): countries of the Area are no third countries to it, nor
// is its own. An unknown country is a third country.
//
// Membership is that on the date of the table law/eea.json; see InEEA.
func (r *Register) IsTransfer(to Country) bool {
	if r.law == nil {
		return true
	}
	return r.law.isTransfer(r.declaration.Operator.Country, to)
}
