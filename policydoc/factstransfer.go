package policydoc

import (
	"strings"

	"github.com/labelop/privacykit/privacy"
)

// FactsOptions adjust FactsFor. The zero value takes the declaration's word.
type FactsOptions struct {
	// Transfers says what transfers to third countries rely on. Nil leaves it at
	// the mechanisms that are declared.
	Transfers TransferJudge
	// On is the day that Transfers is asked about. Of the zero Date it finds
	// nothing lawful.
	On privacy.Date
}

// TransferJudge knows whether a disclosure to a country is lawful under Chapter
// V of the GDPR, and what makes it so. It is the judge of the gate, so that the
// policy tells what the gate goes by.
type TransferJudge interface {
	// JudgeTransfer returns the mechanism that a disclosure to a recipient in a
	// country relies on on a day, and whether it is allowed.
	JudgeTransfer(recipient privacy.RecipientID, country privacy.Country, on privacy.Date) (privacy.TransferMechanism, bool)
}

// The attributes of a transfer.
const (
	// attributeMechanism is what the transfer relies on.
	attributeMechanism = "mechanism"
	// attributeDeclared is what is declared where that is something else.
	attributeDeclared = "declared"
	// attributeRefused are the recipients that no mechanism permits to disclose to.
	attributeRefused = "refused"
)

// transfer adds what is known of the disclosure to a recipient in a country.
func (b *factBuilder) transfer(recipient privacy.RecipientID, location privacy.RecipientLocation, path string) {
	f := b.add(KindTransfer+":"+string(location.Country), string(location.Country), path)
	f.set("recipient", string(recipient))
	if b.options.Transfers == nil {
		f.set(attributeMechanism, location.Mechanism.String())
		return
	}
	mechanism, allowed := b.options.Transfers.JudgeTransfer(recipient, location.Country, b.options.On)
	if !allowed {
		f.set(attributeRefused, string(recipient))
		return
	}
	f.set(attributeMechanism, mechanism.String())
	if mechanism != location.Mechanism {
		f.set(attributeDeclared, location.Mechanism.String())
	}
}

// transferFindings are where the text cannot be right about a transfer.
func transferFindings(f Fact, disclosures []placed) []Finding {
	if f.Kind() != KindTransfer {
		return nil
	}
	at := Finding{Ref: f.Ref, Path: f.Path}
	for _, p := range disclosures {
		if p.Ref == f.Ref {
			at.Section, at.Line = p.section, p.Line
			break
		}
	}
	var out []Finding
	if refused := f.Attributes[attributeRefused]; len(refused) > 0 {
		unlawful := at
		unlawful.Code, unlawful.Article = FindingTransferUnlawful, "GDPR Art. 44"
		unlawful.Detail = "no mechanism permits to disclose to " + strings.Join(refused, ", ")
		out = append(out, unlawful)
	}
	if declared := f.Attributes[attributeDeclared]; len(declared) > 0 {
		other := at
		other.Code, other.Article = FindingTransferMechanism, articleOf[KindTransfer]
		other.Detail = "declared to rely on " + strings.Join(declared, ", ") + ", and it relies on " + strings.Join(f.Attributes[attributeMechanism], ", ")
		out = append(out, other)
	}
	return out
}
