package receipt

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy"
)

// Validate checks that the receipt has every mandatory field of the guide's
// tables, and only the terms that this package writes. It reports all that is
// wrong as privacy.Problems, with the paths of the JSON document. The problems
// quote nothing of the subject.
func (r Receipt) Validate() error {
	v := &validator{}
	v.expect("@context", r.Context == standardContext(), "the prefixes of this version")
	v.iri("@id", r.IRI)
	v.expect("@type", r.Type == "dpv:ConsentReceipt", "dpv:ConsentReceipt")
	v.expect("dct:conformsTo", r.ConformsTo.IRI == ReceiptSchema, ReceiptSchema)
	v.text("dpv:hasIdentifier", r.Identifier)
	v.expect("dct:created", !r.Created.IsZero() && r.Created.Equal(r.Created.UTC().Truncate(time.Second)) && r.Created.Location() == time.UTC, "a time in UTC, in whole seconds")
	v.iri("dct:isPartOf.@id", r.Ledger.IRI)
	v.expect("dct:isPartOf.dct:identifier", privacy.CheckID("tenant", string(r.Ledger.Tenant)) == nil, "a tenant")
	each(v, "dpv:hasRecordOfActivity", r.Records, v.record)
	for i, record := range r.Records {
		v.expect(fmt.Sprintf("dpv:hasRecordOfActivity[%d].dpv:hasDataSubject", i), record.Subject == r.Records[0].Subject, "the subject of the other records")
	}
	return v.problems.Err()
}

type validator struct{ problems privacy.Problems }

func (v *validator) expect(path string, ok bool, want string) {
	if !ok {
		v.problems.Add(path, "malformed", "want %s", want)
	}
}

func (v *validator) text(path, text string) {
	v.expect(path, strings.TrimSpace(text) != "", "some text")
}

func (v *validator) oneOf(path, text string, allowed ...string) {
	v.expect(path, slices.Contains(allowed, text), "one of "+strings.Join(allowed, ", "))
}

// iri checks for an absolute IRI that is a web address.
func (v *validator) iri(path, text string) {
	parsed, err := url.Parse(text)
	v.expect(path, err == nil && (parsed.Scheme == "https" || parsed.Scheme == "http") && parsed.Host != "", "a web address")
}

// hashIRI checks for the ni URI of a SHA-256.
func (v *validator) hashIRI(path, text string) {
	encoded, ok := strings.CutPrefix(text, hashPrefix)
	data, err := base64.RawURLEncoding.Strict().DecodeString(encoded)
	v.expect(path, ok && err == nil && len(data) == 32, "the ni URI of a SHA-256")
}

// each checks a list that must not be empty.
func each[T any](v *validator, path string, list []T, check func(path string, element T)) {
	v.expect(path, len(list) > 0, "at least one")
	for i, element := range list {
		check(fmt.Sprintf("%s[%d].", path, i), element)
	}
}

func (v *validator) record(path string, r Record) {
	v.iri(path+"@id", r.IRI)
	v.expect(path+"@type", r.Type == "dpv:ConsentRecord", "dpv:ConsentRecord")
	v.expect(path+"dct:conformsTo", r.ConformsTo.IRI == RecordSchema, RecordSchema)
	v.text(path+"dpv:hasIdentifier", r.Identifier)
	v.expect(path+"dct:identifier", r.DCIdentifier == r.Identifier, "the same as dpv:hasIdentifier")
	v.expect(path+"dpv:hasDataSubject", r.Subject.Type == "dpv:DataSubject" && privacy.CheckID("subject", string(r.Subject.Identifier)) == nil, "a dpv:DataSubject with an identifier")
	each(v, path+"dpv:hasNotice", r.Notices, v.notice)
	each(v, path+"dct:language", r.Languages, func(path, language string) { v.text(strings.TrimSuffix(path, "."), language) })
	each(v, path+"dpv:hasProcess", r.Processes, v.process)
	each(v, path+"dpv:hasDataController", r.Controllers, v.party)
	for i, controller := range r.Controllers {
		v.oneOf(fmt.Sprintf("%sdpv:hasDataController[%d].@type", path, i), controller.Type, "dpv:DataController")
	}
	each(v, path+"dpv:hasConsentControl", r.Controls, v.access(func(types []string) bool { return slices.Contains(types, "dpv:WithdrawConsent") }, "dpv:WithdrawConsent"))
	each(v, path+"dpv:hasRight", r.Rights, v.access(func(types []string) bool { return slices.Contains(types, "dpv:DataSubjectRight") }, "dpv:DataSubjectRight"))
	each(v, path+"dpv:hasJurisdiction", r.Jurisdiction, v.place("dpv:Jurisdiction"))
	each(v, path+"dpv:hasConsentStatus", r.Statuses, v.step)
}

func (v *validator) notice(path string, n Notice) {
	v.expect(path+"@type", n.Type == "dpv:ConsentNotice", "dpv:ConsentNotice")
	v.text(path+"dct:identifier", n.Identifier)
	v.text(path+"dct:language", n.Language)
	v.hashIRI(path+"dct:source", n.Source)
}

func (v *validator) process(path string, p Process) {
	v.expect(path+"@type", p.Type == "dpv:Process", "dpv:Process")
	v.text(path+"dct:identifier", p.Identifier)
	each(v, path+"dpv:hasPurpose", p.Purposes, v.named("dpv:Purpose"))
	each(v, path+"dpv:hasPersonalData", p.Data, v.named("dpv:PersonalData", "dpv:SpecialCategoryPersonalData"))
	each(v, path+"dpv:hasStorageCondition", p.Storage, v.storage)
	for _, kind := range []string{storageLocation, storageDuration} {
		v.expect(path+"dpv:hasStorageCondition", slices.ContainsFunc(p.Storage, func(s Storage) bool { return s.Type == kind }), "a "+kind)
	}
	each(v, path+"dpv:hasRecipient", p.Recipients, v.party)
	for i, operation := range p.Operations {
		_, known := operations()[operation.IRI]
		v.expect(fmt.Sprintf("%sdpv:hasProcessing[%d]", path, i), known, "an operation of package privacy")
	}
	for i, basis := range p.Basis {
		v.oneOf(fmt.Sprintf("%sdpv:hasLegalBasis[%d]", path, i), basis.IRI, consentBasis, explicitBasis)
	}
}

func (v *validator) named(types ...string) func(string, Named) {
	return func(path string, n Named) {
		v.oneOf(path+"@type", n.Type, types...)
		v.text(path+"dct:identifier", n.Identifier)
	}
}

const (
	storageLocation = "dpv:StorageLocation"
	storageDuration = "dpv:StorageDuration"
)

func (v *validator) storage(path string, s Storage) {
	switch s.Type {
	case storageLocation:
		each(v, path+"dpv:hasLocation", s.Locations, v.place("dpv:Location"))
		v.expect(path+"dpv:hasDuration", s.Duration == nil, "none for a location")
	case storageDuration:
		v.expect(path+"dpv:hasLocation", s.Locations == nil, "none for a duration")
		if v.expect(path+"dpv:hasDuration", s.Duration != nil, "a duration"); s.Duration != nil {
			v.duration(path+"dpv:hasDuration.", *s.Duration)
		}
	default:
		v.oneOf(path+"@type", s.Type, storageLocation, storageDuration)
	}
}

func (v *validator) duration(path string, d Duration) {
	switch d.Type {
	case temporalDuration:
		_, err := privacy.ParsePeriod(d.Value)
		v.expect(path+"rdf:value", err == nil, "an ISO 8601 period")
	case untilTime:
		_, err := time.Parse(time.RFC3339, d.Value)
		v.expect(path+"rdf:value", err == nil, "a time")
	case untilEvent:
		v.text(path+"rdf:value", d.Value)
	case indeterminate:
		v.expect(path+"rdf:value", d.Value == "", "none")
	default:
		v.oneOf(path+"@type", d.Type, temporalDuration, untilTime, untilEvent, indeterminate)
	}
}

func (v *validator) place(kind string) func(string, Place) {
	return func(path string, p Place) {
		v.expect(path+"@type", p.Type == kind, kind)
		v.text(path+"dct:identifier", p.Identifier)
	}
}

func (v *validator) access(fits func([]string) bool, want string) func(string, Access) {
	return func(path string, a Access) {
		v.expect(path+"@type", fits(a.Type), want)
		for i, term := range a.Type {
			v.oneOf(fmt.Sprintf("%s@type[%d]", path, i), term, "dpv:WithdrawConsent", "dpv:ProvideConsent", "dpv:DataSubjectRight", rightToWithdraw)
		}
		v.iri(path+"dpv:isExercisedAt", a.At)
	}
}

func (v *validator) party(path string, p Party) {
	v.oneOf(path+"@type", p.Type, "dpv:DataController", "dpv:DataProcessor", "dpv:ThirdParty", "dpv:Recipient")
	v.text(path+"dpv:hasName", p.Name)
	v.text(path+"dpv:hasIdentifier", p.Identifier)
	each(v, path+"schema:contactPoint", p.Contacts, func(path string, c ContactPoint) {
		v.expect(path+"@type", c.Type == "schema:ContactPoint", "schema:ContactPoint")
		v.expect(path+"schema:address", c.Address == (Address{}) || c.Address.Type == "schema:PostalAddress", "a schema:PostalAddress")
	})
	hasAddress := func(c ContactPoint) bool { return strings.TrimSpace(c.Address.Street) != "" }
	v.expect(path+"schema:contactPoint", slices.ContainsFunc(p.Contacts, hasAddress), "one with a postal address")
}

func (v *validator) step(path string, s ConsentStep) {
	v.oneOf(path+"@type", s.Type, given, renewed, invalidated, refused, withdrawn, expired)
	v.oneOf(path+"dpv:hasLegalBasis", s.Basis.IRI, expressed, explicit)
	v.expect(path+"dpv:isIndicatedAtTime", !s.At.IsZero() && s.At.Location() == time.UTC, "a time in UTC")
	v.duration(path+"dpv:hasDuration.", s.Duration)
	v.oneOf(path+"dpv:isIndicatedBy", s.By.IRI, "dpv:DataSubject", "dpv:GuardianOfDataSubject", "dpv:Entity")
	v.text(path+"dct:identifier", s.Event)
	v.hashIRI(path+"dct:source", s.Source)
}

// of reports whether the receipt is that of a stream.
func (r Receipt) of(stream consent.StreamKey) bool {
	return r.Ledger.Tenant == stream.Tenant && !slices.ContainsFunc(r.Records, func(record Record) bool { return record.Subject.Identifier != stream.Subject })
}
