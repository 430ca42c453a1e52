package boltstore

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/labelop/privacykit/consent"
	bolt "go.etcd.io/bbolt"
)

// The buckets.
var (
	bucketStreams   = []byte("streams")   // tenant, subject → version and state
	bucketRecords   = []byte("records")   // tenant, subject, sequence → record
	bucketKeys      = []byte("keys")      // tenant, subject, idempotency key → sequence
	bucketOutbox    = []byte("outbox")    // position → outbox row
	bucketDecisions = []byte("decisions") // tenant, id → decision
	bucketMeta      = []byte("meta")
	keyTrimmed      = []byte("trimmed")
)

const source = "/boltstore/consent"

// Store is a consent.Store in a bbolt file. It is safe for concurrent use.
type Store struct {
	db *bolt.DB
}

var _ consent.Store = (*Store)(nil)

// Open opens the file at path and makes it if it is not there.
func Open(path string) (*Store, error) {
	db, err := bolt.Open(path, 0o600, &bolt.Options{Timeout: 10 * time.Second})
	if err != nil {
		return nil, err
	}
	err = db.Update(func(tx *bolt.Tx) error {
		for _, name := range [][]byte{bucketStreams, bucketRecords, bucketKeys, bucketOutbox, bucketDecisions, bucketMeta} {
			if _, err := tx.CreateBucketIfNotExists(name); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return &Store{db: db}, nil
}

// Close closes the file.
func (s *Store) Close() error { return s.db.Close() }

// update and view run a transaction unless the context is over.
func (s *Store) update(ctx context.Context, do func(*bolt.Tx) error) error {
	return s.db.Update(func(tx *bolt.Tx) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		return do(tx)
	})
}

func (s *Store) view(ctx context.Context, do func(*bolt.Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return s.db.View(do)
}

func streamKey(key consent.StreamKey) []byte {
	return fmt.Appendf(nil, "%s\x00%s\x00", key.Tenant, key.Subject)
}

func number(prefix []byte, n uint64) []byte {
	return binary.BigEndian.AppendUint64(slices.Clone(prefix), n)
}

func put(bucket *bolt.Bucket, key []byte, value any) error {
	data, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return bucket.Put(key, data)
}

// get reads a value; false if there is none. What bbolt returns belongs to the
// transaction, and decoding copies it.
func get(bucket *bolt.Bucket, key []byte, into any) (bool, error) {
	data := bucket.Get(key)
	if data == nil {
		return false, nil
	}
	return true, json.Unmarshal(data, into)
}

// storedStream is the value in bucketStreams.
type storedStream struct {
	Version uint64
	State   []byte
}

func readStream(tx *bolt.Tx, key consent.StreamKey) (consent.Stream, error) {
	var stored storedStream
	_, err := get(tx.Bucket(bucketStreams), streamKey(key), &stored)
	return consent.Stream{Key: key, Version: stored.Version, State: stored.State}, err
}
