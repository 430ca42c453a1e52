package privacy

import "slices"

// clone returns a copy that shares no memory with d.
func (d Declaration) clone() Declaration {
	d.Services = slices.Clone(d.Services)
	d.Contacts = slices.Clone(d.Contacts)
	d.Categories = slices.Clone(d.Categories)
	d.Purposes = cloneEach(d.Purposes, Purpose.clone)
	d.Recipients = cloneEach(d.Recipients, Recipient.clone)
	d.Systems = cloneEach(d.Systems, System.clone)
	d.Activities = cloneEach(d.Activities, Activity.clone)
	d.JointArrangements = cloneEach(d.JointArrangements, JointArrangement.clone)
	return d
}

func cloneEach[T any](list []T, clone func(T) T) []T {
	list = slices.Clone(list)
	for i := range list {
		list[i] = clone(list[i])
	}
	return list
}

func (p Purpose) clone() Purpose {
	p.Bases = cloneEach(p.Bases, PurposeBasis.clone)
	return p
}

func (b PurposeBasis) clone() PurposeBasis {
	b.Jurisdictions = slices.Clone(b.Jurisdictions)
	return b
}

func (r Recipient) clone() Recipient {
	r.Locations = slices.Clone(r.Locations)
	return r
}

func (s System) clone() System {
	s.Categories = slices.Clone(s.Categories)
	return s
}

func (a Activity) clone() Activity {
	a.Subjects = slices.Clone(a.Subjects)
	a.Categories = slices.Clone(a.Categories)
	a.Operations = slices.Clone(a.Operations)
	a.Recipients = slices.Clone(a.Recipients)
	return a
}

func (a JointArrangement) clone() JointArrangement {
	a.Controllers = slices.Clone(a.Controllers)
	return a
}

// normalise rewrites what has several spellings into one, so that declarations
// that mean the same have the same hash. d must be a clone.
func (d *Declaration) normalise() {
	d.Operator.Country = d.Operator.Country.canonical()
	d.Services = notNil(d.Services)
	d.Contacts = notNil(d.Contacts)
	d.Categories = notNil(d.Categories)
	d.Purposes = notNil(d.Purposes)
	d.Activities = notNil(d.Activities)
	for i := range d.Purposes {
		for j := range d.Purposes[i].Bases {
			jurisdictions := d.Purposes[i].Bases[j].Jurisdictions
			for k := range jurisdictions {
				jurisdictions[k] = jurisdictions[k].Canonical()
			}
		}
	}
	for i := range d.Recipients {
		d.Recipients[i].Locations = notNil(d.Recipients[i].Locations)
		for j := range d.Recipients[i].Locations {
			location := &d.Recipients[i].Locations[j]
			location.Country = location.Country.canonical()
		}
	}
	for i := range d.Systems {
		d.Systems[i].Categories = notNil(d.Systems[i].Categories)
	}
	for i := range d.Activities {
		activity := &d.Activities[i]
		activity.Subjects = notNil(activity.Subjects)
		activity.Categories = notNil(activity.Categories)
		activity.Operations = notNil(activity.Operations)
		if activity.MinimumAge.Years != 0 && activity.MinimumAge.Unknown == "" {
			activity.MinimumAge.Unknown = UnknownAgeDeny
		}
	}
	for i := range d.JointArrangements {
		d.JointArrangements[i].Controllers = notNil(d.JointArrangements[i].Controllers)
	}
}

// notNil keeps an absent list and an empty one from being written differently.
func notNil[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
