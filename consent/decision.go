package consent

import (
	"errors"
	"fmt"
	"time"

	"github.com/labelop/privacykit/privacy"
)

// Decision is the gate's answer. It is a plain value; the zero Decision refuses.
type Decision struct {
	// Code says why. Only CodeAllowed allows.
	Code Code
	// Role is the role in which the data would be processed.
	Role privacy.Role
	// Basis is the legal basis relied on: the operator's as controller, the
	// tenant's attested one as processor. Zero if none was found.
	Basis privacy.LegalBasis
	// Condition is the condition of Art. 9(2) relied on, zero where no special
	// category is concerned.
	Condition privacy.SpecialCondition
	// Purpose and Activity are what was declared and asked for.
	Purpose  privacy.PurposeID
	Activity privacy.ActivityID
	// Obligations are the measures that an allowed use must take (Art. 32).
	Obligations privacy.MeasureSet
	// At is when it was decided.
	At time.Time
	// Until is when an allowed decision ends by what is known now, exclusive;
	// zero if nothing known ends it. It can end earlier: see Recheck.
	Until time.Time
	// Stamp says what the decision rests on.
	Stamp Stamp
	// Evidence are the events that decided it.
	Evidence EvidenceReference
}

// EvidenceReference points to events of the ledger by their sequence in the
// stream; 0 where there is none. Explain resolves it.
type EvidenceReference struct {
	// Subject is an event of the subject's stream, such as the consent.
	Subject uint64
	// Attestation and Instruction are events of the tenant's stream.
	Attestation uint64
	Instruction uint64
	// Tenant is another event of the tenant's stream, such as an objection to a
	// sub-processor or a required notice.
	Tenant uint64
}

// Allowed reports whether the use is allowed.
func (d Decision) Allowed() bool { return d.Code == CodeAllowed }

// Err returns nil if the use is allowed, and otherwise a *DeniedError, which
// matches privacy.ErrDenied.
func (d Decision) Err() error {
	if d.Allowed() {
		return nil
	}
	return &DeniedError{Decision: d}
}

// DeniedError reports that a use is not allowed. It matches privacy.ErrDenied.
type DeniedError struct {
	// Decision says why.
	Decision Decision
}

// Error names the code, the purpose and the activity; no subject and no tenant.
func (e *DeniedError) Error() string {
	return fmt.Sprintf("consent: %s for purpose %q denied: %s", e.Decision.Activity, string(e.Decision.Purpose), e.Decision.Code)
}

// Is reports whether target is privacy.ErrDenied.
func (e *DeniedError) Is(target error) bool { return target == privacy.ErrDenied }

// CodeOf returns the code of the DeniedError in err's tree, and CodeUndecided if
// there is none.
func CodeOf(err error) Code {
	if denied, ok := errors.AsType[*DeniedError](err); ok {
		return denied.Decision.Code
	}
	return CodeUndecided
}
