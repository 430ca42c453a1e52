package privacy

import (
	"encoding/hex"
	"slices"
)

// RecordParty is the operator as a record of processing names it (GDPR
// Art. 30(1)(a), 30(2)(a)).
type RecordParty struct {
	Name        string  `json:"name"`
	LegalEntity string  `json:"legal_entity,omitempty"`
	Address     string  `json:"address,omitempty"`
	Country     Country `json:"country"`
	// Contacts are the contacts for data protection.
	Contacts []Contact `json:"contacts"`
	// Representatives are those of Art. 27.
	Representatives []Contact `json:"representatives,omitempty"`
	// DataProtectionOfficers are those of Art. 37.
	DataProtectionOfficers []Contact `json:"data_protection_officers,omitempty"`
}

// ControllerRecord is the record of processing activities of a controller (GDPR
// Art. 30(1)), made from a Register by ControllerRecord. Its JSON and CSV hold
// every item that the article demands, and the legal bases, which it does not.
type ControllerRecord struct {
	// Register is the hash of the register in hexadecimal.
	Register string `json:"register"`
	// Controller is the controller with its contacts (point (a)).
	Controller RecordParty `json:"controller"`
	// Activities are the controller and joint-controller activities.
	Activities []ControllerRecordActivity `json:"activities"`
}

// ControllerRecordActivity is one processing activity of a controller.
type ControllerRecordActivity struct {
	ID    ActivityID `json:"id"`
	Title string     `json:"title"`
	Role  Role       `json:"role"`
	// JointControllers are the other controllers (point (a)).
	JointControllers []string `json:"joint_controllers,omitempty"`
	// Purpose is the purpose of the processing (point (b)).
	Purpose RecordPurpose `json:"purpose"`
	// Bases are the legal bases relied on.
	Bases []PurposeBasis `json:"legal_bases"`
	// Subjects are the categories of data subjects (point (c)).
	Subjects []string `json:"subjects"`
	// Categories are the categories of personal data (point (c)).
	Categories []RecordCategory `json:"categories"`
	// Operations are what is done with the data.
	Operations []Operation `json:"operations"`
	// Recipients are the categories of recipients, also in third countries
	// (point (d)).
	Recipients []RecordRecipient `json:"recipients,omitempty"`
	// Transfers are the transfers to third countries and their safeguards
	// (point (e)).
	Transfers []RecordTransfer `json:"transfers,omitempty"`
	// Retention holds the envisaged time limits for erasure (point (f)).
	Retention RetentionLimit `json:"retention"`
	// Measures are the technical and organisational security measures (point (g)).
	Measures MeasureSet `json:"measures"`
	// AutomatedDecision says that the activity takes decisions of Art. 22(1).
	AutomatedDecision bool `json:"automated_decision,omitempty"`
}

// RecordPurpose names a purpose in a record.
type RecordPurpose struct {
	ID          PurposeID `json:"id"`
	Title       string    `json:"title"`
	Description string    `json:"description,omitempty"`
}

// RecordCategory names a category of personal data in a record.
type RecordCategory struct {
	ID    CategoryID `json:"id"`
	Title string     `json:"title"`
	// Special says that the category is, or holds, special categories of
	// personal data (Art. 9(1)).
	Special bool `json:"special,omitempty"`
}

// RecordRecipient names a recipient in a record.
type RecordRecipient struct {
	ID        RecipientID   `json:"id"`
	Title     string        `json:"title"`
	Kind      RecipientKind `json:"kind"`
	Countries []Country     `json:"countries"`
}

// RecordTransfer is a transfer to a third country in a record.
type RecordTransfer struct {
	Recipient RecipientID       `json:"recipient"`
	Title     string            `json:"title"`
	Country   Country           `json:"country"`
	Mechanism TransferMechanism `json:"mechanism"`
	Reference string            `json:"reference,omitempty"`
}

// ControllerRecord returns the record of the operator's processing as
// controller (GDPR Art. 30(1)), one entry for each controller and
// joint-controller activity in the order of the declaration.
func (r *Register) ControllerRecord() ControllerRecord {
	record := ControllerRecord{
		Register:   r.hashText(),
		Controller: r.recordParty(),
		Activities: []ControllerRecordActivity{},
	}
	for i := range r.declaration.Activities {
		if a := &r.declaration.Activities[i]; a.Role.isController() {
			record.Activities = append(record.Activities, r.controllerActivity(a))
		}
	}
	return record
}

func (r *Register) controllerActivity(a *Activity) ControllerRecordActivity {
	arrangement, _ := r.JointArrangement(a.JointArrangement)
	purpose, _ := r.Purpose(a.Purpose)
	return ControllerRecordActivity{
		ID:                a.ID,
		Title:             a.Title,
		Role:              a.Role,
		JointControllers:  arrangement.Controllers,
		Purpose:           RecordPurpose{ID: purpose.ID, Title: purpose.Title, Description: purpose.Description},
		Bases:             purpose.Bases,
		Subjects:          slices.Clone(a.Subjects),
		Categories:        r.recordCategories(a),
		Operations:        slices.Clone(a.Operations),
		Recipients:        r.recordRecipients(a),
		Transfers:         r.recordTransfers(a),
		Retention:         a.Retention,
		Measures:          r.MeasuresFor(a.ID),
		AutomatedDecision: a.AutomatedDecision,
	}
}

// hashText returns the hash in hexadecimal, as evidence quotes it.
func (r *Register) hashText() string { return hex.EncodeToString(r.hash[:]) }

func (r *Register) recordParty() RecordParty {
	o := r.declaration.Operator
	return RecordParty{
		Name:                   o.Name,
		LegalEntity:            o.LegalEntity,
		Address:                o.Address,
		Country:                o.Country,
		Contacts:               r.Contacts(ContactPrivacy),
		Representatives:        r.Contacts(ContactRepresentative),
		DataProtectionOfficers: r.Contacts(ContactDataProtectionOfficer),
	}
}

func (r *Register) recordCategories(a *Activity) []RecordCategory {
	categories := make([]RecordCategory, 0, len(a.Categories))
	for _, id := range a.Categories {
		i := r.category[id]
		_, special := r.tree.find(i, isSpecial)
		categories = append(categories, RecordCategory{ID: id, Title: r.tree.effective[i].Title, Special: special})
	}
	return categories
}

func (r *Register) recordRecipients(a *Activity) []RecordRecipient {
	var recipients []RecordRecipient
	for _, id := range a.Recipients {
		declared := &r.declaration.Recipients[r.recipient[id]]
		recipient := RecordRecipient{ID: id, Title: declared.Title, Kind: declared.Kind}
		for _, location := range declared.Locations {
			recipient.Countries = append(recipient.Countries, location.Country)
		}
		recipients = append(recipients, recipient)
	}
	return recipients
}

func (r *Register) recordTransfers(a *Activity) []RecordTransfer {
	var transfers []RecordTransfer
	for _, id := range a.Recipients {
		recipient := &r.declaration.Recipients[r.recipient[id]]
		for _, location := range recipient.Locations {
			if !r.IsTransfer(location.Country) {
				continue
			}
			transfers = append(transfers, RecordTransfer{
				Recipient: id,
				Title:     recipient.Title,
				Country:   location.Country,
				Mechanism: location.Mechanism,
				Reference: location.Reference,
			})
		}
	}
	return transfers
}
