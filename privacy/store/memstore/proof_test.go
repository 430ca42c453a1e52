package memstore_test

import (
	"testing"

	"github.com/labelop/privacykit/consent/proof/prooftest"
	"github.com/labelop/privacykit/privacy/store/memstore"
)

func openProof(testing.TB) prooftest.Opened {
	ledger := memstore.NewConsent(nil)
	return prooftest.Opened{Proof: memstore.NewProof(ledger), Ledger: ledger}
}

func TestProofConformance(t *testing.T) { prooftest.Run(t, openProof) }

func TestProofMutants(t *testing.T) { prooftest.RunMutants(t, openProof) }
