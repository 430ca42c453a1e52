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
	// hexadecimal digits: of what was rendered, facts filled in, or of a text that
	// leads to it in one way only, such as the source of a published version. The
	// host decides once, and its NoticeChecker compares with the same.
	TextSHA256 string `json:"text_sha256"`
	// TextUnknown states that nobody knows any more which text was shown. Only
	// imported evidence may, and a consent with it is not relied upon unless the
	// host says so.
	TextUnknown bool `json:"text_unknown,omitempty"`
}

// Evidence is how a statement of a subject can be demonstrated (Art. 7(1)).
// It is personal data: it stays in the ledger's payloads and reaches no log,
// error or audit envelope.
type Evidence struct {
	// Notice is what the subject was shown. Required for a Grant or Renewal.
	Notice Notice `json:"notice,omitzero"`
	// Act is what the subject did, as one of the acts of law/validity.json:
	// checkbox_ticked_by_subject, button_pressed, settings_toggled, form_signed,
	// written_statement, oral_statement or link_confirmed. Any other is no clear
	// affirmative act (Art. 4(11), recital 32), and the ledger refuses the consent,
	// unless the host's own table lists it. Required for a Grant or Renewal.
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
	// Asking says how consent was asked for. Without it the ledger judges a
	// consent by the rest alone, and Validate finds it wanting.
	Asking *Asking `json:"asking,omitempty"`
	// Parental is the authorisation by a holder of parental responsibility,
	// where a child consented.
	Parental *ParentalAuthorisation `json:"parental,omitempty"`
	// Signal is the string of another framework that carried the statement, as
	// it came.
	Signal *SignalString `json:"signal,omitempty"`
	// Imported is set where the evidence was taken over from another system.
	Imported *Imported `json:"imported,omitempty"`
}

// SignalString is a string such as IAB's TC string, kept as opaque evidence.
type SignalString struct {
	// Format names what it is, such as "iab_tcf".
	Format string `json:"format"`
	// Value is the string as it came: 1 to MaxSignalString bytes of visible ASCII.
	Value string `json:"value"`
}

// MaxSignalString is the greatest length of a SignalString's value, in bytes.
const MaxSignalString = 8192

// Imported marks evidence that was recorded by another system first.
type Imported struct {
	// Source names the system. When it was imported is the record's RecordedAt.
	Source string `json:"source"`
}
