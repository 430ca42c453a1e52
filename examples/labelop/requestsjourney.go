package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/dsr/archive"
	"github.com/labelop/privacykit/privacy"
)

// requestsJourney plays what people ask LabelOp for, and what becomes of it, over
// real HTTP and on a clock that is set. Nothing works in the background: each step
// has LabelOp do what is due by then.
type requestsJourney struct {
	*journey
	directory string
	provider  string
	clock     *setClock
	service   *service
	server    server

	ada, ben, cara, eve customer
	// erased is Ada's request to be erased.
	erased caseView
}

func newRequestsJourney(ctx context.Context, out io.Writer, provider string) (*requestsJourney, error) {
	directory, err := os.MkdirTemp("", "labelop-requests-")
	if err != nil {
		return nil, err
	}
	q := &requestsJourney{journey: newJourney(out, ""), directory: directory, provider: provider, clock: &setClock{}}
	q.clock.set(privacy.MustDate("2026-03-02"))
	if err := q.start(ctx); err != nil {
		return nil, errors.Join(err, os.RemoveAll(directory))
	}
	return q, nil
}

// start opens the service on the files that are there.
func (q *requestsJourney) start(ctx context.Context) (err error) {
	if q.service, err = openRelease(ctx, q.directory, q.provider, firstRelease(), q.clock); err != nil {
		return err
	}
	if q.server, err = serve(ctx, "127.0.0.1:0", q.service.handler()); err != nil {
		return errors.Join(err, q.service.close())
	}
	q.url = q.server.url
	return nil
}

func (q *requestsJourney) stop() error {
	q.server.stop()
	return q.service.close()
}

func (q *requestsJourney) close() error { return errors.Join(q.stop(), os.RemoveAll(q.directory)) }

// play runs every step. It returns an error if one went otherwise than expected.
func (q *requestsJourney) play(ctx context.Context) error {
	fmt.Fprintln(q.out, "The journey of a request:")
	for _, chapter := range []func(context.Context){
		q.people, q.access, q.oneTimeCode, q.pictured, q.objection, q.optOut, q.erasure, q.refusal, q.extension, q.overdue, q.groundsLapse, q.recordsEnd,
	} {
		chapter(ctx)
	}
	return q.verdict()
}

// people are account holders of four customers, with what they left at LabelOp.
func (q *requestsJourney) people(ctx context.Context) {
	s := q.service
	for i, c := range []*customer{&q.ada, &q.ben, &q.cara, &q.eve} {
		name := []string{"ada", "ben", "cara", "eve"}[i]
		*c = q.enter(ctx, name, "1990-05-01")
		by := q.accountOf(ctx, *c)
		q.expect(s.answerSupport(ctx, by, privacy.MustDate("2026-02-10"), "This is "+name+". How do I turn an image?", greenPicture()))
		for day := 1; day <= 3; day++ {
			q.expect(s.logUsage(by, privacy.MustDate(fmt.Sprintf("2026-02-%02d", day)), "annotate"))
		}
		q.disclose(ctx, by, "marketing", "account.email", "mail")
	}
	ada := q.accountOf(ctx, q.ada)
	q.expect(s.bill(ctx, ada, privacy.MustDate("2026-01-20"), "49.00 EUR"))
	q.disclose(ctx, ada, "billing", "billing", "payments")
}

func (q *requestsJourney) accountOf(ctx context.Context, c customer) account {
	by, err := q.service.accountOf(ctx, c.token)
	q.expect(err)
	return by
}

// disclose hands data to a recipient, and has the gate record it.
func (q *requestsJourney) disclose(ctx context.Context, by account, purpose privacy.PurposeID, category privacy.CategoryID, to privacy.RecipientID) {
	use, err := q.service.gate.Prepare(consent.Use{Purpose: purpose, Categories: []privacy.CategoryID{category}, Operation: privacy.OperationDisclose, Recipient: to})
	q.expect(err)
	if err == nil {
		decision, err := use.Authorize(ctx, by.subject(), "")
		q.expect(errors.Join(err, decision.Err()))
	}
}

// expect is for what is no step. If it fails, the journey does.
func (q *requestsJourney) expect(err error) {
	if err != nil {
		q.surprises++
		fmt.Fprintf(q.out, "     %v\n", err)
	}
}

// on sets the day, and has LabelOp do what is due by noon.
func (q *requestsJourney) on(ctx context.Context, day string) {
	q.clock.set(privacy.MustDate(day))
	q.expect(q.service.requests.work(ctx))
}

// pass lets hours go by, in each of which LabelOp does what is due.
func (q *requestsJourney) pass(ctx context.Context, hours int) {
	for range hours {
		at := q.clock.Now().Add(time.Hour)
		q.clock.at.Store(&at)
		q.expect(q.service.requests.work(ctx))
	}
}

// restart ends the service in the middle of its work and starts it again on its
// files.
func (q *requestsJourney) restart(ctx context.Context, asks string) {
	err := q.stop()
	if err == nil {
		err = q.start(ctx)
	}
	why := "started on the same files"
	if err != nil {
		why = err.Error()
	}
	q.report(asks, why, err == nil)
}

// see sends a request and prints what is shown of the answer, which must be what
// is wanted. It returns the answer.
func (q *requestsJourney) see(ctx context.Context, r request, want string, show func([]byte) string) []byte {
	status, body, err := q.send(ctx, r)
	got := show(body)
	if err != nil {
		got = err.Error()
	}
	q.tell(r.asks, status, got, err == nil && status == r.status && got == want)
	return body
}

// refused expects a problem with a code.
func (q *requestsJourney) refused(ctx context.Context, r request, asks string, status int, code string) {
	q.do(ctx, r.expecting(asks, status, code))
}

// seeCase is see for a case.
func (q *requestsJourney) seeCase(ctx context.Context, r request, asks string, status int, want string) caseView {
	r.asks, r.status = asks, status
	var c caseView
	q.see(ctx, r, want, func(body []byte) string {
		if err := json.Unmarshal(body, &c); err != nil {
			return err.Error()
		}
		return caseLineOf(c)
	})
	return c
}

// quietlySee is for a case that is no step. If it fails, the journey does.
func (q *requestsJourney) quietlySee(ctx context.Context, r request) (c caseView) {
	status, body, err := q.send(ctx, r)
	if err == nil && status != 200 {
		err = fmt.Errorf("%s %s: status %d", r.method, r.path, status)
	}
	if err == nil {
		err = json.Unmarshal(body, &c)
	}
	q.expect(err)
	return c
}

// caseLineOf says where a case stands.
func caseLineOf(c caseView) string {
	parts := []string{c.Code}
	if state, err := dsr.ParseState(c.Code); err == nil && state.Open() && !c.Due.IsZero() {
		parts = append(parts, "due "+c.Due.String())
	}
	done := 0
	for _, task := range c.Tasks {
		if task.State == dsr.TaskDone || task.State == dsr.TaskWithheld {
			done++
		}
	}
	if len(c.Tasks) > 0 {
		parts = append(parts, fmt.Sprintf("%d of %d done", done, len(c.Tasks)))
	}
	for _, task := range c.Tasks {
		if task.Problem != "" && task.State != dsr.TaskDone {
			parts = append(parts, string(task.System)+" "+task.Problem)
		}
	}
	for _, kept := range c.Withheld {
		parts = append(parts, keptLine(kept))
	}
	if c.Reason != "" {
		parts = append(parts, string(c.Reason))
	}
	return strings.Join(parts, ", ")
}

// keptLine says what is kept, on which provision, for what, and until when.
func keptLine(kept dsr.Protection) string {
	line := fmt.Sprintf("%s kept: %s, %s", kept.Category, kept.Ground, kept.Source)
	if !kept.Until.IsZero() {
		line += ", to " + kept.Until.String()
	}
	return line
}

// ask is the request of somebody for something.
func ask(by customer, body object) request {
	return request{method: "POST", path: "/requests", token: by.token, body: body}
}

func look(token string, c caseView) request {
	return request{method: "GET", path: "/requests/" + string(c.ID), token: token}
}

// desk is a request of LabelOp's staff about a case of a customer.
func (q *requestsJourney) desk(method, name string, workspace string, c caseView, body any) request {
	return request{method: method, path: "/desk/requests/" + q.workspaceOf(workspace) + "/" + string(c.ID) + "/" + name, token: q.service.requests.staffToken, body: body}
}

func (q *requestsJourney) workspaceOf(name string) string { return q.workspace + "-" + name }

// packageLine says what a package holds, if it is whole.
func packageLine(data []byte) string {
	manifest, err := archive.Verify(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return err.Error()
	}
	records, files := 0, 0
	for _, system := range manifest.Systems {
		records, files = records+system.Records, files+system.Media
	}
	return fmt.Sprintf("whole: %d systems, %d records, %d files", len(manifest.Systems), records, files)
}

// benMail is the address of Ben, who cannot sign in.
const benMail = "ben@customer.example"

// codeIn finds a one-time code in a letter.
var codeIn = regexp.MustCompile(`the code ([0-9A-Z]{8})`)

// codes returns the codes that Ben was sent.
func (q *requestsJourney) codes() []string {
	letters, err := q.service.requests.letters(benMail)
	q.expect(err)
	var codes []string
	for _, letter := range letters {
		if found := codeIn.FindStringSubmatch(letter); found != nil {
			codes = append(codes, found[1])
		}
	}
	return codes
}

// unmount takes the disk of the usage logs away, and mount brings it back.
func (q *requestsJourney) unmount() error {
	logs := filepath.Join(q.directory, "logs")
	return errors.Join(os.Rename(logs, logs+".away"), os.Mkdir(logs, 0o700))
}

func (q *requestsJourney) mount() error {
	logs := filepath.Join(q.directory, "logs")
	return errors.Join(os.Remove(logs), os.Rename(logs+".away", logs))
}

// printCommands tells how to go on by hand, with the desk of this journey and as
// an account holder of the running service.
func (q *requestsJourney) printCommands(j *journey, desk *requestDesk) {
	fmt.Fprintf(q.out, "\nAsk for your rights, as Ada:\n\n")
	commands := tabwriter.NewWriter(q.out, 0, 0, 2, ' ', 0)
	auth := func(token string) string { return fmt.Sprintf("-H 'Authorization: Bearer %s'", token) }
	ada, staff, played := auth(j.token), auth(desk.staffToken), auth(q.service.requests.staffToken)
	for _, command := range [][2]string{
		{"a copy of the data", fmt.Sprintf(`curl %s %s/requests -d '{"kind":"access"}'`, ada, j.url)},
		{"a link to it", fmt.Sprintf(`curl -X POST %s %s/requests/ID/downloads   # then curl -o data.zip '%s'LINK`, ada, j.url, j.url)},
		{"no more news", fmt.Sprintf(`curl %s %s/requests -d '{"kind":"objection","marketing":true}'`, ada, j.url)},
		{"no sale or sharing", fmt.Sprintf(`curl %s %s/requests -d '{"kind":"opt_out_sale_sharing","residence":"US-CA"}'`, ada, j.url)},
		{"without signing in", fmt.Sprintf(`curl %s/requests -d '{"kind":"access","email":"ada@customer.example"}'   # the code comes by mail`, j.url)},
		{"pictured in her image", fmt.Sprintf(`curl %s/pictured -d '{"kind":"erasure","image":%q,"email":"dan@elsewhere.example","message":"It is me."}'`, j.url, j.image)},
		{"erasure", fmt.Sprintf(`curl %s %s/requests -d '{"kind":"erasure"}'`, ada, j.url)},
		{"her requests", fmt.Sprintf("curl %s %s/requests", ada, j.url)},
		{"LabelOp's list", fmt.Sprintf("curl %s '%s/desk/requests?workspace=%s'", staff, j.url, j.workspace)},
		{"the plan of an erasure", fmt.Sprintf("curl %s %s/desk/requests/%s/ID/plan   # POST …/work begins it", staff, j.url, j.workspace)},
		{"more time", fmt.Sprintf(`curl %s %s/desk/requests/%s/ID/extension -d '{"reason":"complexity","explanation":"There is much to look for."}'`, staff, j.url, j.workspace)},
		{"the proof of a case", fmt.Sprintf("curl %s %s/desk/requests/%s/ID/log", staff, j.url, j.workspace)},
		{"alerts of the journey", fmt.Sprintf("curl %s %s/desk/alerts", played, q.url)},
	} {
		fmt.Fprintf(commands, "  %s\t%s\n", command[0], command[1])
	}
	_ = commands.Flush() // as for every line before
}
