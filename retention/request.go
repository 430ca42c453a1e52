package retention

import (
	"fmt"

	"github.com/labelop/privacykit/privacy"
)

// Request is an open request of a data subject. Until it is closed no sweep
// disposes of records of its subjects: an access request is answered from them
// (GDPR Art. 15), a subject that has asked for restriction wants them kept
// (Art. 18(1)(b) and (c)), and what goes by an erasure request goes by the case
// that decides it (Art. 17). Keep a restriction open until it is lifted.
type Request struct {
	// ID names the request, unique within its tenant: that of the case, say.
	ID     string           `json:"id"`
	Tenant privacy.TenantID `json:"tenant"`
	// Subjects are the identifiers of the person: all of them, since a store knows
	// no aliases.
	Subjects []privacy.SubjectID `json:"subjects"`
	// Right is what is asked for. It is the reason that item logs state.
	Right privacy.Right `json:"right"`
}

// Validate reports what is wrong with the request, all at once, as
// privacy.Problems that match privacy.ErrInvalid.
func (r Request) Validate() error {
	var problems privacy.Problems
	identifier := func(path, id string) {
		if err := privacy.CheckID(path, id); err != nil {
			problems.Add(path, "identifier", "%v", err)
		}
	}
	identifier("id", r.ID)
	identifier("tenant", string(r.Tenant))
	for i, subject := range r.Subjects {
		identifier(fmt.Sprintf("subjects[%d]", i), string(subject))
	}
	if len(r.Subjects) == 0 {
		problems.Add("subjects", "required", "say whose request it is")
	}
	if !r.Right.Valid() {
		problems.Add("right", "unknown", "say which right is exercised")
	}
	return problems.Err()
}
