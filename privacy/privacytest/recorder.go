package privacytest

import (
	"bytes"
	"context"
	"slices"
	"sync"

	"github.com/labelop/privacykit/privacy"
)

// EventRecorder keeps the audit events it is handed. Its zero value is ready,
// and it is safe for concurrent use.
type EventRecorder struct {
	mu     sync.Mutex
	events []privacy.Event
}

// Record keeps a copy of event. It returns nil always; its form is that of a
// function that delivers events.
func (r *EventRecorder) Record(_ context.Context, event privacy.Event) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, copyOf(event))
	return nil
}

// Events returns copies of the recorded events, in the order they came.
func (r *EventRecorder) Events() []privacy.Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	events := make([]privacy.Event, len(r.events))
	for i, event := range r.events {
		events[i] = copyOf(event)
	}
	return events
}

// Types returns the types of the recorded events, in the order they came.
func (r *EventRecorder) Types() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	types := make([]string, len(r.events))
	for i, event := range r.events {
		types[i] = event.Type
	}
	return types
}

// Reset forgets all events.
func (r *EventRecorder) Reset() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = nil
}

func copyOf(event privacy.Event) privacy.Event {
	event.Data = bytes.Clone(event.Data)
	return event
}

// HookRecorder is privacy.Hooks that keep what they are told. Its zero value is
// ready, and it is safe for concurrent use.
type HookRecorder struct {
	mu         sync.Mutex
	operations []Operation
	counts     map[counter]int64
}

var _ privacy.Hooks = (*HookRecorder)(nil)

// Operation is an operation that a HookRecorder was told of.
type Operation struct {
	// Name is the operation's name.
	Name string
	// Ends counts how often it was said to have ended: 1 once it is over.
	Ends int
	// Err is the error it ended with, nil if it succeeded or goes on.
	Err error
}

type counter struct{ name, label string }

// Start keeps the operation and returns ctx.
func (r *HookRecorder) Start(ctx context.Context, operation string) (context.Context, func(error)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	i := len(r.operations)
	r.operations = append(r.operations, Operation{Name: operation})
	return ctx, func(err error) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.operations[i].Ends++
		r.operations[i].Err = err
	}
}

// Count adds n to the counter called name under label.
func (r *HookRecorder) Count(name, label string, n int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.counts == nil {
		r.counts = map[counter]int64{}
	}
	r.counts[counter{name, label}] += n
}

// Operations returns the operations in the order they began.
func (r *HookRecorder) Operations() []Operation {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.operations)
}

// Total returns what the counter called name stands at under label.
func (r *HookRecorder) Total(name, label string) int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.counts[counter{name, label}]
}
