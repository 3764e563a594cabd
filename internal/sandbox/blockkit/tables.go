package blockkit

// tables are how rules reach the tables. The rows of a table refer to tables,
// their own among them, for a block may hold blocks: Go initializes no
// variable that is reached from itself.
var tables struct {
	blocks                func() map[string]blockSpec
	elements, parts, runs func() map[string]object
	richText              func() object
}

func init() {
	tables.blocks = func() map[string]blockSpec { return blockSpecs }
	tables.elements = func() map[string]object { return elements }
	tables.parts = func() map[string]object { return richParts }
	tables.runs = func() map[string]object { return richRuns }
	tables.richText = func() object { return richTextBlock }
}
