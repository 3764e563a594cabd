package page

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/format"
	"github.com/statusbot/statusbot/internal/format/elsewhere"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/status"
)

var t0 = time.Date(2026, 3, 3, 19, 30, 0, 0, time.UTC)

// hostile is a name that would be a part of a page if nobody escaped it.
const hostile = `<img src=x onerror=alert(1)>"&'`

// company is a board of so many products, each with checks of which every fifth fails
// now and then where hurt says so, and the last product was never measured.
func company(tb testing.TB, products, checksEach, minutes int, hurt func(product int) bool) (*status.Board, time.Time) {
	tb.Helper()
	def := status.Definition{Company: "Acme", Components: []status.Component{{ID: "edge-lb-2", Name: "edge-lb-2"}}}
	for p := range products {
		id := fmt.Sprintf("product-%d", p)
		def.Products = append(def.Products, status.Product{ID: id, Name: fmt.Sprintf("Product number %d", p) + mixed(p), Owner: "team-" + id, SaysDegraded: "Some orders cannot be placed."})
		for c := range checksEach {
			uses := []string{"edge-lb-2"}
			if !hurt(p) {
				uses = nil
			}
			def.Checks = append(def.Checks, checks.Check{ID: fmt.Sprintf("%s/check-%d", id, c), Product: id, Kind: "http", Every: 10 * time.Second, Timeout: 3 * time.Second, Uses: uses,
				Source: checks.Source{File: "checks.d/secret-file.yaml", Line: 7}})
		}
	}
	def.Products[0].Name = hostile
	def.Products = append(def.Products, status.Product{ID: "ledger", Name: "Ledger", Owner: "finance"})
	b := status.NewBoard(def)
	seq := uint64(0)
	for i := range minutes * 6 {
		var batch []checks.Result
		for n, c := range def.Checks {
			r := checks.Result{Check: c.ID, Product: c.Product, Started: t0.Add(time.Duration(i) * 10 * time.Second), Duration: 20 * time.Millisecond, Outcome: checks.Pass}
			if hurt(n/checksEach) && i >= minutes*3 && (i+n)%(5+n%7) == 0 {
				r.Outcome, r.Reason, r.Summary = checks.Fail, checks.ReasonTimeout, "dial tcp 10.0.0.1:443: i/o timeout"
				r.Evidence = &checks.Evidence{Output: "evidence " + hostile}
			}
			batch = append(batch, r)
		}
		seq++
		b.Apply(seq, batch)
	}
	return b, t0.Add(time.Duration(minutes) * time.Minute)
}

// mixed are letters that no other product has, as names have: they do not pack well.
func mixed(p int) string {
	if p < 10 {
		return ""
	}
	return fmt.Sprintf(" %x", sha256.Sum256([]byte{byte(p), byte(p >> 8)}))[:17]
}

func some(p int) bool { return p%4 == 0 }

// opened adds an incident with an update and a mark.
func opened(b *status.Board, now time.Time) {
	for i, e := range []incident.Event{
		{Kind: incident.Opened, Number: 1, Title: "internal title " + hostile, Channel: "C1", Every: 5 * time.Minute, By: "U1", Name: "Ana"},
		{Kind: incident.Level, Product: "product-0", From: "ok", To: "degraded", Onset: now.Add(-4 * time.Minute)},
		{Kind: incident.Update, N: 1, Post: 1, Why: "first update"},
		{Kind: incident.Mark, Mark: 1, Text: "restarted edge-lb-2", By: "U1", Name: "Ana", Products: []string{"product-0"}},
	} {
		e.Incident, e.Seq, e.At = "inc-1", uint64(i+1), now.Add(time.Duration(i-10)*time.Second)
		b.ApplyEvent(e)
	}
}

func pagesOf(b *status.Board, now time.Time, access Access) *Pages {
	ready := make(chan struct{})
	close(ready)
	return New(Source{Board: b, Now: func() time.Time { return now }, Ready: ready,
		Days: func(context.Context, string) ([]status.Day, error) {
			return []status.Day{{Date: now.Format(time.DateOnly), Tries: 1349, Failures: 53, Measured: 60, Hurt: 240}}, nil
		},
		Maintenance: func(now time.Time) []incident.Muting {
			return []incident.Muting{{Product: "product-1", From: now.Add(time.Hour), Until: now.Add(3 * time.Hour), Why: "moving the internal database, and; more <b>&c", By: "U1", Name: "Ana"},
				{Product: "product-4", From: now.Add(-time.Hour), Until: now.Add(time.Hour), Begun: true, Why: "patches"}}
		},
		Events: func(context.Context, string) ([]incident.Event, error) { return nil, io.EOF },
		Public: func(id string) bool { return id == "product-0" || id == "product-1" }}, access, zap.NewNop())
}

func handlerOf(p *Pages) http.Handler {
	mux := http.NewServeMux()
	p.Routes(mux)
	return mux
}

func get(h http.Handler, path string, change ...func(*http.Request)) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	r.Host = "127.0.0.1:8080"
	for _, c := range change {
		c(r)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// whole is what stands around a name of which no line breaks.
var whole = regexp.MustCompile(`<span class="w">([^<]*)</span>`)

// tags finds what runs or is loaded.
var tags = regexp.MustCompile(`(?i)<(script|link|img|iframe|object|embed|form)\b[^>]*>|<[a-z][^>]*\s(on[a-z]+|style)=[^>]*>|href="javascript:`)

func TestPageIsWholeWithoutScript(t *testing.T) {
	b, now := company(t, 12, 5, 20, some)
	opened(b, now)
	h := handlerOf(pagesOf(b, now, Access{}))
	update := format.Summary(format.SummaryFacts{Snapshot: b.Snapshot(now), Open: b.Log().Incidents, Command: "/status"})
	sentence := elsewhere.Read(update.Text, update.BlocksJSON(), time.UTC).Title()
	first, _, _ := strings.Cut(sentence, " (")
	for path, want := range map[string][]string{
		"/": {"Likely", "edge-lb-2", "95 %", "since 19:4", "Incident 1", "Tried:", "Ledger", "not measured", "Some orders cannot be placed",
			"&lt;img src=x", "Times are those of UTC", html.EscapeString(first)},
		"/products/product-0": {"checks.d/secret-file.yaml:7", "owner team-product-0", "i/o timeout", "evidence", "53 of 1,349 failed (3.9 %), measured in 1 h, hurt for 4 min", "Incident 1", "95\u00a0% interval", "&lt;img"},
		"/products/ledger":    {"Ledger is not measured: no check is defined."},
		"/incidents/inc-1":    {"Incident 1 “internal title", "restarted edge-lb-2", "(Ana)", "began updates", "update #1 posted", "degraded"},
	} {
		w := get(h, path)
		got := whole.ReplaceAllString(w.Body.String(), "$1")
		if w.Code != http.StatusOK {
			t.Fatalf("%s: %d\n%s", path, w.Code, got)
		}
		for _, s := range want {
			if !strings.Contains(got, s) {
				t.Errorf("%s does not say %q:\n%s", path, s, mainOf(got))
			}
		}
		for _, tag := range tags.FindAllString(got, -1) {
			if tag != `<script src="/page.js" defer>` && !strings.HasPrefix(tag, `<link rel="icon" href="data:,"`) && !strings.HasPrefix(tag, `<link rel="alternate" type="application/atom+xml" href="/feed.atom"`) {
				t.Errorf("%s has %s", path, tag)
			}
		}
		if policy := w.Header().Get("Content-Security-Policy"); !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") {
			t.Errorf("%s has the policy %q", path, policy)
		}
	}
	for _, path := range []string{"/products/nothing", "/incidents/inc-9", "/incidents/inc-1/report"} {
		if w := get(h, path); w.Code != http.StatusNotFound {
			t.Errorf("%s: %d, want 404", path, w.Code)
		}
	}
}

// mainOf is a page without its head, for messages.
func mainOf(page string) string { return page[max(0, strings.Index(page, "<main")):] }

// TestUnknownIsNeverWell looks that what is not measured has neither the shape nor the
// word of what is.
func TestUnknownIsNeverWell(t *testing.T) {
	b, now := company(t, 2, 2, 20, func(int) bool { return false })
	body := get(handlerOf(pagesOf(b, now.Add(time.Hour), Access{})), "/").Body.String()
	if strings.Contains(body, "#i-ok\"/>") || strings.Contains(body, "as usual</p>") {
		t.Errorf("nothing was measured for an hour, and the page says:\n%s", mainOf(body))
	}
	if strings.Contains(body, `class="figure"`) { // an empty line between a product and why, on a phone
		t.Errorf("there are no figures, and the page has room for some:\n%s", mainOf(body))
	}
}

func packed(t *testing.T, h http.Handler, path string) int {
	t.Helper()
	w := get(h, path, func(r *http.Request) { r.Header.Set("Accept-Encoding", "gzip") })
	z, err := gzip.NewReader(bytes.NewReader(w.Body.Bytes()))
	if err != nil {
		t.Fatalf("%s: %d: %v", path, w.Code, err)
	}
	if text, err := io.ReadAll(z); err != nil || !bytes.Contains(text, []byte("</html>")) {
		t.Fatalf("%s is not whole: %v", path, err)
	}
	return w.Body.Len()
}

func TestPagesAreSmall(t *testing.T) {
	for products, limit := range map[int]int{12: 30 << 10, 200: 100 << 10} {
		b, now := company(t, products, 1, 6, func(int) bool { return true })
		h := handlerOf(pagesOf(b, now, Access{}))
		board, one := packed(t, h, "/"), packed(t, h, "/products/product-0")
		script := get(h, "/page.js", func(r *http.Request) { r.Header.Set("Accept-Encoding", "gzip") }).Body.Len()
		t.Logf("%d products: board %d bytes, one product %d, script %d", products, board, one, script)
		if board > limit || one > 30<<10 || script > 4<<10 {
			t.Errorf("%d products: the board takes %d bytes of %d, a product %d of %d, the script %d of %d", products, board, limit, one, 30<<10, script, 4<<10)
		}
	}
}

func TestWhoMayReadWhat(t *testing.T) {
	b, now := company(t, 12, 2, 20, some)
	opened(b, now)
	const token = "a-token-that-nobody-guesses"
	proxies := []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16")}
	from := func(addr string) func(*http.Request) { return func(r *http.Request) { r.RemoteAddr = addr } }
	header := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	host := func(name string) func(*http.Request) { return func(r *http.Request) { r.Host = name } }
	guarded := Access{Token: token, Header: "X-Forwarded-Email", Proxies: proxies}
	public := Access{Token: token, Public: true}
	for name, c := range map[string]struct {
		access Access
		change []func(*http.Request)
		want   Reader
	}{
		"loopback":                      {Access{}, nil, Inside},
		"loopback by name":              {Access{}, []func(*http.Request){host("localhost:8080")}, Inside},
		"loopback, a site's own name":   {Access{}, []func(*http.Request){host("evil.example:8080")}, Nobody},
		"its own name":                  {Access{URL: "https://status.example.com"}, []func(*http.Request){host("status.example.com")}, Inside},
		"no token":                      {guarded, nil, Nobody},
		"token":                         {guarded, []func(*http.Request){header("Authorization", "Bearer "+token)}, Inside},
		"wrong token":                   {guarded, []func(*http.Request){header("Authorization", "Bearer x"+token)}, Nobody},
		"no token where none is set":    {Access{Public: true}, []func(*http.Request){header("Authorization", "Bearer ")}, Public},
		"proxy":                         {guarded, []func(*http.Request){from("10.1.2.3:4567"), header("X-Forwarded-Email", "ana@example.com")}, Inside},
		"proxy that names nobody":       {guarded, []func(*http.Request){from("10.1.2.3:4567")}, Nobody},
		"who feigns a proxy":            {guarded, []func(*http.Request){from("10.2.2.3:4567"), header("X-Forwarded-Email", "ana@example.com")}, Nobody},
		"a proxy's address in a header": {guarded, []func(*http.Request){header("X-Forwarded-For", "10.1.2.3"), header("X-Forwarded-Email", "ana@example.com")}, Nobody},
		"proxy, as IPv6 writes it":      {guarded, []func(*http.Request){from("[::ffff:10.1.2.3]:4567"), header("X-Forwarded-Email", "ana@example.com")}, Inside},
		"proxy on a link":               {Access{Token: token, Header: "X-Forwarded-Email", Proxies: []netip.Prefix{netip.MustParsePrefix("fe80::1/128")}}, []func(*http.Request){from("[fe80::1%eth0]:4567"), header("X-Forwarded-Email", "ana@example.com")}, Inside},
		"public":                        {public, nil, Public},
		"public with the token":         {public, []func(*http.Request){header("Authorization", "Bearer "+token)}, Inside},
		"a cookie that was made up":     {public, []func(*http.Request){header("Cookie", "statusbot=99999999999.00")}, Public},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Host = "127.0.0.1:8080"
		for _, f := range c.change {
			f(r)
		}
		if got := c.access.Of(r, now); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
	h := handlerOf(pagesOf(b, now, guarded))
	for _, path := range []string{"/", "/products/product-0", "/incidents/inc-1", "/incidents/inc-1/report", "/live"} {
		if w := get(h, path); w.Code != http.StatusUnauthorized || strings.Contains(w.Body.String(), "Acme") || strings.Contains(w.Body.String(), "product-0") {
			t.Errorf("%s without a token: %d\n%s", path, w.Code, w.Body)
		}
	}
	w := post(h, "not it")
	if w.Code != http.StatusUnauthorized || w.Header().Get("Set-Cookie") != "" {
		t.Errorf("a wrong token: %d, cookie %q", w.Code, w.Header().Get("Set-Cookie"))
	}
	w = post(h, token)
	cookies := w.Result().Cookies()
	if w.Code != http.StatusSeeOther || len(cookies) != 1 || !cookies[0].HttpOnly || strings.Contains(cookies[0].Value, token) {
		t.Fatalf("the token: %d, cookies %v", w.Code, cookies)
	}
	if w := get(h, "/", func(r *http.Request) { r.AddCookie(cookies[0]) }); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "Acme") {
		t.Errorf("with the cookie: %d", w.Code)
	}
	other := handlerOf(pagesOf(b, now, Access{Token: "another-token-of-ours"}))
	if w := get(other, "/", func(r *http.Request) { r.AddCookie(cookies[0]) }); w.Code != http.StatusUnauthorized {
		t.Errorf("the cookie of another token: %d", w.Code)
	}
}

func post(h http.Handler, token string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, "/signin", strings.NewReader(url.Values{"token": {token}}.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// TestPublicPageShowsWhatProductsAllow reads all that a client may read.
func TestPublicPageShowsWhatProductsAllow(t *testing.T) {
	b, now := company(t, 12, 2, 20, some)
	opened(b, now)
	h := handlerOf(pagesOf(b, now, Access{Public: true}))
	body := get(h, "/").Body.String()
	for _, want := range []string{"&lt;img src=x", "Product number 1", "Some orders cannot be placed", "some trouble", `<meta name="description"`} {
		if !strings.Contains(body, want) {
			t.Errorf("the public page does not say %q:\n%s", want, mainOf(body))
		}
	}
	const unlisted = `<meta name="robots" content="noindex">` // search engines may list what everybody may read alone
	if inside := get(handlerOf(pagesOf(b, now, Access{})), "/").Body.String(); strings.Contains(body, unlisted) || !strings.Contains(inside, unlisted) {
		t.Error("search engines are told that they may list the board, or may not list the public page")
	}
	for _, path := range []string{"/", "/products/product-0", "/products/product-4", "/incidents/inc-1", "/incidents/inc-1/report"} {
		w := get(h, path)
		body := w.Body.String()
		for _, hidden := range []string{"Product number 4", "Ledger", "team-", "edge-lb", "check-", "timeout", "time-out", "evidence", "checks.d", "internal title", "restarted", "Ana", "/incidents/", " of tries", "failed in"} {
			if strings.Contains(body, hidden) {
				t.Errorf("%s (%d) says %q to everybody:\n%s", path, w.Code, hidden, mainOf(body))
			}
		}
	}
}

func TestPageThatIsKnownIsNotSentAgain(t *testing.T) {
	b, now := company(t, 2, 2, 20, some)
	h := handlerOf(pagesOf(b, now, Access{}))
	for _, path := range []string{"/", "/products/product-0", "/page.js", "/feed.atom", "/feed.rss", "/maintenance.ics", "/badge.svg", "/badges/product-0.svg", "/api/v2/summary.json"} {
		tag := get(h, path).Header().Get("ETag")
		w := get(h, path, func(r *http.Request) { r.Header.Set("If-None-Match", `"other", `+tag) })
		if !strings.HasPrefix(tag, "W/") || w.Code != http.StatusNotModified || w.Body.Len() != 0 {
			t.Errorf("%s: tag %q, then %d with %d bytes", path, tag, w.Code, w.Body.Len())
		}
	}
}

func TestBeforeTheHistoryIsRead(t *testing.T) {
	b, now := company(t, 1, 1, 1, some)
	p := pagesOf(b, now, Access{})
	p.source.Ready = make(chan struct{})
	if w := get(handlerOf(p), "/"); w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" {
		t.Errorf("while it starts: %d", w.Code)
	}
}

// TestAFigureKeepsItsUnit: no line of a page begins with "% of tries"; what stands in code
// is copied, and stays.
func TestAFigureKeepsItsUnit(t *testing.T) {
	got := string(words("*Billing* fails 14 % of tries (16 of 112), 10 min: `waited 3 s`", time.UTC))
	if want := "<strong>Billing</strong> fails 14\u00a0% of tries (16 of 112), 10\u00a0min: <code>waited 3 s</code>"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestAMistakenToken: a program that shows a token, and not ours, is told so wherever it asks, and is not answered as
// everybody is; a proxy's password is no token.
func TestAMistakenToken(t *testing.T) {
	t.Parallel()
	b, now := troubled(t)
	paths := []string{"/", "/live", "/products/product-0", "/incidents/inc-1", "/incidents/inc-1/report", "/feed.atom", "/feed.rss", "/maintenance.ics", "/badge.svg", "/badges/product-0.svg"}
	for endpoint := range endpoints {
		paths = append(paths, "/api/v2/"+endpoint+".json")
	}
	for _, tt := range []struct {
		token, says string
		mistaken    bool
	}{
		{"0123456789abcdef", "", false}, {"0123456789abcdef", "Bearer 0123456789abcdef", false}, {"0123456789abcdef", "bearer old", true},
		{"0123456789abcdef", "Bearer", true}, {"0123456789abcdef", "Basic YTpi", false}, {"0123456789abcdef", "0123456789abcdef", true}, {"0123456789abcdef", "token old", true}, {"0123456789abcdef", "Negotiate YII=", false}, {"", "old", false}, {"", "Bearer of-a-gateway", false},
	} {
		h := handlerOf(pagesOf(b, now, Access{Token: tt.token, Public: true}))
		gone, leave := context.WithCancel(t.Context())
		leave() // who reads on is gone at once
		for _, path := range paths {
			w := get(h, path, func(r *http.Request) {
				*r = *r.WithContext(gone)
				if tt.says != "" {
					r.Header.Set("Authorization", tt.says)
				}
			})
			if refused := w.Code == http.StatusUnauthorized; refused != tt.mistaken {
				t.Errorf("token %q, %q: %s answers %d", tt.token, tt.says, path, w.Code)
			}
		}
	}
}
