package receipt

import (
	"encoding/base64"
	"encoding/hex"
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
	if wasExplicit {
		process.Basis = append(process.Basis, Reference{explicitBasis})
	}
	for _, id := range activity.Categories {
		category, _ := register.Category(id)
		named := Named{Type: "dpv:PersonalData", Identifier: string(id), Title: category.Title}
		if category.Special {
			named.Type = "dpv:SpecialCategoryPersonalData"
		}
		process.Data = append(process.Data, named)
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

// purposeTold is what the events tell of a purpose.
type purposeTold struct {
	purpose  privacy.PurposeID
	explicit bool
	notices  []Notice
	steps    []ConsentStep
}

// tell sorts what the records say by purpose, in the order in which each was
// first spoken of.
func tell(records []consent.Record) ([]*purposeTold, error) {
	var told []*purposeTold
	for i, record := range records {
		if record.Sequence != uint64(i+1) || record.Tenant != records[0].Tenant || record.Subject != records[0].Subject || record.Subject == "" {
			return nil, fmt.Errorf("receipt: the records are not those of a subject's stream from its first on: %w", privacy.ErrInvalid)
		}
		if err := record.Verify(); err != nil {
			return nil, err
		}
		if record.Redacted() {
			continue
		}
		entry, err := consent.DecodeEntry(record.Payload)
		if err != nil {
			return nil, err
		}
		step, said, ok := stepOf(record, entry.Fact)
		if !ok {
			continue
		}
		told = said.addTo(told, step)
	}
	// What speaks of no consent that was asked for needs no receipt.
	return slices.DeleteFunc(told, func(t *purposeTold) bool { return len(t.notices) == 0 }), nil
}

// said is what an event is about.
type said struct {
	purposes []privacy.PurposeID
	all      bool
	explicit bool
	notice   consent.Notice
}

func (s said) addTo(told []*purposeTold, step ConsentStep) []*purposeTold {
	purposes := s.purposes
	if s.all {
		for _, t := range told {
			purposes = append(purposes, t.purpose)
		}
	}
	for _, purpose := range purposes {
		i := slices.IndexFunc(told, func(t *purposeTold) bool { return t.purpose == purpose })
		if i < 0 {
			i = len(told)
			told = append(told, &purposeTold{purpose: purpose})
		}
		t := told[i]
		t.steps = append(t.steps, step)
		t.explicit = t.explicit || s.explicit
		if notice, ok := noticeOf(s.notice); ok && !slices.Contains(t.notices, notice) {
			t.notices = append(t.notices, notice)
		}
	}
	return told
}

func noticeOf(n consent.Notice) (Notice, bool) {
	sum, err := hex.DecodeString(n.TextSHA256)
	if n.Document == "" || err != nil {
		return Notice{}, false
	}
	return Notice{Type: "dpv:ConsentNotice", Identifier: fmt.Sprintf("%s@%d", n.Document, n.Version), Language: n.Locale, Source: hashIRI(sum)}, true
}

func hashIRI(sum []byte) string { return hashPrefix + base64.RawURLEncoding.EncodeToString(sum) }

// stepOf returns the step that a fact is, and what it is about.
func stepOf(record consent.Record, fact consent.Fact) (ConsentStep, said, bool) {
	step := ConsentStep{
		Basis: Reference{expressed}, At: record.OccurredAt.UTC(), Duration: Duration{Type: indeterminate}, By: Reference{"dpv:DataSubject"},
		Event: record.ID, Source: hashIRI(record.Commitment[:]),
	}
	var s said
	var evidence consent.Evidence
	var until time.Time
	switch fact := fact.(type) {
	case consent.Grant:
		step.Type, s.purposes, s.explicit, evidence, until = "dpv:ConsentGiven", fact.Purposes, fact.Explicit, fact.Evidence, fact.Until
	case consent.Renewal:
		step.Type, s.purposes, s.explicit, evidence, until = "dpv:RenewedConsentGiven", fact.Purposes, fact.Explicit, fact.Evidence, fact.Until
	case consent.Refusal:
		step.Type, s.purposes, evidence = "dpv:ConsentRefused", fact.Purposes, fact.Evidence
	case consent.Withdrawal:
		step.Type, s.purposes, s.all, evidence = "dpv:ConsentWithdrawn", fact.Purposes, len(fact.Purposes) == 0, fact.Evidence
	case consent.Expiry:
		step.Type, s.purposes, step.By = "dpv:ConsentExpired", fact.Purposes, Reference{"dpv:Entity"}
	default:
		return ConsentStep{}, said{}, false
	}
	s.notice = evidence.Notice
	step.complete(s.explicit, evidence, until)
	return step, s, true
}

func (s *ConsentStep) complete(wasExplicit bool, evidence consent.Evidence, until time.Time) {
	if wasExplicit {
		s.Basis = Reference{explicit}
	}
	if !until.IsZero() {
		s.Duration = Duration{Type: untilTime, Value: until.UTC().Format(time.RFC3339)}
	} else if s.Type == "dpv:ConsentGiven" || s.Type == "dpv:RenewedConsentGiven" {
		s.Duration = Duration{Type: untilEvent, Value: "consent is withdrawn"}
	}
	switch {
	case strings.HasPrefix(evidence.Actor, "guardian:"):
		s.By = Reference{"dpv:GuardianOfDataSubject"}
	case evidence.Actor != "" && evidence.Actor != "subject":
		s.By = Reference{"dpv:Entity"}
	}
	s.Method = strings.Trim(evidence.Act+" "+evidence.Channel, " ")
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

// states are the states of the kinds of events.
var states = map[consent.Kind]string{
	consent.KindGranted: "dpv:ConsentGiven", consent.KindRenewed: "dpv:RenewedConsentGiven", consent.KindRefused: "dpv:ConsentRefused",
	consent.KindWithdrawn: "dpv:ConsentWithdrawn", consent.KindExpired: "dpv:ConsentExpired",
}

func (r Record) match(byID map[string]consent.Record, told []*purposeTold, created time.Time) error {
	listed := map[string]bool{}
	var last uint64
	for _, step := range r.Statuses {
		record, known := byID[step.Event]
		if !known || step.Source != hashIRI(record.Commitment[:]) || step.Type != states[record.Kind] ||
			!step.At.Equal(record.OccurredAt) || record.Sequence <= last {
			return errNoMatch
		}
		last = record.Sequence
		listed[step.Event] = true
	}
	for _, t := range told {
		if !slices.ContainsFunc(r.Processes, func(p Process) bool { return p.serves(t.purpose) }) {
			continue
		}
		for _, step := range t.steps {
			recorded := byID[step.Event].RecordedAt
			if !listed[step.Event] && recorded.Before(created) {
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
