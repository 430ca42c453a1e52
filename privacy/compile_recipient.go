package privacy

import "fmt"

func (c *compiler) recipients() {
	list := c.d.Recipients
	c.recipient = indexByID(c, list, "recipients", func(recipient *Recipient) RecipientID { return recipient.ID })
	for i := range list {
		recipient := &list[i]
		path := fmt.Sprintf("recipients[%d]", i)
		c.required(path+".title", recipient.Title, "the title of the recipient")
		switch {
		case recipient.Kind == 0:
			c.problems.Add(path+".kind", ProblemRequired, "the kind of the recipient is required")
		case !recipient.Kind.Valid():
			c.problems.Add(path+".kind", ProblemUnknown, "the kind of recipient does not exist")
		}
		c.locations(path+".locations", recipient.Locations)
	}
}

func (c *compiler) locations(path string, locations []RecipientLocation) {
	if len(locations) == 0 {
		c.problems.Add(path, ProblemRequired, "at least one country where the recipient processes the data is required")
	}
	seen := make(map[Country]bool, len(locations))
	for i := range locations {
		location := &locations[i]
		entry := fmt.Sprintf("%s[%d]", path, i)
		c.country(entry+".country", location.Country)
		c.text(entry+".reference", location.Reference)
		if location.Country != "" && seen[location.Country] {
			c.problems.Add(entry+".country", ProblemDuplicate, "country %q is listed already", location.Country)
		}
		seen[location.Country] = true
		c.mechanism(entry+".mechanism", location)
	}
}

// mechanism checks what makes disclosing to a location lawful. Where a country
// is no country, that problem alone is reported.
func (c *compiler) mechanism(path string, location *RecipientLocation) {
	home, mechanism := c.d.Operator.Country, location.Mechanism
	if mechanism != 0 && !mechanism.Valid() {
		c.problems.Add(path, ProblemUnknown, "the transfer mechanism does not exist")
		return
	}
	if home.Check() != nil || location.Country.Check() != nil || !c.law.isTransfer(home, location.Country) {
		return
	}
	if mechanism == 0 || mechanism == TransferNone {
		c.problems.Add(path, ProblemMechanismMissing, "disclosing to %s is a transfer to a third country as seen from %s and needs a mechanism (Art. 44)", location.Country, home)
		return
	}
	if regime := c.law.regimeOf(home); !c.law.transfers.knows(regime, mechanism) {
		c.problems.Add(path, ProblemMechanismUnavailable, "the law on transfers that an operator in %s is under (%q) does not know the mechanism %q", home, regime, mechanism)
	}
}

func (c *compiler) systems() {
	list := c.d.Systems
	c.system = indexByID(c, list, "systems", func(system *System) SystemID { return system.ID })
	for i := range list {
		system := &list[i]
		path := fmt.Sprintf("systems[%d]", i)
		c.required(path+".title", system.Title, "the title of the system")
		c.text(path+".subject_key", system.SubjectKey)
		if len(system.Categories) == 0 {
			c.problems.Add(path+".categories", ProblemRequired, "at least one category that the system holds is required")
		}
		resolveAll(c, path+".categories", system.Categories, c.category, "category")
		if system.Recipient != "" {
			resolve(c, path+".recipient", system.Recipient, c.recipient, "recipient")
		}
	}
}
