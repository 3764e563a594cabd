package main

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/web/hooks"
)

// TestMarkElsewhere: a mark goes to a statusbot that runs elsewhere by its real door, and what
// that refuses is said in its words. The token is in no output.
func TestMarkElsewhere(t *testing.T) {
	t.Parallel()
	const token = "gehe1m0123456789"
	var taken []incident.Telling
	ready := make(chan struct{})
	close(ready)
	mux := http.NewServeMux()
	hooks.New(hooks.Config{
		Sources: func() []hooks.Source {
			return []hooks.Source{{Name: "laptops", Kind: hooks.Marks, Secrets: []string{token}}}
		},
		Ready: ready, Now: time.Now, Log: zap.NewNop(), Known: func(id string) bool { return id == "shop" }, Using: func(string) []string { return nil },
		Take: func(_ context.Context, m incident.Telling) error { taken = append(taken, m); return nil },
	}).Routes(mux)
	mux.Handle("/moved/", http.RedirectHandler("/elsewhere", http.StatusMovedPermanently))
	server := httptest.NewServer(mux)
	defer server.Close()
	file := filepath.Join(t.TempDir(), "token")
	need(t, os.WriteFile(file, []byte(token+"\n"), 0o600))
	wrong := filepath.Join(t.TempDir(), "token")
	need(t, os.WriteFile(wrong, []byte("another0123456789"), 0o600))
	for _, tt := range []struct {
		args []string
		env  string
		code int
		want string
	}{
		{[]string{"--token-file", file, "--product", "shop", "--at", "10m", "rolled", "back"}, "", exitOK, "Written down at " + server.URL + ": "},
		{[]string{"restarted", "lb-3"}, token, exitOK, "“restarted lb-3”."},
		{[]string{"--json", "--note", "looked"}, token, exitOK, `"text":"looked"`},
		{[]string{"restarted"}, "", exitUsage, "name the token's file by --token-file"},
		{[]string{"--undo"}, token, exitUsage, "take it back in Slack"},
		{[]string{"--at", "tomorrow", "restarted"}, token, exitUsage, `"tomorrow" is no time that was`},
		{[]string{"--token-file", wrong, "restarted"}, "", exitFailed, "this token lets nobody mark"},
		{[]string{"--product", "shpo", "restarted"}, token, exitFailed, "shpo"},
		{[]string{"--server", server.URL + "/moved", "restarted"}, token, exitFailed, "answers HTTP 301 Moved Permanently; is that the address of statusbot's page?"},
		{[]string{"--server", "http://127.0.0.1:1", "restarted"}, token, exitFailed, "http://127.0.0.1:1 does not answer: dial tcp"},
		{[]string{"--server", "status.example.com", "restarted"}, token, exitUsage, "write its address, such as https://"},
	} {
		var out, says bytes.Buffer
		w := world{out: &out, err: &says, env: func(name string) (string, bool) { return tt.env, name == markToken && tt.env != "" }}
		code := run(t.Context(), append([]string{"mark", "--server", server.URL}, tt.args...), w)
		if all := out.String() + says.String(); code != tt.code || !strings.Contains(all, tt.want) || strings.Contains(all, token) {
			t.Errorf("%q: exit code %d, want %d and %q: %s", tt.args, code, tt.code, tt.want, all)
		}
	}
	if len(taken) != 3 {
		t.Fatalf("%d marks were taken, want 3: %v", len(taken), taken)
	}
	if m := taken[0]; m.Text != "rolled back" || len(m.Products) != 1 || !m.Change || time.Since(m.At) < 9*time.Minute {
		t.Errorf("the first is %+v", m)
	}
	if m := taken[2]; m.Text != "looked" || m.Change {
		t.Errorf("the note is %+v", m)
	}
}
