package consent

import (
	"slices"
	"time"

	"github.com/labelop/privacykit/privacy"
)

// tenantView is a TenantState resolved against the register, for evaluation. It
// is immutable.
type tenantView struct {
	tenant       privacy.TenantID
	version      uint64
	attestations []attestationView
	instructions []instructionView
	// subProcessors and notices are by index of the recipient and the purpose.
	subProcessors map[int]subProcessorView
	notices       map[int][]NoticeState
}

type attestationView struct {
	purposes, categories bitset
	basis                privacy.LegalBasis
	condition            privacy.SpecialCondition
	sequence             uint64
	until                time.Time
	withdrawn            bool
}

type instructionView struct {
	purposes, recipients bitset
	operations           uint32
	countries            []privacy.Country
	sequence             uint64
	until                time.Time
	withdrawn            bool
}

type subProcessorView struct {
	objectUntil         time.Time
	announced, objected uint64
}

func newTenantView(register *privacy.Register, tenant privacy.TenantID, state *TenantState) *tenantView {
	view := &tenantView{tenant: tenant, version: state.Version}
	for i := range state.Attestations {
		view.attestations = append(view.attestations, newAttestationView(register, &state.Attestations[i]))
	}
	for i := range state.Instructions {
		view.instructions = append(view.instructions, newInstructionView(register, &state.Instructions[i]))
	}
	for _, subProcessor := range state.SubProcessors {
		index, ok := register.RecipientIndex(subProcessor.Recipient)
		if !ok {
			continue
		}
		if view.subProcessors == nil {
			view.subProcessors = map[int]subProcessorView{}
		}
		entry := subProcessorView{objectUntil: subProcessor.ObjectUntil, announced: subProcessor.AnnouncedSequence}
		if subProcessor.Objected.On {
			entry.objected = subProcessor.Objected.Sequence
		}
		view.subProcessors[index] = entry
	}
	for _, notice := range state.Notices {
		index, ok := register.PurposeIndex(notice.Purpose)
		if !ok {
			continue
		}
		if view.notices == nil {
			view.notices = map[int][]NoticeState{}
		}
		view.notices[index] = append(view.notices[index], notice)
	}
	return view
}

// newAttestationView widens the attested categories by all within them. Names
// that the register no longer declares cover nothing.
func newAttestationView(register *privacy.Register, state *AttestationState) attestationView {
	attestation := &state.Attestation
	view := attestationView{
		basis: attestation.Basis, condition: attestation.Condition, sequence: state.Sequence,
		until: attestation.Until, withdrawn: !state.WithdrawnAt.IsZero(),
	}
	for _, id := range attestation.Purposes {
		if index, ok := register.PurposeIndex(id); ok {
			view.purposes.set(index)
		}
	}
	for category := range register.Categories() {
		covered := slices.ContainsFunc(attestation.Categories, func(id privacy.CategoryID) bool {
			return register.Within(category.ID, id)
		})
		if covered {
			index, _ := register.CategoryIndex(category.ID)
			view.categories.set(index)
		}
	}
	return view
}

func newInstructionView(register *privacy.Register, state *InstructionState) instructionView {
	instruction := &state.Instruction
	view := instructionView{
		countries: instruction.Countries, sequence: state.Sequence,
		until: instruction.Until, withdrawn: !state.WithdrawnAt.IsZero(),
	}
	for _, id := range instruction.Purposes {
		if index, ok := register.PurposeIndex(id); ok {
			view.purposes.set(index)
		}
	}
	for _, id := range instruction.Recipients {
		if index, ok := register.RecipientIndex(id); ok {
			view.recipients.set(index)
		}
	}
	for _, operation := range instruction.Operations {
		view.operations |= 1 << operation
	}
	return view
}

func (v *instructionView) covers(use *PreparedUse) bool {
	if !v.purposes.has(use.purposeIndex) || v.operations&(1<<use.use.Operation) == 0 {
		return false
	}
	if use.recipient < 0 {
		return true
	}
	if !v.recipients.has(use.recipient) {
		return false
	}
	if len(v.countries) == 0 {
		return true
	}
	for _, country := range use.countries {
		if !slices.Contains(v.countries, country) {
			return false
		}
	}
	return true
}
