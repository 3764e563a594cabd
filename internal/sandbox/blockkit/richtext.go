package blockkit

// Rich text: a block of sections, lists, quotes and code, each of which holds
// runs of text, links, mentions, emoji and dates.

var richTextBlock object

func richText(v *validator, pointer string, val any) {
	m, kind, ok := v.typed(pointer, val)
	if !ok {
		return
	}
	if kind != "rich_text" {
		v.add(pointer+"/type", "unsupported type: %s", kind)
		return
	}
	v.object(pointer, m, richTextBlock)
}

var richParts, richRuns map[string]object

// initRichText fills the tables; a list holds sections, so no initializer can.
func initRichText() {
	style := obj(object{fields: map[string]rule{
		"bold": boolean, "italic": boolean, "strike": boolean, "code": boolean, "underline": boolean,
		"highlight": boolean, "client_highlight": boolean, "unlink": boolean,
	}})
	run := func(required []string, fields map[string]rule) object {
		fields["type"], fields["style"] = nil, style
		return object{required: required, fields: fields}
	}
	id := str(1, 255)
	richRuns = map[string]object{
		"text":      run([]string{"text"}, map[string]rule{"text": richString}),
		"link":      run([]string{"url"}, map[string]rule{"url": link(3000), "text": richString, "unsafe": boolean}),
		"emoji":     run([]string{"name"}, map[string]rule{"name": id, "unicode": id, "skin_tone": integer(1, 6)}),
		"user":      run([]string{"user_id"}, map[string]rule{"user_id": id}),
		"usergroup": run([]string{"usergroup_id"}, map[string]rule{"usergroup_id": id}),
		"team":      run([]string{"team_id"}, map[string]rule{"team_id": id}),
		"channel":   run([]string{"channel_id"}, map[string]rule{"channel_id": id}),
		"broadcast": run([]string{"range"}, map[string]rule{"range": oneOf("here", "channel", "everyone")}),
		"color":     run([]string{"value"}, map[string]rule{"value": id}),
		"date":      run([]string{"timestamp", "format"}, map[string]rule{"timestamp": integer(0, 1<<40), "format": id, "url": link(3000), "fallback": str(0, 3000)}),
	}
	runs := list(0, 10_000, aRun)
	richParts = map[string]object{
		"rich_text_section":      {required: []string{"elements"}, fields: map[string]rule{"type": nil, "elements": runs}},
		"rich_text_quote":        {required: []string{"elements"}, fields: map[string]rule{"type": nil, "elements": runs, "border": integer(0, 1)}},
		"rich_text_preformatted": {required: []string{"elements"}, fields: map[string]rule{"type": nil, "elements": runs, "border": integer(0, 1), "language": str(0, 50)}},
		"rich_text_list": {required: []string{"elements", "style"}, fields: map[string]rule{
			"type": nil, "elements": list(0, 10_000, aPart), "style": oneOf("bullet", "ordered"), "indent": integer(0, 8), "offset": integer(0, 1<<20), "border": integer(0, 1),
		}},
	}
	richTextBlock = block([]string{"elements"}, map[string]rule{"elements": list(0, 10_000, aPart)}, nil)
}

func richString(v *validator, pointer string, val any) {
	s, ok := val.(string)
	if !ok {
		v.add(pointer, "must be a string")
	}
	v.total += len([]rune(s))
}

func aPart(v *validator, pointer string, val any) { v.oneOfObjects(pointer, val, richParts) }

func aRun(v *validator, pointer string, val any) { v.oneOfObjects(pointer, val, richRuns) }

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
