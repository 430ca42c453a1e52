package consent

// Notice identifies the exact text that a subject was shown.
type Notice struct {
	// Document names the notice, for example "privacy-policy".
	Document string `json:"document"`
	// Version is the notice's version number, from 1. Versions of a document
	// are ordered: a required minimum refers to this number.
	Version uint32 `json:"version"`
	// Locale is the BCP 47 tag of the language shown, for example "de-AT".
	Locale string `json:"locale"`
	// TextSHA256 is the SHA-256 of the text as shown, as 64 lower-case
	// hexadecimal digits.
	TextSHA256 string `json:"text_sha256"`
}

// Evidence is how a statement of a subject can be demonstrated (Art. 7(1)).
// It is personal data: it stays in the ledger's payloads and reaches no log,
// error or audit envelope.
type Evidence struct {
	// Notice is what the subject was shown. Required for a Grant or Renewal.
	Notice Notice `json:"notice,omitzero"`
	// Act is what the subject did, as a code such as "checkbox_ticked_by_subject"
	// or "settings_toggled". Required for a Grant or Renewal.
	Act string `json:"act,omitempty"`
	// Channel is where it happened, such as "web", "ios" or "phone". Required
	// for a Grant or Renewal.
	Channel string `json:"channel,omitempty"`
	// Actor is who acted, as a code with an opaque reference: "subject",
	// "guardian:8213" or "staff:77". Empty means the subject.
	Actor string `json:"actor,omitempty"`
	// Wording is the SHA-256 of the wording of the question itself, where it is
	// not part of the notice, as 64 lower-case hexadecimal digits.
	Wording string `json:"wording_sha256,omitempty"`
	// Reference points to proof that the host keeps, such as a scanned form.
	Reference string `json:"reference,omitempty"`
	// Imported is set where the evidence was taken over from another system.
	Imported *Imported `json:"imported,omitempty"`
}

// Imported marks evidence that was recorded by another system first.
type Imported struct {
	// Source names the system. When it was imported is the record's RecordedAt.
	Source string `json:"source"`
}
