package children

// LawText returns the embedded table as it is written.
func LawText() ([]byte, error) { return lawFiles.ReadFile("law/ages.json") }
