package privacy

import (
	"encoding/json"
	"fmt"
	"time"
)

// CalendarTable is the data of a Calendar. Its JSON form, which ParseCalendar
// reads and MarshalJSON writes, has English names of weekdays:
//
//	{
//	  "name": "DE",
//	  "citation": "Feiertage aller Länder, Verzeichnis im Amtsblatt der EU",
//	  "weekend": ["Saturday", "Sunday"],
//	  "from": "2026-01-01",
//	  "through": "2026-12-31",
//	  "holidays": [{"date": "2026-01-01", "name": "Neujahr"}]
//	}
type CalendarTable struct {
	// Name identifies the calendar, for example "DE" or "US-FED". Required.
	Name string
	// Citation states where the data comes from, so that it can be checked.
	Citation string
	// Weekend holds the weekdays that are never working days. It may be empty
	// but not nil: a forgotten weekend is no statement that there is none.
	Weekend []time.Weekday
	// From and Through are the first and last day for which Holidays is
	// complete. Required.
	From, Through Date
	// Holidays are the days off besides the weekend, each within From and
	// Through and at most once, in any order. It may be empty but not nil.
	Holidays []Holiday
}

// Holiday is one day off.
type Holiday struct {
	// Date is the day.
	Date Date `json:"date"`
	// Name is what the day is called; it may be empty.
	Name string `json:"name,omitempty"`
}

// check adds what is wrong with the table. An entry that could not be read, and
// so has been reported already, is not reported again.
func (t CalendarTable) check(problems *Problems) {
	reported := make(map[string]bool, len(*problems))
	for _, problem := range *problems {
		reported[problem.Path] = true
	}
	add := func(path, code, detail string, args ...any) {
		if !reported[path] {
			problems.Add(path, code, detail, args...)
		}
	}
	if t.Name == "" {
		add("name", "required", "a calendar needs a name")
	}
	if t.From.IsZero() {
		add("from", "required", "state the first day that the calendar covers")
	}
	if t.Through.IsZero() {
		add("through", "required", "state the last day that the calendar covers")
	} else if t.Through.Before(t.From) {
		add("through", "range", "the coverage ends %s, before it begins", t.Through)
	}
	t.checkWeekend(add)
	t.checkHolidays(add)
}

func (t CalendarTable) checkWeekend(add func(path, code, detail string, args ...any)) {
	if t.Weekend == nil {
		add("weekend", "required", "list the days of the weekend, or give an empty list")
	}
	seen := make(map[time.Weekday]bool, len(t.Weekend))
	for i, day := range t.Weekend {
		path := fmt.Sprintf("weekend[%d]", i)
		if day < time.Sunday || day > time.Saturday {
			add(path, "weekday", "no day of the week has the number %d", int(day))
			continue
		}
		if seen[day] {
			add(path, "duplicate", "%s is listed twice", day)
		}
		seen[day] = true
	}
	if len(seen) == 7 {
		add("weekend", "range", "a week without a working day")
	}
}

func (t CalendarTable) checkHolidays(add func(path, code, detail string, args ...any)) {
	if t.Holidays == nil {
		add("holidays", "required", "list the holidays, or give an empty list")
	}
	seen := make(map[Date]bool, len(t.Holidays))
	for i, holiday := range t.Holidays {
		path := fmt.Sprintf("holidays[%d].date", i)
		date := holiday.Date
		switch {
		case date.IsZero():
			add(path, "required", "a holiday needs a date")
		case seen[date]:
			add(path, "duplicate", "%s is listed twice", date)
		case date.Before(t.From), !t.Through.IsZero() && date.After(t.Through):
			add(path, "out_of_coverage", "%s lies outside the coverage from %s through %s", date, t.From, t.Through)
		}
		seen[date] = true
	}
}

// ParseCalendar compiles a table from its JSON form, described at
// CalendarTable. Decoding is that of DecodeJSON; all that is wrong with the
// table itself is reported together as Problems, with the codes of NewCalendar
// and "date" for text that is no date. Every error matches ErrInvalid.
func ParseCalendar(data []byte) (*Calendar, error) {
	var document calendarDocument
	if err := DecodeJSON(data, &document); err != nil {
		return nil, err
	}
	var problems Problems
	table := document.table(&problems)
	table.check(&problems)
	if err := problems.Err(); err != nil {
		return nil, err
	}
	return compileCalendar(table), nil
}

// MarshalJSON returns the JSON form of the table. A weekday that is none is an
// error that matches ErrInvalid.
func (t CalendarTable) MarshalJSON() ([]byte, error) {
	document := calendarDocument{
		Name:     t.Name,
		Citation: t.Citation,
		From:     t.From.String(),
		Through:  t.Through.String(),
	}
	if t.Weekend != nil {
		document.Weekend = make([]string, len(t.Weekend))
	}
	for i, day := range t.Weekend {
		if day < time.Sunday || day > time.Saturday {
			return nil, fmt.Errorf("weekend[%d] is no day of the week: %w", i, ErrInvalid)
		}
		document.Weekend[i] = day.String()
	}
	if t.Holidays != nil {
		document.Holidays = make([]holidayDocument, len(t.Holidays))
	}
	for i, holiday := range t.Holidays {
		document.Holidays[i] = holidayDocument{Date: holiday.Date.String(), Name: holiday.Name}
	}
	return json.Marshal(document)
}

// UnmarshalJSON reads the JSON form of a table. It reports text that is no date
// and no weekday, all of it together, as Problems; whether the table makes a
// calendar is for NewCalendar to say.
func (t *CalendarTable) UnmarshalJSON(data []byte) error {
	var document calendarDocument
	if err := DecodeJSON(data, &document); err != nil {
		return err
	}
	var problems Problems
	table := document.table(&problems)
	if err := problems.Err(); err != nil {
		return err
	}
	*t = table
	return nil
}

// calendarDocument is the JSON form of a table. Its dates are text, so that
// every bad one is reported and not only the first.
type calendarDocument struct {
	Name     string            `json:"name"`
	Citation string            `json:"citation,omitempty"`
	Weekend  []string          `json:"weekend"`
	From     string            `json:"from"`
	Through  string            `json:"through"`
	Holidays []holidayDocument `json:"holidays"`
}

type holidayDocument struct {
	Date string `json:"date"`
	Name string `json:"name,omitempty"`
}

// noWeekday stands for text that is no weekday.
const noWeekday time.Weekday = -1

func (doc calendarDocument) table(problems *Problems) CalendarTable {
	date := func(path, text string) Date {
		var d Date
		if err := d.UnmarshalText([]byte(text)); err != nil {
			problems.Add(path, "date", "%q is no date of the form YYYY-MM-DD", text)
		}
		return d
	}
	table := CalendarTable{
		Name:     doc.Name,
		Citation: doc.Citation,
		From:     date("from", doc.From),
		Through:  date("through", doc.Through),
	}
	if doc.Weekend != nil {
		table.Weekend = make([]time.Weekday, len(doc.Weekend))
	}
	for i, name := range doc.Weekend {
		day, ok := weekdayNamed(name)
		if !ok {
			problems.Add(fmt.Sprintf("weekend[%d]", i), "weekday", "%q is no English name of a weekday", name)
		}
		table.Weekend[i] = day
	}
	if doc.Holidays != nil {
		table.Holidays = make([]Holiday, len(doc.Holidays))
	}
	for i, holiday := range doc.Holidays {
		table.Holidays[i] = Holiday{
			Date: date(fmt.Sprintf("holidays[%d].date", i), holiday.Date),
			Name: holiday.Name,
		}
	}
	return table
}

func weekdayNamed(name string) (time.Weekday, bool) {
	for day := time.Sunday; day <= time.Saturday; day++ {
		if day.String() == name {
			return day, true
		}
	}
	return noWeekday, false
}
