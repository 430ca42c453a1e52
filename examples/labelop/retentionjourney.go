package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/retention"
)

// retentionJourney plays what LabelOp keeps, and for how long: five years of a
// clock that is set from day to day, over real rows and real files.
type retentionJourney struct {
	*journey
	desk *retentionDesk
}

func newRetentionJourney(ctx context.Context, out io.Writer) (*retentionJourney, error) {
	desk, err := openRetentionDesk(ctx)
	if err != nil {
		return nil, err
	}
	return &retentionJourney{journey: newJourney(out, ""), desk: desk}, nil
}

// playRetention plays the journey on files of its own, which do not outlive it.
func playRetention(ctx context.Context, out io.Writer) (err error) {
	r, err := newRetentionJourney(ctx, out)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.desk.close()) }()
	return r.play(ctx)
}

// backedUp is what LabelOp stores on the day of the backup.
const backedUp = "images 5, accounts 2, logs.security 4, logs.usage 6, mails 4, invoices 9"

// play runs every step. It returns an error if one went otherwise than expected.
func (r *retentionJourney) play(ctx context.Context) error {
	fmt.Fprintln(r.out, "The journey of five years of data:")
	for _, chapter := range []func(context.Context){
		r.accountCloses, r.holdBegins, r.periodIsShortened, r.holdEnds, r.customerLeaves, r.backupReturns, r.lastYearEnds,
	} {
		chapter(ctx)
	}
	r.proofs()
	return r.verdict()
}

func (r *retentionJourney) accountCloses(ctx context.Context) {
	for _, tenant := range []privacy.TenantID{harbour, forest, meadow} {
		r.quietly(r.desk.add(ctx, "account", tenant, privacy.Date{}))
	}
	r.spring(ctx, 2026, harbour, forest, meadow)
	r.quietly(r.desk.closeAccounts(ctx, forest, privacy.MustDate("2026-05-10")))
	r.sweep(ctx, "2026-06-09", "the forest closed its account 30 days ago: LabelOp sweeps", "nothing is due")
	r.sweep(ctx, "2026-06-10", "it sweeps the day after", "accounts 1 disposed")
	r.autumn(ctx, 2026, harbour, forest, meadow)
}

func (r *retentionJourney) holdBegins(ctx context.Context) {
	r.on("2026-11-10", "a lawsuit: the images of the forest are held", "hold H1", func() (string, error) {
		_, err := r.desk.database.Retention().PlaceHold(ctx, retention.Hold{
			ID: "H1", Matter: "court file 12 O 34/26", Owner: "legal", Ground: retention.GroundLegalClaims, From: privacy.MustDate("2026-11-10"),
			Scope: retention.HoldScope{Tenant: forest, Systems: []privacy.SystemID{imageSystem}},
		})
		return "hold H1", err
	})
	r.sweep(ctx, "2027-01-02", "a year is over: security logs of 6 months go", "logs.security 3 disposed")
	r.year(ctx, 2027, harbour, meadow)
	r.sweep(ctx, "2028-01-02", "two years are over: usage logs of 13 months go",
		"logs.security 5 disposed, logs.usage 6 disposed, 1 kept by hold:H1")
}

func (r *retentionJourney) periodIsShortened(ctx context.Context) {
	r.spring(ctx, 2028, harbour, meadow)
	r.on("2028-06-01", "the harbour wants its images kept for 1 year, and no longer for 4", "from 2028-06-01", func() (string, error) {
		r.desk.shorten(harbour, "P1Y", privacy.MustDate("2028-06-01"))
		return "from 2028-06-01", nil
	})
	r.autumn(ctx, 2028, harbour, meadow)
	r.sweep(ctx, "2029-01-02", "three years are over: these go, and support mails of 2 years",
		"images 2 disposed, logs.security 4 disposed, logs.usage 4 disposed, mails 3 disposed, 1 kept by hold:H1")
}

func (r *retentionJourney) holdEnds(ctx context.Context) {
	r.spring(ctx, 2029, harbour, meadow)
	r.on("2029-05-31", "the lawsuit is over: the hold is released", "hold H1", func() (string, error) {
		return "hold H1", r.desk.database.Retention().ReleaseHold(ctx, forest, "H1", privacy.MustDate("2029-05-31"))
	})
	r.sweep(ctx, "2029-06-01", "the day after, what was held goes",
		"images 2 disposed, logs.security 2 disposed, logs.usage 2 disposed, mails 2 disposed")
	r.autumn(ctx, 2029, harbour, meadow)
}

func (r *retentionJourney) customerLeaves(ctx context.Context) {
	left := privacy.MustDate("2029-12-15")
	r.on("2029-12-15", "the meadow leaves, closes its account and wants its images back", "return", func() (string, error) {
		r.desk.ends = []retention.ContractEnd{{Tenant: meadow, On: left, Choice: retention.EndByReturn}}
		return retention.EndByReturn.String(), r.desk.closeAccounts(ctx, meadow, left)
	})
	r.on("2029-12-20", "LabelOp makes a backup", backedUp, func() (string, error) {
		if err := r.desk.backUp(ctx, r.desk.path("backup")); err != nil {
			return "", err
		}
		return r.desk.count(ctx)
	})
	r.sweep(ctx, "2030-01-02", "four years are over; what was not returned stays",
		"invoices 3 hidden, logs.security 2 disposed, logs.usage 2 disposed")
	r.on("2030-01-05", "the meadow has its images back, and confirms it", "4 images", func() (string, error) {
		returned, err := r.desk.giveBack(meadow, r.desk.path("returned"))
		r.desk.ends[0].ReturnedOn = privacy.MustDate("2030-01-05")
		return fmt.Sprintf("%d images", returned), err
	})
	r.sweep(ctx, "2030-01-06", "LabelOp deletes its own copies", "images 4 disposed")
}

func (r *retentionJourney) backupReturns(ctx context.Context) {
	before, err := r.desk.count(ctx)
	r.quietly(err)
	r.on("2030-01-10", "a disk fails, and LabelOp restores its backup", backedUp, func() (string, error) {
		if err := r.desk.restore(ctx, r.desk.path("backup")); err != nil {
			return "", err
		}
		return r.desk.count(ctx)
	})
	r.on("2030-01-10", "before it is used, what was deleted is deleted again", "8 again, 0 failed", func() (string, error) {
		sweeper, err := r.desk.sweeper()
		if err != nil {
			return "", err
		}
		done, err := sweeper.Redispose(ctx)
		return fmt.Sprintf("%d again, %d failed", done.Again, done.Failed), err
	})
	r.on("2030-01-10", "what is left is what was left before", before, func() (string, error) { return r.desk.count(ctx) })
}

func (r *retentionJourney) lastYearEnds(ctx context.Context) {
	r.year(ctx, 2030, harbour)
	r.sweep(ctx, "2031-01-02", "five years are over: invoices leave the billing of 3 years",
		"accounts 1 disposed, images 1 disposed, invoices 2 hidden, logs.security 3 disposed, logs.usage 4 disposed, mails 2 disposed")
	r.on("2031-01-02", "the first invoice is there still, by law", "hidden, kept through 2034-12-31 by invoices-by-law",
		func() (string, error) { return r.firstInvoice(ctx) })
}

// year plays a year of workspaces.
func (r *retentionJourney) year(ctx context.Context, year int, tenants ...privacy.TenantID) {
	r.spring(ctx, year, tenants...)
	r.autumn(ctx, year, tenants...)
}

// spring uploads an image, writes the logs, answers a mail and sends an invoice.
func (r *retentionJourney) spring(ctx context.Context, year int, tenants ...privacy.TenantID) {
	day := privacy.MustDate(fmt.Sprintf("%d-03-02", year))
	for _, tenant := range tenants {
		r.quietly(r.desk.upload(tenant, day))
		for _, table := range []string{"security_log", "usage_log", "support_mail", "invoice"} {
			r.quietly(r.desk.add(ctx, table, tenant, day))
		}
	}
}

// autumn writes the logs.
func (r *retentionJourney) autumn(ctx context.Context, year int, tenants ...privacy.TenantID) {
	day := privacy.MustDate(fmt.Sprintf("%d-11-02", year))
	for _, tenant := range tenants {
		r.quietly(errors.Join(r.desk.add(ctx, "security_log", tenant, day), r.desk.add(ctx, "usage_log", tenant, day)))
	}
}

func (r *retentionJourney) sweep(ctx context.Context, day, asks, want string) {
	r.on(day, asks, want, func() (string, error) { return r.desk.sweep(ctx) })
}

// on does a step on a day, and expects what it comes to.
func (r *retentionJourney) on(day, asks, want string, do func() (string, error)) {
	r.step++
	r.desk.clock.set(privacy.MustDate(day))
	got, err := do()
	if err != nil {
		got = err.Error()
	}
	verdict := ""
	if err != nil || got != want {
		r.surprises++
		verdict = "  ← not what was expected"
	}
	fmt.Fprintf(r.out, "%3d. %-66s %s  %s%s\n", r.step, asks, day, got, verdict)
}

// quietly does what is no step. If it fails, the journey does.
func (r *retentionJourney) quietly(err error) {
	if err != nil {
		r.surprises++
		fmt.Fprintf(r.out, "     %v\n", err)
	}
}
