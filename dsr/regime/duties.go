package regime

import (
	"slices"

	"github.com/labelop/privacykit/privacy"
)

// Duties are what a controller owes besides the answer itself.
type Duties struct {
	// NotifyRecipients are the rights whose fulfilment is told to every recipient
	// of the data, unless that is impossible (GDPR Art. 19).
	NotifyRecipients DutyRule `json:"notify_recipients,omitzero"`
	// InformOtherControllers are the rights whose fulfilment is told to other
	// controllers where the data were made public (GDPR Art. 17(2)).
	InformOtherControllers DutyRule `json:"inform_other_controllers,omitzero"`
	// RestrictedProcessing are the operations allowed while processing is
	// restricted (GDPR Art. 18(2)); without them, none is.
	RestrictedProcessing OperationRule `json:"restricted_processing,omitzero"`
	// InformBeforeLifting means that the subject is told before a restriction is
	// lifted (GDPR Art. 18(3)).
	InformBeforeLifting Flag `json:"inform_before_lifting,omitzero"`
}

// DutyRule is a duty on the fulfilment of some rights.
type DutyRule struct {
	Rights []Request `json:"rights,omitempty"`
	Cite   string    `json:"cite,omitempty"`
}

// OperationRule lists what is allowed.
type OperationRule struct {
	Operations []string `json:"operations,omitempty"`
	Cite       string   `json:"cite,omitempty"`
}

// Flag is a duty that is owed or not.
type Flag struct {
	Owed bool   `json:"owed,omitempty"`
	Cite string `json:"cite,omitempty"`
}

// Fulfilment states what is special about a right that is fulfilled.
type Fulfilment struct {
	// NotificationImpossible: telling the recipients proves impossible or
	// involves disproportionate effort.
	NotificationImpossible bool
	// MadePublic: the controller made the data public.
	MadePublic bool
}

// FulfilmentDuties are owed when a right is fulfilled.
type FulfilmentDuties struct {
	// NotifyRecipients: tell each recipient to whom the data were disclosed.
	NotifyRecipients bool
	// RecordReason: record why recipients are not told.
	RecordReason bool
	// InformOtherControllers: take reasonable steps to inform them.
	InformOtherControllers bool
}

// OnFulfilment returns the duties that fulfilling a request brings.
func (r *Regime) OnFulfilment(request Request, f Fulfilment) FulfilmentDuties {
	tell := slices.Contains(r.Duties.NotifyRecipients.Rights, request)
	return FulfilmentDuties{
		NotifyRecipients:       tell && !f.NotificationImpossible,
		RecordReason:           tell && f.NotificationImpossible,
		InformOtherControllers: f.MadePublic && slices.Contains(r.Duties.InformOtherControllers.Rights, request),
	}
}

// MayProcessRestricted reports whether an operation is allowed on data whose
// processing is restricted. What the regime does not list is not.
func (r *Regime) MayProcessRestricted(operation string) bool {
	return slices.Contains(r.Duties.RestrictedProcessing.Operations, operation)
}

// Content is something that a message must contain, such as "reasons".
type Content string

// NoticeKind names a kind of message about a request.
type NoticeKind string

// The kinds of messages. All but NoticeRecipients and NoticeForward go to the
// requester.
const (
	NoticeAcknowledgement NoticeKind = "acknowledgement"
	NoticeClarification   NoticeKind = "clarification"
	NoticeExtension       NoticeKind = "extension"
	NoticeRefusal         NoticeKind = "refusal"
	NoticePartial         NoticeKind = "partial"
	NoticeCompletion      NoticeKind = "completion"
	NoticeAppealDenied    NoticeKind = "appeal_denied"
	NoticeRecipients      NoticeKind = "recipients"
	// NoticeIdentity asks for proof of identity (GDPR Art. 12(6)).
	NoticeIdentity NoticeKind = "identity"
	// NoticeForward passes a request on to the controller (GDPR Art. 28(3)(e)).
	NoticeForward NoticeKind = "forward"
)

// NoticeKinds returns every NoticeKind in the order of the constants.
func NoticeKinds() []NoticeKind {
	return []NoticeKind{
		NoticeAcknowledgement, NoticeClarification, NoticeExtension, NoticeRefusal,
		NoticePartial, NoticeCompletion, NoticeAppealDenied, NoticeRecipients,
		NoticeIdentity, NoticeForward,
	}
}

// Notice says what a kind of message must contain at least.
type Notice struct {
	Kind NoticeKind `json:"kind"`
	// Requests is empty for every request.
	Requests []Request `json:"requests,omitempty"`
	// MustInclude lists the contents in the order of the law.
	MustInclude []Content `json:"must_include"`
	// Within is the law's words for when it is due, "" if it says nothing.
	Within string `json:"within,omitempty"`
	Cite   string `json:"cite"`
}

// Notice returns what a message must contain and whether the regime says so.
// The slices are shared and must not be changed.
func (r *Regime) Notice(kind NoticeKind, request Request) (Notice, bool) {
	for _, notice := range r.Notices {
		if notice.Kind == kind && covers(notice.Requests, request) {
			return notice, true
		}
	}
	return Notice{}, false
}

// CheckNotice reports the contents that a message of the kind still lacks, as
// privacy.Problems with the code "missing_content" and the content as path.
func (r *Regime) CheckNotice(kind NoticeKind, request Request, has []Content) error {
	notice, _ := r.Notice(kind, request)
	var problems privacy.Problems
	for _, content := range notice.MustInclude {
		if !slices.Contains(has, content) {
			problems.Add(string(content), "missing_content", "%s requires it in a message of kind %s", notice.Cite, kind)
		}
	}
	return problems.Err()
}
