package consent

import (
	"context"
	"fmt"
	"slices"
)

// repeatOvertaken records refusals anew that came out as duplicates although
// something that permits was recorded since and is not later than they are: said
// again, a refusal stands. Only keys that the ledger derived are concerned; with
// a key of its own the caller says that it repeats itself.
func (l *Ledger) repeatOvertaken(ctx context.Context, entries []Entries, work []Append, places []int, results []Recorded) error {
	var again []Append
	var at []int
	for i, element := range work {
		place := places[i]
		repeated := results[place].Err == nil && results[place].Receipt.Duplicate
		if !repeated || entries[place].Key != "" || !onlyForbids(entries[place].Facts) {
			continue
		}
		overtaker, err := l.overtaker(ctx, element, results[place].Receipt.Last)
		if err != nil {
			return err
		}
		if overtaker != 0 {
			again = append(again, withKey(element, fmt.Sprintf("%s@%d", element.Records[0].Key, overtaker)))
			at = append(at, place)
		}
	}
	if len(again) == 0 {
		return nil
	}
	appended, err := l.append(ctx, again)
	if err != nil {
		return err
	}
	for i, outcome := range appended {
		results[at[i]] = outcome
	}
	return nil
}

func onlyForbids(facts []Fact) bool {
	return !slices.ContainsFunc(facts, func(fact Fact) bool { return !forbids(fact.Kind()) })
}

// overtaker returns the sequence of the last record after the original that
// permits something and is not later than the element; 0 if there is none. The
// repetition's key is made of it, so that it is recorded once for each.
func (l *Ledger) overtaker(ctx context.Context, element Append, last uint64) (uint64, error) {
	const page = 100
	var found uint64
	own := element.Records[0]
	for {
		records, err := l.store.Records(ctx, element.Key, last, page)
		if err != nil {
			return 0, fmt.Errorf("consent: records: %w", err)
		}
		for _, record := range records {
			if !forbids(record.Kind) && !record.OccurredAt.After(own.OccurredAt) {
				found = record.Sequence
			}
			last = record.Sequence
		}
		if len(records) < page {
			return found, nil
		}
	}
}

// withKey returns the append under another idempotency key.
func withKey(work Append, key string) Append {
	work.Records = slices.Clone(work.Records)
	setKeys(work.Records, key, false)
	return work
}
