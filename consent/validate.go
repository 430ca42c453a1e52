package consent

import (
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/labelop/privacykit/privacy"
)

// checkIDs adds a problem for every identifier of list that is not legal.
func checkIDs[T ~string](problems *privacy.Problems, path string, list []T) {
	for i, id := range list {
		if err := privacy.CheckID("identifier", string(id)); err != nil {
			problems.Add(fmt.Sprintf("%s[%d]", path, i), ProblemIdentifier, "%v", err)
		}
	}
}

func requireIDs[T ~string](problems *privacy.Problems, path string, list []T) {
	if len(list) == 0 {
		problems.Add(path, ProblemRequired, "at least one is required")
	}
	checkIDs(problems, path, list)
}

func require(problems *privacy.Problems, path, value string) {
	if err := privacy.CheckID("value", value); err != nil {
		problems.Add(path, ProblemRequired, "%v", err)
	}
}

// require adds what is missing for evidence of consent (Art. 7(1)).
func (e Evidence) require(path string, problems *privacy.Problems) {
	require(problems, path+".notice.document", e.Notice.Document)
	if e.Notice.Version == 0 {
		problems.Add(path+".notice.version", ProblemRequired, "the version of the notice shown is required")
	}
	require(problems, path+".notice.locale", e.Notice.Locale)
	require(problems, path+".act", e.Act)
	require(problems, path+".channel", e.Channel)
	if e.Notice.TextSHA256 == "" && (!e.Notice.TextUnknown || e.Imported == nil) {
		problems.Add(path+".notice.text_sha256", ProblemRequired, "the hash of the text shown is required")
	}
	e.validate(path, problems)
}

func (e Evidence) validate(path string, problems *privacy.Problems) {
	checkHash(problems, path+".notice.text_sha256", e.Notice.TextSHA256)
	checkHash(problems, path+".wording_sha256", e.Wording)
	if e.Imported != nil {
		require(problems, path+".imported.source", e.Imported.Source)
	}
	if e.Signal != nil {
		e.Signal.validate(path+".signal", problems)
	}
}

func (s SignalString) validate(path string, problems *privacy.Problems) {
	require(problems, path+".format", s.Format)
	hidden := func(r rune) bool { return r <= ' ' || r > '~' }
	if s.Value == "" || len(s.Value) > MaxSignalString || strings.ContainsFunc(s.Value, hidden) {
		problems.Add(path+".value", ProblemText, "a string has 1 to %d bytes of visible ASCII", MaxSignalString)
	}
}

func checkHash(problems *privacy.Problems, path, hash string) {
	if hash == "" {
		return
	}
	if _, err := hex.DecodeString(hash); err != nil || len(hash) != 64 {
		problems.Add(path, ProblemHash, "a SHA-256 has 64 hexadecimal digits")
	}
}

func (f RelationshipStarted) validate(path string, problems *privacy.Problems) {
	f.Evidence.validate(path+".evidence", problems)
}

func (RelationshipEnded) validate(string, *privacy.Problems) {}

func (f Grant) validate(path string, problems *privacy.Problems) {
	requireIDs(problems, path+".purposes", f.Purposes)
	f.Evidence.require(path+".evidence", problems)
}

func (f Renewal) validate(path string, problems *privacy.Problems) {
	requireIDs(problems, path+".purposes", f.Purposes)
	f.Evidence.require(path+".evidence", problems)
}

func (f Refusal) validate(path string, problems *privacy.Problems) {
	requireIDs(problems, path+".purposes", f.Purposes)
	f.Evidence.validate(path+".evidence", problems)
}

func (f Withdrawal) validate(path string, problems *privacy.Problems) {
	checkIDs(problems, path+".purposes", f.Purposes)
	f.Evidence.validate(path+".evidence", problems)
}

func (f Expiry) validate(path string, problems *privacy.Problems) {
	requireIDs(problems, path+".purposes", f.Purposes)
}

func (f Objection) validate(path string, problems *privacy.Problems) {
	checkIDs(problems, path+".purposes", f.Purposes)
	f.Evidence.validate(path+".evidence", problems)
}

func (f ObjectionEnded) validate(path string, problems *privacy.Problems) {
	checkIDs(problems, path+".purposes", f.Purposes)
	require(problems, path+".reason", f.Reason)
}

func (f Restriction) validate(path string, problems *privacy.Problems) {
	checkIDs(problems, path+".purposes", f.Purposes)
	checkMatter(problems, path, f.Matter, f.Purposes)
}

func checkMatter(problems *privacy.Problems, path, matter string, purposes []privacy.PurposeID) {
	if matter == "" {
		return
	}
	if err := privacy.CheckID("matter", matter); err != nil {
		problems.Add(path+".matter", ProblemIdentifier, "%v", err)
	}
	if len(purposes) > 0 {
		problems.Add(path+".matter", ProblemMatter, "a restriction of single purposes has no matter")
	}
}

func (f RestrictionLifted) validate(path string, problems *privacy.Problems) {
	checkIDs(problems, path+".purposes", f.Purposes)
	checkMatter(problems, path, f.Matter, f.Purposes)
}

func (f OptOut) validate(path string, problems *privacy.Problems) {
	checkOptOuts(problems, path, f.Kinds, f.Purposes)
	f.Evidence.validate(path+".evidence", problems)
}

func (f OptIn) validate(path string, problems *privacy.Problems) {
	checkOptOuts(problems, path, f.Kinds, f.Purposes)
	f.Evidence.validate(path+".evidence", problems)
}

func checkOptOuts(problems *privacy.Problems, path string, kinds privacy.OptOutSet, purposes []privacy.PurposeID) {
	if kinds == 0 && len(purposes) == 0 {
		problems.Add(path+".kinds", ProblemRequired, "kinds or purposes are required")
	}
	checkIDs(problems, path+".purposes", purposes)
}

func (f AgeEvidence) validate(path string, problems *privacy.Problems) {
	if f.BornOnOrBefore.IsZero() && f.BornOnOrAfter.IsZero() {
		problems.Add(path+".born_on_or_before", ProblemRequired, "at least one bound on the date of birth is required")
	}
	if !f.BornOnOrBefore.IsZero() && f.BornOnOrBefore.Before(f.BornOnOrAfter) {
		problems.Add(path+".born_on_or_after", ProblemOrder, "the bounds on the date of birth contradict each other")
	}
	require(problems, path+".method", f.Method)
}

func (f Erasure) validate(path string, problems *privacy.Problems) {
	require(problems, path+".cause", f.Cause)
}

func (f Attestation) validate(path string, problems *privacy.Problems) {
	require(problems, path+".id", f.ID)
	requireIDs(problems, path+".categories", f.Categories)
	requireIDs(problems, path+".purposes", f.Purposes)
	if f.Basis == 0 {
		problems.Add(path+".basis", ProblemRequired, "the tenant's legal basis is required")
	}
	if !f.Rights || !f.Notices {
		problems.Add(path+".rights", ProblemNotDeclared, "an attestation declares that the tenant has the rights and gave the notices")
	}
	if f.Basis == privacy.BasisConsent && !f.Consents {
		problems.Add(path+".consents", ProblemNotDeclared, "an attestation on the basis of consent declares that the consents are held")
	}
	require(problems, path+".signed_by", f.SignedBy)
	require(problems, path+".terms_version", f.TermsVersion)
}

func (AttestationWithdrawn) validate(string, *privacy.Problems) {}

func (f Instruction) validate(path string, problems *privacy.Problems) {
	require(problems, path+".id", f.ID)
	requireIDs(problems, path+".purposes", f.Purposes)
	if len(f.Operations) == 0 {
		problems.Add(path+".operations", ProblemRequired, "at least one is required")
	}
	checkIDs(problems, path+".recipients", f.Recipients)
	checkIDs(problems, path+".countries", f.Countries)
	require(problems, path+".given_by", f.GivenBy)
}

func (InstructionWithdrawn) validate(string, *privacy.Problems) {}

func (f InstructionFlagged) validate(path string, problems *privacy.Problems) {
	require(problems, path+".id", f.ID)
	require(problems, path+".concern", f.Concern)
}

func (f SharingDecision) validate(path string, problems *privacy.Problems) {
	require(problems, path+".with", f.With)
	checkIDs(problems, path+".categories", f.Categories)
	require(problems, path+".by", f.By)
}

func (f Export) validate(path string, problems *privacy.Problems) {
	require(problems, path+".id", f.ID)
	checkIDs(problems, path+".categories", f.Categories)
	require(problems, path+".by", f.By)
}

func (f SubProcessorAnnounced) validate(path string, problems *privacy.Problems) {
	require(problems, path+".recipient", string(f.Recipient))
	if f.ObjectUntil.IsZero() {
		problems.Add(path+".object_until", ProblemRequired, "the end of the time to object is required")
	}
}

func (f SubProcessorObjection) validate(path string, problems *privacy.Problems) {
	require(problems, path+".recipient", string(f.Recipient))
}

func (f SubProcessorObjectionLifted) validate(path string, problems *privacy.Problems) {
	require(problems, path+".recipient", string(f.Recipient))
}

func (f NoticeRequired) validate(path string, problems *privacy.Problems) {
	require(problems, path+".purpose", string(f.Purpose))
	if f.MinimumVersion == 0 {
		problems.Add(path+".minimum_version", ProblemRequired, "the version is at least 1")
	}
	if f.From.IsZero() {
		problems.Add(path+".from", ProblemRequired, "the time from which the notice is required is missing")
	}
}
