package privacy

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"reflect"
	"slices"
)

// Redacted is printed in place of every value that must not be.
const Redacted = "[redacted]"

// A Redactor keeps personal data out of logs, by the struct tags of the types
// that are logged. It prints what its allowed categories cover and what is
// tagged "-". It hides, whatever they hold:
//
//   - fields of every other category, and of categories the register does not know;
//   - fields without a tag in a type that has tags, and keys of maps of such types;
//   - unexported fields;
//   - types whose tags cannot be parsed, and values nested or linked too deeply.
//
// A tagged type prints by its tags only: its own String, Error, LogValue,
// MarshalText, MarshalJSON and Format methods are not called. An error that
// wraps one prints as the error it wraps.
//
// Types without tags pass unchanged, unless they hold a tagged value in an
// interface. So a Redactor can not help with a mail address in a plain string,
// in a message, in an error's text, or in what the methods of an untagged type
// return. It does not follow pointers behind unexported fields.
//
// The zero Redactor allows no category. A Redactor is immutable and safe for
// concurrent use; like every handler, it reads the values it is given.
type Redactor struct {
	allowed map[CategoryID]bool
}

// NewRedactor returns a Redactor that prints the allowed categories, each with
// all categories within it. The error matches ErrInvalid if register is nil and
// ErrNotFound if an allowed category is not declared in it.
func NewRedactor(register *Register, allowed ...CategoryID) (*Redactor, error) {
	if register == nil {
		return nil, fmt.Errorf("redactor without a register: %w", ErrInvalid)
	}
	for _, category := range allowed {
		if _, ok := register.Category(category); !ok {
			return nil, fmt.Errorf("redactor allows the category %q: %w", category, ErrNotFound)
		}
	}
	r := &Redactor{allowed: map[CategoryID]bool{}}
	for category := range register.Categories() {
		r.allowed[category.ID] = category.ID.withinAny(allowed)
	}
	return r, nil
}

// Handler returns a handler that redacts attributes and hands them to next.
// Structs become groups named after their JSON names, slices and maps keep their
// shape. Records and attributes without anything to redact pass as they are.
func (r *Redactor) Handler(next slog.Handler) slog.Handler {
	return &redactingHandler{redactor: r, next: next}
}

// Value returns v for use as the value of an attribute with any handler. It is
// redacted when it is logged or printed, not before.
func (r *Redactor) Value(v any) slog.LogValuer { return lazyValue{redactor: r, value: v} }

// allows reports whether what lies under c may be printed.
func (r *Redactor) allows(c coverage) bool {
	switch c.kind {
	case coverOutside, coverNone:
		return true
	case coverCategory:
		return r.allowed[c.category]
	}
	return false
}

type redactingHandler struct {
	redactor *Redactor
	next     slog.Handler
}

// Enabled asks the next handler.
func (h *redactingHandler) Enabled(ctx context.Context, level slog.Level) bool {
	return h.next.Enabled(ctx, level)
}

// Handle passes the record on, or a redacted copy if anything in it may need
// redaction.
func (h *redactingHandler) Handle(ctx context.Context, record slog.Record) error {
	suspect := false
	record.Attrs(func(attr slog.Attr) bool {
		suspect = isSuspect(attr.Value)
		return !suspect
	})
	if !suspect {
		return h.next.Handle(ctx, record)
	}
	clean := slog.NewRecord(record.Time, record.Level, record.Message, record.PC)
	record.Attrs(func(attr slog.Attr) bool {
		clean.AddAttrs(h.redactor.attr(attr))
		return true
	})
	return h.next.Handle(ctx, clean)
}

// WithAttrs redacts attrs at once.
func (h *redactingHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	clean := make([]slog.Attr, len(attrs))
	for i, attr := range attrs {
		clean[i] = h.redactor.attr(attr)
	}
	return &redactingHandler{redactor: h.redactor, next: h.next.WithAttrs(clean)}
}

// WithGroup opens a group of the next handler.
func (h *redactingHandler) WithGroup(name string) slog.Handler {
	return &redactingHandler{redactor: h.redactor, next: h.next.WithGroup(name)}
}

// isSuspect reports whether v has to be looked into.
func isSuspect(v slog.Value) bool {
	switch v.Kind() {
	case slog.KindLogValuer:
		return true
	case slog.KindGroup:
		return slices.ContainsFunc(v.Group(), func(attr slog.Attr) bool { return isSuspect(attr.Value) })
	case slog.KindAny:
		if v.Any() == nil {
			return false
		}
		facts := factsOf(reflect.TypeOf(v.Any()))
		return facts.tagged || facts.dynamic
	}
	return false
}

func (r *Redactor) attr(attr slog.Attr) slog.Attr {
	if isSuspect(attr.Value) {
		attr.Value = r.redact(attr.Value)
	}
	return attr
}

// redact returns v as it may be printed. The methods it has to call are a
// host's and may panic with personal data in the panic value, so that is dropped.
func (r *Redactor) redact(v slog.Value) (clean slog.Value) {
	defer func() {
		if recover() != nil {
			clean = slog.StringValue(Redacted)
		}
	}()
	rewriter := redaction{redactor: r}
	return rewriter.logValue(v, 0)
}

// lazyValue is what Redactor.Value returns.
type lazyValue struct {
	redactor *Redactor
	value    any
}

// LogValue returns the redacted value.
func (l lazyValue) LogValue() slog.Value { return l.redactor.redact(slog.AnyValue(l.value)) }

// Format prints the redacted value for every verb of package fmt.
func (l lazyValue) Format(state fmt.State, _ rune) {
	_, _ = io.WriteString(state, l.LogValue().String())
}

// MarshalText returns the redacted value as Format prints it.
func (l lazyValue) MarshalText() ([]byte, error) { return []byte(l.LogValue().String()), nil }
