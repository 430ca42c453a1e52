package retention

import (
	"context"
	"encoding/json"
	"time"
)

// Notifier tells those downstream that a record was disposed of or hidden: the
// recipients it was disclosed to (GDPR Art. 19), and systems that hold copies.
// Implementations MUST be safe for concurrent use and honour the context.
type Notifier interface {
	// Notify passes a notice on. It is called at least once for each, also again
	// after it succeeded; Notice.Token tells that it is the same. If it fails the
	// notice stays pending, and Sweeper.Tell repeats it. Errors MUST NOT hold
	// personal data.
	Notify(ctx context.Context, notice Notice) error
}

// Notice is what there is to tell of one record.
type Notice struct {
	SweepID string
	// Token names the record in the log, and the notice to whoever gets it.
	Token Token
	// Record is what it was when it was disposed of.
	Record Record
	// PlanItem says what was done, and by which rule.
	PlanItem
	// At is when it was done, in UTC to the microsecond.
	At time.Time
}

type noticeJSON struct {
	SweepID string     `json:"sweep_id"`
	Token   Token      `json:"token"`
	Record  recordJSON `json:"record"`
	Done    PlanItem   `json:"done"`
	At      time.Time  `json:"at"`
}

// MarshalJSON returns a form that UnmarshalJSON restores whole, with the zone of
// the record.
func (n Notice) MarshalJSON() ([]byte, error) {
	return json.Marshal(noticeJSON{n.SweepID, n.Token, withZone(n.Record), n.PlanItem, n.At})
}

// UnmarshalJSON restores what MarshalJSON returned and leaves n unchanged on error.
func (n *Notice) UnmarshalJSON(data []byte) error {
	var decoded noticeJSON
	if err := json.Unmarshal(data, &decoded); err != nil {
		return err
	}
	*n = Notice{decoded.SweepID, decoded.Token, decoded.Record.restore(), decoded.Done, decoded.At}
	return nil
}

// NoticeState says whether those downstream have been told of an item. The zero
// value is that there is nothing to tell.
type NoticeState uint8

const (
	// NoticeTold means that the Notifier took the notice.
	NoticeTold NoticeState = iota + 1
	// NoticePending means that it failed, and that the notice is kept.
	NoticePending
)

var noticeStateCodes = codes{"", "told", "pending"}

// String returns the code, "unknown" for every value that is no constant.
func (s NoticeState) String() string { return noticeStateCodes.text(uint8(s)) }

// MarshalText returns the code, or an error matching privacy.ErrInvalid.
func (s NoticeState) MarshalText() ([]byte, error) {
	return noticeStateCodes.marshal("state of a notice", uint8(s))
}

// UnmarshalText parses a code and leaves s unchanged on error, which matches
// privacy.ErrInvalid.
func (s *NoticeState) UnmarshalText(text []byte) error {
	parsed, err := noticeStateCodes.parse("state of a notice", string(text))
	if err == nil {
		*s = NoticeState(parsed)
	}
	return err
}

// Tell repeats the pending notices of a sweep and returns how many were taken and
// how many are pending still. Certify afterwards to state it. The error is that of
// the store, or of ctx.
func (s *Sweeper) Tell(ctx context.Context, sweepID string) (told, pending int, err error) {
	var after Token
	for {
		notices, err := s.store.Notices(ctx, sweepID, after, s.batch)
		if err != nil || len(notices) == 0 {
			return told, pending, err
		}
		var taken []Token
		for i := range notices {
			if s.notify(ctx, notices[i]) == NoticeTold {
				taken = append(taken, notices[i].Token)
			}
			after = notices[i].Token
		}
		if err := s.store.Told(context.WithoutCancel(ctx), sweepID, taken); err != nil {
			return told, pending, err
		}
		told, pending = told+len(taken), pending+len(notices)-len(taken)
		if ctx.Err() != nil {
			return told, pending, ctx.Err()
		}
	}
}

// notify passes a notice on within the time of an item.
func (s *Sweeper) notify(ctx context.Context, notice Notice) NoticeState {
	if s.notifier == nil {
		return NoticePending
	}
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	if guard(func() error { return s.notifier.Notify(ctx, notice) }) != nil {
		return NoticePending
	}
	return NoticeTold
}
