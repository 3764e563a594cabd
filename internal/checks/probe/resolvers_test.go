package probe

import (
	"encoding/json"
	"reflect"
	"testing"
)

// TestResolversInJSON: one is the text that agents of the version before wrote and read.
func TestResolversInJSON(t *testing.T) {
	for text, want := range map[string]Resolvers{`null`: nil, `""`: nil, `"192.0.2.1"`: {"192.0.2.1"}, `["a:53","b"]`: {"a:53", "b"}} {
		var got Resolvers
		if err := json.Unmarshal([]byte(text), &got); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v %v", text, got, err)
		}
		if again, err := json.Marshal(want); err != nil || string(again) != text && text != `""` {
			t.Errorf("%v: %s %v", want, again, err)
		}
	}
	var before string
	if err := json.Unmarshal([]byte(`null`), &before); err != nil {
		t.Error(err)
	}
}
