package archive

import (
	"archive/zip"
	"bytes"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/text/unicode/norm"
)

func TestNamesOfFilesMeanNothingButThemselves(t *testing.T) {
	for name, want := range map[string]string{
		"photo.jpg":                             "photo.jpg",
		"../../etc/passwd":                      "_.._.._etc_passwd",
		"/etc/passwd":                           "_etc_passwd",
		`C:\Windows\system.ini`:                 "C__Windows_system.ini",
		`\\server\share`:                        "__server_share",
		"..":                                    "_",
		".":                                     "_",
		"":                                      "file",
		"   ":                                   "file",
		".htaccess":                             "_.htaccess",
		"a\x00b\nc\x7f":                         "a_b_c_",
		"a\u202egpj.exe":                        "a_gpj.exe",
		"name. . ":                              "name",
		"nul":                                   "_nul",
		"CON.txt":                               "_CON.txt",
		"com¹.tar.gz":                           "_com¹.tar.gz",
		"lpt0":                                  "_lpt0",
		"COM10":                                 "COM10",
		"console.log":                           "console.log",
		"a:stream":                              "a_stream",
		`what?*<>|".txt`:                        "what______.txt",
		"e\u0301t\u00e9.txt":                    "\u00e9t\u00e9.txt",
		"a\xff.txt":                             "a_.txt",
		"a\u00a0b\tc":                           "a b_c",
		strings.Repeat("é", 200) + ".jpeg":      strings.Repeat("é", 72) + ".jpeg",
		"a." + strings.Repeat("x", 200):         ("a." + strings.Repeat("x", 200))[:150],
		"con " + ".txt":                         "_con .txt",
		"\u2028line":                            "_line",
		strings.Repeat("a", 149) + "\u0301.png": strings.Repeat("a", 146) + ".png",
		strings.Repeat("..", 100):               "_",
		"trailing.":                             "trailing",
		"Ünïcödé 文件.pdf":                        "Ünïcödé 文件.pdf",
	} {
		got := safeName(name)
		assert.Equal(t, want, got, "%q", name)
		assert.Equal(t, got, safeName(got), "a safe name stays as it is")
	}
}

func TestNoTwoFilesShareANameOnAnyFileSystem(t *testing.T) {
	taken := names{}
	var got []string
	for _, name := range []string{"a.txt", "A.TXT", "a.txt", "a-2.txt", "ﬁle", "file", "stra\u00dfe", "STRASSE", "../a.txt"} {
		got = append(got, taken.file("media", name))
	}
	assert.Equal(t, []string{
		"media/a.txt", "media/A-2.TXT", "media/a-3.txt", "media/a-2-2.txt", "media/ﬁle", "media/file-2", "media/straße", "media/STRASSE-2", "media/_.._a.txt",
	}, got)
}

// A name that many files share costs no search.
func TestManyFilesOfOneName(t *testing.T) {
	taken, paths := names{}, map[string]bool{}
	for range 50_000 {
		paths[taken.file("media", "film.mp4")] = true
	}
	assert.Len(t, paths, 50_000)
	assert.True(t, paths["media/film-50000.mp4"])
}

func FuzzSafeName(f *testing.F) {
	for _, name := range []string{"../x", "con", "a\u202e", strings.Repeat("\u0301", 100), "\xff", ". .", "a.\u00a0"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		got := safeName(name)
		require.NotEmpty(t, got)
		require.LessOrEqual(t, len(got), maxName+8)
		require.True(t, utf8.ValidString(got) && norm.NFC.IsNormalString(got))
		require.NotContains(t, got, "/")
		require.NotContains(t, got, `\`)
		require.NotContains(t, got, ":")
		require.NotEqual(t, ".", got[:1])
		require.NotContains(t, " .", got[len(got)-1:])
		require.False(t, reserved(got))
		require.Equal(t, got, safeName(got))
		require.True(t, isSafe("systems/x/media/"+got))
	})
}

// pack makes a ZIP by hand; the last file is the manifest.
func pack(t testing.TB, files ...[2]string) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, file := range files {
		entry, err := w.Create(file[0])
		require.NoError(t, err)
		_, err = entry.Write([]byte(file[1]))
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return out.Bytes()
}

const (
	sumOfA = "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"
	head   = `{"schema":"privacykit/archive@1","kind":"access","case":"c","created":"2026-03-02T09:00:00Z","systems":[],"entries":[`
)

func line(name string) string { return `{"name":"` + name + `","size":1,"sha256":"` + sumOfA + `"}` }

func TestVerifyFindsWhatIsNotWhole(t *testing.T) {
	good := [][2]string{{"report.html", "a"}, {"manifest.json", head + line("report.html") + `]}`}}
	_, err := Verify(bytes.NewReader(pack(t, good...)), int64(len(pack(t, good...))))
	require.NoError(t, err)
	for name, files := range map[string][][2]string{
		"no manifest":           {{"report.html", "a"}},
		"the manifest is first": {good[1], good[0]},
		"nothing":               {},
		"changed":               {{"report.html", "b"}, good[1]},
		"longer":                {{"report.html", "aa"}, good[1]},
		"added":                 {good[0], {"x", "a"}, good[1]},
		"taken away":            {good[1]},
		"renamed":               {{"x.html", "a"}, good[1]},
		"leads out":             {{"../x", "a"}, {"manifest.json", head + line("../x") + `]}`}},
		"absolute":              {{"/x", "a"}, {"manifest.json", head + line("/x") + `]}`}},
		"a device":              {{"nul", "a"}, {"manifest.json", head + line("nul") + `]}`}},
		"a drive":               {{"C:x", "a"}, {"manifest.json", head + line("C:x") + `]}`}},
		"too deep":              {{"a/b/c/d/e", "a"}, {"manifest.json", head + line("a/b/c/d/e") + `]}`}},
		"the same name":         {{"x", "a"}, {"X", "a"}, {"manifest.json", head + line("x") + "," + line("X") + `]}`}},
		"another schema":        {good[0], {"manifest.json", strings.Replace(good[1][1], "@1", "@2", 1)}},
		"an unknown field":      {good[0], {"manifest.json", strings.Replace(good[1][1], `"kind"`, `"x":1,"kind"`, 1)}},
		"a size below zero":     {good[0], {"manifest.json", strings.Replace(good[1][1], `"size":1`, `"size":-1`, 1)}},
		"a manifest of nothing": {good[0], {"manifest.json", ""}},
	} {
		t.Run(name, func(t *testing.T) {
			data := pack(t, files...)
			_, err := Verify(bytes.NewReader(data), int64(len(data)))
			require.ErrorIs(t, err, ErrNotWhole)
		})
	}
}

func FuzzVerify(f *testing.F) {
	f.Add(pack(f, [2]string{"report.html", "a"}, [2]string{"manifest.json", head + line("report.html") + `]}`}))
	f.Add([]byte("PK"))
	f.Fuzz(func(t *testing.T, data []byte) {
		manifest, err := Verify(bytes.NewReader(data), int64(len(data)))
		require.True(t, err == nil || errors.Is(err, ErrNotWhole))
		for _, entry := range manifest.Entries {
			require.True(t, isSafe(entry.Name))
		}
	})
}
