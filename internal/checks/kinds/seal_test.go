package kinds

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	tcpkind "github.com/statusbot/statusbot/internal/checks/kind/tcp"
	"github.com/statusbot/statusbot/internal/checks/probe"
)

// Every option of every kind counts: a reload that did not see a change would
// go on with the old definition.
func TestSealTellsEveryOption(t *testing.T) {
	for name, kind := range table {
		if kind.Passive {
			continue
		}
		plain := []checks.Check{{ID: "x", Kind: name, Every: time.Minute, Options: kind.Options()}}
		probe.Seal(plain)
		if _, ok := plain[0].Options.(probe.Sealed); !ok {
			t.Errorf("%s: the options are still there: %T", name, plain[0].Options)
		}
		if again := (checks.Check{ID: "x", Kind: name, Every: time.Minute, Options: kind.Options()}); !probe.Same(&plain[0], &again) || !probe.Same(&again, &plain[0]) {
			t.Errorf("%s: the same options are told apart", name)
		}
		count := 0
		eachOption(reflect.TypeOf(kind.Options()).Elem(), nil, func(path []int, field string) {
			count++
			changed := checks.Check{ID: "x", Kind: name, Every: time.Minute, Options: kind.Options()}
			alter(reflect.ValueOf(changed.Options).Elem().FieldByIndex(path))
			if probe.Same(&plain[0], &changed) {
				t.Errorf("%s: another %s is not seen", name, field)
			}
		})
		if count == 0 {
			t.Errorf("%s: no option was looked at", name)
		}
	}
	one, two := checks.Check{ID: "x", Kind: "tcp", Options: &tcpkind.Options{}}, checks.Check{ID: "x", Kind: "tcp", Owner: "ops", Options: &tcpkind.Options{}}
	if probe.Same(&one, &two) {
		t.Error("another owner is not seen")
	}
}

// eachOption visits the fields of a kind's options, those of its parts too.
func eachOption(t reflect.Type, path []int, visit func(path []int, field string)) {
	for i := range t.NumField() {
		f := t.Field(i)
		if !f.IsExported() {
			continue // no part of the definition: made when it is compiled
		}
		at := append(append([]int(nil), path...), i)
		if f.Type.Kind() == reflect.Struct {
			eachOption(f.Type, at, visit)
			continue
		}
		visit(at, f.Name)
	}
}

// alter gives a field another value.
func alter(v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(v.String() + "x")
	case reflect.Bool:
		v.SetBool(!v.Bool())
	case reflect.Int, reflect.Int64:
		v.SetInt(v.Int() + 1)
	case reflect.Float64:
		v.SetFloat(v.Float() + 1)
	case reflect.Slice:
		v.Set(reflect.Append(v, reflect.Zero(v.Type().Elem())))
	case reflect.Map:
		m := reflect.MakeMap(v.Type())
		m.SetMapIndex(reflect.Zero(v.Type().Key()), reflect.Zero(v.Type().Elem()))
		v.Set(m)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
	default:
		panic(fmt.Sprintf("no other value is known for %s", v.Type()))
	}
}
