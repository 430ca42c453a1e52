package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/labelop/privacykit/dsr/fulfilment"
	"github.com/labelop/privacykit/privacy"
)

// erasure is one that the law lets LabelOp do in part.
func (q *requestsJourney) erasure(ctx context.Context) {
	q.on(ctx, "2026-03-17")
	staff := q.service.requests.staffToken
	q.do(ctx, request{asks: "a lawsuit: the support messages of Ada's workspace are held", method: "PUT", path: "/desk/holds/" + q.workspaceOf("ada") + "/H1",
		token: staff, body: object{"matter": "court file 12 O 34/26"}, status: 200, code: "held"})
	ada := q.accountOf(ctx, q.ada)
	c := q.seeCase(ctx, ask(q.ada, object{"kind": "erasure"}), "Ada asks to be erased", 202, "received, due 2026-04-17")
	q.erased = c
	support := "support kept: GDPR 17(3)(e), hold H1"
	invoice := "billing kept: GDPR 17(3)(b), invoices-by-law, to 2034-12-31"
	q.seePlan(ctx, "ada", c, "LabelOp looks at the plan", "erase_now accounts, logs, invoices, evidence, except restrict_until "+support+"; restrict_until "+invoice)
	q.seeCase(ctx, q.desk("POST", "work", "ada", c, nil), "and begins", 200, "in_progress, due 2026-04-17, 0 of 4 done, "+support+", "+invoice)
	q.expect(q.service.requests.work(ctx))
	q.seeCase(ctx, look(c.Token, c), "done and verified, by asking each system again", 200, "partially_fulfilled, 6 of 6 done, "+support+", "+invoice)
	q.left(ctx, ada, "what is there of her", "accounts 0, messages 1, invoices 1, logs 0")
	q.letter(ada.Email, "she is told what was kept, why, and where to complain", "GDPR 17(3)(b)", "Berliner Beauftragte")
	q.letter("recipient payments", "so is whoever received her data", "erasure of the data of account-")
	q.refused(ctx, request{method: "POST", path: "/desk/imports", token: staff, body: object{"workspace": ada.Workspace, "email": "Ada@customer.example"}},
		"an import would bring her back", 403, "suppressed")
}

// recordsEnd ends what is kept of the requests themselves.
func (q *requestsJourney) recordsEnd(ctx context.Context) {
	sweep := request{method: "POST", path: "/desk/sweeps", token: q.service.requests.staffToken, status: 200}
	q.on(ctx, "2036-01-02")
	sweep.asks, sweep.body, sweep.code = "LabelOp forgets who asked, but for Cara, whose restriction stands", object{"id": "2036"},
		"privacy.case_logs 5 disposed, privacy.cases 6 disposed, 4 kept by request:restriction"
	q.do(ctx, sweep)
	q.seeCase(ctx, look(q.erased.Token, q.erased), "what was done for her is on record", 200, "fulfilled, 9 of 9 done")
	q.on(ctx, "2038-01-02")
	sweep.asks, sweep.body, sweep.code = "two years later it forgets what was done", object{"id": "2038"}, "privacy.case_logs 1 disposed, 4 kept by request:restriction"
	q.do(ctx, sweep)
	q.refused(ctx, look(q.erased.Token, q.erased), "nobody knows of the request any more", 401, "unknown_token")
}

// left counts what the systems hold of somebody.
func (q *requestsJourney) left(ctx context.Context, by account, asks, want string) {
	d := q.service.requests
	count := func(statement string) int {
		keys, err := d.column(ctx, statement, by.Workspace, by.ID)
		q.expect(err)
		return len(keys)
	}
	logs, err := usageLogs{d.path("logs")}.Verify(ctx, fulfilment.Call{Tenant: by.Workspace, Subject: by.ID, Categories: []privacy.CategoryID{"usage"}})
	q.expect(err)
	got := fmt.Sprintf("accounts %d, messages %d, invoices %d, logs %d", count(`SELECT id FROM account WHERE workspace = ? AND id = ?`),
		count(`SELECT id FROM support_message WHERE workspace = ? AND account = ?`), count(`SELECT id FROM account_invoice WHERE workspace = ? AND account = ?`), len(logs))
	q.report(asks, got, got == want)
}

// refusal is an erasure that no ground of the law reaches.
func (q *requestsJourney) refusal(ctx context.Context) {
	body := object{"kind": "erasure", "ground": "17(1)(c)", "categories": []string{"support"}}
	c := q.seeCase(ctx, ask(q.cara, body), "Cara objects, and wants her support message gone for that", 202, "received, due 2026-04-17")
	q.seePlan(ctx, "cara", c, "LabelOp looks at the plan: support is part of the contract",
		"erase_now accounts, except refuse support kept: GDPR 17(1)(c), its legal basis")
	refuse := q.desk("POST", "refusal", "cara", c, object{"reason": "contract", "explanation": "Your contract goes on, and answering questions is a part of it."})
	q.seeCase(ctx, refuse, "it refuses, and says so", 200, "refused, contract")
}

// groundsLapse has the rest of the erasure follow by itself.
func (q *requestsJourney) groundsLapse(ctx context.Context) {
	tenant := privacy.TenantID(q.workspaceOf("ada"))
	ada, err := q.service.requests.store.Case(ctx, tenant, q.erased.ID)
	q.expect(err)
	by := account{ID: ada.Subject, Workspace: tenant}
	q.do(ctx, request{asks: "the lawsuit is over: the hold is released", method: "DELETE", path: "/desk/holds/" + string(tenant) + "/H1",
		token: q.service.requests.staffToken, status: 200, code: "released"})
	q.on(ctx, "2026-05-11")
	q.left(ctx, by, "a day later what was held is gone, by itself", "accounts 0, messages 0, invoices 1, logs 0")
	q.on(ctx, "2034-12-31")
	q.left(ctx, by, "on the last day of 2034 the invoice is there", "accounts 0, messages 0, invoices 1, logs 0")
	q.on(ctx, "2035-01-01")
	q.left(ctx, by, "the day after, nothing is", "accounts 0, messages 0, invoices 0, logs 0")
	q.seeCase(ctx, look(q.erased.Token, q.erased), "her request is fulfilled", 200, "fulfilled, 9 of 9 done")
	r := q.desk("GET", "log", "ada", q.erased, nil)
	r.asks, r.status = "the proof of it all outlives what was erased", 200
	q.see(ctx, r, "whole", func(body []byte) string {
		_, whole, _ := strings.Cut(logLine(body), ", ")
		return whole
	})
}

// seePlan expects what an erasure would come to.
func (q *requestsJourney) seePlan(ctx context.Context, workspace string, c caseView, asks, want string) {
	r := q.desk("GET", "plan", workspace, c, nil)
	r.asks, r.status = asks, 200
	q.see(ctx, r, want, func(body []byte) string {
		var p plan
		if err := json.Unmarshal(body, &p); err != nil {
			return err.Error()
		}
		var systems, kept []string
		for _, part := range p.Now {
			systems = append(systems, string(part.System))
		}
		for _, part := range p.Except {
			kept = append(kept, part.Verdict+" "+keptLine(part.Protection))
		}
		line := "erase_now " + strings.Join(systems, ", ")
		if len(kept) > 0 {
			line += ", except " + strings.Join(kept, "; ")
		}
		return line
	})
}
