package receipt

import (
	"time"

	"github.com/labelop/privacykit/privacy"
)

// The identifiers of the schema, by the DPV group, and the prefixes of the
// vocabularies. A later version of the schema has another identifier.
const (
	RecordSchema  = "https://w3id.org/dpv/schema/dpv-27560#record"
	ReceiptSchema = "https://w3id.org/dpv/schema/dpv-27560#receipt"

	namespaceDPV    = "https://w3id.org/dpv#"
	namespaceGDPR   = "https://w3id.org/dpv/legal/eu/gdpr#"
	namespaceDCT    = "http://purl.org/dc/terms/"
	namespaceRDF    = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
	namespaceSchema = "https://schema.org/"
)

// Context is the JSON-LD context: what the prefixes stand for.
type Context struct {
	DPV    string `json:"dpv"`
	GDPR   string `json:"eu-gdpr"`
	DCT    string `json:"dct"`
	RDF    string `json:"rdf"`
	Schema string `json:"schema"`
}

func standardContext() Context {
	return Context{DPV: namespaceDPV, GDPR: namespaceGDPR, DCT: namespaceDCT, RDF: namespaceRDF, Schema: namespaceSchema}
}

// Reference points to something by its IRI.
type Reference struct {
	IRI string `json:"@id"`
}

// Receipt is a consent receipt (chapter 9 of the guide).
type Receipt struct {
	Context    Context   `json:"@context"`
	IRI        string    `json:"@id"`
	Type       string    `json:"@type"`
	ConformsTo Reference `json:"dct:conformsTo"`
	// Identifier names the receipt.
	Identifier string `json:"dpv:hasIdentifier"`
	// Created is when the receipt was made, in UTC, in whole seconds.
	Created time.Time `json:"dct:created"`
	// Ledger is the tenant whose ledger the receipt is from.
	Ledger Ledger `json:"dct:isPartOf"`
	// Records are the consents, one for each purpose. At least one.
	Records []Record `json:"dpv:hasRecordOfActivity"`
}

// Ledger names the ledger of a tenant.
type Ledger struct {
	IRI    string           `json:"@id"`
	Tenant privacy.TenantID `json:"dct:identifier"`
}

// Record is a consent record (chapter 8 of the guide): one purpose and all that
// the subject said about it.
type Record struct {
	IRI        string    `json:"@id"`
	Type       string    `json:"@type"`
	ConformsTo Reference `json:"dct:conformsTo"`
	// Identifier names the record. The guide's table has it as
	// dpv:hasIdentifier, its text as dct:identifier: both are written.
	Identifier   string        `json:"dpv:hasIdentifier"`
	DCIdentifier string        `json:"dct:identifier"`
	Subject      DataSubject   `json:"dpv:hasDataSubject"`
	Notices      []Notice      `json:"dpv:hasNotice"`
	Languages    []string      `json:"dct:language"`
	Processes    []Process     `json:"dpv:hasProcess"`
	Controllers  []Party       `json:"dpv:hasDataController"`
	Controls     []Access      `json:"dpv:hasConsentControl"`
	Rights       []Access      `json:"dpv:hasRight"`
	Jurisdiction []Place       `json:"dpv:hasJurisdiction"`
	Statuses     []ConsentStep `json:"dpv:hasConsentStatus"`
}

// DataSubject is the person, by the opaque identifier of the ledger.
type DataSubject struct {
	Type       string            `json:"@type"`
	Identifier privacy.SubjectID `json:"dct:identifier"`
}

// Notice is a text that the subject was shown.
type Notice struct {
	Type string `json:"@type"`
	// Identifier is the document and its version.
	Identifier string `json:"dct:identifier"`
	// Language is the BCP 47 tag of the text as shown.
	Language string `json:"dct:language"`
	// Source is the hash of the text, as an ni URI (RFC 6920).
	Source string `json:"dct:source"`
}

// Process is what is done for the purpose (section 8.3).
type Process struct {
	Type       string      `json:"@type"`
	Identifier string      `json:"dct:identifier"`
	Title      string      `json:"dct:title,omitempty"`
	Purposes   []Named     `json:"dpv:hasPurpose"`
	Data       []Named     `json:"dpv:hasPersonalData"`
	Operations []Reference `json:"dpv:hasProcessing,omitempty"`
	Storage    []Storage   `json:"dpv:hasStorageCondition"`
	Basis      []Reference `json:"dpv:hasLegalBasis,omitempty"`
	Recipients []Party     `json:"dpv:hasRecipient"`
}

// Named is a purpose or a category of data as the operator declares it.
type Named struct {
	Type       string `json:"@type"`
	Identifier string `json:"dct:identifier"`
	Title      string `json:"dct:title,omitempty"`
}

// Storage is where or for how long data is stored: one of the two.
type Storage struct {
	Type      string    `json:"@type"`
	Locations []Place   `json:"dpv:hasLocation,omitempty"`
	Duration  *Duration `json:"dpv:hasDuration,omitempty"`
}

// Duration is a period or what ends one.
type Duration struct {
	Type string `json:"@type"`
	// Value is an ISO 8601 period, a time or the event, as Type says; empty for
	// an indeterminate duration.
	Value string `json:"rdf:value,omitempty"`
}

// Place is a country or another jurisdiction.
type Place struct {
	Type string `json:"@type"`
	// Identifier is an ISO 3166 code or a code of package privacy such as "eu".
	Identifier string `json:"dct:identifier"`
}

// Access is where consent is changed or a right is exercised.
type Access struct {
	Type []string `json:"@type"`
	// At is a URL.
	At string `json:"dpv:isExercisedAt"`
}

// Party is a controller or a recipient (section 8.4).
type Party struct {
	// Type is its role: dpv:DataController, dpv:DataProcessor, dpv:ThirdParty or
	// dpv:Recipient.
	Type       string         `json:"@type"`
	Name       string         `json:"dpv:hasName"`
	Identifier string         `json:"dpv:hasIdentifier"`
	Contacts   []ContactPoint `json:"schema:contactPoint"`
}

// ContactPoint is how a party is reached. One of a party's has an address.
type ContactPoint struct {
	Type    string  `json:"@type"`
	Address Address `json:"schema:address,omitzero"`
	Email   string  `json:"schema:email,omitempty"`
	Phone   string  `json:"schema:telephone,omitempty"`
	URL     string  `json:"schema:url,omitempty"`
}

// Address is a postal address.
type Address struct {
	Type string `json:"@type"`
	// Street is the whole address as it is written on a letter.
	Street  string          `json:"schema:streetAddress"`
	Country privacy.Country `json:"schema:addressCountry,omitempty"`
}

// ConsentStep is a thing that the subject said, an event of the ledger (section
// 8.5).
type ConsentStep struct {
	// Type is the state that the event led to, such as dpv:ConsentGiven. That of a
	// consent which nothing rests on is dpv:ConsentInvalidated.
	Type string `json:"@type"`
	// Basis is the type of consent: dpv:ExpressedConsent, or
	// dpv:ExplicitlyExpressedConsent.
	Basis Reference `json:"dpv:hasLegalBasis"`
	// At is when it happened, in UTC.
	At time.Time `json:"dpv:isIndicatedAtTime"`
	// Duration is how long it holds.
	Duration Duration `json:"dpv:hasDuration"`
	// By is who said it: dpv:DataSubject, or dpv:GuardianOfDataSubject and the like.
	By Reference `json:"dpv:isIndicatedBy"`
	// Method is the act and the channel.
	Method string `json:"dpv:hasIndicationMethod,omitempty"`
	// Event names the event, and Source its commitment, as an ni URI (RFC 6920).
	Event  string `json:"dct:identifier"`
	Source string `json:"dct:source"`
}
