package consent

import (
	"sync/atomic"

	"github.com/labelop/privacykit/privacy"
)

// The packed form of a state. What does not fit its bits is not cached, and
// then read from the store every time.
const (
	maxPackedVersion  = 1<<32 - 1
	maxPackedSequence = 1<<21 - 1
	maxPackedPurpose  = 1<<12 - 1
	maxPackedUntil    = 1<<36 - 1
	maxPackedNotice   = 1<<28 - 1
)

// pack appends the packed form of the state to words; false if it does not fit.
func pack(words []uint64, register *privacy.Register, state *State) ([]uint64, bool) {
	if state.Version > maxPackedSequence {
		return nil, false
	}
	head := headView(state)
	words = append(words,
		head.version<<32|head.flags<<8|uint64(head.optOuts),
		uint64(head.relationship|head.erased)|uint64(head.restricted)<<21|uint64(head.objected)<<42,
		uint64(head.marketing)|uint64(head.optedOut)<<21|uint64(head.age)<<42,
		uint64(uint32(head.bornOnOrBefore))|uint64(uint32(head.bornOnOrAfter))<<32,
	)
	for i := range state.Purposes {
		index, ok := register.PurposeIndex(state.Purposes[i].Purpose)
		if !ok {
			continue
		}
		view := newPurposeView(state, &state.Purposes[i])
		if index > maxPackedPurpose || view.until > maxPackedUntil || view.notice > maxPackedNotice {
			return nil, false
		}
		words = append(words,
			uint64(index)|view.flags<<12|uint64(view.sequence)<<20|uint64(view.blocked)<<41,
			uint64(view.until)|uint64(view.notice)<<36,
		)
	}
	return words, true
}

func packedVersion(word uint64) uint64 { return word >> 32 }

func packedPurpose(word uint64) int { return int(word & maxPackedPurpose) }

func (v *subjectView) unpackHead(words []uint64) {
	w0, w1 := atomic.LoadUint64(&words[0]), atomic.LoadUint64(&words[1])
	w2, w3 := atomic.LoadUint64(&words[2]), atomic.LoadUint64(&words[3])
	*v = subjectView{
		version: packedVersion(w0), flags: w0 >> 8 & (1<<24 - 1), optOuts: privacy.OptOutSet(w0),
		relationship: uint32(w1 & maxPackedSequence), restricted: uint32(w1 >> 21 & maxPackedSequence), objected: uint32(w1 >> 42 & maxPackedSequence),
		marketing: uint32(w2 & maxPackedSequence), optedOut: uint32(w2 >> 21 & maxPackedSequence), age: uint32(w2 >> 42 & maxPackedSequence),
		bornOnOrBefore: int32(uint32(w3)), bornOnOrAfter: int32(uint32(w3 >> 32)),
	}
	if v.flags&flagErased != 0 {
		v.erased, v.relationship = v.relationship, 0
	}
}

func (v *purposeView) unpack(w0, w1 uint64) {
	v.flags = w0 >> 12 & (1<<8 - 1)
	v.sequence = uint32(w0 >> 20 & maxPackedSequence)
	v.blocked = uint32(w0 >> 41 & maxPackedSequence)
	v.until = int64(w1 & maxPackedUntil)
	v.notice = uint32(w1 >> 36)
}
