package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"

	"github.com/labelop/privacykit/dsr/archive"
	"github.com/labelop/privacykit/dsr/fulfilment"
	"github.com/labelop/privacykit/privacy"
)

// usageLogs are files on a disk of their own, which can be away.
type usageLogs struct{ directory string }

// file returns the log of a subject, or what the runner is told when the disk is
// away: that it had better come back.
func (s usageLogs) file(tenant privacy.TenantID, subject privacy.SubjectID) (string, error) {
	if _, err := os.Stat(filepath.Join(s.directory, mounted)); err != nil {
		return "", &fulfilment.CallError{Code: "unavailable"}
	}
	return usageLog(s.directory, tenant, subject), nil
}

func (s usageLogs) Records(_ context.Context, subject privacy.Subject) iter.Seq2[archive.Record, error] {
	return func(yield func(archive.Record, error) bool) {
		path, err := s.file(subject.Tenant, subject.ID)
		if err != nil {
			yield(archive.Record{}, err)
			return
		}
		data, err := os.ReadFile(path)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			yield(archive.Record{}, err)
			return
		}
		for lines := bufio.NewScanner(bytes.NewReader(data)); lines.Scan(); {
			if !yield(archive.Record{Category: "usage", Origin: archive.OriginObserved, Value: bytes.Clone(lines.Bytes())}, nil) {
				return
			}
		}
	}
}

func (usageLogs) Media(context.Context, privacy.Subject) iter.Seq2[archive.Medium, error] {
	return noMedia
}

func noMedia(func(archive.Medium, error) bool) {}

// Erase removes the log.
func (s usageLogs) Erase(_ context.Context, call fulfilment.Call) (fulfilment.Result, error) {
	path, err := s.file(call.Tenant, call.Subject)
	if err != nil {
		return fulfilment.Result{}, err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fulfilment.Result{}, err
	}
	return fulfilment.Result{Evidence: "log removed"}, nil
}

// Verify looks at what is there.
func (s usageLogs) Verify(_ context.Context, call fulfilment.Call) ([]privacy.CategoryID, error) {
	path, err := s.file(call.Tenant, call.Subject)
	if err != nil {
		return nil, err
	}
	switch _, err := os.Stat(path); {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, err
	}
	return call.Categories, nil
}

// mounted is a file in the directory of the usage logs, which have a disk of
// their own: without it the disk is away, and an empty directory means nothing.
const mounted = "mounted"

func (d *requestDesk) mountLogs() error {
	switch err := os.Mkdir(d.path("logs"), 0o700); {
	case errors.Is(err, os.ErrExist):
		return nil
	case err != nil:
		return err
	}
	return os.WriteFile(filepath.Join(d.path("logs"), mounted), nil, 0o600)
}

// logUsage adds a line to the usage log of an account.
func (s *service) logUsage(by account, on privacy.Date, function string) error {
	file, err := os.OpenFile(usageLog(s.path("logs"), by.Workspace, by.ID), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(file, `{"on":"%s","function":%q}`+"\n", on, function)
	return errors.Join(err, file.Close())
}

// usageLog names the log by hash: a name that a customer chose is no file name.
func usageLog(directory string, tenant privacy.TenantID, subject privacy.SubjectID) string {
	return filepath.Join(directory, tokenHash(string(tenant)+"\x00"+string(subject))+".jsonl")
}
