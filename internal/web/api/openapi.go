package api

import (
	"encoding/json"
	"maps"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/statusbot/statusbot/internal/serve"
)

// The OpenAPI document, made of operations and of the types of their answers: the tag
// json names a field, doc says what it is, enum what it may be, outside that its text
// comes from outside. A pointer may be null; a field that may be left out is not
// required.

// object is one of JSON.
type object map[string]any

// document is the whole of it, made when it is first asked for.
var document = sync.OnceValue(func() []byte {
	d := describer{schemas: object{}}
	paths := object{}
	for _, o := range operations {
		paths[Prefix+o.path] = object{"get": d.operation(o)}
	}
	paths[Prefix+"marks"] = object{"post": d.marking()}
	d.schemas["Problem"] = object{"type": "object", "required": []string{"type", "title", "status", "detail", "next"},
		"description": "Why there is no answer (RFC 9457).", "properties": object{
			"type": object{"type": "string"}, "title": object{"type": "string"}, "status": object{"type": "integer", "description": "of HTTP"},
			"detail": object{"type": "string", "description": "what is wrong, in a sentence"}, "next": object{"type": "string", "description": "what to do"}}}
	data, err := json.MarshalIndent(object{
		"openapi": "3.0.3",
		"info": object{"title": "statusbot", "version": "1", "license": object{"name": "Apache 2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
			"description": "What statusbot knows. Fields may be added, none is renamed or changes its meaning. A share is null where it is not known, and a level of unknown is not ok. Fields with x-outside hold text from outside: names, evidence, what people wrote."},
		"servers": []object{{"url": "/"}},
		"paths":   paths,
		"components": object{"schemas": d.schemas, "securitySchemes": object{
			"token": object{"type": "http", "scheme": "bearer", "description": "page.token of the configuration; a proxy's header and the page's cookie do as well"},
			"hook":  object{"type": "http", "scheme": "bearer", "description": "the secret of a hook of kind marks"}}},
		"security": []object{{}, {"token": []string{}}},
	}, "", " ")
	if err != nil {
		panic(err) // unreachable: it is made of maps and texts
	}
	return append(data, '\n')
})

// describer collects the schemas of types.
type describer struct{ schemas object }

func (d describer) operation(o operation) object {
	params := []object{}
	if strings.Contains(o.path, "{id}") {
		params = append(params, object{"name": "id", "in": "path", "required": true, "schema": object{"type": "string"}})
	}
	for _, p := range o.params {
		params = append(params, object{"name": p.name, "in": "query", "required": p.required, "description": p.says, "schema": p.schema()})
	}
	params = append(params, object{"name": "If-None-Match", "in": "header", "description": "the ETag of an answer: 304 where it is still so", "schema": object{"type": "string"}})
	headers := object{"ETag": object{"description": "of what is said, without as_of", "schema": object{"type": "string"}}}
	answer := object{linesMIME: object{"schema": object{"type": "string"}}}
	if o.stream == nil {
		name := reflect.TypeOf(o.answer).Name()
		d.whole(name, reflect.TypeOf(o.answer))
		answer = object{"application/json": object{"schema": ref(name)}}
	} else {
		headers["Link"] = object{"description": `the address of the next page, rel="next"; without it there is no more`, "schema": object{"type": "string"}}
	}
	responses := object{"200": object{"description": o.summary, "headers": headers, "content": answer}, "304": object{"description": "It is still so."}}
	for status, says := range o.problems() {
		responses[strconv.Itoa(status)] = object{"description": says, "content": object{serve.ProblemType: object{"schema": ref("Problem")}}}
	}
	id := strings.NewReplacer("/{id}/", "_", "/{id}", "_one").Replace(o.path)
	out := object{"operationId": id, "summary": o.summary, "parameters": params, "responses": responses}
	if o.public {
		out["description"] = "Answered, too, to who reads the public page: of the products that are public alone, in their owners' words, without figures."
	}
	return out
}

// problems are the refusals that an operation knows.
func (o operation) problems() map[int]string {
	out := map[int]string{400: "A parameter is wrong.", 401: "A token is needed.", 405: "It is only read.", 503: "It starts, or the journal does not answer; ask again."}
	if !o.public {
		out[403] = "It is not public."
	}
	if strings.Contains(o.path, "{id}") || o.takes("product") || o.takes("check") {
		out[404] = "There is no such thing."
	}
	return out
}

func (p parameter) schema() object {
	switch p.kind {
	case "time":
		return object{"type": "string", "format": "date-time"}
	case "bool":
		return object{"type": "boolean"}
	case "limit":
		return object{"type": "integer", "minimum": 1, "maximum": limitMost, "default": limitUsual}
	}
	return object{"type": "string"}
}

// whole describes an answer: a type with as of when it is.
func (d describer) whole(name string, t reflect.Type) {
	d.define(name, t)
	answer, _ := d.schemas[name].(object)
	props, _ := answer["properties"].(object)
	required, _ := answer["required"].([]string)
	props["as_of"] = object{"type": "string", "format": "date-time", "description": "when this was so"}
	answer["required"] = append([]string{"as_of"}, required...)
}

func ref(name string) object { return object{"$ref": "#/components/schemas/" + name} }

// define describes a struct under its name.
func (d describer) define(name string, t reflect.Type) {
	if _, done := d.schemas[name]; done {
		return
	}
	schema := object{"type": "object"}
	d.schemas[name] = schema
	props, required := object{}, []string{}
	for _, f := range reflect.VisibleFields(t) {
		if f.Anonymous {
			continue // its fields are visible
		}
		field, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		one := d.of(f.Type)
		more := object{}
		if says := f.Tag.Get("doc"); says != "" {
			more["description"] = says
		}
		if allowed := f.Tag.Get("enum"); allowed != "" {
			more["enum"] = strings.Fields(allowed)
		}
		if f.Tag.Get("outside") != "" {
			more["x-outside"] = true
		}
		if _, isRef := one["$ref"]; isRef && len(more) > 0 { // nothing may stand beside a $ref
			one = object{"allOf": []object{one}}
		}
		maps.Copy(one, more)
		props[field] = one
		if options != "omitempty" {
			required = append(required, field)
		}
	}
	schema["properties"], schema["required"] = props, required
}

// of describes a type.
func (d describer) of(t reflect.Type) object {
	switch {
	case t == reflect.TypeFor[time.Time]():
		return object{"type": "string", "format": "date-time"}
	case t.Kind() == reflect.Pointer:
		one := d.of(t.Elem())
		if _, isRef := one["$ref"]; isRef {
			one = object{"allOf": []object{one}}
		}
		one["nullable"] = true
		return one
	case t.Kind() == reflect.Slice:
		return object{"type": "array", "items": d.of(t.Elem())}
	case t.Kind() == reflect.Struct:
		d.define(t.Name(), t)
		return ref(t.Name())
	case t.Kind() == reflect.Float64:
		return object{"type": "number"}
	case t.Kind() == reflect.Bool:
		return object{"type": "boolean"}
	case t.Kind() == reflect.String:
		return object{"type": "string"}
	}
	return object{"type": "integer"}
}
