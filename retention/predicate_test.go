package retention_test

import (
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/retention"
)

func tableFor(dialect retention.Dialect) retention.Table {
	return retention.Table{
		Dialect: dialect, Categories: []privacy.CategoryID{"a", "a.b", "c"}, CategoryColumn: "category", TenantColumn: "tenant",
		Events: map[string]retention.Column{
			"event": {Name: "made_on", Type: retention.ColumnDate},
			"used":  {Name: "used_at", Type: retention.ColumnUnixSeconds},
		},
	}
}

func TestPredicateText(t *testing.T) {
	law := minimum("law", "P6Y")
	law.Anchor.Start = retention.StartEndOfCalendarYear
	s := compile(t, maximum("m", "P1Y"), law)
	table := tableFor(retention.PostgreSQL)
	table.Categories, table.TenantColumn = []privacy.CategoryID{"a"}, ""
	table.CategoryColumn = "records.category"
	p, err := s.Predicate(table, on("2026-11-23"))
	noError(t, err)
	equal(t, `(("records"."category" = $1 AND (("made_on" <= $2)) AND ("made_on" <= $3)))`, p.SQL)
	equal(t, []any{"a", "2025-11-22", "2019-12-31"}, p.Args)

	table = tableFor(retention.SQLite)
	table.Categories = []privacy.CategoryID{"a"}
	table.CategoryColumn, table.TenantColumn, table.Tenant = "", "", "t1"
	rolling := maximum("m", "P1Y")
	rolling.Anchor.Events = []string{"used"}
	p, err = compile(t, rolling).Predicate(table, on("2026-11-23"))
	noError(t, err)
	equal(t, `(((("used_at" < ?))))`, p.SQL)
	equal(t, []any{privacy.MustDate("2025-11-23").Start(time.UTC).Unix()}, p.Args)

	p, err = compile(t).Predicate(table, on("2026-11-23"))
	noError(t, err)
	equal(t, "(1 = 0)", p.SQL, "nothing can be due")
}

func TestPredicateRefusesBadTables(t *testing.T) {
	s := compile(t, maximum("m", "P1Y"))
	cases := map[string]func(*retention.Table){
		"required":       func(x *retention.Table) { x.Dialect = 0 },
		"column_name":    func(x *retention.Table) { x.CategoryColumn = `a"; DROP TABLE x; --` },
		"column_type":    func(x *retention.Table) { x.Events["event"] = retention.Column{Name: "made_on"} },
		"required ":      func(x *retention.Table) { delete(x.Events, "event") },
		"required  ":     func(x *retention.Table) { x.Categories = nil },
		"required   ":    func(x *retention.Table) { x.CategoryColumn = "" },
		"required    ":   func(x *retention.Table) { x.Zones = []*time.Location{nil} },
		"column_name ":   func(x *retention.Table) { x.TenantColumn = "1st" },
		"column_name  ":  func(x *retention.Table) { x.TenantColumn = "a.b.c" },
		"column_name   ": func(x *retention.Table) { x.TenantColumn = "é" },
		"column_type ": func(x *retention.Table) {
			x.Events["event"] = retention.Column{Name: "m", Type: retention.ColumnTimestamp}
		},
		"column_name    ": func(x *retention.Table) { x.TenantColumn = "a." },
	}
	for want, change := range cases {
		table := tableFor(retention.SQLite)
		change(&table)
		_, err := s.Predicate(table, on("2026-11-23"))
		equal(t, strings.TrimSpace(want), problemCodes(t, err)[0], want)
	}
}

func TestPredicateTellsTenantsApart(t *testing.T) {
	own := maximum("own", "P1Y")
	own.Scope.Tenant = "t1"
	s := compile(t, maximum("m", "P2Y"), own)
	table := tableFor(retention.SQLite)
	table.Categories, table.TenantColumn = table.Categories[:1], ""
	_, err := s.Predicate(table, on("2026-11-23"))
	equal(t, []string{"required"}, problemCodes(t, err))
	table.Tenant = "t2"
	p, err := s.Predicate(table, on("2026-11-23"))
	noError(t, err)
	equal(t, []any{"a", "2024-11-22"}, p.Args)
	table.Tenant = "t1"
	p, err = s.Predicate(table, on("2026-11-23"))
	noError(t, err)
	equal(t, []any{"a", "2024-11-22", "2025-11-22"}, p.Args)
}

// row is a row of the host's table.
type row map[string]any

// Every due row is selected. What else is selected has a reason that columns do
// not show: this schedule has one, the label.
func TestPredicateSelectsEveryDueRow(t *testing.T) {
	random := rand.New(rand.NewPCG(8, 9))
	zones := []*time.Location{time.UTC, location(t, "Europe/Berlin"), location(t, "Pacific/Kiritimati")}
	due, selected, stored := 0, 0, 0
	for range 120 {
		schedule := randomSchedule(t, random)
		at := time.Date(2026, 1, 1+random.IntN(700), random.IntN(24), 5, 0, 0, time.UTC)
		table := tableFor([]retention.Dialect{retention.SQLite, retention.PostgreSQL}[random.IntN(2)])
		table.Zones = zones
		p, err := schedule.Predicate(table, at)
		noError(t, err)
		condition := parseSQL(t, p)
		table.Hidden = true
		withHidden, err := schedule.Predicate(table, at)
		noError(t, err)
		conditionWithHidden := parseSQL(t, withHidden)
		for range 300 {
			record := randomRecord(random, zones)
			cells := row{"category": string(record.Category), "tenant": string(record.Tenant)}
			for _, event := range record.Events {
				if event.Name == "event" {
					cells["made_on"] = event.On.String()
				} else {
					cells["used_at"] = event.At.Unix()
				}
			}
			verdict := schedule.Evaluate(record, nil, at)
			hit := condition(cells)
			if verdict.Eligible() || verdict.State == retention.Hidden {
				isTrue(t, conditionWithHidden(cells), "hidden or due, but not selected: ", withHidden.SQL, withHidden.Args, cells, verdict)
			}
			stored++
			if hit {
				selected++
			}
			if verdict.Eligible() {
				due++
				isTrue(t, hit, "due, but not selected: ", p.SQL, p.Args, cells, verdict)
			}
		}
	}
	t.Logf("stored %d, due %d, selected %d", stored, due, selected)
	isTrue(t, due > 1000 && selected < due*13/10, "selected ", selected, " for ", due)
}

func randomSchedule(t *testing.T, random *rand.Rand) *retention.Schedule {
	var rules []retention.Rule
	for i := range 1 + random.IntN(5) {
		r := rule("r"+strconv.Itoa(i), retention.Kind(1+random.IntN(3)), everyPeriod[random.IntN(len(everyPeriod))])
		r.Action = retention.Action(random.IntN(2))
		if r.Kind == retention.Maximum {
			r.Action = retention.Delete
		}
		r.Anchor = anchorsOfEveryKind()[random.IntN(5)]
		if random.IntN(3) == 0 {
			r.Anchor.Events = []string{"used", "event"}[:1+random.IntN(2)]
		}
		r.Scope.Explicit = random.IntN(4) == 0
		if random.IntN(2) == 0 {
			r.Scope.Categories = []privacy.CategoryID{[]privacy.CategoryID{"a", "a.b", "c"}[random.IntN(3)]}
		}
		if random.IntN(4) == 0 {
			r.Scope.Tenant = "t1"
		}
		if random.IntN(8) == 0 {
			r.Scope.Labels = []string{"x"}
		}
		rules = append(rules, r)
		if random.IntN(3) == 0 {
			r.Version, r.EffectiveFrom, r.ReachesRunning = 2, privacy.MustDate("2024-06-01"), random.IntN(2) == 0
			r.Period = privacy.MustPeriod(everyPeriod[random.IntN(len(everyPeriod))])
			rules = append(rules, r)
		}
	}
	opts := &retention.Options{Zone: time.UTC}
	if random.IntN(4) == 0 {
		opts.ContractEnds = []retention.ContractEnd{{Tenant: "t2", On: privacy.MustDate("2026-03-01"), Choice: retention.EndByDeletion}}
	}
	schedule, err := retention.Compile(rules, opts)
	noError(t, err)
	return schedule
}

func randomRecord(random *rand.Rand, zones []*time.Location) *retention.Record {
	r := &retention.Record{
		Category: []privacy.CategoryID{"a", "a.b", "c"}[random.IntN(3)], Tenant: []privacy.TenantID{"t1", "t2", "t3"}[random.IntN(3)],
		Role: privacy.RoleProcessor, Zone: zones[random.IntN(len(zones))], Labels: []string{"x"}[:random.IntN(2)],
	}
	if random.IntN(10) > 0 {
		r.Events = append(r.Events, retention.Event{Name: "event", On: privacy.MustDate("2012-01-01").AddDays(random.IntN(5500))})
	}
	if random.IntN(10) > 0 {
		r.Events = append(r.Events, retention.Event{Name: "used", At: time.Date(2012, 1, 1, 0, 0, random.IntN(5500*86400), 0, time.UTC)})
	}
	return r
}

// parseSQL reads ( ), AND, OR, NOT IN, IS NULL, IS NOT NULL and comparisons of a
// column with an argument. A comparison with NULL is false, which is all that
// matters where nothing is negated.
func parseSQL(t *testing.T, p retention.Predicate) func(row) bool {
	text := strings.NewReplacer("(", " ( ", ")", " ) ", ",", " , ").Replace(p.SQL)
	parser := &sqlParser{t: t, words: strings.Fields(text), args: p.Args}
	condition := parser.or()
	equal(t, 0, len(parser.words), "rest of the condition")
	equal(t, len(p.Args), parser.used, "arguments used")
	return condition
}

type sqlParser struct {
	t     *testing.T
	words []string
	args  []any
	used  int
}

func (p *sqlParser) next() string {
	word := p.words[0]
	p.words = p.words[1:]
	return word
}

func (p *sqlParser) accept(word string) bool {
	if len(p.words) == 0 || p.words[0] != word {
		return false
	}
	p.next()
	return true
}

func (p *sqlParser) arg() any {
	word := p.next()
	p.used++
	isTrue(p.t, word == "?" || word == "$"+strconv.Itoa(p.used), word)
	return p.args[p.used-1]
}

func (p *sqlParser) or() func(row) bool {
	left := p.and()
	for p.accept("OR") {
		a, b := left, p.and()
		left = func(r row) bool { return a(r) || b(r) }
	}
	return left
}

func (p *sqlParser) and() func(row) bool {
	left := p.term()
	for p.accept("AND") {
		a, b := left, p.term()
		left = func(r row) bool { return a(r) && b(r) }
	}
	return left
}

func (p *sqlParser) term() func(row) bool {
	if p.accept("(") {
		inner := p.or()
		isTrue(p.t, p.accept(")"))
		return inner
	}
	if p.accept("1") {
		isTrue(p.t, p.accept("="))
		truth := p.next() == "1"
		return func(row) bool { return truth }
	}
	column := strings.Trim(p.next(), `"`)
	switch operator := p.next(); operator {
	case "IS":
		not := p.accept("NOT")
		isTrue(p.t, p.accept("NULL"))
		return func(r row) bool { return (r[column] == nil) != not }
	case "NOT":
		isTrue(p.t, p.accept("IN") && p.accept("("))
		excluded := map[any]bool{p.arg(): true}
		for p.accept(",") {
			excluded[p.arg()] = true
		}
		isTrue(p.t, p.accept(")"))
		return func(r row) bool { return r[column] != nil && !excluded[r[column]] }
	default:
		want := p.arg()
		return func(r row) bool { return r[column] != nil && compareCells(r[column], operator, want) }
	}
}

func compareCells(got any, operator string, want any) bool {
	order := 0
	switch got := got.(type) {
	case string:
		order = strings.Compare(got, want.(string))
	case int64:
		order = int(got - want.(int64))
	}
	switch operator {
	case "<":
		return order < 0
	case "<=":
		return order <= 0
	case ">=":
		return order >= 0
	default:
		return order == 0
	}
}
