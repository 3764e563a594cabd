package probe

import (
	"bytes"
	"context"
	"encoding/json"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/redact"
)

var (
	inQuotes = regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)
	escapes  = regexp.MustCompile(`\\u00..`)
)

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
		if len(secret) < 4 || len(secret) > 500 || strings.ContainsRune(secret, 0) {
			return
		}
		text := before + secret + after + url.QueryEscape(secret) + string(checks.AppendString(nil, secret)) + before
		probe := func(r checks.Result) {
			known := redact.For(redact.Of(&struct{ Env map[string]string }{map[string]string{"API_TOKEN": secret}}))
			compiled := &Compiled{
				Check:  &checks.Check{ID: "0", Timeout: time.Second},
				redact: &known,
				probe:  func(context.Context) checks.Result { return r },
			}
			got, ok := compiled.Run(t.Context())
			if !ok {
				t.Fatal("no result")
			}
			got.Started, got.Duration = time.Unix(0, 0), 0
			stored, err := checks.EncodeResults([]checks.Result{got})
			must(t, err)
			bare := got
			bare.Summary, bare.Evidence = redact.Mark, &checks.Evidence{
				Output: redact.Mark, Remote: redact.Mark, Script: redact.Mark, RequestID: redact.Mark, ScriptSHA256: got.Evidence.ScriptSHA256,
				Perf: []checks.Perf{{Label: redact.Mark, Value: 0, Unit: redact.Mark}},
			}
			frame, err := checks.EncodeResults([]checks.Result{bare})
			must(t, err)
			if bytes.Contains(frame, []byte(secret)) {
				return // a secret such as "redacted" or "fail" cannot be told from our own words
			}
			again, err := checks.DecodeResults(stored)
			must(t, err)
			e := again[0].Evidence
			texts, err := json.Marshal([]string{again[0].Summary, e.Output, e.Remote, e.Script, e.RequestID})
			must(t, err)
			for _, s := range append([]string{again[0].Summary, e.Output, e.Remote, e.Script, e.RequestID}, e.Perf[0].Label, e.Perf[0].Unit) {
				if strings.Contains(s, secret) {
					t.Fatalf("the secret %q is in %q (of %s)", secret, s, texts)
				}
			}
			// The digits of an escape are nobody's secret, and neither is the quote behind a text.
			for _, text := range inQuotes.FindAll(stored, -1) {
				if bytes.Contains(escapes.ReplaceAll(text[1:len(text)-1], []byte{0}), []byte(secret)) {
					t.Fatalf("the secret %q is in the stored %s", secret, stored)
				}
			}
		}
		if form&1 != 0 {
			text = Quoted(text) + text
		}
		if form&2 != 0 {
			text = strings.Repeat("x", int(form)*4) + text
		}
		probe(checks.Result{Outcome: checks.Fail, Reason: checks.ReasonScript, Summary: text, Evidence: &checks.Evidence{
			Output: text, Remote: before + secret, Script: secret + after, RequestID: secret, Perf: []checks.Perf{{Label: secret + before, Value: 0, Unit: secret}},
		}})
	})
}
