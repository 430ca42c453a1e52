package privacytest

import (
	"sync"
	"time"

	"github.com/labelop/privacykit/privacy"
)

// Clock is a privacy.Clock that stands still. It moves only when the test says
// so and fires nothing by itself. It is safe for concurrent use. The zero Clock
// stands at the zero time.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

var _ privacy.Clock = (*Clock)(nil)

// NewClock returns a clock that stands at now, in now's zone and without a
// monotonic reading.
func NewClock(now time.Time) *Clock { return &Clock{now: now.Round(0)} }

// Now returns the time the clock stands at.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Set moves the clock to now, which may be earlier.
func (c *Clock) Set(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = now.Round(0)
}

// Advance moves the clock by d, backwards if d is negative, and returns the time
// it stands at then.
func (c *Clock) Advance(d time.Duration) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	return c.now
}
