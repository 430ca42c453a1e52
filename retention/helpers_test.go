package retention_test

import (
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/retention"
)

func equal(t testing.TB, want, got any, about ...any) {
	t.Helper()
	if !reflect.DeepEqual(want, got) {
		t.Fatalf("%sgot %v, want %v", prefix(about), got, want)
	}
}

func isTrue(t testing.TB, got bool, about ...any) {
	t.Helper()
	if !got {
		t.Fatalf("%sis false", prefix(about))
	}
}

func noError(t testing.TB, err error, about ...any) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s%v", prefix(about), err)
	}
}

func errorIs(t testing.TB, err, target error, about ...any) {
	t.Helper()
	if !errors.Is(err, target) {
		t.Fatalf("%sgot error %v, want %v", prefix(about), err, target)
	}
}

func prefix(about []any) string {
	if len(about) == 0 {
		return ""
	}
	return fmt.Sprint(about...) + ": "
}

func location(t testing.TB, name string) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation(name)
	noError(t, err)
	return zone
}

func rule(id string, kind retention.Kind, period string) retention.Rule {
	return retention.Rule{
		ID: id, Version: 1, Kind: kind, Period: privacy.MustPeriod(period), Citation: "law",
		Anchor: retention.Anchor{Start: retention.StartEvent, Events: []string{"event"}},
	}
}

func maximum(id, period string) retention.Rule {
	r := rule(id, retention.Maximum, period)
	r.Action = retention.Delete
	return r
}

func keep(id, period string) retention.Rule    { return rule(id, retention.PolicyKeep, period) }
func minimum(id, period string) retention.Rule { return rule(id, retention.StatutoryMinimum, period) }

func compile(t testing.TB, rules ...retention.Rule) *retention.Schedule {
	t.Helper()
	schedule, err := retention.Compile(rules, &retention.Options{Zone: time.UTC})
	noError(t, err)
	return schedule
}

func on(date string) time.Time { return privacy.MustDate(date).Start(time.UTC) }

func recordFrom(date string) *retention.Record {
	return &retention.Record{Events: []retention.Event{{Name: "event", On: privacy.MustDate(date)}}}
}

func holds(t testing.TB, list ...retention.Hold) *retention.Holds {
	t.Helper()
	set, err := retention.NewHolds(list, nil)
	noError(t, err)
	return set
}

func hold(id, from string) retention.Hold {
	return retention.Hold{ID: id, Owner: "legal", From: privacy.MustDate(from), Ground: retention.GroundLegalClaims}
}

func problemCodes(t testing.TB, err error) []string {
	t.Helper()
	errorIs(t, err, privacy.ErrInvalid)
	var problems privacy.Problems
	isTrue(t, errors.As(err, &problems))
	var codes []string
	for _, p := range problems {
		codes = append(codes, p.Code)
	}
	return codes
}
