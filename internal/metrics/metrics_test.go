package metrics

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/statusbot/statusbot/internal/checks"
	httpkind "github.com/statusbot/statusbot/internal/checks/kind/http"
	"github.com/statusbot/statusbot/internal/checks/probe"
	"github.com/statusbot/statusbot/internal/checks/probe/probetest"
	"github.com/statusbot/statusbot/internal/status"
	"github.com/statusbot/statusbot/internal/web"
)

var t0 = time.Date(2026, 3, 3, 19, 30, 0, 0, time.UTC)

func company() status.Definition {
	return status.Definition{
		Company:  "Acme",
		Products: []status.Product{{ID: "billing", Name: "Billing", Owner: "payments"}, {ID: "search", Name: "Search"}, {ID: "mail", Name: "Mail"}},
		Checks: []checks.Check{
			{ID: "pay", Product: "billing", Kind: "http", Every: time.Second, Timeout: time.Second, Owner: "payments",
				Options: &httpkind.Options{URL: "https://ana:geheim@Pay.example.com/health?key=geheim"}},
			{ID: "ledger", Product: "billing", Kind: "tcp", Every: time.Second, Timeout: time.Second, Options: struct {
				Address string `mapstructure:"address"`
			}{"db.example.com:5432"}},
			{ID: "find", Product: "search", Kind: "http", Every: time.Second, Timeout: time.Second, Secrets: []string{"s3cret"},
				Options: &httpkind.Options{URL: "http://find.example.com/s3cret/health"}},
			{ID: "inbox", Product: "mail", Kind: "http", Every: time.Second, Timeout: time.Second, Options: &httpkind.Options{URL: "https://mail.example.com/"}},
			{ID: "inbox-slow", Product: "mail", Kind: "http", Every: time.Second, Timeout: time.Second, Options: &httpkind.Options{URL: "https://mail.example.com"}},
		},
		Controls: []checks.Check{{ID: "dns-root", Kind: "dns", Every: time.Second, Timeout: time.Second, Control: true}},
	}
}

// filled is a board of the company after n seconds: pay fails each tenth time, nobody
// can measure mail, and the rest passes.
func filled(t *testing.T, n int) (*status.Board, *Tally, http.Handler) {
	t.Helper()
	sealed := company() // as those of a statusbot that runs
	probe.Seal(sealed.Checks)
	probe.Seal(sealed.Controls)
	b := status.NewBoard(sealed)
	tally := NewTally(b)
	for i := range n {
		batch := make([]checks.Result, 0, 6)
		for _, c := range append(company().Checks, company().Controls...) {
			r := checks.Result{Check: c.ID, Product: c.Product, Started: t0.Add(time.Duration(i) * time.Second), Duration: 5 * time.Millisecond, Outcome: checks.Pass,
				Phases: checks.Phases{DNS: time.Millisecond, Connect: time.Millisecond, FirstByte: 2 * time.Millisecond}}
			switch {
			case c.Product == "mail":
				r.Outcome, r.Reason = checks.Unknown, checks.ReasonInternal
			case c.ID == "pay" && i%10 == 9:
				r.Outcome, r.Reason, r.Summary = checks.Fail, checks.ReasonStatus, "HTTP 502"
				r.Evidence = &checks.Evidence{Remote: "192.0.2.7:443", Status: 502}
			}
			batch = append(batch, r)
		}
		b.Apply(uint64(i+1), batch)
		tally.Note(batch)
	}
	age := 0.2
	h := Handler(Config{Board: b, Tally: tally, Now: func() time.Time { return t0.Add(time.Duration(n) * time.Second) },
		Health: func() web.Health {
			return web.Health{Leader: true, Journal: web.JournalHealth{OK: true, ReadMS: 0.3}, Slack: web.SlackHealth{Transport: "socket", Sockets: 2},
				Runner: web.RunnerHealth{Started: 100, Finished: 99, JitterP99MS: 4}, Results: web.ResultsHealth{Applied: 99, AgeS: &age}}
		},
		Own: func() Own {
			return Own{Open: 1, Cluster: &Cluster{Members: 3, Reached: 2, Answers: true, LeaderKnown: true, Lag: []Lag{{Stream: "STATUSBOT_EVENTS", Member: "b:6222", Messages: 4}}}}
		}})
	return b, tally, h
}

// ask returns the answer to a GET.
func ask(t *testing.T, h http.Handler, path string) (code int, text string) {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	return w.Code, w.Body.String()
}

// told are the samples of an exposition of some names, without those of Go and the process.
func told(text string, prefix ...string) (samples []string) {
	for line := range strings.SplitSeq(text, "\n") {
		for _, p := range prefix {
			if strings.HasPrefix(line, p) {
				samples = append(samples, line)
			}
		}
	}
	return samples
}

func TestExposition(t *testing.T) {
	_, _, h := filled(t, 600)
	_, text := ask(t, h, "/metrics")
	for name, what := range map[string]string{"metrics": text, "blackbox": second(ask(t, h, "/metrics/blackbox")), "probe": second(ask(t, h, "/probe?target=pay"))} {
		var kept []string
		for line := range strings.SplitSeq(what, "\n") {
			if line != "" && !strings.HasPrefix(line, "go_") && !strings.HasPrefix(line, "process_") && !strings.HasPrefix(line, "promhttp_") &&
				!strings.HasPrefix(line, "#") && !strings.HasPrefix(line, "statusbot_build_info") {
				kept = append(kept, line)
			}
		}
		golden(t, filepath.Join("testdata", name+".golden"), strings.Join(kept, "\n")+"\n")
		for _, secret := range []string{"geheim", "s3cret"} {
			if strings.Contains(what, secret) {
				t.Errorf("%s: %s is shown", name, secret)
			}
		}
	}
}

func second(_ int, text string) string { return text }

func golden(t *testing.T, file, got string) {
	t.Helper()
	if update {
		probetest.OK(t, os.MkdirAll(filepath.Dir(file), 0o755))
		probetest.OK(t, os.WriteFile(file, []byte(got), 0o644))
	}
	want, err := os.ReadFile(file)
	probetest.OK(t, err)
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got; -update writes it):\n%s", file, diff)
	}
}

// TestUnknownIsAbsent: nobody measured mail, so nothing of it reads as a 0.
func TestUnknownIsAbsent(t *testing.T) {
	_, _, h := filled(t, 60)
	_, text := ask(t, h, "/metrics")
	if got := told(text, `statusbot_product_failure_ratio{bound="point",product="mail"`, `statusbot_product_samples{of="tries",product="mail"`, `statusbot_probe_duration_seconds_count{check="inbox"`); len(got) > 0 {
		t.Errorf("of mail it says %v", got)
	}
	want := []string{`statusbot_product_level{level="unknown",product="mail"} 1`}
	if got := told(text, want[0]); !cmp.Equal(got, want) {
		t.Errorf("%v", got)
	}
	if got := told(text, `statusbot_probe_results_total{check="inbox",outcome="unknown"`); len(got) != 1 || !strings.HasSuffix(got[0], " 60") {
		t.Errorf("%v", got)
	}
	_, text = ask(t, h, "/probe?target=inbox")
	if got := told(text, "probe_"); !cmp.Equal(got, []string{"probe_timeout_seconds 1"}) {
		t.Errorf("/probe says %v", got)
	}
	if got := told(second(ask(t, h, "/metrics/blackbox")), "probe_success"); len(got) != 3 {
		t.Errorf("/metrics/blackbox says %v", got)
	}
}

// TestSeriesVanishWithTheirChecks: after a reload nothing is told of what is gone, and
// what was moved to another product begins anew.
func TestSeriesVanishWithTheirChecks(t *testing.T) {
	b, tally, h := filled(t, 60)
	def := company()
	def.Products = def.Products[:2]
	def.Checks = def.Checks[1:3]
	def.Checks[0].Product = "search"
	def.Controls = nil
	b.Redefine(def)
	tally.Note([]checks.Result{{Check: "pay", Product: "billing", Outcome: checks.Pass}, {Check: "nobody", Outcome: checks.Pass}})
	_, text := ask(t, h, "/metrics")
	for _, gone := range []string{`"pay"`, `"mail"`, `"inbox"`, `"nobody"`, `"dns-root"`} {
		if strings.Contains(text, gone) {
			t.Errorf("%s is told still", gone)
		}
	}
	if got := told(text, "statusbot_probe_results_total"); !cmp.Equal(got, []string{`statusbot_probe_results_total{check="find",outcome="pass",product="search",reason="",vantage=""} 60`}) {
		t.Errorf("%v", got)
	}
	if code, _ := ask(t, h, "/probe?target=pay"); code != http.StatusNotFound {
		t.Errorf("/probe of what is gone: %d", code)
	}
}

// TestTallyIsBounded: however many places and reasons results name.
func TestTallyIsBounded(t *testing.T) {
	b := status.NewBoard(company())
	tally := NewTally(b)
	for i := range 1000 {
		tally.Note([]checks.Result{{Check: "pay", Vantage: fmt.Sprint(i), Outcome: checks.Fail, Reason: checks.Reason(fmt.Sprint(i)), Duration: time.Duration(i*i*i) * time.Microsecond}})
	}
	if got := tally.of["pay"]; len(got.vantages) != vantagesMost+1 || len(got.vantages[vantagesMost].counts) != 1 {
		t.Errorf("%d places, %d counts", len(got.vantages), len(got.vantages[vantagesMost].counts))
	}
}

func TestSpread(t *testing.T) {
	s := spread{}
	for _, d := range []time.Duration{0, time.Millisecond, time.Second / 256, time.Second, time.Second + 1, time.Hour} {
		s.add(d)
	}
	c := s.classic()
	for bound, want := range map[float64]uint64{1.0 / 256: 3, 1.0 / 128: 3, 1: 4, 2: 5, 32: 5} {
		if c[bound] != want {
			t.Errorf("%d durations up to %g s, want %d", c[bound], bound, want)
		}
	}
	if got := s.native()[0]; got != 1 {
		t.Errorf("%d durations in the bucket that ends at 1 s, want 1", got)
	}
}

func TestProbeAnswersOfWhatIsConfiguredAlone(t *testing.T) {
	_, _, h := filled(t, 60)
	for _, tt := range []struct {
		target, module string
		code           int
		says           string
	}{
		{"pay", "", 200, "probe_success 0"},
		{"https://pay.example.com/health", "http_2xx", 200, "probe_success 0"},
		{"https://pay.example.com/health?another=1", "", 200, "probe_success 0"},
		{"db.example.com:5432", "tcp_connect", 200, "probe_success 1"},
		{"https://mail.example.com", "inbox-slow", 200, "probe_timeout_seconds 1"},
		{"https://mail.example.com", "http_2xx", 400, `several checks ask this: write one of "inbox", "inbox-slow"`},
		{"", "", 400, "say which check"},
		{"https://pay.example.com/", "", 404, "nothing else is probed"},
		{"http://find.example.com/s3cret/health", "", 404, "nothing else is probed"},
		{"http://169.254.169.254/latest/meta-data", "http_2xx", 404, "nothing else is probed"},
	} {
		code, text := ask(t, h, "/probe?target="+url.QueryEscape(tt.target)+"&module="+tt.module)
		if code != tt.code || !strings.Contains(text, tt.says) {
			t.Errorf("%q as %q: %d %s", tt.target, tt.module, code, text)
		}
	}
}

// TestNoAnswerHasStatusZero: the usual alert of the exporter looks at probe_http_status_code, which is 0 where no answer
// came.
func TestNoAnswerHasStatusZero(t *testing.T) {
	b, _, h := filled(t, 60)
	for i, tt := range []struct {
		outcome checks.Outcome
		phases  checks.Phases
		want    []string
	}{
		{checks.Fail, checks.Phases{Connect: time.Millisecond}, []string{"probe_http_status_code 0"}},
		{checks.Fail, checks.Phases{Connect: time.Millisecond, FirstByte: time.Millisecond}, nil}, // an answer whose status is not kept
		{checks.Pass, checks.Phases{Connect: time.Millisecond, FirstByte: time.Millisecond}, nil},
		{checks.Unknown, checks.Phases{}, nil},
	} {
		r := checks.Result{Check: "find", Product: "search", Started: t0.Add(59*time.Second + time.Duration(i+1)*time.Millisecond), Duration: time.Millisecond, Outcome: tt.outcome, Reason: checks.ReasonConnect, Phases: tt.phases}
		if tt.outcome == checks.Pass {
			r.Reason = ""
		}
		b.Apply(uint64(100+i), []checks.Result{r})
		if got := told(second(ask(t, h, "/probe?target=find")), "probe_http_status_code"); !cmp.Equal(got, tt.want) {
			t.Errorf("%s %v: %v, want %v", tt.outcome, tt.phases, got, tt.want)
		}
	}
}

// TestPromtool: what Prometheus's own tool says of the expositions.
func TestPromtool(t *testing.T) {
	promtool := probetest.NeedProgram(t, "prometheus", "/usr/bin/promtool")
	_, _, h := filled(t, 60)
	for _, path := range []string{"/metrics", "/metrics/blackbox", "/probe?target=pay"} {
		_, text := ask(t, h, path)
		cmd := exec.Command(promtool, "check", "metrics")
		cmd.Stdin = strings.NewReader(text)
		if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
			t.Errorf("%s: %v\n%s", path, err, out)
		}
	}
}
