package privacy

import (
	"fmt"
	"slices"
)

func (f *finder) operator() {
	o := &f.d.Operator
	if o.LegalEntity == "" {
		f.add("operator.legal_entity", FindingNoLegalEntity, "GDPR Art. 13(1)(a)", "subjects are not told which legal or natural person is responsible")
	}
	if o.Address == "" {
		f.add("operator.address", FindingNoAddress, "GDPR Art. 30(1)(a)", "the record of processing lacks the operator's postal address")
	}
	if len(f.r.Contacts(ContactDataProtectionOfficer)) == 0 {
		f.add("contacts", FindingNoDataProtectionOfficer, "GDPR Art. 37(1)", "no data protection officer is named; check that none is required")
	}
	inEEA := f.r.law.eea.members[countryIndex(string(o.Country))]
	if !inEEA && len(f.r.Contacts(ContactRepresentative)) == 0 {
		f.add("contacts", FindingNoRepresentative, "GDPR Art. 27(1)", "an operator in %s that serves people in the Union needs a representative there", o.Country)
	}
}

func (f *finder) categories() {
	for i := range f.d.Categories {
		category := &f.d.Categories[i]
		path := fmt.Sprintf("categories[%d]", i)
		if !f.use.category[i] {
			f.add(path, FindingCategoryUnused, "GDPR Art. 5(1)(c)", "no activity uses %q", category.ID)
		}
		if len(f.r.SystemsHolding(category.ID)) == 0 {
			f.add(path, FindingCategoryWithoutSystem, "GDPR Art. 15(1)", "no system holds %q, so that it would be missing from access and erasure", category.ID)
		}
	}
}

func (f *finder) purposes() {
	for i := range f.d.Purposes {
		purpose := &f.d.Purposes[i]
		path := fmt.Sprintf("purposes[%d]", i)
		if len(f.r.activitiesFor[purpose.ID]) == 0 {
			f.add(path, FindingPurposeUnused, "GDPR Art. 5(1)(b)", "no activity pursues %q", purpose.ID)
			continue
		}
		if len(f.use.controller[i]) == 0 {
			if len(purpose.Bases) > 0 {
				f.add(path+".bases", FindingBasisUnused, "GDPR Art. 28(3)(a)", "%q is pursued only as processor, where the customer has the legal basis", purpose.ID)
			}
			continue
		}
		f.purposeBases(path, i)
	}
}

func (f *finder) purposeBases(path string, i int) {
	purpose := &f.d.Purposes[i]
	if f.r.bases[i].elsewhere < 0 {
		f.add(path+".bases", FindingBasisNotEverywhere, "GDPR Art. 6(1)", "%q is refused outside the jurisdictions that its bases name", purpose.ID)
	}
	restsOnConsent := func(basis PurposeBasis) bool { return basis.Basis == BasisConsent }
	if purpose.MinimumNotice == 0 && slices.ContainsFunc(purpose.Bases, restsOnConsent) {
		f.add(path+".minimum_notice", FindingConsentWithoutNotice, "GDPR Art. 7(1)", "consent to %q is accepted whatever notice was shown", purpose.ID)
	}
	special := slices.IndexFunc(f.use.controller[i], f.usesSpecial)
	for j := range purpose.Bases {
		entry := fmt.Sprintf("%s.bases[%d]", path, j)
		if purpose.Bases[j].Basis != BasisLegitimateInterests {
			continue
		}
		if purpose.DirectMarketing {
			f.add(entry, FindingMarketingByInterests, "GDPR Art. 21(2)", "direct marketing may rest on legitimate interests (recital 47), but electronic messages mostly need consent (Directive 2002/58/EC Art. 13)")
		}
		if special >= 0 {
			f.add(entry, FindingSpecialByInterests, "GDPR Art. 9(1)", "activity %q uses special categories on legitimate interests", f.use.controller[i][special].ID)
		}
	}
}

func (f *finder) usesSpecial(a *Activity) bool {
	return slices.ContainsFunc(a.Categories, func(id CategoryID) bool {
		_, special := f.r.tree.find(f.r.category[id], isSpecial)
		return special
	})
}

func (f *finder) recipients() {
	for i := range f.d.Recipients {
		recipient := &f.d.Recipients[i]
		path := fmt.Sprintf("recipients[%d]", i)
		if !f.use.recipient[i] {
			f.add(path, FindingRecipientUnused, "GDPR Art. 13(1)(e)", "nothing is disclosed to %q", recipient.ID)
		}
		for j := range recipient.Locations {
			f.location(fmt.Sprintf("%s.locations[%d]", path, j), recipient.ID, &recipient.Locations[j])
		}
	}
}

func (f *finder) location(path string, recipient RecipientID, location *RecipientLocation) {
	mechanism := location.Mechanism
	if !f.r.IsTransfer(location.Country) {
		if mechanism != 0 && mechanism != TransferNone {
			f.add(path+".mechanism", FindingMechanismUnneeded, "GDPR Art. 44", "disclosing to %q in %s is no transfer to a third country", recipient, location.Country)
		}
		return
	}
	if mechanism.isDerogation() {
		f.add(path+".mechanism", FindingTransferByDerogation, "GDPR Art. 49(1)", "transfers to %q rest on a derogation, which is for exceptions, not for a standing recipient", recipient)
		return
	}
	if location.Reference != "" {
		return
	}
	if mechanism != TransferAdequacy {
		f.add(path+".reference", FindingSafeguardWithoutReference, "GDPR Art. 13(1)(f)", "the instrument for transfers to %q is not named", recipient)
		return
	}
	if partial, ok := f.r.law.Adequacy(f.r.regime, location.Country, f.r.law.transfers.AsOf); ok && partial.Scope != "" {
		f.add(path+".reference", FindingAdequacyWithoutReference, "GDPR Art. 45(3)", "the adequacy decision for %s covers only %s (%s): refer to what shows that %q is covered", location.Country, partial.Scope, partial.Citation, recipient)
	}
}

// isDerogation reports whether m is one of the derogations of Art. 49.
func (m TransferMechanism) isDerogation() bool {
	return m >= TransferExplicitConsent && m <= TransferCompellingInterests
}

func (f *finder) systems() {
	for i := range f.d.Systems {
		system := &f.d.Systems[i]
		path := fmt.Sprintf("systems[%d]", i)
		if system.SubjectKey == "" {
			f.add(path+".subject_key", FindingNoSubjectKey, "GDPR Art. 12(2)", "a subject's data cannot be found in %q", system.ID)
		}
		if system.Recipient != "" && !f.disclosed(system) {
			f.add(path+".recipient", FindingSystemUndisclosed, "GDPR Art. 30(1)(d)", "%q runs %q, but no activity on its data discloses to %q", system.Recipient, system.ID, system.Recipient)
		}
	}
}

// disclosed reports whether an activity that uses something of what the system
// holds discloses to whoever runs the system.
func (f *finder) disclosed(system *System) bool {
	return slices.ContainsFunc(f.d.Activities, func(a Activity) bool {
		return slices.Contains(a.Recipients, system.Recipient) && overlap(a.Categories, system.Categories)
	})
}

// overlap reports whether a category of one list is, contains or lies within
// one of the other.
func overlap(a, b []CategoryID) bool {
	for _, one := range a {
		for _, other := range b {
			if one.within(other) || other.within(one) {
				return true
			}
		}
	}
	return false
}

func (f *finder) activities() {
	for i := range f.d.Activities {
		a := &f.d.Activities[i]
		path := fmt.Sprintf("activities[%d]", i)
		if len(a.Subjects) == 0 {
			f.add(path+".subjects", FindingNoSubjects, "GDPR Art. 30(1)(c)", "the categories of data subjects of %q are not named", a.ID)
		}
		if f.r.MeasuresFor(a.ID) == 0 {
			f.add(path+".measures", FindingNoMeasures, "GDPR Art. 32(1)", "%q and its categories name no security measure", a.ID)
		}
		f.activityRetention(path+".retention", a)
		f.automatedDecision(path+".automated_decision", a)
		if a.OwnPurposeReason != "" {
			f.add(path+".own_purpose_reason", FindingOwnPurpose, "GDPR Art. 28(10)", "the operator is controller for %q, on data that customers entrusted to it as processor", a.ID)
		}
		f.disclosure(path, a)
	}
}

func (f *finder) activityRetention(path string, a *Activity) {
	limit := a.Retention
	if a.Role.isController() && limit.Period.IsZero() && limit.Criteria == "" {
		f.add(path, FindingNoRetention, "GDPR Art. 13(2)(a)", "neither a period nor criteria say how long data is kept for %q", a.ID)
	}
	if !limit.Period.IsZero() && limit.After == "" {
		f.add(path+".after", FindingRetentionWithoutStart, "GDPR Art. 13(2)(a)", "the period for %q does not say from when it runs", a.ID)
	}
}

func (f *finder) automatedDecision(path string, a *Activity) {
	if !a.AutomatedDecision {
		return
	}
	f.add(path, FindingAutomatedDecision, "GDPR Art. 22(1)", "%q takes solely automated decisions: they need a contract, a law or explicit consent, and safeguards", a.ID)
	if f.usesSpecial(a) {
		f.add(path, FindingAutomatedDecisionSpecial, "GDPR Art. 22(4)", "%q takes automated decisions on special categories: only explicit consent or a substantial public interest permits it", a.ID)
	}
}

func (f *finder) disclosure(path string, a *Activity) {
	discloses := slices.Contains(a.Operations, OperationDisclose)
	switch {
	case discloses && len(a.Recipients) == 0:
		f.add(path+".recipients", FindingDisclosureWithoutRecipient, "GDPR Art. 30(1)(d)", "%q discloses, but names no recipient", a.ID)
	case !discloses && len(a.Recipients) > 0:
		f.add(path+".operations", FindingRecipientWithoutDisclosure, "GDPR Art. 30(1)(d)", "%q has recipients, but does not disclose", a.ID)
	}
	if a.Role != RoleProcessor {
		return
	}
	for i, id := range a.Recipients {
		switch f.d.Recipients[f.r.recipient[id]].Kind {
		case RecipientAdviser, RecipientSuccessor:
			f.add(fmt.Sprintf("%s.recipients[%d]", path, i), FindingProcessorDisclosure, "GDPR Art. 28(10)", "disclosing customers' data to %q serves the operator, not the customer", id)
		}
	}
}

func (f *finder) arrangements() {
	for i := range f.d.JointArrangements {
		a := &f.d.JointArrangements[i]
		path := fmt.Sprintf("joint_arrangements[%d]", i)
		if !f.use.arrangement[a.ID] {
			f.add(path, FindingArrangementUnused, "GDPR Art. 26(1)", "no activity names %q", a.ID)
		}
		if a.Contact == "" {
			f.add(path+".contact", FindingArrangementWithoutContact, "GDPR Art. 26(1)", "%q names nobody for subjects to turn to", a.ID)
		}
	}
}
