package main

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"database/sql"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/consent/receipt"
	"github.com/labelop/privacykit/privacy"
)

const (
	receiptKeyFile = "receipt-keys.pem"
	privateKeyType = "PRIVATE KEY"
)

// receipts are the consent receipts that people are given. A receipt is made
// with the decision that it is of, in one transaction, and kept as long as the
// account: made later, it would tell of what is declared then.
type receipts struct {
	profile receipt.Profile
	signer  receipt.Signer
	keys    *receipt.Keyring
}

func (s *service) openReceipts(ctx context.Context, directory string) error {
	_, err := s.tables.ExecContext(ctx, `
		CREATE TABLE IF NOT EXISTS receipt (event TEXT PRIMARY KEY, account TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE, signed TEXT NOT NULL) STRICT;
		CREATE INDEX IF NOT EXISTS receipt_account ON receipt (account);`)
	if err != nil {
		return err
	}
	signer, keys, err := receiptKeys(filepath.Join(directory, receiptKeyFile))
	s.receipts = receipts{profile: receiptProfile(), signer: signer, keys: keys}
	return err
}

// receiptProfile is what receipts say that is not declared elsewhere.
func receiptProfile() receipt.Profile {
	const site = "https://labelop.example/"
	return receipt.Profile{
		Base: site, ControlURL: site + "preferences", RightsURL: site + "policy#rights",
		Controller: receipt.Contact{Email: "privacy@labelop.example"}, StoredIn: []privacy.Country{"DE"}, Jurisdictions: []privacy.Jurisdiction{"eu"},
		Recipients: map[privacy.RecipientID]receipt.Contact{"mail": {Address: "Voorbeeldstraat 1, 1011 AB Amsterdam, Netherlands", Country: "NL", Email: "privacy@post.example"}},
	}
}

// receiptKeys reads the keys, and makes one at the first start. The first of the
// file signs; those after it signed before, and are published still.
func receiptKeys(path string) (receipt.Signer, *receipt.Keyring, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err := makeReceiptKey(path); err != nil {
			return nil, nil, err
		}
		data, err = os.ReadFile(path)
	}
	if err != nil {
		return nil, nil, err
	}
	var signers []receipt.Signer
	var public []receipt.Key
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		signer, err := readReceiptKey(block)
		if err != nil {
			return nil, nil, err
		}
		signers, public = append(signers, signer), append(public, receipt.Key{Public: signer.Public()})
	}
	if len(signers) == 0 {
		return nil, nil, fmt.Errorf("%s holds no key: %w", receiptKeyFile, privacy.ErrInvalid)
	}
	keys, err := receipt.NewKeyring(public...)
	return signers[0], keys, err
}

func readReceiptKey(block *pem.Block) (receipt.Signer, error) {
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	key, isEd25519 := parsed.(ed25519.PrivateKey)
	if err != nil || block.Type != privateKeyType || !isEd25519 {
		return nil, fmt.Errorf("%s holds something else than keys for Ed25519: %w", receiptKeyFile, privacy.ErrInvalid)
	}
	return receipt.NewSigner(key)
}

// makeReceiptKey writes a new key, readable by the service only. Of two processes
// that start at once, both go on with the key of the first.
func makeReceiptKey(path string) error {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	file, err := os.CreateTemp(filepath.Dir(path), receiptKeyFile+".*") // with 0600
	if err != nil {
		return err
	}
	err = errors.Join(pem.Encode(file, &pem.Block{Type: privateKeyType, Bytes: encoded}), file.Sync(), file.Close())
	if err == nil {
		err = os.Link(file.Name(), path)
	}
	if errors.Is(err, fs.ErrExist) {
		err = nil
	}
	return errors.Join(err, os.Remove(file.Name()))
}

// decide records what a person says about consent, together with the receipt of
// it. A receipt that cannot be made stops nobody from saying no.
func (s *service) decide(ctx context.Context, by account, agree bool, say func(context.Context, *consent.Ledger) (consent.Receipt, error)) (consent.Receipt, error) {
	tx, err := s.tables.BeginTx(ctx, nil)
	if err != nil {
		return consent.Receipt{}, err
	}
	defer tx.Rollback()
	ledger := s.ledger.Join(s.database.WithTx(tx).Consent())
	defer ledger.Done()
	written, err := say(ctx, ledger.Ledger)
	if err != nil {
		return consent.Receipt{}, err
	}
	if err := s.issueReceipt(ctx, tx, ledger.Ledger, by, written); err != nil && agree {
		return consent.Receipt{}, err
	}
	return written, tx.Commit()
}

// issueReceipt makes and keeps the receipt of what was just written. What is
// about no consent, such as an objection, has none.
func (s *service) issueReceipt(ctx context.Context, tx *sql.Tx, ledger *consent.Ledger, by account, written consent.Receipt) error {
	records, err := allRecords(ctx, ledger, by)
	if err != nil {
		return err
	}
	event := records[written.Last-1].ID
	document, err := s.receipts.profile.Receipt(s.register, event, s.clock.Now(), records)
	if errors.Is(err, privacy.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	document.Records = slices.DeleteFunc(document.Records, func(r receipt.Record) bool { return r.Statuses[len(r.Statuses)-1].Event != event })
	if len(document.Records) == 0 {
		return nil
	}
	signed, err := receipt.Sign(ctx, s.receipts.signer, document)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO receipt (event, account, signed) VALUES (?, ?, ?)`, event, by.ID, signed)
	return err
}

// keptReceipt is a receipt as it was signed, and what it says.
type keptReceipt struct {
	Event, Signed string
	Document      receipt.Receipt
}

// receiptsOf returns the receipts of a person, the oldest first, or only that of
// an event. Each is verified before anybody is shown it.
func (s *service) receiptsOf(ctx context.Context, by account, event string) ([]keptReceipt, error) {
	rows, err := s.tables.QueryContext(ctx, `SELECT event, signed FROM receipt WHERE account = ? AND (event = ? OR ? = '') ORDER BY rowid`, by.ID, event, event)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var kept []keptReceipt
	for rows.Next() {
		var one keptReceipt
		if err := rows.Scan(&one.Event, &one.Signed); err != nil {
			return nil, err
		}
		if one.Document, err = s.receipts.keys.Verify(one.Signed, by.stream()); err != nil {
			return nil, err
		}
		kept = append(kept, one)
	}
	return kept, rows.Err()
}

func (a account) stream() consent.StreamKey {
	return consent.StreamKey{Tenant: a.Workspace, Subject: a.ID}
}

// allRecords returns all that the ledger holds of a person.
func allRecords(ctx context.Context, ledger *consent.Ledger, by account) ([]consent.Record, error) {
	const page = 1000
	var all []consent.Record
	for {
		records, err := ledger.Records(ctx, by.stream(), uint64(len(all)), page)
		all = append(all, records...)
		if err != nil || len(records) < page {
			return all, err
		}
	}
}

// publishedKeys are the keys of receipts as a JWK Set.
func (r *receipts) publishedKeys() ([]byte, error) { return json.Marshal(r.keys) }
