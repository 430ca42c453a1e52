package message

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"text/template"

	"golang.org/x/text/language"

	"github.com/labelop/privacykit/dsr/regime"
	"github.com/labelop/privacykit/privacy"
)

//go:embed templates/*.tmpl
var files embed.FS

// defaultLocale is that of a requester whose languages no locale matches.
const defaultLocale = "en"

// Catalog holds the templates of every locale. It is immutable and safe for
// concurrent use.
type Catalog struct {
	locales  map[language.Tag]*locale
	tags     []language.Tag // the first is the default
	matcher  language.Matcher
	contents []regime.Content // further ones that overrides brought
}

// locale is the set of blocks of one locale.
type locale struct {
	tag     language.Tag
	blocks  *template.Template
	version string
}

// Override replaces blocks of a locale, or adds a locale.
type Override struct {
	// Locale is a BCP 47 tag. A locale that the catalog lacks begins with the
	// blocks of the closest one in the same language.
	Locale string
	// Source is a template file whose {{define}} blocks replace those of the same
	// name. Text outside of blocks is ignored.
	Source string
	// Contents are elements beyond Contents for which Source has blocks, as a
	// regime of the host's own may require them. Their text is in Data.Others.
	Contents []regime.Content
}

// embedded reads the templates of this package once.
var embedded = sync.OnceValues(func() (*Catalog, error) {
	names, err := fs.Glob(files, "templates/*.tmpl")
	if err != nil {
		return nil, err
	}
	overrides := make([]Override, 0, len(names))
	for _, name := range names {
		source, err := files.ReadFile(name)
		if err != nil {
			return nil, err
		}
		tag := strings.TrimSuffix(path.Base(name), ".tmpl")
		overrides = append(overrides, Override{Locale: tag, Source: string(source)})
	}
	// A language comes before its regions, which inherit from it.
	slices.SortFunc(overrides, func(a, b Override) int { return len(a.Locale) - len(b.Locale) })
	return (&Catalog{}).With(overrides...)
})

// Default returns the catalog of this package.
func Default() (*Catalog, error) { return embedded() }

// With returns a catalog with the overrides applied in order. All problems are
// reported together as privacy.Problems: a template that cannot be parsed, a
// block that nobody asks for, one that is missing, one that asks for what Data
// has not.
func (c *Catalog) With(overrides ...Override) (*Catalog, error) {
	next := &Catalog{locales: maps.Clone(c.locales), contents: slices.Clone(c.contents)}
	if next.locales == nil {
		next.locales = map[language.Tag]*locale{}
	}
	var problems privacy.Problems
	for i, override := range overrides {
		next.contents = append(next.contents, override.Contents...)
		if err := next.apply(override); err != nil {
			problems.Add(fmt.Sprintf("overrides[%d]", i), "template", "%v", err)
		}
	}
	if err := problems.Err(); err != nil {
		return nil, err
	}
	for _, l := range next.locales {
		next.try(&problems, l)
	}
	if err := problems.Err(); err != nil {
		return nil, err
	}
	next.order()
	return next, nil
}

// apply puts an override over its locale or the one it inherits from.
func (c *Catalog) apply(o Override) error {
	tag, err := language.Parse(o.Locale)
	if err != nil {
		return fmt.Errorf("not a language tag: %w", privacy.ErrInvalid)
	}
	blocks := template.New("").Option("missingkey=error")
	var inherited string
	if parent := c.parent(tag); parent != nil {
		if blocks, err = parent.blocks.Clone(); err != nil {
			return err
		}
		inherited = parent.version
	}
	if _, err := blocks.Parse(o.Source); err != nil {
		return err
	}
	sum := sha256.Sum256([]byte(inherited + "\n" + o.Source))
	c.locales[tag] = &locale{tag: tag, blocks: blocks, version: hex.EncodeToString(sum[:8])}
	return nil
}

// parent returns the locale itself, or the closest one in the same language.
func (c *Catalog) parent(tag language.Tag) *locale {
	for t := tag; ; t = t.Parent() {
		if l := c.locales[t]; l != nil {
			return l
		}
		if t == language.Und {
			return nil
		}
	}
}

// order prepares the matching: English, if there is any, is the default.
func (c *Catalog) order() {
	c.tags = slices.SortedFunc(maps.Keys(c.locales), func(a, b language.Tag) int {
		return strings.Compare(rank(a), rank(b))
	})
	c.matcher = language.NewMatcher(c.tags)
}

func rank(tag language.Tag) string {
	if tag.String() == defaultLocale {
		return ""
	}
	return tag.String()
}

// Locales returns the locales of the catalog, the default first.
func (c *Catalog) Locales() []string {
	locales := make([]string, len(c.tags))
	for i, tag := range c.tags {
		locales[i] = tag.String()
	}
	return locales
}

// match returns the locale that fits best. Each preference is a BCP 47 tag or
// an Accept-Language header; one that cannot be read is passed over.
func (c *Catalog) match(preferred []string) *locale {
	var wanted []language.Tag
	for _, preference := range preferred {
		tags, _, err := language.ParseAcceptLanguage(preference)
		if err == nil {
			wanted = append(wanted, tags...)
		}
	}
	_, i, _ := c.matcher.Match(wanted...)
	return c.locales[c.tags[i]]
}

// blockNames lists every block that a locale has.
func (c *Catalog) blockNames() []string {
	names := []string{"date", "greeting", "closing", "none"}
	for month := range 12 {
		names = append(names, "month."+strconv.Itoa(month+1))
	}
	for _, request := range regime.Requests() {
		names = append(names, "request."+string(request))
	}
	for _, kind := range regime.NoticeKinds() {
		names = append(names, "subject."+string(kind), "body."+string(kind))
	}
	for _, content := range slices.Concat(Contents(), c.contents) {
		names = append(names, "element."+string(content))
	}
	return names
}
