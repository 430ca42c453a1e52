package dsr

import (
	"context"
	"fmt"
	"time"

	"github.com/labelop/privacykit/dsr/regime"
	"github.com/labelop/privacykit/privacy"
)

// Method is a way to prove an identity.
type Method string

// The methods.
const (
	// MethodCode is a one-time code; see Procedure.IssueCode.
	MethodCode Method = "code"
	// MethodSession is a signed-in session of the subject's own account (11 CCR §
	// 7061; EDPB Guidelines 01/2022 s. 3.3).
	MethodSession Method = "session"
	// MethodHost is whatever the host did: matched data, looked at a document.
	MethodHost Method = "host"
)

// Proof is evidence of an identity, as the host states it. The zero value proves
// nothing.
type Proof struct {
	Method Method
	// Subject is who was proved: the account that is signed in, or the person whose
	// data matched. It must be the case's.
	Subject privacy.SubjectID
	// Reauthenticated: the session was authenticated anew for the request.
	Reauthenticated bool
	// DataPoints is how many pieces of data matched, Declaration whether a signed
	// declaration is on file, for MethodHost.
	DataPoints  int
	Declaration bool
	// Sufficient: the host is satisfied, for MethodHost. It is needed also where
	// the law gives a number.
	Sufficient bool
}

// ErrProof reports a proof of identity that is not what the law asks for, or is
// somebody else's. It matches privacy.ErrDenied.
var ErrProof = fmt.Errorf("the proof does not reach the level that is asked for: %w", privacy.ErrDenied)

// IdentityNeeds returns what proves the identity in a case: the strictest of the
// rights that wait for it. Its Level is regime.LevelNone if none does.
func (p *Procedure) IdentityNeeds(c Case) regime.ProofRule {
	needs := regime.ProofRule{Level: regime.LevelNone, Session: true, Code: true}
	for i := range c.Items {
		it := &c.Items[i]
		if !it.Work.Open() || !c.waiting(it).Has(BlockerIdentity) {
			continue
		}
		if rule, asks := p.regime.Verify(it.Request, it.DirectMarketing).Needs(); asks {
			needs = stricter(needs, rule)
		}
	}
	return needs
}

func stricter(a, b regime.ProofRule) regime.ProofRule {
	if a.Level != regime.LevelReasonablyHigh {
		a.Level, a.Cite = b.Level, b.Cite
	}
	a.Session, a.Code = a.Session && b.Session, a.Code && b.Code
	a.Reauthenticate, a.Declaration = a.Reauthenticate || b.Reauthenticate, a.Declaration || b.Declaration
	a.DataPoints = max(a.DataPoints, b.DataPoints)
	return a
}

// ProveIdentity confirms the identity in a case that waits for it, if the proof
// is what the law asks for and no less. Otherwise the error matches ErrProof and
// the case waits on: more can be shown, or EventIdentityFailed ends it. A code
// proves identity by CheckCode only.
func (p *Procedure) ProveIdentity(c Case, proof Proof, at time.Time) (Change, error) {
	switch {
	case c.Regime != p.regime.Version():
		return Change{}, errOtherVersion
	case !c.Blockers.Has(BlockerIdentity):
		return Change{}, fmt.Errorf("the case does not wait for identity: %w", privacy.ErrInvalid)
	case c.Subject == "" || proof.Subject != c.Subject || !proof.reaches(p.IdentityNeeds(c)):
		return Change{}, ErrProof
	}
	proved := c.clone()
	if proved.Identity == nil {
		proved.Identity = &Challenge{}
	}
	// A code that is still out proves nothing any more.
	*proved.Identity = Challenge{Issued: proved.Identity.Issued, VerifiedAt: at, Method: proof.Method}
	return p.Handle(proved, Command{Event: EventIdentityConfirmed, Actor: ActorSystem, At: at})
}

func (p Proof) reaches(needs regime.ProofRule) bool {
	switch p.Method {
	case MethodSession:
		return needs.Session && (p.Reauthenticated || !needs.Reauthenticate)
	case MethodHost:
		return p.Sufficient && p.DataPoints >= needs.DataPoints && (p.Declaration || !needs.Declaration)
	case MethodCode:
	}
	return false
}

// IdentityQuestion is what a host's own verification is asked.
type IdentityQuestion struct {
	Tenant  privacy.TenantID
	Case    CaseID
	Subject privacy.SubjectID
	// Needs is what the law asks for, and no more may be collected.
	Needs regime.ProofRule
}

// IdentityVerifier is a host's own way to verify a person.
type IdentityVerifier interface {
	// VerifyIdentity answers with a Proof of MethodHost or MethodSession. One whose
	// Sufficient is false, and an error, leave the case waiting. It can be asked
	// again.
	VerifyIdentity(ctx context.Context, q IdentityQuestion) (Proof, error)
}

// ProveIdentity does Procedure.ProveIdentity on a stored case. With a key, doing
// it twice does it once.
func (s *Service) ProveIdentity(ctx context.Context, tenant privacy.TenantID, id CaseID, proof Proof, key string) (Case, error) {
	digest, err := digestOf(key, "prove", id, proof)
	if err != nil {
		return Case{}, err
	}
	return s.Work(ctx, tenant, id, key, digest, func(p *Procedure, c Case) (Change, error) {
		return p.ProveIdentity(c, proof, s.clock.Now())
	})
}

// VerifyIdentity asks a host's verifier about a case that waits for identity,
// and records what it proved. Nothing is written if it fails.
func (s *Service) VerifyIdentity(ctx context.Context, tenant privacy.TenantID, id CaseID, verifier IdentityVerifier, key string) (Case, error) {
	c, err := s.cases.Case(ctx, tenant, id)
	if err != nil {
		return Case{}, err
	}
	p, err := s.procedure(c)
	if err != nil {
		return Case{}, err
	}
	if !c.Blockers.Has(BlockerIdentity) {
		return Case{}, fmt.Errorf("the case does not wait for identity: %w", privacy.ErrInvalid)
	}
	proof, err := verifier.VerifyIdentity(ctx, IdentityQuestion{Tenant: tenant, Case: id, Subject: c.Subject, Needs: p.IdentityNeeds(c)})
	if err != nil {
		return Case{}, err
	}
	return s.ProveIdentity(ctx, tenant, id, proof, key)
}
