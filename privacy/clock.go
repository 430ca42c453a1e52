package privacy

import (
	"time"

	"github.com/google/uuid"
)

// Clock tells the time. Hosts use SystemClock; tests use privacytest.Clock.
type Clock interface {
	// Now returns the current time in any zone. It should carry a monotonic
	// reading where there is one, so that elapsed time survives a wall clock
	// that is set back. It is safe for concurrent use.
	Now() time.Time
}

// SystemClock is the Clock of the operating system.
type SystemClock struct{}

// Now returns time.Now().
func (SystemClock) Now() time.Time { return time.Now() }

// IDSource makes identifiers for new records.
type IDSource interface {
	// NewID returns an identifier that no call has returned before, on this or
	// another node. It is safe for concurrent use.
	NewID() string
}

// RandomIDs is an IDSource of UUIDs of version 7, whose order follows time, so
// that indexes on them grow at their end.
type RandomIDs struct{}

// NewID returns a new UUID in its text form of 36 bytes.
func (RandomIDs) NewID() string { return uuid.Must(uuid.NewV7()).String() }
