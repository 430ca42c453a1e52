package markdown

import (
	"bytes"
	"regexp"
	"strings"

	"github.com/labelop/privacykit/policydoc"
)

// maxFrontMatter is the greatest number of lines of front matter.
const maxFrontMatter = 1000

var fieldLine = regexp.MustCompile(`^([A-Za-z_][A-Za-z0-9_.-]*):(?:[ \t]+(.*))?$`)

// splitFrontMatter returns the front matter's entries and where the body starts.
// Front matter starts on the first line with "---" and ends with the next line
// "---" or "...". Between them stand only entries "key: value", lines that
// belong to the entry above (indented, or items "- …"), comments "# …" and blank
// lines. Anything else is no front matter but text, and so is what has no entry
// but would be read: "# Privacy policy" between two rules is a title.
func splitFrontMatter(src []byte) (fields []policydoc.Field, body int) {
	first, rest, ok := bytes.Cut(src, []byte{'\n'})
	if !ok || strings.TrimRight(string(first), " \t") != "---" {
		return nil, 0
	}
	pos, read := len(src)-len(rest), false
	for range maxFrontMatter {
		end := bytes.IndexByte(src[pos:], '\n') + 1
		if end == 0 {
			end = len(src) - pos
		}
		line := strings.TrimRight(string(src[pos:pos+end]), " \t\n")
		pos += end
		if line == "---" || line == "..." {
			if len(fields) == 0 && (read || line == "...") {
				return nil, 0
			}
			return finishFields(fields), pos
		}
		read = read || line != ""
		if pos == len(src) || !addLine(&fields, line) {
			return nil, 0
		}
	}
	return nil, 0
}

// addLine adds a line to the entries, whose values are unquoted later. It
// reports whether the line may stand in front matter.
func addLine(fields *[]policydoc.Field, line string) bool {
	if m := fieldLine.FindStringSubmatch(line); m != nil {
		*fields = append(*fields, policydoc.Field{Key: m[1], Value: strings.TrimSpace(m[2])})
		return true
	}
	continues := strings.HasPrefix(line, " ") || strings.HasPrefix(line, "\t") || strings.HasPrefix(line, "- ") || line == "-"
	switch {
	case line == "" || strings.HasPrefix(line, "#"):
		return true
	case continues && len(*fields) > 0:
		(*fields)[len(*fields)-1].Value += "\n" + line
		return true
	}
	return false
}

func finishFields(fields []policydoc.Field) []policydoc.Field {
	for i, f := range fields {
		fields[i].Value = unquote(f.Value)
	}
	return fields
}

func unquote(v string) string {
	if len(v) < 2 || strings.Contains(v, "\n") || v[0] != v[len(v)-1] {
		return v
	}
	inner := v[1 : len(v)-1]
	switch v[0] {
	case '\'':
		if !strings.Contains(strings.ReplaceAll(inner, "''", ""), "'") {
			return strings.ReplaceAll(inner, "''", "'")
		}
	case '"':
		return unescapeQuoted(inner, v)
	}
	return v
}

// unescapeQuoted resolves \" and \\; with any other escape the value stays raw.
func unescapeQuoted(inner, raw string) string {
	var b strings.Builder
	for i := 0; i < len(inner); i++ {
		c := inner[i]
		if c == '"' {
			return raw
		}
		if c == '\\' {
			i++
			if i == len(inner) || inner[i] != '"' && inner[i] != '\\' {
				return raw
			}
			c = inner[i]
		}
		b.WriteByte(c)
	}
	return b.String()
}

// writeFrontMatter writes entries so that splitFrontMatter reads them again.
func writeFrontMatter(b *strings.Builder, fields []policydoc.Field) {
	if len(fields) == 0 {
		return
	}
	b.WriteString("---\n")
	for _, f := range fields {
		b.WriteString(f.Key + ":")
		if v := fieldValue(f.Value); v != "" && !strings.HasPrefix(v, "\n") {
			b.WriteString(" " + v)
		} else {
			b.WriteString(v)
		}
		b.WriteByte('\n')
	}
	b.WriteString("---\n\n")
}

// fieldValue quotes a scalar that would not be read back as it is.
func fieldValue(v string) string {
	if strings.Contains(v, "\n") || v == strings.TrimSpace(v) && unquote(v) == v {
		return v
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(v) + `"`
}
