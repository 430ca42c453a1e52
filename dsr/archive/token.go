package archive

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/privacy"
)

// The errors of a token. Each matches privacy.ErrDenied. A host shows one page
// for all of them; which it was is for its own log.
var (
	// ErrForged reports a token that was not issued for this case of this tenant,
	// or is none.
	ErrForged = fmt.Errorf("no such token for this case: %w", privacy.ErrDenied)
	// ErrExpired reports a token whose time is over.
	ErrExpired = fmt.Errorf("the token has expired: %w", privacy.ErrDenied)
	// ErrRedeemed reports a token that was used before.
	ErrRedeemed = fmt.Errorf("the token was used before: %w", privacy.ErrDenied)
)

// Grant is a token as it is kept: without its secret.
type Grant struct {
	Tenant privacy.TenantID `json:"tenant"`
	Case   dsr.CaseID       `json:"case"`
	// ID names the grant within its tenant.
	ID string `json:"id"`
	// Hash is the SHA-256 of the secret, bound to tenant, case and id, in
	// hexadecimal. The secret has 256 random bits, so that it needs no salt.
	Hash string `json:"hash"`
	// Expires is the first instant at which the token is no longer good.
	Expires time.Time `json:"expires"`
	// RedeemedAt is when it was used, zero if it was not.
	RedeemedAt time.Time `json:"redeemed_at,omitzero"`
}

// TokenStore keeps grants. Implementations are safe for concurrent use. Package
// archivetest holds one check for each sentence of this contract.
//
// Every method is scoped by tenant: what one tenant stored MUST NOT be visible
// to, nor conflict with, another. Identifiers MUST be compared byte for byte.
// Times MUST come back as the same instant to the microsecond. A call whose
// context is done MUST return its error and write nothing.
type TokenStore interface {
	// Save keeps a new grant. One whose tenant and id exist is an error matching
	// privacy.ErrExists, and the one that is there MUST stay as it is.
	Save(ctx context.Context, g Grant) error
	// Grant returns a grant. The error matches privacy.ErrNotFound.
	Grant(ctx context.Context, tenant privacy.TenantID, id string) (Grant, error)
	// Redeem sets RedeemedAt iff it is not set. Of several calls that race exactly
	// one MUST succeed; the others, and every later one, are errors matching
	// privacy.ErrConflict and change nothing. A grant that is not there is
	// privacy.ErrNotFound.
	Redeem(ctx context.Context, tenant privacy.TenantID, id string, at time.Time) error
	// Purge removes the grants of a tenant that expired before the given time,
	// redeemed or not, and no others, and returns how many.
	Purge(ctx context.Context, tenant privacy.TenantID, before time.Time) (int, error)
}

const (
	// DefaultLife is how long a token is good if a Desk is not told.
	DefaultLife = 7 * 24 * time.Hour
	// maxLife bounds it: a link that lies in a mailbox is a risk (GDPR Art. 32).
	maxLife = 30 * 24 * time.Hour

	secretBytes = 32
)

// Desk issues tokens and redeems them. It is safe for concurrent use.
type Desk struct {
	store TokenStore
	clock privacy.Clock
	ids   privacy.IDSource
	life  time.Duration
}

// DeskOptions configure a Desk.
type DeskOptions struct {
	// Life is how long a token is good, at most 30 days; zero is DefaultLife.
	Life time.Duration
	// Clock and IDs are those of the system if nil.
	Clock privacy.Clock
	IDs   privacy.IDSource
}

// NewDesk returns a desk on a store. The error matches privacy.ErrInvalid.
func NewDesk(store TokenStore, options DeskOptions) (*Desk, error) {
	if store == nil || options.Life < 0 || options.Life > maxLife {
		return nil, fmt.Errorf("a desk needs a store, and tokens live at most %s: %w", maxLife, privacy.ErrInvalid)
	}
	d := &Desk{store, options.Clock, options.IDs, options.Life}
	if d.life == 0 {
		d.life = DefaultLife
	}
	if d.clock == nil {
		d.clock = privacy.SystemClock{}
	}
	if d.ids == nil {
		d.ids = privacy.RandomIDs{}
	}
	return d, nil
}

// Issue returns a new token for the download of a case's package, and until when
// it is good. The token is nowhere else: only its hash is kept. Whoever holds it
// gets the data, so it goes to an address or a session that proved to be the
// subject's. Issue a new one if a download broke off.
func (d *Desk) Issue(ctx context.Context, tenant privacy.TenantID, id dsr.CaseID) (token string, expires time.Time, err error) {
	if err := errors.Join(privacy.CheckID("tenant", string(tenant)), privacy.CheckID("case", string(id))); err != nil {
		return "", time.Time{}, err
	}
	secret := make([]byte, secretBytes)
	_, _ = rand.Read(secret) // never fails
	g := Grant{Tenant: tenant, Case: id, ID: d.ids.NewID(), Expires: d.clock.Now().Add(d.life)}
	g.Hash = hashSecret(g, secret)
	if err := d.store.Save(ctx, g); err != nil {
		return "", time.Time{}, err
	}
	return g.ID + "." + base64.RawURLEncoding.EncodeToString(secret), g.Expires, nil
}

// Redeem uses a token up. It is called before the first byte is sent, and a nil
// error allows one download. The error is ErrForged, ErrExpired or ErrRedeemed
// if the token is not good, and the store's own otherwise.
func (d *Desk) Redeem(ctx context.Context, tenant privacy.TenantID, id dsr.CaseID, token string) error {
	grantID, encoded, _ := strings.Cut(token, ".")
	secret, err := base64.RawURLEncoding.Strict().DecodeString(encoded)
	if err != nil || len(secret) != secretBytes || privacy.CheckID("token", grantID) != nil {
		return ErrForged
	}
	g, err := d.store.Grant(ctx, tenant, grantID)
	if err != nil && !errors.Is(err, privacy.ErrNotFound) {
		return err
	}
	// The hash is computed of what was asked for, so that a grant of another case
	// or tenant does not match, and compared also if there is none.
	claimed := Grant{Tenant: tenant, Case: id, ID: grantID}
	right := subtle.ConstantTimeCompare([]byte(hashSecret(claimed, secret)), []byte(g.Hash)) == 1
	now := d.clock.Now()
	switch {
	case err != nil || !right:
		return ErrForged
	case !g.RedeemedAt.IsZero():
		return ErrRedeemed
	case !now.Before(g.Expires):
		return ErrExpired
	}
	err = d.store.Redeem(ctx, tenant, grantID, now)
	switch {
	case errors.Is(err, privacy.ErrConflict):
		return ErrRedeemed
	case errors.Is(err, privacy.ErrNotFound):
		return ErrExpired // purged in between
	}
	return err
}

// Purge removes the tokens of a tenant that have expired and returns how many.
// Until then one that is tried again is told from a forged one.
func (d *Desk) Purge(ctx context.Context, tenant privacy.TenantID) (int, error) {
	return d.store.Purge(ctx, tenant, d.clock.Now())
}

func hashSecret(g Grant, secret []byte) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%d:%s%d:%s%d:%s%s", len(g.Tenant), g.Tenant, len(g.Case), g.Case, len(g.ID), g.ID, secret))
	return hex.EncodeToString(sum[:])
}
