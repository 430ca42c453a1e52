package main

import (
	"bytes"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"image"
	_ "image/jpeg" // uploads are JPEG
	_ "image/png"  // or PNG
	"io"
	"net/http"
	"os"
	"path/filepath"

	"github.com/labelop/privacykit/privacy"
)

// maxUpload is the greatest size of an image file, and maxPixels of the image in it.
const (
	maxUpload = 25 << 20
	maxPixels = 50_000_000
)

// maxBody is the greatest size of a request: an image and the form around it.
const maxBody = maxUpload + 1<<20

var errUnsupported = fmt.Errorf("not an image of a supported format: %w", privacy.ErrInvalid)

// upload stores an image. The gate is asked before a byte of it is read: as
// processor we need the customer's attestation and instruction.
func (s *service) upload(w http.ResponseWriter, r *http.Request, by account) {
	decision, err := s.uses.store.Authorize(r.Context(), by.content(), "")
	if err == nil {
		err = decision.Err()
	}
	if err != nil {
		fail(w, err)
		return
	}
	data, err := readImage(r)
	if err != nil {
		fail(w, err)
		return
	}
	config, format, err := decodeImage(data)
	if err != nil {
		fail(w, err)
		return
	}
	// Reading took its time: the attestation may have been withdrawn meanwhile.
	if decision, err = s.uses.store.Recheck(r.Context(), by.content(), decision.Stamp); err == nil {
		err = decision.Err()
	}
	if err != nil {
		fail(w, err)
		return
	}
	id := "image-" + rand.Text()
	if err := s.keep(r, by, id, format, config, data); err != nil {
		fail(w, err)
		return
	}
	result := allowed(decision)
	result.ID = id
	answer(w, http.StatusCreated, result)
}

func readImage(r *http.Request) ([]byte, error) {
	if r.ContentLength > maxBody {
		return nil, &http.MaxBytesError{Limit: maxBody}
	}
	reader, err := r.MultipartReader()
	if err != nil {
		return nil, fmt.Errorf("a multipart form is expected: %w", privacy.ErrInvalid)
	}
	for {
		part, err := reader.NextPart()
		if err != nil {
			return nil, errors.Join(fmt.Errorf("the form has no image: %w", privacy.ErrInvalid), tooLarge(err))
		}
		if part.FormName() == "image" {
			data, err := io.ReadAll(http.MaxBytesReader(nil, part, maxUpload))
			if err != nil {
				return nil, errors.Join(fmt.Errorf("the image cannot be read: %w", privacy.ErrInvalid), tooLarge(err))
			}
			return data, nil
		}
	}
}

// decodeImage looks at the content, not at the name or the declared type, and
// decodes it whole, after its size is known to be bearable.
func decodeImage(data []byte) (image.Config, string, error) {
	config, format, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil || config.Width*config.Height > maxPixels {
		return image.Config{}, "", errUnsupported
	}
	if _, _, err := image.Decode(bytes.NewReader(data)); err != nil {
		return image.Config{}, "", errUnsupported
	}
	return config, format, nil
}

func (s *service) keep(r *http.Request, by account, id, format string, config image.Config, data []byte) error {
	if err := os.WriteFile(filepath.Join(s.images, id), data, 0o600); err != nil {
		return err
	}
	_, err := s.tables.ExecContext(r.Context(), `INSERT INTO image (id, workspace, format, width, height) VALUES (?, ?, ?, ?, ?)`,
		id, by.Workspace, format, config.Width, config.Height)
	return err
}

// find returns the file of an image of the caller's workspace; an image of
// another workspace does not exist for it.
func (s *service) find(r *http.Request, by account) (id, path string, err error) {
	row := s.tables.QueryRowContext(r.Context(), `SELECT id FROM image WHERE id = ? AND workspace = ?`, r.PathValue("id"), by.Workspace)
	switch err := row.Scan(&id); {
	case errors.Is(err, sql.ErrNoRows):
		return "", "", privacy.ErrNotFound
	case err != nil:
		return "", "", err
	}
	return id, filepath.Join(s.images, id), nil
}

// annotate stores what a person wrote about an image.
func (s *service) annotate(w http.ResponseWriter, r *http.Request, by account) {
	var request struct {
		Annotation string `json:"annotation"`
	}
	if err := decode(r, &request); err != nil {
		fail(w, err)
		return
	}
	id, _, err := s.find(r, by)
	if err != nil {
		fail(w, err)
		return
	}
	decision, err := s.uses.annotate.Check(r.Context(), by.content())
	if err == nil {
		err = decision.Err()
	}
	if err == nil {
		_, err = s.tables.ExecContext(r.Context(), `UPDATE image SET annotation = ? WHERE id = ?`, request.Annotation, id)
	}
	if err != nil {
		fail(w, err)
		return
	}
	answer(w, http.StatusOK, allowed(decision))
}
