package consent

import (
	"context"
	"fmt"

	"github.com/labelop/privacykit/privacy"
)

// check reports everything that is wrong with entries at once.
func (l *Ledger) check(ctx context.Context, entries Entries) error {
	var problems privacy.Problems
	if err := checkKey(StreamKey{Tenant: entries.Tenant, Subject: entries.Subject}); err != nil {
		problems.Add("subject", ProblemIdentifier, "%v", err)
	}
	if entries.Key != "" {
		if err := privacy.CheckID("key", entries.Key); err != nil || len(entries.Key) > privacy.MaxIDLength-8 {
			problems.Add("key", ProblemIdentifier, "an idempotency key has 1 to %d bytes without control characters", privacy.MaxIDLength-8)
		}
	}
	if len(entries.Facts) == 0 {
		problems.Add("facts", ProblemRequired, "at least one fact is required")
	}
	for i, fact := range entries.Facts {
		path := fmt.Sprintf("facts[%d]", i)
		if fact == nil {
			problems.Add(path, ProblemRequired, "the fact is missing")
			continue
		}
		about, known := ofTenant(fact)
		if !known {
			problems.Add(path, ProblemUnknown, "a fact is a value of a type of this package, and no pointer to one")
			continue
		}
		fact.validate(path, &problems)
		switch {
		case about && entries.Subject != "":
			problems.Add(path, ProblemStream, "%s is about a tenant: it is recorded without a subject", fact.Kind())
		case !about && entries.Subject == "":
			problems.Add(path, ProblemStream, "%s is about a subject, and none is named", fact.Kind())
		}
		l.checkNames(path, fact, &problems)
	}
	if err := problems.Err(); err != nil {
		return err
	}
	return l.checkNotices(ctx, entries.Facts)
}

// ofTenant reports whether a fact is about a tenant. Everything else is about a
// subject or, like a pointer to a fact, not known.
func ofTenant(fact Fact) (about, known bool) {
	switch fact.(type) {
	case Attestation, AttestationWithdrawn, Instruction, InstructionWithdrawn, InstructionFlagged, SharingDecision,
		Export, SubProcessorAnnounced, SubProcessorObjection, SubProcessorObjectionLifted, NoticeRequired:
		return true, true
	case RelationshipStarted, RelationshipEnded, Grant, Renewal, Refusal, Withdrawal, Expiry, Objection, ObjectionEnded,
		Restriction, RestrictionLifted, OptOut, OptIn, AgeEvidence, Erasure:
		return false, true
	}
	return false, false
}

// checkNames refuses names that the register does not declare, in facts that
// permit or require something. What forbids may name what was declared once.
func (l *Ledger) checkNames(path string, fact Fact, problems *privacy.Problems) {
	switch fact := fact.(type) {
	case Grant:
		l.checkPurposes(path, fact.Purposes, problems)
	case Renewal:
		l.checkPurposes(path, fact.Purposes, problems)
	case OptIn:
		l.checkPurposes(path, fact.Purposes, problems)
	case Attestation:
		l.checkPurposes(path, fact.Purposes, problems)
		l.checkCategories(path, fact.Categories, problems)
	case Instruction:
		l.checkPurposes(path, fact.Purposes, problems)
		for i, id := range fact.Recipients {
			l.checkRecipient(fmt.Sprintf("%s.recipients[%d]", path, i), id, problems)
		}
		for i, operation := range fact.Operations {
			if !operation.Valid() {
				problems.Add(fmt.Sprintf("%s.operations[%d]", path, i), ProblemUnknown, "no such operation")
			}
		}
	case ObjectionEnded:
		if !fact.DirectMarketing {
			l.checkNotMarketing(path, fact.Purposes, problems)
		}
	case SubProcessorAnnounced:
		l.checkRecipient(path+".recipient", fact.Recipient, problems)
	case NoticeRequired:
		l.checkPurposes(path, []privacy.PurposeID{fact.Purpose}, problems)
	}
}

func (l *Ledger) checkPurposes(path string, ids []privacy.PurposeID, problems *privacy.Problems) {
	for i, id := range ids {
		if _, ok := l.register.PurposeIndex(id); !ok {
			problems.Add(fmt.Sprintf("%s.purposes[%d]", path, i), ProblemUnknown, "the purpose is not declared")
		}
	}
}

// checkNotMarketing refuses to end an objection to direct marketing on the
// controller's grounds: only the subject can end it (Art. 21(3)).
func (l *Ledger) checkNotMarketing(path string, ids []privacy.PurposeID, problems *privacy.Problems) {
	for i, id := range ids {
		if purpose, ok := l.register.Purpose(id); ok && purpose.DirectMarketing {
			problems.Add(fmt.Sprintf("%s.purposes[%d]", path, i), ProblemDirectMarketing, "an objection to direct marketing ends only with direct_marketing, which the subject alone can do")
		}
	}
}

func (l *Ledger) checkCategories(path string, ids []privacy.CategoryID, problems *privacy.Problems) {
	for i, id := range ids {
		if _, ok := l.register.CategoryIndex(id); !ok {
			problems.Add(fmt.Sprintf("%s.categories[%d]", path, i), ProblemUnknown, "the category is not declared")
		}
	}
}

func (l *Ledger) checkRecipient(path string, id privacy.RecipientID, problems *privacy.Problems) {
	if _, ok := l.register.RecipientIndex(id); !ok {
		problems.Add(path, ProblemUnknown, "the recipient is not declared")
	}
}

func (l *Ledger) checkNotices(ctx context.Context, facts []Fact) error {
	if l.notices == nil {
		return nil
	}
	for _, fact := range facts {
		var purposes []privacy.PurposeID
		var notice Notice
		switch fact := fact.(type) {
		case Grant:
			purposes, notice = fact.Purposes, fact.Evidence.Notice
		case Renewal:
			purposes, notice = fact.Purposes, fact.Evidence.Notice
		}
		for _, purpose := range purposes {
			covered, err := l.notices.CoversPurpose(ctx, notice, purpose)
			if err != nil {
				return fmt.Errorf("consent: notice: %w", err)
			}
			if !covered {
				return ErrNoticeDoesNotCover
			}
		}
	}
	return nil
}
