package receipt

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy"
)

// The terms that are chosen from, all of DPV 2.3.
const (
	given            = "dpv:ConsentGiven"
	renewed          = "dpv:RenewedConsentGiven"
	invalidated      = "dpv:ConsentInvalidated"
	refused          = "dpv:ConsentRefused"
	withdrawn        = "dpv:ConsentWithdrawn"
	expired          = "dpv:ConsentExpired"
	expressed        = "dpv:ExpressedConsent"
	explicit         = "dpv:ExplicitlyExpressedConsent"
	temporalDuration = "dpv:TemporalDuration"
	untilTime        = "dpv:UntilTimeDuration"
	untilEvent       = "dpv:UntilEventDuration"
	indeterminate    = "dpv:IndeterminateDuration"
	consentBasis     = "eu-gdpr:A6-1-a"
	explicitBasis    = "eu-gdpr:A9-2-a"
	rightToWithdraw  = "eu-gdpr:A7-3"

	hashPrefix = "ni:///sha-256;"
)

// Contact is a party as the guide wants it named.
type Contact struct {
	// Name and Address are required: the registered name, and the postal address
	// as it is written on a letter.
	Name, Address string
	Country       privacy.Country
	Email         string
	Phone         string
	URL           string
}

// Profile is what a receipt says that neither the ledger nor the register knows.
type Profile struct {
	// Base is the web address that the identifiers of receipts begin with, such
	// as "https://privacy.example.com/".
	Base string
	// Controller is the controller. Its Name and Address are the operator's in
	// the register where they are empty.
	Controller Contact
	// Recipients are the recipients that the register declares for purposes based
	// on consent.
	Recipients map[privacy.RecipientID]Contact
	// StoredIn are the countries where data is stored, at least one.
	StoredIn []privacy.Country
	// Jurisdictions are those whose law applies, at least one.
	Jurisdictions []privacy.Jurisdiction
	// ControlURL is where consent is changed and withdrawn, RightsURL where other
	// rights are exercised.
	ControlURL, RightsURL string
}

// Receipt returns the receipt of what a subject said about consent, from the
// records of its stream, from the first on. It has one consent record for each
// purpose that consent was asked for. id names the receipt and is made by the
// host; created is when it is made.
//
// The error matches privacy.ErrNotFound if the records tell of no consent, also
// because they were redacted, and privacy.ErrInvalid if a record does not fit its
// commitment, a purpose is not declared, or the profile or the register lack what
// is mandatory, as privacy.Problems.
func (p Profile) Receipt(register *privacy.Register, id string, created time.Time, records []consent.Record) (Receipt, error) {
	told, err := tell(records)
	if err != nil {
		return Receipt{}, err
	}
	if len(told) == 0 {
		return Receipt{}, fmt.Errorf("receipt: the events tell of no consent: %w", privacy.ErrNotFound)
	}
	tenant, subject := records[0].Tenant, records[0].Subject
	receipt := Receipt{
		Context: standardContext(), IRI: p.iri("receipts", id), Type: "dpv:ConsentReceipt", ConformsTo: Reference{ReceiptSchema},
		Identifier: id, Created: created.UTC().Truncate(time.Second),
		Ledger: Ledger{IRI: p.iri("ledgers", string(tenant)), Tenant: tenant},
	}
	for _, t := range told {
		record, err := p.record(register, subject, t)
		if err != nil {
			return Receipt{}, err
		}
		receipt.Records = append(receipt.Records, record)
	}
	return receipt, receipt.Validate()
}

func (p Profile) iri(parts ...string) string {
	for i := range parts {
		parts[i] = url.PathEscape(parts[i])
	}
	return strings.TrimSuffix(p.Base, "/") + "/" + strings.Join(parts, "/")
}

func (p Profile) record(register *privacy.Register, subject privacy.SubjectID, t *purposeTold) (Record, error) {
	purpose, declared := register.Purpose(t.purpose)
	if !declared {
		return Record{}, fmt.Errorf("receipt: a purpose is not declared: %w", privacy.ErrInvalid)
	}
	iri := p.iri("consents", t.steps[0].Event, string(t.purpose))
	record := Record{
		IRI: iri, Type: "dpv:ConsentRecord", ConformsTo: Reference{RecordSchema}, Identifier: iri, DCIdentifier: iri,
		Subject: DataSubject{Type: "dpv:DataSubject", Identifier: subject},
		Notices: t.notices, Statuses: t.steps, Controllers: []Party{p.controller(register, "dpv:DataController")},
		Controls: []Access{{Type: []string{"dpv:ProvideConsent", "dpv:WithdrawConsent"}, At: p.ControlURL}},
		Rights:   []Access{{Type: []string{"dpv:DataSubjectRight", rightToWithdraw}, At: p.ControlURL}, {Type: []string{"dpv:DataSubjectRight"}, At: p.RightsURL}},
	}
	for _, notice := range t.notices {
		if !slices.Contains(record.Languages, notice.Language) {
			record.Languages = append(record.Languages, notice.Language)
		}
	}
	for _, jurisdiction := range p.Jurisdictions {
		record.Jurisdiction = append(record.Jurisdiction, Place{Type: "dpv:Jurisdiction", Identifier: string(jurisdiction)})
	}
	for _, id := range register.ActivitiesFor(t.purpose) {
		if activity, _ := register.Activity(id); activity.Role != privacy.RoleProcessor {
			record.Processes = append(record.Processes, p.process(register, purpose, activity, t.explicit))
		}
	}
	return record, nil
}

func (p Profile) process(register *privacy.Register, purpose privacy.Purpose, activity privacy.Activity, wasExplicit bool) Process {
	process := Process{
		Type: "dpv:Process", Identifier: string(activity.ID), Title: activity.Title,
		Purposes: []Named{{Type: "dpv:Purpose", Identifier: string(purpose.ID), Title: purpose.Title}},
		Basis:    []Reference{{consentBasis}},
	}
	special := false
	for _, id := range activity.Categories {
		category, _ := register.Category(id)
		named := Named{Type: "dpv:PersonalData", Identifier: string(id), Title: category.Title}
		if category.Special {
			named.Type, special = "dpv:SpecialCategoryPersonalData", true
		}
		process.Data = append(process.Data, named)
	}
	if special && wasExplicit {
		process.Basis = append(process.Basis, Reference{explicitBasis})
	}
	for _, operation := range activity.Operations {
		process.Operations = append(process.Operations, Reference{short(operation.DPV())})
	}
	process.Storage = p.storage(activity.Retention)
	for _, id := range activity.Recipients {
		process.Recipients = append(process.Recipients, p.recipient(register, id))
	}
	if len(process.Recipients) == 0 { // who else receives the data is nobody
		process.Recipients = []Party{p.controller(register, "dpv:DataController")}
	}
	return process
}

func (p Profile) storage(limit privacy.RetentionLimit) []Storage {
	location := Storage{Type: storageLocation}
	for _, country := range p.StoredIn {
		location.Locations = append(location.Locations, Place{Type: "dpv:Location", Identifier: string(country)})
	}
	conditions := []Storage{location}
	if !limit.Period.IsZero() {
		conditions = append(conditions, Storage{Type: storageDuration, Duration: &Duration{Type: temporalDuration, Value: limit.Period.String()}})
	}
	if event := limit.After + limit.Criteria; event != "" {
		if limit.After != "" && limit.Criteria != "" {
			event = limit.After + "; " + limit.Criteria
		}
		conditions = append(conditions, Storage{Type: storageDuration, Duration: &Duration{Type: untilEvent, Value: event}})
	}
	return conditions
}

func (p Profile) controller(register *privacy.Register, role string) Party {
	contact, operator := p.Controller, register.Operator()
	if contact.Name == "" {
		contact.Name = operator.LegalEntity
	}
	if contact.Address == "" {
		contact.Address = operator.Address
	}
	if contact.Country == "" {
		contact.Country = operator.Country
	}
	return contact.party(role, p.iri("controller"))
}

func (p Profile) recipient(register *privacy.Register, id privacy.RecipientID) Party {
	recipient, _ := register.Recipient(id)
	contact, role := p.Recipients[id], "dpv:ThirdParty"
	if contact.Name == "" {
		contact.Name = recipient.Title
	}
	if recipient.Kind == privacy.RecipientProcessor || recipient.Kind == privacy.RecipientSubProcessor {
		role = "dpv:DataProcessor"
	}
	return contact.party(role, p.iri("recipients", string(id)))
}

func (c Contact) party(role, identifier string) Party {
	point := ContactPoint{Type: "schema:ContactPoint", Email: c.Email, Phone: c.Phone, URL: c.URL}
	if c.Address != "" {
		point.Address = Address{Type: "schema:PostalAddress", Street: c.Address, Country: c.Country}
	}
	return Party{Type: role, Name: c.Name, Identifier: identifier, Contacts: []ContactPoint{point}}
}

// operations are those of package privacy, by their terms.
func operations() map[string]privacy.Operation {
	known := map[string]privacy.Operation{}
	for operation := privacy.Operation(1); operation.DPV() != ""; operation++ {
		known[short(operation.DPV())] = operation
	}
	return known
}

// short writes a term with its prefix.
func short(iri string) string {
	if term, ok := strings.CutPrefix(iri, namespaceDPV); ok {
		return "dpv:" + term
	}
	return iri
}

// Match compares the receipt with the records of its stream, from the first on,
// in whatever store they are: every step must be an event there, with the same
// commitment, state, time and purpose, and no event on a purpose of the receipt
// that was recorded before the receipt was made may be missing from it. The error
// matches ErrOtherStream for the records of another stream, and otherwise
// privacy.ErrInvalid. Of events that were redacted since, the commitment, the
// state and the time are compared.
func (r Receipt) Match(records []consent.Record) error {
	if len(records) == 0 || !r.of(consent.StreamKey{Tenant: records[0].Tenant, Subject: records[0].Subject}) {
		return ErrOtherStream
	}
	told, err := tell(records)
	if err != nil {
		return err
	}
	byID := make(map[string]consent.Record, len(records))
	for _, record := range records {
		byID[record.ID] = record
	}
	for _, mine := range r.Records {
		if err := mine.match(byID, told, r.Created); err != nil {
			return err
		}
	}
	return nil
}

var errNoMatch = fmt.Errorf("receipt: the receipt does not fit the ledger: %w", privacy.ErrInvalid)

// states are the states that the kinds of events can lead to.
var states = map[consent.Kind][]string{
	consent.KindGranted: {given, invalidated}, consent.KindRenewed: {renewed, invalidated}, consent.KindRefused: {refused},
	consent.KindWithdrawn: {withdrawn}, consent.KindExpired: {expired},
}

func (r Record) match(byID map[string]consent.Record, told []*purposeTold, created time.Time) error {
	listed := map[string]string{} // the states by event
	var last uint64
	for _, step := range r.Statuses {
		record, known := byID[step.Event]
		if !known || step.Source != hashIRI(record.Commitment[:]) || !slices.Contains(states[record.Kind], step.Type) ||
			!step.At.Equal(record.OccurredAt) || record.Sequence <= last {
			return errNoMatch
		}
		last = record.Sequence
		listed[step.Event] = step.Type
	}
	for _, t := range told {
		if !slices.ContainsFunc(r.Processes, func(p Process) bool { return p.serves(t.purpose) }) {
			continue
		}
		for _, step := range t.steps {
			state, known := listed[step.Event]
			if known && state != step.Type || !known && byID[step.Event].RecordedAt.Before(created) {
				return errNoMatch
			}
			delete(listed, step.Event)
		}
	}
	for id := range listed { // a step that the ledger tells of another purpose
		if record := byID[id]; !record.Redacted() {
			return errNoMatch
		}
	}
	return nil
}

func (p Process) serves(purpose privacy.PurposeID) bool {
	return slices.ContainsFunc(p.Purposes, func(n Named) bool { return n.Identifier == string(purpose) })
}
