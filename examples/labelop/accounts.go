package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy"
)

// account is an account holder. The tags tie its fields to the declaration: a
// logger that redacts by tag never prints them.
type account struct {
	ID        privacy.SubjectID `privacy:"account.workspace,subject"`
	Workspace privacy.TenantID  `privacy:"account.workspace"`
	Email     string            `privacy:"account.email"`
}

func (a account) subject() privacy.Subject {
	return privacy.Subject{Tenant: a.Workspace, ID: a.ID, Jurisdiction: "DE"}
}

// content is the subject of a use of customer content: the people pictured are
// unknown to us, so it has no ID.
func (a account) content() privacy.Subject { return privacy.Subject{Tenant: a.Workspace} }

func (s *service) createTables(ctx context.Context) error {
	_, err := s.tables.ExecContext(ctx, `
		CREATE TABLE IF NOT EXISTS account (token_hash TEXT PRIMARY KEY, id TEXT NOT NULL UNIQUE, workspace TEXT NOT NULL, email TEXT NOT NULL) STRICT;
		CREATE TABLE IF NOT EXISTS image (id TEXT PRIMARY KEY, workspace TEXT NOT NULL, format TEXT NOT NULL, width INTEGER NOT NULL, height INTEGER NOT NULL, annotation TEXT NOT NULL DEFAULT '') STRICT;`)
	return err
}

// openAccount creates an account. The account and the evidence of contract and
// age are written in one transaction: neither is there without the other.
func (s *service) openAccount(w http.ResponseWriter, r *http.Request) {
	var request struct {
		Workspace privacy.TenantID `json:"workspace"`
		Email     string           `json:"email"`
		Born      privacy.Date     `json:"born"`
	}
	if err := decode(r, &request); err != nil {
		fail(w, err)
		return
	}
	if err := privacy.CheckID("workspace", string(request.Workspace)); err != nil || !strings.Contains(request.Email, "@") {
		fail(w, fmt.Errorf("workspace and mail address are required: %w", privacy.ErrInvalid))
		return
	}
	token := rand.Text()
	created := account{ID: privacy.SubjectID("account-" + rand.Text()), Workspace: request.Workspace, Email: request.Email}
	decision, err := s.create(r.Context(), created, token, request.Born)
	if err == nil {
		err = decision.Err()
	}
	if err != nil {
		fail(w, err)
		return
	}
	result := allowed(decision)
	result.ID, result.Token = string(created.ID), token
	answer(w, http.StatusCreated, result)
}

func (s *service) create(ctx context.Context, created account, token string, born privacy.Date) (consent.Decision, error) {
	tx, err := s.tables.BeginTx(ctx, nil)
	if err != nil {
		return consent.Decision{}, err
	}
	defer tx.Rollback()
	_, err = tx.ExecContext(ctx, `INSERT INTO account (token_hash, id, workspace, email) VALUES (?, ?, ?, ?)`, tokenHash(token), created.ID, created.Workspace, created.Email)
	if err != nil {
		return consent.Decision{}, err
	}
	ledger := s.ledger.Join(s.database.WithTx(tx).Consent())
	defer ledger.Done()
	facts := []consent.Fact{consent.RelationshipStarted{Reference: "terms-2026-04"}}
	if !born.IsZero() {
		facts = append(facts, consent.AgeEvidence{BornOnOrBefore: born, BornOnOrAfter: born, Method: "self_declared"})
	}
	if _, err := ledger.Record(ctx, consent.Entries{Tenant: created.Workspace, Subject: created.ID, Facts: facts}); err != nil {
		return consent.Decision{}, err
	}
	if err := tell(ctx, ledger.Ledger, s.history, created.Workspace); err != nil {
		return consent.Decision{}, err
	}
	if err := tx.Commit(); err != nil {
		return consent.Decision{}, err
	}
	ledger.Done()
	decision, err := s.uses.account.Check(ctx, created.subject())
	if err != nil || decision.Allowed() {
		return decision, err
	}
	// Too young, or of unknown age: the account is not kept, and the contract
	// ends. The evidence of why stays.
	if _, err := s.tables.ExecContext(ctx, `DELETE FROM account WHERE id = ?`, created.ID); err != nil {
		return decision, err
	}
	_, err = s.ledger.EndRelationship(ctx, created.subject(), consent.RelationshipEnded{Reason: "account_refused"})
	return decision, err
}

func tokenHash(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// authenticated finds the account behind the bearer token, and lets it in if
// the contract and the age allow its use.
func (s *service) authenticated(next func(http.ResponseWriter, *http.Request, account)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		found, err := s.accountOf(r.Context(), token)
		switch {
		case errors.Is(err, privacy.ErrNotFound):
			answer(w, http.StatusUnauthorized, reply{Code: "unknown_token"})
			return
		case err != nil:
			fail(w, err)
			return
		}
		decision, err := s.uses.account.Check(r.Context(), found.subject())
		if err != nil || !decision.Allowed() {
			consent.WriteRefusal(w, decision)
			return
		}
		next(w, r, found)
	}
}

// accountOf returns the account of a token, or privacy.ErrNotFound.
func (s *service) accountOf(ctx context.Context, token string) (found account, err error) {
	row := s.tables.QueryRowContext(ctx, `SELECT id, workspace, email FROM account WHERE token_hash = ?`, tokenHash(token))
	if err = row.Scan(&found.ID, &found.Workspace, &found.Email); errors.Is(err, sql.ErrNoRows) {
		return account{}, privacy.ErrNotFound
	}
	return found, err
}
