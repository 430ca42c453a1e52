package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/labelop/privacykit/policydoc"
)

// policyJourney plays how LabelOp's policy changes: release after release on the
// same files, with a clock that can be moved over the notice periods.
type policyJourney struct {
	*journey
	directory string
	provider  string
	clock     *movableClock
	service   *service
	server    server
}

// movableClock is the time of the system, moved ahead.
type movableClock struct{ ahead atomic.Int64 }

// Now returns the time.
func (c *movableClock) Now() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())) }

func (c *movableClock) move(d time.Duration) { c.ahead.Add(int64(d)) }

// newPolicyJourney makes a journey on files of its own: its time is not that of
// other journeys.
func newPolicyJourney(out io.Writer, provider string) (*policyJourney, error) {
	directory, err := os.MkdirTemp("", "labelop-policy-")
	if err != nil {
		return nil, err
	}
	return &policyJourney{journey: newJourney(out, ""), directory: directory, provider: provider, clock: &movableClock{}}, nil
}

func (p *policyJourney) close() error { return errors.Join(p.stop(), os.RemoveAll(p.directory)) }

func (p *policyJourney) stop() error {
	if p.service == nil {
		return nil
	}
	p.server.stop()
	return p.service.close()
}

// deploy replaces the running release. One that does not start leaves the
// running one in its place.
func (p *policyJourney) deploy(ctx context.Context, r release) error {
	next, err := openRelease(ctx, p.directory, p.provider, r, p.clock)
	if err != nil {
		return err
	}
	server, err := serve(ctx, "127.0.0.1:0", next.handler())
	if err != nil {
		return errors.Join(err, next.close())
	}
	err = p.stop()
	p.service, p.server, p.url = next, server, server.url
	return err
}

// noticePeriod is enough for a notice period of 30 days after this one.
const noticePeriod = 31 * 24 * time.Hour

// play runs every step. It returns an error if one went otherwise than expected.
func (p *policyJourney) play(ctx context.Context) error {
	fmt.Fprintln(p.out, "The journey of a policy:")
	p.mustDeploy(ctx, "LabelOp starts, and publishes the first version of its policy", firstRelease())
	if p.service == nil {
		return p.verdict()
	}
	p.read(ctx, "somebody reads it", "/policy", "", "1 en")
	p.read(ctx, "somebody else does, whose browser prefers German", "/policy", "de-AT,de;q=0.9,en;q=0.5", "1 de")
	ada, eve := p.enter(ctx, "ada", bornYearsAgo(36)), p.enter(ctx, "eve", bornYearsAgo(36))
	p.do(ctx, p.newsletter(ada).expecting("Ada has agreed to the newsletter: LabelOp sends it", 202, "allowed"))
	began := p.clock.Now()

	p.addModelProvider(ctx, ada, eve)
	p.widenNewsletter(ctx, ada)

	p.read(ctx, "somebody looks at all versions", "/policy/history", "", "en")
	p.read(ctx, "and at what changed from the first to the last", "/policy/diff?from=1&to=3", "", "en")
	p.read(ctx, "and at what held on the first day", "/policy?at="+began.UTC().Format(time.DateOnly), "", "1 en")
	return p.verdict()
}

func (p *policyJourney) addModelProvider(ctx context.Context, ada, eve customer) {
	r := secondRelease()
	r.materiality = policydoc.Editorial
	err := p.deploy(ctx, r)
	var refused *policydoc.EditorialError
	why := "started"
	if errors.As(err, &refused) && len(refused.Reasons) > 0 {
		why = "refused, " + refused.Reasons[0].Detail
	}
	p.report("a release adds a model provider, and calls its policy editorial", why, refused != nil)
	p.mustDeploy(ctx, "it calls it material: published, and every customer is told", secondRelease())
	for _, c := range []customer{ada, eve} {
		p.quietly(ctx, request{method: "PUT", path: "/instructions", token: c.token, status: 200, code: "recorded", body: object{
			"id": "assistance", "purposes": []string{"assistance"}, "operations": []string{"use", "disclose"}, "recipients": []string{"vision-model", string(lumiere)}}})
	}
	p.do(ctx, p.suggestion(ada, lumiere).expecting("Ada instructs the new provider, and asks it at once", 403, "sub_processor_pending"))
	p.do(ctx, p.suggestion(ada, defaultModel).expecting("she asks the old one", 200, "allowed"))
	p.do(ctx, request{asks: "Eve objects to the new provider", method: "PUT", path: "/objections/" + string(lumiere), token: eve.token, status: 200, code: "recorded"})
	p.read(ctx, "the first version still counts", "/policy", "", "1 en")
	p.wait("31 days pass", 2)
	p.do(ctx, p.suggestion(ada, lumiere).expecting("Ada asks the new provider", 200, "allowed"))
	p.do(ctx, p.suggestion(eve, lumiere).expecting("Eve asks it too", 403, "sub_processor_objected"))
	p.do(ctx, p.suggestion(eve, defaultModel).expecting("she asks the old one", 200, "allowed"))
}

func (p *policyJourney) widenNewsletter(ctx context.Context, ada customer) {
	p.mustDeploy(ctx, "a release has the newsletter depend on usage data", thirdRelease())
	p.do(ctx, p.newsletter(ada).expecting("until that counts, LabelOp sends it as before", 202, "allowed"))
	p.wait("31 days pass", 3)
	p.do(ctx, p.newsletter(ada).expecting("LabelOp wants to send the wider one", 403, "notice_outdated"))
	p.do(ctx, request{asks: "Ada agrees again, having been shown the new notice", method: "PUT", path: "/preferences/marketing", token: ada.token, status: 200, code: "recorded"})
	p.do(ctx, p.newsletter(ada).expecting("LabelOp sends it", 202, "allowed"))
}

func (p *policyJourney) suggestion(c customer, model any) request {
	return request{method: "POST", path: fmt.Sprintf("/images/%s/suggestion?model=%s", c.image, model), token: c.token}
}

func (p *policyJourney) mustDeploy(ctx context.Context, asks string, r release) {
	err := p.deploy(ctx, r)
	if err != nil {
		p.report(asks, err.Error(), false)
		return
	}
	v := p.service.history.Version(r.number)
	why := []string{fmt.Sprintf("version %d, in force from %s", v.Number, v.EffectiveFrom.Format(time.DateOnly))}
	for _, o := range v.Obligations() {
		why = append(why, o.Key)
	}
	p.report(asks, strings.Join(why, ", "), true)
}

// wait moves the clock over a notice period, after which a version must count.
func (p *policyJourney) wait(asks string, number int) {
	p.clock.move(noticePeriod)
	state := p.service.history.State(number, p.clock.Now())
	p.report(asks, fmt.Sprintf("version %d is %s", number, strings.ReplaceAll(string(state), "_", " ")), state == policydoc.InForce)
}

// read reads a page and expects a version, if it shows one, and a language.
func (p *policyJourney) read(ctx context.Context, asks, path, languages, want string) {
	status, got := 0, ""
	message, err := http.NewRequestWithContext(ctx, http.MethodGet, p.url+path, nil)
	if err == nil {
		message.Header.Set("Accept-Language", languages)
		var response *http.Response
		if response, err = http.DefaultClient.Do(message); err == nil {
			status = response.StatusCode
			got = strings.TrimSpace(response.Header.Get("Policy-Version") + " " + response.Header.Get("Content-Language"))
			err = response.Body.Close()
		}
	}
	p.tell(asks, status, got, err == nil && status == http.StatusOK && got == want)
}
