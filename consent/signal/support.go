package signal

import (
	"encoding/json"
	"mime"
	"net/http"
	"strings"
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
	if day, err := time.Parse(time.DateOnly, text); err == nil {
		return day
	}
	return dateTime(text)
}

// dateTime reads a date-time of RFC 3339, and refuses what time.Parse takes
// beside it: an hour of one digit, a comma for the point, a zone that is none.
func dateTime(text string) time.Time {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil || text[len("2006-01-02T15")] != ':' || strings.Contains(text, ",") {
		return time.Time{}
	}
	zone := text[len(text)-len("07:00"):]
	if !strings.HasSuffix(text, "Z") && (zone[:2] > "23" || zone[3:] > "59") {
		return time.Time{}
	}
	return at
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
