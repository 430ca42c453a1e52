package privacytest

import "github.com/labelop/privacykit/privacy"

// Declaration returns the declaration of a fictional annotation service, new at
// every call: small, but with both roles, the legal bases a service commonly
// has, special categories in either role, a sub-processor in a third country, a
// minimum age and direct marketing. It compiles without a finding.
//
// Tests change what they are about and compile the result.
func Declaration() privacy.Declaration {
	return privacy.Declaration{
		Operator: privacy.Operator{
			Name:        "LabelOp",
			LegalEntity: "LabelOp Fictional GmbH",
			Address:     "Musterstrasse 1, 10115 Berlin, Germany",
			Country:     "DE",
		},
		Services:   []string{"LabelOp annotation service"},
		Contacts:   contacts(),
		Categories: categories(),
		Purposes:   purposes(),
		Recipients: recipients(),
		Systems:    systems(),
		Activities: append(controllerActivities(), processorActivities()...),
	}
}

func contacts() []privacy.Contact {
	return []privacy.Contact{
		{Kind: privacy.ContactPrivacy, Email: "privacy@labelop.example"},
		{Kind: privacy.ContactDataProtectionOfficer, Name: "Data protection officer", Email: "dpo@labelop.example"},
		{Kind: privacy.ContactSecurity, Email: "security@labelop.example", URL: "https://labelop.example/security"},
	}
}

func categories() []privacy.Category {
	return []privacy.Category{
		{ID: "account", Title: "Account data", Role: privacy.RoleController, Measures: privacy.NewMeasureSet(privacy.MeasureAccessControl, privacy.MeasureEncryptionInTransit)},
		{ID: "account.name", Title: "Name"},
		{ID: "account.email", Title: "Mail address", Measures: privacy.NewMeasureSet(privacy.MeasureLogRedaction)},
		{ID: "account.accessibility", Title: "Accessibility needs", Special: true, Measures: privacy.NewMeasureSet(privacy.MeasureEncryptionAtRest)},
		{ID: "usage", Title: "Usage and device data", Role: privacy.RoleController, Measures: privacy.NewMeasureSet(privacy.MeasurePseudonymisation)},
		{ID: "billing", Title: "Billing and transaction data", Role: privacy.RoleController, Measures: privacy.NewMeasureSet(privacy.MeasureAccessLogging)},
		{ID: "content", Title: "Customer content", Role: privacy.RoleProcessor, Measures: privacy.NewMeasureSet(privacy.MeasureSegregation, privacy.MeasureEncryptionAtRest)},
		{ID: "content.images", Title: "Images"},
		{ID: "content.labels", Title: "Annotations and labels"},
		{ID: "content.health", Title: "Medical images", Special: true, Measures: privacy.NewMeasureSet(privacy.MeasureRedaction)},
	}
}

func purposes() []privacy.Purpose {
	return []privacy.Purpose{
		{
			ID: "service", Title: "Provide the service and manage accounts",
			Bases: []privacy.PurposeBasis{{Basis: privacy.BasisContract}},
		},
		{
			ID: "security", Title: "Keep the service secure",
			Bases: []privacy.PurposeBasis{{Basis: privacy.BasisLegitimateInterests, Interest: "Preventing abuse of and attacks on the service"}},
		},
		{
			ID: "accounting", Title: "Keep books and records",
			Bases: []privacy.PurposeBasis{{Basis: privacy.BasisLegalObligation, Law: "Fiscal Code of Germany (AO) s. 147"}},
		},
		{
			ID: "marketing", Title: "Send news about the service",
			Bases:           []privacy.PurposeBasis{{Basis: privacy.BasisConsent}},
			DirectMarketing: true,
			OptOuts:         privacy.NewOptOutSet(privacy.OptOutTargetedAdvertising),
			MinimumNotice:   1,
		},
		{
			ID: "accessibility", Title: "Adapt the service to accessibility needs",
			Bases:         []privacy.PurposeBasis{{Basis: privacy.BasisConsent, Condition: privacy.ConditionExplicitConsent}},
			OptOuts:       privacy.NewOptOutSet(privacy.OptOutSensitiveData),
			MinimumNotice: 1,
		},
		{ID: "annotation", Title: "Annotate content on the customer's instructions"},
		{ID: "assistance", Title: "Suggest labels with a model on the customer's instructions"},
	}
}

func recipients() []privacy.Recipient {
	return []privacy.Recipient{
		{ID: "payments", Title: "Payment provider", Kind: privacy.RecipientProcessor, Locations: []privacy.RecipientLocation{{Country: "IE"}}},
		{ID: "hosting", Title: "Hosting provider", Kind: privacy.RecipientSubProcessor, Locations: []privacy.RecipientLocation{{Country: "DE"}, {Country: "NO"}}},
		{ID: "model", Title: "Model provider", Kind: privacy.RecipientSubProcessor, Locations: []privacy.RecipientLocation{
			{Country: "US", Mechanism: privacy.TransferSCC, Reference: "Implementing Decision (EU) 2021/914, module 3, signed 2026-01-15"},
		}},
		{ID: "tax", Title: "Tax authority", Kind: privacy.RecipientAuthority, Locations: []privacy.RecipientLocation{{Country: "DE"}}},
	}
}

func systems() []privacy.System {
	return []privacy.System{
		{ID: "database", Title: "Account database", Categories: []privacy.CategoryID{"account", "usage"}, SubjectKey: "account_id"},
		{ID: "ledger", Title: "Billing ledger", Categories: []privacy.CategoryID{"billing"}, SubjectKey: "account_id"},
		{ID: "objects", Title: "Content store", Categories: []privacy.CategoryID{"content"}, SubjectKey: "workspace_id", Recipient: "hosting"},
	}
}

func controllerActivities() []privacy.Activity {
	return []privacy.Activity{
		{
			ID: "accounts", Title: "Account management", Purpose: "service", Role: privacy.RoleController,
			Subjects:   []string{"Account holders"},
			Categories: []privacy.CategoryID{"account.name", "account.email"},
			Operations: []privacy.Operation{privacy.OperationCollect, privacy.OperationStore, privacy.OperationUse, privacy.OperationErase},
			Retention:  privacy.RetentionLimit{Period: privacy.Period{Days: 30}, After: "account closed"},
			MinimumAge: privacy.MinimumAge{Years: 18, Unknown: privacy.UnknownAgeDeclared},
		},
		{
			ID: "monitoring", Title: "Security monitoring", Purpose: "security", Role: privacy.RoleController,
			Subjects:   []string{"Account holders", "Visitors"},
			Categories: []privacy.CategoryID{"usage"},
			Operations: []privacy.Operation{privacy.OperationCollect, privacy.OperationStore, privacy.OperationUse},
			Retention:  privacy.RetentionLimit{Period: privacy.Period{Months: 6}, After: "event recorded"},
		},
		{
			ID: "bookkeeping", Title: "Bookkeeping", Purpose: "accounting", Role: privacy.RoleController,
			Subjects:   []string{"Paying customers"},
			Categories: []privacy.CategoryID{"billing"},
			Operations: []privacy.Operation{privacy.OperationStore, privacy.OperationUse, privacy.OperationDisclose},
			Recipients: []privacy.RecipientID{"payments", "tax"},
			Retention:  privacy.RetentionLimit{Period: privacy.Period{Years: 8}, After: "end of the calendar year of the voucher", Law: "Fiscal Code of Germany (AO) s. 147(3)"},
		},
		{
			ID: "newsletter", Title: "Newsletter", Purpose: "marketing", Role: privacy.RoleController,
			Subjects:   []string{"Account holders"},
			Categories: []privacy.CategoryID{"account.email"},
			Operations: []privacy.Operation{privacy.OperationUse},
			Retention:  privacy.RetentionLimit{Criteria: "until consent is withdrawn"},
			MinimumAge: privacy.MinimumAge{Years: 18, Unknown: privacy.UnknownAgeDeny},
		},
		{
			ID: "adaptation", Title: "Accessibility settings", Purpose: "accessibility", Role: privacy.RoleController,
			Subjects:   []string{"Account holders"},
			Categories: []privacy.CategoryID{"account.accessibility"},
			Operations: []privacy.Operation{privacy.OperationStore, privacy.OperationUse},
			Retention:  privacy.RetentionLimit{Criteria: "until consent is withdrawn"},
			MinimumAge: privacy.MinimumAge{Years: 18},
		},
	}
}

func processorActivities() []privacy.Activity {
	return []privacy.Activity{
		{
			ID: "labelling", Title: "Annotation by people", Purpose: "annotation", Role: privacy.RoleProcessor,
			Subjects:   []string{"People in customers' content"},
			Categories: []privacy.CategoryID{"content"},
			Operations: []privacy.Operation{privacy.OperationStore, privacy.OperationUse, privacy.OperationAlter, privacy.OperationDisclose, privacy.OperationExport, privacy.OperationErase},
			Recipients: []privacy.RecipientID{"hosting"},
			Measures:   privacy.NewMeasureSet(privacy.MeasureConfidentialityCommitment),
		},
		{
			ID: "suggestions", Title: "Labels suggested by a model", Purpose: "assistance", Role: privacy.RoleProcessor,
			Subjects:   []string{"People in customers' content"},
			Categories: []privacy.CategoryID{"content.images", "content.labels"},
			Operations: []privacy.Operation{privacy.OperationUse, privacy.OperationDerive, privacy.OperationDisclose},
			Recipients: []privacy.RecipientID{"hosting", "model"},
			Measures:   privacy.NewMeasureSet(privacy.MeasureHumanReview, privacy.MeasureMinimisation),
		},
	}
}
