package blockkit

import (
	"fmt"
	"slices"
)

// blockSpec is one kind of block and where it may stand.
type blockSpec struct {
	object
	messageOnly, notMessage bool
}

func block(required []string, fields map[string]rule, check func(*validator, string, map[string]any)) object {
	fields["type"], fields["block_id"] = nil, str(0, 255)
	return object{required: required, fields: fields, check: check}
}

// inner is a rule for a block inside another.
func inner(kinds ...string) rule {
	allowed := map[string]bool{}
	for _, k := range kinds {
		allowed[k] = true
	}
	return func(v *validator, pointer string, val any) { v.block(pointer, val, allowed) }
}

var childKinds = []string{"actions", "context", "divider", "file", "header", "image", "input", "rich_text", "section", "table", "video"}

// flat are the elements that stand in a section or a row of actions.
var flat = slices.Concat([]string{"button", "overflow", "workflow_button"}, selects, pickers)

var card = block(nil, map[string]rule{
	"hero_image": anElement("image"), "icon": anElement("image"), "slack_icon": anyObject, "title": words(150), "subtitle": words(150), "body": words(200), "subtext": words(200),
	"actions": list(1, 5, anElement("button", "overflow", "workflow_button")),
}, atLeastOne("hero_image", "title", "actions", "body"))

var container = block([]string{"child_blocks"}, map[string]rule{
	"title": plain(150), "rich_text_title": richText, "subtitle": words(150), "icon": anElement("image"), "width": oneOf("narrow", "standard", "wide", "full"),
	"is_collapsible": boolean, "default_collapsed": boolean, "has_header_divider": boolean,
	"child_blocks": list(1, 10, inner(append(slices.Clone(childKinds), "layout")...)),
}, checkContainer)

func checkContainer(v *validator, pointer string, m map[string]any) {
	atLeastOne("title", "rich_text_title")(v, pointer, m)
	if m["has_header_divider"] == true && m["is_collapsible"] == true {
		v.add(pointer+"/has_header_divider", "is only supported on non-collapsible containers")
	}
	if m["default_collapsed"] == true && m["is_collapsible"] != true {
		v.add(pointer+"/default_collapsed", "requires is_collapsible")
	}
}

var layoutItem = obj(object{required: []string{"block"}, fields: map[string]rule{
	"block": inner(append(slices.Clone(childKinds), "container", "card")...), "width": oneOf("narrow", "standard", "wide"), "horizontal_alignment": oneOf("start", "center", "end"),
}})

var layout = block([]string{"label", "rows"}, map[string]rule{
	"label": str(1, 150), "is_label_visible": boolean, "grid_lines": oneOf("none", "rows", "outer"), "fallback": list(0, maxBlocks, inner(childKinds...)),
	"rows": list(1, 5, obj(object{required: []string{"items"}, fields: map[string]rule{"items": list(1, 3, layoutItem)}})),
}, nil)

var task = block([]string{"task_id", "title"}, map[string]rule{
	"task_id": str(1, 255), "title": str(1, 3000), "status": oneOf("pending", "in_progress", "complete", "error"),
	"details": richText, "output": richText, "sources": list(0, 100, anyObject), "hide_title": boolean,
}, nil)

// blockSpecs is every kind of block, its fields and their limits.
var blockSpecs = map[string]blockSpec{
	"section": {object: block(nil, map[string]rule{
		"text": words(3000), "fields": list(1, 10, words(2000)), "expand": boolean, "accessory": anElement(append([]string{"image"}, flat...)...),
	}, atLeastOne("text", "fields"))},
	"header":  {object: block([]string{"text"}, map[string]rule{"text": plain(150), "level": integer(1, 4)}, nil)},
	"divider": {object: block(nil, map[string]rule{}, nil)},
	"image": {object: block([]string{"alt_text"}, map[string]rule{
		"image_url": link, "slack_file": slackFile, "alt_text": str(1, 2000), "title": plain(2000),
	}, exactlyOne("image_url", "slack_file"))},
	"actions": {object: block([]string{"elements"}, map[string]rule{"elements": list(1, 25, anElement(append(slices.Clone(flat), "rich_text_input")...))}, nil)},
	"context": {object: block([]string{"elements"}, map[string]rule{"elements": list(1, 10, contextElement)}, nil)},
	"context_actions": {messageOnly: true, object: block([]string{"elements"}, map[string]rule{
		"elements": list(1, 5, anElement("feedback_buttons", "icon_button")),
	}, nil)},
	"file": {messageOnly: true, object: block([]string{"external_id", "source"}, map[string]rule{"external_id": str(1, 255), "source": oneOf("remote")}, nil)},
	"call": {messageOnly: true, object: block([]string{"call_id"}, map[string]rule{"call_id": str(1, 255), "call": anyObject, "api_decoration_available": boolean}, nil)},
	"video": {object: block([]string{"video_url", "thumbnail_url", "alt_text", "title"}, map[string]rule{
		"video_url": link, "thumbnail_url": link, "alt_text": str(1, 2000), "title": plain(200), "title_url": link,
		"author_name": str(0, 50), "provider_name": str(0, 3000), "provider_icon_url": link, "description": plain(200),
	}, nil)},
	"input": {object: block([]string{"label", "element"}, map[string]rule{
		"label": plain(2000), "hint": plain(2000), "optional": boolean, "dispatch_action": boolean,
		"element": anElement(append(append(slices.Clone(textInputs), selects...), pickers...)...),
	}, nil)},
	"rich_text":          {object: richTextBlock},
	"markdown":           {messageOnly: true, object: block([]string{"text"}, map[string]rule{"text": markdownText}, nil)},
	"table":              {messageOnly: true, object: block([]string{"rows"}, map[string]rule{"rows": tableRows(100, 20), "column_settings": list(0, 20, columnSetting)}, nil)},
	"data_table":         {messageOnly: true, object: block([]string{"caption", "rows"}, map[string]rule{"caption": str(1, 3000), "rows": tableRows(1<<20, 20), "page_size": integer(1, 100), "row_header_column_index": integer(0, 19)}, nil)},
	"data_visualization": {messageOnly: true, object: block([]string{"title", "chart"}, map[string]rule{"title": str(1, 50), "chart": chart}, nil)},
	"alert":              {notMessage: true, object: block([]string{"text"}, map[string]rule{"text": words(200), "level": oneOf("default", "info", "warning", "error", "success")}, nil)},
	"card":               {messageOnly: true, object: card},
	"carousel":           {messageOnly: true, object: block([]string{"elements"}, map[string]rule{"elements": list(1, 10, inner("card"))}, nil)},
	"container":          {object: container},
	"layout":             {object: layout},
	"task_card":          {messageOnly: true, object: task},
	"plan":               {messageOnly: true, object: block([]string{"title"}, map[string]rule{"title": str(1, 3000), "tasks": list(0, 50, inner("task_card"))}, nil)},
	"auth_provider": {object: block([]string{"value", "name", "is_connected"}, map[string]rule{
		"value": str(1, 2000), "name": plain(150), "is_connected": boolean, "description": words(3000), "icon_url": link, "auth_url": link,
		"disconnect_url": link, "connected_identity": words(3000), "connected_context": words(3000), "accessory": anElement("overflow"), "fallback": list(0, maxBlocks, inner(childKinds...)),
	}, nil)},
}

// viewFields are the fields of every view, with those of one kind.
func viewFields(more map[string]rule) map[string]rule {
	more["type"], more["callback_id"], more["external_id"], more["private_metadata"] = nil, str(0, 255), str(0, 255), str(0, 3000)
	more["blocks"] = func(v *validator, pointer string, val any) { v.blocks(pointer, val, maxViewBlocks) }
	return more
}

var modalView = object{required: []string{"title", "blocks"}, fields: viewFields(map[string]rule{
	"title": plain(24), "submit": plain(24), "close": plain(24), "clear_on_close": boolean, "notify_on_close": boolean, "submit_disabled": boolean,
})}

// homeView has the modal's switches too: libraries send them on home tabs, and
// Slack takes them.
var homeView = object{required: []string{"blocks"}, fields: viewFields(map[string]rule{"clear_on_close": boolean, "notify_on_close": boolean})}

func contextElement(v *validator, pointer string, val any) {
	if m, ok := val.(map[string]any); ok && m["type"] == "image" {
		anElement("image")(v, pointer, val)
		return
	}
	words(3000)(v, pointer, val)
}

func markdownText(v *validator, pointer string, val any) {
	if s, ok := val.(string); !ok || s == "" {
		v.add(pointer, "must be more than 0 characters")
	} else {
		v.total += len([]rune(s))
	}
}

func columnSetting(v *validator, pointer string, val any) {
	if val == nil { // a column without settings
		return
	}
	obj(object{fields: map[string]rule{"align": oneOf("left", "center", "right"), "is_wrapped": boolean}})(v, pointer, val)
}

// tableRows is rows of as many cells each.
func tableRows(rows, columns int) rule {
	return func(v *validator, pointer string, val any) {
		list(1, rows, list(1, columns, cell))(v, pointer, val)
		all, _ := val.([]any)
		for i, r := range all {
			first, _ := all[0].([]any)
			if row, ok := r.([]any); ok && len(row) != len(first) {
				v.add(fmt.Sprintf("%s/%d", pointer, i), "must have as many cells as the first row")
			}
		}
	}
}

func cell(v *validator, pointer string, val any) {
	m, kind, ok := v.typed(pointer, val)
	if !ok {
		return
	}
	switch kind {
	case "raw_text":
		v.object(pointer, m, object{required: []string{"text"}, fields: map[string]rule{"type": nil, "text": counted}})
	case "raw_number":
		v.object(pointer, m, object{required: []string{"value"}, fields: map[string]rule{"type": nil, "value": number, "text": counted}})
	case "rich_text":
		v.object(pointer, m, tables.richText())
	case "action_cell":
		v.object(pointer, m, object{required: []string{"element"}, fields: map[string]rule{"type": nil, "element": anElement("button"), "fallback": cell}})
	default:
		v.add(pointer+"/type", "unsupported type: %s", kind)
	}
}

// counted is a string whose characters count towards the message's total.
func counted(v *validator, pointer string, val any) {
	str(0, 3000)(v, pointer, val)
	s, _ := val.(string)
	v.total += len([]rune(s))
}
