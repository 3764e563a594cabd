package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/statusbot/statusbot/internal/config"
)

// TestSchemaTakesEveryExample: whatever the pages and examples show, an editor marks nothing in it.
func TestSchemaTakesEveryExample(t *testing.T) {
	t.Parallel()
	schema := readSchema(t)
	files := []string{"../../config.example.yaml"}
	for _, pattern := range []string{"../../checks.d/*.yaml", "../../internal/config/testdata/full*.yaml"} {
		found, err := filepath.Glob(pattern)
		need(t, err)
		files = append(files, found...)
	}
	tried := 0
	try := func(name, text string) {
		var value any
		need(t, yaml.Unmarshal([]byte(text), &value))
		tried++
		for _, fault := range faults(schema, value, "") {
			t.Errorf("%s: %s", name, fault)
		}
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		need(t, err)
		try(file, string(text))
	}
	for _, page := range pagesOf(t) {
		text, err := os.ReadFile(page)
		need(t, err)
		for _, e := range examples(string(text), "yaml") {
			if e.whole() {
				try(fmt.Sprintf("%s:%d", page, e.line), e.text)
			}
		}
	}
	if tried < 10 {
		t.Errorf("only %d examples were found", tried)
	}
}

func TestSchemaMarksMistakes(t *testing.T) {
	t.Parallel()
	schema := readSchema(t)
	for text, want := range map[string]string{
		"updates: {evry: 5m}": "updates.evry",
		"checks: [{id: a, product: b, kind: http, http: {ulr: x}}]":          "checks[0].http.ulr",
		"checks: [{id: a, product: b, kind: htp}]":                           "checks[0].kind",
		"checks: [{product: b, kind: http}]":                                 "checks[0] lacks id",
		"checks: [{id: a, kind: http, http: {redirects: many}}]":             "checks[0].http.redirects",
		"products: {id: a}":                                                  "products",
		"limits: {per_host: [1]}":                                            "limits.per_host",
		"checks: [{id: a, kind: exec, exec: {argv: [x], env: {A: [1, 2]}}}]": "checks[0].exec.env.A",
	} {
		var value any
		need(t, yaml.Unmarshal([]byte(text), &value))
		if got := faults(schema, value, ""); len(got) == 0 || !strings.Contains(got[0], want) {
			t.Errorf("%s: %v, want %s", text, got, want)
		}
	}
}

func readSchema(t *testing.T) (schema map[string]any) {
	t.Helper()
	text, err := config.Schema()
	need(t, err)
	need(t, json.Unmarshal(text, &schema))
	return schema
}

// faults judges a value by the part of JSON Schema that ours uses.
func faults(schema map[string]any, value any, at string) (found []string) {
	if either, ok := schema["anyOf"].([]any); ok {
		for _, one := range either {
			if len(faults(one.(map[string]any), value, at)) == 0 {
				return nil
			}
		}
		return []string{at + " is nothing of what it may be"}
	}
	if enum, ok := schema["enum"].([]any); ok && !slices.Contains(enum, value) {
		return []string{at + " is not one of those that there are"}
	}
	if types := schema["type"]; types != nil && !slices.ContainsFunc(namesOf(types), func(name string) bool { return isOf(name, value) }) {
		return []string{fmt.Sprintf("%s is a %T, not %v", at, value, types)}
	}
	if pattern, ok := schema["pattern"].(string); ok && !regexp.MustCompile(pattern).MatchString(fmt.Sprint(value)) {
		return []string{at + " does not look right"}
	}
	switch v := value.(type) {
	case []any:
		if items, ok := schema["items"].(map[string]any); ok {
			for i, item := range v {
				found = append(found, faults(items, item, fmt.Sprintf("%s[%d]", at, i))...)
			}
		}
	case map[string]any:
		found = append(found, faultsOfObject(schema, v, at)...)
	}
	return found
}

func faultsOfObject(schema, v map[string]any, at string) (found []string) {
	for _, name := range namesOf(schema["required"]) {
		if _, there := v[name]; !there {
			found = append(found, at+" lacks "+name)
		}
	}
	properties, _ := schema["properties"].(map[string]any)
	patterns, _ := schema["patternProperties"].(map[string]any)
	for name, item := range v {
		path := strings.TrimPrefix(at+"."+name, ".")
		if of, ok := properties[name].(map[string]any); ok {
			found = append(found, faults(of, item, path)...)
			continue
		}
		matched := false
		for pattern := range patterns {
			matched = matched || regexp.MustCompile(pattern).MatchString(name)
		}
		switch more := schema["additionalProperties"].(type) {
		case bool:
			if !more && !matched {
				found = append(found, path+" is no key")
			}
		case map[string]any:
			found = append(found, faults(more, item, path)...)
		}
	}
	return found
}

func namesOf(list any) (names []string) {
	switch v := list.(type) {
	case string:
		return []string{v}
	case []any:
		for _, name := range v {
			names = append(names, name.(string))
		}
	}
	return names
}

func isOf(name string, value any) bool {
	switch value.(type) {
	case nil:
		return name == "null"
	case bool:
		return name == "boolean"
	case int, int64, uint64:
		return name == "integer" || name == "number"
	case float64:
		return name == "number"
	case string:
		return name == "string"
	case []any:
		return name == "array"
	case map[string]any:
		return name == "object"
	}
	return name == "string" // a time
}
