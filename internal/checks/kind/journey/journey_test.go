package journey

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/claim"
	httpkind "github.com/statusbot/statusbot/internal/checks/kind/http"
	"github.com/statusbot/statusbot/internal/checks/probe/probetest"
)

// shopFloor is a real server with a session, a token, a search and a till.
type shopFloor struct {
	*httptest.Server
	slow  atomic.Int64 // nanoseconds that a search takes
	empty atomic.Bool  // nothing is found
	paid  atomic.Int64
}

const shopToken = `tok/"en?&+ 1`

func startShop(t *testing.T) *shopFloor {
	t.Helper()
	s := &shopFloor{}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /login", func(w http.ResponseWriter, r *http.Request) {
		var who struct{ User, Password string }
		if json.NewDecoder(r.Body).Decode(&who) != nil || who.Password != "open sesame" {
			http.Error(w, "who is "+who.User+" with "+who.Password, http.StatusUnauthorized)
			return
		}
		http.SetCookie(w, &http.Cookie{Name: "session", Value: "abc123session", Path: "/"})
		w.Header().Set("X-Trace", "trace-7")
		http.Redirect(w, r, "/welcome", http.StatusSeeOther)
	})
	signedIn := func(f http.HandlerFunc) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if c, err := r.Cookie("session"); err != nil || c.Value != "abc123session" {
				http.Error(w, "no session", http.StatusForbidden)
				return
			}
			f(w, r)
		}
	}
	mux.HandleFunc("/welcome", signedIn(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Trace", "trace-7")
		json.NewEncoder(w).Encode(map[string]any{"token": shopToken, "n": 7, "csrf": `<input name="csrf" value="form-7">`})
	}))
	mux.HandleFunc("/search", signedIn(func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-time.After(time.Duration(s.slow.Load())):
		case <-r.Context().Done():
			return
		}
		if r.URL.Query().Get("token") != shopToken || r.Header.Get("X-Trace") != "trace-7" {
			http.Error(w, "token "+r.URL.Query().Get("token"), http.StatusBadRequest)
			return
		}
		if s.empty.Load() {
			io.WriteString(w, `{"items": []}`)
			return
		}
		fmt.Fprintf(w, `{"items": [{"id": "shoe 1", "href": "%s/item/1"}]}`, s.URL)
	}))
	mux.HandleFunc("/item/{id}", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "item "+r.PathValue("id")) })
	mux.HandleFunc("POST /pay", signedIn(func(w http.ResponseWriter, r *http.Request) {
		var what struct{ Item, Token string }
		if json.NewDecoder(r.Body).Decode(&what) != nil || what.Item != "shoe 1" || what.Token != shopToken {
			http.Error(w, fmt.Sprintf("%+v", what), http.StatusBadRequest)
			return
		}
		s.paid.Add(1)
		io.WriteString(w, `{"paid": true}`)
	}))
	s.Server = httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

// shopping signs in, searches, opens what was found and pays.
func shopping(s *shopFloor, change ...func(*Options)) *Options {
	o := Kind.Options().(*Options)
	o.Steps = []Step{
		{Name: "sign in", Method: "POST", URL: s.URL + "/login", Headers: map[string]string{"Content-Type": "application/json"},
			Body: `{"user": "probe", "password": "open sesame"}`, Save: map[string]string{"token": "$.token", "trace": "header:X-Trace", "sid": "cookie:session", "form": `regexp:value=..([^"\\]+)`}},
		{Name: "search", URL: s.URL + "/search?token={{token}}&q=shoe", Headers: map[string]string{"X-Trace": "{{ trace }}"},
			Save: map[string]string{"item": "$.items[0].id", "link": "$.items[0].href"}},
		{Name: "open", URL: "{{link}}", Contains: []string{"item 1"}},
		{Name: "pay", Method: "POST", URL: s.URL + "/pay", Body: `{"item": "{{item}}", "token": "{{token}}"}`, Options: claim.Options{Expect: []string{"json.paid"}}},
	}
	for _, f := range change {
		f(o)
	}
	return o
}

func TestJourney(t *testing.T) {
	s := startShop(t)
	const long = time.Minute
	for _, tt := range []struct {
		name    string
		change  func(*Options)
		outcome checks.Outcome
		reason  checks.Reason
		summary string
	}{
		{"good", func(*Options) {}, checks.Pass, "", "sign in "},
		{"wrong password", func(o *Options) { o.Steps[0].Body = `{"user": "probe", "password": "hunter2"}` }, checks.Fail, checks.ReasonStatus, "step 1 of 4, sign in: HTTP 401"},
		{"status", func(o *Options) { o.Steps[1].URL = s.URL + "/search?token=other" }, checks.Fail, checks.ReasonStatus, "step 2 of 4, search: HTTP 400"},
		{"content", func(o *Options) { o.Steps[2].Contains = []string{"item 2"} }, checks.Fail, checks.ReasonAssertion, `step 3 of 4, open: "item 2" is not in the body`},
		{"claim", func(o *Options) { o.Steps[3].Expect = []string{"!json.paid"} }, checks.Fail, checks.ReasonAssertion, "step 4 of 4, pay: !json.paid is false"},
		{"nothing to save", func(o *Options) { o.Steps[0].Save["token"] = "$.ticket" }, checks.Fail, checks.ReasonAssertion, "step 1 of 4, sign in: token is not in the answer: no $.ticket"},
		{"no header to save", func(o *Options) { o.Steps[0].Save["trace"] = "header:X-Span" }, checks.Fail, checks.ReasonAssertion, "trace is not in the answer: no header X-Span"},
		{"refused address", func(o *Options) { o.Steps[2].URL = "http://169.254.169.254/" }, checks.Unknown, checks.ReasonInternal, "step 3 of 4, open: refuses to connect to 169.254.169.254"},
		{"slow step", func(o *Options) { o.Steps[1].DegradedOver = 1 }, checks.Degraded, checks.ReasonLatency, "step 2 of 4, search: HTTP 200 after"},
		{"slow journey", func(o *Options) { o.DegradedOver = 1 }, checks.Degraded, checks.ReasonLatency, "limit"},
		{"too slow journey", func(o *Options) { o.Steps[1].DegradedOver, o.FailOver = 1, 2 }, checks.Fail, checks.ReasonLatency, "limit"},
		{"without cookies of before", func(o *Options) {
			o.Steps = o.Steps[1:2]
			o.Steps[0].URL = s.URL + "/search"
			o.Steps[0].Headers = nil
		}, checks.Fail, checks.ReasonStatus, "step 1 of 1, search: HTTP 403"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := probetest.Probing(t, &Kind, shopping(s, tt.change), long)
			probetest.WantResult(t, r, tt.outcome, tt.reason, tt.summary)
			probetest.NoSecret(t, r, "hunter2")
			probetest.NoSecret(t, r, "open sesame")
			probetest.NoSecret(t, r, shopToken)
			if r.Outcome != checks.Pass && (r.Evidence == nil || len(r.Evidence.Perf) == 0) {
				t.Errorf("the steps' durations are not told: %+v", r.Evidence)
			}
		})
	}
	if n := s.paid.Load(); n < 4 {
		t.Errorf("paid %d times", n)
	}
	t.Run("time-out", func(t *testing.T) {
		s.slow.Store(int64(time.Minute))
		defer s.slow.Store(0)
		r := probetest.Until(t, &Kind, shopping(s), 300*time.Millisecond, "step 2 of 4, search")
		probetest.WantResult(t, r, checks.Fail, checks.ReasonTimeout, "while waiting for the answer")
		if len(r.Evidence.Perf) != 2 {
			t.Errorf("durations: %+v", r.Evidence.Perf)
		}
	})
	t.Run("nothing found", func(t *testing.T) {
		s.empty.Store(true)
		defer s.empty.Store(false)
		probetest.WantResult(t, probetest.Probing(t, &Kind, shopping(s), long), checks.Fail, checks.ReasonAssertion, "step 2 of 4, search: item is not in the answer: no $.items[0].id")
	})
	t.Run("a link that is none", func(t *testing.T) {
		o := shopping(s, func(o *Options) { o.Steps[1].Save["link"] = "$.items[0].id" })
		probetest.WantResult(t, probetest.Probing(t, &Kind, o, long), checks.Fail, checks.ReasonAssertion, "step 3 of 4, open: with what was saved, url")
	})
	t.Run("stopped", func(t *testing.T) {
		o := shopping(s)
		s.Close()
		probetest.WantResult(t, probetest.Probing(t, &Kind, o, long), checks.Fail, checks.ReasonConnect, "step 1 of 4, sign in: no connection")
	})
}

func TestJourneyOptions(t *testing.T) {
	s := &shopFloor{Server: &httptest.Server{URL: "https://shop.example.com"}}
	for key, change := range map[string]func(*Options){
		"steps":                func(o *Options) { o.Steps = nil },
		"steps[1].url":         func(o *Options) { o.Steps[1].URL = "/search" },
		"steps[2].url":         func(o *Options) { o.Steps[2].URL = "{{lnk}}" },
		"steps[3].body":        func(o *Options) { o.Steps[3].Body = "{{itm}}" },
		"steps[0].headers.X":   func(o *Options) { o.Steps[0].Headers["X"] = "{{token}}" }, // saved later
		"steps[3].expect":      func(o *Options) { o.Steps[3].Expect = []string{"json.paid ="} },
		"steps[0].save.token":  func(o *Options) { o.Steps[0].Save["token"] = "token" },
		"steps[0].save.to ken": func(o *Options) { o.Steps[0].Save["to ken"] = "$.x" },
		"steps[0].save.form":   func(o *Options) { o.Steps[0].Save["form"] = "regexp:value" },
		"steps[1].save.item":   func(o *Options) { o.Steps[1].Method, o.Steps[1].Expect = "HEAD", nil },
		"fail_over":            func(o *Options) { o.FailOver = time.Hour },
		"basic_auth.user":      func(o *Options) { o.BasicAuth.Password = "x" },
	} {
		probetest.WantOptionError(t, &Kind, shopping(s, change), key)
	}
	for range 16 { // of several that are wrong the same one is said each time
		probetest.WantOptionError(t, &Kind, shopping(s, func(o *Options) {
			o.Steps[0].Headers["X-1"], o.Steps[0].Headers["X-2"], o.Steps[0].Headers["X-3"] = "{{token}}", "{{token}}", "{{token}}"
		}), "steps[0].headers.X-1")
	}
}

func FuzzFillIn(f *testing.F) {
	f.Add("https://a.example.com/{{x}}?q={{x}}", `{"a": "{{x}}"}`, "a/b\"c")
	f.Add("{{x}}", "{{ x }}{{}}", "http://b.example.com/")
	f.Fuzz(func(t *testing.T, where, body, value string) {
		o := &httpkind.Options{URL: where, Body: body}
		filled, used, err := fillIn(o, func(string) (string, bool) { return value, true })
		if err != nil {
			t.Fatal(err)
		}
		if !used && (filled.URL != where || filled.Body != body) {
			t.Errorf("changed without a value: %q %q", filled.URL, filled.Body)
		}
		if json.Valid([]byte(body)) && strings.HasPrefix(strings.TrimSpace(body), "[") && !json.Valid([]byte(filled.Body)) {
			t.Errorf("%q made %q of %q, which is JSON no more", value, filled.Body, body)
		}
	})
}
