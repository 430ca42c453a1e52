package policydoctest

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/labelop/privacykit/policydoc"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/store/memstore"
)

func openMemory(testing.TB) Opened {
	s := memstore.NewPolicydoc()
	return Opened{Store: s, Events: s.Events}
}

func TestMutants(t *testing.T) { RunMutants(t, openMemory) }

func TestASoundStoreBehindTheHooksPasses(t *testing.T) {
	Run(t, func(t testing.TB) Opened {
		o := openMemory(t)
		o.Store = &faulty{Store: o.Store}
		return o
	})
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
		assert.NotEmpty(t, c.Clause, "case %s quotes no sentence", c.Name)
		assert.True(t, caught[c.Name], "no mutant shows that case %s can fail", c.Name)
	}
}

func TestAMutantThatIsNotCaughtIsReported(t *testing.T) {
	c := Cases()[0]
	harmless := mutant{name: "nothing", spoil: func(*faulty) {}}
	require.ErrorContains(t, harmless.mustFail(t.Context(), c, openMemory(t)), "passes")

	looks := mutant{name: "looks", spoil: func(f *faulty) {
		f.onAppendEntry = func(ctx context.Context, e policydoc.Entry, events []privacy.Event) error {
			f.sound(ctx, e.Policy)
			return f.Store.AppendEntry(ctx, e, events)
		}
	}}
	o := openMemory(t)
	o.Store = &faulty{Store: o.Store, onEntries: func(context.Context, policydoc.PolicyKey, int, int) ([]policydoc.Entry, error) { return nil, errDown }}
	require.ErrorIs(t, looks.mustFail(t.Context(), c, o), errDown, "a failure of the sound store catches no fault")
}
