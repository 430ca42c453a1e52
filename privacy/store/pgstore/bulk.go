package pgstore

import (
	"context"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"

	"github.com/labelop/privacykit/privacy/store/sqlstore"
)

// Many inserts into one table are most of the cost of a large batch. They are
// written by one statement with many rows, or by COPY, where no other statement
// of the batch names the table: then it does not matter when they run.

// copyRows is the number of rows from which on COPY, which takes two round trips
// of its own, is worth it.
const copyRows = 128

// rowCounts are the numbers of rows of a statement, so that there are few to
// prepare.
var rowCounts = []int{64, 8}

// insert is the text of a statement that inserts one row.
type insert struct {
	table   string
	columns []string
	head    string // up to the values
	pieces  []string
	numbers []int // of the placeholders between the pieces
	plain   bool  // the values are the placeholders, in order
}

var (
	insertText      = regexp.MustCompile(`(?s)^INSERT INTO ([a-z0-9_.]+)\s*\(([a-z0-9_, ]+)\)\s*VALUES\s*(\(.*\))$`)
	placeholderText = regexp.MustCompile(`\$(\d+)`)

	inserts   sync.Map // *insert by text, nil for other statements
	manyTexts sync.Map // texts by manyKey
)

type manyKey struct {
	text string
	rows int
}

// parseInsert returns nil for a statement of another kind.
func parseInsert(text string) *insert {
	if known, ok := inserts.Load(text); ok {
		return known.(*insert)
	}
	var parsed *insert
	if found := insertText.FindStringSubmatch(text); found != nil && !strings.Contains(text, "ON CONFLICT") {
		parsed = &insert{
			table: found[1], columns: strings.Split(strings.ReplaceAll(found[2], " ", ""), ","),
			head: strings.TrimSuffix(text, found[3]), pieces: placeholderText.Split(found[3], -1), plain: true,
		}
		for i, number := range placeholderText.FindAllStringSubmatch(found[3], -1) {
			n, _ := strconv.Atoi(number[1]) // digits
			parsed.numbers = append(parsed.numbers, n)
			parsed.plain = parsed.plain && n == i+1
		}
		for _, piece := range parsed.pieces {
			parsed.plain = parsed.plain && strings.Trim(piece, "(), ") == ""
		}
	}
	inserts.Store(text, parsed)
	return parsed
}

// many returns the text that inserts a number of rows, whose arguments follow
// each other.
func (in *insert) many(text string, rows, args int) string {
	key := manyKey{text, rows}
	if known, ok := manyTexts.Load(key); ok {
		return known.(string)
	}
	var b strings.Builder
	b.WriteString(in.head)
	for row := range rows {
		if row > 0 {
			b.WriteString(", ")
		}
		for i, piece := range in.pieces {
			b.WriteString(piece)
			if i < len(in.numbers) {
				b.WriteByte('$')
				b.WriteString(strconv.Itoa(row*args + in.numbers[i]))
			}
		}
	}
	manyTexts.Store(key, b.String())
	return b.String()
}

// rowsOf are the rows that a batch inserts by the same statement.
type rowsOf struct {
	*insert
	text    string
	rows    [][]any
	written bool
}

// gather returns the groups of inserts among statements that can be written
// together, by their text.
func gather(statements []sqlstore.Statement) map[string]*rowsOf {
	least := rowCounts[len(rowCounts)-1]
	if len(statements) < least {
		return nil
	}
	counts := map[string]int{}
	for i := range statements {
		if statements[i].Each != nil || statements[i].Affected != nil {
			counts[statements[i].SQL] -= len(statements) // its result is wanted
		}
		counts[statements[i].SQL]++
	}
	groups := map[string]*rowsOf{}
	for text, count := range counts {
		if count < least {
			continue
		}
		if in := parseInsert(text); in != nil && alone(in.table, text, counts) {
			groups[text] = &rowsOf{insert: in, text: text, rows: make([][]any, 0, count)}
		}
	}
	for i := range statements {
		if group := groups[statements[i].SQL]; group != nil {
			group.rows = append(group.rows, statements[i].Args)
		}
	}
	return groups
}

// runTogether runs statements with each group in the place of its first insert.
func runTogether(ctx context.Context, s session, statements []sqlstore.Statement, groups map[string]*rowsOf) error {
	var pending []sqlstore.Statement
	for i := range statements {
		group := groups[statements[i].SQL]
		switch {
		case group == nil:
			pending = append(pending, statements[i])
		case group.written:
		case group.plain && len(group.rows) >= copyRows:
			if err := send(ctx, s, pending); err != nil {
				return err
			}
			pending = nil
			if _, err := s.CopyFrom(ctx, strings.Split(group.table, "."), group.columns, pgx.CopyFromRows(group.rows)); err != nil {
				return err
			}
			group.written = true
		default:
			pending = append(pending, group.statements()...)
			group.written = true
		}
	}
	return send(ctx, s, pending)
}

// alone reports whether no other statement names the table.
func alone(table, own string, texts map[string]int) bool {
	for text := range texts {
		if text != own && strings.Contains(text, table) {
			return false
		}
	}
	return true
}

// statements returns the statements of many rows that write the group.
func (g *rowsOf) statements() []sqlstore.Statement {
	var statements []sqlstore.Statement
	rows := g.rows
	for _, count := range rowCounts {
		for ; len(rows) >= count; rows = rows[count:] {
			args := make([]any, 0, count*len(rows[0]))
			for _, row := range rows[:count] {
				args = append(args, row...)
			}
			statements = append(statements, sqlstore.Statement{SQL: g.many(g.text, count, len(rows[0])), Args: args})
		}
	}
	for _, row := range rows {
		statements = append(statements, sqlstore.Statement{SQL: g.text, Args: row})
	}
	return statements
}
