package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/labelop/privacykit/privacy"
)

// defaultModel is the model provider that is asked where ?model= names no other.
const defaultModel privacy.RecipientID = "vision-model"

// suggest asks a model provider for a label. That discloses the image to a
// sub-processor in a third country, so the decision and the disclosure are
// recorded before the first byte leaves.
func (s *service) suggest(w http.ResponseWriter, r *http.Request, by account) {
	_, path, err := s.find(r, by)
	if err != nil {
		fail(w, err)
		return
	}
	use := s.uses.suggest[cmp.Or(privacy.RecipientID(r.FormValue("model")), defaultModel)]
	if use == nil {
		fail(w, privacy.ErrNotFound)
		return
	}
	decision, err := use.Authorize(r.Context(), by.content(), "")
	if err == nil {
		err = decision.Err()
	}
	if err != nil {
		fail(w, err)
		return
	}
	data, err := os.ReadFile(path)
	if err != nil {
		fail(w, err)
		return
	}
	label, err := askProvider(r.Context(), s.provider, data)
	if err != nil {
		fail(w, err)
		return
	}
	result := allowed(decision)
	result.Label = label
	answer(w, http.StatusOK, result)
}

func askProvider(ctx context.Context, url string, data []byte) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/label", bytes.NewReader(data))
	if err != nil {
		return "", err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return "", fmt.Errorf("the model provider answered with status %d", response.StatusCode)
	}
	var answered struct {
		Label string `json:"label"`
	}
	if err := json.NewDecoder(io.LimitReader(response.Body, 1<<16)).Decode(&answered); err != nil {
		return "", err
	}
	return answered.Label, nil
}

// providerHandler is the fictional model provider, on a port of its own so that
// the disclosure is a real one. Its model tells the main colour of an image.
func providerHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /label", func(w http.ResponseWriter, r *http.Request) {
		picture, _, err := image.Decode(http.MaxBytesReader(w, r.Body, maxUpload))
		if err != nil {
			http.Error(w, "not an image", http.StatusUnsupportedMediaType)
			return
		}
		answer(w, http.StatusOK, map[string]string{"label": mainColour(picture)})
	})
	return mux
}

func mainColour(picture image.Image) string {
	var red, green, blue uint64
	bounds := picture.Bounds()
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			r, g, b, _ := picture.At(x, y).RGBA()
			red, green, blue = red+uint64(r), green+uint64(g), blue+uint64(b)
		}
	}
	switch {
	case red > green && red > blue:
		return "mostly red"
	case green > blue:
		return "mostly green"
	}
	return "mostly blue"
}
