package privacy

import (
	"encoding/csv"
	"errors"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/labelop/privacykit/privacy/privacytest/outside"
)

// withoutDPV lists the codes for which DPV 2.3 has no term.
var withoutDPV = []string{
	"LegalBasis recognised_legitimate_interest",
	"Measure segregation",
	"OptOut sharing",
	"Right know",
	"Right limit_sensitive",
	"Right opt_out_sale_sharing",
	"TransferMechanism idta",
	"TransferMechanism not_a_transfer",
	"TransferMechanism uk_addendum",
}

func TestOnlyKnownCodesLackDPV(t *testing.T) {
	var without []string
	for _, v := range vocabularies() {
		for _, e := range v.entries {
			if e.dpv == "" {
				without = append(without, v.typ+" "+e.code)
			}
		}
	}
	slices.Sort(without)
	if !slices.Equal(without, withoutDPV) {
		t.Errorf("without a term are %q, want %q", without, withoutDPV)
	}
}

func TestDPVTermsAreUsedOncePerType(t *testing.T) {
	for _, v := range vocabularies() {
		users := map[string]string{}
		for _, e := range v.entries {
			// DPV has one wide term for these two.
			shared := v.typ == "RecipientKind" && e.dpv == dpvNamespace+"ThirdParty"
			if other, taken := users[e.dpv]; taken && e.dpv != "" && !shared {
				t.Errorf("%s: %s and %s share %s", v.typ, other, e.code, e.dpv)
			}
			users[e.dpv] = e.code
		}
	}
}

// An article and the DPV term of its GDPR extension name the same provision.
func TestDPVTermsAgreeWithArticles(t *testing.T) {
	article := regexp.MustCompile(`^GDPR Art\. (\d+)(?:\((\d+)\))?(?:\(([a-z])\))?$`)
	checked := 0
	for _, v := range vocabularies() {
		for _, e := range v.entries {
			term, inGDPR := strings.CutPrefix(e.dpv, dpvGDPRNamespace)
			if !inGDPR || e.article == "" || e.code == TransferCompellingInterests.String() {
				continue
			}
			parts := article.FindStringSubmatch(e.article)
			if parts == nil {
				t.Errorf("%s %s: article %q is unreadable", v.typ, e.code, e.article)
				continue
			}
			parts = slices.DeleteFunc(parts[1:], func(part string) bool { return part == "" })
			if want := "A" + strings.Join(parts, "-"); term != want {
				t.Errorf("%s %s: %s stands beside %s", v.typ, e.code, term, e.article)
			}
			checked++
		}
	}
	if checked < 40 {
		t.Errorf("only %d terms were checked", checked)
	}
}

// Every term exists in DPV 2.3, is a class, is not deprecated, and descends
// from one of the classes that its code type stands for.
func TestDPVTermsExist(t *testing.T) {
	kinds := map[string][]string{
		"Role":              {"LegalEntity"},
		"LegalBasis":        {"LegalBasis"},
		"SpecialCondition":  {"LegalBasis"},
		"Operation":         {"Processing"},
		"Right":             {"DataSubjectRight"},
		"TransferMechanism": {"DataTransferLegalBasis"},
		"Measure":           {"TechnicalMeasure", "OrganisationalMeasure", "LegalMeasure", "PhysicalMeasure"},
		"RecipientKind":     {"LegalEntity", "GovernmentalOrganisation"},
		"OptOut":            {"Purpose", "Processing", "PersonalData"},
	}
	terms := readDPV(t)
	for _, v := range vocabularies() {
		for _, e := range v.entries {
			if e.dpv == "" {
				continue
			}
			term, ok := terms[e.dpv]
			switch {
			case !ok:
				t.Errorf("%s %s: %s does not exist", v.typ, e.code, e.dpv)
			case term.kind != "class":
				t.Errorf("%s %s: %s is a %s", v.typ, e.code, e.dpv, term.kind)
			case term.deprecated:
				t.Errorf("%s %s: %s is deprecated", v.typ, e.code, e.dpv)
			case !slices.ContainsFunc(kinds[v.typ], func(kind string) bool { return descends(terms, e.dpv, dpvNamespace+kind) }):
				t.Errorf("%s %s: %s is none of %v", v.typ, e.code, e.dpv, kinds[v.typ])
			}
		}
	}
}

type dpvTerm struct {
	kind       string
	deprecated bool
	parents    []string
}

// readDPV returns the terms of DPV and its GDPR extension by IRI, from the CSV
// files of DPV 2.3 as published by the W3C community group.
func readDPV(t *testing.T) map[string]dpvTerm {
	t.Helper()
	terms := map[string]dpvTerm{}
	for _, name := range []string{"dpv.csv", "eu-gdpr.csv"} {
		file, err := os.Open(outside.Standard(t, "dpv-2.3", name))
		if err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(file).ReadAll()
		if err := errors.Join(err, file.Close()); err != nil {
			t.Fatal(err)
		}
		column := map[string]int{}
		for i, heading := range rows[0] {
			column[heading] = i
		}
		for _, row := range rows[1:] {
			parents := strings.Join([]string{row[column["dpvtype"]], row[column["subclassof"]], row[column["hasbroader"]]}, ";")
			terms[row[column["iri"]]] = dpvTerm{
				kind:       row[column["type"]],
				deprecated: strings.Contains(strings.ToLower(strings.Join(row, " ")), "deprecated"),
				parents:    slices.DeleteFunc(strings.Split(parents, ";"), func(parent string) bool { return parent == "" }),
			}
		}
	}
	return terms
}

// descends reports whether ancestor is among the parents of iri, at any depth.
func descends(terms map[string]dpvTerm, iri, ancestor string) bool {
	seen := map[string]bool{}
	queue := []string{iri}
	for len(queue) > 0 {
		next := queue[0]
		queue = queue[1:]
		if seen[next] {
			continue
		}
		seen[next] = true
		if slices.Contains(terms[next].parents, ancestor) {
			return true
		}
		queue = append(queue, terms[next].parents...)
	}
	return false
}

func TestDPVAncestryIsChecked(t *testing.T) {
	terms := readDPV(t)
	if descends(terms, RoleController.DPV(), dpvNamespace+"Processing") {
		t.Error("a controller passes for a kind of processing")
	}
	if !terms[dpvNamespace+"PrivateLocation"].deprecated {
		t.Error("a term known as deprecated passes for a current one")
	}
}
