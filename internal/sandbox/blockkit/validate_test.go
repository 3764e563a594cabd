package blockkit

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// n repeats a character of two bytes: limits count characters.
func n(count int) string { return strings.Repeat("ä", count) }

// times repeats a JSON value as a list; %d in it is the index.
func times(count int, item string) string {
	items := make([]string, count)
	for i := range items {
		items[i] = strings.ReplaceAll(item, "%d", fmt.Sprint(i))
	}
	return strings.Join(items, ",")
}

func mrkdwn(count int) string  { return `{"type":"mrkdwn","text":"` + n(count) + `"}` }
func word(count int) string    { return `{"type":"plain_text","text":"` + n(count) + `"}` }
func address(count int) string { return "https://e.x/" + strings.Repeat("a", count-12) }

func actions(element string) string {
	return `{"type":"actions","elements":[` + element + `]}`
}

func button(rest string) string {
	return actions(`{"type":"button","text":` + word(1) + rest + `}`)
}

func option(label, value int) string {
	return `{"text":` + word(label) + `,"value":"` + n(value) + `"}`
}

func menu(kind, rest string) string { return actions(`{"type":"` + kind + `",` + rest + `}`) }

// TestLimits has a value at each limit, which is fine, and one over it, which
// is refused at the pointer with the message.
func TestLimits(t *testing.T) {
	section := func(m string) string { return `{"type":"section","text":` + m + `}` }
	confirmed := func(title, text, yes, no int) string {
		return button(`,"confirm":{"title":` + word(title) + `,"text":` + mrkdwn(text) + `,"confirm":` + word(yes) + `,"deny":` + word(no) + `}`)
	}
	row := func(columns int) string { return "[" + times(columns, `{"type":"raw_text","text":"x"}`) + "]" }
	chart := func(series, points, label int) string {
		cats := times(points, `"`+strings.Repeat("c", label-1)+`%d"`)
		data := times(points, `{"label":"`+strings.Repeat("c", label-1)+`%d","value":1}`)
		return `{"type":"data_visualization","title":"t","chart":{"type":"line","axis_config":{"categories":[` + cats + `]},"series":[` +
			strings.Join(seriesOf(series, data), ",") + `]}}`
	}
	for _, tt := range []struct {
		name             string
		fine, over       string // each a list of blocks, without the brackets
		pointer, message string
	}{
		{"blocks in a message", times(50, `{"type":"divider"}`), times(51, `{"type":"divider"}`), "/blocks", "no more than 50 items allowed"},
		{"section text", section(mrkdwn(3000)), section(mrkdwn(3001)), "/blocks/0/text/text", "must be less than 3001 characters"},
		{"section text is not empty", section(mrkdwn(1)), section(mrkdwn(0)), "/blocks/0/text/text", "must be more than 0 characters"},
		{"section fields", `{"type":"section","fields":[` + times(10, mrkdwn(1)) + `]}`, `{"type":"section","fields":[` + times(11, mrkdwn(1)) + `]}`, "/blocks/0/fields", "no more than 10 items allowed"},
		{"a field", `{"type":"section","fields":[` + mrkdwn(2000) + `]}`, `{"type":"section","fields":[` + mrkdwn(2001) + `]}`, "/blocks/0/fields/0/text", "must be less than 2001 characters"},
		{"header", `{"type":"header","text":` + word(150) + `}`, `{"type":"header","text":` + word(151) + `}`, "/blocks/0/text/text", "must be less than 151 characters"},
		{"context elements", `{"type":"context","elements":[` + times(10, mrkdwn(1)) + `]}`, `{"type":"context","elements":[` + times(11, mrkdwn(1)) + `]}`, "/blocks/0/elements", "no more than 10 items allowed"},
		{"actions elements", actions(times(25, `{"type":"button","text":`+word(1)+`}`)), actions(times(26, `{"type":"button","text":`+word(1)+`}`)), "/blocks/0/elements", "no more than 25 items allowed"},
		{"context_actions elements",
			`{"type":"context_actions","elements":[` + times(5, `{"type":"icon_button","icon":"trash","text":`+word(1)+`}`) + `]}`,
			`{"type":"context_actions","elements":[` + times(6, `{"type":"icon_button","icon":"trash","text":`+word(1)+`}`) + `]}`, "/blocks/0/elements", "no more than 5 items allowed"},
		{"image alt_text", `{"type":"image","image_url":"https://e.x/a","alt_text":"` + n(2000) + `"}`, `{"type":"image","image_url":"https://e.x/a","alt_text":"` + n(2001) + `"}`, "/blocks/0/alt_text", "must be less than 2001 characters"},
		{"image title", `{"type":"image","image_url":"https://e.x/a","alt_text":"a","title":` + word(2000) + `}`, `{"type":"image","image_url":"https://e.x/a","alt_text":"a","title":` + word(2001) + `}`, "/blocks/0/title/text", "must be less than 2001 characters"},
		{"image url", `{"type":"image","image_url":"` + address(3000) + `","alt_text":"a"}`, `{"type":"image","image_url":"` + address(3001) + `","alt_text":"a"}`, "/blocks/0/image_url", "must be less than 3001 characters"},
		{"action_id", button(`,"action_id":"` + n(255) + `"`), button(`,"action_id":"` + n(256) + `"`), "/blocks/0/elements/0/action_id", "must be less than 256 characters"},
		{"block_id", `{"type":"divider","block_id":"` + n(255) + `"}`, `{"type":"divider","block_id":"` + n(256) + `"}`, "/blocks/0/block_id", "must be less than 256 characters"},
		{"button text", actions(`{"type":"button","text":` + word(75) + `}`), actions(`{"type":"button","text":` + word(76) + `}`), "/blocks/0/elements/0/text/text", "must be less than 76 characters"},
		{"button value", button(`,"value":"` + n(2000) + `"`), button(`,"value":"` + n(2001) + `"`), "/blocks/0/elements/0/value", "must be less than 2001 characters"},
		{"button url", button(`,"url":"` + address(3000) + `"`), button(`,"url":"` + address(3001) + `"`), "/blocks/0/elements/0/url", "must be less than 3001 characters"},
		{"accessibility_label", button(`,"accessibility_label":"` + n(75) + `"`), button(`,"accessibility_label":"` + n(76) + `"`), "/blocks/0/elements/0/accessibility_label", "must be less than 76 characters"},
		{"option text", menu("static_select", `"options":[`+option(75, 1)+`]`), menu("static_select", `"options":[`+option(76, 1)+`]`), "/blocks/0/elements/0/options/0/text/text", "must be less than 76 characters"},
		{"option value", menu("static_select", `"options":[`+option(1, 75)+`]`), menu("static_select", `"options":[`+option(1, 76)+`]`), "/blocks/0/elements/0/options/0/value", "must be less than 76 characters"},
		{"option description",
			menu("static_select", `"options":[{"text":`+word(1)+`,"value":"v","description":`+word(75)+`}]`),
			menu("static_select", `"options":[{"text":`+word(1)+`,"value":"v","description":`+word(76)+`}]`), "/blocks/0/elements/0/options/0/description/text", "must be less than 76 characters"},
		{"options of a select", menu("static_select", `"options":[`+times(100, option(1, 1))+`]`), menu("static_select", `"options":[`+times(101, option(1, 1))+`]`), "/blocks/0/elements/0/options", "no more than 100 items allowed"},
		{"options of a group",
			menu("static_select", `"option_groups":[{"label":`+word(75)+`,"options":[`+times(100, option(1, 1))+`]}]`),
			menu("static_select", `"option_groups":[{"label":`+word(75)+`,"options":[`+times(101, option(1, 1))+`]}]`), "/blocks/0/elements/0/option_groups/0/options", "no more than 100 items allowed"},
		{"overflow", menu("overflow", `"options":[`+times(5, option(1, 1))+`]`), menu("overflow", `"options":[`+times(6, option(1, 1))+`]`), "/blocks/0/elements/0/options", "no more than 5 items allowed"},
		{"checkboxes", menu("checkboxes", `"options":[`+times(10, option(1, 1))+`]`), menu("checkboxes", `"options":[`+times(11, option(1, 1))+`]`), "/blocks/0/elements/0/options", "no more than 10 items allowed"},
		{"radio buttons", menu("radio_buttons", `"options":[`+times(10, option(1, 1))+`]`), menu("radio_buttons", `"options":[`+times(11, option(1, 1))+`]`), "/blocks/0/elements/0/options", "no more than 10 items allowed"},
		{"confirm title", confirmed(100, 1, 1, 1), confirmed(101, 1, 1, 1), "/blocks/0/elements/0/confirm/title/text", "must be less than 101 characters"},
		{"confirm text", confirmed(1, 300, 1, 1), confirmed(1, 301, 1, 1), "/blocks/0/elements/0/confirm/text/text", "must be less than 301 characters"},
		{"confirm yes", confirmed(1, 1, 30, 1), confirmed(1, 1, 31, 1), "/blocks/0/elements/0/confirm/confirm/text", "must be less than 31 characters"},
		{"confirm no", confirmed(1, 1, 1, 30), confirmed(1, 1, 1, 31), "/blocks/0/elements/0/confirm/deny/text", "must be less than 31 characters"},
		{"markdown in all", times(2, `{"type":"markdown","text":"`+n(6000)+`"}`), times(2, `{"type":"markdown","text":"`+n(6001)+`"}`), "/blocks", "markdown blocks must be less than 12001 characters in all"},
		{"text in all", times(4, section(mrkdwn(3000))) + "," + section(mrkdwn(1200)), times(4, section(mrkdwn(3000))) + "," + section(mrkdwn(1201)), "/blocks", TooLong},
		{"tables", `{"type":"table","rows":[` + row(1) + `]}`, times(2, `{"type":"table","rows":[`+row(1)+`]}`), "/blocks", "no more than 1 table allowed in a message"},
		{"table rows", `{"type":"table","rows":[` + times(100, row(1)) + `]}`, `{"type":"table","rows":[` + times(101, row(1)) + `]}`, "/blocks/0/rows", "no more than 100 items allowed"},
		{"table columns", `{"type":"table","rows":[` + row(20) + `]}`, `{"type":"table","rows":[` + row(21) + `]}`, "/blocks/0/rows/0", "no more than 20 items allowed"},
		{"carousel", `{"type":"carousel","elements":[` + times(10, `{"type":"card","title":`+word(1)+`}`) + `]}`, `{"type":"carousel","elements":[` + times(11, `{"type":"card","title":`+word(1)+`}`) + `]}`, "/blocks/0/elements", "no more than 10 items allowed"},
		{"container",
			`{"type":"container","title":` + word(150) + `,"child_blocks":[` + times(10, `{"type":"divider"}`) + `]}`,
			`{"type":"container","title":` + word(150) + `,"child_blocks":[` + times(11, `{"type":"divider"}`) + `]}`, "/blocks/0/child_blocks", "no more than 10 items allowed"},
		{"chart series", chart(6, 2, 5), chart(7, 2, 5), "/blocks/0/chart/series", "no more than 6 items allowed"},
		{"chart labels", chart(1, 2, 20), chart(1, 2, 21), "/blocks/0/chart/axis_config/categories/0", "must be less than 21 characters"},
		{"chart title", strings.Replace(chart(1, 1, 2), `"t"`, `"`+n(50)+`"`, 1), strings.Replace(chart(1, 1, 2), `"t"`, `"`+n(51)+`"`, 1), "/blocks/0/title", "must be less than 51 characters"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := ValidateMessage("t", json.RawMessage("["+tt.fine+"]")); len(got) != 0 {
				t.Errorf("at the limit: %v, want no problem", got)
			}
			want(t, ValidateMessage("t", json.RawMessage("["+tt.over+"]")), tt.pointer, tt.message)
		})
	}
}

func seriesOf(count int, data string) []string {
	out := make([]string, count)
	for i := range out {
		out[i] = fmt.Sprintf(`{"name":"s%d","data":[%s]}`, i, data)
	}
	return out
}

func want(t *testing.T, got []Problem, pointer, message string) {
	t.Helper()
	for _, p := range got {
		if p.Pointer == pointer && p.Message == message {
			return
		}
	}
	t.Errorf("problems %v, want %v", got, Problem{pointer, message})
}

func TestShape(t *testing.T) {
	for _, tt := range []struct{ name, blocks, pointer, message string }{
		{"not a list", `{"type":"divider"}`, "/blocks", "must be an array"},
		{"not JSON", `[`, "/blocks", "must be valid JSON"},
		{"two values", `[] []`, "/blocks", "must be valid JSON"},
		{"not an object", `[1]`, "/blocks/0", "must be an object"},
		{"no type", `[{}]`, "/blocks/0", "missing required field: type"},
		{"unknown block", `[{"type":"banner"}]`, "/blocks/0/type", "unsupported type: banner"},
		{"unknown field", `[{"type":"divider","colour":"red"}]`, "/blocks/0", "invalid additional property: colour"},
		{"modal only", `[{"type":"alert","text":` + word(1) + `}]`, "/blocks/0/type", "unsupported type: alert"},
		{"nothing in a section", `[{"type":"section"}]`, "/blocks/0", "must have at least one of: text, fields"},
		{"expand in words", `[{"type":"section","text":` + word(1) + `,"expand":"yes"}]`, "/blocks/0/expand", "must be a boolean"},
		{"mrkdwn header", `[{"type":"header","text":` + mrkdwn(1) + `}]`, "/blocks/0/text/type", "must be one of: plain_text"},
		{"text without text", `[{"type":"section","text":{"type":"mrkdwn"}}]`, "/blocks/0/text", "missing required field: text"},
		{"emoji on mrkdwn", `[{"type":"section","text":{"type":"mrkdwn","text":"x","emoji":false}}]`, "/blocks/0/text", "invalid additional property: emoji"},
		{"verbatim on plain_text", `[{"type":"header","text":{"type":"plain_text","text":"x","verbatim":true}}]`, "/blocks/0/text", "invalid additional property: verbatim"},
		{"block_id twice", `[{"type":"divider","block_id":"a"},{"type":"divider","block_id":"a"}]`, "/blocks/1/block_id", "`block_id` a already exists"},
		{"action_id twice", "[" + actions(times(2, `{"type":"button","text":`+word(1)+`,"action_id":"a"}`)) + "]", "/blocks/0/elements/1/action_id", "`action_id` a already exists"},
		{"unknown element", "[" + actions(`{"type":"lever"}`) + "]", "/blocks/0/elements/0/type", "unsupported type: lever"},
		{"no elements", `[{"type":"actions","elements":[]}]`, "/blocks/0/elements", "must have at least 1 items"},
		{"button style", "[" + button(`,"style":"loud"`) + "]", "/blocks/0/elements/0/style", "must be one of: primary, danger"},
		{"options and groups", "[" + menu("static_select", `"options":[`+option(1, 1)+`],"option_groups":[]`) + "]", "/blocks/0/elements/0", "must have exactly one of: options, option_groups"},
		{"image without picture", `[{"type":"image","alt_text":"a"}]`, "/blocks/0", "must have exactly one of: image_url, slack_file"},
		{"image without alt_text", `[{"type":"image","image_url":"https://e.x"}]`, "/blocks/0", "missing required field: alt_text"},
		{"no URL", "[" + button(`,"url":"here"`) + "]", "/blocks/0/elements/0/url", "must be a valid URL"},
		{"ragged table", `[{"type":"table","rows":[[{"type":"raw_text","text":"a"}],[]]}]`, "/blocks/0/rows/1", "must have as many cells as the first row"},
		{"rich text", `[{"type":"rich_text","elements":[{"type":"rich_text_section","elements":[{"type":"shout","text":"x"}]}]}]`, "/blocks/0/elements/0/elements/0/type", "unsupported type: shout"},
		{"pie of nothing", `[{"type":"data_visualization","title":"t","chart":{"type":"pie","segments":[{"label":"a","value":0}]}}]`, "/blocks/0/chart/segments/0/value", "must be greater than 0"},
		{"point without category", `[{"type":"data_visualization","title":"t","chart":{"type":"bar","axis_config":{"categories":["a"]},"series":[{"name":"s","data":[{"label":"b","value":1}]}]}}]`, "/blocks/0/chart/series", "each category must have a point in each series"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			want(t, ValidateMessage("t", json.RawMessage(tt.blocks)), tt.pointer, tt.message)
		})
	}
	for _, fine := range []string{
		"", "null", "[]",
		"[" + times(2, actions(`{"type":"button","text":`+word(1)+`,"action_id":"same in two blocks"}`)) + "]",
		`[{"type":"header","text":{"type":"plain_text","text":"x","emoji":true}}]`,
		`[{"type":"rich_text","elements":[{"type":"rich_text_list","style":"bullet","elements":[{"type":"rich_text_section","elements":[{"type":"user","user_id":"U1"},{"type":"text","text":"x","style":{"bold":true}}]}]}]}]`,
		`[{"type":"section","text":{"type":"mrkdwn","text":"x","verbatim":true},"accessory":{"type":"image","image_url":"https://e.x/a","alt_text":"a"}}]`,
		`[{"type":"image","slack_file":{"id":"F1"},"alt_text":"a"}]`,
	} {
		if got := ValidateMessage("t", json.RawMessage(fine)); len(got) != 0 {
			t.Errorf("%s: %v, want no problem", fine, got)
		}
	}
}

func TestView(t *testing.T) {
	modal := func(title, rest string) string {
		return `{"type":"modal","title":` + title + `,` + rest + `}`
	}
	const none = `"blocks":[]`
	input := `{"type":"input","label":` + word(1) + `,"element":{"type":"plain_text_input"}}`
	for _, tt := range []struct{ name, view, pointer, message string }{
		{"title", modal(word(24), none), "", ""},
		{"title too long", modal(word(25), none), "/view/title/text", "must be less than 25 characters"},
		{"submit too long", modal(word(1), none+`,"submit":`+word(25)), "/view/submit/text", "must be less than 25 characters"},
		{"close too long", modal(word(1), none+`,"close":`+word(25)), "/view/close/text", "must be less than 25 characters"},
		{"private_metadata", modal(word(1), none+`,"private_metadata":"`+n(3000)+`"`), "", ""},
		{"private_metadata too long", modal(word(1), none+`,"private_metadata":"`+n(3001)+`"`), "/view/private_metadata", "must be less than 3001 characters"},
		{"callback_id too long", modal(word(1), none+`,"callback_id":"`+n(256)+`"`), "/view/callback_id", "must be less than 256 characters"},
		{"blocks", modal(word(1), `"blocks":[`+times(100, `{"type":"divider"}`)+`]`), "", ""},
		{"too many blocks", modal(word(1), `"blocks":[`+times(101, `{"type":"divider"}`)+`]`), "/view/blocks", "no more than 100 items allowed"},
		{"input", modal(word(1), `"submit":`+word(1)+`,"blocks":[`+input+`]`), "", ""},
		{"input without submit", modal(word(1), `"blocks":[`+input+`]`), "/view", "`submit` must be provided when there are input blocks"},
		{"label too long", modal(word(1), `"submit":`+word(1)+`,"blocks":[`+strings.Replace(input, word(1), word(2001), 1)+`]`), "/view/blocks/0/label/text", "must be less than 2001 characters"},
		{"alert", modal(word(1), `"blocks":[{"type":"alert","text":`+mrkdwn(1)+`}]`), "", ""},
		{"markdown", modal(word(1), `"blocks":[{"type":"markdown","text":"x"}]`), "/view/blocks/0/type", "unsupported type: markdown"},
		{"home", `{"type":"home",` + none + `}`, "", ""},
		{"home with a title", `{"type":"home","title":` + word(1) + `,` + none + `}`, "/view", "invalid additional property: title"},
		{"neither", `{"type":"drawer"}`, "/view/type", "must be one of: modal, home"},
		{"not an object", `[]`, "/view", "must be an object"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := ValidateView(json.RawMessage(tt.view))
			if tt.message != "" {
				want(t, got, tt.pointer, tt.message)
			} else if len(got) != 0 {
				t.Errorf("%v, want no problem", got)
			}
		})
	}
}

// FuzzValidate wants no panic, a bounded list, and the same answer twice.
func FuzzValidate(f *testing.F) {
	for _, seed := range []string{
		`[{"type":"section","text":{"type":"mrkdwn","text":"x"}}]`, `[{"type":"actions","elements":[{"type":"static_select"}]}]`,
		`{"type":"modal","title":{"type":"plain_text","text":"t"},"blocks":[{"type":"input"}]}`, `[{"type":"container","child_blocks":[{"type":"layout","rows":[{}]}]}]`,
		`[{"type":"data_visualization","title":1,"chart":{"type":"line","series":[{}],"axis_config":null}}]`, `[{"type":"table","rows":[[{}],7]}]`, `[null,[],{"type":{}}]`,
		`[{"type":"rich_text","elements":[{"type":"rich_text_list","elements":[{"type":"rich_text_list"}]}]}]`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		for _, validate := range []func() []Problem{
			func() []Problem { return ValidateMessage(string(raw), raw) },
			func() []Problem { return ValidateView(raw) },
		} {
			one, two := validate(), validate()
			if fmt.Sprint(one) != fmt.Sprint(two) || len(one) > maxProblems+1 {
				t.Errorf("first %v, then %v", one, two)
			}
			for _, p := range one {
				if !strings.HasPrefix(p.String(), "[ERROR] ") {
					t.Errorf("problem %q", p)
				}
			}
		}
	})
}
