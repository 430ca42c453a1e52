package policydoctest

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/labelop/privacykit/policydoc"
	"github.com/labelop/privacykit/privacy"
)

func ack(key policydoc.PolicyKey, subject string, version int, act policydoc.Act) policydoc.Acknowledgement {
	return policydoc.Acknowledgement{
		Policy: key, Subject: privacy.SubjectID(subject), Version: version, Act: act, Locale: "pt-BR",
		Text: policydoc.Hash{1, 2, 255}, Channel: "sign-up form", At: start.Add(time.Duration(version) * time.Hour),
	}
}

func add(ctx context.Context, s policydoc.Store, acks ...policydoc.Acknowledgement) error {
	for _, a := range acks {
		if err := s.AppendAcknowledgement(ctx, a, nil); err != nil {
			return err
		}
	}
	return nil
}

func wantAcks(ctx context.Context, s policydoc.Store, key policydoc.PolicyKey, subject string, want ...policydoc.Acknowledgement) error {
	got, err := s.Acknowledgements(ctx, key, privacy.SubjectID(subject))
	if err != nil {
		return err
	}
	if len(got) != len(want) || len(got) > 0 && !reflect.DeepEqual(got, want) {
		return fmt.Errorf("acknowledgements %+v, want %+v", got, want)
	}
	return nil
}

func checkAcknowledgements(ctx context.Context, o Opened) error {
	first, second, third := ack(policy, "s", 2, policydoc.Accepted), ack(policy, "s", 2, policydoc.Shown), ack(policy, "s", 10, policydoc.Shown)
	if err := add(ctx, o.Store, third, second, first); err != nil {
		return err
	}
	if err := wantAcks(ctx, o.Store, policy, "s", first, second, third); err != nil {
		return err
	}
	return wantAcks(ctx, o.Store, policy, "nobody")
}

func checkOnce(ctx context.Context, o Opened) error {
	first := ack(policy, "s", 1, policydoc.Shown)
	again := first
	again.Channel, again.At = "another", start.AddDate(1, 0, 0)
	if err := o.Store.AppendAcknowledgement(ctx, first, []privacy.Event{event("a")}); err != nil {
		return err
	}
	if err := o.Store.AppendAcknowledgement(ctx, again, []privacy.Event{event("b")}); err != nil {
		return err
	}
	if err := wantAcks(ctx, o.Store, policy, "s", first); err != nil {
		return err
	}
	return wantEvents(ctx, o, "a")
}

func checkAckIsolation(ctx context.Context, o Opened) error {
	for i, key := range append([]policydoc.PolicyKey{policy}, others...) {
		if err := add(ctx, o.Store, ack(key, "s", i+1, policydoc.Shown), ack(key, "S", 50, policydoc.Shown)); err != nil {
			return err
		}
	}
	for i, key := range append([]policydoc.PolicyKey{policy}, others...) {
		if err := wantAcks(ctx, o.Store, key, "s", ack(key, "s", i+1, policydoc.Shown)); err != nil {
			return err
		}
		if err := wantSubjects(ctx, o.Store, policydoc.Outstanding{Policy: key, Act: policydoc.Shown, Version: i + 2, Limit: 10}, "s"); err != nil {
			return err
		}
	}
	return nil
}

func checkAckEvents(ctx context.Context, o Opened) error {
	if err := o.Store.AppendAcknowledgement(ctx, ack(policy, "s", 1, policydoc.Shown), []privacy.Event{event("a"), event("b")}); err != nil {
		return err
	}
	return wantEvents(ctx, o, "a", "b")
}

func wantSubjects(ctx context.Context, s policydoc.Store, q policydoc.Outstanding, want ...string) error {
	got, err := s.Unacknowledged(ctx, q)
	if err != nil {
		return err
	}
	var names []string
	for _, id := range got {
		names = append(names, string(id))
	}
	if !slices.Equal(names, want) {
		return fmt.Errorf("unacknowledged %q, want %q", names, want)
	}
	return nil
}

func query(act policydoc.Act, version int) policydoc.Outstanding {
	return policydoc.Outstanding{Policy: policy, Act: act, Version: version, Limit: 100}
}

func checkUnacknowledged(ctx context.Context, o Opened) error {
	if err := add(ctx, o.Store,
		ack(policy, "a", 1, policydoc.Accepted), ack(policy, "b", 1, policydoc.Accepted), ack(policy, "b", 2, policydoc.Accepted),
		ack(policy, "c", 3, policydoc.Accepted), ack(policy, "d", 1, policydoc.Shown)); err != nil {
		return err
	}
	for version, want := range map[int][]string{1: nil, 2: {"a"}, 3: {"a", "b"}, 4: {"a", "b", "c"}} {
		if err := wantSubjects(ctx, o.Store, query(policydoc.Accepted, version), want...); err != nil {
			return fmt.Errorf("version %d: %w", version, err)
		}
	}
	return nil
}

func checkAcceptedIsShown(ctx context.Context, o Opened) error {
	if err := add(ctx, o.Store,
		ack(policy, "a", 1, policydoc.Shown), ack(policy, "a", 2, policydoc.Accepted), ack(policy, "b", 1, policydoc.Accepted),
		ack(policy, "c", 1, policydoc.Shown)); err != nil {
		return err
	}
	if err := wantSubjects(ctx, o.Store, query(policydoc.Shown, 2), "b", "c"); err != nil {
		return err
	}
	return wantSubjects(ctx, o.Store, query(policydoc.Accepted, 2), "b")
}

func checkLate(ctx context.Context, o Opened) error {
	if err := add(ctx, o.Store, ack(policy, "a", 3, policydoc.Shown), ack(policy, "a", 1, policydoc.Shown)); err != nil {
		return err
	}
	return wantSubjects(ctx, o.Store, query(policydoc.Shown, 3))
}

func checkUnacknowledgedPages(ctx context.Context, o Opened) error {
	var all []string
	for i := range 25 {
		all = append(all, fmt.Sprint([]string{"a", "Z", "é"}[i%3], i))
	}
	for _, s := range all {
		if err := add(ctx, o.Store, ack(policy, s, 1, policydoc.Shown)); err != nil {
			return err
		}
	}
	slices.Sort(all)
	var got []string
	after := privacy.SubjectID("")
	for range 10 {
		page, err := o.Store.Unacknowledged(ctx, policydoc.Outstanding{Policy: policy, Act: policydoc.Shown, Version: 2, After: after, Limit: 4})
		if err != nil {
			return err
		}
		if len(page) > 4 {
			return fmt.Errorf("%d subjects on a page of 4", len(page))
		}
		for _, id := range page {
			got = append(got, string(id))
			after = id
		}
	}
	if !slices.Equal(got, all) {
		return fmt.Errorf("pages have %q, want %q", got, all)
	}
	return nil
}

func checkCancelled(ctx context.Context, o Opened) error {
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	calls := map[string]func() error{
		"AppendEntry": func() error {
			return o.Store.AppendEntry(cancelled, link(policy, 1, policydoc.Hash{}, "x"), []privacy.Event{event("a")})
		},
		"AppendAcknowledgement": func() error {
			return o.Store.AppendAcknowledgement(cancelled, ack(policy, "s", 1, policydoc.Shown), nil)
		},
		"Entries":          func() error { _, err := o.Store.Entries(cancelled, policy, 0, 1); return err },
		"Acknowledgements": func() error { _, err := o.Store.Acknowledgements(cancelled, policy, "s"); return err },
		"Unacknowledged":   func() error { _, err := o.Store.Unacknowledged(cancelled, query(policydoc.Shown, 1)); return err },
	}
	for name, call := range calls {
		if call() == nil {
			return fmt.Errorf("%s succeeded with a cancelled context", name)
		}
	}
	if err := wantAcks(ctx, o.Store, policy, "s"); err != nil {
		return err
	}
	got, err := o.Store.Entries(ctx, policy, 0, 10)
	if err != nil {
		return err
	}
	if err := sameEntries(got, nil); err != nil {
		return err
	}
	return wantEvents(ctx, o)
}
