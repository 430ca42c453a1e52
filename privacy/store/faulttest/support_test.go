package faulttest

import (
	"context"
	"flag"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/privacytest"
	"github.com/labelop/privacykit/privacy/store/internal/storetest"
	"github.com/labelop/privacykit/privacy/store/sqlitestore"
)

func TestMain(m *testing.M) {
	flag.Parse()
	if !soak() {
		if err := flag.Set("rapid.checks", "15"); err != nil {
			panic(err)
		}
	}
	goleak.VerifyTestMain(m)
}

const tenant = privacy.TenantID("acme")

// soak says that the long runs are wanted.
func soak() bool { return os.Getenv("PRIVACYKIT_SOAK") == "1" }

// seedVariable repeats a run, as far as goroutines allow.
const seedVariable = "FAULTTEST_SEED"

// newSeed is another for every run. It is logged.
func newSeed(t *testing.T) uint64 {
	t.Helper()
	seed := rand.Uint64()
	if text := os.Getenv(seedVariable); text != "" {
		var err error
		seed, err = strconv.ParseUint(text, 10, 64)
		require.NoError(t, err)
	}
	t.Logf("%s=%d", seedVariable, seed)
	return seed
}

func seeded(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 0)) }

var compiled = sync.OnceValues(func() (*privacy.Register, error) { return privacy.Compile(privacytest.Declaration()) })

func register(t testing.TB) *privacy.Register {
	t.Helper()
	r, err := compiled()
	require.NoError(t, err)
	return r
}

// migrated copies a database of sqlitestore that is empty.
var migrated = storetest.Copies(func(path string) error {
	db, err := sqlitestore.Open(context.Background(), path, nil)
	if err != nil {
		return err
	}
	return db.Close()
})

// host is what a process has on a store.
type host struct {
	store  consent.Store
	ledger *consent.Ledger
	gate   *consent.Gate
}

func newHost(t testing.TB, store consent.Store, clock privacy.Clock, cache *consent.CacheOptions) *host {
	t.Helper()
	ledger, err := consent.NewLedger(store, register(t), &consent.LedgerOptions{Clock: clock})
	require.NoError(t, err)
	gate, err := consent.NewGate(ledger, store, &consent.GateOptions{Cache: cache})
	require.NoError(t, err)
	return &host{store: store, ledger: ledger, gate: gate}
}

// adapting rests on consent, and on an age.
func (h *host) adapting() *consent.PreparedUse {
	return h.gate.MustPrepare(consent.Use{Purpose: "accessibility", Categories: []privacy.CategoryID{"account.accessibility"}, Operation: privacy.OperationUse})
}

// securing rests on legitimate interests: an objection ends it.
func (h *host) securing() *consent.PreparedUse {
	return h.gate.MustPrepare(consent.Use{Purpose: "security", Categories: []privacy.CategoryID{"usage"}, Operation: privacy.OperationUse})
}

// labelling rests on the tenant's attestation and instructions.
func (h *host) labelling() *consent.PreparedUse {
	return h.gate.MustPrepare(consent.Use{Purpose: "annotation", Categories: []privacy.CategoryID{"content.images"}, Operation: privacy.OperationUse})
}

func subject(id string) privacy.Subject {
	return privacy.Subject{Tenant: tenant, ID: privacy.SubjectID(id), Jurisdiction: "DE"}
}

func adult() consent.AgeEvidence {
	return consent.AgeEvidence{BornOnOrBefore: privacy.MustDate("1990-01-01"), Method: "declared"}
}

func instruction() consent.Instruction {
	return consent.Instruction{
		ID: "standard", Purposes: []privacy.PurposeID{"annotation"}, Operations: []privacy.Operation{privacy.OperationUse}, GivenBy: "user:42",
	}
}

func attestation() consent.Attestation {
	return consent.Attestation{
		ID: "images", Categories: []privacy.CategoryID{"content.images"}, Purposes: []privacy.PurposeID{"annotation"},
		Basis: privacy.BasisLegitimateInterests, Rights: true, Notices: true, SignedBy: "user:42", TermsVersion: "2026-04",
	}
}

func grant() consent.Grant {
	return consent.Grant{
		Purposes: []privacy.PurposeID{"accessibility"}, Explicit: true,
		Evidence: consent.Evidence{
			Notice: consent.Notice{Document: "privacy-policy", Version: 3, Locale: "de", TextSHA256: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
			Act:    "checkbox_ticked_by_subject", Channel: "web",
		},
	}
}

// allRecords reads a stream to its end.
func allRecords(ctx context.Context, store consent.LedgerStore, key consent.StreamKey) ([]consent.Record, error) {
	return store.Records(ctx, key, 0, 1<<30)
}

// folded is the encoded state that the records make.
func folded(key consent.StreamKey, records []consent.Record) ([]byte, error) {
	if len(records) == 0 {
		return nil, nil
	}
	if key.Subject == "" {
		var state consent.TenantState
		for _, record := range records {
			if err := state.Fold(record); err != nil {
				return nil, err
			}
		}
		return state.MarshalBinary()
	}
	var state consent.State
	for _, record := range records {
		if err := state.Fold(record); err != nil {
			return nil, err
		}
	}
	return state.MarshalBinary()
}
