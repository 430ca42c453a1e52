package sqltable

import (
	"strconv"
	"strings"

	"github.com/labelop/privacykit/retention"
)

// statement is a statement that is being written, with its arguments in order.
type statement struct {
	strings.Builder
	dialect retention.Dialect
	args    []any
}

// newStatement begins a statement.
func newStatement(dialect retention.Dialect, words ...string) *statement {
	s := &statement{dialect: dialect}
	return s.add(words...)
}

// add appends words as they are.
func (s *statement) add(words ...string) *statement {
	for _, word := range words {
		s.WriteString(word)
	}
	return s
}

// arg appends a placeholder for a value.
func (s *statement) arg(value any) *statement {
	s.args = append(s.args, value)
	if s.dialect == retention.PostgreSQL {
		return s.add("$", strconv.Itoa(len(s.args)))
	}
	return s.add("?")
}

// list appends placeholders in parentheses.
func (s *statement) list(values []any) {
	s.add("(")
	for i, value := range values {
		if i > 0 {
			s.add(", ")
		}
		s.arg(value)
	}
	s.add(")")
}

// same appends that a column holds a value, which may be NULL.
func (s *statement) same(column string, value any) {
	if value == nil {
		s.add(quoted(column), " IS NULL")
		return
	}
	operator := " IS "
	if s.dialect == retention.PostgreSQL {
		operator = " IS NOT DISTINCT FROM "
	}
	s.add(quoted(column), operator).arg(value)
}

// quoted quotes a name that was checked, part by part.
func quoted(name string) string {
	return `"` + strings.ReplaceAll(name, ".", `"."`) + `"`
}

func quotedAll(names []string) string {
	list := make([]string, len(names))
	for i, name := range names {
		list[i] = quoted(name)
	}
	return strings.Join(list, ", ")
}
