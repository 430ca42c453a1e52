package policydoctest_test

import (
	"testing"

	"github.com/labelop/privacykit/policydoc"
	"github.com/labelop/privacykit/policydoc/markdown"
	"github.com/labelop/privacykit/policydoc/policydoctest"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/privacytest"
)

// recorder counts the failures of a test.
type recorder struct {
	testing.TB
	errors, logs int
}

func (r *recorder) Helper()               {}
func (r *recorder) Errorf(string, ...any) { r.errors++ }
func (r *recorder) Logf(string, ...any)   { r.logs++ }

func TestRequireReconciled(t *testing.T) {
	register, err := privacy.Compile(privacytest.Declaration())
	if err != nil {
		t.Fatal(err)
	}
	doc, err := markdown.Parse([]byte("# P {disclose=\"operator\"}\n"), nil)
	if err != nil {
		t.Fatal(err)
	}
	r := &recorder{TB: t}
	policydoctest.RequireReconciled(r, doc, register)
	if r.errors == 0 || r.logs == 0 {
		t.Errorf("%d errors, %d lines of advice", r.errors, r.logs)
	}
	more := &recorder{TB: t}
	policydoctest.RequireReconciled(more, doc, register, policydoc.RegimeCalifornia)
	if more.errors <= r.errors {
		t.Error("a further regime finds nothing")
	}
}
