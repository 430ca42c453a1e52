package consent

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/labelop/privacykit/privacy"
)

// stateFormat is the first byte of an encoded State. A Store may hold
// projections of older formats: an unknown one is unreadable, hence a refusal,
// until it is folded anew.
const stateFormat = 2

// AppendBinary appends the compact encoding of the state to dst. It never fails.
func (s *State) AppendBinary(dst []byte) ([]byte, error) {
	dst = append(dst, stateFormat)
	dst = binary.AppendUvarint(dst, s.Version)
	dst = appendMark(dst, s.Erased)
	dst = appendMark(dst, s.Relationship)
	dst = appendDate(dst, s.BornOnOrBefore)
	dst = appendDate(dst, s.BornOnOrAfter)
	dst = appendTime(dst, s.AgeAt)
	dst = binary.AppendUvarint(dst, s.AgeSequence)
	dst = appendTime(dst, s.WithdrawnAt)
	dst = appendMark(dst, s.Objected)
	dst = appendMark(dst, s.MarketingObjected)
	dst = appendMark(dst, s.Restricted)
	dst = binary.AppendUvarint(dst, uint64(len(s.Restrictions)))
	for _, restriction := range s.Restrictions {
		dst = restriction.appendBinary(dst)
	}
	dst = binary.AppendUvarint(dst, uint64(len(s.OptOuts)))
	for _, optOut := range s.OptOuts {
		dst = append(dst, byte(optOut.Kind))
		dst = appendMark(dst, optOut.Mark)
	}
	dst = binary.AppendUvarint(dst, uint64(len(s.Purposes)))
	for i := range s.Purposes {
		dst = s.Purposes[i].appendBinary(dst)
	}
	return dst, nil
}

// MarshalBinary returns the compact encoding of the state.
func (s *State) MarshalBinary() ([]byte, error) { return s.AppendBinary(nil) }

func (r RestrictionState) appendBinary(dst []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(r.Matter)))
	dst = append(dst, r.Matter...)
	dst = appendTime(dst, r.At)
	return binary.AppendUvarint(dst, r.Sequence)
}

func (p *PurposeState) appendBinary(dst []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(p.Purpose)))
	dst = append(dst, p.Purpose...)
	dst = append(dst, byte(p.Consent))
	dst = appendTime(dst, p.ConsentAt)
	dst = binary.AppendUvarint(dst, p.ConsentSequence)
	dst = appendTime(dst, p.Until)
	dst = appendBool(dst, p.Explicit)
	dst = binary.AppendUvarint(dst, uint64(p.NoticeVersion))
	dst = appendMark(dst, p.Objected)
	dst = appendMark(dst, p.Restricted)
	return appendMark(dst, p.OptedOut)
}

// UnmarshalBinary reads what MarshalBinary wrote. It returns an error that
// matches privacy.ErrInvalid for anything else; the state is then undefined and
// must not be used.
func (s *State) UnmarshalBinary(data []byte) error {
	*s = State{}
	return s.decode(data, func(name []byte) privacy.PurposeID { return privacy.PurposeID(name) })
}

// decode is UnmarshalBinary into the slices that s has. purpose makes an ID of
// its bytes, which it must not keep.
func (s *State) decode(data []byte, purpose func([]byte) privacy.PurposeID) error {
	r := stateReader{data: data}
	if r.byte() != stateFormat {
		return errState
	}
	restrictions, optOuts, purposes := s.Restrictions[:0], s.OptOuts[:0], s.Purposes[:0]
	*s = State{
		Version:           r.uvarint(),
		Erased:            r.mark(),
		Relationship:      r.mark(),
		BornOnOrBefore:    r.date(),
		BornOnOrAfter:     r.date(),
		AgeAt:             r.time(),
		AgeSequence:       r.uvarint(),
		WithdrawnAt:       r.time(),
		Objected:          r.mark(),
		MarketingObjected: r.mark(),
		Restricted:        r.mark(),
	}
	for range r.count() {
		restrictions = append(restrictions, RestrictionState{Matter: string(r.text()), At: r.time(), Sequence: r.uvarint()})
	}
	for range r.count() {
		optOuts = append(optOuts, OptOutState{Kind: privacy.OptOut(r.byte()), Mark: r.mark()})
	}
	for range r.count() {
		purposes = append(purposes, r.purpose(purpose))
	}
	s.Restrictions, s.OptOuts, s.Purposes = restrictions, optOuts, purposes
	if r.failed || len(r.data) != 0 {
		return errState
	}
	return s.check()
}

// check refuses what no fold produces: duplicates, disorder or an opt-out of
// another version of this package would make look-ups miss a refusal.
func (s *State) check() error {
	if s.Restricted.On != (len(s.Restrictions) > 0) {
		return errState
	}
	for i := 1; i < len(s.Restrictions); i++ {
		if s.Restrictions[i-1].Matter >= s.Restrictions[i].Matter {
			return errState
		}
	}
	for i := 1; i < len(s.Purposes); i++ {
		if s.Purposes[i-1].Purpose >= s.Purposes[i].Purpose {
			return errState
		}
	}
	for i, optOut := range s.OptOuts {
		if !optOut.Kind.Valid() || (i > 0 && s.OptOuts[i-1].Kind >= optOut.Kind) {
			return errState
		}
	}
	return nil
}

var errState = fmt.Errorf("consent: stored state cannot be read: %w", privacy.ErrInvalid)

func appendBool(dst []byte, b bool) []byte {
	if b {
		return append(dst, 1)
	}
	return append(dst, 0)
}

// Times are written as microseconds since 1970, shifted by one so that zero
// stands for the zero time.
func appendTime(dst []byte, t time.Time) []byte {
	if t.IsZero() {
		return append(dst, 0)
	}
	us := t.UnixMicro()
	if us >= 0 {
		us++
	}
	return binary.AppendVarint(dst, us)
}

func appendMark(dst []byte, m Mark) []byte {
	dst = appendBool(dst, m.On)
	dst = appendTime(dst, m.At)
	return binary.AppendUvarint(dst, m.Sequence)
}

func appendDate(dst []byte, d privacy.Date) []byte {
	if d.IsZero() {
		return append(dst, 0)
	}
	days := int64(d.DaysSince(epoch))
	if days >= 0 {
		days++
	}
	return binary.AppendVarint(dst, days)
}

var epoch = privacy.MustDate("1970-01-01")

// stateReader reads the encoding; after a fault it returns zeros and failed is set.
type stateReader struct {
	data   []byte
	failed bool
}

func (r *stateReader) byte() byte {
	if len(r.data) == 0 {
		r.failed = true
		return 0
	}
	b := r.data[0]
	r.data = r.data[1:]
	return b
}

func (r *stateReader) bool() bool {
	b := r.byte()
	if b > 1 {
		r.failed = true
	}
	return b == 1
}

func (r *stateReader) uvarint() uint64 {
	v, n := binary.Uvarint(r.data)
	if !r.skip(n) {
		return 0
	}
	return v
}

func (r *stateReader) varint() int64 {
	v, n := binary.Varint(r.data)
	if !r.skip(n) {
		return 0
	}
	return v
}

// skip goes on after a number of n bytes, unless it is damaged or longer than
// it need be.
func (r *stateReader) skip(n int) bool {
	if n <= 0 || (n > 1 && r.data[n-1] == 0) {
		r.failed, r.data = true, nil
		return false
	}
	r.data = r.data[n:]
	return true
}

// count reads a length, bounded by what is left so that a damaged one cannot
// exhaust the memory.
func (r *stateReader) count() int {
	n := r.uvarint()
	if n > uint64(len(r.data)) {
		r.failed = true
		return 0
	}
	return int(n)
}

func (r *stateReader) text() []byte {
	n := r.count()
	text := r.data[:n]
	r.data = r.data[n:]
	return text
}

func (r *stateReader) time() time.Time {
	us := r.varint()
	if us == 0 {
		return time.Time{}
	}
	if us > 0 {
		us--
	}
	t := time.UnixMicro(us).UTC()
	r.failed = r.failed || t.IsZero() // which is written as zero
	return t
}

func (r *stateReader) date() privacy.Date {
	days := r.varint()
	if days == 0 {
		return privacy.Date{}
	}
	if days > 0 {
		days--
	}
	const range9999 = 4_000_000
	if days < -range9999 || days > range9999 {
		r.failed = true
		return privacy.Date{}
	}
	date := epoch.AddDays(int(days))
	r.failed = r.failed || date.DaysSince(epoch) != int(days)
	return date
}

func (r *stateReader) mark() Mark {
	return Mark{On: r.bool(), At: r.time(), Sequence: r.uvarint()}
}

func (r *stateReader) purpose(name func([]byte) privacy.PurposeID) PurposeState {
	p := PurposeState{Purpose: name(r.text()), Consent: ConsentStatus(r.byte()), ConsentAt: r.time(), ConsentSequence: r.uvarint(), Until: r.time(), Explicit: r.bool()}
	notice := r.uvarint()
	if p.Consent > ConsentInvalid || notice > 1<<32-1 {
		r.failed = true
	}
	p.NoticeVersion = uint32(notice)
	p.Objected, p.Restricted, p.OptedOut = r.mark(), r.mark(), r.mark()
	return p
}
