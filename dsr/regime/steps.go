package regime

import (
	"fmt"

	"github.com/labelop/privacykit/privacy"
)

// StepRule names a step of a derivation.
type StepRule string

// The steps.
const (
	StepReceived        StepRule = "received"
	StepAcknowledge     StepRule = "acknowledge"
	StepReflection      StepRule = "fee_reflection"
	StepRestart         StepRule = "restart"
	StepNotStarted      StepRule = "not_started"
	StepPeriod          StepRule = "period"
	StepExtended        StepRule = "extended"
	StepSuspended       StepRule = "suspended"
	StepRolled          StepRule = "rolled"
	StepPaused          StepRule = "paused"
	StepStandard        StepRule = "standard"
	StepTarget          StepRule = "target"
	StepSuit            StepRule = "suit"
	StepRefusalNotice   StepRule = "refusal_notice"
	StepExtensionNotice StepRule = "extension_notice"
	StepExtensionVoid   StepRule = "extension_void"
	StepWithdrawn       StepRule = "withdrawn"
	StepDue             StepRule = "due"
)

// Step is one step of the derivation of a Deadline.
type Step struct {
	Rule StepRule
	// Date is the day that the step reached, zero if none.
	Date privacy.Date
	// Term is what was counted.
	Term Term
	// Days is a number of days that were added.
	Days int
	// Words is a detail: a standard, the name of a calendar, a code.
	Words string
	// Cite is the provision.
	Cite string
}

// String says in English what the step did, with its provision.
func (s Step) String() string {
	text := s.text()
	if s.Cite != "" {
		text += " (" + s.Cite + ")"
	}
	return text
}

func (s Step) text() string {
	switch s.Rule {
	case StepReceived:
		return fmt.Sprintf("received on %s; this day is not counted", s.Date)
	case StepAcknowledge:
		return fmt.Sprintf("confirm receipt within %s, by %s", s.Term, s.Date)
	case StepReflection:
		return fmt.Sprintf("the fee can be confirmed until %s", s.Date)
	case StepRestart:
		return fmt.Sprintf("the period begins on %s, when what was asked for arrived", s.Date)
	case StepNotStarted:
		return "the period has not begun: something that was asked for is missing"
	case StepPeriod:
		return fmt.Sprintf("answer within %s, by %s", s.Term, s.Date)
	case StepExtended:
		return fmt.Sprintf("extended: %s in all, by %s", s.Term, s.Date)
	case StepSuspended:
		return fmt.Sprintf("%d suspended days are added (%s), until %s", s.Days, s.Words, s.Date)
	case StepRolled:
		return fmt.Sprintf("that is no working day in calendar %s; the next is %s", s.Words, s.Date)
	case StepPaused:
		return "the period is suspended; its end is open"
	case StepStandard:
		return fmt.Sprintf("the law gives no number of days: %s", s.Words)
	case StepTarget:
		return fmt.Sprintf("the regulator expects %s, by %s", s.Term, s.Date)
	case StepSuit:
		return fmt.Sprintf("no suit before %s", s.Date)
	case StepRefusalNotice:
		return fmt.Sprintf("a refusal must be told by %s", s.Date)
	case StepExtensionNotice:
		return fmt.Sprintf("an extension must be told by %s", s.Date)
	case StepExtensionVoid:
		return fmt.Sprintf("the extension is void: %s", s.Words)
	case StepWithdrawn:
		return fmt.Sprintf("not confirmed by %s: the request counts as withdrawn", s.Date)
	case StepDue:
		return fmt.Sprintf("due by the end of %s", s.Date)
	}
	return string(s.Rule)
}
