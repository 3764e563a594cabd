package blockkit

import "encoding/json"

// Charts of data_visualization. The figures are those that slack-go v0.35.0
// documents: 6 segments or series, 20 points, labels of 20 characters.

var charts = map[string]object{
	"pie":  {required: []string{"segments"}, fields: map[string]rule{"type": nil, "segments": list(1, 6, segment)}},
	"bar":  seriesChart,
	"area": seriesChart,
	"line": seriesChart,
}

var seriesChart = object{
	required: []string{"series", "axis_config"},
	fields: map[string]rule{
		"type": nil,
		"series": list(1, 6, obj(object{required: []string{"name", "data"}, fields: map[string]rule{
			"name": str(1, 20), "data": list(1, 20, obj(object{
				required: []string{"label", "value"}, fields: map[string]rule{"label": str(1, 20), "value": number},
			})),
		}})),
		"axis_config": obj(object{required: []string{"categories"}, fields: map[string]rule{
			"categories": list(1, 20, str(1, 20)), "x_label": str(0, 50), "y_label": str(0, 50),
		}}),
	},
	check: matchCategories,
}

func chart(v *validator, pointer string, val any) { v.oneOfObjects(pointer, val, charts) }

func segment(v *validator, pointer string, val any) {
	obj(object{required: []string{"label", "value"}, fields: map[string]rule{"label": str(1, 20), "value": number}})(v, pointer, val)
	m, _ := val.(map[string]any)
	if n, ok := m["value"].(json.Number); ok {
		if f, err := n.Float64(); err != nil || f <= 0 {
			v.add(pointer+"/value", "must be greater than 0")
		}
	}
}

// matchCategories wants each series to have one point for each category, and
// names that are unique.
func matchCategories(v *validator, pointer string, m map[string]any) {
	axis, _ := m["axis_config"].(map[string]any)
	categories, _ := axis["categories"].([]any)
	series, _ := m["series"].([]any)
	names := map[any]bool{}
	for _, s := range series {
		s, _ := s.(map[string]any)
		if name, ok := s["name"].(string); ok {
			if names[name] {
				v.add(pointer+"/series", "names must be unique: %s", name)
			}
			names[name] = true
		}
		points, _ := s["data"].([]any)
		left := map[string]bool{}
		for _, c := range categories {
			if c, ok := c.(string); ok {
				left[c] = true
			}
		}
		for _, p := range points {
			p, _ := p.(map[string]any)
			label, ok := p["label"].(string)
			if ok && !left[label] {
				v.add(pointer+"/series", "each point must have the label of one category: %s", label)
			}
			delete(left, label)
		}
		if len(left) > 0 {
			v.add(pointer+"/series", "each category must have a point in each series")
		}
	}
}
