package retention

import (
	"time"

	"github.com/labelop/privacykit/privacy"
)

// ErasureRequest is a request under GDPR Art. 17(1), as far as retention has to
// know it. The case that carries it, its identity checks and its deadline are the
// host's or package dsr's.
type ErasureRequest struct {
	// Ground is the ground the request rests on. Zero means that the case has
	// established one for every item.
	Ground ErasureGround `json:"ground,omitempty"`
}

// ErasureDecision is the answer to an erasure request for one item. The zero value
// is no answer and erases nothing.
type ErasureDecision uint8

const (
	// EraseNow erases the item.
	EraseNow ErasureDecision = iota + 1
	// RestrictUntil keeps the item for one exception of Art. 17(3) alone, and
	// erases it when that lapses.
	RestrictUntil
	// RefuseErasure leaves the item as it is: no ground of Art. 17(1) reaches it.
	RefuseErasure
)

var erasureDecisionCodes = codes{"", "erase_now", "restrict_until", "refuse"}

// String returns the code, "unknown" for no answer.
func (d ErasureDecision) String() string { return erasureDecisionCodes.text(uint8(d)) }

// MarshalText returns the code, or an error matching privacy.ErrInvalid.
func (d ErasureDecision) MarshalText() ([]byte, error) {
	return erasureDecisionCodes.marshal("decision on erasure", uint8(d))
}

// UnmarshalText parses a code and leaves d unchanged on error, which matches
// privacy.ErrInvalid.
func (d *ErasureDecision) UnmarshalText(text []byte) error {
	parsed, err := erasureDecisionCodes.parse("decision on erasure", string(text))
	if err == nil {
		*d = ErasureDecision(parsed)
	}
	return err
}

// ErasureAnswer is what a request comes to, item by item.
type ErasureAnswer struct {
	// Items are in the order of the records asked about.
	Items []ErasureItem `json:"items"`
	// Response is "complete" if everything is erased, "refused" if nothing is
	// erased or restricted, "partial" in between: restriction in place of erasure
	// is part of what was asked for. What is withheld has to be explained (Art.
	// 12(4)).
	Response string `json:"response"`
}

// ErasureItem is the answer for one record.
type ErasureItem struct {
	System   privacy.SystemID   `json:"system,omitempty"`
	Key      string             `json:"key,omitempty"`
	Category privacy.CategoryID `json:"category"`
	Decision ErasureDecision    `json:"decision"`
	// Until is the last day of a restriction, in the record's zone; zero while its
	// end is not known, as under a hold.
	Until privacy.Date `json:"until,omitzero"`
	// Article is the provision the decision rests on, such as "GDPR 17(3)(b)".
	Article string `json:"article"`
	// RuleID or HoldID names what the item is kept for.
	RuleID string `json:"rule,omitempty"`
	HoldID string `json:"hold,omitempty"`
	// Finding says why the end of a restriction is not known.
	Finding Finding `json:"finding,omitempty"`
}

// Erase answers an erasure request for each record. A hold that names a ground of
// Art. 17(3) restricts, then a statutory minimum that is still running does (Art.
// 17(3)(b)). An internal policy is no exception: it yields. A ground that the
// legal basis of the record rules out is refused. What cannot be told, because a
// statutory minimum lacks its event or no zone is known, is restricted with a
// Finding, never erased.
func (s *Schedule) Erase(request ErasureRequest, records []*Record, holds *Holds, at time.Time) ErasureAnswer {
	answer := ErasureAnswer{Items: make([]ErasureItem, len(records))}
	erased, refused := 0, 0
	for i, r := range records {
		item := &answer.Items[i]
		item.System, item.Key, item.Category = r.System, r.Key, r.Category
		s.eraseOne(request, r, holds, at, item)
		switch item.Decision {
		case EraseNow:
			erased++
		case RefuseErasure:
			refused++
		}
	}
	switch len(records) {
	case erased:
		answer.Response = "complete"
	case refused:
		answer.Response = "refused"
	default:
		answer.Response = "partial"
	}
	return answer
}

func (s *Schedule) eraseOne(request ErasureRequest, r *Record, holds *Holds, at time.Time, item *ErasureItem) {
	zone, today := s.day(r, at)
	if today.IsZero() {
		item.restrict("GDPR 17(3)(b)", today)
		item.Finding = FindingNoZone
		return
	}
	c := contest{schedule: s, record: r, zone: zone, today: today}
	c.collect()
	if held := c.groundedHold(holds); held != nil {
		item.restrict(held.Ground.Article(), privacy.Date{})
		item.HoldID = held.ID
		return
	}
	if c.restrictByLaw(item) {
		return
	}
	item.Decision = EraseNow
	item.Article = request.Ground.Article()
	if !c.groundReaches(request.Ground) {
		item.Decision = RefuseErasure
	}
}

func (i *ErasureItem) restrict(article string, until privacy.Date) {
	i.Decision, i.Article, i.Until = RestrictUntil, article, until
}

// groundedHold returns the hold that has been in force longest of those that name
// a ground; a hold without one does not stand against the right to erasure.
func (c *contest) groundedHold(holds *Holds) *Hold {
	var held *Hold
	holds.each(c.record, c.zone, func(h *Hold) {
		if h.Ground.Valid() && h.inForce(c.today) && (held == nil || h.From.Before(held.From)) {
			held = h
		}
	})
	return held
}

// restrictByLaw restricts for the statutory minimum that runs longest.
func (c *contest) restrictByLaw(item *ErasureItem) bool {
	t := &c.tally
	if t.missingStatutory != nil {
		item.restrict("GDPR 17(3)(b)", privacy.Date{})
		item.RuleID, item.Finding = t.missingStatutory.id, c.record.undated()
		return true
	}
	if t.statutory == nil {
		return false
	}
	last := t.statutoryThrough
	if last.Before(t.suspendedStatutory) {
		last = t.suspendedStatutory
	}
	if last.Before(c.today) {
		return false
	}
	if t.suspendedStatutory == lastDate {
		last = privacy.Date{}
	}
	item.restrict("GDPR 17(3)(b)", last)
	item.RuleID = t.statutory.id
	return true
}

// groundReaches reports whether a request on a ground can reach the record: once
// no rule wants to keep it, always; otherwise if the basis of a rule admits it.
// Withdrawn consent ends only what rests on nothing else (Art. 17(1)(b)).
func (c *contest) groundReaches(ground ErasureGround) bool {
	if ground == 0 {
		return true
	}
	known, admitted := false, false
	for i := range c.entries {
		e := &c.entries[i]
		if e.excluded != "" || e.version.LegalBasis == 0 || e.through.Before(c.today) {
			continue
		}
		known = true
		admits := ground.availableFor(e.version.LegalBasis)
		if ground == ErasureConsentWithdrawn && !admits {
			return false
		}
		admitted = admitted || admits
	}
	return admitted || !known
}
