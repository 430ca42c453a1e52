package consent_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy"
)

func foldTenant(t testing.TB, events ...event) consent.TenantState {
	t.Helper()
	var state consent.TenantState
	for i, e := range events {
		must(t, state.Fold(recordOf(t, uint64(i+1), hour(e.hour), "", e.fact)))
	}
	return state
}

func describeTenant(state consent.TenantState) string {
	var words []string
	add := func(format string, args ...any) { words = append(words, fmt.Sprintf(format, args...)) }
	for _, a := range state.Attestations {
		add("%s%v@%d%s", a.Attestation.ID, a.Attestation.Categories, a.Sequence, map[bool]string{true: ":withdrawn"}[!a.WithdrawnAt.IsZero()])
	}
	for _, i := range state.Instructions {
		add("%s%v@%d%s%s", i.Instruction.ID, i.Instruction.Recipients, i.Sequence, map[bool]string{true: ":withdrawn"}[!i.WithdrawnAt.IsZero()], i.Concern)
	}
	for _, s := range state.SubProcessors {
		add("%s", s.Recipient)
		if !s.ObjectUntil.IsZero() {
			add("until %s@%d", s.ObjectUntil.Sub(start), s.AnnouncedSequence)
		}
		if s.Objected.On {
			add("objected")
		}
	}
	for _, n := range state.Notices {
		add("%s>=v%d from %s", n.Purpose, n.MinimumVersion, n.From.Sub(start))
	}
	return strings.Join(words, " ")
}

func TestFoldOfTenantFacts(t *testing.T) {
	withdrawn := func(id string) consent.AttestationWithdrawn { return consent.AttestationWithdrawn{ID: id} }
	stopped := func(id string) consent.InstructionWithdrawn { return consent.InstructionWithdrawn{ID: id} }
	objected, lifted := consent.SubProcessorObjection{Recipient: "model"}, consent.SubProcessorObjectionLifted{Recipient: "model"}
	announced := func(until int) consent.SubProcessorAnnounced {
		return consent.SubProcessorAnnounced{Recipient: "model", ObjectUntil: hour(until)}
	}
	required := func(version uint32, from int) consent.NoticeRequired {
		return consent.NoticeRequired{Purpose: "a", MinimumVersion: version, From: hour(from)}
	}
	for _, c := range []foldCase{
		{"nothing is nothing", nil, ""},
		{"an attestation is in force", []event{{1, attestationOf("x", "c")}}, "x[c]@1"},
		{"an attestation replaces one with its ID", []event{{1, attestationOf("x", "c")}, {2, attestationOf("y", "c")}, {3, attestationOf("x", "d")}}, "x[d]@3 y[c]@2"},
		{"a late attestation does not replace a newer one", []event{{5, attestationOf("x", "c")}, {3, attestationOf("x", "d")}}, "x[c]@1"},
		{"at one time the order of the ledger decides", []event{{5, attestationOf("x", "c")}, {5, withdrawn("x")}, {5, attestationOf("x", "d")}}, "x[d]@3"},
		{"an attestation is withdrawn", []event{{1, attestationOf("x", "c")}, {1, attestationOf("y", "c")}, {2, withdrawn("x")}}, "x[c]@1:withdrawn y[c]@2"},
		{"a late withdrawal counts all the same", []event{{5, attestationOf("x", "c")}, {3, withdrawn("x")}}, "x[c]@1:withdrawn"},
		{"an attestation after its withdrawal counts", []event{{1, attestationOf("x", "c")}, {2, withdrawn("x")}, {3, attestationOf("x", "d")}}, "x[d]@3"},
		{"a late attestation does not override a later withdrawal", []event{{1, attestationOf("x", "c")}, {5, withdrawn("x")}, {3, attestationOf("x", "d")}}, "x[d]@3:withdrawn"},
		{"a late attestation does not override a withdrawal recorded before it", []event{{5, withdrawn("x")}, {3, attestationOf("x", "c")}}, "x[c]@2:withdrawn"},
		{"an attestation after a withdrawal recorded before it counts", []event{{5, withdrawn("x")}, {6, attestationOf("x", "c")}}, "x[c]@2"},
		{"withdrawing all reaches all", []event{{1, attestationOf("x", "c")}, {1, attestationOf("y", "c")}, {2, withdrawn("")}}, "x[c]@1:withdrawn y[c]@2:withdrawn"},
		{"withdrawing all reaches those that come late", []event{{5, withdrawn("")}, {3, attestationOf("x", "c")}}, "x[c]@2:withdrawn"},
		{"of two withdrawals of all the later counts", []event{{5, withdrawn("")}, {2, withdrawn("")}, {3, attestationOf("x", "c")}}, "x[c]@3:withdrawn"},
		{"an attestation after all were withdrawn counts", []event{{5, withdrawn("")}, {6, attestationOf("x", "c")}}, "x[c]@2"},

		{"an instruction is in force", []event{{1, instructionOf("i", "model")}}, "i[model]@1"},
		{"an instruction replaces one with its ID", []event{{1, instructionOf("i", "model")}, {2, instructionOf("i")}}, "i[]@2"},
		{"a late instruction does not replace a newer one", []event{{5, instructionOf("i")}, {3, instructionOf("i", "model")}}, "i[]@1"},
		{"an instruction is withdrawn", []event{{1, instructionOf("i")}, {2, stopped("i")}}, "i[]@1:withdrawn"},
		{"an instruction after its withdrawal counts", []event{{1, instructionOf("i")}, {2, stopped("i")}, {3, instructionOf("i")}}, "i[]@3"},
		{"a late instruction does not override a later withdrawal", []event{{1, instructionOf("i")}, {5, stopped("i")}, {3, instructionOf("i", "model")}}, "i[model]@3:withdrawn"},
		{"a late instruction does not override a withdrawal recorded before it", []event{{5, stopped("i")}, {3, instructionOf("i")}}, "i[]@2:withdrawn"},
		{"withdrawing all instructions reaches those that come late", []event{{1, instructionOf("i")}, {5, stopped("")}, {3, instructionOf("j")}}, "i[]@1:withdrawn j[]@3:withdrawn"},
		{"an instruction is flagged", []event{{1, instructionOf("i")}, {2, consent.InstructionFlagged{ID: "i", Concern: "!"}}, {3, consent.InstructionFlagged{ID: "j", Concern: "?"}}}, "i[]@1!"},

		{"a sub-processor is announced", []event{{1, announced(9)}}, "model until 9h0m0s@1"},
		{"an announcement can be moved", []event{{1, announced(9)}, {2, announced(8)}}, "model until 8h0m0s@2"},
		{"a late announcement does not move a newer one", []event{{5, announced(40)}, {3, announced(9)}}, "model until 40h0m0s@1"},
		{"a sub-processor is objected to", []event{{1, announced(9)}, {2, objected}}, "model until 9h0m0s@1 objected"},
		{"an objection needs no announcement", []event{{2, objected}}, "model objected"},
		{"an objection is lifted", []event{{1, objected}, {2, lifted}}, "model"},
		{"a late lift does not override a later objection", []event{{5, objected}, {3, lifted}}, "model objected"},
		{"an announcement does not end an objection", []event{{1, objected}, {2, announced(9)}}, "model until 9h0m0s@2 objected"},

		{"a notice is required", []event{{1, required(4, 8)}}, "a>=v4 from 8h0m0s"},
		{"notices of several versions stand beside each other", []event{{1, required(4, 8)}, {2, required(5, 9)}}, "a>=v4 from 8h0m0s a>=v5 from 9h0m0s"},
		{"a requirement can be moved", []event{{1, required(4, 8)}, {2, required(4, 9)}}, "a>=v4 from 9h0m0s"},
		{"a late requirement does not move a newer one", []event{{5, required(4, 8)}, {3, required(4, 90)}}, "a>=v4 from 8h0m0s"},

		{"sharing and exports change nothing", []event{{1, consent.SharingDecision{With: "w", By: "b"}}, {2, consent.Export{ID: "e", By: "b"}}}, ""},
	} {
		t.Run(c.rule, func(t *testing.T) {
			state := foldTenant(t, c.events...)
			if got := describeTenant(state); got != c.want {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
			wantSame(t, "version", state.Version, uint64(len(c.events)))
			encoded, err := state.MarshalBinary()
			must(t, err)
			var decoded consent.TenantState
			must(t, decoded.UnmarshalBinary(encoded))
			if !reflect.DeepEqual(decoded, state) {
				t.Errorf("decoded %+v\nencoded %+v", decoded, state)
			}
		})
	}
}

func TestFoldOfTenantLeavesTheStateAsItWasOnError(t *testing.T) {
	record := func(sequence uint64, fact consent.Fact) consent.Record {
		return recordOf(t, sequence, start, "", fact)
	}
	redacted := record(2, consent.AttestationWithdrawn{})
	redacted.Payload = nil
	for name, bad := range map[string]consent.Record{
		"a gap":                  record(3, consent.AttestationWithdrawn{}),
		"a repetition":           record(1, consent.AttestationWithdrawn{}),
		"a fact about a subject": record(2, grantOf("a")),
		"a redacted record":      redacted,
	} {
		state := foldTenant(t, event{1, attestationOf("x", "c")})
		wantErr(t, state.Fold(bad), privacy.ErrInvalid)
		if got := describeTenant(state); got != "x[c]@1" || state.Version != 1 {
			t.Errorf("%s changed the state to %q", name, got)
		}
	}
}

func TestUnreadableTenantStates(t *testing.T) {
	for _, data := range []string{"", "{", "[]", `{"version":1,"surprise":2}`, `{"version":1}{}`, `{"version":-1}`, `{"attestations":[{"attestation":{"basis":"whim"}}]}`} {
		var state consent.TenantState
		wantErr(t, state.UnmarshalBinary([]byte(data)), privacy.ErrInvalid)
	}
	_, err := consent.Stream{Key: consent.StreamKey{Tenant: "acme"}, Version: 2, State: []byte(`{"version":1}`)}.TenantState()
	wantErr(t, err, privacy.ErrInvalid)
}
