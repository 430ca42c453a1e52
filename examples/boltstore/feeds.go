package boltstore

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy"
	bolt "go.etcd.io/bbolt"
)

// outboxRow is a value in bucketOutbox. Positions are in the order of commits,
// because there is one writer at a time.
type outboxRow struct {
	RecordedAt   time.Time
	Event        privacy.Event
	Change       *consent.Change // nil for a decision, which changes no stream
	Worker       string
	ClaimedUntil time.Time
	Attempt      int
	Delivered    bool
}

func enqueue(tx *bolt.Tx, row outboxRow) error {
	bucket := tx.Bucket(bucketOutbox)
	position, err := bucket.NextSequence()
	if err != nil {
		return err
	}
	return put(bucket, number(nil, position), row)
}

// eachRow visits the outbox after a position until visit returns false.
func eachRow(tx *bolt.Tx, after uint64, visit func(position uint64, row outboxRow) (bool, error)) error {
	cursor := tx.Bucket(bucketOutbox).Cursor()
	for k, v := cursor.Seek(number(nil, after+1)); k != nil; k, v = cursor.Next() {
		var row outboxRow
		if err := json.Unmarshal(v, &row); err != nil {
			return err
		}
		if more, err := visit(binary.BigEndian.Uint64(k), row); err != nil || !more {
			return err
		}
	}
	return nil
}

func cursorAt(position uint64) consent.Cursor {
	return consent.Cursor(strconv.FormatUint(position, 10))
}

// Changes implements consent.FeedStore.
func (s *Store) Changes(ctx context.Context, after consent.Cursor, limit int) (consent.ChangePage, error) {
	var position uint64
	if after != "" {
		var err error
		if position, err = strconv.ParseUint(string(after), 10, 64); err != nil {
			return consent.ChangePage{}, fmt.Errorf("boltstore: malformed cursor: %w", privacy.ErrInvalid)
		}
	}
	page := consent.ChangePage{Complete: true}
	err := s.view(ctx, func(tx *bolt.Tx) error {
		var trimmed uint64
		if _, err := get(tx.Bucket(bucketMeta), keyTrimmed, &trimmed); err != nil {
			return err
		}
		page.Reset = after != "" && position < trimmed
		page.Next = cursorAt(max(position, tx.Bucket(bucketOutbox).Sequence()))
		return eachRow(tx, position, func(at uint64, row outboxRow) (bool, error) {
			if row.Change == nil {
				return true, nil
			}
			if len(page.Changes) == limit {
				page.Complete = false
				return false, nil
			}
			page.Changes = append(page.Changes, *row.Change)
			position = at
			return true, nil
		})
	})
	if !page.Complete {
		page.Next = cursorAt(position)
	}
	return page, err
}

// Head implements consent.FeedStore.
func (s *Store) Head(ctx context.Context) (head consent.Cursor, err error) {
	err = s.view(ctx, func(tx *bolt.Tx) error {
		head = cursorAt(tx.Bucket(bucketOutbox).Sequence())
		return nil
	})
	return head, err
}

// Claim implements consent.OutboxStore.
func (s *Store) Claim(ctx context.Context, claim consent.Claim) (deliveries []consent.Delivery, err error) {
	err = s.update(ctx, func(tx *bolt.Tx) error {
		claimed := map[uint64]outboxRow{}
		err := eachRow(tx, 0, func(position uint64, row outboxRow) (bool, error) {
			if row.Delivered || row.ClaimedUntil.After(claim.Now) {
				return true, nil
			}
			row.Worker, row.ClaimedUntil = claim.Worker, claim.Now.Add(claim.Lease)
			row.Attempt++
			claimed[position] = row
			deliveries = append(deliveries, consent.Delivery{Position: strconv.FormatUint(position, 10), Event: row.Event, Attempt: row.Attempt})
			return len(deliveries) < claim.Limit, nil
		})
		if err != nil {
			return err
		}
		for position, row := range claimed {
			if err := put(tx.Bucket(bucketOutbox), number(nil, position), row); err != nil {
				return err
			}
		}
		return nil
	})
	return deliveries, err
}

// Acknowledge implements consent.OutboxStore.
func (s *Store) Acknowledge(ctx context.Context, worker string, positions []string) error {
	lost := 0
	err := s.update(ctx, func(tx *bolt.Tx) error {
		bucket := tx.Bucket(bucketOutbox)
		for _, text := range positions {
			position, err := strconv.ParseUint(text, 10, 64)
			if err != nil {
				lost++
				continue
			}
			var row outboxRow
			if found, err := get(bucket, number(nil, position), &row); err != nil {
				return err
			} else if !found || row.Worker != worker {
				lost++
				continue
			}
			row.Delivered = true
			if err := put(bucket, number(nil, position), row); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil && lost > 0 {
		return fmt.Errorf("boltstore: %d deliveries are not held by the worker: %w", lost, privacy.ErrConflict)
	}
	return err
}

// Trim implements consent.OutboxStore.
func (s *Store) Trim(ctx context.Context, before time.Time, undelivered bool) (trimmed int, err error) {
	err = s.update(ctx, func(tx *bolt.Tx) error {
		var gone []uint64
		err := eachRow(tx, 0, func(position uint64, row outboxRow) (bool, error) {
			if row.RecordedAt.Before(before) && (row.Delivered || undelivered) {
				gone = append(gone, position)
			}
			return true, nil
		})
		if err != nil || len(gone) == 0 {
			return err
		}
		for _, position := range gone {
			if err := tx.Bucket(bucketOutbox).Delete(number(nil, position)); err != nil {
				return err
			}
		}
		trimmed = len(gone)
		return put(tx.Bucket(bucketMeta), keyTrimmed, gone[len(gone)-1])
	})
	return trimmed, err
}
