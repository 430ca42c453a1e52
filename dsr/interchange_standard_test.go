package dsr_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/privacy/privacytest/outside"
)

// section returns a part of a published text, from one heading to the next.
func section(t *testing.T, text, from, to string) string {
	t.Helper()
	_, rest, found := strings.Cut(text, from)
	part, _, ended := strings.Cut(rest, to)
	if !found || !ended {
		t.Fatalf("the text has no section from %q to %q", from, to)
	}
	return part
}

func standardText(t *testing.T, name ...string) string {
	t.Helper()
	text, err := os.ReadFile(outside.Standard(t, name...))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestDRPStatusesAreThoseOfTheStandard(t *testing.T) {
	table := section(t, standardText(t, "drp", "data-rights-protocol.md"), "### 3.02 Request Statuses", "[2]:")
	var published []dsr.DRPStatus
	for _, row := range regexp.MustCompile(`(?m)^\| (\w+) +\| (\w*) *\|`).FindAllStringSubmatch(table, -1) {
		if row[1] != "state" {
			published = append(published, dsr.DRPStatus{State: row[1], Reason: row[2]})
		}
	}
	if !slices.Equal(published, drpStatuses) {
		t.Errorf("published are %v, the tests know %v", published, drpStatuses)
	}
}

func TestOpenDSRStatusesAreThoseOfTheStandard(t *testing.T) {
	list := section(t, standardText(t, "opendsr", "specification.md"), "## 8. OpenDSR Status", "### 8.1.")
	var published []string
	for _, row := range regexp.MustCompile("(?m)^`(\\w+)`$").FindAllStringSubmatch(list, -1) {
		published = append(published, row[1])
	}
	if !slices.Equal(published, openDSRStatuses) {
		t.Errorf("published are %v, the tests know %v", published, openDSRStatuses)
	}
}
