package consent_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy"
)

func TestStateSurvivesItsEncoding(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for range 400 {
		state := randomState(t, random, random.IntN(30))
		encoded, err := state.MarshalBinary()
		must(t, err)
		var decoded consent.State
		must(t, decoded.UnmarshalBinary(encoded))
		if !reflect.DeepEqual(decoded, state) {
			t.Fatalf("decoded %+v\nencoded %+v", decoded, state)
		}
	}
}

func TestExtremeTimesSurviveTheEncoding(t *testing.T) {
	for _, at := range []time.Time{
		{}, time.UnixMicro(0).UTC(), time.UnixMicro(1).UTC(), time.UnixMicro(-1).UTC(),
		time.Date(1, 1, 1, 0, 0, 0, 1000, time.UTC), time.Date(0, 12, 31, 23, 59, 59, 0, time.UTC), time.Date(9999, 12, 31, 23, 59, 59, 999999000, time.UTC),
	} {
		for _, date := range []privacy.Date{{}, privacy.MustDate("0001-01-01"), privacy.MustDate("1969-12-31"), privacy.MustDate("1970-01-01"), privacy.MustDate("9999-12-31")} {
			state := consent.State{Version: 1, WithdrawnAt: at, AgeAt: at, Erased: consent.Mark{On: true, At: at, Sequence: 1}, BornOnOrAfter: date}
			encoded, err := state.MarshalBinary()
			must(t, err)
			var decoded consent.State
			must(t, decoded.UnmarshalBinary(encoded))
			if !reflect.DeepEqual(decoded, state) {
				t.Errorf("%v, %v came back as %+v", at, date, decoded)
			}
		}
	}
}

func TestStatesThatNoFoldProducesAreUnreadable(t *testing.T) {
	encode := func(state consent.State) []byte {
		encoded, err := state.MarshalBinary()
		must(t, err)
		return encoded
	}
	sound := encode(consent.State{Version: 1, Purposes: []consent.PurposeState{{Purpose: "a"}}})
	replace := func(state consent.State, from, to int64) []byte {
		old, changed := binary.AppendVarint(nil, from), binary.AppendVarint(nil, to)
		data := encode(state)
		if !bytes.Contains(data, old) {
			t.Fatalf("%d is not in the encoding", from)
		}
		return bytes.Replace(data, old, changed, 1)
	}
	zero := time.Time{}.UnixMicro()
	firstDay := int64(privacy.MustDate("0001-01-01").DaysSince(privacy.MustDate("1970-01-01")))
	flag := bytes.Clone(sound)
	flag[2] = 2                                                    // whether the subject was erased
	overlong := append([]byte{sound[0], 0x81, 0x00}, sound[2:]...) // version 1 in two bytes
	for name, data := range map[string][]byte{
		"nothing":                   nil,
		"another format":            append([]byte{99}, sound[1:]...),
		"cut off":                   sound[:len(sound)-1],
		"something behind the end":  append(bytes.Clone(sound), 0),
		"a number longer than need": overlong,
		"neither true nor false":    flag,
		"the zero time written out": replace(consent.State{WithdrawnAt: time.UnixMicro(zero + 1)}, zero+1, zero),
		"a date before the first":   replace(consent.State{BornOnOrAfter: privacy.MustDate("0001-01-01")}, firstDay, firstDay-1),
		"a date beyond reason":      replace(consent.State{BornOnOrAfter: privacy.MustDate("0001-01-01")}, firstDay, -1<<40),
		"purposes out of order":     encode(consent.State{Version: 1, Purposes: []consent.PurposeState{{Purpose: "b"}, {Purpose: "a"}}}),
		"a purpose twice":           encode(consent.State{Version: 1, Purposes: []consent.PurposeState{{Purpose: "a"}, {Purpose: "a"}}}),
		"an unknown status":         encode(consent.State{Version: 1, Purposes: []consent.PurposeState{{Purpose: "a", Consent: consent.ConsentInvalid + 1}}}),
		"an unknown opt-out":        encode(consent.State{Version: 1, OptOuts: []consent.OptOutState{{Kind: 77, Mark: consent.Mark{On: true}}}}),
		"no opt-out":                encode(consent.State{Version: 1, OptOuts: []consent.OptOutState{{Kind: 0, Mark: consent.Mark{On: true}}}}),
		"a matter twice":            encode(restrictedBy("a", "a")),
		"matters out of order":      encode(restrictedBy("b", "a")),
		"restricted by nothing":     encode(consent.State{Version: 1, Restricted: consent.Mark{On: true}}),
		"not restricted, by one":    encode(consent.State{Version: 1, Restrictions: []consent.RestrictionState{{Matter: "a"}}}),
		"an opt-out twice":          encode(consent.State{Version: 1, OptOuts: []consent.OptOutState{{Kind: privacy.OptOutSale}, {Kind: privacy.OptOutSale}}}),
	} {
		var state consent.State
		if err := state.UnmarshalBinary(data); err == nil {
			t.Errorf("%s was read as %+v", name, state)
		}
	}
	_, err := consent.Stream{Version: 2, State: sound}.SubjectState()
	wantErr(t, err, privacy.ErrInvalid)
	_, err = consent.Stream{Version: 1}.SubjectState()
	wantErr(t, err, privacy.ErrInvalid)
	_, err = consent.Stream{Version: 1, State: sound}.SubjectState()
	must(t, err)
}

func FuzzStateUnmarshal(f *testing.F) {
	random := rand.New(rand.NewPCG(5, 6))
	for i := range 20 {
		state := randomState(f, random, i)
		encoded, err := state.MarshalBinary()
		must(f, err)
		f.Add(encoded)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var state consent.State
		if err := state.UnmarshalBinary(data); err != nil {
			wantErr(t, err, privacy.ErrInvalid)
			return
		}
		again, err := state.MarshalBinary()
		must(t, err)
		if !bytes.Equal(again, data) {
			t.Errorf("%x was read and written as %x", data, again)
		}
	})
}

func restrictedBy(matters ...string) consent.State {
	state := consent.State{Version: 1, Restricted: consent.Mark{On: true}}
	for _, matter := range matters {
		state.Restrictions = append(state.Restrictions, consent.RestrictionState{Matter: matter})
	}
	return state
}

// someFacts has a fact of every kind.
func someFacts() []consent.Fact {
	facts := []consent.Fact{
		grantOf("a"), renewalOf(4, "a"), refusalOf("a"), withdrawalOf("a"), expiryOf("a"), objectionTo("a"), endedFor("a"),
		restrictionOf("a"), liftedFor("a"), restrictionAbout("case-1"), liftedAbout("case-1"), consent.OptOut{Kinds: privacy.NewOptOutSet(privacy.OptOutSale), Signal: "gpc"},
		consent.OptIn{Purposes: []privacy.PurposeID{"a"}}, adult, consent.Erasure{Cause: "case-1"},
		consent.RelationshipStarted{Reference: "contract-9"}, consent.RelationshipEnded{Reason: "account_closed"},
		attestationOf("x", "content"), consent.AttestationWithdrawn{ID: "x"}, instructionOf("i", "model"), consent.InstructionWithdrawn{},
		consent.InstructionFlagged{ID: "i", Concern: "unlawful"}, consent.SharingDecision{With: "w", By: "b", Shared: true}, consent.Export{ID: "e", By: "b"},
		consent.SubProcessorAnnounced{Recipient: "model", ObjectUntil: hour(9)}, consent.SubProcessorObjection{Recipient: "model"},
		consent.SubProcessorObjectionLifted{Recipient: "model"}, consent.NoticeRequired{Purpose: "a", MinimumVersion: 2, From: hour(9)},
	}
	grant := explicitGrant("a")
	grant.Until = hour(9)
	grant.Evidence.Imported = &consent.Imported{Source: "crm"}
	return append(facts, grant)
}

func TestEntriesSurviveTheirEncoding(t *testing.T) {
	zone := time.FixedZone("", 5*3600+1800)
	kinds := map[consent.Kind]bool{}
	for _, fact := range someFacts() {
		kinds[fact.Kind()] = true
		entry := consent.Entry{Tenant: "acme", Subject: "s", OccurredAt: start.In(zone).Add(1234567 * time.Nanosecond), Cause: "case-1", Fact: fact}
		payload, err := entry.Encode()
		must(t, err)
		decoded, err := consent.DecodeEntry(payload)
		must(t, err)
		if !reflect.DeepEqual(decoded.Fact, fact) {
			t.Errorf("%s came back as %+v, was %+v", fact.Kind(), decoded.Fact, fact)
		}
		if want := entry.OccurredAt.Truncate(time.Microsecond); !decoded.OccurredAt.Equal(want) || decoded.OccurredAt.Format("-07:00") != "+05:30" {
			t.Errorf("the time came back as %v, want %v", decoded.OccurredAt, want)
		}
		canonical, err := privacy.CanonicalizeJSON(payload)
		must(t, err)
		if !bytes.Equal(canonical, payload) {
			t.Errorf("%s is not in canonical form: %s", fact.Kind(), payload)
		}
	}
	wantSame(t, "number of kinds", len(kinds), 26)
}

func TestEntriesThatCannotBeEncoded(t *testing.T) {
	long := grantOf("a")
	long.Evidence.Reference = string(bytes.Repeat([]byte("x"), consent.MaxPayload))
	endless := grantOf("a")
	endless.Until = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)
	broken := grantOf("a")
	broken.Evidence.Reference = "\xff"
	for name, fact := range map[string]consent.Fact{"too long": long, "a year of five digits": endless, "not UTF-8": broken} {
		if _, err := consent.NewRecord("id", "k", start, consent.Entry{Tenant: "acme", Subject: "s", OccurredAt: start, Fact: fact}); err == nil {
			t.Errorf("%s was encoded", name)
		} else {
			wantErr(t, err, privacy.ErrInvalid)
		}
	}
}

func TestDecodeEntryIsStrict(t *testing.T) {
	payload, err := consent.Entry{Tenant: "acme", Subject: "s", OccurredAt: start, Fact: withdrawalOf("a")}.Encode()
	must(t, err)
	for _, text := range []string{
		"", "null", "{}", "[]", string(payload) + "{}", string(payload) + "}", string(payload) + "] and more", string(payload[:len(payload)-1]),
		`{"kind":"foretold","fact":{},"tenant":"acme","occurred_at":"2026-03-02T10:00:00Z"}`,
		`{"kind":"withdrawn","fact":{"purpose":["a"]},"tenant":"acme","occurred_at":"2026-03-02T10:00:00Z"}`,
		`{"kind":"withdrawn","fact":{},"tenant":"acme","occurred_at":"yesterday"}`,
		`{"kind":"withdrawn","fact":{},"tenant":"acme","occurred_at":"2026-03-02T10:00:00Z","note":"x"}`,
		`{"kind":"opted_out","fact":{"kinds":["everything"]},"tenant":"acme","occurred_at":"2026-03-02T10:00:00Z"}`,
	} {
		if entry, err := consent.DecodeEntry([]byte(text)); err == nil {
			t.Errorf("%s was read as %+v", text, entry)
		} else {
			wantErr(t, err, privacy.ErrInvalid)
		}
	}
}

func FuzzDecodeEntry(f *testing.F) {
	for _, fact := range someFacts() {
		payload, err := consent.Entry{Tenant: "acme", Subject: "s", OccurredAt: start, Fact: fact}.Encode()
		must(f, err)
		f.Add(payload)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		entry, err := consent.DecodeEntry(data)
		if err != nil {
			wantErr(t, err, privacy.ErrInvalid)
			return
		}
		payload, err := entry.Encode()
		if err != nil {
			wantErr(t, err, privacy.ErrInvalid)
			return
		}
		decoded, err := consent.DecodeEntry(payload)
		must(t, err)
		again, err := decoded.Encode()
		must(t, err)
		if !bytes.Equal(payload, again) {
			t.Errorf("%s became %s", payload, again)
		}
	})
}

func TestRecordsProveThemselves(t *testing.T) {
	record := recordOf(t, 1, start, "s", withdrawalOf("a"))
	must(t, record.Verify())
	other := recordOf(t, 1, start, "s", withdrawalOf("a"))
	if record.Commitment == other.Commitment {
		t.Error("two records of the same fact have the same commitment: what was erased can be guessed")
	}
	altered := record
	altered.Payload = bytes.Replace(record.Payload, []byte(`"a"`), []byte(`"b"`), 1)
	wantErr(t, altered.Verify(), privacy.ErrInvalid)
	altered = record
	altered.Salt = bytes.Clone(record.Salt)
	altered.Salt[0] ^= 1
	wantErr(t, altered.Verify(), privacy.ErrInvalid)
	redacted := record
	redacted.Payload, redacted.Salt = nil, nil
	must(t, redacted.Verify())
	wantSame(t, "redacted", redacted.Redacted(), true)
}

func TestStampsSurviveTheirText(t *testing.T) {
	stamp := consent.Stamp{Guard: consent.Guard{SubjectVersion: 1<<64 - 1, TenantVersion: 0}, Register: [32]byte{0: 0xab, 31: 0xcd}}
	parsed, err := consent.ParseStamp(stamp.String())
	must(t, err)
	wantSame(t, "stamp", parsed, stamp)
	text, err := json.Marshal(map[string]consent.Stamp{"stamp": stamp})
	must(t, err)
	var decoded map[string]consent.Stamp
	must(t, json.Unmarshal(text, &decoded))
	wantSame(t, "stamp", decoded["stamp"], stamp)
	if err := json.Unmarshal([]byte(`{"stamp":"1.2"}`), &decoded); err == nil {
		t.Error("a malformed stamp was read from JSON")
	}
}

func FuzzParseStamp(f *testing.F) {
	f.Add(consent.Stamp{}.String())
	f.Add(consent.Stamp{Guard: consent.Guard{SubjectVersion: 7, TenantVersion: 8}, Register: [32]byte{1}}.String())
	for _, text := range []string{"", "1.2.", "01.2." + textHash, "+1.2." + textHash, "1.-2." + textHash, "1.2.3." + textHash, "1.2." + "5A" + textHash[2:], "1_0.2." + textHash, "18446744073709551616.2." + textHash} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		stamp, err := consent.ParseStamp(text)
		if err != nil {
			wantErr(t, err, privacy.ErrInvalid)
			wantSame(t, "stamp", stamp, consent.Stamp{})
			return
		}
		wantSame(t, "text", stamp.String(), text)
	})
}
