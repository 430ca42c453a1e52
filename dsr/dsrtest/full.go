package dsrtest

import (
	"context"
	"fmt"
	"reflect"
	"time"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/dsr/regime"
	"github.com/labelop/privacykit/privacy"
)

// fullCase returns the first version of a case in which no field is empty, all of
// its times the given one.
func fullCase(tenant privacy.TenantID, id dsr.CaseID, at time.Time) dsr.Case {
	extension := regime.ExtensionNotice{
		By: regime.Term{Period: privacy.MustPeriod("P2M")}, NoticeAt: at, Ground: "complexity", Reason: "message-1",
	}
	categories := []privacy.CategoryID{"name"}
	return dsr.Case{
		Tenant: tenant, ID: id, Version: 1, Subject: "s1", Role: privacy.RoleProcessor, Authority: "contract-1",
		Regime: "eu-gdpr@2018-05-25", Received: at, ContentHash: "00ff", Channel: "web_form",
		Agent: true, AgentProven: true, Blockers: dsr.BlockerSet(0).With(dsr.BlockerFee),
		Identity: &dsr.Challenge{
			Salt: "00", Hash: "11", Expires: at, AttemptsLeft: 4, Issued: 1, VerifiedAt: at, Method: dsr.MethodCode,
		},
		ForwardedTo: "controller", ForwardedAt: at, DuplicateOf: "first", SplitFrom: "other-half", Redacted: true,
		Items: []dsr.Item{{
			Request: regime.RequestErasure, Work: dsr.StateInProgress, Exempt: dsr.BlockerSet(0).With(dsr.BlockerIdentity),
			DirectMarketing: true, Reason: "not_verified", Extension: &extension, Overdue: true, Resumed: true, ComplaintOpen: true, Restricted: true,
			Pauses: []regime.Pause{{
				Blocker: regime.BlockerIdentity, From: privacy.MustDate("2026-03-03"), To: privacy.MustDate("2026-03-05"), Effect: regime.EffectSuspend,
			}},
			Followups: dsr.Followups{
				AcknowledgedAt: at, AcknowledgementOverdue: true, AppealExtension: extension, AppealOverdue: true,
				ComplainedAt: at, ComplaintAcknowledgedAt: at, ComplaintOverdue: true,
			},
			AppealedAt: at,
			Tasks: []dsr.Task{{
				ID: "t1", System: "crm", Recipient: "payments", Action: dsr.ActionErase, Categories: categories, Withheld: categories,
				Spared: []dsr.Record{{Category: "name", Key: "7"}}, After: []dsr.TaskID{"t0"}, Manual: true, State: dsr.TaskRunning,
				Attempts: 1, Round: 2, LostAfter: at, NotBefore: at, Ticket: "job-7", AcceptedAt: at, Failures: 3, FailingSince: at,
				Problem: "unavailable", Evidence: "receipt-1",
			}},
			Protections: []dsr.Protection{{
				System: "crm", Category: "name", Record: "7", Ground: "17(3)(b)", Source: "rule", Until: privacy.MustDate("2034-12-31"), Derived: true, Refused: true,
			}},
		}},
	}
}

// caseComplete stores a case with every field, and times that no store keeps as
// they are.
func caseComplete(ctx context.Context, h Harness) error {
	u := creation("t", "c")
	u.Case = fullCase("t", "c", epoch.Add(999*time.Nanosecond).In(time.FixedZone("UTC+1", 3600)))
	if err := h.Update(ctx, u); err != nil {
		return err
	}
	got, err := h.Case(ctx, "t", "c")
	if err != nil {
		return err
	}
	if wanted := fullCase("t", "c", epoch); !reflect.DeepEqual(got, wanted) {
		return fmt.Errorf("got %+v, want %+v", got, wanted)
	}
	return nil
}
