package signal

import (
	"context"
	"net/http"
	"slices"
)

// Header is the name of the header field that carries Global Privacy Control.
const Header = "Sec-GPC"

// Present reports whether the headers of a request express the preference: a
// field whose value is exactly "1", whatever other values there are.
func Present(header http.Header) bool {
	return slices.Contains(header.Values(Header), "1")
}

type contextKey struct{}

// FromContext reports whether the request that Middleware saw carried the signal.
func FromContext(ctx context.Context) bool {
	present, _ := ctx.Value(contextKey{}).(bool)
	return present
}

// Middleware notes in the request's context whether it carried the signal, and
// tells caches that the answer depends on it.
func Middleware(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Add("Vary", Header)
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), contextKey{}, Present(r.Header))))
	})
}
