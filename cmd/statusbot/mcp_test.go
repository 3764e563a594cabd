package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// modelAsks starts `statusbot mcp` as a language model's program does, over its input and
// output, and returns what its tools say.
func modelAsks(ctx context.Context, t *testing.T, calls map[string]string, flags ...string) (said string) {
	t.Helper()
	exe, err := os.Executable()
	need(t, err)
	cmd := exec.Command(exe, append([]string{"mcp"}, flags...)...)
	cmd.Env = append(os.Environ(), asProgram+"=1")
	s, err := mcp.NewClient(&mcp.Implementation{Name: "test", Version: "1"}, nil).Connect(ctx, &mcp.CommandTransport{Command: cmd}, nil)
	need(t, err)
	defer s.Close()
	for tool, id := range calls {
		args := map[string]any{}
		if id != "" {
			args["id"] = id
		}
		r, err := s.CallTool(ctx, &mcp.CallToolParams{Name: tool, Arguments: args})
		need(t, err)
		said += r.Content[0].(*mcp.TextContent).Text + "\n"
	}
	return said
}

// TestModelAsksOverStdio: by the address of a page it sends the token, to that address
// alone; what is refused is said as the page says it, and a data directory where nobody
// is says what to do.
func TestModelAsksOverStdio(t *testing.T) {
	t.Parallel()
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { t.Errorf("elsewhere is asked for %s", r.URL) }))
	defer elsewhere.Close()
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/api/v1/products/moved":
			http.Redirect(w, r, elsewhere.URL, http.StatusFound)
		case r.Header.Get("Authorization") != "Bearer 0123456789abcdef":
			t.Errorf("Authorization: %q", r.Header.Get("Authorization"))
		default:
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = w.Write([]byte(`{"status":503,"detail":"statusbot is starting, and reads what it knew.","next":"Ask again in a few seconds."}`))
		}
	}))
	defer site.Close()
	file := filepath.Join(t.TempDir(), "token")
	need(t, os.WriteFile(file, []byte("0123456789abcdef\n"), 0o600))
	said := modelAsks(t.Context(), t, map[string]string{"board": "", "product": "moved"}, "--url", site.URL, "--token-file", file)
	for _, want := range []string{"statusbot is starting, and reads what it knew. Ask again in a few seconds.", "it leads elsewhere"} {
		if !strings.Contains(said, want) {
			t.Errorf("it does not say %q: %s", want, said)
		}
	}
	if said := modelAsks(t.Context(), t, map[string]string{"board": ""}, "--data-dir", t.TempDir()); !strings.Contains(said, "name its data directory by --data-dir") {
		t.Errorf("where nobody is: %s", said)
	}
}
