package archive

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"

	"github.com/labelop/privacykit/privacy"
)

// maxRecord bounds one record, as a record is held in memory.
const maxRecord = 16 << 20

// written is a media file as data.json lists it.
type written struct {
	Entry
	Category privacy.CategoryID `json:"category"`
	Origin   Origin             `json:"origin,omitempty"`
	// Original is what the file was called.
	Original string `json:"original_name"`
}

// system writes the media and the records of a system.
func (b *build) system(ctx context.Context, s System) (err error) {
	declared, _ := b.register.System(s.ID)
	w := &systemWriter{
		build: b, system: s, declared: declared, count: Count{System: s.ID},
		description: b.describe(declared, s.Origins, b.request.Subject.Jurisdiction, b.disclosed),
		directory:   b.names.file("systems", string(s.ID)),
		media:       []written{},
	}
	defer func() {
		if cause := recover(); cause != nil {
			err = sourceError{string(s.ID), errPanic}
		}
	}()
	for medium, err := range s.Source.Media(ctx, b.request.Subject) {
		if err := w.yielded(ctx, err); err != nil {
			return err
		}
		if err := w.medium(ctx, medium); err != nil {
			return err
		}
	}
	if b.report != nil {
		b.report.begin(w.description, w.media)
	}
	if _, err := b.zip.entry(path.Join(w.directory, "data.json"), zip.Deflate, func(out io.Writer) error { return w.data(ctx, out) }); err != nil {
		return err
	}
	if b.report != nil {
		b.report.end(w.count)
	}
	b.manifest.Systems = append(b.manifest.Systems, w.count)
	return nil
}

// systemWriter writes one system.
type systemWriter struct {
	*build
	system      System
	declared    privacy.System
	description Description
	directory   string
	media       []written
	count       Count
}

// yielded judges the error that came with a piece.
func (w *systemWriter) yielded(ctx context.Context, err error) error {
	if done := ctx.Err(); done != nil {
		return done
	}
	if err != nil {
		return sourceError{string(w.system.ID), err}
	}
	return nil
}

// wanted reports whether a piece belongs into the package, and fails on one
// that its system is not declared to hold.
func (w *systemWriter) wanted(category privacy.CategoryID, origin Origin) (bool, error) {
	held, ok := w.register.Category(category)
	if !ok || held.Role == privacy.RoleProcessor || !w.holds(w.declared, category) || !origin.known() {
		return false, sourceError{string(w.system.ID), fmt.Errorf("an undeclared category or origin: %w", privacy.ErrInvalid)}
	}
	if w.request.Kind == Portability && (!origin.portable() || !w.description.portable(category)) {
		w.count.NotPortable++
		return false, nil
	}
	return true, nil
}

func (w *systemWriter) medium(ctx context.Context, m Medium) error {
	wanted, err := w.wanted(m.Category, m.Origin)
	if err != nil || !wanted {
		return err
	}
	m, keep, err := w.others.Medium(ctx, w.system.ID, m)
	switch {
	case err != nil:
		return sourceError{string(w.system.ID), err}
	case !keep:
		w.count.LeftOut++
		return nil
	case m.Open == nil:
		return sourceError{string(w.system.ID), fmt.Errorf("a file without content: %w", privacy.ErrInvalid)}
	}
	content, err := m.Open(ctx)
	if err != nil {
		return sourceError{string(w.system.ID), err}
	}
	defer content.Close()
	name := w.names.file(path.Join(w.directory, "media"), m.Name)
	// Media are compressed already.
	entry, err := w.zip.entry(name, zip.Store, func(out io.Writer) error { return w.zip.copy(ctx, out, content) })
	if err != nil {
		switch done := ctx.Err(); {
		case done != nil:
			return done
		case w.zip.out.err != nil:
			return w.zip.out.err
		}
		return sourceError{string(w.system.ID), err}
	}
	w.media = append(w.media, written{Entry: entry, Category: m.Category, Origin: m.Origin, Original: m.Name})
	w.count.Media++
	return nil
}

// data streams data.json: a head with the description, then record by record.
func (w *systemWriter) data(ctx context.Context, out io.Writer) error {
	head, err := w.head()
	if err != nil {
		return err
	}
	if _, err := out.Write(append(bytes.TrimSuffix(head, []byte("}")), `,"records":[`...)); err != nil {
		return err
	}
	for record, err := range w.system.Source.Records(ctx, w.request.Subject) {
		if err := w.yielded(ctx, err); err != nil {
			return err
		}
		if err := w.record(ctx, out, record); err != nil {
			return err
		}
	}
	_, err = io.WriteString(out, "\n]}\n")
	return err
}

func (w *systemWriter) head() ([]byte, error) {
	if w.request.Kind == Portability {
		return json.Marshal(struct {
			Schema string           `json:"schema"`
			System privacy.SystemID `json:"system"`
			Media  []written        `json:"media"`
		}{Schema, w.system.ID, w.media})
	}
	return json.Marshal(struct {
		Schema string      `json:"schema"`
		System Description `json:"system"`
		Media  []written   `json:"media"`
	}{Schema, w.description, w.media})
}

func (w *systemWriter) record(ctx context.Context, out io.Writer, r Record) error {
	wanted, err := w.wanted(r.Category, r.Origin)
	if err != nil || !wanted {
		return err
	}
	r, keep, err := w.others.Record(ctx, w.system.ID, r)
	switch {
	case err != nil:
		return sourceError{string(w.system.ID), err}
	case !keep:
		w.count.LeftOut++
		return nil
	case len(r.Value) > maxRecord:
		return sourceError{string(w.system.ID), errRecordSize}
	}
	line, err := json.Marshal(struct {
		Category privacy.CategoryID `json:"category"`
		Origin   Origin             `json:"origin,omitempty"`
		Value    json.RawMessage    `json:"value"`
	}{r.Category, r.Origin, r.Value})
	if err != nil {
		return sourceError{string(w.system.ID), fmt.Errorf("a value that is no JSON: %w", privacy.ErrInvalid)}
	}
	separator := ",\n"
	if w.count.Records == 0 {
		separator = "\n"
	}
	if _, err := io.WriteString(out, separator); err != nil {
		return err
	}
	if _, err := out.Write(line); err != nil {
		return err
	}
	w.count.Records++
	if w.report != nil {
		w.report.record(r)
	}
	return nil
}

var errRecordSize = errors.New("a record is too long to be held in memory; make it a file")
