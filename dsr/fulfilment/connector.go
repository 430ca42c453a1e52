package fulfilment

import (
	"context"
	"fmt"
	"time"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/privacy"
)

// Call is what a connector is asked to do.
type Call struct {
	Tenant privacy.TenantID
	// Subject is whose data are concerned.
	Subject privacy.SubjectID
	// Case, Item and Task name what the call is for.
	Case dsr.CaseID
	Item int
	Task dsr.TaskID
	// Action is what is asked for.
	Action dsr.Action
	// System is where, empty for a Notifier.
	System privacy.SystemID
	// Recipient is who is told, empty but for a Notifier.
	Recipient privacy.RecipientID
	// Categories are named one by one: one within which others are declared
	// stands for what is marked with it directly, and those within it are named
	// beside it.
	Categories []privacy.CategoryID
	// Spare are single records that an erasure leaves alone.
	Spare []dsr.Record
	// Key is the same for every attempt at one effect and for no other effect, in
	// any tenant. A connector that sees a key again MUST NOT cause the effect
	// again, and answers as before.
	Key string
	// Token grows with every attempt at the task. A system that keeps the
	// greatest it has seen of a task can refuse a lesser one: it comes from a
	// process that slept.
	Token uint64
	// Ticket is how the system called what it accepted in an earlier attempt, ""
	// if there was none.
	Ticket string
}

// Result is what a connector answers. Either it is done, with Evidence, or it was
// accepted, with AskAgain.
type Result struct {
	// Evidence refers to the proof of what was done, such as a receipt, or to
	// where an export lies. No personal data.
	Evidence string
	// AskAgain is after how long a slow system is to be called again, with the
	// same Key and the Ticket.
	AskAgain time.Duration
	// Ticket is how the system calls what it accepted. No personal data.
	Ticket string
}

// The duties of a system. A method is called by several goroutines at once, must
// return when its context is done, and fails with a *CallError where it can say
// why. The text of any other error is not kept, as it may quote personal data.
type (
	// Exporter puts the data of a subject where the host collects them, replacing
	// what an earlier attempt put there (GDPR Art. 15 and 20). Result.Evidence
	// says where they lie.
	Exporter interface {
		// Export exports the categories of the call.
		Export(ctx context.Context, call Call) (Result, error)
	}
	// Eraser erases the data of a subject for good, or makes them anonymous (GDPR
	// Art. 17).
	Eraser interface {
		// Erase erases the categories of the call, but for the records to spare.
		Erase(ctx context.Context, call Call) (Result, error)
	}
	// Corrector corrects the data of a subject as the case says, which the host
	// knows by its id (GDPR Art. 16).
	Corrector interface {
		// Correct corrects the categories of the call.
		Correct(ctx context.Context, call Call) (Result, error)
	}
	// Restrictor marks the data of a subject so that they are stored and nothing
	// else (GDPR Art. 18).
	Restrictor interface {
		// Restrict restricts the categories of the call.
		Restrict(ctx context.Context, call Call) (Result, error)
	}
	// Verifier says of which of the categories a system still holds something of
	// a subject, apart from the records to spare. It must look, not remember.
	Verifier interface {
		// Verify returns those of the categories of the call that are still held.
		Verify(ctx context.Context, call Call) ([]privacy.CategoryID, error)
	}
	// Notifier tells a recipient what was done (GDPR Art. 19).
	Notifier interface {
		// Notify tells Call.Recipient of the categories of the call.
		Notify(ctx context.Context, call Call) (Result, error)
	}
)

// Connector is how one system does its duties.
type Connector struct {
	Exporter   Exporter
	Eraser     Eraser
	Corrector  Corrector
	Restrictor Restrictor
	// Verifier is owed where there is an Eraser.
	Verifier Verifier
	// Manual are the duties that people do by hand, with evidence.
	Manual []dsr.Action
	// After are systems in which an erasure must be done before it begins here,
	// such as those that are found by a key that only this one holds.
	After []privacy.SystemID
}

// Connectors are those of all systems and recipients.
type Connectors struct {
	Systems map[privacy.SystemID]Connector
	// Recipients that are missing are told by hand.
	Recipients map[privacy.RecipientID]Notifier
}

// CallError is an error of a connector that says why.
type CallError struct {
	// Code is a stable code of lower-case letters, digits and underscores that
	// begins with a letter. Anything else is reported as ProblemFailed.
	Code string
	// Permanent: trying again cannot help; the task is a dead letter at once.
	Permanent bool
	// RetryAfter is the least time to wait, zero for what the Runner chooses.
	RetryAfter time.Duration
}

// Error returns the code.
func (f *CallError) Error() string { return fmt.Sprintf("connector: %s", problemCode(f.Code)) }

// The problems that the Runner itself reports.
const (
	// ProblemFailed is an error that says no code.
	ProblemFailed = "failed"
	// ProblemTimeout: the call took longer than Options.CallTimeout.
	ProblemTimeout = "timeout"
	// ProblemStopped: the Runner was stopped amid the call.
	ProblemStopped = "stopped"
	// ProblemPanic: the connector panicked.
	ProblemPanic = "panic"
	// ProblemNoEvidence: the connector claimed to be done without evidence.
	ProblemNoEvidence = "no_evidence"
	// ProblemStillHeld: after the erasure the system still held something.
	ProblemStillHeld = "still_held"
	// ProblemNeverFinished: the system accepted the task and did not finish it
	// within Options.PollLimit.
	ProblemNeverFinished = "never_finished"
	// ProblemNoConnector: nobody does this in the system any more.
	ProblemNoConnector = "no_connector"
)

// problemCode returns a code if it is one, so that nothing personal slips in.
func problemCode(code string) string {
	if code == "" || len(code) > 64 || code[0] < 'a' || code[0] > 'z' {
		return ProblemFailed
	}
	for _, c := range []byte(code) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' {
			return ProblemFailed
		}
	}
	return code
}
