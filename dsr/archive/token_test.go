package archive_test

import (
	"context"
	"encoding/base64"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/labelop/privacykit/dsr/archive"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/privacytest"
	"github.com/labelop/privacykit/privacy/store/memstore"
)

func desk(t *testing.T) (*archive.Desk, *memstore.TokenStore, *privacytest.Clock) {
	t.Helper()
	store, clock := memstore.NewTokens(), privacytest.NewClock(start)
	d, err := archive.NewDesk(store, archive.DeskOptions{Clock: clock, Life: time.Hour})
	require.NoError(t, err)
	return d, store, clock
}

func TestATokenIsGoodForItsCaseOnce(t *testing.T) {
	d, _, _ := desk(t)
	token, expires, err := d.Issue(t.Context(), "t", "case-1")
	require.NoError(t, err)
	assert.Equal(t, start.Add(time.Hour), expires)
	require.ErrorIs(t, d.Redeem(t.Context(), "t", "case-2", token), archive.ErrForged, "another case")
	require.ErrorIs(t, d.Redeem(t.Context(), "u", "case-1", token), archive.ErrForged, "another tenant")
	require.NoError(t, d.Redeem(t.Context(), "t", "case-1", token))
	require.ErrorIs(t, d.Redeem(t.Context(), "t", "case-1", token), archive.ErrRedeemed)
}

func TestATokenExpires(t *testing.T) {
	d, _, clock := desk(t)
	token, _, err := d.Issue(t.Context(), "t", "case-1")
	require.NoError(t, err)
	clock.Advance(time.Hour)
	require.ErrorIs(t, d.Redeem(t.Context(), "t", "case-1", token), archive.ErrExpired)
	n, err := d.Purge(t.Context(), "t")
	require.NoError(t, err)
	assert.Zero(t, n, "expires at that very instant")
	clock.Advance(time.Second)
	n, err = d.Purge(t.Context(), "t")
	require.NoError(t, err)
	assert.Equal(t, 1, n)
	require.ErrorIs(t, d.Redeem(t.Context(), "t", "case-1", token), archive.ErrForged)
}

func TestForgedTokens(t *testing.T) {
	d, _, _ := desk(t)
	token, _, err := d.Issue(t.Context(), "t", "case-1")
	require.NoError(t, err)
	id, secret, _ := strings.Cut(token, ".")
	raw, err := base64.RawURLEncoding.DecodeString(secret)
	require.NoError(t, err)
	require.Len(t, raw, 32, "256 bits")
	raw[31] ^= 1
	for _, forged := range []string{
		"", ".", id, id + ".", "." + secret, secret, token + "A", token + "=", id + "x." + secret,
		id + "." + base64.RawURLEncoding.EncodeToString(raw), strings.ToUpper(token), id + "\x00." + secret,
		id + "." + base64.RawURLEncoding.EncodeToString(make([]byte, 32)), strings.Repeat("x", 1<<16) + "." + secret,
	} {
		err := d.Redeem(t.Context(), "t", "case-1", forged)
		require.ErrorIs(t, err, archive.ErrForged, "%q", forged)
		require.ErrorIs(t, err, privacy.ErrDenied)
	}
	require.NoError(t, d.Redeem(t.Context(), "t", "case-1", token), "the true one is still good")
}

func TestOfSeveralDownloadsThatRaceOneWins(t *testing.T) {
	d, _, _ := desk(t)
	token, _, err := d.Issue(t.Context(), "t", "case-1")
	require.NoError(t, err)
	var wg sync.WaitGroup
	results := make([]error, 32)
	for i := range results {
		wg.Go(func() { results[i] = d.Redeem(t.Context(), "t", "case-1", token) })
	}
	wg.Wait()
	won := 0
	for _, err := range results {
		if err == nil {
			won++
			continue
		}
		require.ErrorIs(t, err, archive.ErrRedeemed)
	}
	assert.Equal(t, 1, won)
}

// spy remembers what a store was given.
type spy struct {
	archive.TokenStore
	saved archive.Grant
	err   error
}

func (s *spy) Save(ctx context.Context, g archive.Grant) error {
	s.saved = g
	return errors.Join(s.err, s.TokenStore.Save(ctx, g))
}

func (s *spy) Grant(ctx context.Context, tenant privacy.TenantID, id string) (archive.Grant, error) {
	g, err := s.TokenStore.Grant(ctx, tenant, id)
	return g, errors.Join(s.err, err)
}

func TestTheStoreNeverSeesTheSecret(t *testing.T) {
	s := &spy{TokenStore: memstore.NewTokens()}
	d, err := archive.NewDesk(s, archive.DeskOptions{})
	require.NoError(t, err)
	token, _, err := d.Issue(t.Context(), "t", "case-1")
	require.NoError(t, err)
	_, secret, _ := strings.Cut(token, ".")
	assert.NotContains(t, s.saved.Hash+s.saved.ID, secret)
	assert.Len(t, s.saved.Hash, 64)
}

func TestAStoreThatFailsGivesNoDownload(t *testing.T) {
	s := &spy{TokenStore: memstore.NewTokens()}
	d, err := archive.NewDesk(s, archive.DeskOptions{})
	require.NoError(t, err)
	token, _, err := d.Issue(t.Context(), "t", "case-1")
	require.NoError(t, err)
	s.err = errors.New("database is down")
	require.ErrorIs(t, d.Redeem(t.Context(), "t", "case-1", token), s.err)
	_, _, err = d.Issue(t.Context(), "t", "case-1")
	require.ErrorIs(t, err, s.err)
	_, _, err = d.Issue(t.Context(), "", "")
	require.ErrorIs(t, err, privacy.ErrInvalid)
	for _, options := range []archive.DeskOptions{{Life: -1}, {Life: 31 * 24 * time.Hour}} {
		_, err = archive.NewDesk(s, options)
		require.ErrorIs(t, err, privacy.ErrInvalid)
	}
}
