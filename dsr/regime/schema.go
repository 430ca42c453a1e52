package regime

import (
	_ "embed"
	"slices"
)

//go:embed regime.schema.json
var jsonSchema []byte

// JSONSchema returns the JSON Schema (draft 2020-12) of a regime file, for the
// editors of those who write one. Parse checks more than a schema can say.
func JSONSchema() []byte { return slices.Clone(jsonSchema) }
