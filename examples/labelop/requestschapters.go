package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/dsr/fulfilment"
	"github.com/labelop/privacykit/privacy"
)

// access is a request for a copy of the data while a system is down.
func (q *requestsJourney) access(ctx context.Context) {
	c := q.seeCase(ctx, ask(q.ada, object{"kind": "access"}), "Ada asks for a copy of her data", 202, "in_progress, due 2026-04-02, 0 of 4 done")
	q.refused(ctx, ask(q.ada, object{"kind": "everything"}), "she asks for something that no law knows", 400, "unknown_request")
	q.refused(ctx, look(q.eve.token, c), "Eve, of another customer, looks at Ada's request", 404, "not_found")

	q.expect(q.unmount())
	q.expect(q.service.requests.work(ctx))
	waits := "in_progress, due 2026-04-02, 3 of 4 done, logs unavailable"
	q.seeCase(ctx, look(q.ada.token, c), "the disk of the usage logs is away; the other systems export", 200, waits)
	link := request{method: "POST", path: "/requests/" + string(c.ID) + "/downloads", token: q.ada.token}
	q.refused(ctx, link, "she wants to download it already", 409, "not_ready")
	q.pass(ctx, 24)
	q.seeCase(ctx, look(q.ada.token, c), "a day passes, and LabelOp tries again every hour", 200, waits)
	q.restart(ctx, "LabelOp restarts in the middle")
	q.pass(ctx, 24)
	q.seeCase(ctx, look(q.ada.token, c), "another day passes; what the others did stays done", 200, waits)
	q.expect(q.mount())
	q.pass(ctx, 1)
	q.seeCase(ctx, look(q.ada.token, c), "the disk is back", 200, "in_progress, due 2026-04-02, 4 of 4 done")

	first := q.link(ctx, link, "she asks for a link to download it")
	forged := request{method: "GET", path: strings.Split(first, "?")[0] + "?token=" + strings.Repeat("A", 64)}
	q.refused(ctx, forged, "somebody forges one", 403, "link_not_good")
	q.on(ctx, "2026-03-12")
	q.refused(ctx, request{method: "GET", path: first}, "eight days later she uses hers", 403, "link_not_good")
	second := q.link(ctx, link, "she asks for another")
	q.restart(ctx, "LabelOp restarts once more")
	q.see(ctx, request{asks: "she downloads it, and it is verified", method: "GET", path: second, status: 200},
		"whole: 4 systems, 10 records, 2 files", packageLine)
	q.refused(ctx, request{method: "GET", path: second}, "somebody finds the link and uses it again", 403, "link_not_good")
	q.seeCase(ctx, look(q.ada.token, c), "her request is answered", 200, "fulfilled, 4 of 4 done")
}

// link asks for a link and returns its path.
func (q *requestsJourney) link(ctx context.Context, r request, asks string) string {
	r.asks, r.status = asks, 201
	var got packageLink
	q.see(ctx, r, "good until "+privacy.DateOf(q.clock.Now(), q.service.requests.zone).AddDays(7).String(), func(body []byte) string {
		if err := json.Unmarshal(body, &got); err != nil {
			return err.Error()
		}
		return "good until " + privacy.DateOf(got.Expires, q.service.requests.zone).String()
	})
	return got.Link
}

// oneTimeCode is an erasure asked for by somebody who cannot sign in.
func (q *requestsJourney) oneTimeCode(ctx context.Context) {
	q.on(ctx, "2026-03-13")
	c := q.seeCase(ctx, ask(customer{}, object{"kind": "erasure", "email": benMail}), "Ben cannot sign in, and asks by mail address to be erased", 202, "identity_pending")
	q.seeCase(ctx, ask(customer{}, object{"kind": "erasure", "email": "nobody@elsewhere.example"}), "an address that nobody has is answered alike", 202, "identity_pending")

	proof := func(code string) request {
		return request{method: "PUT", path: "/requests/" + string(c.ID) + "/identity", token: c.Token, body: object{"code": code}}
	}
	for range dsr.CodeAttempts - 1 {
		q.quietly(ctx, proof("WRONG").expecting("", 403, "identity_not_proved"))
	}
	q.refused(ctx, proof("WRONG"), "a stranger has his token, and guesses the code five times", 403, "identity_not_proved")
	codes := q.codes()
	if len(codes) != 1 {
		q.expect(fmt.Errorf("%d letters with a code, want 1", len(codes)))
		return
	}
	q.refused(ctx, proof(codes[0]), "the right code is worth nothing then", 403, "identity_not_proved")
	q.do(ctx, request{asks: "he asks for another code", method: "POST", path: "/requests/" + string(c.ID) + "/codes", token: c.Token, status: 202, code: "sent"})
	again := slices.DeleteFunc(q.codes(), func(code string) bool { return code == codes[0] })
	q.seeCase(ctx, proof(strings.Join(again, "")), "and proves who he is", 200, "in_progress, due 2026-04-13")

	q.seePlan(ctx, "ben", c, "LabelOp looks at what his erasure comes to", "erase_now accounts, logs, invoices, evidence")
	q.seeCase(ctx, q.desk("POST", "work", "ben", c, nil), "and begins", 200, "in_progress, due 2026-04-13, 0 of 4 done")
	q.expect(q.service.requests.work(ctx))
	q.seeCase(ctx, look(c.Token, c), "all of it is gone, and the mail provider was told", 200, "fulfilled, 5 of 5 done")
	q.refused(ctx, request{method: "GET", path: "/requests", token: q.ben.token}, "his account is no more", 401, "unknown_token")
}

// pictured is a request that is not LabelOp's to answer.
func (q *requestsJourney) pictured(ctx context.Context) {
	q.on(ctx, "2026-03-16")
	words := object{"kind": "erasure", "image": q.eve.image, "email": "dan@elsewhere.example", "message": "I am the annotator in this picture. Please erase it."}
	c := q.seeCase(ctx, request{method: "POST", path: "/pictured", body: words}, "Dan sees himself in Eve's image, and asks LabelOp to erase it", 202, "forwarded")
	q.refused(ctx, q.desk("POST", "answer", "eve", c, nil), "LabelOp wants to answer him: it is Eve's to answer", 409, "processor_not_authorised")
	list := request{method: "GET", path: "/forwarded", status: 200}
	acknowledge := request{method: "PUT", path: "/forwarded/" + string(c.ID) + "/acknowledgement"}
	list.token, acknowledge.token = q.ada.token, q.ada.token
	list.asks = "Ada looks at what was forwarded to her"
	q.see(ctx, list, "0 requests", countLine)
	q.refused(ctx, acknowledge, "she acknowledges Dan's", 404, "not_found")
	list.token, acknowledge.token = q.eve.token, q.eve.token
	list.asks = "Eve looks at what was forwarded to her"
	q.see(ctx, list, "1 requests", countLine)
	q.letter("customer "+q.workspaceOf("eve"), "she has a letter with Dan's words", "I am the annotator in this picture.")
	q.seeCase(ctx, acknowledge, "she acknowledges it", 200, "closed")
	q.seeCase(ctx, look(c.Token, c), "Dan looks at his request", 200, "closed")
	r := q.desk("GET", "log", "eve", c, nil)
	r.asks, r.status = "an auditor verifies the proof of it", 200
	q.see(ctx, r, "3 lines and 2 lines on letters, whole", logLine)
}

// countLine says how long a list is.
func countLine(body []byte) string {
	var list []json.RawMessage
	if err := json.Unmarshal(body, &list); err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%d requests", len(list))
}

// logLine says whether the log of a case is whole.
func logLine(body []byte) string {
	lines, err := dsr.ReadLog(bytes.NewReader(body))
	if err == nil {
		err = dsr.VerifyLog(lines)
	}
	if err != nil {
		return err.Error()
	}
	letters := 0
	for _, line := range lines {
		if strings.Contains(line.Payload, `"event":"message"`) {
			letters++
		}
	}
	return fmt.Sprintf("%d lines and %d lines on letters, whole", len(lines)-letters, letters)
}

// letter expects words in a letter to somebody.
func (q *requestsJourney) letter(to, asks string, words ...string) {
	letters, err := q.service.requests.letters(to)
	q.expect(err)
	found := slices.ContainsFunc(letters, func(letter string) bool {
		return !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(letter, w) })
	})
	why := "no such letter"
	if found {
		why = "a letter says: " + strings.Join(words, " … ")
	}
	q.report(asks, why, found)
}

// objection reaches the gate at once.
func (q *requestsJourney) objection(ctx context.Context) {
	q.do(ctx, q.newsletter(q.cara).expecting("LabelOp sends Cara its newsletter", 202, "allowed"))
	q.seeCase(ctx, ask(q.cara, object{"kind": "objection", "marketing": true}), "she objects to it", 202, "fulfilled")
	q.refused(ctx, q.newsletter(q.cara), "LabelOp wants to send the very next one", 403, "marketing_objected")
}

// optOut is a right of California, where nobody asks who it is.
func (q *requestsJourney) optOut(ctx context.Context) {
	body := object{"kind": "opt_out_sale_sharing", "residence": "US-CA"}
	q.do(ctx, q.newsletter(q.eve).expecting("LabelOp sends Eve its newsletter", 202, "allowed"))
	q.refused(ctx, ask(q.eve, object{"kind": "opt_out_sale_sharing"}), "she opts out of sale and sharing, which the GDPR does not know", 422, "not_regulated")
	c := q.seeCase(ctx, ask(q.eve, body), "she says that she lives in California", 202, "in_progress, due 2026-04-06, 0 of 1 done")
	q.refused(ctx, q.newsletter(q.eve), "LabelOp wants to send the next one", 403, "opted_out")
	q.expect(q.service.requests.work(ctx))
	q.seeCase(ctx, look(q.eve.token, c), "the mail provider is told, and she has her answer", 200, "fulfilled, 1 of 1 done")
}

// extension is a longer period, told in time.
func (q *requestsJourney) extension(ctx context.Context) {
	c := q.seeCase(ctx, ask(q.eve, object{"kind": "rectification", "message": "My name is Eva."}), "Eve asks to correct her name", 202, "received, due 2026-04-17")
	extend := q.desk("POST", "extension", "eve", c, object{"reason": "complexity"})
	q.on(ctx, "2026-04-08")
	q.refused(ctx, extend, "LabelOp needs longer, and gives no reasons", 409, "reasons_required")
	extend.body = object{"reason": "complexity", "explanation": "Your name stands in documents of four systems."}
	q.seeCase(ctx, extend, "it gives them, in time", 200, "received, due 2026-06-17")
	q.refused(ctx, extend, "it wants to extend a second time", 409, "already_extended")
	q.byHand(ctx, "eve", c, "people correct it by hand in each system, with evidence", "fulfilled, 5 of 5 done")
}

// byHand has people do what no program does.
func (q *requestsJourney) byHand(ctx context.Context, workspace string, c caseView, asks, want string) {
	begun := q.quietlySee(ctx, q.desk("POST", "work", workspace, c, nil))
	for _, task := range begun.Tasks {
		done := fulfilment.Done{By: "support", Reference: "ticket 4711", Categories: task.Categories, Fields: []string{"name"}}
		q.quietlySee(ctx, q.desk("PUT", "tasks/"+string(task.ID), workspace, c, done))
	}
	q.expect(q.service.requests.work(ctx))
	r := q.desk("POST", "work", workspace, c, nil) // it is begun already, and shown
	q.seeCase(ctx, r, asks, 200, want)
}

// overdue is a request that people forget.
func (q *requestsJourney) overdue(ctx context.Context) {
	c := q.seeCase(ctx, ask(q.cara, object{"kind": "restriction"}), "Cara asks to restrict the processing, and nobody acts", 202, "received, due 2026-05-08")
	alerts := request{method: "GET", path: "/desk/alerts", token: q.service.requests.staffToken, status: 200}
	ofCase := func(body []byte) string { return alertLine(body, c.ID) }
	q.on(ctx, "2026-05-02")
	alerts.asks = "a week before it is due, LabelOp is reminded"
	q.see(ctx, alerts, "reminder of 2026-05-08", ofCase)
	q.on(ctx, "2026-05-09")
	alerts.asks = "the day after, it is alerted"
	q.see(ctx, alerts, "reminder of 2026-05-08, overdue of 2026-05-08", ofCase)
	list := request{asks: "its list shows it first, as overdue", method: "GET", path: "/desk/requests?workspace=" + q.workspaceOf("cara"), token: alerts.token, status: 200}
	q.see(ctx, list, "received, due 2026-05-08, overdue", func(body []byte) string {
		var lines []caseLine
		if err := json.Unmarshal(body, &lines); err != nil || len(lines) == 0 || lines[0].ID != c.ID || !lines[0].Overdue {
			return "not there"
		}
		return fmt.Sprintf("%s, due %s, overdue", lines[0].State, lines[0].Due)
	})
	extend := q.desk("POST", "extension", "cara", c, object{"reason": "number", "explanation": "There are many requests."})
	q.refused(ctx, extend, "it wants to extend the period now", 409, "too_late")
	q.byHand(ctx, "cara", c, "it restricts the processing, by hand and too late", "fulfilled, 5 of 5 done")
	q.refused(ctx, q.newsletter(q.cara), "the gate knows of it", 403, "restricted")
}

// alertLine lists the alerts about a case.
func alertLine(body []byte, id dsr.CaseID) string {
	var alerts []alert
	if err := json.Unmarshal(body, &alerts); err != nil {
		return err.Error()
	}
	var kinds []string
	for _, a := range alerts {
		if a.Case == id {
			kinds = append(kinds, a.Kind+" of "+a.Due)
		}
	}
	return strings.Join(kinds, ", ")
}
