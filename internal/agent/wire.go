package agent

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/kinds"
)

// hello is what an agent says of itself, each second.
type hello struct {
	Version string        `json:"version"`
	Stamp   string        `json:"stamp"` // of the share that it runs
	Checks  int           `json:"checks"`
	Refused int           `json:"refused,omitempty"` // of them, that it does not run
	Kept    int           `json:"kept,omitempty"`    // results that wait to be sent
	Dropped uint64        `json:"dropped,omitempty"` // of those, that there was no room for
	Off     time.Duration `json:"off,omitempty"`     // by how much its clock is behind ours
}

// welcome is the answer to a hello.
type welcome struct {
	Now   time.Time `json:"now"`
	Stamp string    `json:"stamp,omitempty"` // of the share that it is to run; empty: that is not decided yet
	Out   bool      `json:"out,omitempty"`   // it was taken out of the book
}

// part is a piece of a share.
type part struct {
	Stamp  string            `json:"stamp"`
	Next   int               `json:"next,omitempty"` // where the next part begins; 0: this is the last
	Checks []json.RawMessage `json:"checks"`
}

// receipt is the answer to a batch of results.
type receipt struct {
	Error string `json:"error,omitempty"` // why the batch is to come again
}

// ticket is what the holder of a token asks for, and what it gets.
type ticket struct {
	Token   string `json:"token,omitempty"`
	Key     []byte `json:"key,omitempty"` // public, ed25519
	Name    string `json:"name,omitempty"`
	ID      string `json:"id,omitempty"`
	Vantage string `json:"vantage,omitempty"`
	Error   string `json:"error,omitempty"`
}

// handed is a check on its way to an agent.
type handed struct {
	Check   checks.Check    `json:"check"`
	Options json.RawMessage `json:"options"`
	Secrets []string        `json:"secrets,omitempty"`
}

// encodeCheck writes a check down with all that probing it needs, its secrets included, and not where it is defined: what moves in
// a file, or is in another one of the next leader's, is no other check.
func encodeCheck(c checks.Check) ([]byte, error) {
	options, err := json.Marshal(c.Options)
	if err != nil {
		return nil, fmt.Errorf("hand out check %q: %w", c.ID, err)
	}
	h := handed{Check: c, Options: options, Secrets: c.Secrets}
	h.Check.Options, h.Check.Vantages, h.Check.Source = nil, nil, checks.Source{}
	return json.Marshal(h)
}

// decodeCheck is the other way.
func decodeCheck(data []byte) (checks.Check, error) {
	var h handed
	if err := json.Unmarshal(data, &h); err != nil {
		return checks.Check{}, fmt.Errorf("read a check: %w", err)
	}
	c := h.Check
	kind, ok := kinds.Lookup(c.Kind)
	if !ok {
		return c, fmt.Errorf("this agent knows no kind %q; give it the bot's version", c.Kind)
	}
	options := kind.Options()
	dec := json.NewDecoder(bytes.NewReader(h.Options))
	dec.UseNumber()
	if err := dec.Decode(options); err != nil {
		return c, fmt.Errorf("its options are of another version: %w", err)
	}
	plainNumbers(reflect.ValueOf(options))
	c.Options, c.Secrets = options, h.Secrets
	return c, nil
}

// plainNumbers makes the numbers in options of any type what the configuration makes
// of them: an int where it is one.
func plainNumbers(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			plainNumbers(v.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			plainNumbers(v.Field(i))
		}
	case reflect.Slice:
		for i := range v.Len() {
			plainNumbers(v.Index(i))
		}
	case reflect.Interface:
		if v.CanSet() && !v.IsNil() {
			v.Set(reflect.ValueOf(plainNumber(v.Interface())))
		}
	}
}

func plainNumber(x any) any {
	switch x := x.(type) {
	case json.Number:
		if n, err := x.Int64(); err == nil && !strings.ContainsAny(x.String(), ".eE") {
			return int(n)
		}
		f, _ := x.Float64() // a number of JSON is one
		return f
	case []any:
		for i := range x {
			x[i] = plainNumber(x[i])
		}
	case map[string]any:
		for k := range x {
			x[k] = plainNumber(x[k])
		}
	}
	return x
}
