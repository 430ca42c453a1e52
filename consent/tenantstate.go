package consent

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/labelop/privacykit/privacy"
)

// TenantState is what a tenant's stream amounts to: the fold of its events. The
// zero TenantState is that of a tenant without events. Lists are in the order
// in which their entries first appeared in the ledger.
type TenantState struct {
	// Version is the sequence of the last event folded.
	Version uint64 `json:"version"`
	// Attestations are the latest attestation under each ID, also when ended;
	// one that was withdrawn before it was recorded has nothing but its ID.
	Attestations []AttestationState `json:"attestations,omitempty"`
	// AttestationsWithdrawnAt is when all attestations were last withdrawn at once.
	AttestationsWithdrawnAt time.Time `json:"attestations_withdrawn_at,omitzero"`
	// Instructions are the latest instruction under each ID, as Attestations are.
	Instructions []InstructionState `json:"instructions,omitempty"`
	// InstructionsWithdrawnAt is when all instructions were last withdrawn at once.
	InstructionsWithdrawnAt time.Time `json:"instructions_withdrawn_at,omitzero"`
	// SubProcessors are the sub-processors the tenant was told of or objects to.
	SubProcessors []SubProcessorState `json:"sub_processors,omitempty"`
	// Notices are the notices required for renewed consent, one per purpose and version.
	Notices []NoticeState `json:"notices,omitempty"`
}

// AttestationState is an attestation with its place in the ledger.
type AttestationState struct {
	Attestation Attestation `json:"attestation"`
	At          time.Time   `json:"at"`
	Sequence    uint64      `json:"sequence"`
	// WithdrawnAt is when it was withdrawn; zero while it stands.
	WithdrawnAt time.Time `json:"withdrawn_at,omitzero"`
}

// InstructionState is an instruction with its place in the ledger.
type InstructionState struct {
	Instruction Instruction `json:"instruction"`
	At          time.Time   `json:"at"`
	Sequence    uint64      `json:"sequence"`
	// WithdrawnAt is when it was withdrawn; zero while it stands.
	WithdrawnAt time.Time `json:"withdrawn_at,omitzero"`
	// Concern is the concern it was flagged with, "" if none.
	Concern string `json:"concern,omitempty"`
}

// SubProcessorState is what a tenant was told of a sub-processor and said to it.
type SubProcessorState struct {
	Recipient privacy.RecipientID `json:"recipient"`
	// ObjectUntil is when the time to object ends, exclusive; zero if the
	// tenant was told of it at the start of the contract.
	ObjectUntil time.Time `json:"object_until,omitzero"`
	// AnnouncedAt is when it was announced, and AnnouncedSequence the event of
	// that; zero if it was not.
	AnnouncedAt       time.Time `json:"announced_at,omitzero"`
	AnnouncedSequence uint64    `json:"announced_sequence,omitempty"`
	// Objected is on while the tenant objects.
	Objected Mark `json:"objected"`
}

// NoticeState is a notice required for a purpose.
type NoticeState struct {
	Purpose        privacy.PurposeID `json:"purpose"`
	MinimumVersion uint32            `json:"minimum_version"`
	From           time.Time         `json:"from"`
	// At is when it was required, and Sequence the event of that.
	At       time.Time `json:"at"`
	Sequence uint64    `json:"sequence"`
}

// Fold applies a tenant's record to its state, by the rules of State.Fold. It
// returns an error that matches privacy.ErrInvalid, and leaves the state as it
// was, if the record is out of order, redacted, cannot be read or is not about
// a tenant.
func (s *TenantState) Fold(record Record) error {
	if record.Sequence != s.Version+1 {
		return fmt.Errorf("consent: record %d does not follow version %d: %w", record.Sequence, s.Version, privacy.ErrInvalid)
	}
	entry, err := DecodeEntry(record.Payload)
	if err != nil {
		return err
	}
	return s.apply(entry.Fact, moment{at: record.OccurredAt, sequence: record.Sequence})
}

func (s *TenantState) apply(fact Fact, when moment) error {
	switch fact := fact.(type) {
	case Attestation:
		s.attest(fact, when)
	case AttestationWithdrawn:
		s.withdrawAttestations(fact.ID, when)
	case Instruction:
		s.instruct(fact, when)
	case InstructionWithdrawn:
		s.withdrawInstructions(fact.ID, when)
	case InstructionFlagged:
		for i := range s.Instructions {
			if s.Instructions[i].Instruction.ID == fact.ID {
				s.Instructions[i].Concern = fact.Concern
			}
		}
	case SubProcessorAnnounced:
		s.announce(fact, when)
	case SubProcessorObjection:
		s.subProcessor(fact.Recipient).Objected.block(when)
	case SubProcessorObjectionLifted:
		s.subProcessor(fact.Recipient).Objected.unblock(when)
	case NoticeRequired:
		s.requireNotice(fact, when)
	case SharingDecision, Export:
	default:
		return fmt.Errorf("consent: %s is not about a tenant: %w", fact.Kind(), privacy.ErrInvalid)
	}
	s.Version = when.sequence
	return nil
}

func (s *TenantState) attest(fact Attestation, when moment) {
	next := AttestationState{Attestation: fact, At: when.at, Sequence: when.sequence}
	if s.AttestationsWithdrawnAt.After(when.at) {
		next.WithdrawnAt = s.AttestationsWithdrawnAt
	}
	i := slices.IndexFunc(s.Attestations, func(a AttestationState) bool { return a.Attestation.ID == fact.ID })
	if i < 0 {
		s.Attestations = append(s.Attestations, next)
	} else if current := &s.Attestations[i]; !current.At.After(when.at) {
		if current.WithdrawnAt.After(when.at) {
			next.WithdrawnAt = later(next.WithdrawnAt, current.WithdrawnAt)
		}
		*current = next
	}
}

func (s *TenantState) withdrawAttestations(id string, when moment) {
	known := false
	for i := range s.Attestations {
		if current := &s.Attestations[i]; id == "" || current.Attestation.ID == id {
			current.WithdrawnAt, known = later(current.WithdrawnAt, when.at), true
		}
	}
	switch {
	case id == "":
		s.AttestationsWithdrawnAt = later(s.AttestationsWithdrawnAt, when.at)
	case !known: // remembered for an attestation that is recorded late
		s.Attestations = append(s.Attestations, AttestationState{Attestation: Attestation{ID: id}, Sequence: when.sequence, WithdrawnAt: when.at})
	}
}

func (s *TenantState) instruct(fact Instruction, when moment) {
	next := InstructionState{Instruction: fact, At: when.at, Sequence: when.sequence}
	if s.InstructionsWithdrawnAt.After(when.at) {
		next.WithdrawnAt = s.InstructionsWithdrawnAt
	}
	i := slices.IndexFunc(s.Instructions, func(i InstructionState) bool { return i.Instruction.ID == fact.ID })
	if i < 0 {
		s.Instructions = append(s.Instructions, next)
	} else if current := &s.Instructions[i]; !current.At.After(when.at) {
		if current.WithdrawnAt.After(when.at) {
			next.WithdrawnAt = later(next.WithdrawnAt, current.WithdrawnAt)
		}
		*current = next
	}
}

func (s *TenantState) withdrawInstructions(id string, when moment) {
	known := false
	for i := range s.Instructions {
		if current := &s.Instructions[i]; id == "" || current.Instruction.ID == id {
			current.WithdrawnAt, known = later(current.WithdrawnAt, when.at), true
		}
	}
	switch {
	case id == "":
		s.InstructionsWithdrawnAt = later(s.InstructionsWithdrawnAt, when.at)
	case !known:
		s.Instructions = append(s.Instructions, InstructionState{Instruction: Instruction{ID: id}, Sequence: when.sequence, WithdrawnAt: when.at})
	}
}

func (s *TenantState) subProcessor(id privacy.RecipientID) *SubProcessorState {
	for i := range s.SubProcessors {
		if s.SubProcessors[i].Recipient == id {
			return &s.SubProcessors[i]
		}
	}
	s.SubProcessors = append(s.SubProcessors, SubProcessorState{Recipient: id})
	return &s.SubProcessors[len(s.SubProcessors)-1]
}

func (s *TenantState) announce(fact SubProcessorAnnounced, when moment) {
	subProcessor := s.subProcessor(fact.Recipient)
	if subProcessor.AnnouncedAt.After(when.at) {
		return
	}
	subProcessor.ObjectUntil, subProcessor.AnnouncedAt, subProcessor.AnnouncedSequence = micros(fact.ObjectUntil), when.at, when.sequence
}

func (s *TenantState) requireNotice(fact NoticeRequired, when moment) {
	next := NoticeState{Purpose: fact.Purpose, MinimumVersion: fact.MinimumVersion, From: micros(fact.From), At: when.at, Sequence: when.sequence}
	i := slices.IndexFunc(s.Notices, func(n NoticeState) bool {
		return n.Purpose == fact.Purpose && n.MinimumVersion == fact.MinimumVersion
	})
	if i < 0 {
		s.Notices = append(s.Notices, next)
	} else if !s.Notices[i].At.After(when.at) {
		s.Notices[i] = next
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// MarshalBinary returns the state as JSON.
func (s *TenantState) MarshalBinary() ([]byte, error) {
	type plain TenantState
	return json.Marshal((*plain)(s))
}

// UnmarshalBinary reads what MarshalBinary wrote. It returns an error that
// matches privacy.ErrInvalid for anything else.
func (s *TenantState) UnmarshalBinary(data []byte) error {
	type plain TenantState
	*s = TenantState{}
	if decodeStrict(data, (*plain)(s)) != nil {
		return errState
	}
	return nil
}
