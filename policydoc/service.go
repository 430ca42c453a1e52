package policydoc

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/language"

	"github.com/labelop/privacykit/privacy"
)

// Options adjust a Service. Nil and the zero value are the strictest.
type Options struct {
	// Clock tells the time; nil is privacy.SystemClock.
	Clock privacy.Clock
	// IDs makes the ids of events; nil is privacy.RandomIDs.
	IDs privacy.IDSource
	// Source is the source of events; "" is "/policydoc".
	Source string
	// Materiality decides what cannot be editorial; nil is DefaultMateriality.
	Materiality *MaterialityTable
	// NoticePeriod is how long before its effect a material version is published;
	// the zero value is 30 days. Shorter ones than a day are not possible.
	NoticePeriod privacy.Period
	// Zone is where the days of the notice period are counted; nil is UTC.
	Zone *time.Location
}

// Service publishes policies and keeps who acknowledged them. It is safe for
// concurrent use.
type Service struct {
	store Store
	opts  Options
}

// New makes a Service on a Store. The error matches privacy.ErrInvalid.
func New(store Store, opts *Options) (*Service, error) {
	if store == nil {
		return nil, fmt.Errorf("a service needs a store: %w", privacy.ErrInvalid)
	}
	s := &Service{store: store}
	if opts != nil {
		s.opts = *opts
	}
	if s.opts.Clock == nil {
		s.opts.Clock = privacy.SystemClock{}
	}
	if s.opts.IDs == nil {
		s.opts.IDs = privacy.RandomIDs{}
	}
	if s.opts.Source == "" {
		s.opts.Source = "/policydoc"
	}
	if s.opts.Materiality == nil {
		s.opts.Materiality = DefaultMateriality()
	}
	if s.opts.NoticePeriod.IsZero() {
		s.opts.NoticePeriod = privacy.Period{Days: 30}
	}
	if err := s.opts.NoticePeriod.Check(); err != nil {
		return nil, fmt.Errorf("the notice period: %w", err)
	}
	if s.opts.Zone == nil {
		s.opts.Zone = time.UTC
	}
	return s, nil
}

// Draft is a version before it is published.
type Draft struct {
	// Texts are one or more, with distinct locales, exactly one authoritative.
	Texts []LocalizedText
	// Facts are what is declared, as FactsOf derives them.
	Facts Facts
	// EffectiveFrom is when the version is to take effect; the zero value is as
	// soon as it may: now, or when the notice period ends.
	EffectiveFrom time.Time
	// Materiality is required.
	Materiality Materiality
	// Summary tells readers what changed. Required for a material version that
	// follows another.
	Summary string
	// Follows is the number of the last version the author knows, withdrawn ones
	// included, 0 for none.
	Follows int
}

// EditorialError reports that a version was declared editorial although facts
// changed. It matches privacy.ErrInvalid.
type EditorialError struct {
	Reasons []Reason
}

// Error lists the reasons.
func (e *EditorialError) Error() string {
	lines := []string{"the version cannot be editorial"}
	for _, r := range e.Reasons {
		lines = append(lines, r.Detail+" ("+r.Article+")")
	}
	return strings.Join(lines, "\n\t")
}

// Is reports whether target is privacy.ErrInvalid.
func (e *EditorialError) Is(target error) bool { return target == privacy.ErrInvalid }

// EffectError reports a version that would take effect too early. It matches
// privacy.ErrInvalid.
type EffectError struct {
	// Wanted is when the version was to take effect.
	Wanted time.Time
	// Earliest is when it may.
	Earliest time.Time
	// Problem is why not earlier.
	Problem string
}

// Error says when the version may take effect.
func (e *EffectError) Error() string {
	return fmt.Sprintf("the version cannot take effect before %s: %s", e.Earliest.Format(time.RFC3339), e.Problem)
}

// Is reports whether target is privacy.ErrInvalid.
func (e *EffectError) Is(target error) bool { return target == privacy.ErrInvalid }

// History loads and verifies all versions of a policy. A policy never published
// has an empty history.
func (s *Service) History(ctx context.Context, policy PolicyKey) (*History, error) {
	if err := policy.Check(); err != nil {
		return nil, err
	}
	const page = 100
	var all []Entry
	for {
		entries, err := s.store.Entries(ctx, policy, len(all), page)
		if err != nil {
			return nil, err
		}
		all = append(all, entries...)
		if len(entries) < page {
			return newHistory(all)
		}
	}
}

// Publish publishes a version, which is then scheduled or in force. What its
// facts demand is in the version's Reasons: the host has to hand the
// consequences to whatever enforces them, such as consent's tenant events. It
// does not read the texts: Resolve what they quote and Reconcile them first.
//
// Besides problems with the draft, a version is refused with *EditorialError or
// *EffectError, and with privacy.ErrConflict if another was published since the
// author looked. Publishing the same draft again returns the version published.
func (s *Service) Publish(ctx context.Context, policy PolicyKey, draft Draft) (*Version, error) {
	h, err := s.History(ctx, policy)
	if err != nil {
		return nil, err
	}
	draft.Texts = canonicalTexts(draft.Texts)
	if err := draft.check(h.last() == nil || draft.Follows == 0); err != nil {
		return nil, err
	}
	if v := repeated(h, draft); v != nil {
		return v, nil
	}
	if draft.Follows != h.Len() {
		return nil, fmt.Errorf("version %d was published meanwhile: %w", h.Len(), privacy.ErrConflict)
	}
	v, err := s.version(h, draft)
	if err != nil {
		return nil, err
	}
	if err := s.append(ctx, h, Entry{Policy: policy, Version: v}, "privacykit.policydoc.published", v.Number); err != nil {
		return nil, err
	}
	return v, nil
}

func (s *Service) version(h *History, draft Draft) (*Version, error) {
	now := instant(s.opts.Clock.Now())
	v := &Version{
		Number: h.Len() + 1, Texts: draft.Texts, Facts: draft.Facts, PublishedAt: now,
		EffectiveFrom: instant(draft.EffectiveFrom), Materiality: draft.Materiality, Summary: draft.Summary,
	}
	earliest, problem := now, "it would lie in the past"
	if last := h.last(); last != nil {
		v.Reasons = s.opts.Materiality.Assess(last.Facts, draft.Facts)
		if draft.Materiality == Editorial && len(v.Reasons) > 0 {
			return nil, &EditorialError{Reasons: v.Reasons}
		}
		if draft.Materiality == Material {
			earliest, problem = s.endOfNotice(now), "readers must be told before"
		}
		if next := last.EffectiveFrom.Add(time.Microsecond); next.After(earliest) {
			earliest, problem = next, "the version before takes effect then"
		}
	}
	if draft.EffectiveFrom.IsZero() {
		v.EffectiveFrom = earliest
	}
	if v.EffectiveFrom.Before(earliest) {
		return nil, &EffectError{Wanted: v.EffectiveFrom, Earliest: earliest, Problem: problem}
	}
	return v, nil
}

// endOfNotice is the start of the day after the notice period, which does not
// count the day of publishing.
func (s *Service) endOfNotice(now time.Time) time.Time {
	last := privacy.DateOf(now, s.opts.Zone).Add(s.opts.NoticePeriod)
	return instant(last.AddDays(1).Start(s.opts.Zone))
}

// instant is a time as it is kept: in UTC, to the microsecond.
func instant(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC().Truncate(time.Microsecond)
}

func canonicalTexts(texts []LocalizedText) []LocalizedText {
	texts = slices.Clone(texts)
	for i, t := range texts {
		if tag, err := language.Parse(t.Locale); err == nil {
			texts[i].Locale = tag.String()
		}
	}
	slices.SortStableFunc(texts, func(a, b LocalizedText) int { return strings.Compare(a.Locale, b.Locale) })
	return texts
}

func (d Draft) check(first bool) error {
	var problems privacy.Problems
	authoritative := 0
	for i, t := range d.Texts {
		path := fmt.Sprintf("texts[%d]", i)
		if _, err := language.Parse(t.Locale); err != nil || t.Locale == "und" {
			problems.Add(path+".locale", "unknown_locale", "the locale is not a BCP 47 tag")
		}
		if i > 0 && d.Texts[i-1].Locale == t.Locale {
			problems.Add(path+".locale", "overlapping_locales", "two texts have one locale")
		}
		if t.Authoritative {
			authoritative++
		}
		if strings.TrimSpace(t.Source) == "" {
			problems.Add(path+".source", "empty", "the text is empty")
		}
		if len(t.Source) > MaxTextBytes {
			problems.Add(path+".source", "too_large", "the text has %d bytes, the limit is %d", len(t.Source), MaxTextBytes)
		}
	}
	if authoritative != 1 {
		problems.Add("texts", "authoritative", "exactly one text must be authoritative, not %d", authoritative)
	}
	if d.Materiality != Editorial && d.Materiality != Material {
		problems.Add("materiality", "undeclared", "a person must declare the version editorial or material")
	}
	if !first && d.Materiality == Material && strings.TrimSpace(d.Summary) == "" {
		problems.Add("summary", "required", "a material version tells its readers what changed")
	}
	if err := d.Facts.Check(); err != nil {
		problems.Add("facts", "invalid", "%v", err)
	}
	return problems.Err()
}

// repeated returns the version that the draft became when it was published
// before, nil if it was not.
func repeated(h *History, d Draft) *Version {
	v := h.Version(d.Follows + 1)
	if v == nil || !slices.Equal(v.Texts, d.Texts) || len(DiffFacts(v.Facts, d.Facts)) > 0 || v.Summary != d.Summary ||
		v.Materiality != d.Materiality || !d.EffectiveFrom.IsZero() && !v.EffectiveFrom.Equal(instant(d.EffectiveFrom)) {
		return nil
	}
	return v
}

// Withdraw takes back the last version before it takes effect, for a reason that
// people can read. It fails with privacy.ErrNotFound if there is no such
// version, and with privacy.ErrConflict if it is in effect, withdrawn already or
// not the last.
func (s *Service) Withdraw(ctx context.Context, policy PolicyKey, number int, reason string) error {
	h, err := s.History(ctx, policy)
	if err != nil {
		return err
	}
	now := instant(s.opts.Clock.Now())
	switch v := h.Version(number); {
	case v == nil:
		return fmt.Errorf("version %d: %w", number, privacy.ErrNotFound)
	case strings.TrimSpace(reason) == "":
		return fmt.Errorf("a withdrawal needs a reason: %w", privacy.ErrInvalid)
	case h.last() != v || h.State(number, now) != Scheduled:
		return fmt.Errorf("version %d is not the last one scheduled: %w", number, privacy.ErrConflict)
	}
	w := &Withdrawal{Number: number, At: now, Reason: reason}
	return s.append(ctx, h, Entry{Policy: policy, Withdrawal: w}, "privacykit.policydoc.withdrawn", number)
}

// append completes the entry and writes it with its event.
func (s *Service) append(ctx context.Context, h *History, e Entry, eventType string, number int) error {
	e.Index = len(h.entries) + 1
	if e.Index > 1 {
		e.Previous = h.entries[e.Index-2].Hash
	}
	hash, err := e.ComputeHash()
	if err != nil {
		return err
	}
	e.Hash = hash
	event, err := s.event(e.Policy, "", eventType, number, hash)
	if err != nil {
		return err
	}
	event.Sequence = uint64(e.Index)
	return s.store.AppendEntry(ctx, e, []privacy.Event{event})
}

func (s *Service) event(policy PolicyKey, subject privacy.SubjectID, eventType string, number int, hash Hash) (privacy.Event, error) {
	data, err := json.Marshal(struct {
		Policy  string `json:"policy"`
		Version int    `json:"version"`
		Hash    Hash   `json:"hash"`
	}{policy.Name, number, hash})
	if err != nil {
		return privacy.Event{}, err
	}
	return privacy.Event{
		ID: s.opts.IDs.NewID(), Source: s.opts.Source, SpecVersion: privacy.SpecVersion, Type: eventType,
		Subject: string(subject), Time: instant(s.opts.Clock.Now()), Tenant: policy.Tenant,
		DataContentType: "application/json", Data: data,
	}, nil
}

// Acknowledge records that a subject was shown or accepted a version of the
// policy whose history is h, which the host keeps between calls. Subject,
// Version, Act, Locale and Channel of a are given; the rest is filled in. Doing
// it twice does it once. It fails with privacy.ErrNotFound if there is no such
// version or text, and with privacy.ErrConflict if the version was withdrawn.
func (s *Service) Acknowledge(ctx context.Context, h *History, a Acknowledgement) error {
	if err := privacy.CheckID("subject", string(a.Subject)); err != nil {
		return err
	}
	if err := privacy.CheckID("channel", a.Channel); err != nil {
		return err
	}
	if a.Act != Shown && a.Act != Accepted {
		return fmt.Errorf("unknown act: %w", privacy.ErrInvalid)
	}
	v := h.Version(a.Version)
	if v == nil {
		return fmt.Errorf("version %d: %w", a.Version, privacy.ErrNotFound)
	}
	if h.withdrawn[a.Version] != nil {
		return fmt.Errorf("version %d was withdrawn: %w", a.Version, privacy.ErrConflict)
	}
	i := slices.IndexFunc(v.Texts, func(t LocalizedText) bool { return t.Locale == a.Locale })
	if i < 0 {
		return fmt.Errorf("version %d has no text in this locale: %w", a.Version, privacy.ErrNotFound)
	}
	a.Policy, a.Text, a.At = h.Policy(), v.Texts[i].Hash(), instant(s.opts.Clock.Now())
	event, err := s.event(a.Policy, a.Subject, "privacykit.policydoc."+string(a.Act), a.Version, a.Text)
	if err != nil {
		return err
	}
	return s.store.AppendAcknowledgement(ctx, a, []privacy.Event{event})
}

// OutstandingFor returns the material versions that took effect and that the
// subject has not acknowledged by the act, nor any later one, lowest first.
func (s *Service) OutstandingFor(ctx context.Context, h *History, subject privacy.SubjectID, act Act) ([]int, error) {
	if err := privacy.CheckID("subject", string(subject)); err != nil {
		return nil, err
	}
	acks, err := s.store.Acknowledgements(ctx, h.Policy(), subject)
	if err != nil {
		return nil, err
	}
	seen := 0
	for _, a := range acks {
		if a.Act == act || a.Act == Accepted {
			seen = max(seen, a.Version)
		}
	}
	return h.MaterialSince(seen, s.opts.Clock.Now()), nil
}

// Unacknowledged returns a page of the subjects who acknowledged an earlier
// version of the policy but not the last material one in force. There are none
// if no material version has taken effect. Ask for the next page with the last
// subject of this one.
func (s *Service) Unacknowledged(ctx context.Context, h *History, act Act, after privacy.SubjectID, limit int) ([]privacy.SubjectID, error) {
	if limit < 1 {
		return nil, fmt.Errorf("limit must be at least 1: %w", privacy.ErrInvalid)
	}
	material := h.MaterialSince(0, s.opts.Clock.Now())
	if len(material) == 0 {
		return nil, nil
	}
	return s.store.Unacknowledged(ctx, Outstanding{
		Policy: h.Policy(), Act: act, Version: material[len(material)-1], After: after, Limit: limit,
	})
}
