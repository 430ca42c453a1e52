package message

import (
	"maps"
	"slices"

	"github.com/labelop/privacykit/dsr/regime"
)

// elements says which Data each element of a message needs. An element that
// needs none, such as the right to go to court, is complete by its own words.
var elements = map[regime.Content]func(d *Data) bool{
	"received_on":                        func(d *Data) bool { return !d.Received.IsZero() },
	"due_date":                           func(d *Data) bool { return !d.Due.IsZero() },
	"expected_response":                  func(d *Data) bool { return !d.Due.IsZero() },
	"new_due_date":                       func(d *Data) bool { return !d.NewDue.IsZero() },
	"reasons":                            func(d *Data) bool { return d.Reasons != "" },
	"written_reasons":                    func(d *Data) bool { return d.Reasons != "" },
	"reasons_for_withheld_part":          func(d *Data) bool { return withheldStated(d.Withheld) },
	"exception_relied_on":                func(d *Data) bool { return d.Exception != "" },
	"legal_provision":                    func(d *Data) bool { return d.LegalProvision != "" },
	"what_is_unclear":                    func(d *Data) bool { return d.Unclear != "" },
	"identity_evidence":                  func(d *Data) bool { return d.IdentityEvidence != "" },
	"clock_effect":                       func(d *Data) bool { return d.ClockEffect.Valid() },
	"how_processed":                      func(d *Data) bool { return d.HowProcessed != "" },
	"verification_process":               func(d *Data) bool { return d.Verification != "" },
	"request_content":                    func(d *Data) bool { return d.RequestContent != "" },
	"action_taken":                       func(d *Data) bool { return len(d.Actions) > 0 },
	"copy":                               func(d *Data) bool { return d.Copy != "" },
	"specific_pieces":                    func(d *Data) bool { return d.Copy != "" },
	"controller":                         func(d *Data) bool { return d.Controller.stated() },
	"purposes":                           func(d *Data) bool { return d.Purposes != nil },
	"categories":                         func(d *Data) bool { return d.Categories != nil },
	"recipients":                         func(d *Data) bool { return d.Recipients != nil },
	"source":                             func(d *Data) bool { return d.Sources != nil },
	"retention_period":                   func(d *Data) bool { return d.Retention != nil },
	"adm_logic":                          func(d *Data) bool { return d.AutomatedDecisions != nil },
	"transfer_safeguards":                func(d *Data) bool { return d.Safeguards != nil },
	"rights":                             always,
	"opt_out_status":                     func(d *Data) bool { return d.OptOutStatus != "" },
	"opt_out_offered":                    func(d *Data) bool { return d.OptOutOffer != "" },
	"statement_may_be_added":             func(d *Data) bool { return d.Statement != "" },
	"complaint_to_supervisory_authority": func(d *Data) bool { return d.Authority.stated() },
	"complaint_to_commissioner":          func(d *Data) bool { return d.Authority.stated() },
	"complaint_to_controller":            func(d *Data) bool { return d.Complaints.stated() },
	"attorney_general_complaint_method":  func(d *Data) bool { return d.AttorneyGeneral.stated() },
	"judicial_remedy":                    always,
	"appeal_instructions":                func(d *Data) bool { return d.Appeal != "" },
	"objection_procedure":                func(d *Data) bool { return d.Objection != "" },
	"remedies":                           func(d *Data) bool { return d.Remedies != "" },
	"time_limit_of_remedies":             func(d *Data) bool { return d.RemedyTimeLimit != "" },
}

func always(*Data) bool { return true }

func withheldStated(parts []Withheld) bool {
	unstated := func(w Withheld) bool { return w.What == "" || w.Ground == "" }
	return len(parts) > 0 && !slices.ContainsFunc(parts, unstated)
}

// stated reports whether the data hold what an element needs.
func (d *Data) stated(content regime.Content) bool {
	if needs, ok := elements[content]; ok {
		return needs(d)
	}
	return d.Others[content] != ""
}

// Contents returns the elements for which every locale of a Catalog has a
// block, in order.
func Contents() []regime.Content { return slices.Sorted(maps.Keys(elements)) }

// usual are the elements that a message of each kind has where the law does not
// require them, if their data are stated.
var usual = map[regime.NoticeKind][]regime.Content{
	regime.NoticeAcknowledgement: {"received_on", "due_date", "how_processed"},
	regime.NoticeClarification:   {"what_is_unclear", "clock_effect"},
	regime.NoticeExtension:       {"reasons", "new_due_date"},
	regime.NoticeRefusal:         {"reasons"},
	regime.NoticePartial:         {"action_taken", "reasons_for_withheld_part", "copy"},
	regime.NoticeCompletion:      {"action_taken", "copy"},
	regime.NoticeAppealDenied:    {"written_reasons"},
	regime.NoticeRecipients:      {"action_taken", "categories"},
	regime.NoticeIdentity:        {"identity_evidence", "clock_effect"},
	regime.NoticeForward:         {"received_on", "request_content"},
}

// same are elements of which one says what the other would.
var same = map[regime.Content]regime.Content{
	"due_date": "expected_response", "reasons": "written_reasons", "copy": "specific_pieces",
}

// plan returns the elements of a message: what the law requires, in its order,
// then what is usual and stated.
func plan(kind regime.NoticeKind, must []regime.Content, data *Data) []regime.Content {
	planned := slices.Clone(must)
	for _, content := range usual[kind] {
		if data.stated(content) && !slices.Contains(planned, content) && !slices.Contains(planned, same[content]) {
			planned = append(planned, content)
		}
	}
	return planned
}
