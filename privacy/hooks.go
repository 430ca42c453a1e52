package privacy

import "context"

// Hooks let a host see what the SDK does, without the SDK knowing any telemetry
// library. Names and labels come from the small fixed sets that each package
// documents and never hold personal data, tenants or subjects.
type Hooks interface {
	// Start is called when an operation such as "consent.append" begins. It may
	// return a derived context (a span) and returns a function that is called
	// once at the end with the operation's error or nil.
	Start(ctx context.Context, operation string) (context.Context, func(error))
	// Count adds n to the counter called name under label, such as a reason code.
	Count(name, label string, n int64)
}

// NoHooks are Hooks that do nothing, for hosts that set none.
type NoHooks struct{}

// Start returns ctx and a function that does nothing.
func (NoHooks) Start(ctx context.Context, _ string) (context.Context, func(error)) {
	return ctx, func(error) {}
}

// Count does nothing.
func (NoHooks) Count(string, string, int64) {}
