package retention

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/labelop/privacykit/privacy"
)

// Plan is what a sweep would do: a dry run. It is what a person approves, by its
// Hash, and what execution never exceeds. Its JSON form is whole but for the
// Samples, so that other processes can execute it too.
type Plan struct {
	SweepID string    `json:"sweep_id"`
	At      time.Time `json:"at"`
	// Items are the records to be disposed of or hidden, by token.
	Items map[Token]PlanItem `json:"items"`
	// Shards says for each of them in which part of the sweep it is.
	Shards map[Token]Shard `json:"shards"`
	// Samples are keys of up to SweepOptions.Samples records per group of Counts. They
	// are for the eyes of whoever approves and not part of the hash.
	Samples map[PlanItem][]string `json:"-"`
	// Bytes is the size of what is to be disposed of, as far as known.
	Bytes int64 `json:"bytes"`
	// Blocked counts by reason what is left alone of the records seen: "hold:H1",
	// "request:access", "suspended", and so on. It leaves out what a source had no
	// reason to give: that no rule covers or can date records, Sweeper.Undecided tells.
	Blocked map[string]int `json:"blocked"`
	// Review counts the records that a rule puts before a person.
	Review int `json:"review"`
	// Seen is how many records the sources gave, which is not how many there are: a
	// source that asks an index gives those that may be due.
	Seen int `json:"seen"`
}

// PlanItem is what is to be done to a record, and by which rule.
type PlanItem struct {
	System      privacy.SystemID   `json:"system"`
	Category    privacy.CategoryID `json:"category"`
	Action      Action             `json:"action,omitempty"`
	Hide        bool               `json:"hide,omitempty"`
	RuleID      string             `json:"rule"`
	RuleVersion int                `json:"rule_version"`
}

// Counts returns how many records meet the same end by the same rule.
func (p *Plan) Counts() map[PlanItem]int {
	counts := map[PlanItem]int{}
	for _, item := range p.Items {
		counts[item]++
	}
	return counts
}

// Hash returns the hash of everything that execution depends on: the sweep, the
// items, their rules and shards. The error matches privacy.ErrInvalid: an action that
// is none, or text that is not UTF-8.
func (p *Plan) Hash() (Hash, error) {
	type entry struct {
		Token Token    `json:"token"`
		Shard Shard    `json:"shard"`
		Item  PlanItem `json:"item"`
	}
	h := sha256.New()
	write := func(v any) error {
		data, err := privacy.CanonicalJSON(v)
		if err != nil {
			return err
		}
		fmt.Fprintf(h, "%d:%s", len(data), data)
		return nil
	}
	if err := write(p.SweepID); err != nil {
		return Hash{}, err
	}
	for _, token := range slices.SortedFunc(maps.Keys(p.Items), compareTokens) {
		if err := write(entry{token, p.Shards[token], p.Items[token]}); err != nil {
			return Hash{}, err
		}
	}
	return Hash(h.Sum(nil)), nil
}

func compareTokens(a, b Token) int { return bytes.Compare(a[:], b[:]) }

// Plan reads the candidates of every system and tells what a sweep would do at
// this moment. It changes nothing. The error matches privacy.ErrInvalid for an
// identifier that is none; a source or a store that fails ends the plan with its error.
func (s *Sweeper) Plan(ctx context.Context, sweepID string) (*Plan, error) {
	if err := privacy.CheckID("sweep", sweepID); err != nil {
		return nil, fmt.Errorf("retention: %w", err)
	}
	plan := &Plan{
		SweepID: sweepID, At: s.now(), Items: map[Token]PlanItem{}, Shards: map[Token]Shard{},
		Samples: map[PlanItem][]string{}, Blocked: map[string]int{},
	}
	blocks := blockCache{store: s.store}
	for i := range s.systems {
		system := &s.systems[i]
		err := s.each(ctx, system, Query{Schedule: s.schedule, At: plan.At}, func(records []Record) error {
			for j := range records {
				if err := s.planRecord(ctx, plan, system, &records[j], &blocks); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return plan, nil
}

func (s *Sweeper) planRecord(ctx context.Context, plan *Plan, system *System, r *Record, cache *blockCache) error {
	blocks, err := cache.of(ctx, r.Tenant)
	if err != nil {
		return err
	}
	plan.Seen++
	verdict := s.schedule.Evaluate(r, blocks.holds, plan.At)
	item, wanted := itemFor(system, r, verdict)
	request, open := blocks.requests[r.Subject]
	switch {
	case wanted && open && !item.Hide:
		plan.Blocked[ClaimResult{Request: request}.Reason()]++
	case wanted:
		token := s.token(r)
		plan.Items[token], plan.Shards[token] = item, s.shard(r)
		if !item.Hide {
			plan.Bytes += r.Bytes
		}
		if len(plan.Samples[item]) < s.samples {
			plan.Samples[item] = append(plan.Samples[item], r.Key)
		}
	case verdict.State == Due:
		plan.Review++
	case verdict.State != Keep:
		plan.Blocked[verdict.Reason()]++
	}
	return nil
}

// itemFor returns what a verdict asks a sweep to do, and whether it asks for
// anything.
func itemFor(system *System, r *Record, v Verdict) (PlanItem, bool) {
	item := PlanItem{System: system.ID, Category: r.Category, Action: v.Action, RuleID: v.RuleID, RuleVersion: v.RuleVersion}
	switch {
	case v.State == Due && v.Action.Disposes():
		return item, true
	case v.State == Hidden && !r.Hidden:
		item.Action, item.Hide = 0, true
		return item, true
	default:
		return item, false
	}
}

// each walks the pages of a system. Records are stamped with the system, which
// decides holds and tokens, and with the zone that the schedule gives them.
func (s *Sweeper) each(ctx context.Context, system *System, query Query, visit func([]Record) error) error {
	query.Limit = s.batch
	for {
		page, err := system.Source.Candidates(ctx, query)
		if err != nil {
			return fmt.Errorf("retention: source of %s: %w", system.ID, err)
		}
		for i := range page.Records {
			page.Records[i].System = system.ID
			if page.Records[i].Zone == nil {
				page.Records[i].Zone = s.schedule.zone
			}
		}
		if err := visit(page.Records); err != nil {
			return err
		}
		if page.Next == "" {
			return ctx.Err()
		}
		if page.Next == query.After {
			return fmt.Errorf("retention: source of %s does not move on: %w", system.ID, privacy.ErrInvalid)
		}
		query.After = page.Next
	}
}

// blockCache reads what blocks records of each tenant once. Claims read it anew.
type blockCache struct {
	store interface {
		HoldStore
		RequestStore
	}
	tenants map[privacy.TenantID]blocks
}

// blocks are the holds of a tenant, and of its subjects with an open request the
// right that is exercised.
type blocks struct {
	holds    *Holds
	requests map[privacy.SubjectID]privacy.Right
}

func (c *blockCache) of(ctx context.Context, tenant privacy.TenantID) (blocks, error) {
	if known, ok := c.tenants[tenant]; ok {
		return known, nil
	}
	list, err := c.store.Holds(ctx, tenant)
	if err != nil {
		return blocks{}, err
	}
	requests, err := c.store.Requests(ctx, tenant)
	if err != nil {
		return blocks{}, err
	}
	read := blocks{requests: map[privacy.SubjectID]privacy.Right{}}
	if read.holds, err = NewHolds(list, nil); err != nil {
		return blocks{}, err
	}
	for _, request := range requests {
		for _, subject := range request.Subjects {
			if _, known := read.requests[subject]; !known {
				read.requests[subject] = request.Right
			}
		}
	}
	if c.tenants == nil {
		c.tenants = map[privacy.TenantID]blocks{}
	}
	c.tenants[tenant] = read
	return read, nil
}
