package privacy_test

import (
	"fmt"
	"strings"

	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/privacytest"
)

// newsletter declares a service that does one thing.
func newsletter() privacy.Declaration {
	return privacy.Declaration{
		Operator: privacy.Operator{Name: "Daily Letter", LegalEntity: "Daily Letter GmbH", Address: "Example Street 1, Berlin", Country: "DE"},
		Services: []string{"Daily Letter"},
		Contacts: []privacy.Contact{{Kind: privacy.ContactPrivacy, Email: "privacy@letter.example"}},
		Categories: []privacy.Category{
			{ID: "account", Title: "Account data", Role: privacy.RoleController, Measures: privacy.NewMeasureSet(privacy.MeasureAccessControl)},
			{ID: "account.email", Title: "Mail address", Measures: privacy.NewMeasureSet(privacy.MeasureLogRedaction)},
		},
		Purposes: []privacy.Purpose{{
			ID: "news", Title: "Send the letter", DirectMarketing: true, MinimumNotice: 1,
			Bases: []privacy.PurposeBasis{
				{Basis: privacy.BasisConsent},
				{Basis: privacy.BasisLegitimateInterests, Interest: "Keeping readers", Jurisdictions: []privacy.Jurisdiction{"US"}},
			},
		}},
		Recipients: []privacy.Recipient{{
			ID: "mailer", Title: "Mail provider", Kind: privacy.RecipientProcessor,
			Locations: []privacy.RecipientLocation{{Country: "US", Mechanism: privacy.TransferSCC, Reference: "module 2, signed 2026-02-01"}},
		}},
		Systems: []privacy.System{{ID: "readers", Title: "Reader database", Categories: []privacy.CategoryID{"account"}, SubjectKey: "reader_id"}},
		Activities: []privacy.Activity{{
			ID: "mailing", Title: "Mailing", Purpose: "news", Role: privacy.RoleController,
			Subjects:   []string{"Readers"},
			Categories: []privacy.CategoryID{"account.email"},
			Operations: []privacy.Operation{privacy.OperationStore, privacy.OperationUse, privacy.OperationDisclose},
			Recipients: []privacy.RecipientID{"mailer"},
			Retention:  privacy.RetentionLimit{Criteria: "until consent is withdrawn"},
		}},
	}
}

func ExampleCompile() {
	register, err := privacy.Compile(newsletter())
	if err != nil {
		fmt.Println(err)
		return
	}
	basis, ok := register.BasisFor("news", "FR")
	fmt.Println("basis in France:", basis.Basis, ok)
	fmt.Println("measures:", register.MeasuresFor("mailing"))
	fmt.Println("transfer to the US:", register.IsTransfer("US"))
	for _, finding := range register.Findings() {
		fmt.Println(finding)
	}
	// Output:
	// basis in France: consent true
	// measures: access_control,log_redaction
	// transfer to the US: true
	// contacts: no data protection officer is named; check that none is required (no_data_protection_officer, GDPR Art. 37(1))
	// purposes[0].bases[1]: direct marketing may rest on legitimate interests (recital 47), but electronic messages mostly need consent (Directive 2002/58/EC Art. 13) (marketing_by_interests, GDPR Art. 21(2))
}

func ExampleCompile_problems() {
	declaration := newsletter()
	declaration.Operator.Country = "Germany"
	declaration.Purposes[0].Bases = nil
	declaration.Activities[0].Categories = []privacy.CategoryID{"account.phone"}
	_, err := privacy.Compile(declaration)
	fmt.Println(err)
	// Output:
	// 3 problems
	// 	operator.country: "Germany" is not a country code of ISO 3166-1 alpha-2 (country)
	// 	activities[0].categories[0]: no category "account.phone" is declared (unknown_reference)
	// 	purposes[0].bases: controller activity "mailing" pursues the purpose, which needs a legal basis (Art. 6(1)) (basis_missing)
}

func ExampleParseDeclaration() {
	_, err := privacy.ParseDeclaration([]byte(`{
		"operator": {"name": "Daily Letter", "country": "DE"},
		"purposes": [{"id": "news", "bases": [{"basis": "agreement"}]}],
		"activity": []
	}`))
	fmt.Println(err)
	// Output:
	// 2 problems
	// 	purposes[0].bases[0].basis: unknown legal basis, want one of consent, contract, legal_obligation, vital_interests, public_task, legitimate_interests, recognised_legitimate_interest (type)
	// 	activity: a declaration has no such member (unknown_field)
}

// A purpose of the operator's own on data that customers entrusted to it does
// not compile, unless the declaration says why (GDPR Art. 28(10)).
func ExampleCompile_ownPurpose() {
	declaration := privacytest.Declaration()
	monitoring := &declaration.Activities[1]
	monitoring.Categories = append(monitoring.Categories, "content.images")
	_, err := privacy.Compile(declaration)
	fmt.Println(err)
	// Output:
	// 1 problem
	// 	activities[1].own_purpose_reason: "content.images" is held as processor: deciding on a purpose for it makes the operator a controller, and the declaration must say why (Art. 28(10)) (own_purpose)
}

func ExampleRegister_ControllerRecord() {
	register, err := privacy.Compile(newsletter())
	if err != nil {
		fmt.Println(err)
		return
	}
	record := register.ControllerRecord()
	for _, activity := range record.Activities {
		fmt.Println(activity.Title, "for", activity.Purpose.Title)
		for _, transfer := range activity.Transfers {
			fmt.Println("transfer to", transfer.Title, "in", transfer.Country, "by", transfer.Mechanism)
		}
		fmt.Println("kept", activity.Retention.Criteria)
	}
	// Output:
	// Mailing for Send the letter
	// transfer to Mail provider in US by scc
	// kept until consent is withdrawn
}

func ExampleProcessorRecord_WriteCSV() {
	register, err := privacy.Compile(privacytest.Declaration())
	if err != nil {
		fmt.Println(err)
		return
	}
	record, err := register.ProcessorRecord([]privacy.ProcessorCustomer{
		{Tenant: "clinic", Name: "Clinic", Contact: "privacy@clinic.example", Activities: []privacy.ActivityID{"suggestions"}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	var table strings.Builder
	if err := record.WriteCSV(&table); err != nil {
		fmt.Println(err)
	}
	fmt.Println(strings.ReplaceAll(table.String(), "\r", ""))
	// Output:
	// Processor (a),Contact details (a),Representative (a),Data protection officer (a),Controller (a),Controller's contact details (a),Controller's representative (a),Controller's data protection officer (a),Category of processing (b),Purpose,Operations (b),Categories of data subjects,Categories of personal data,Sub-processors and other recipients (a),Transfers to third countries and safeguards (c),Security measures (d)
	// LabelOp; LabelOp Fictional GmbH,"Musterstrasse 1, 10115 Berlin, Germany; DE; privacy@labelop.example",,"Data protection officer, dpo@labelop.example",Clinic,privacy@clinic.example,,,Labels suggested by a model,Suggest labels with a model on the customer's instructions,Use; Derive; Disclose,People in customers' content,Images; Annotations and labels,"Hosting provider (Sub-processor in DE, NO); Model provider (Sub-processor in US)","US: Model provider (Standard contractual clauses, GDPR Art. 46(2)(c), Implementing Decision (EU) 2021/914, module 3, signed 2026-01-15)",Encryption at rest; Data minimisation; Segregation; Human review
}
