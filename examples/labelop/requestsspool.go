package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"slices"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/dsr/archive"
	"github.com/labelop/privacykit/dsr/fulfilment"
	"github.com/labelop/privacykit/privacy"
)

// spool is where the systems put what they exported, until the person has it.
type spool struct{ directory string }

// of names the directory of a case by hash, as a tenant is no name of a file.
func (s spool) of(tenant privacy.TenantID, id dsr.CaseID) string {
	return filepath.Join(s.directory, tokenHash(string(tenant)+"\x00"+string(id)))
}

// remove removes what was exported for a case.
func (s spool) remove(tenant privacy.TenantID, id dsr.CaseID) error {
	return os.RemoveAll(s.of(tenant, id))
}

// spooled is what one system exported: its records, and where its files are.
type spooled struct {
	Records []archive.Record
	Media   []spooledMedium
}

type spooledMedium struct {
	Category privacy.CategoryID
	Origin   archive.Origin
	Name     string
	File     string
}

const spoolIndex = "index.json"

// exporter exports a system to the spool.
type exporter struct {
	spool  spool
	source archive.Source
}

// Export puts everything there anew: what an earlier attempt left may be half.
func (e exporter) Export(ctx context.Context, call fulfilment.Call) (fulfilment.Result, error) {
	directory := filepath.Join(e.spool.of(call.Tenant, call.Case), string(call.System))
	if err := os.RemoveAll(directory); err != nil {
		return fulfilment.Result{}, err
	}
	if err := os.MkdirAll(directory, 0o700); err != nil {
		return fulfilment.Result{}, err
	}
	subject := privacy.Subject{Tenant: call.Tenant, ID: call.Subject}
	var kept spooled
	for record, err := range e.source.Records(ctx, subject) {
		if err != nil {
			return fulfilment.Result{}, err
		}
		if slices.Contains(call.Categories, record.Category) {
			kept.Records = append(kept.Records, record)
		}
	}
	for medium, err := range e.source.Media(ctx, subject) {
		if err != nil {
			return fulfilment.Result{}, err
		}
		if !slices.Contains(call.Categories, medium.Category) {
			continue
		}
		file := filepath.Join(directory, fmt.Sprintf("%d", len(kept.Media)))
		if err := spoolFile(ctx, file, medium); err != nil {
			return fulfilment.Result{}, err
		}
		kept.Media = append(kept.Media, spooledMedium{medium.Category, medium.Origin, medium.Name, file})
	}
	index, err := json.Marshal(kept)
	if err != nil {
		return fulfilment.Result{}, err
	}
	if err := os.WriteFile(filepath.Join(directory, spoolIndex), index, 0o600); err != nil {
		return fulfilment.Result{}, err
	}
	return fulfilment.Result{Evidence: fmt.Sprintf("%d records, %d files", len(kept.Records), len(kept.Media))}, nil
}

func spoolFile(ctx context.Context, to string, medium archive.Medium) error {
	from, err := medium.Open(ctx)
	if err != nil {
		return err
	}
	defer from.Close()
	file, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, from)
	if closed := file.Close(); err == nil {
		err = closed
	}
	return err
}

// spoolSource yields what a system exported.
type spoolSource struct{ directory string }

func (s spoolSource) read() (spooled, error) {
	var kept spooled
	data, err := os.ReadFile(filepath.Join(s.directory, spoolIndex))
	if err != nil {
		return kept, err
	}
	err = json.Unmarshal(data, &kept)
	return kept, err
}

func (s spoolSource) Records(context.Context, privacy.Subject) iter.Seq2[archive.Record, error] {
	return func(yield func(archive.Record, error) bool) {
		kept, err := s.read()
		if err != nil {
			yield(archive.Record{}, err)
		}
		for _, record := range kept.Records {
			if !yield(record, nil) {
				return
			}
		}
	}
}

func (s spoolSource) Media(context.Context, privacy.Subject) iter.Seq2[archive.Medium, error] {
	return func(yield func(archive.Medium, error) bool) {
		kept, err := s.read()
		if err != nil {
			yield(archive.Medium{}, err)
		}
		for _, m := range kept.Media {
			open := func(context.Context) (io.ReadCloser, error) { return os.Open(m.File) }
			if !yield(archive.Medium{Category: m.Category, Origin: m.Origin, Name: m.Name, Open: open}, nil) {
				return
			}
		}
	}
}
