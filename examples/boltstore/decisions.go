package boltstore

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy"
	bolt "go.etcd.io/bbolt"
)

func decisionKey(tenant privacy.TenantID, id string) []byte {
	return fmt.Appendf(nil, "%s\x00%s", tenant, id)
}

// RecordDecision implements consent.DecisionStore.
func (s *Store) RecordDecision(ctx context.Context, decision consent.DecisionRecord) error {
	return s.update(ctx, func(tx *bolt.Tx) error {
		key := decisionKey(decision.Tenant, decision.ID)
		var stored consent.DecisionRecord
		if found, err := get(tx.Bucket(bucketDecisions), key, &stored); err != nil {
			return err
		} else if found {
			if bytes.Equal(stored.Body, decision.Body) {
				return nil
			}
			return fmt.Errorf("boltstore: a decision with this ID exists: %w", privacy.ErrConflict)
		}
		if err := checkGuard(tx, decision); err != nil {
			return err
		}
		stored = decision
		stored.At = decision.At.UTC().Truncate(time.Microsecond)
		stored.Guard, stored.Event = consent.Guard{}, privacy.Event{}
		if err := put(tx.Bucket(bucketDecisions), key, stored); err != nil {
			return err
		}
		return enqueue(tx, outboxRow{RecordedAt: stored.At, Event: decision.Event})
	})
}

func checkGuard(tx *bolt.Tx, decision consent.DecisionRecord) error {
	tenant, err := readStream(tx, consent.StreamKey{Tenant: decision.Tenant})
	if err != nil {
		return err
	}
	changed := tenant.Version != decision.Guard.TenantVersion
	if decision.Subject != "" {
		subject, err := readStream(tx, consent.StreamKey{Tenant: decision.Tenant, Subject: decision.Subject})
		if err != nil {
			return err
		}
		changed = changed || subject.Version != decision.Guard.SubjectVersion
	}
	if changed {
		return fmt.Errorf("boltstore: the state has changed since the decision: %w", privacy.ErrConflict)
	}
	return nil
}

// Decisions implements consent.DecisionStore.
func (s *Store) Decisions(ctx context.Context, filter consent.DecisionFilter) (decisions []consent.DecisionRecord, err error) {
	err = s.view(ctx, func(tx *bolt.Tx) error {
		return eachDecision(tx, filter.Tenant, func(_ []byte, decision consent.DecisionRecord) bool {
			if len(decisions) < filter.Limit && selects(filter, decision) {
				decisions = append(decisions, decision)
			}
			return len(decisions) < filter.Limit
		})
	})
	return decisions, err
}

func selects(filter consent.DecisionFilter, decision consent.DecisionRecord) bool {
	switch {
	case decision.ID <= filter.After, filter.ID != "" && decision.ID != filter.ID:
		return false
	case !filter.AllSubjects && decision.Subject != filter.Subject, filter.Disclosures && decision.Recipient == "":
		return false
	}
	return true
}

func eachDecision(tx *bolt.Tx, tenant privacy.TenantID, visit func(key []byte, decision consent.DecisionRecord) bool) error {
	prefix := decisionKey(tenant, "")
	cursor := tx.Bucket(bucketDecisions).Cursor()
	for k, v := cursor.Seek(prefix); bytes.HasPrefix(k, prefix); k, v = cursor.Next() {
		var decision consent.DecisionRecord
		if err := json.Unmarshal(v, &decision); err != nil {
			return err
		}
		if !visit(bytes.Clone(k), decision) {
			return nil
		}
	}
	return nil
}

// ForgetDecisions implements consent.DecisionStore.
func (s *Store) ForgetDecisions(ctx context.Context, key consent.StreamKey, before time.Time) (forgotten int, err error) {
	err = s.update(ctx, func(tx *bolt.Tx) error {
		var gone [][]byte
		err := eachDecision(tx, key.Tenant, func(k []byte, decision consent.DecisionRecord) bool {
			if decision.Subject == key.Subject && decision.At.Before(before) {
				gone = append(gone, k)
			}
			return true
		})
		for _, k := range gone {
			if err == nil {
				err = tx.Bucket(bucketDecisions).Delete(k)
			}
		}
		forgotten = len(gone)
		return err
	})
	return forgotten, err
}
