package consent

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// pageSize is how many changes one page of the feed has at most.
const pageSize = 1000

// ErrFeedStalled reports that the cache feed withholds committed changes, for
// example because an old transaction is still open on PostgreSQL. Cached
// answers end when they are too old, until the feed goes on.
var ErrFeedStalled = errors.New("consent: the cache feed is stalled")

// Poll reads the cache feed to its end once. When it returns nil, every change
// committed before the call has reached the cache. It returns ErrFeedStalled or
// the store's error otherwise; cached answers then end when they are too old.
// Without a cache it does nothing. Hosts call Follow; tests call Poll.
func (g *Gate) Poll(ctx context.Context) error {
	if g.cache == nil {
		return nil
	}
	return g.cache.poll(ctx, g.store, g.clock.Now)
}

// Follow keeps the cache up to date until the context ends, and then returns
// the context's error. It runs in a goroutine of the host's:
//
//	go gate.Follow(ctx)
//
// Errors are counted under "consent.feed", as "failed" or "stalled", and tried
// again: while they last, cached answers end by themselves and the gate asks
// the store.
func (g *Gate) Follow(ctx context.Context) error {
	if g.cache == nil {
		return errors.New("consent: a gate without a cache has nothing to follow")
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-timer.C:
		}
		switch err := g.Poll(ctx); {
		case errors.Is(err, ErrFeedStalled):
			g.hooks.Count("consent.feed", "stalled", 1)
		case err != nil && ctx.Err() == nil:
			g.hooks.Count("consent.feed", "failed", 1)
		}
		timer.Reset(g.cache.options.PollInterval)
	}
}

// poll reads pages until one is the last. The time of the last answer is taken
// before the feed was asked, so that the bound on staleness holds.
func (c *cache) poll(ctx context.Context, feed FeedStore, now func() time.Time) error {
	select {
	case c.polling <- struct{}{}:
		defer func() { <-c.polling }()
	case <-ctx.Done():
		return fmt.Errorf("consent: feed: %w", ctx.Err())
	}
	if !c.hasCursor {
		return c.begin(ctx, feed, now)
	}
	for {
		asked := now()
		page, err := feed.Changes(ctx, c.cursor, pageSize)
		if err != nil {
			return fmt.Errorf("consent: feed: %w", err)
		}
		if page.Reset {
			c.forgetAll()
		}
		for _, change := range page.Changes {
			c.changed(change)
		}
		stuck := page.Next == c.cursor
		c.cursor = page.Next
		if page.Complete {
			c.synced(asked)
			return nil
		}
		if stuck || len(page.Changes) == 0 {
			return ErrFeedStalled
		}
	}
}

// begin takes the feed's head and forgets what was cached before it.
func (c *cache) begin(ctx context.Context, feed FeedStore, now func() time.Time) error {
	asked := now()
	head, err := feed.Head(ctx)
	if err != nil {
		return fmt.Errorf("consent: feed: %w", err)
	}
	c.cursor, c.hasCursor = head, true
	c.forgetAll()
	c.synced(asked)
	return nil
}
