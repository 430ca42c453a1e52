package faulttest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy"
)

// patience bounds runs that go on until chance has brought about what they are for:
// they cut the power at most that many times as often as they usually need to.
const patience = 10

// TestNothingAcknowledgedIsLostInAPowerCut cuts the power 60 times, or 300 with
// PRIVACYKIT_SOAK=1: while the schema is made, amid appends by four writers, in
// a checkpoint, in recovery, on closing. It goes on until more than half as many
// came when the database was open.
func TestNothingAcknowledgedIsLostInAPowerCut(t *testing.T) {
	t.Parallel()
	cuts := 60
	if soak() {
		cuts = 300
	}
	random := seeded(newSeed(t))
	var total cutResult
	for total.cuts < cuts || total.cuts-total.early <= cuts/2 && total.cuts < patience*cuts {
		result := cutPower(t, random, 10)
		total.add(result)
		if !assert.Empty(t, result.wrong) || !assert.Empty(t, result.lost) {
			break
		}
	}
	t.Logf("%d cuts, %d of them before the database was open; %d acknowledged", total.cuts, total.early, total.acknowledged)
	assert.Greater(t, total.acknowledged, cuts, "the runs did too little")
	assert.Greater(t, total.cuts-total.early, cuts/2, "the runs were too short")
}

// The simulation must be able to find what is lost, and what is damaged.
func TestThePowerCutFindsWeakerSettings(t *testing.T) {
	t.Parallel()
	for _, weak := range []string{"NORMAL", "OFF"} {
		t.Run("synchronous="+weak, func(t *testing.T) {
			random := seeded(newSeed(t))
			var total cutResult
			for total.cuts < patience*60 && len(total.lost) == 0 {
				total.add(cutPower(t, random, 3, setting{"synchronous", weak}))
			}
			t.Logf("%d cuts: %d lost, %d wrong", total.cuts, len(total.lost), len(total.wrong))
			assert.NotEmpty(t, total.lost)
		})
	}
}

// cutResult is what cuts have shown.
type cutResult struct {
	findings
	cuts, early, acknowledged int
}

func (r *cutResult) add(other cutResult) {
	r.lost, r.wrong = append(r.lost, other.lost...), append(r.wrong, other.wrong...)
	r.cuts, r.early, r.acknowledged = r.cuts+other.cuts, r.early+other.early, r.acknowledged+other.acknowledged
}

// cutPower cuts the power of one disk n times, and looks at what is left after
// each, and in the end. It stops at the first finding.
func cutPower(t *testing.T, random *rand.Rand, n int, settings ...setting) cutResult {
	t.Helper()
	d := newDisk(t, rand.New(rand.NewPCG(random.Uint64(), 1)))
	d.sector = []int{512, 4096}[random.IntN(2)]
	if random.IntN(2) == 0 { // so that the log is copied back amid appends
		settings = append(settings, setting{"wal_autocheckpoint", "20"})
	}
	e := newEvidence()
	var result cutResult
	for result.cuts = range n {
		result.early += live(t, d, e, random, result.cuts, 1+random.IntN([]int{120, 1200}[random.IntN(2)]), settings, &result)
		d.cut()
		if len(result.lost)+len(result.wrong) > 0 {
			result.cuts++
			return result
		}
	}
	result.cuts = n
	live(t, d, e, random, n, 0, settings, &result)
	return result
}

// live opens the database, checks what is in it, and works until the power is
// to go, during the given operation of the disk. Without one it only checks. It
// returns 1 if the power went before the database was open.
func live(t *testing.T, d *disk, e *evidence, random *rand.Rand, life, cutAt int, settings []setting, result *cutResult) int {
	t.Helper()
	d.mu.Lock()
	d.cutAt = cutAt
	d.mu.Unlock()
	s := openDisk(t, d, settings...)
	defer s.close()
	if s.err != nil {
		if d.on() {
			result.add(cutResult{findings: findings{wrong: []string{"the database cannot be opened: " + s.err.Error()}}})
		}
		return 1
	}
	f, err := e.check(t.Context(), s.Consent())
	if err == nil && d.on() {
		var integrity string
		if err = s.writer.QueryRowContext(t.Context(), "PRAGMA integrity_check").Scan(&integrity); err == nil && integrity != "ok" {
			f.add("integrity_check: %s", integrity)
		}
	}
	if err != nil {
		if d.on() {
			f.add("the database cannot be read: %v", err)
			result.add(cutResult{findings: f})
		}
		return 1
	}
	result.add(cutResult{findings: f})
	if len(f.lost)+len(f.wrong) == 0 && cutAt > 0 {
		result.acknowledged += work(t, newHost(t, s.Consent(), privacy.SystemClock{}, nil), e, random.Uint64(), life)
		if random.IntN(2) == 0 {
			_, _ = s.writer.ExecContext(t.Context(), "PRAGMA wal_checkpoint(TRUNCATE)")
		}
	}
	return 0
}

func (d *disk) on() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.power
}

// work appends by four writers at once until the power goes, or each has done
// 15 things. It returns how many were acknowledged.
func work(t *testing.T, h *host, e *evidence, seed uint64, life int) int {
	t.Helper()
	var wait sync.WaitGroup
	counts := make([]int, 4)
	for writer := range counts {
		random := rand.New(rand.NewPCG(seed, uint64(writer)))
		wait.Go(func() {
			for n := range 15 {
				err := workOnce(t.Context(), h, e, random, fmt.Sprintf("%d-%d-%d", life, writer, n))
				if err != nil {
					return
				}
				counts[writer]++
			}
		})
	}
	wait.Wait()
	return counts[0] + counts[1] + counts[2] + counts[3]
}

// workOnce does one thing, and notes it when it is acknowledged.
func workOnce(ctx context.Context, h *host, e *evidence, random *rand.Rand, id string) error {
	s := subject(fmt.Sprintf("subject-%d", random.IntN(6)))
	key := streamKey(s)
	entries := consent.Entries{Tenant: tenant, Subject: s.ID, Key: id}
	switch random.IntN(10) {
	case 0:
		key.Subject, entries.Subject = "", ""
		entries.Facts = []consent.Fact{instruction()}
	case 1:
		_, err := h.securing().Authorize(ctx, s, id)
		if errors.Is(err, privacy.ErrConflict) { // others kept changing the state
			return nil
		}
		if err == nil {
			e.acknowledgeDecision(id)
		}
		return err
	case 2:
		leaving := subject("leaving-" + id)
		if _, err := h.ledger.Grant(ctx, leaving, grant()); err != nil {
			return err
		}
		if _, err := h.ledger.Redact(ctx, tenant, leaving.ID, "case-"+id); err != nil {
			return err
		}
		e.acknowledgeRedaction(streamKey(leaving))
		return nil
	case 3:
		entries.Facts = []consent.Fact{consent.Withdrawal{}, consent.Objection{}}
	case 4, 5, 6:
		entries.Facts = []consent.Fact{consent.RelationshipStarted{Reference: id}}
	default:
		entries.Facts = []consent.Fact{grant()}
	}
	receipt, err := h.ledger.Record(ctx, entries)
	if err == nil {
		e.acknowledge(key, id, receipt)
	}
	return err
}

func TestASectorHoldsOneOfItsVersions(t *testing.T) {
	d := newDisk(t, seeded(1))
	f := &file{durable: []byte("old old "), pending: []change{{offset: 0, data: []byte("new1")}, {offset: 4, data: []byte("new2new3")}, {offset: 8}}}
	d.sector = 4
	seen := map[string]int{}
	for range 20_000 {
		seen[string(d.survivor(f))]++
	}
	for _, want := range []string{"old old ", "new1old ", "old new2", "new1new2", "new1new2new3"} {
		assert.Positive(t, seen[want], "%q", want)
	}
	require.Greater(t, len(seen), 20, "some are torn or garbage")
}
