package retentiontest

import "testing"

func TestEveryCaseCatchesAMutant(t *testing.T) {
	caught := map[string]bool{}
	for _, group := range mutants() {
		for _, m := range group {
			if len(m.caught) == 0 {
				t.Errorf("mutant %q names no case", m.name)
			}
			for _, name := range m.caught {
				caught[name] = true
			}
		}
	}
	names := map[string]bool{}
	for _, c := range Cases() {
		switch {
		case names[c.Name]:
			t.Errorf("two cases are called %s", c.Name)
		case c.Clause == "":
			t.Errorf("case %s quotes no clause", c.Name)
		case !caught[c.Name]:
			t.Errorf("no mutant shows that case %s can fail", c.Name)
		}
		names[c.Name] = true
	}
}
