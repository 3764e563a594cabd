package blockkit

import "maps"

var textInputs = []string{"plain_text_input", "email_text_input", "url_text_input", "number_input", "rich_text_input", "file_input"}

var selects = []string{
	"static_select", "external_select", "users_select", "conversations_select", "channels_select",
	"multi_static_select", "multi_external_select", "multi_users_select", "multi_conversations_select", "multi_channels_select",
}

var pickers = []string{"datepicker", "timepicker", "datetimepicker", "checkboxes", "radio_buttons"}

func style(v *validator, pointer string, val any) { oneOf("primary", "danger")(v, pointer, val) }

var confirm = obj(object{
	required: []string{"title", "text", "confirm", "deny"},
	fields:   map[string]rule{"title": plain(100), "text": words(300), "confirm": plain(30), "deny": plain(30), "style": style},
})

func optionOf(label rule, more map[string]rule) rule {
	f := map[string]rule{"text": label, "value": str(0, 75), "description": words(75)}
	maps.Copy(f, more)
	return obj(object{required: []string{"text", "value"}, fields: f})
}

var (
	selectOption = optionOf(plain(75), nil)
	choiceOption = optionOf(words(75), nil)
	menuOption   = optionOf(plain(75), map[string]rule{"url": link})
	optionGroup  = obj(object{
		required: []string{"label", "options"},
		fields:   map[string]rule{"label": plain(75), "options": list(1, 100, selectOption)},
	})
	dispatch = obj(object{fields: map[string]rule{
		"trigger_actions_on": list(1, 2, oneOf("on_enter_pressed", "on_character_entered")),
	}})
	conversationFilter = obj(object{fields: map[string]rule{
		"include":                          list(1, 4, oneOf("im", "mpim", "private", "public")),
		"exclude_external_shared_channels": boolean, "exclude_bot_users": boolean,
	}})
	slackFile = obj(object{
		fields: map[string]rule{"id": str(1, 255), "url": link},
		check:  exactlyOne("id", "url"),
	})
	users = list(0, 100, str(1, 255))
)

func with(more map[string]rule, check func(*validator, string, map[string]any), required ...string) object {
	f := map[string]rule{"type": nil, "action_id": actionID}
	maps.Copy(f, more)
	return object{fields: f, required: required, check: check}
}

// selectOf is a select menu: common fields and its own.
func selectOf(multi bool, own map[string]rule, check func(*validator, string, map[string]any)) object {
	f := map[string]rule{"placeholder": plain(150), "confirm": confirm, "focus_on_load": boolean}
	if multi {
		f["max_selected_items"] = integer(1, 1000)
	}
	maps.Copy(f, own)
	return with(f, check)
}

var feedback = obj(object{
	required: []string{"text", "value"},
	fields:   map[string]rule{"text": plain(75), "value": str(1, 2000), "accessibility_label": str(0, 75)},
})

var options = exactlyOne("options", "option_groups")

// elements is every kind of element, its fields and their limits.
var elements = map[string]object{
	"button": with(map[string]rule{
		"text": plain(75), "value": str(0, 2000), "url": link, "style": style, "confirm": confirm,
		"accessibility_label": str(0, 75), "visible_to_user_ids": users, "agent_prompt": str(0, 3000), "agent_prompt_display": str(0, 3000),
	}, nil, "text"),
	"workflow_button":  with(map[string]rule{"text": plain(75), "workflow": anyObject, "style": style, "accessibility_label": str(0, 75)}, nil, "text", "workflow"),
	"icon_button":      with(map[string]rule{"icon": oneOf("trash"), "text": plain(75), "value": str(0, 2000), "confirm": confirm, "accessibility_label": str(0, 75), "visible_to_user_ids": users}, nil, "icon", "text"),
	"feedback_buttons": with(map[string]rule{"positive_button": feedback, "negative_button": feedback}, nil, "positive_button", "negative_button"),
	"overflow":         with(map[string]rule{"options": list(1, 5, menuOption), "confirm": confirm}, nil, "options"),
	"checkboxes": with(map[string]rule{
		"options": list(1, 10, choiceOption), "initial_options": list(1, 10, choiceOption), "confirm": confirm, "focus_on_load": boolean, "visible_to_user_ids": users,
	}, nil, "options"),
	"radio_buttons": with(map[string]rule{
		"options": list(1, 10, choiceOption), "initial_option": choiceOption, "confirm": confirm, "focus_on_load": boolean,
	}, nil, "options"),
	"datepicker":     with(map[string]rule{"placeholder": plain(150), "initial_date": str(10, 10), "confirm": confirm, "focus_on_load": boolean}, nil),
	"timepicker":     with(map[string]rule{"placeholder": plain(150), "initial_time": str(5, 5), "timezone": str(1, 255), "confirm": confirm, "focus_on_load": boolean}, nil),
	"datetimepicker": with(map[string]rule{"initial_date_time": integer(1_000_000_000, 9_999_999_999), "confirm": confirm, "focus_on_load": boolean}, nil),
	"plain_text_input": with(map[string]rule{
		"placeholder": plain(150), "initial_value": str(0, 3000), "multiline": boolean, "min_length": integer(0, 3000), "max_length": integer(1, 3000),
		"dispatch_action_config": dispatch, "focus_on_load": boolean,
	}, nil),
	"email_text_input": with(map[string]rule{"placeholder": plain(150), "initial_value": str(0, 3000), "dispatch_action_config": dispatch, "focus_on_load": boolean}, nil),
	"url_text_input":   with(map[string]rule{"placeholder": plain(150), "initial_value": str(0, 3000), "dispatch_action_config": dispatch, "focus_on_load": boolean}, nil),
	"number_input": with(map[string]rule{
		"placeholder": plain(150), "is_decimal_allowed": boolean, "initial_value": str(0, 255), "min_value": str(0, 255), "max_value": str(0, 255),
		"dispatch_action_config": dispatch, "focus_on_load": boolean,
	}, nil, "is_decimal_allowed"),
	"rich_text_input": with(map[string]rule{
		"placeholder": plain(150), "initial_value": richText, "dispatch_action_config": dispatch, "focus_on_load": boolean, "min_lines": integer(1, 100), "max_lines": integer(1, 100),
	}, nil),
	"file_input": with(map[string]rule{"filetypes": list(0, 100, str(1, 50)), "max_files": integer(1, 10)}, nil),
	"image": {
		fields:   map[string]rule{"type": nil, "image_url": link, "slack_file": slackFile, "alt_text": str(1, 2000)},
		required: []string{"alt_text"}, check: exactlyOne("image_url", "slack_file"),
	},
	"static_select": selectOf(false, map[string]rule{
		"options": list(1, 100, selectOption), "option_groups": list(1, 100, optionGroup), "initial_option": selectOption,
	}, options),
	"multi_static_select": selectOf(true, map[string]rule{
		"options": list(1, 100, selectOption), "option_groups": list(1, 100, optionGroup), "initial_options": list(0, 100, selectOption),
	}, options),
	"external_select":       selectOf(false, map[string]rule{"initial_option": selectOption, "min_query_length": integer(0, 255)}, nil),
	"multi_external_select": selectOf(true, map[string]rule{"initial_options": list(0, 100, selectOption), "min_query_length": integer(0, 255)}, nil),
	"users_select":          selectOf(false, map[string]rule{"initial_user": str(1, 255)}, nil),
	"multi_users_select":    selectOf(true, map[string]rule{"initial_users": users}, nil),
	"conversations_select": selectOf(false, map[string]rule{
		"initial_conversation": str(1, 255), "default_to_current_conversation": boolean, "response_url_enabled": boolean, "filter": conversationFilter,
	}, nil),
	"multi_conversations_select": selectOf(true, map[string]rule{
		"initial_conversations": users, "default_to_current_conversation": boolean, "filter": conversationFilter,
	}, nil),
	"channels_select":       selectOf(false, map[string]rule{"initial_channel": str(1, 255), "response_url_enabled": boolean}, nil),
	"multi_channels_select": selectOf(true, map[string]rule{"initial_channels": users}, nil),
}

func anyObject(v *validator, pointer string, val any) {
	if _, ok := val.(map[string]any); !ok {
		v.add(pointer, "must be an object")
	}
}
