package checks

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestSecretsOf(t *testing.T) {
	got := secretsOf(&HTTPOptions{
		URL:     "https://ana:p%40ssword1@pay.example.com/a?api_key=query-key&page=plain",
		Headers: map[string]string{"Authorization": "Bearer tok-123456", "Accept": "text/plain", "Cookie": "sid=cookie-value; theme=dark", "X-Api-Key": "k"},
	})
	for _, want := range []string{"p@ssword1", "p%40ssword1", "query-key", "Bearer tok-123456", "tok-123456", "cookie-value", base64.StdEncoding.EncodeToString([]byte("ana:p@ssword1"))} {
		if !slices.Contains(got, want) {
			t.Errorf("%q is not among the secrets %q", want, got)
		}
	}
	for _, not := range []string{"plain", "text/plain", "k", "ana"} {
		if slices.Contains(got, not) {
			t.Errorf("%q is taken for a secret", not)
		}
	}
	got = secretsOf(&ExecOptions{Argv: []string{"./a.sh", "postgres://u:in-the-argument@db/x"}, Env: map[string]string{"DB_PASSWORD": "env-secret", "REGION": "eu-west"}})
	for _, want := range []string{"env-secret", "in-the-argument"} {
		if !slices.Contains(got, want) {
			t.Errorf("%q is not among the secrets %q", want, got)
		}
	}
	if slices.Contains(got, "eu-west") {
		t.Error("a region is taken for a secret")
	}
}

func TestRedactPatterns(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{"", ""},
		{"nothing to hide, 12 keys left", "nothing to hide, 12 keys left"},
		{"Authorization: Bearer abcdef0123456789", "Authorization: (redacted) (redacted)"},
		{"got bearer abcdef0123456789.", "got bearer (redacted)"},
		{`{"password": "hunter2", "user": "ana"}`, `{"password": (redacted), "user": "ana"}`},
		{`{"db_password":"a\"b","n":1}`, `{"db_password":(redacted),"n":1}`},
		{`{\"password\":\"hunter2\",\"n\":1}`, `{\"password\":(redacted),\"n\":1}`},
		{`{"password": "cut sho`, `{"password": (redacted)`},
		{"?token=abc123&page=2", "?token=(redacted)&page=2"},
		{"access_token: abc123", "access_token: (redacted)"},
		{"Set-Cookie: sid=abc", "Set-Cookie: (redacted)"},
		{"jwt eyJhbGciOi.eyJzdWIiOiIx.sig_nature-1 end", "jwt (redacted) end"},
		{"dsn postgres://ana:hunter2@db/x", "dsn postgres://ana:(redacted)@db/x"},
		{"a\n-----BEGIN RSA PRIVATE KEY-----\nMIIE\nxyz", "a\n(redacted)"},
		{"client_secret='x y' next", "client_secret=(redacted) next"},
	} {
		if got := (redactor{}).text(tt.in); got != tt.want {
			t.Errorf("%q: got %q, want %q", tt.in, got, tt.want)
		}
	}
}

func TestRedactCutSecrets(t *testing.T) {
	d := redactor{[]string{"a-long-secret-of-many-bytes", "hunter2"}}
	for _, tt := range []struct{ in, want string }{
		{"it is a-long-secret-of-many-bytes.", "it is (redacted)."},
		{`"a-long-secret-of-m…" is not in the body`, `"(redacted)…" is not in the body`},
		{"the end is hunt", "the end is (redacted)"},
		{"the end is hunt…", "the end is (redacted)…"},
		{"hunter2hunter2", "(redacted)(redacted)"},
	} {
		if got := d.text(tt.in); got != tt.want {
			t.Errorf("%q: got %q, want %q", tt.in, got, tt.want)
		}
	}
	if got := (redactor{[]string{"abc("}}).text("abcabc("); strings.Contains(strings.ReplaceAll(got, redacted, ""), "abc(") || strings.Contains(got, "abc(") {
		t.Errorf("cutting made the secret anew: %q", got)
	}
}

func TestHTTPEvidenceHasRequestIDsAndNoSecrets(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("CF-Ray", "8c1")
		w.Header().Set("X-Request-ID", "7f3a\u00e9 x")
		w.WriteHeader(http.StatusBadGateway)
		fmt.Fprintf(w, "you sent %s; token=other-token\n", r.Header)
		fmt.Fprint(w, strings.Repeat("tok-\x00123456 ", 200))
	}))
	defer server.Close()
	at, err := url.Parse(server.URL)
	check(t, err)
	at.User = url.UserPassword("ana", "hunter22")
	r := runOnce(t, Check{Kind: "http", Options: &HTTPOptions{URL: at.String(), Headers: map[string]string{"X-Auth-Token": "tok-123456", "Cookie": "sid=cookie-value"}}})
	if r.Evidence == nil || r.Evidence.RequestID != "x-request-id=7f3ax, cf-ray=8c1" {
		t.Fatalf("evidence %+v", r.Evidence)
	}
	for _, secret := range []string{"tok-", "cookie-value", "hunter22", "other-token", base64.StdEncoding.EncodeToString([]byte("ana:hunter22"))} {
		if strings.Contains(r.Evidence.Output, secret) {
			t.Errorf("%q is in the evidence: %s", secret, r.Evidence.Output)
		}
	}
	if !strings.Contains(r.Evidence.Output, "you sent") || len(r.Evidence.Output) > outputMax {
		t.Errorf("evidence of %d bytes: %s", len(r.Evidence.Output), r.Evidence.Output)
	}
}

// FuzzSecretsStayInside runs real checks whose scripts and options hold a
// secret, and looks for it in what is stored.
func FuzzSecretsStayInside(f *testing.F) {
	for _, secret := range []string{"hunter22", "a b  c\nd", `q"u\o'te`, "p%40ss", "Bearer abcd", "x=yyyy;z=1234", "abc(", "\xff\xfe\xfd\xfc", "ünïcödé", strings.Repeat("ab", 40)} {
		f.Add(secret, "before ", " after", byte(0))
		f.Add(secret, secret[:len(secret)/2], secret, byte(7))
	}
	f.Add("0000", "\x00", "0", byte(49))
	f.Fuzz(func(t *testing.T, secret, before, after string, form byte) {
		secret = strings.TrimSpace(secret)
		if len(secret) < secretMin || len(secret) > 500 || strings.ContainsRune(secret, 0) {
			return
		}
		text := before + secret + after + url.QueryEscape(secret) + string(appendString(nil, secret)) + before
		probe := func(r Result) {
			compiled := &Compiled{
				Check:  &Check{ID: "0", Timeout: time.Second},
				redact: redactor{secretsOf(&ExecOptions{Env: map[string]string{"API_TOKEN": secret}})},
				probe:  func(context.Context) Result { return r },
			}
			got, ok := compiled.Run(t.Context())
			if !ok {
				t.Fatal("no result")
			}
			got.Started, got.Duration = time.Unix(0, 0), 0
			stored, err := EncodeResults([]Result{got})
			check(t, err)
			bare := got
			bare.Summary, bare.Evidence = redacted, &Evidence{
				Output: redacted, Remote: redacted, Script: redacted, RequestID: redacted, ScriptSHA256: got.Evidence.ScriptSHA256,
				Perf: []Perf{{redacted, 0, redacted}},
			}
			frame, err := EncodeResults([]Result{bare})
			check(t, err)
			if bytes.Contains(frame, []byte(secret)) {
				return // a secret such as "redacted" or "fail" cannot be told from our own words
			}
			again, err := DecodeResults(stored)
			check(t, err)
			e := again[0].Evidence
			texts, err := json.Marshal([]string{again[0].Summary, e.Output, e.Remote, e.Script, e.RequestID})
			check(t, err)
			for _, s := range append([]string{again[0].Summary, e.Output, e.Remote, e.Script, e.RequestID}, e.Perf[0].Label, e.Perf[0].Unit) {
				if strings.Contains(s, secret) {
					t.Fatalf("the secret %q is in %q (of %s)", secret, s, texts)
				}
			}
			// The digits of an escape are nobody's secret.
			if bytes.Contains(regexp.MustCompile(`\\u00..`).ReplaceAll(stored, []byte{0}), []byte(secret)) {
				t.Fatalf("the secret %q is in the stored %s", secret, stored)
			}
		}
		if form&1 != 0 {
			text = quoted(text) + text
		}
		if form&2 != 0 {
			text = strings.Repeat("x", int(form)*4) + text
		}
		probe(Result{Outcome: Fail, Reason: ReasonScript, Summary: text, Evidence: &Evidence{
			Output: text, Remote: before + secret, Script: secret + after, RequestID: secret, Perf: []Perf{{secret + before, 0, secret}},
		}})
	})
}

func TestScriptHashFollowsTheFile(t *testing.T) {
	dir := t.TempDir()
	script := filepath.Join(dir, "a.sh")
	write := func(text string) {
		next := filepath.Join(dir, "next")
		check(t, os.WriteFile(next, []byte(text), 0o755))
		check(t, os.Rename(next, script))
	}
	write("#!/bin/sh\nexit 2\n")
	for name, argv := range map[string][]string{
		"itself":            {"./a.sh"},
		"by an interpreter": {"/bin/sh", "-u", "a.sh", "x"},
		"through env":       {"/usr/bin/env", "LANG=C", "sh", "./a.sh"},
	} {
		c, err := Compile(Check{ID: "a", Kind: "exec", Every: 5 * time.Second, Timeout: 5 * time.Second, Options: &ExecOptions{Argv: argv, Dir: dir}})
		check(t, err)
		write("#!/bin/sh\nexit 2\n")
		r, _ := c.Run(t.Context())
		before := r.Evidence.ScriptSHA256
		if len(before) != 64 || before != sumOf(script) {
			t.Errorf("%s: %q, %s", name, before, r.Summary)
		}
		write("#!/bin/sh\nexit 1\n")
		r, _ = c.Run(t.Context())
		if now := r.Evidence.ScriptSHA256; now == before || now != sumOf(script) {
			t.Errorf("%s, after a change: %q, before %q", name, now, before)
		}
	}
}

func TestScriptHashReadsOnceUnlessChanged(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a.sh")
	check(t, os.WriteFile(file, []byte("abc"), 0o644))
	var h hashes
	// The SHA-256 of "abc" (FIPS 180-2, B.1).
	const want = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
	if got := h.of(file); got != want {
		t.Fatalf("got %s, want %s", got, want)
	}
	// The same inode, size and time: not read again.
	info, err := os.Stat(file)
	check(t, err)
	check(t, os.WriteFile(file, []byte("abd"), 0o644))
	check(t, os.Chtimes(file, info.ModTime(), info.ModTime()))
	if got := h.of(file); got != want {
		t.Errorf("read again: %s", got)
	}
	check(t, os.Chtimes(file, info.ModTime(), info.ModTime().Add(time.Second)))
	if got := h.of(file); got == want || got == "" {
		t.Errorf("not read after a change: %q", got)
	}
	check(t, os.Remove(file))
	if got := h.of(file); got != "" {
		t.Errorf("of no file: %s", got)
	}
}
