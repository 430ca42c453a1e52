package consenttest

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy/store/memstore"
)

func TestMutants(t *testing.T) {
	RunMutants(t, func(testing.TB) consent.Store { return memstore.NewConsent(nil) })
}

func TestASoundStoreBehindTheHooksPasses(t *testing.T) {
	Run(t, func(testing.TB) consent.Store { return &faulty{Store: memstore.NewConsent(nil)} })
}

func TestEveryCaseCatchesAMutant(t *testing.T) {
	caught, names := map[string]bool{}, map[string]bool{}
	for _, members := range mutants() {
		for _, m := range members {
			assert.NotEmpty(t, m.caught, "mutant %q names no case", m.name)
			assert.False(t, names[m.name], "two mutants are called %q", m.name)
			names[m.name] = true
			for _, name := range m.caught {
				caught[name] = true
			}
		}
	}
	cases := map[string]bool{}
	for _, c := range Cases() {
		assert.False(t, cases[c.Name], "two cases are called %s", c.Name)
		cases[c.Name] = true
		assert.NotEmpty(t, c.Clause, "case %s quotes no clause", c.Name)
		assert.True(t, caught[c.Name], "no mutant shows that case %s can fail", c.Name)
	}
}

func TestAMutantThatIsNotCaughtIsReported(t *testing.T) {
	c := Cases()[0]
	harmless := mutant{name: "nothing", spoil: func(*faulty) {}}
	require.ErrorContains(t, harmless.mustFail(c, memstore.NewConsent(nil)), "passes")

	looks := mutant{name: "looks", spoil: func(f *faulty) {
		f.onAppend = func(ctx context.Context, appends []consent.Append) ([]consent.Appended, error) {
			f.sound(ctx, appends[0].Key)
			return f.Store.Append(ctx, appends)
		}
	}}
	gone := &faulty{Store: memstore.NewConsent(nil), onStreams: func(context.Context, []consent.StreamKey) ([]consent.Stream, error) {
		return nil, errors.New("gone")
	}}
	require.ErrorContains(t, looks.mustFail(c, gone), "gone", "a failure of the sound store catches no fault")
}

func TestAStoreThatPanicsFailsItsCase(t *testing.T) {
	boom := func(context.Context, []consent.Append) ([]consent.Appended, error) { panic("boom") }
	for _, c := range Cases() {
		if c.Name == "append-in-order" || c.Name == "append-racing-all-kept" {
			require.ErrorContains(t, c.Check(&faulty{Store: memstore.NewConsent(nil), onAppend: boom}), "boom", c.Name)
		}
	}
}
