package sqltable_test

import (
	"errors"
	"testing"
	"time"

	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/retention/sqltable"
)

// What is read is in the order of time, by which an index is read.
func FuzzTimestampsOfTextAreInTheOrderOfTime(f *testing.F) {
	for _, text := range []string{
		"2026-03-01 12:30:00", "2026-03-01T12:30:00Z", "2026-03-01 12:30:00.123456789", "2026-03-01T12:30:00+00:00", "2026-03-01T23:30:00-05:00",
		"2026-03-01 2:30:00", "2026-03-01  2:30:00", "2026-03-01T2:30:00.5Z", "2026-03-01 12:30:00,5", "2026-13-01 12:30:00", "2026-03-01 12:30", "",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		instant, err := sqltable.ParseTimestamp(text)
		if err != nil {
			if !errors.Is(err, privacy.ErrInvalid) || !instant.IsZero() {
				t.Fatalf("%q: got %v, %v", text, instant, err)
			}
			return
		}
		second := instant.Truncate(time.Second)
		first, last := second.Format(time.DateTime), second.Add(time.Second).Format("2006-01-02T15:04:05")
		if text < first || second.Year() < 9999 && text >= last {
			t.Errorf("%q is not from %q to %q", text, first, last)
		}
	})
}
