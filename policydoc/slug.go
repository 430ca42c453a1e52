package policydoc

import (
	"regexp"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// numberWords are the words that, followed by a number, number a section.
const numberWords = `article|art|section|sec|clause|chapter|part|schedule|annex|appendix|` +
	`artikel|abschnitt|kapitel|teil|anhang|paragraf|paragraph|` +
	`chapitre|partie|annexe|artículo|sección|capítulo|cláusula|` +
	`articolo|sezione|capitolo|artigo|seção|secção|hoofdstuk|bijlage|` +
	`artykuł|rozdział|článek|část|oddíl|článok|člen|članak|cikk|fejezet|` +
	`articol|articolul|secțiunea|capitolul|член|раздел|статья|глава|стаття|розділ|` +
	`άρθρο|ενότητα|artikla|artikkeli|osa|luku|avsnitt|afsnit|kapittel|madde|bölüm|` +
	`điều|mục|chương|pasal|bagian|סעיף|פרק|مادة|المادة|القسم|ماده|بخش|अनुच्छेद|धारा|ข้อ|มาตรา`

// numbering matches the ways in which titles are numbered. A bare number with
// neither mark nor word is not numbering: "3 ways to reach us".
var numbering = regexp.MustCompile(`^(?i:` +
	`(?:` + numberWords + `)\.?[\s\x{a0}]*(?:\p{Nd}+(?:\.\p{Nd}+)*[a-z]?|[ivxlc]+)(?:[.:)\]–—-]+|[\s\x{a0}]|$)` +
	`|§+[\s\x{a0}]*\p{Nd}+(?:\.\p{Nd}+)*[.):]?` +
	`|\p{Nd}+(?:\.\p{Nd}+)+(?:[\s\x{a0}]|$)` +
	`|[(\[]?\p{Nd}+(?:\.\p{Nd}+)*[.):\]．、）]+` +
	`|[(\[]?(?:[a-z]|[ivxlc]+)[.)\]](?:[\s\x{a0}]|$)` +
	`|第[\s\x{a0}]*[\p{Nd}零〇一二三四五六七八九十百]+[\s\x{a0}]*[条條章節节款項项部編编]` +
	`|[（(]?[零〇一二三四五六七八九十百]+[、．.）)]` +
	`|제[\s\x{a0}]*\p{Nd}+[\s\x{a0}]*[조장절항관편]` +
	`)[\s\x{a0}:.–—-]*`)

// SplitNumber splits the numbering from a title: "3. Roles" gives "3." and
// "Roles", "Article 3" gives "Article 3" and "". Without numbering, number is "".
func SplitNumber(title string) (number, rest string) {
	end := len(numbering.FindString(title))
	number = strings.TrimFunc(title[:end], func(r rune) bool {
		return unicode.IsSpace(r) || r == '–' || r == '—' || r == '-' || r == ':'
	})
	return number, title[end:]
}

// Slug derives an id from a title: its letters, marks and digits in lower case
// and Unicode normal form C, of every script, with single hyphens between the
// words. It is "" if nothing of the title is a letter or digit.
func Slug(title string) string {
	title = norm.NFC.String(stripAttributes(title))
	var b strings.Builder
	gap := false
	for _, r := range title {
		switch {
		case unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r):
			if gap && b.Len() > 0 {
				b.WriteByte('-')
			}
			gap = false
			b.WriteRune(unicode.ToLower(r))
		case r == '\'' || r == '’' || r == '\u00ad' || unicode.Is(unicode.Cf, r):
			// Apostrophes, soft hyphens and format characters join.
		default:
			gap = true
		}
	}
	return b.String()
}

// stripAttributes takes off an attribute list in a form that Markdown readers of
// other make know and ours shows as text: "Title {: .no_toc}".
func stripAttributes(title string) string {
	if i := strings.LastIndex(title, "{:"); i > 0 && strings.HasSuffix(title, "}") {
		return title[:i]
	}
	return title
}
