package signal

import (
	"encoding/json"
	"mime"
	"net/http"
	"time"
)

// SupportPath is where a site states whether it abides by the signal.
const SupportPath = "/.well-known/gpc.json"

// Support is what a site states of Global Privacy Control.
type Support struct {
	// Known reports whether the site states anything. If not, the rest is zero.
	Known bool
	// Abides says that it intends to abide by the signal, at least as far as it
	// must.
	Abides bool
	// LastUpdate is when the statement was made, the first instant in UTC of a
	// day that is stated without a time; zero if it is not known.
	LastUpdate time.Time
}

// ReadSupport reads a GPC support resource. What the specification calls unknown
// is unknown here: another media type, no JSON object, a "gpc" that is no
// boolean. A "lastUpdate" that is no date of RFC 3339 leaves only that unknown.
// Members that it does not know are ignored.
func ReadSupport(contentType string, body []byte) Support {
	mediaType, _, err := mime.ParseMediaType(contentType)
	if err != nil || mediaType != "application/json" {
		return Support{}
	}
	var members map[string]json.RawMessage
	if json.Unmarshal(body, &members) != nil || members == nil {
		return Support{}
	}
	var abides *bool
	if json.Unmarshal(members["gpc"], &abides) != nil || abides == nil {
		return Support{}
	}
	return Support{Known: true, Abides: *abides, LastUpdate: lastUpdate(members["lastUpdate"])}
}

func lastUpdate(member json.RawMessage) time.Time {
	var text string
	if json.Unmarshal(member, &text) != nil {
		return time.Time{}
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if at, err := time.Parse(layout, text); err == nil {
			return at
		}
	}
	return time.Time{}
}

// SupportHandler serves the support resource of a site that states what support
// says. It belongs at SupportPath. A support that is not Known is answered with
// status 404.
func SupportHandler(support Support) http.Handler {
	document := struct {
		GPC        bool   `json:"gpc"`
		LastUpdate string `json:"lastUpdate,omitempty"`
	}{GPC: support.Abides}
	if !support.LastUpdate.IsZero() {
		document.LastUpdate = support.LastUpdate.UTC().Format(time.DateOnly)
	}
	body, err := json.Marshal(document)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
			return
		}
		if !support.Known || err != nil {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(body) // the client may be gone
	})
}
