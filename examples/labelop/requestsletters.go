package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/dsr/fulfilment"
	"github.com/labelop/privacykit/dsr/message"
	"github.com/labelop/privacykit/dsr/regime"
	"github.com/labelop/privacykit/privacy"
)

func (d *requestDesk) openPost() (err error) {
	if d.composer, err = message.NewComposer(message.Options{Key: d.key}); err != nil {
		return err
	}
	d.post, err = message.NewDesk(d.cases, mailbox{d})
	return err
}

// mailbox stands for the mail provider: a file for each letter that went out.
type mailbox struct{ desk *requestDesk }

// Send writes the letter. The file has the name of its key, so that a letter that
// is sent again is the same letter.
func (m mailbox) Send(ctx context.Context, delivery message.Delivery) error {
	to := "recipient " + string(delivery.Recipient)
	if delivery.Recipient == "" {
		asked, err := m.desk.recall(ctx, delivery.Tenant, delivery.Case)
		if err != nil {
			return err
		}
		to = asked.contact
	}
	if delivery.Message.Kind == regime.NoticeForward {
		to = "customer " + string(delivery.Tenant)
	}
	path := filepath.Join(m.desk.path("mail"), tokenHash(string(delivery.Tenant)+"\x00"+delivery.Key)+".txt")
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(file, "To: %s\nSubject: %s\n\n%s", to, delivery.Message.Subject, delivery.Message.Body)
	return errors.Join(err, file.Close())
}

// letters returns the letters to somebody.
func (d *requestDesk) letters(to string) ([]string, error) {
	names, err := filepath.Glob(filepath.Join(d.path("mail"), "*.txt"))
	var found []string
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		if strings.HasPrefix(string(data), "To: "+to+"\n") {
			found = append(found, string(data))
		}
	}
	return found, err
}

// authority supervises LabelOp.
var authority = message.Party{Name: "Berliner Beauftragte für Datenschutz und Informationsfreiheit", Contact: "mailbox@datenschutz-berlin.de"}

// write composes a letter about a case, records it in the case and sends it. What
// the law wants a letter of its kind to say, and it does not, keeps it from being
// sent. The name is that of the letter within its case.
func (d *requestDesk) write(ctx context.Context, c dsr.Case, kind regime.NoticeKind, name string, to privacy.RecipientID, complete func(*message.Data)) error {
	p, err := d.cases.Procedure(c)
	if err != nil {
		return err
	}
	data, err := message.FromCase(p, c, 0)
	if err != nil {
		return err
	}
	declared := d.register.Declaration()
	data.Controller = message.Party{Name: declared.Operator.Name, Contact: declared.Contacts[0].Email}
	data.Authority = authority
	data.HowProcessed = "We look for your data in each of our systems, and answer you in one letter."
	data.Verification = "You are signed in, or we send a code to the address of your account."
	complete(&data)
	letter, err := d.composer.Compose(p.Regime(), kind, data, "en")
	if err != nil {
		return err
	}
	return d.post.Deliver(ctx, message.Delivery{Tenant: c.Tenant, Case: c.ID, Recipient: to, Key: letterKey(c, name), Message: letter})
}

func letterKey(c dsr.Case, name string) string { return fmt.Sprintf("%s/%s", c.ID, name) }

// writeAnswer writes to somebody whose request came in, was extended or was
// answered since the last time, by people or by the runner. It goes by what is on
// record, so that no letter is lost with a process.
func (d *requestDesk) writeAnswer(ctx context.Context, c dsr.Case, m remembered) error {
	extended := c.Open() && c.Items[0].Extension != nil
	now := c.State().String()
	if extended {
		now += extendedMark
	}
	if now == m.told {
		return nil
	}
	if err := d.acknowledge(ctx, c, m); err != nil {
		return err
	}
	kind := answers[c.State()]
	if extended && !strings.HasSuffix(m.told, extendedMark) {
		kind = regime.NoticeExtension
	}
	if kind != "" {
		m.letters++
		err := d.write(ctx, c, kind, letterName(m.letters), "", func(data *message.Data) {
			data.Reasons = m.words
			answered(data)
		})
		if err != nil {
			return err
		}
	}
	if c.Ended() { // nobody writes to the person any more
		m.contact, m.message, m.words = "", "", ""
	}
	_, err := d.tables.ExecContext(ctx, `UPDATE request SET told = ?, letters = ?, ended = ?, contact = ?, message = ?, words = ? WHERE tenant = ? AND id = ?`,
		now, m.letters, c.Ended(), m.contact, m.message, m.words, m.tenant, m.id)
	return err
}

const extendedMark = "/extended"

// answers are the letters that go with the end of a request.
var answers = map[dsr.State]regime.NoticeKind{
	dsr.StateFulfilled: regime.NoticeCompletion, dsr.StatePartiallyFulfilled: regime.NoticePartial, dsr.StateRefused: regime.NoticeRefusal,
}

// letterName names the letters of a case, which are numbered.
func letterName(number int) string { return fmt.Sprintf("answer-%d", number) }

// acknowledge tells the person that the request arrived and by when it is
// answered, where the law names a day.
func (d *requestDesk) acknowledge(ctx context.Context, c dsr.Case, m remembered) error {
	if m.told != "" || !c.Open() {
		return nil
	}
	deadlines, err := d.cases.Deadlines(ctx, c.Tenant, c.ID)
	if err != nil || deadlines[0].Due.IsZero() {
		return err
	}
	return d.write(ctx, c, regime.NoticeAcknowledgement, "received", "", func(*message.Data) {})
}

// actions are what was done, as a letter says it.
var actions = map[regime.Request]string{
	regime.RequestErasure: "Your data were erased.", regime.RequestObjection: "We send you no more news.",
	regime.RequestOptOutSaleSharing: "You are opted out.", regime.RequestWithdrawConsent: "Your consent is withdrawn.",
	regime.RequestRectification: "Your data were corrected.", regime.RequestRestriction: "The processing of your data is restricted.",
}

// answered completes what an answer says.
func answered(data *message.Data) {
	data.OptOutStatus = "You are opted out of sale and sharing."
	if words, ok := actions[data.Request]; ok {
		data.Actions = []string{words}
		return
	}
	data.Actions = []string{"We did what you asked for."}
	if data.Request == regime.RequestAccess || data.Request == regime.RequestKnow || data.Request == regime.RequestPortability {
		inside := []string{"in report.html of the package, system by system"}
		data.Copy = "You have downloaded it."
		data.Purposes, data.Categories, data.Recipients, data.Sources = inside, inside, inside, inside
		data.Retention, data.AutomatedDecisions, data.Safeguards = inside, []string{}, inside
	}
}

// notifier tells recipients what was done with data that they were given (GDPR
// Art. 19).
type notifier struct{ desk *requestDesk }

// Notify writes a letter that names the person as the recipient knows them.
func (n notifier) Notify(ctx context.Context, call fulfilment.Call) (fulfilment.Result, error) {
	c, err := n.desk.store.Case(ctx, call.Tenant, call.Case)
	if err != nil {
		return fulfilment.Result{}, err
	}
	name := "notice-" + string(call.Task)
	err = n.desk.write(ctx, c, regime.NoticeRecipients, name, call.Recipient, func(data *message.Data) {
		data.Actions = []string{fmt.Sprintf("%s of the data of %s", data.Request, call.Subject)}
		for _, category := range call.Categories {
			data.Categories = append(data.Categories, string(category))
		}
	})
	return fulfilment.Result{Evidence: letterKey(c, name)}, err
}
