package config

import (
	"encoding/json"
	"fmt"
	"reflect"

	"github.com/statusbot/statusbot/internal/checks/kinds"
)

// node is a part of a JSON Schema.
type schemaNode map[string]any

// Schema is a JSON Schema of configuration files, the main one and those that it includes, for
// editors: they complete keys and mark what is misspelt. It is made of the very types that are
// read, and says less than Load: ids, what belongs together and the kinds' own judgements are not in it.
func Schema() ([]byte, error) {
	whole := objectOf(reflect.TypeFor[rawSettings]())
	keys := whole["properties"].(schemaNode)
	keys["include"] = manyOf(schemaNode{"type": "string"})
	for key, t := range map[string]reflect.Type{
		"components": reflect.TypeFor[rawComponent](), "products": reflect.TypeFor[rawProduct](), "maintenance": reflect.TypeFor[rawMaintenance](),
		"on_call": reflect.TypeFor[rawOnCall](), "ways": reflect.TypeFor[rawWay](), "hooks": reflect.TypeFor[rawSystem](),
	} {
		item := objectOf(t)
		if key == "on_call" || key == "ways" {
			item["properties"].(schemaNode)["exec"] = optionsOf("exec")
		}
		keys[key] = listOf(item)
	}
	check := objectOf(reflect.TypeFor[rawCheck]())
	check["required"] = []string{"id", "kind"}
	of := check["properties"].(schemaNode)
	of["kind"] = schemaNode{"enum": kinds.Names()}
	for _, name := range kinds.Names() {
		of[name] = optionsOf(name)
	}
	keys["checks"] = listOf(check)
	whole["patternProperties"] = schemaNode{"^(x-|_)": schemaNode{}}
	whole["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	whole["title"] = "statusbot configuration"
	out, err := json.MarshalIndent(whole, "", " ")
	if err != nil {
		return nil, fmt.Errorf("write the schema: %w", err) // unreachable: it is of maps and texts
	}
	return append(out, '\n'), nil
}

// optionsOf is a kind's own part, with what a pass of it proves.
func optionsOf(kind string) schemaNode {
	k, _ := kinds.Lookup(kind)
	s := objectOf(reflect.TypeOf(k.Options()).Elem())
	s["description"] = k.Summary
	return s
}

func objectOf(t reflect.Type) schemaNode {
	keys := schemaNode{"<<": schemaNode{}} // a reference of YAML
	for name, field := range shapeOf(t).fields {
		keys[name] = schemaOf(field.Type)
	}
	return schemaNode{"type": []string{"object", "null"}, "properties": keys, "additionalProperties": false}
}

func listOf(item schemaNode) schemaNode {
	return schemaNode{"type": []string{"array", "null"}, "items": item}
}

// manyOf is a list, for which one value may stand.
func manyOf(item schemaNode) schemaNode {
	return schemaNode{"anyOf": []schemaNode{item, listOf(item)}}
}

// aVariable lets a variable of the environment stand where a number is wanted.
var aVariable = schemaNode{"type": "string", "pattern": `\$\{`}

func schemaOf(t reflect.Type) schemaNode {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch {
	case t == durationType:
		return schemaNode{"type": []string{"string", "integer"}, "description": `a duration such as "10s", "5m" or "1h30m"`}
	case reflect.PointerTo(t).Implements(textType):
		return schemaNode{"type": []string{"string", "number", "boolean"}}
	}
	switch t.Kind() {
	case reflect.Struct:
		return objectOf(t)
	case reflect.Map:
		return schemaNode{"type": []string{"object", "null"}, "additionalProperties": schemaOf(t.Elem())}
	case reflect.Slice, reflect.Array:
		return manyOf(schemaOf(t.Elem()))
	case reflect.Bool:
		return schemaNode{"anyOf": []schemaNode{{"type": "boolean"}, aVariable}}
	case reflect.Float32, reflect.Float64:
		return schemaNode{"anyOf": []schemaNode{{"type": "number"}, aVariable}}
	case reflect.Interface:
		return schemaNode{}
	case reflect.String:
		return schemaNode{"type": []string{"string", "number", "boolean"}}
	}
	return schemaNode{"anyOf": []schemaNode{{"type": "integer"}, aVariable}}
}
