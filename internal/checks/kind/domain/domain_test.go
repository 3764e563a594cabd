package domain

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/claim"
	"github.com/statusbot/statusbot/internal/checks/probe/probetest"
)

// today is the tests' day; half a day keeps counts of days whole.
var today = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// answer is what a registry says of a domain, as RFC 9083 has it.
func answer(name, expires string, status ...string) string {
	events := `{"eventAction": "registration", "eventDate": "1995-08-14T04:00:00Z"}, {"eventAction": "last changed", "eventDate": "2026-01-01T00:00:00Z"}`
	if expires != "" {
		events += fmt.Sprintf(`, {"eventAction": "expiration", "eventDate": %q}`, expires)
	}
	return fmt.Sprintf(`{"objectClassName": "domain", "handle": "1_DOMAIN", "ldhName": %q, "status": [%s], "events": [%s],
		"entities": [{"objectClassName": "entity", "roles": ["registrar"], "vcardArray": ["vcard", [["version", {}, "text", "4.0"], ["fn", {}, "text", "Acme Names Ltd"]]]}],
		"nameservers": [{"objectClassName": "nameserver", "ldhName": "A.IANA-SERVERS.NET"}], "rdapConformance": ["rdap_level_0"]}`,
		name, `"`+strings.Join(append(status, "client transfer prohibited"), `", "`)+`"`, events)
}

// registry answers for each path below /domain/.
type registry struct {
	asked atomic.Int64
	serve func(w http.ResponseWriter, r *http.Request)
	url   string
}

func newRegistry(t *testing.T, serve func(w http.ResponseWriter, r *http.Request)) *registry {
	t.Helper()
	reg := &registry{serve: serve}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		reg.asked.Add(1)
		reg.serve(w, r)
	}))
	t.Cleanup(server.Close)
	reg.url = server.URL
	return reg
}

func says(text string) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, text) }
}

func refuses(code int, retryAfter string) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) {
		if retryAfter != "" {
			w.Header().Set("Retry-After", retryAfter)
		}
		w.WriteHeader(code)
	}
}

func options(change func(*Options)) *Options {
	o := Kind.Options().(*Options)
	o.Name = "example.com"
	change(o)
	return o
}

func built(t *testing.T, o *Options, timeout time.Duration) *prober {
	t.Helper()
	p, err := newProber(checks.Check{ID: "it", Kind: "domain", Every: 2 * timeout, Timeout: timeout, Options: o}, o)
	probetest.OK(t, err)
	p.now = func() time.Time { return today }
	return p
}

func TestDomain(t *testing.T) {
	loop := func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.Path, http.StatusFound) }
	for _, tt := range []struct {
		name    string
		serve   func(w http.ResponseWriter, r *http.Request)
		outcome checks.Outcome
		reason  checks.Reason
		summary string
	}{
		{"far", says(answer("EXAMPLE.COM", "2026-08-13T04:00:00Z")), checks.Pass, "", "the registration ends in 163 days, on 2026-08-13T04:00:00Z"},
		{"with a mark before it", says("\ufeff" + answer("example.com.", "2026-08-13T04:00:00Z")), checks.Pass, "", "163 days"},
		{"another zone", says(answer("example.com", "2026-08-13T06:00:00+02:00")), checks.Pass, "", "on 2026-08-13T04:00:00Z"},
		{"no zone", says(answer("example.com", "2026-08-13 04:00:00")), checks.Pass, "", "on 2026-08-13T04:00:00Z"},
		{"a day alone", says(answer("example.com", "2026-08-13")), checks.Pass, "", "on 2026-08-13T00:00:00Z"},
		{"soon", says(answer("example.com", "2026-03-14T12:00:00Z")), checks.Degraded, checks.ReasonAssertion, "the registration ends in 12 days"},
		{"very soon", says(answer("example.com", "2026-03-03T14:00:00Z")), checks.Fail, checks.ReasonAssertion, "the registration ends in 26 h"},
		{"over", says(answer("example.com", "2026-02-27T12:00:00Z")), checks.Fail, checks.ReasonAssertion, "the registration ended on 2026-02-27T12:00:00Z, 3 days ago"},
		{"in redemption", says(answer("example.com", "2027-02-27T12:00:00Z", "Redemption Period")), checks.Fail, checks.ReasonAssertion, "the domain was not renewed"},
		{"to be deleted", says(answer("example.com", "", "pending delete", "redemption period")), checks.Fail, checks.ReasonAssertion, "the registry is about to delete the domain"},
		{"on hold", says(answer("example.com", "2027-02-27T12:00:00Z", "client hold")), checks.Fail, checks.ReasonAssertion, "the registrar holds the domain: it is not in the DNS"},
		{"nobody's", refuses(404, ""), checks.Fail, checks.ReasonAssertion, "the registry knows no domain example.com"},
		{"no date", says(answer("example.com", "")), checks.Unknown, checks.ReasonInternal, "the registry does not tell until when"},
		{"a bad date", says(answer("example.com", "soon")), checks.Unknown, checks.ReasonProtocol, "the date of expiration is none"},
		{"another domain", says(answer("example.net", "2026-08-13T04:00:00Z")), checks.Unknown, checks.ReasonProtocol, `it is of another domain, "example.net"`},
		{"a page", says("<html>welcome</html>"), checks.Unknown, checks.ReasonProtocol, "the registry could not be asked: the answer is malformed: it is not one of RDAP"},
		{"an entity", says(`{"objectClassName": "entity"}`), checks.Unknown, checks.ReasonProtocol, "it is not one of RDAP"},
		{"empty", says(""), checks.Unknown, checks.ReasonProtocol, "it is not one of RDAP"},
		{"too long", says(`{"a": "` + strings.Repeat("a", answerMax) + `"}`), checks.Unknown, checks.ReasonInternal, "the answer has more than 1 MiB"},
		{"too busy", refuses(429, "120"), checks.Unknown, checks.ReasonStatus, "the registry answers no more questions for now; it is asked again after 12:02 UTC"},
		{"too busy, no time", refuses(429, ""), checks.Unknown, checks.ReasonStatus, "asked again after 13:00 UTC"},
		{"too busy, a date", refuses(429, "Mon, 02 Mar 2026 12:30:00 GMT"), checks.Unknown, checks.ReasonStatus, "asked again after 12:30 UTC"},
		{"too busy, past", refuses(429, "-5"), checks.Unknown, checks.ReasonStatus, "asked again after 12:00 UTC"},
		{"too busy, for years", refuses(429, "99999999999"), checks.Unknown, checks.ReasonStatus, "asked again after 12:00 UTC"},
		{"too busy, nonsense", refuses(429, "later"), checks.Unknown, checks.ReasonStatus, "asked again after 13:00 UTC"},
		{"in maintenance", refuses(503, "60"), checks.Unknown, checks.ReasonStatus, "asked again after 12:01 UTC"},
		{"broken", refuses(500, ""), checks.Unknown, checks.ReasonStatus, "the registry could not be asked: it answers HTTP 500"},
		{"forbidden", refuses(403, ""), checks.Unknown, checks.ReasonStatus, "it answers HTTP 403"},
		{"in circles", loop, checks.Unknown, checks.ReasonInternal, "the registry redirects too often"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			reg := newRegistry(t, tt.serve)
			p := built(t, options(func(o *Options) { o.Server = reg.url }), time.Minute)
			probetest.WantResult(t, p.run(t.Context()), tt.outcome, tt.reason, tt.summary)
		})
	}
}

func TestARegistryThatIsNotThere(t *testing.T) {
	silent := probetest.Serve(t, func(c *net.TCPConn) { probetest.UntilClosed(c) })
	gone := probetest.Serve(t, func(c *net.TCPConn) { probetest.ReadRequest(c); c.Close() })
	for _, tt := range []struct {
		at      string
		timeout time.Duration
		reason  checks.Reason
		summary string
	}{
		{probetest.Refused(t), time.Minute, checks.ReasonConnect, "the registry could not be asked: no connection: connection refused"},
		{silent, 100 * time.Millisecond, checks.ReasonTimeout, "while waiting for the answer"},
		{gone, time.Minute, checks.ReasonReset, "the registry could not be asked: the peer closed the connection"},
	} {
		r := probetest.Probing(t, &Kind, options(func(o *Options) { o.Server = "http://" + tt.at }), tt.timeout)
		for timeout := time.Second; !strings.Contains(r.Summary, tt.summary) && timeout < time.Minute; timeout *= 3 { // who is slow to connect is given more
			r = probetest.Probing(t, &Kind, options(func(o *Options) { o.Server = "http://" + tt.at }), timeout)
		}
		probetest.WantResult(t, r, checks.Unknown, tt.reason, tt.summary)
	}
	plain := probetest.Serve(t, func(c *net.TCPConn) { io.WriteString(c, "HTTP/1.1 400 Bad Request\r\n\r\n"); probetest.UntilClosed(c) })
	r := probetest.Probing(t, &Kind, options(func(o *Options) { o.Server = "https://" + plain }), time.Minute)
	probetest.WantResult(t, r, checks.Unknown, checks.ReasonTLS, "the registry could not be asked: the peer does not speak TLS")
}

func TestExpressionsOfADomain(t *testing.T) {
	reg := newRegistry(t, says(answer("xn--bcher-kva.example", "2026-08-13T04:00:00Z")))
	for _, tt := range []struct {
		claim   claim.Options
		outcome checks.Outcome
		summary string
	}{
		{claim.Options{Expect: []string{`days_left == 163 && registrar == "Acme Names Ltd" && "client transfer prohibited" in status && nameservers == ["a.iana-servers.net"] && expires > timestamp("2026-08-01T00:00:00Z")`}}, checks.Pass, "163 days"},
		{claim.Options{FailIf: []string{`!("server delete prohibited" in status)`}}, checks.Fail, "is true"},
		{claim.Options{DegradedIf: []string{`registrar != "Another"`}}, checks.Degraded, "Acme Names Ltd"},
	} {
		p := built(t, options(func(o *Options) { o.Name, o.Server, o.Options = "Bücher.example.", reg.url+"/", tt.claim }), time.Minute)
		r := p.run(t.Context())
		if r.Outcome != tt.outcome || !strings.Contains(r.Summary, tt.summary) {
			t.Errorf("%+v: got %s %q", tt.claim, r.Outcome, r.Summary)
		}
		if r.Outcome != checks.Pass && (r.Evidence == nil || !strings.Contains(r.Evidence.Output, "registrar: Acme Names Ltd\n")) {
			t.Errorf("evidence %+v", r.Evidence)
		}
	}
}

// TestARegistryIsAskedSeldom: once an hour whatever the interval is, not before
// the time that it names, and its word stands for a day while it does not answer.
func TestARegistryIsAskedSeldom(t *testing.T) {
	good := says(answer("example.com", "2026-08-13T04:00:00Z"))
	reg := newRegistry(t, good)
	p := built(t, options(func(o *Options) { o.Server = reg.url }), time.Minute)
	for _, tt := range []struct {
		at      time.Duration
		serve   func(http.ResponseWriter, *http.Request)
		asked   int64
		outcome checks.Outcome
		summary string
	}{
		{0, good, 1, checks.Pass, "the registration ends in 163 days, on 2026-08-13T04:00:00Z"},
		{30 * time.Second, good, 1, checks.Pass, "the registration ends in 163 days, on 2026-08-13T04:00:00Z"},
		{59 * time.Minute, good, 1, checks.Pass, ", as the registry said 59 min ago"},
		{time.Hour, refuses(429, "7200"), 2, checks.Pass, ", as the registry said 60 min ago"},
		{2 * time.Hour, good, 2, checks.Pass, ", as the registry said 2 h ago"},
		{3 * time.Hour, good, 3, checks.Pass, "on 2026-08-13T04:00:00Z"},
		{4 * time.Hour, refuses(500, ""), 4, checks.Pass, ", as the registry said 60 min ago"},
		{27 * time.Hour, refuses(500, ""), 5, checks.Unknown, "the registry could not be asked: it answers HTTP 500"},
		{28 * time.Hour, good, 6, checks.Pass, "the registration ends in 162 days"},
	} {
		reg.serve = tt.serve
		p.now = func() time.Time { return today.Add(tt.at) }
		r := p.run(t.Context())
		if r.Outcome != tt.outcome || !strings.HasSuffix(r.Summary, tt.summary) && !strings.HasPrefix(r.Summary, tt.summary) || reg.asked.Load() != tt.asked {
			t.Errorf("after %v: asked %d times, %s %q; want %d, %s %q", tt.at, reg.asked.Load(), r.Outcome, r.Summary, tt.asked, tt.outcome, tt.summary)
		}
	}
}

// TestTheListOfServers: it is fetched once a day for all checks, and the server
// of the longest part of the name is asked.
func TestTheListOfServers(t *testing.T) {
	reg := newRegistry(t, nil)
	down := false
	var listed atomic.Int64
	reg.serve = func(w http.ResponseWriter, r *http.Request) {
		name := strings.TrimPrefix(r.URL.Path, "/uk/domain/")
		switch {
		case r.URL.Path == "/dns.json" && down:
			w.WriteHeader(http.StatusBadGateway)
		case r.URL.Path == "/dns.json":
			listed.Add(1)
			fmt.Fprintf(w, `{"version": "1.0", "services": [[["com", "net"], ["%[1]s/com/v1/"]], [["UK"], ["ftp://x/", "%[1]s/uk/"]], [["uk"], []], [["co.uk"], ["%[1]s/uk"]], [["bad"], ["gopher://x/"]]]}`, reg.url)
		case r.URL.Path == "/com/v1/domain/example.com":
			http.Redirect(w, r, "/com/v2/domain/example.com", http.StatusMovedPermanently)
		case r.URL.Path == "/com/v2/domain/example.com":
			io.WriteString(w, answer("example.com", "2026-08-13T04:00:00Z"))
		case name != r.URL.Path:
			io.WriteString(w, answer(name, "2026-08-14T04:00:00Z"))
		default:
			t.Errorf("asked for %s", r.URL.Path)
		}
	}
	for i, tt := range []struct {
		name    string
		at      time.Duration
		down    bool
		outcome checks.Outcome
		summary string
		listed  int64
	}{
		{"example.com", 0, false, checks.Pass, "on 2026-08-13T04:00:00Z", 1},
		{"example.co.uk", time.Hour, false, checks.Pass, "on 2026-08-14T04:00:00Z", 1},
		{"example.example", time.Hour, false, checks.Unknown, "no RDAP server is known for this domain; write the registry's into server", 1},
		{"example.bad", time.Hour, false, checks.Unknown, "no RDAP server is known", 1},
		{"example.com", 25 * time.Hour, true, checks.Pass, "on 2026-08-13T04:00:00Z", 1},
		{"example.com", 25 * time.Hour, false, checks.Pass, "on 2026-08-13T04:00:00Z", 2},
	} {
		down = tt.down
		p := built(t, options(func(o *Options) { o.Name, o.Bootstrap = tt.name, reg.url+"/dns.json" }), time.Minute)
		p.now = func() time.Time { return today.Add(tt.at) }
		r := p.run(t.Context())
		if r.Outcome != tt.outcome || !strings.Contains(r.Summary, tt.summary) || listed.Load() != tt.listed {
			t.Errorf("%d %s: listed %d times, %s %q; want %d, %s %q", i, tt.name, listed.Load(), r.Outcome, r.Summary, tt.listed, tt.outcome, tt.summary)
		}
	}
	other := newRegistry(t, says("<html>"))
	p := built(t, options(func(o *Options) { o.Bootstrap = other.url }), time.Minute)
	probetest.WantResult(t, p.run(t.Context()), checks.Unknown, checks.ReasonProtocol, "it is no list of RDAP servers")
	for i := range 3 * listsMax { // addresses of lists come and go with the configuration
		_, err := lists.of(t.Context(), fmt.Sprint("list ", i), today, func() ([]byte, error) { return []byte(`{"services": []}`), nil })
		probetest.OK(t, err)
	}
	if n := len(lists.byURL); n > listsMax {
		t.Errorf("%d lists are kept", n)
	}
}

func TestDomainOptions(t *testing.T) {
	for key, list := range map[string][]func(*Options){
		"name": {
			func(o *Options) { o.Name = "" },
			func(o *Options) { o.Name = "com" },
			func(o *Options) { o.Name = "https://example.com" },
			func(o *Options) { o.Name = "example.com:443" },
			func(o *Options) { o.Name = "*.example.com" },
			func(o *Options) { o.Name = "192.0.2.1" },
			func(o *Options) { o.Name = "2001:db8::1" },
			func(o *Options) { o.Name = " example.com" },
		},
		"server":    {func(o *Options) { o.Server = "rdap.example.com" }, func(o *Options) { o.Server = "http://127.0.0.1:99999/" }},
		"bootstrap": {func(o *Options) { o.Bootstrap = "" }, func(o *Options) { o.Bootstrap = "data.iana.org" }},
		"warn_days": {func(o *Options) { o.WarnDays = -1 }},
		"fail_days": {func(o *Options) { o.FailDays = -1 }, func(o *Options) { o.FailDays = 21 }},
		"expect":    {func(o *Options) { o.Expect = []string{"days > 3"} }},
		"family":    {func(o *Options) { o.Family = "5" }},
	} {
		for _, change := range list {
			probetest.WantOptionError(t, &Kind, options(change), key)
		}
	}
	c, err := probetest.Compiled(&Kind, checks.Check{ID: "it", Kind: "domain", Every: time.Minute, Timeout: time.Second, Strict: true, Options: options(func(o *Options) { o.Server = "http://127.0.0.1:9" })})
	probetest.OK(t, err)
	if r, _ := c.Run(t.Context()); r.Outcome != checks.Unknown || !strings.Contains(r.Summary, "refuses to connect") {
		t.Errorf("a strict check asks this machine: %+v", r)
	}
}
