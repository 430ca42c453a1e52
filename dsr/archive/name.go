package archive

import (
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// maxName is the greatest length of a file name in bytes, with room for a
// number that tells it from another; file systems allow 255.
const maxName = 150

// safeName turns any text into a name for a file that means nothing but itself
// on any common system: no separator, drive, control, format or wildcard
// character, no reserved device name, no leading dot, no dot or space at the
// end, in Unicode normal form C. A safe name stays as it is.
func safeName(name string) string {
	name = norm.NFC.String(strings.ToValidUTF8(name, "_"))
	name = strings.Map(safeRune, name)
	name = strings.TrimLeft(name, " ")
	if strings.HasPrefix(name, ".") {
		name = "_" + name
	}
	if reserved(name) {
		name = "_" + name
	}
	name = trimEnd(shorten(name))
	if name == "" {
		return "file"
	}
	return name
}

func trimEnd(name string) string { return strings.TrimRight(name, " .") }

// safeRune replaces what is not safe anywhere in a name. Format characters such
// as U+202E would show a name as another.
func safeRune(r rune) rune {
	switch {
	case strings.ContainsRune(`/\:*?"<>|`, r), r == utf8.RuneError:
		return '_'
	case unicode.IsControl(r), unicode.Is(unicode.Cf, r), unicode.Is(unicode.Co, r), r == '\u2028', r == '\u2029':
		return '_'
	case unicode.IsSpace(r):
		return ' '
	}
	return r
}

var portNumbers = strings.Split("0123456789¹²³", "")

// reserved reports whether Windows takes the name for a device, whatever comes
// after the first dot.
func reserved(name string) bool {
	stem, _, _ := strings.Cut(name, ".")
	stem = strings.ToUpper(strings.TrimRight(stem, " "))
	switch stem {
	case "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$", "CLOCK$":
		return true
	}
	for _, port := range []string{"COM", "LPT"} {
		if number, ok := strings.CutPrefix(stem, port); ok {
			return slices.Contains(portNumbers, number)
		}
	}
	return false
}

// shorten cuts a name at a character, and keeps its extension if that is short.
func shorten(name string) string {
	if len(name) <= maxName {
		return name
	}
	extension := path.Ext(name)
	if len(extension) > 16 {
		extension = ""
	}
	stem := name[:maxName-len(extension)]
	for !utf8.ValidString(stem) {
		stem = stem[:len(stem)-1]
	}
	return norm.NFC.String(trimEnd(stem)) + extension
}

// names hands out names that no other in the package has, on file systems that
// do not tell case apart neither. It counts how often a name was asked for, so
// that a thousand files of one name do not search a thousand times each.
type names map[string]int

// file returns the path of a file in a directory that is safe already.
func (n names) file(directory, name string) string {
	name = safeName(name)
	extension := path.Ext(name)
	stem := strings.TrimSuffix(name, extension)
	wanted := fold(path.Join(directory, name))
	for i := n[wanted] + 1; ; i++ {
		candidate := path.Join(directory, name)
		if i > 1 {
			candidate = path.Join(directory, stem+"-"+strconv.Itoa(i)+extension)
		}
		if folded := fold(candidate); n[folded] == 0 {
			n[folded] = 1
			n[wanted] = max(n[wanted], i)
			return candidate
		}
	}
}

// fold maps names that a file system may take for one to one.
func fold(name string) string { return norm.NFKC.String(cases.Fold().String(norm.NFKC.String(name))) }

// isSafe reports whether a path in a package is one that this package writes.
func isSafe(entry string) bool {
	parts := strings.Split(entry, "/")
	for _, part := range parts {
		if part == "" || safeName(part) != part {
			return false
		}
	}
	return len(parts) <= 4
}
