//go:build linux

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image/jpeg"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/statusbot/statusbot/internal/longtest"
)

// What a browser shows when its check fails is a file, and check says where.
func TestCheckKeepsAScreenshot(t *testing.T) {
	longtest.Only(t, "two browsers")
	t.Parallel()
	program := needChromium(t)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		io.WriteString(w, "<title>Shop</title><link rel=icon href=data:,>Closed")
	}))
	defer server.Close()
	dir := t.TempDir()
	file := filepath.Join(dir, "statusbot.yaml")
	text := fmt.Sprintf(`products: [{id: shop}]
checks:
  - {id: shop/open, product: shop, kind: browser, every: 2m, timeout: 2m, browser: {url: %q, path: %q, viewport: {width: 320, height: 640}, steps: [{text: Open, within: 1ms}]}}
`, server.URL, program)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, mode := range []string{"", "--json"} {
		var out, errs bytes.Buffer
		args := []string{"check", "--config", file, "--screenshots", filepath.Join(dir, "shots")}
		if mode != "" {
			args = append(args, mode)
		}
		if code := run(t.Context(), args, world{out: &out, err: &errs, env: os.LookupEnv}); code != 1 || errs.Len() > 0 {
			t.Fatalf("exit %d\n%s%s", code, &out, &errs)
		}
		path := ""
		if mode == "" {
			_, rest, _ := strings.Cut(out.String(), "\nScreenshot of shop/open: ")
			path, _, _ = strings.Cut(rest, "\n")
		} else {
			var line checkJSON
			if err := json.Unmarshal(out.Bytes(), &line); err != nil {
				t.Fatal(err)
			}
			path = line.Evidence.Screenshot
		}
		f, err := os.Open(path)
		if err != nil {
			t.Fatalf("%v\n%s", err, &out)
		}
		picture, err := jpeg.Decode(f)
		f.Close()
		if err != nil || picture.Bounds().Dx() != 320 || picture.Bounds().Dy() != 640 {
			t.Errorf("%s: %v", path, err)
		}
	}
}
