package blockkit

// Rich text: a block of sections, lists, quotes and code, each of which holds
// runs of text, links, mentions, emoji and dates.

func richText(v *validator, pointer string, val any) {
	m, kind, ok := v.typed(pointer, val)
	if !ok {
		return
	}
	if kind != "rich_text" {
		v.add(pointer+"/type", "unsupported type: %s", kind)
		return
	}
	v.object(pointer, m, tables.richText())
}

var richTextBlock = block([]string{"elements"}, map[string]rule{"elements": list(0, 10_000, aPart)}, nil)

var runStyle = obj(object{fields: map[string]rule{
	"bold": boolean, "italic": boolean, "strike": boolean, "code": boolean, "underline": boolean,
	"highlight": boolean, "client_highlight": boolean, "unlink": boolean,
}})

func run(required []string, fields map[string]rule) object {
	fields["type"], fields["style"] = nil, runStyle
	return object{required: required, fields: fields}
}

var (
	id   = str(1, 255)
	runs = list(0, 10_000, aRun)
)

// richRuns is every kind of run in a section.
var richRuns = map[string]object{
	"text":      run([]string{"text"}, map[string]rule{"text": richString}),
	"link":      run([]string{"url"}, map[string]rule{"url": link, "text": richString, "unsafe": boolean}),
	"emoji":     run([]string{"name"}, map[string]rule{"name": id, "unicode": id, "skin_tone": integer(1, 6)}),
	"user":      run([]string{"user_id"}, map[string]rule{"user_id": id}),
	"usergroup": run([]string{"usergroup_id"}, map[string]rule{"usergroup_id": id}),
	"team":      run([]string{"team_id"}, map[string]rule{"team_id": id}),
	"channel":   run([]string{"channel_id"}, map[string]rule{"channel_id": id}),
	"broadcast": run([]string{"range"}, map[string]rule{"range": oneOf("here", "channel", "everyone")}),
	"color":     run([]string{"value"}, map[string]rule{"value": id}),
	"date":      run([]string{"timestamp", "format"}, map[string]rule{"timestamp": integer(0, 1<<40), "format": id, "url": link, "fallback": str(0, 3000)}),
}

// richParts is every kind of part of a block.
var richParts = map[string]object{
	"rich_text_section":      {required: []string{"elements"}, fields: map[string]rule{"type": nil, "elements": runs}},
	"rich_text_quote":        {required: []string{"elements"}, fields: map[string]rule{"type": nil, "elements": runs, "border": integer(0, 1)}},
	"rich_text_preformatted": {required: []string{"elements"}, fields: map[string]rule{"type": nil, "elements": runs, "border": integer(0, 1), "language": str(0, 50)}},
	"rich_text_list": {required: []string{"elements", "style"}, fields: map[string]rule{
		"type": nil, "elements": list(0, 10_000, aPart), "style": oneOf("bullet", "ordered"), "indent": integer(0, 8), "offset": integer(0, 1<<20), "border": integer(0, 1),
	}},
}

func richString(v *validator, pointer string, val any) {
	s, ok := val.(string)
	if !ok {
		v.add(pointer, "must be a string")
	}
	v.total += len([]rune(s))
}

func aPart(v *validator, pointer string, val any) { v.oneOfObjects(pointer, val, tables.parts()) }

func aRun(v *validator, pointer string, val any) { v.oneOfObjects(pointer, val, tables.runs()) }

func (v *validator) oneOfObjects(pointer string, val any, all map[string]object) {
	m, kind, ok := v.typed(pointer, val)
	if !ok {
		return
	}
	o, known := all[kind]
	if !known {
		v.add(pointer+"/type", "unsupported type: %s", kind)
		return
	}
	v.object(pointer, m, o)
}
