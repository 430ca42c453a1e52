package message

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/labelop/privacykit/dsr/regime"
	"github.com/labelop/privacykit/privacy"
)

// minKey is the least length of a key in bytes.
const minKey = 16

// Options configure a Composer.
type Options struct {
	// Catalog holds the templates. Nil takes those of this package.
	Catalog *Catalog
	// Key is the secret for the digests of messages, at least 16 bytes. Required:
	// a plain hash of a letter whose words are known could be searched for the
	// name in it.
	Key []byte
}

// Composer writes messages. It is immutable and safe for concurrent use.
type Composer struct {
	catalog *Catalog
	key     []byte
}

// NewComposer returns a composer. The error matches privacy.ErrInvalid.
func NewComposer(options Options) (*Composer, error) {
	if len(options.Key) < minKey {
		return nil, fmt.Errorf("a composer needs a key of at least %d bytes: %w", minKey, privacy.ErrInvalid)
	}
	catalog := options.Catalog
	if catalog == nil {
		var err error
		if catalog, err = Default(); err != nil {
			return nil, err
		}
	}
	return &Composer{catalog: catalog, key: slices.Clone(options.Key)}, nil
}

// Message is a text that was composed. It holds personal data.
type Message struct {
	Kind    regime.NoticeKind
	Request regime.Request
	// Regime is the version of the law whose list of contents was checked.
	Regime string
	// Locale is that of the text, as a BCP 47 tag.
	Locale string
	// Template is the version of the locale's templates, derived from their text.
	Template string
	// Subject is one line. Body is plain text.
	Subject, Body string
	// Contents are the elements of the body, in order.
	Contents []regime.Content
	// Digest is the HMAC-SHA-256 of subject and body under the composer's key, in
	// hexadecimal.
	Digest string
}

// Compose writes a message of a kind about the request in data, in the locale
// that fits the preferences best: BCP 47 tags or Accept-Language headers, the
// most wanted first. If the message would lack an element that the regime
// requires, the error is a privacy.Problems with one problem for each: its Path
// is the element, its code "missing_content", and it quotes the article. Other
// errors match privacy.ErrInvalid too.
func (c *Composer) Compose(r *regime.Regime, kind regime.NoticeKind, data Data, preferred ...string) (Message, error) {
	if err := check(r, kind, &data); err != nil {
		return Message{}, err
	}
	l := c.catalog.match(preferred)
	notice, _ := r.Notice(kind, data.Request)
	page := &Page{Data: data, locale: l, planned: plan(kind, notice.MustInclude, &data)}
	subject, err := l.render("subject."+string(kind), page)
	if err != nil {
		return Message{}, err
	}
	page.rendered = nil // an element in the subject line is not in the message
	body, err := l.render("body."+string(kind), page)
	if err != nil {
		return Message{}, err
	}
	if err := r.CheckNotice(kind, data.Request, page.rendered); err != nil {
		return Message{}, err
	}
	m := Message{
		Kind: kind, Request: data.Request, Regime: r.Version(), Locale: l.tag.String(),
		Template: l.tag.String() + "@" + l.version,
		// One line, whatever the data hold: a line break would end a mail header.
		Subject: strings.Join(strings.Fields(subject), " "), Body: strings.TrimSpace(body) + "\n", Contents: page.rendered,
	}
	m.Digest = c.digest(m)
	return m, nil
}

func check(r *regime.Regime, kind regime.NoticeKind, data *Data) error {
	var problems privacy.Problems
	if r == nil {
		problems.Add("regime", "required", "a message is checked against a regime")
	}
	if !slices.Contains(regime.NoticeKinds(), kind) {
		problems.Add("kind", "unknown", "is not a known kind of message")
	}
	if !data.Request.Valid() {
		problems.Add("request", "unknown", "is not a known request")
	}
	if data.Controller.Name == "" {
		problems.Add("controller.name", "required", "whoever writes has a name")
	}
	return problems.Err()
}

// Verify reports whether a text is the one that a digest stands for.
func (c *Composer) Verify(m Message, digest string) bool {
	return hmac.Equal([]byte(c.digest(m)), []byte(digest))
}

func (c *Composer) digest(m Message) string {
	mac := hmac.New(sha256.New, c.key)
	fmt.Fprintf(mac, "%d:%s%s", len(m.Subject), m.Subject, m.Body)
	return hex.EncodeToString(mac.Sum(nil))
}
