package boltstore

import (
	"bytes"
	"context"
	"encoding/json"
	"time"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy"
	bolt "go.etcd.io/bbolt"
)

// Append implements consent.LedgerStore.
func (s *Store) Append(ctx context.Context, appends []consent.Append) ([]consent.Appended, error) {
	results := make([]consent.Appended, len(appends))
	err := s.update(ctx, func(tx *bolt.Tx) error {
		for i, work := range appends {
			var err error
			if results[i], err = appendOne(tx, work); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return results, nil
}

// Redact implements consent.LedgerStore.
func (s *Store) Redact(ctx context.Context, erasure consent.Append) (result consent.Appended, err error) {
	err = s.update(ctx, func(tx *bolt.Tx) error {
		if result, err = appendOne(tx, erasure); err != nil || result.Err != nil || result.Duplicate {
			return err
		}
		return redactBefore(tx, erasure.Key, result.First)
	})
	return result, err
}

// appendOne carries out one element. A failed element has written nothing, so
// that the others go on; the returned error ends the transaction.
func appendOne(tx *bolt.Tx, work consent.Append) (consent.Appended, error) {
	stream, err := readStream(tx, work.Key)
	if err != nil {
		return consent.Appended{}, err
	}
	prefix := streamKey(work.Key)
	var original uint64
	if found, err := get(tx.Bucket(bucketKeys), append(bytes.Clone(prefix), work.Records[0].Key...), &original); err != nil {
		return consent.Appended{}, err
	} else if found {
		return repeated(tx, stream, work, original)
	}
	next, records, events, err := consent.Advance(stream, work)
	if err != nil {
		return consent.Appended{Err: err}, nil //nolint:nilerr // the element failed, not the transaction
	}
	for i, record := range records {
		if err := put(tx.Bucket(bucketRecords), number(prefix, record.Sequence), record); err != nil {
			return consent.Appended{}, err
		}
		if err := put(tx.Bucket(bucketKeys), append(bytes.Clone(prefix), record.Key...), record.Sequence); err != nil {
			return consent.Appended{}, err
		}
		row := outboxRow{RecordedAt: record.RecordedAt, Event: events[i], Change: &consent.Change{Key: work.Key, Version: record.Sequence}}
		if err := enqueue(tx, row); err != nil {
			return consent.Appended{}, err
		}
	}
	err = put(tx.Bucket(bucketStreams), prefix, storedStream{Version: next.Version, State: next.State})
	return consent.Appended{Stream: next, First: records[0].Sequence, Last: next.Version}, err
}

func repeated(tx *bolt.Tx, stream consent.Stream, work consent.Append, original uint64) (consent.Appended, error) {
	stored, err := readRecords(tx, work.Key, original-1, len(work.Records))
	if err != nil {
		return consent.Appended{}, err
	}
	if err := work.Repeats(stored); err != nil {
		return consent.Appended{Err: err}, nil //nolint:nilerr // the element failed, not the transaction
	}
	return consent.Appended{Stream: stream, First: original, Last: stored[len(stored)-1].Sequence, Duplicate: true}, nil
}

func redactBefore(tx *bolt.Tx, key consent.StreamKey, sequence uint64) error {
	records, err := readRecords(tx, key, 0, int(sequence-1))
	if err != nil {
		return err
	}
	prefix := streamKey(key)
	for _, record := range records {
		if record.Key != "" {
			if err := tx.Bucket(bucketKeys).Delete(append(bytes.Clone(prefix), record.Key...)); err != nil {
				return err
			}
		}
		record.Payload, record.Salt, record.Key = nil, nil, ""
		if err := put(tx.Bucket(bucketRecords), number(prefix, record.Sequence), record); err != nil {
			return err
		}
	}
	return nil
}

// Streams implements consent.LedgerStore.
func (s *Store) Streams(ctx context.Context, keys []consent.StreamKey) ([]consent.Stream, error) {
	streams := make([]consent.Stream, len(keys))
	err := s.view(ctx, func(tx *bolt.Tx) error {
		for i, key := range keys {
			var err error
			if streams[i], err = readStream(tx, key); err != nil {
				return err
			}
		}
		return nil
	})
	return streams, err
}

// Records implements consent.LedgerStore.
func (s *Store) Records(ctx context.Context, key consent.StreamKey, after uint64, limit int) (records []consent.Record, err error) {
	err = s.view(ctx, func(tx *bolt.Tx) error {
		records, err = readRecords(tx, key, after, limit)
		return err
	})
	return records, err
}

func readRecords(tx *bolt.Tx, key consent.StreamKey, after uint64, limit int) ([]consent.Record, error) {
	prefix := streamKey(key)
	var records []consent.Record
	cursor := tx.Bucket(bucketRecords).Cursor()
	for k, v := cursor.Seek(number(prefix, after+1)); bytes.HasPrefix(k, prefix) && len(records) < limit; k, v = cursor.Next() {
		var record consent.Record
		if err := json.Unmarshal(v, &record); err != nil {
			return nil, err
		}
		records = append(records, record)
	}
	return records, nil
}

// Subjects implements consent.LedgerStore.
func (s *Store) Subjects(ctx context.Context, tenant privacy.TenantID, after privacy.SubjectID, limit int) ([]privacy.SubjectID, error) {
	prefix := append([]byte(tenant), 0)
	var subjects []privacy.SubjectID
	err := s.view(ctx, func(tx *bolt.Tx) error {
		cursor := tx.Bucket(bucketStreams).Cursor()
		// A subject ends with a zero byte, and nothing in it is as small as a one.
		start := append(append(bytes.Clone(prefix), after...), 1)
		for k, _ := cursor.Seek(start); bytes.HasPrefix(k, prefix) && len(subjects) < limit; k, _ = cursor.Next() {
			subjects = append(subjects, privacy.SubjectID(k[len(prefix):len(k)-1]))
		}
		return nil
	})
	return subjects, err
}

// ApplyEffects implements consent.LedgerStore.
func (s *Store) ApplyEffects(ctx context.Context, effects []privacy.Effect) error {
	return s.update(ctx, func(tx *bolt.Tx) error {
		for _, effect := range effects {
			work, err := consent.EffectAppend(effect, privacy.RandomIDs{}, time.Now(), source)
			if err != nil {
				return err
			}
			result, err := appendOne(tx, work)
			if err != nil {
				return err
			}
			if result.Err != nil {
				return result.Err
			}
		}
		return nil
	})
}
