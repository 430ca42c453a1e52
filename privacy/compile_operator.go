package privacy

import (
	"fmt"
	"net/mail"
	"net/url"
	"slices"
)

// contactKinds are the constants of ContactKind.
var contactKinds = []ContactKind{ContactPrivacy, ContactDataProtectionOfficer, ContactRepresentative, ContactSecurity}

func (c *compiler) operator() {
	o := &c.d.Operator
	c.required("operator.name", o.Name, "the name of the operator")
	c.text("operator.legal_entity", o.LegalEntity)
	c.text("operator.address", o.Address)
	c.country("operator.country", o.Country)
	c.texts("services", c.d.Services, "the name of a service")
}

func (c *compiler) country(path string, country Country) {
	switch {
	case country == "":
		c.problems.Add(path, ProblemRequired, "a country is required")
	case country.Check() != nil:
		c.problems.Add(path, ProblemCountry, "%q is not a country code of ISO 3166-1 alpha-2", country)
	}
}

func (c *compiler) contacts() {
	hasPrivacy := false
	for i, contact := range c.d.Contacts {
		path := fmt.Sprintf("contacts[%d]", i)
		hasPrivacy = hasPrivacy || contact.Kind == ContactPrivacy
		c.contact(path, contact)
		if repeats(c.d.Contacts, i) {
			c.problems.Add(path, ProblemDuplicate, "the same contact is listed already")
		}
	}
	if !hasPrivacy {
		c.problems.Add("contacts", ProblemRequired, "a contact of kind %q is required", ContactPrivacy)
	}
}

func (c *compiler) contact(path string, contact Contact) {
	switch {
	case contact.Kind == "":
		c.problems.Add(path+".kind", ProblemRequired, "the kind of the contact is required")
	case !slices.Contains(contactKinds, contact.Kind):
		c.problems.Add(path+".kind", ProblemUnknown, "a contact is of one of the kinds %q", contactKinds)
	}
	if contact.Email == "" && contact.URL == "" && contact.Address == "" {
		c.problems.Add(path, ProblemRequired, "a contact needs a mail address, a URL or a postal address")
	}
	c.text(path+".name", contact.Name)
	c.text(path+".address", contact.Address)
	if contact.Email != "" && !isMailAddress(contact.Email) {
		c.problems.Add(path+".email", ProblemFormat, "a mail address has the form name@example.org")
	}
	if contact.URL != "" && !isWebAddress(contact.URL) {
		c.problems.Add(path+".url", ProblemFormat, "a web address starts with https:// or http:// and a host")
	}
}

// isMailAddress accepts a bare address, without a display name.
func isMailAddress(text string) bool {
	address, err := mail.ParseAddress(text)
	return err == nil && address.Address == text
}

func isWebAddress(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != ""
}

func (c *compiler) arrangements() {
	list := c.d.JointArrangements
	c.arrangement = indexByID(c, list, "joint_arrangements", func(a *JointArrangement) string { return a.ID })
	for i := range list {
		path := fmt.Sprintf("joint_arrangements[%d]", i)
		if len(list[i].Controllers) == 0 {
			c.problems.Add(path+".controllers", ProblemRequired, "at least one other controller is required")
		}
		c.texts(path+".controllers", list[i].Controllers, "the name of a controller")
		c.required(path+".essence", list[i].Essence, "the essence of the arrangement (Art. 26(2))")
		c.text(path+".contact", list[i].Contact)
	}
}
