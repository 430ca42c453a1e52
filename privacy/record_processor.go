package privacy

import (
	"fmt"
	"slices"
)

// ProcessorCustomer is a controller on whose behalf the operator processes, as
// the host knows it: a tenant. Only Name and Contact are required.
type ProcessorCustomer struct {
	// Tenant is the identifier of the customer in the service.
	Tenant TenantID `json:"tenant,omitempty"`
	// Name is the name of the controller.
	Name string `json:"name"`
	// Contact holds its contact details: an address, a mail address or both.
	Contact string `json:"contact"`
	// Representative is the name and contact of its representative (Art. 27), if
	// it has one.
	Representative string `json:"representative,omitempty"`
	// DataProtectionOfficer is the name and contact of its officer (Art. 37), if
	// it has one.
	DataProtectionOfficer string `json:"data_protection_officer,omitempty"`
	// Activities are the processor activities carried out for the customer; empty
	// means all that are declared. In a record they are always listed.
	Activities []ActivityID `json:"activities,omitempty"`
}

// ProcessorRecord is the record of all categories of processing carried out on
// behalf of controllers (GDPR Art. 30(2)), made from a Register by
// ProcessorRecord. Its JSON and CSV hold every item that the article demands.
type ProcessorRecord struct {
	// Register is the hash of the register in hexadecimal.
	Register string `json:"register"`
	// Processor is the processor with its contacts (point (a)).
	Processor RecordParty `json:"processor"`
	// Customers are the controllers (point (a)), each with the activities carried
	// out on its behalf (point (b)).
	Customers []ProcessorCustomer `json:"customers"`
	// Activities are the processor activities.
	Activities []ProcessorRecordActivity `json:"activities"`
}

// ProcessorRecordActivity is one category of processing on behalf of
// controllers.
type ProcessorRecordActivity struct {
	ID    ActivityID `json:"id"`
	Title string     `json:"title"`
	// Purpose is what the customers have the data processed for.
	Purpose RecordPurpose `json:"purpose"`
	// Operations are what is done with the data (point (b)).
	Operations []Operation `json:"operations"`
	// Subjects are the categories of data subjects.
	Subjects []string `json:"subjects"`
	// Categories are the categories of personal data.
	Categories []RecordCategory `json:"categories"`
	// Recipients are the sub-processors and other recipients (points (a), (c)).
	Recipients []RecordRecipient `json:"recipients,omitempty"`
	// Transfers are the transfers to third countries and their safeguards
	// (point (c)).
	Transfers []RecordTransfer `json:"transfers,omitempty"`
	// Measures are the technical and organisational security measures (point (d)).
	Measures MeasureSet `json:"measures"`
}

// ProcessorRecord returns the record of the operator's processing as processor
// (GDPR Art. 30(2)) for the given customers. The error is Problems, which match
// ErrInvalid, with paths such as "customers[3].name": a customer without a name
// or contact, one given twice, or an activity that is not a declared processor
// activity. It never quotes a customer.
func (r *Register) ProcessorRecord(customers []ProcessorCustomer) (ProcessorRecord, error) {
	record := ProcessorRecord{
		Register:   r.hashText(),
		Processor:  r.recordParty(),
		Customers:  cloneEach(notNil(customers), ProcessorCustomer.clone),
		Activities: []ProcessorRecordActivity{},
	}
	var all []ActivityID
	for i := range r.declaration.Activities {
		if a := &r.declaration.Activities[i]; a.Role == RoleProcessor {
			record.Activities = append(record.Activities, r.processorActivity(a))
			all = append(all, a.ID)
		}
	}
	if err := checkCustomers(customers, all); err != nil {
		return ProcessorRecord{}, err
	}
	for i := range record.Customers {
		if len(record.Customers[i].Activities) == 0 {
			record.Customers[i].Activities = slices.Clone(all)
		}
	}
	return record, nil
}

func (c ProcessorCustomer) clone() ProcessorCustomer {
	c.Activities = slices.Clone(c.Activities)
	return c
}

func checkCustomers(customers []ProcessorCustomer, activities []ActivityID) error {
	var problems Problems
	tenants := make(map[TenantID]bool)
	for i, customer := range customers {
		path := fmt.Sprintf("customers[%d]", i)
		if customer.Name == "" {
			problems.Add(path+".name", ProblemRequired, "the name of the controller is required (Art. 30(2)(a))")
		}
		if customer.Contact == "" {
			problems.Add(path+".contact", ProblemRequired, "the contact details of the controller are required (Art. 30(2)(a))")
		}
		if customer.Tenant != "" && tenants[customer.Tenant] {
			problems.Add(path+".tenant", ProblemDuplicate, "the tenant is listed already")
		}
		tenants[customer.Tenant] = true
		for j, activity := range customer.Activities {
			entry := fmt.Sprintf("%s.activities[%d]", path, j)
			if !slices.Contains(activities, activity) {
				problems.Add(entry, ProblemUnknownReference, "no processor activity of this name is declared")
			} else if repeats(customer.Activities, j) {
				problems.Add(entry, ProblemDuplicate, "the activity is listed already")
			}
		}
	}
	return problems.Err()
}

func (r *Register) processorActivity(a *Activity) ProcessorRecordActivity {
	purpose, _ := r.Purpose(a.Purpose)
	return ProcessorRecordActivity{
		ID:         a.ID,
		Title:      a.Title,
		Purpose:    RecordPurpose{ID: purpose.ID, Title: purpose.Title, Description: purpose.Description},
		Operations: slices.Clone(a.Operations),
		Subjects:   slices.Clone(a.Subjects),
		Categories: r.recordCategories(a),
		Recipients: r.recordRecipients(a),
		Transfers:  r.recordTransfers(a),
		Measures:   r.MeasuresFor(a.ID),
	}
}
