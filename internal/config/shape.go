package config

import (
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/go-viper/mapstructure/v2"
)

// shape is what a struct type takes from a mapping, by its mapstructure tags.
type shape struct {
	fields map[string]reflect.StructField // :: key -> field, its index from the outermost struct
	names  []string                       // the keys, in the order of the struct
}

var shapes sync.Map // :: reflect.Type -> *shape, one for each type of the program

func shapeOf(t reflect.Type) *shape {
	if known, ok := shapes.Load(t); ok {
		return known.(*shape)
	}
	s := &shape{fields: map[string]reflect.StructField{}}
	s.add(t, nil)
	shapes.Store(t, s)
	return s
}

// add adds the fields of a struct that lies at an index of the outermost one.
func (s *shape) add(t reflect.Type, at []int) {
	for i := range t.NumField() {
		f := t.Field(i)
		f.Index = slices.Concat(at, []int{i})
		name, options, _ := strings.Cut(f.Tag.Get("mapstructure"), ",")
		switch {
		case name == "-" || (!f.IsExported() && !f.Anonymous) || strings.Contains(options, "remain"):
			continue
		case strings.Contains(options, "squash"):
			s.add(f.Type, f.Index)
			continue
		case name == "":
			name = strings.ToLower(f.Name)
		}
		s.fields[name] = f
		s.names = append(s.names, name)
	}
}

// fill decodes values into the struct that a pointer leads to, key by key:
// that costs what was written, where a decoder of the whole goes through all
// that could be (a check has five of some forty options). Without a key of its
// own the struct keeps what it had.
func fill(values map[string]any, into any) error {
	whole := reflect.ValueOf(into).Elem()
	known := shapeOf(whole.Type())
	for key, value := range values {
		field, ok := known.fields[key]
		if !ok {
			continue
		}
		place := whole.FieldByIndex(field.Index)
		if v := reflect.ValueOf(value); v.IsValid() && v.Type() == place.Type() {
			place.Set(v)
			continue
		}
		dec, err := mapstructure.NewDecoder(&mapstructure.DecoderConfig{
			Result:     place.Addr().Interface(),
			DecodeHook: mapstructure.TextUnmarshallerHookFunc(),
		})
		if err == nil {
			err = dec.Decode(value)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
