package privacy

import (
	"errors"
	"fmt"
	"reflect"
	"testing"
)

// wantEqual fails the test unless got is want; about is a format and its
// arguments.
func wantEqual(t testing.TB, want, got any, about ...any) {
	t.Helper()
	if !reflect.DeepEqual(want, got) {
		t.Errorf("%sgot %#v, want %#v", wantPrefix(about), got, want)
	}
}

func wantTrue(t testing.TB, got bool, about ...any) {
	t.Helper()
	if !got {
		t.Errorf("%sfalse, want true", wantPrefix(about))
	}
}

func wantNoError(t testing.TB, err error, about ...any) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s%v", wantPrefix(about), err)
	}
}

func wantErrorIs(t testing.TB, err, target error, about ...any) {
	t.Helper()
	if !errors.Is(err, target) {
		t.Fatalf("%sgot error %v, want one that matches %q", wantPrefix(about), err, target)
	}
}

func wantPanic(t testing.TB, f func()) {
	t.Helper()
	defer func() {
		t.Helper()
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	f()
}

func wantPrefix(about []any) string {
	if len(about) == 0 {
		return ""
	}
	return fmt.Sprintf(about[0].(string), about[1:]...) + ": "
}
