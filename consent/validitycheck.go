package consent

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/labelop/privacykit/privacy"
)

// InvalidConsents says what a ledger does with a consent that is not valid.
type InvalidConsents uint8

// What a ledger can do. The gate relies on an invalid consent in neither case.
const (
	// RefuseInvalid refuses to record it, with an *InvalidConsentError.
	RefuseInvalid InvalidConsents = iota
	// RecordInvalid records it with its defects, as not relied upon.
	RecordInvalid
)

// ValidityOptions say how a ledger judges consents. The zero value judges by the
// law of this package and refuses what is not valid.
type ValidityOptions struct {
	// Invalid says what happens to a consent that is not valid.
	Invalid InvalidConsents
	// Law is the law to judge by; nil means EmbeddedValidityLaw.
	Law *ValidityLaw
	// Circumstances adds what the evidence does not say, such as the subject's
	// age; nil means that nothing is added.
	Circumstances CircumstancesSource
	// RelyOnUnknownText relies on imported consents whose notice states that its
	// text is unknown. Without it they are recorded and not relied upon: what
	// the subject agreed to cannot be demonstrated (Art. 7(1)).
	RelyOnUnknownText bool
}

// CircumstancesSource knows what a consent must be judged against beside its
// evidence.
type CircumstancesSource interface {
	// Circumstances returns those of a consent that a subject gave.
	Circumstances(ctx context.Context, subject privacy.Subject, statement Statement) (Circumstances, error)
}

// ErrConsentInvalid reports a consent that is not valid. It matches
// privacy.ErrInvalid.
var ErrConsentInvalid = fmt.Errorf("consent: the consent is not valid: %w", privacy.ErrInvalid)

// InvalidConsentError reports what is wrong with a consent that a ledger refused
// to record. It matches ErrConsentInvalid and privacy.ErrInvalid.
type InvalidConsentError struct {
	// Defects are all that is wrong.
	Defects []Defect
}

// Error lists the codes of the defects, each with the article it offends.
func (e *InvalidConsentError) Error() string {
	defects := make([]string, len(e.Defects))
	for i, defect := range e.Defects {
		defects[i] = fmt.Sprintf("%s (GDPR %s)", defect.Code, defect.Article)
	}
	return fmt.Sprintf("%v: %s", ErrConsentInvalid, strings.Join(defects, ", "))
}

// Unwrap returns ErrConsentInvalid.
func (e *InvalidConsentError) Unwrap() error { return ErrConsentInvalid }

// restOnAsking are the defects that a consent has by how it was asked for. Where
// the evidence does not say how, the ledger cannot judge them.
var restOnAsking = []DefectCode{
	DefectNotInformed, DefectNotSpecific, DefectNotFreelyGiven, DefectWrongBasisContract,
	DefectNotDistinguishable, DefectWithdrawalNotAsEasy,
}

// judged returns the entries with the defects of their consents, or refuses them.
func (l *Ledger) judged(ctx context.Context, entries Entries) (Entries, error) {
	for i, fact := range entries.Facts {
		var statement Statement
		switch fact := fact.(type) {
		case Grant:
			statement = Statement{Purposes: fact.Purposes, Explicit: fact.Explicit, Evidence: fact.Evidence}
		case Renewal:
			statement = Statement{Purposes: fact.Purposes, Explicit: fact.Explicit, Evidence: fact.Evidence}
		default:
			continue
		}
		statement.Subject, statement.At = entries.Subject, entries.OccurredAt
		if statement.At.IsZero() {
			statement.At = l.clock.Now()
		}
		codes, err := l.judge(ctx, entries.Tenant, statement)
		if err != nil {
			return entries, err
		}
		if len(codes) > 0 {
			entries.Facts = slices.Clone(entries.Facts)
			entries.Facts[i] = notReliedOn(fact, codes)
		}
	}
	return entries, nil
}

// judge returns the defects for which a consent is recorded and not relied upon.
func (l *Ledger) judge(ctx context.Context, tenant privacy.TenantID, statement Statement) ([]DefectCode, error) {
	var circumstances Circumstances
	if l.validity.Circumstances != nil {
		var err error
		subject := privacy.Subject{Tenant: tenant, ID: statement.Subject}
		if circumstances, err = l.validity.Circumstances.Circumstances(ctx, subject, statement); err != nil {
			return nil, fmt.Errorf("consent: circumstances: %w", err)
		}
	}
	verdict, err := l.validity.Law.Validate(statement, circumstances)
	if err != nil {
		return nil, err
	}
	unknownText := statement.Evidence.Notice.TextUnknown
	verdict.Defects = slices.DeleteFunc(verdict.Defects, func(d Defect) bool {
		return (statement.Evidence.Asking == nil && slices.Contains(restOnAsking, d.Code)) ||
			(unknownText && d.Code == DefectCannotDemonstrate)
	})
	if !verdict.Valid() && l.validity.Invalid != RecordInvalid {
		return nil, &InvalidConsentError{Defects: verdict.Defects}
	}
	codes := verdict.Codes()
	if unknownText && !l.validity.RelyOnUnknownText {
		codes = append(codes, DefectCannotDemonstrate)
	}
	return codes, nil
}

// notReliedOn returns a consent that says why it is not relied upon, beside what
// the host said.
func notReliedOn(fact Fact, codes []DefectCode) Fact {
	switch fact := fact.(type) {
	case Grant:
		fact.NotReliedOn = union(fact.NotReliedOn, codes)
		return fact
	case Renewal:
		fact.NotReliedOn = union(fact.NotReliedOn, codes)
		return fact
	}
	return fact
}

func union(said, found []DefectCode) []DefectCode {
	all := slices.Clone(said)
	for _, code := range found {
		if !slices.Contains(all, code) {
			all = append(all, code)
		}
	}
	return all
}
