package retention

import (
	"cmp"
	"slices"

	"github.com/labelop/privacykit/privacy"
)

// index finds the lines for a category. Lists are complete: each holds the lines
// of its category, of those around it and of those without a category.
type index struct {
	byCategory map[privacy.CategoryID][]*line
	// rest are the lines for every other category.
	rest []*line
}

// tenantIndex holds only what differs from the operator's index.
type tenantIndex struct {
	index
	end *ContractEnd
}

func (s *Schedule) buildIndex(ends []ContractEnd) {
	var common []*line
	own := map[privacy.TenantID][]*line{}
	for _, l := range s.lines {
		if tenant := l.scope.Tenant; tenant != "" {
			own[tenant] = append(own[tenant], l)
		} else {
			common = append(common, l)
		}
	}
	s.operator = index{byCategory: map[privacy.CategoryID][]*line{}, rest: overAll(common)}
	for category := range named(common) {
		s.operator.byCategory[category] = over(category, common)
	}
	s.tenants = make(map[privacy.TenantID]*tenantIndex, len(own)+len(ends))
	for tenant, lines := range own {
		s.tenants[tenant] = &tenantIndex{index: s.tenantLines(lines)}
	}
	for i := range ends {
		end := ends[i]
		if s.tenants[end.Tenant] == nil {
			s.tenants[end.Tenant] = &tenantIndex{}
		}
		s.tenants[end.Tenant].end = &end
	}
}

// tenantLines lists the lines for each category that a tenant's own lines reach.
func (s *Schedule) tenantLines(own []*line) index {
	ix := index{byCategory: map[privacy.CategoryID][]*line{}}
	for category := range named(own) {
		ix.byCategory[category] = merge(over(category, own), s.operator.find(category))
	}
	for category, lines := range s.operator.byCategory {
		if reaching := over(category, own); len(reaching) > 0 {
			ix.byCategory[category] = merge(reaching, lines)
		}
	}
	if reaching := overAll(own); len(reaching) > 0 {
		ix.rest = merge(reaching, s.operator.rest)
	}
	return ix
}

// merge puts a tenant's lines beside the operator's. They replace those of the
// same role for the same data, except what the law demands.
func merge(own, common []*line) []*line {
	lines := slices.Clone(own)
	replaced := slices.ContainsFunc(own, (*line).replaces)
	for _, l := range common {
		if !replaced || l.kind == StatutoryMinimum || l.scope.Role != privacy.RoleProcessor {
			lines = append(lines, l)
		}
	}
	slices.SortFunc(lines, func(a, b *line) int { return cmp.Compare(a.order, b.order) })
	return lines
}

// replaces reports whether a tenant's line stands in for the operator's: it does
// for processor data, where the tenant decides, unless it has conditions.
func (l *line) replaces() bool {
	return l.scope.Role == privacy.RoleProcessor && l.kind != StatutoryMinimum &&
		len(l.scope.Purposes) == 0 && len(l.scope.Labels) == 0 && len(l.scope.Jurisdictions) == 0
}

func named(lines []*line) map[privacy.CategoryID]bool {
	categories := map[privacy.CategoryID]bool{}
	for _, l := range lines {
		for _, category := range l.scope.Categories {
			categories[category] = true
		}
	}
	return categories
}

func over(category privacy.CategoryID, lines []*line) []*line {
	var found []*line
	for _, l := range lines {
		if len(l.scope.Categories) == 0 || withinAny(category, l.scope.Categories) {
			found = append(found, l)
		}
	}
	return found
}

func overAll(lines []*line) []*line {
	var found []*line
	for _, l := range lines {
		if len(l.scope.Categories) == 0 {
			found = append(found, l)
		}
	}
	return found
}

// find returns the lines for a category, or for the nearest one around it that
// any rule names.
func (ix *index) find(category privacy.CategoryID) []*line {
	for {
		if lines, ok := ix.byCategory[category]; ok {
			return lines
		}
		cut := len(category) - 1
		for cut >= 0 && category[cut] != '.' {
			cut--
		}
		if cut < 0 {
			return ix.rest
		}
		category = category[:cut]
	}
}

// find returns the lines that may cover a record and the end of its tenant's
// contract, nil if it goes on.
func (s *Schedule) find(r *Record) ([]*line, *ContractEnd) {
	if len(s.tenants) == 0 {
		return s.operator.find(r.Category), nil
	}
	tenant := s.tenants[r.Tenant]
	if tenant == nil {
		return s.operator.find(r.Category), nil
	}
	lines := tenant.find(r.Category)
	if lines == nil {
		lines = s.operator.find(r.Category)
	}
	return lines, tenant.end
}
