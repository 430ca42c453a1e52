package receipt

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/labelop/privacykit/privacy"
)

// KantaraVersion is the version that a Kantara consent receipt 1.1 states.
const KantaraVersion = "KI-CR-v1.1.0"

// Kantara is a consent receipt in the form of the Kantara Initiative's
// specification 1.1, for exchange with systems that know no other. It is not
// signed, and says less than a Receipt: only what was consented to.
type Kantara struct {
	Version      string `json:"version"`
	Jurisdiction string `json:"jurisdiction"`
	// Timestamp is when consent was given, in seconds since 1970.
	Timestamp        int64               `json:"consentTimestamp"`
	CollectionMethod string              `json:"collectionMethod"`
	ID               string              `json:"consentReceiptID"`
	PublicKey        string              `json:"publicKey,omitempty"`
	Language         string              `json:"language,omitempty"`
	Principal        string              `json:"piiPrincipalId"`
	Controllers      []KantaraController `json:"piiControllers"`
	PolicyURL        string              `json:"policyUrl"`
	Services         []KantaraService    `json:"services"`
	Sensitive        bool                `json:"sensitive"`
	// SensitiveCategories are those of the categories that are sensitive; never null.
	SensitiveCategories []string `json:"spiCat"`
}

// KantaraController is a controller.
type KantaraController struct {
	Name     string         `json:"piiController"`
	OnBehalf bool           `json:"onBehalf,omitempty"`
	Contact  string         `json:"contact"`
	Address  KantaraAddress `json:"address"`
	Email    string         `json:"email"`
	Phone    string         `json:"phone"`
	URL      string         `json:"piiControllerUrl,omitempty"`
}

// KantaraAddress is a postal address, in terms of schema.org.
type KantaraAddress struct {
	Street  string `json:"streetAddress,omitempty"`
	Country string `json:"addressCountry,omitempty"`
}

// KantaraService is a service with the purposes that were consented to for it.
type KantaraService struct {
	Name     string           `json:"service"`
	Purposes []KantaraPurpose `json:"purposes"`
}

// KantaraPurpose is a purpose that was consented to.
type KantaraPurpose struct {
	Purpose string `json:"purpose,omitempty"`
	// Categories are the categories of the purpose.
	Categories []string `json:"purposeCategory"`
	// Type is "EXPLICIT" or "IMPLICIT".
	Type string `json:"consentType"`
	// Data are the categories of personal data.
	Data    []string `json:"piiCategory"`
	Primary bool     `json:"primaryPurpose,omitempty"`
	// Termination says when the consent or the processing ends.
	Termination string `json:"termination"`
	Disclosure  bool   `json:"thirdPartyDisclosure"`
	// ThirdParty is set with Disclosure only.
	ThirdParty string `json:"thirdPartyName,omitempty"`
}

// KantaraProfile is what a Kantara receipt says that a Receipt does not.
type KantaraProfile struct {
	// PolicyURL is where the notice can be read. Required.
	PolicyURL string
	// Service is the name of the service. Required.
	Service string
	// Jurisdiction is the ISO 3166-1 alpha-2 code of the country whose law
	// applies. Required.
	Jurisdiction privacy.Country
}

// Kantara returns the consents of the receipt that stand, in the form of Kantara's
// specification 1.1. The error matches privacy.ErrNotFound if none does, and is
// that of Kantara.Validate if the receipt lacks what is mandatory there, such as
// the controller's telephone number.
func (r Receipt) Kantara(profile KantaraProfile) (Kantara, error) {
	if err := r.Validate(); err != nil {
		return Kantara{}, err
	}
	k := Kantara{
		Version: KantaraVersion, Jurisdiction: string(profile.Jurisdiction), ID: r.Identifier, Principal: string(r.Records[0].Subject.Identifier),
		PolicyURL: profile.PolicyURL, SensitiveCategories: []string{},
	}
	service := KantaraService{Name: profile.Service}
	for _, record := range r.Records {
		last, stands := standing(record.Statuses)
		if !stands || ended(last, r.Created) {
			continue
		}
		if k.Controllers == nil {
			k.Language = record.Languages[0]
			for _, controller := range record.Controllers {
				k.Controllers = append(k.Controllers, kantaraController(controller))
			}
		}
		if k.Timestamp <= last.At.Unix() {
			k.Timestamp, k.CollectionMethod = last.At.Unix(), last.Method
		}
		for _, process := range record.Processes {
			service.Purposes = append(service.Purposes, k.purpose(process, last))
		}
	}
	if len(service.Purposes) == 0 {
		return Kantara{}, fmt.Errorf("receipt: no consent stands: %w", privacy.ErrNotFound)
	}
	k.Services = []KantaraService{service}
	k.Sensitive = len(k.SensitiveCategories) > 0
	return k, k.Validate()
}

// ended reports whether a consent had ended by itself.
func ended(step ConsentStep, at time.Time) bool {
	if step.Duration.Type != untilTime {
		return false
	}
	until, err := time.Parse(time.RFC3339, step.Duration.Value)
	return err != nil || !at.Before(until)
}

func kantaraController(party Party) KantaraController {
	k := KantaraController{Name: party.Name, Contact: party.Name}
	for _, contact := range party.Contacts {
		if contact.Address.Street != "" {
			k.Address = KantaraAddress{Street: contact.Address.Street, Country: string(contact.Address.Country)}
		}
		k.Email, k.Phone, k.URL = firstOf(k.Email, contact.Email), firstOf(k.Phone, contact.Phone), firstOf(k.URL, contact.URL)
	}
	return k
}

func firstOf(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// purpose also notes which categories are sensitive.
func (k *Kantara) purpose(process Process, step ConsentStep) KantaraPurpose {
	purpose := KantaraPurpose{Type: "EXPLICIT", Termination: firstOf(step.Duration.Value, "none")}
	for _, p := range process.Purposes {
		purpose.Purpose = firstOf(purpose.Purpose, p.Title)
		purpose.Categories = append(purpose.Categories, p.Identifier)
	}
	for _, data := range process.Data {
		purpose.Data = append(purpose.Data, data.Identifier)
		if data.Type == "dpv:SpecialCategoryPersonalData" && !slices.Contains(k.SensitiveCategories, data.Identifier) {
			k.SensitiveCategories = append(k.SensitiveCategories, data.Identifier)
		}
	}
	var names []string
	for _, recipient := range process.Recipients {
		if recipient.Type != "dpv:DataController" {
			names = append(names, recipient.Name)
		}
	}
	purpose.Disclosure, purpose.ThirdParty = len(names) > 0, strings.Join(names, "; ")
	return purpose
}

// Encode returns the canonical JSON (RFC 8785) of the receipt, with the errors of
// Validate.
func (k Kantara) Encode() ([]byte, error) {
	if err := k.Validate(); err != nil {
		return nil, err
	}
	return privacy.CanonicalJSON(k)
}

// ReadKantara reads a receipt of another system. It is lenient: members that it
// does not know are passed over, and what Validate would refuse is returned as
// problems beside the receipt, for the host to judge. The error matches
// privacy.ErrInvalid for what is no JSON object of that kind at all, or is longer
// than MaxSigned. The problems do not quote the subject.
func ReadKantara(data []byte) (Kantara, privacy.Problems, error) {
	errForm := fmt.Errorf("receipt: not a Kantara receipt: %w", privacy.ErrInvalid)
	if len(data) > MaxSigned {
		return Kantara{}, nil, errForm
	}
	canonical, err := privacy.CanonicalizeJSON(data)
	if err != nil || !bytes.HasPrefix(canonical, []byte("{")) {
		return Kantara{}, nil, errForm
	}
	var k Kantara
	if json.Unmarshal(canonical, &k) != nil {
		return Kantara{}, nil, errForm
	}
	return k, k.problems(), nil
}

// Validate checks the receipt against the specification's schema and the meaning
// of its fields, and reports all that is wrong as privacy.Problems.
func (k Kantara) Validate() error { return k.problems().Err() }

func (k Kantara) problems() privacy.Problems {
	v := &validator{}
	v.expect("version", k.Version == KantaraVersion, KantaraVersion)
	v.expect("jurisdiction", privacy.Country(k.Jurisdiction).Check() == nil, "an ISO 3166-1 alpha-2 code")
	v.expect("consentTimestamp", k.Timestamp > 0, "seconds since 1970")
	v.text("collectionMethod", k.CollectionMethod)
	v.text("consentReceiptID", k.ID)
	v.text("piiPrincipalId", k.Principal)
	v.iri("policyUrl", k.PolicyURL)
	each(v, "piiControllers", k.Controllers, func(path string, c KantaraController) {
		v.text(path+"piiController", c.Name)
		v.text(path+"contact", c.Contact)
		v.text(path+"address.streetAddress", c.Address.Street)
		v.text(path+"email", c.Email)
		v.text(path+"phone", c.Phone)
	})
	each(v, "services", k.Services, func(path string, s KantaraService) {
		v.text(path+"service", s.Name)
		each(v, path+"purposes", s.Purposes, v.kantaraPurpose)
	})
	v.expect("spiCat", k.SensitiveCategories != nil && k.Sensitive == (len(k.SensitiveCategories) > 0), "a list, empty unless sensitive")
	return v.problems
}

func (v *validator) kantaraPurpose(path string, p KantaraPurpose) {
	some := func(path string, text string) { v.text(strings.TrimSuffix(path, "."), text) }
	v.oneOf(path+"consentType", p.Type, "EXPLICIT", "IMPLICIT")
	each(v, path+"purposeCategory", p.Categories, some)
	each(v, path+"piiCategory", p.Data, some)
	v.text(path+"termination", p.Termination)
	v.expect(path+"thirdPartyName", p.Disclosure == (p.ThirdParty != ""), "a name where there is a disclosure, and only there")
}
