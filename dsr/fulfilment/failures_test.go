package fulfilment_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/dsr/fulfilment"
	"github.com/labelop/privacykit/dsr/regime"
	"github.com/labelop/privacykit/privacy"
)

// What users of other systems hit, and the test that shows that it cannot happen
// here:
//
//	fides#2079, an error without a pointer where ... TestProblemsAreCodes, TestErasureThatDidNotHappenIsNotRecorded (the letter)
//	fides PR#4837, PR#8211, requests that hang ...... TestKilledAtEveryCall, TestConnectorThatHangs, TestSlowSystemIsPolled
//	fides#1900, #2064, a backlog behind a bad one ... TestBadConnectorHoldsUpNobody, TestSystemDownForTwoDays
//	fides#4164, manual erasure without fields ....... TestManualErasureSaysWhatWasErased
//	OpenTranscribe#442, no erasure ledger ........... TestKilledAtEveryCall (the log)
//	  a hold's release re-runs nothing .............. TestReleasedHoldIsErased, TestRemainderResumesByItself
//	  a restored backup resurrects .................. TestRestoreDoesNotResurrect, TestNoErasureWithoutSuppression
//	  exemption of the account, not the file ........ TestExemptionCoversTheRecordOnly
//	stage-door#136, half-erased reports complete .... TestKilledAtEveryCall, TestFailingSystemsAndDyingProcesses
//	dentalpin PR#374, erasure claimed, not done ..... TestErasureThatDidNotHappenIsNotRecorded
//	openregister#2703, PR#3436, an unguarded entry .. TestNothingIsDoneWhileTheCaseWaits, TestManualTaskThatIsProtectedByNow
//	  sweeps that ignore holds ...................... TestHoldPlacedAfterThePlan, TestUnreadableHoldsEraseNothing
//	margince#1305, PR#5505, data that are not reached TestExportAndErasureCoverTheSame, TestCheckConnectors
//	margince#2204, PR#4706, a grant after erasure ... TestErasureMeetsRetentionAndConsent in privacy/store/memstore
//	platos PR#66, a setting that nothing reads ...... TestHoldPlacedAfterThePlan; aliases: TestRestoreDoesNotResurrect
//	ClearGDPR#440, a processor keeps its access ..... TestWithdrawalReachesTheRecipients
//	spree PR#14560, an export that omits fields ..... TestExportAndErasureCoverTheSame
//
// and, beside those: a paused process (TestPausedProcessIsFenced), a clock set
// back (TestClockSetBack), a case of another tenant (TestCaseOfAnotherTenant), an
// unknown regime (TestUnknownRegime), a wake-up that leads nowhere
// (TestWakeUpsThatLeadNowhere).

// fides#1900, #2064: a bad connector creates no backlog of other systems or other
// requests.
func TestBadConnectorHoldsUpNobody(t *testing.T) {
	w := newWorld(t)
	w.database().before = fails(&fulfilment.CallError{Code: "unavailable"})
	var opened []dsr.Case
	for n := range 20 {
		subject := privacy.SubjectID(fmt.Sprint("subject-", n))
		w.give(subject)
		opened = append(opened, w.open(asks(subject, regime.RequestErasure)))
	}
	c, err := w.service.Open(t.Context(), "eu-gdpr", asks("subject-0", regime.RequestErasure), "")
	must(t, err)
	_, err = w.Begin(t.Context(), "t", c.ID, 0, fulfilment.Scope{Categories: []privacy.CategoryID{"billing"}})
	must(t, err)
	w.run()
	w.ended(c)
	for n := range opened {
		subject := privacy.SubjectID(fmt.Sprint("subject-", n))
		equal(t, "left elsewhere", len(w.leftOf(subject)), len(w.database().left("t", subject)))
	}
	w.database().set(func(s *fakeSystem) { s.before = nil })
	w.pass(time.Hour, time.Minute)
	for _, c := range opened {
		w.ended(c)
	}
}
