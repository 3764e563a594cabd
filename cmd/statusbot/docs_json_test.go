package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/statusbot/statusbot/internal/ways"
	"github.com/statusbot/statusbot/internal/web"
	"github.com/statusbot/statusbot/internal/web/api"
)

// ofSandbox is what the local Slack says of a command.
type ofSandbox struct {
	OK     bool           `json:"ok"`
	TS     string         `json:"ts"`
	Acked  bool           `json:"acked"`
	AckMS  float64        `json:"ack_ms"`
	Answer map[string]any `json:"answer"`
	Error  string         `json:"error"`
}

// TestJSONOfThePages: what a page shows as an answer has the fields of that answer, and no others.
func TestJSONOfThePages(t *testing.T) {
	t.Parallel()
	shown := map[string][]any{ // :: page -> what its examples are of, in order
		"api.md": {&api.Figures{}, &struct {
			Type  string `json:"type"`
			Title string `json:"title"`
			api.Problem
		}{}},
		"operations.md": {&web.Health{}},
		"sandbox.md":    {&ofSandbox{}},
		"ways.md":       {&ways.Event{}},
	}
	for _, page := range pagesOf(t) {
		text, err := os.ReadFile(page)
		need(t, err)
		name := filepath.Base(page)
		found := examples(string(text), "json")
		if len(found) != len(shown[name]) {
			t.Errorf("%s shows %d answers, and %d have a test", name, len(found), len(shown[name]))
			continue
		}
		for i, e := range found {
			read := json.NewDecoder(bytes.NewReader([]byte(e.text)))
			read.DisallowUnknownFields()
			if err := read.Decode(shown[name][i]); err != nil {
				t.Errorf("%s:%d: %v", name, e.line, err)
			}
		}
	}
}
