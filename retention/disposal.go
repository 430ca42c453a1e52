package retention

import "github.com/labelop/privacykit/privacy"

// Disposal is what is known about how a record was disposed of.
type Disposal struct {
	// Action is the method.
	Action Action `json:"action"`
	// On is the day the primary copy was disposed of.
	On privacy.Date `json:"on,omitzero"`
	// BackupCycleDays is after how many days the last backup that may hold a copy
	// has been overwritten, 0 if no backup holds one.
	BackupCycleDays int `json:"backup_cycle_days,omitempty"`
	// AssessedAnonymous says that after Anonymise an assessment found nobody
	// identifiable by means reasonably likely to be used (GDPR recital 26).
	AssessedAnonymous bool `json:"assessed_anonymous,omitempty"`
	// KeyDestroyed and NoKeyCopies say that after CryptoShred the key is gone and
	// that it is known that no copy of it remains.
	KeyDestroyed bool `json:"key_destroyed,omitempty"`
	NoKeyCopies  bool `json:"no_key_copies,omitempty"`
}

// DisposalState says how far a disposal has come. The zero value is not disposed.
type DisposalState uint8

const (
	// DisposalPendingBackups means that only backups beyond use still hold a copy.
	DisposalPendingBackups DisposalState = iota + 1
	// DisposalComplete means that no copy is left.
	DisposalComplete
)

var disposalStateCodes = codes{"not_disposed", "pending_backup_expiry", "complete"}

// String returns the code, "not_disposed" for every value that is no constant.
func (s DisposalState) String() string {
	if int(s) >= len(disposalStateCodes) {
		s = 0
	}
	return disposalStateCodes[s]
}

// MarshalText returns the code. It never fails.
func (s DisposalState) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText parses a code and leaves s unchanged on error, which matches
// privacy.ErrInvalid.
func (s *DisposalState) UnmarshalText(text []byte) error {
	if string(text) == disposalStateCodes[0] {
		*s = 0
		return nil
	}
	parsed, err := disposalStateCodes.parse("state of a disposal", string(text))
	if err == nil {
		*s = DisposalState(parsed)
	}
	return err
}

// DisposalEffect is what a Disposal is worth.
type DisposalEffect struct {
	// CountsAsErasure reports whether the personal data is erased in the sense of
	// Art. 17. Pseudonymised or recoverable data is not.
	CountsAsErasure bool          `json:"counts_as_erasure"`
	State           DisposalState `json:"state"`
	// CompleteOn is the day the last copy is gone, zero if that is not known.
	CompleteOn privacy.Date `json:"complete_on,omitzero"`
	// MustNotRestore says that a restored backup must be swept again before use.
	MustNotRestore bool `json:"must_not_restore"`
	// Evidence lists what proof of the method consists of.
	Evidence []string `json:"evidence,omitempty"`
}

// AssessDisposal tells whether and when a disposal counts as erasure. What is not
// known to be true counts as not done.
func AssessDisposal(d Disposal) DisposalEffect {
	var e DisposalEffect
	switch d.Action {
	case Delete:
		e.CountsAsErasure = true
		e.Evidence = []string{"record_key", "disposed_at"}
	case Anonymise:
		e.CountsAsErasure = d.AssessedAnonymous
		e.Evidence = []string{"method", "reidentification_assessment"}
	case CryptoShred:
		e.CountsAsErasure = d.KeyDestroyed && d.NoKeyCopies
		e.Evidence = []string{"key_id", "destroyed_at", "kms_proof"}
	}
	if !e.CountsAsErasure {
		return e
	}
	e.MustNotRestore = true
	e.State = DisposalComplete
	// Without its key a backup of encrypted data holds nothing to wait for.
	if d.BackupCycleDays > 0 && d.Action != CryptoShred {
		e.State = DisposalPendingBackups
		e.CompleteOn = d.On.AddDays(d.BackupCycleDays)
		return e
	}
	e.CompleteOn = d.On
	return e
}
