package retention_test

import (
	"math/rand/v2"
	"slices"
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

// A statutory minimum that was amended tells what it keeps just as one of a single
// version does: rows that are hidden for it are not read at every sweep.
func TestPredicateLeavesOutWhatAnAmendedLawKeeps(t *testing.T) {
	preset, err := retention.FindPreset("de-ao-147-voucher")
	noError(t, err)
	isTrue(t, len(preset.Versions) > 1, "the preset was amended")
	s := compile(t, append(preset.Rules(retention.PresetUse{Events: []string{"event"}}), maximum("m", "P3Y"))...)
	table := tableFor(retention.SQLite)
	table.Categories = table.Categories[:1]
	selects := func(made string) (selected bool, state retention.State) {
		p, err := s.Predicate(table, on("2026-11-23"))
		noError(t, err)
		state = s.Evaluate(recordFrom(made), nil, on("2026-11-23")).State
		return parseSQL(t, p)(row{"category": "a", "made_on": made}), state
	}
	for made, want := range map[string]retention.State{
		"2015-06-01": retention.Due, "2017-12-31": retention.Due, "2018-01-01": retention.Hidden,
		"2023-11-01": retention.Hidden, "2025-01-01": retention.Keep,
	} {
		selected, state := selects(made)
		equal(t, want, state, made)
		equal(t, want == retention.Due, selected, made)
	}
}

// What lies before the first version of a law is not governed by it, and before that
// is in force nothing is.
func TestPredicateSelectsWhatTheLawDoesNotGovernYet(t *testing.T) {
	law := minimum("law", "P5Y")
	law.EffectiveFrom = privacy.MustDate("2026-06-01")
	s := compile(t, maximum("m", "P1M"), law)
	table := tableFor(retention.SQLite)
	table.Categories, table.Zones = table.Categories[:1], []*time.Location{time.UTC, location(t, "Pacific/Kiritimati")}
	for _, c := range []struct {
		at   time.Time
		made string
		want bool
	}{
		{on("2026-05-20"), "2026-04-01", true},
		{on("2026-05-31").Add(12 * time.Hour), "2026-04-01", true}, // in force in Kiritimati
		{on("2026-09-01"), "2026-04-01", true},
		{on("2026-09-01"), "2026-05-31", true},
		{on("2026-09-01"), "2026-06-01", false},
	} {
		p, err := s.Predicate(table, c.at)
		noError(t, err)
		equal(t, c.want, s.Evaluate(recordFrom(c.made), nil, c.at).Eligible(), c.at, c.made)
		equal(t, c.want, parseSQL(t, p)(row{"category": "a", "made_on": c.made}), c.at, c.made)
	}
}

// What the rows of a table have in common tells which rules are about them.
func TestPredicateAsksWhatAllRowsHaveInCommon(t *testing.T) {
	security, improvement := maximum("security", "P1Y"), maximum("improvement", "P6M")
	security.Scope.Purposes, improvement.Scope.Purposes = []privacy.PurposeID{"security"}, []privacy.PurposeID{"improvement"}
	law := minimum("law", "P2Y")
	law.Scope.Role, law.Scope.Jurisdictions = privacy.RoleController, []privacy.Jurisdiction{"DE"}
	s := compile(t, security, improvement, law)
	for _, c := range []struct {
		about  string
		change func(*retention.Table)
		want   []any
	}{
		{"nothing", func(*retention.Table) {}, []any{"a", "2025-11-22", "2026-05-22"}},
		{"the purpose", func(x *retention.Table) { x.Purposes = []privacy.PurposeID{"security"} }, []any{"a", "2025-11-22"}},
		{"another purpose", func(x *retention.Table) { x.Purposes = []privacy.PurposeID{"support"} }, nil},
		{"the role alone", func(x *retention.Table) { x.Role = privacy.RoleController }, []any{"a", "2025-11-22", "2026-05-22"}},
		{"everything", func(x *retention.Table) {
			x.Purposes, x.Role, x.Jurisdiction = []privacy.PurposeID{"security"}, privacy.RoleController, "DE-BY"
		}, []any{"a", "2025-11-22", "2024-11-22"}},
	} {
		table := tableFor(retention.SQLite)
		table.Categories = table.Categories[:1]
		c.change(&table)
		p, err := s.Predicate(table, on("2026-11-23"))
		noError(t, err, c.about)
		equal(t, c.want, p.Args, c.about)
	}
}

// An index is read up to where the first rule keeps, and what comes first in a
// condition is what SQLite reads up to.
func TestLanesEndWhereARuleKeeps(t *testing.T) {
	used := maximum("used", "P2Y")
	used.Anchor.Events = []string{"used"}
	own := maximum("own", "P1Y")
	own.Scope.Tenant = "t1"
	schedule, err := retention.Compile([]retention.Rule{maximum("m", "P3Y"), minimum("law", "P5Y"), used, own}, &retention.Options{
		Zone: time.UTC, ContractEnds: []retention.ContractEnd{{Tenant: "t2", On: privacy.MustDate("2026-03-01"), Choice: retention.EndByDeletion}},
	})
	noError(t, err)
	table := tableFor(retention.PostgreSQL)
	table.Categories = table.Categories[:1]
	lanes, err := schedule.Lanes(table, on("2026-11-23"))
	noError(t, err)
	stamp := privacy.MustDate("2024-11-23").Start(time.UTC).Unix()
	made, usedAt := table.Events["event"], table.Events["used"]
	within := `("made_on" <= $1)`
	beyond := `("used_at" < $1 AND ("made_on" IS NULL OR NOT "made_on" <= $2) AND ("made_on" <= $3))`
	everybodyElse := []privacy.TenantID{"t1", "t2"}
	equal(t, []retention.Lane{
		{Category: "a", Tenant: "t1", Event: made, Predicate: retention.Predicate{SQL: within, Args: []any{"2021-11-22"}}},
		{Category: "a", Tenant: "t1", Event: usedAt, Predicate: retention.Predicate{SQL: beyond, Args: []any{stamp, "2021-11-22", "2021-11-22"}}},
		{Category: "a", Tenant: "t2", Predicate: retention.Predicate{SQL: `(("made_on" <= $1))`, Args: []any{"2021-11-22"}}},
		{Category: "a", Except: everybodyElse, Event: made, Predicate: retention.Predicate{SQL: within, Args: []any{"2021-11-22"}}},
		{Category: "a", Except: everybodyElse, Event: usedAt, Predicate: retention.Predicate{SQL: beyond, Args: []any{stamp, "2021-11-22", "2021-11-22"}}},
	}, lanes)

	table.Categories = nil
	_, err = schedule.Lanes(table, on("2026-11-23"))
	errorIs(t, err, privacy.ErrInvalid)
}

// row is a row of the host's table.
type row map[string]any

// Every due row is selected. What else is selected has a reason that columns do
// not show: this schedule has two, the label and which version governs a row whose
// versions count from different anchors.
func TestPredicateSelectsEveryDueRow(t *testing.T) {
	random := rand.New(rand.NewPCG(8, 9))
	zones := []*time.Location{time.UTC, location(t, "Europe/Berlin"), location(t, "Pacific/Kiritimati"), location(t, "Pacific/Pago_Pago")}
	due, selected, stored := 0, 0, 0
	for range 600 {
		at := time.Date(2026, 1, 1+random.IntN(700), random.IntN(24), 5, 0, 0, time.UTC)
		schedule := randomSchedule(t, random, at)
		table := tableFor([]retention.Dialect{retention.SQLite, retention.PostgreSQL}[random.IntN(2)])
		table.Zones = zones
		asText := table.Dialect == retention.SQLite && random.IntN(2) == 0
		if asText {
			table.Events["used"] = retention.Column{Name: "used_at", Type: retention.ColumnTextTimestamp}
		}
		if random.IntN(2) == 0 {
			table.Role, table.Purposes, table.Jurisdiction = privacy.RoleProcessor, []privacy.PurposeID{"p", "q"}, "DE-BY"
		}
		p, err := schedule.Predicate(table, at)
		noError(t, err)
		condition := parseSQL(t, p)
		lanes, err := schedule.Lanes(table, at)
		noError(t, err)
		inLanes := parseLanes(t, lanes)
		table.Hidden = true
		withHidden, err := schedule.Predicate(table, at)
		noError(t, err)
		conditionWithHidden := parseSQL(t, withHidden)
		lanes, err = schedule.Lanes(table, at)
		noError(t, err)
		inLanesWithHidden := parseLanes(t, lanes)
		for range 200 {
			record := randomRecord(random, zones)
			cells := row{"category": string(record.Category), "tenant": string(record.Tenant)}
			if random.IntN(8) == 0 {
				record.Tenant, cells["tenant"] = "", nil
			}
			for _, event := range record.Events {
				switch {
				case event.Name == "event":
					cells["made_on"] = event.On.String()
				case asText:
					cells["used_at"] = event.At.Format(textTimestamps[random.IntN(len(textTimestamps))])
				default:
					cells["used_at"] = event.At.Unix()
				}
			}
			verdict := schedule.Evaluate(record, nil, at)
			hit := condition(cells)
			once := map[bool]int{true: 1}
			equal(t, once[hit], inLanes(cells), "lanes", cells)
			equal(t, once[conditionWithHidden(cells)], inLanesWithHidden(cells), "lanes with what is hidden", cells)
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

// textTimestamps are forms of a ColumnTextTimestamp.
var textTimestamps = []string{"2006-01-02 15:04:05", "2006-01-02 15:04:05.000", "2006-01-02T15:04:05", "2006-01-02T15:04:05.000000Z", time.RFC3339}

func TestColumnTypesOfAnotherDatabaseSayWhatToDeclare(t *testing.T) {
	for _, c := range []struct {
		column  retention.ColumnType
		dialect retention.Dialect
		want    string
	}{
		{retention.ColumnTimestamp, retention.SQLite, "ColumnTextTimestamp"},
		{retention.ColumnTextTimestamp, retention.PostgreSQL, "ColumnTimestamp"},
		{0, retention.SQLite, "say how"},
		{retention.ColumnTextTimestamp + 1, retention.SQLite, "say how"},
	} {
		err := c.column.Check(c.dialect)
		errorIs(t, err, privacy.ErrInvalid)
		isTrue(t, strings.Contains(err.Error(), c.want), err)
	}
	noError(t, retention.ColumnTextTimestamp.Check(retention.SQLite))
	noError(t, retention.ColumnTimestamp.Check(retention.PostgreSQL))
}

// The day before a cutoff ends at midnight in the zone, to the second.
func TestPredicateComparesTimestampsOfText(t *testing.T) {
	rolling := maximum("m", "P1Y")
	rolling.Anchor.Events = []string{"used"}
	s := compile(t, rolling)
	table := tableFor(retention.SQLite)
	table.Categories, table.CategoryColumn, table.TenantColumn = table.Categories[:1], "", ""
	table.Events["used"] = retention.Column{Name: "used_at", Type: retention.ColumnTextTimestamp}
	table.Zones = []*time.Location{location(t, "Europe/Berlin")}
	p, err := s.Predicate(table, on("2026-11-23").Add(12*time.Hour))
	noError(t, err)
	equal(t, []any{"2025-11-22T23:00:00"}, p.Args)
	condition := parseSQL(t, p)
	for text, want := range map[string]bool{
		"2025-11-22 22:59:59": true, "2025-11-22T22:59:59.999Z": true, "2025-11-21 23:59:59": true,
		"2025-11-22T23:00:00": false, "2025-11-22T23:00:00Z": false, "2025-11-22T23:00:00.000+00:00": false, "2025-11-23 00:00:00": false,
		// A blank comes before a T, so that the rest of the day in UTC is selected too.
		"2025-11-22 23:00:00": true,
	} {
		equal(t, want, condition(row{"used_at": text}), text)
	}

	table.Dialect = retention.PostgreSQL
	_, err = s.Predicate(table, on("2026-11-23"))
	equal(t, []string{"column_type"}, problemCodes(t, err), "the order of text depends on the collation")
}

// parseLanes returns how many lanes a row is in.
func parseLanes(t *testing.T, lanes []retention.Lane) func(row) int {
	conditions := make([]func(row) bool, len(lanes))
	for i, lane := range lanes {
		conditions[i] = parseSQL(t, lane.Predicate)
	}
	return func(r row) int {
		in := 0
		for i, lane := range lanes {
			text, known := r["tenant"].(string)
			tenant := privacy.TenantID(text)
			whose := known && lane.Tenant == tenant || lane.Tenant == "" && !slices.Contains(lane.Except, tenant)
			if whose && r["category"] == string(lane.Category) && conditions[i](r) {
				in++
			}
		}
		return in
	}
}

func randomSchedule(t *testing.T, random *rand.Rand, at time.Time) *retention.Schedule {
	var rules []retention.Rule
	for i := range 1 + random.IntN(5) {
		r := rule("r"+strconv.Itoa(i), retention.Kind(1+random.IntN(3)), everyPeriod[random.IntN(len(everyPeriod))])
		r.Action = retention.Action(random.IntN(2))
		if r.Kind == retention.Maximum {
			r.Action = retention.Delete
		}
		r.Anchor = randomAnchor(random)
		r.Scope = randomScope(random)
		rules = append(rules, randomVersions(random, r, privacy.DateOf(at, time.UTC))...)
	}
	opts := &retention.Options{Zone: time.UTC}
	if random.IntN(4) == 0 {
		opts.ContractEnds = []retention.ContractEnd{{Tenant: "t2", On: privacy.MustDate("2026-03-01"), Choice: retention.EndByDeletion}}
	}
	schedule, err := retention.Compile(rules, opts)
	noError(t, err)
	return schedule
}

func randomAnchor(random *rand.Rand) retention.Anchor {
	anchor := anchorsOfEveryKind()[random.IntN(6)]
	if random.IntN(3) == 0 {
		anchor.Events = []string{"used", "event"}[:1+random.IntN(2)]
	}
	return anchor
}

func randomScope(random *rand.Rand) retention.Scope {
	scope := retention.Scope{Explicit: random.IntN(4) == 0}
	if random.IntN(2) == 0 {
		scope.Categories = []privacy.CategoryID{[]privacy.CategoryID{"a", "a.b", "c"}[random.IntN(3)]}
	}
	if random.IntN(4) == 0 {
		scope.Tenant = "t1"
	}
	switch random.IntN(16) {
	case 0, 1:
		scope.Labels = []string{"x"}
	case 2:
		scope.Purposes = []privacy.PurposeID{"q", "r"}[random.IntN(2):]
	case 3:
		scope.Jurisdictions = []privacy.Jurisdiction{[]privacy.Jurisdiction{"DE", "FR"}[random.IntN(2)]}
	case 4:
		scope.Role = []privacy.Role{privacy.RoleController, privacy.RoleJointController}[random.IntN(2)]
	}
	return scope
}

// randomVersions returns a rule as it is, with later versions, or with a first one
// that was not always in force. Some come into force on the day itself, which is
// another in another zone.
func randomVersions(random *rand.Rand, r retention.Rule, today privacy.Date) []retention.Rule {
	versions := []retention.Rule{r}
	if random.IntN(2) == 0 {
		return versions
	}
	from := privacy.MustDate("2018-06-01")
	if random.IntN(3) == 0 {
		versions[0].EffectiveFrom, versions[0].ReachesRunning = from, random.IntN(2) == 0
	}
	if random.IntN(10) == 0 {
		versions[0].EffectiveFrom = today.AddDays(random.IntN(3) - 1)
		return versions
	}
	for version := range 1 + random.IntN(2) {
		from = from.AddDays(1 + random.IntN(3*365))
		if day := today.AddDays(random.IntN(4) - 1); random.IntN(3) == 0 && from.Before(day) {
			from = day
		}
		r.Version, r.EffectiveFrom, r.ReachesRunning = 2+version, from, random.IntN(2) == 0
		r.Period = privacy.MustPeriod(everyPeriod[random.IntN(len(everyPeriod))])
		if random.IntN(3) == 0 {
			r.Anchor = randomAnchor(random)
		}
		if r.Kind != retention.Maximum {
			r.Action = retention.Action(random.IntN(2))
		}
		versions = append(versions, r)
	}
	return versions
}

func randomRecord(random *rand.Rand, zones []*time.Location) *retention.Record {
	r := &retention.Record{
		Category: []privacy.CategoryID{"a", "a.b", "c"}[random.IntN(3)], Tenant: []privacy.TenantID{"t1", "t2", "t3"}[random.IntN(3)],
		Role: privacy.RoleProcessor, Purposes: []privacy.PurposeID{"p", "q"}, Jurisdiction: "DE-BY",
		Zone: zones[random.IntN(len(zones))], Labels: []string{"x"}[:random.IntN(2)],
	}
	if random.IntN(10) > 0 {
		r.Events = append(r.Events, retention.Event{Name: "event", On: privacy.MustDate("2012-01-01").AddDays(random.IntN(5500))})
	}
	if random.IntN(10) > 0 {
		r.Events = append(r.Events, retention.Event{Name: "used", At: time.Date(2012, 1, 1, 0, 0, random.IntN(5500*86400), 0, time.UTC)})
	}
	return r
}

// parseSQL reads ( ), AND, OR, NOT, NOT IN, IS NULL, IS NOT NULL and comparisons of a
// column with an argument. A comparison with NULL is false, which is all that
// matters where NULL is not negated.
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
	if p.accept("NOT") {
		inner := p.term()
		return func(r row) bool { return !inner(r) }
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
