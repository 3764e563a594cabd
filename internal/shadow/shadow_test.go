package shadow

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/statusbot/statusbot/internal/checks"
)

var begin = time.Date(2026, 11, 30, 1, 0, 0, 0, time.UTC)

func at(seconds int) time.Time { return begin.Add(time.Duration(seconds) * time.Second) }

func aTable() *Table {
	return NewTable([]checks.Check{{ID: "pay", Every: 10 * time.Second}}, func(string) string { return "core/pay" })
}

func (t *Table) ours(seconds int, outcome checks.Outcome) {
	reason := checks.ReasonNone
	if outcome == checks.Fail {
		reason = checks.ReasonStatus
	}
	t.Ours(checks.Result{Check: "pay", Started: at(seconds), Outcome: outcome, Reason: reason})
}

func (t *Table) theirs(seconds int, up bool) {
	t.Theirs(Verdict{Key: "core/pay", At: at(seconds), Up: up, Said: "[STATUS] == 200"})
}

func TestPairs(t *testing.T) {
	for name, tt := range map[string]struct {
		play func(*Table)
		want Row
	}{
		"both up":        {func(tt *Table) { tt.ours(0, checks.Pass); tt.theirs(4, true); tt.ours(10, checks.Pass) }, Row{Tries: 2, Pairs: 1, Agreed: 1}},
		"both down":      {func(tt *Table) { tt.ours(0, checks.Fail); tt.theirs(4, false); tt.ours(10, checks.Fail) }, Row{Tries: 2, Pairs: 1, Agreed: 1}},
		"degraded is up": {func(tt *Table) { tt.ours(0, checks.Degraded); tt.theirs(4, true) }, Row{Tries: 1, Pairs: 1, Agreed: 1}},
		"up there": {func(tt *Table) { tt.ours(0, checks.Fail); tt.theirs(4, true); tt.ours(10, checks.Fail) },
			Row{Tries: 2, Pairs: 1, WeDown: 1, Examples: []Example{{at(4), "up: [STATUS] == 200", "fail (status)"}}}},
		"down there": {func(tt *Table) { tt.ours(0, checks.Pass); tt.theirs(4, false); tt.ours(10, checks.Pass) },
			Row{Tries: 2, Pairs: 1, WeUp: 1, Examples: []Example{{at(4), "down: [STATUS] == 200", "pass"}}}},
		"it fell in between": {func(tt *Table) { tt.ours(0, checks.Pass); tt.theirs(4, false); tt.ours(10, checks.Fail) }, Row{Tries: 2, Pairs: 1, Edge: 1}},
		"theirs come late": {func(tt *Table) {
			tt.ours(0, checks.Pass)
			tt.ours(10, checks.Fail)
			tt.ours(20, checks.Fail)
			tt.theirs(4, true)
		}, Row{Tries: 3, Pairs: 1, Agreed: 1}},
		"told twice counts once": {func(tt *Table) { tt.ours(0, checks.Pass); tt.theirs(4, true); tt.theirs(4, true); tt.theirs(3, true) }, Row{Tries: 1, Pairs: 1, Agreed: 1}},
		"too far away":           {func(tt *Table) { tt.ours(0, checks.Pass); tt.theirs(60, false) }, Row{Tries: 1}},
		"of before we began":     {func(tt *Table) { tt.theirs(-600, false); tt.ours(0, checks.Pass); tt.ours(10, checks.Pass) }, Row{Tries: 2}},
		"we do not know": {func(tt *Table) { tt.ours(0, checks.Unknown); tt.theirs(4, false) },
			Row{Tries: 1, Pairs: 1, Unknown: 1, Examples: []Example{{at(4), "down: [STATUS] == 200", "unknown"}}}},
	} {
		t.Run(name, func(t *testing.T) {
			table := aTable()
			tt.play(table)
			tt.want.Check, tt.want.There = "pay", "core/pay"
			if diff := cmp.Diff([]Row{tt.want}, table.Rows()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestADayStaysSmall: what waits for the other tool is bounded.
func TestADayStaysSmall(t *testing.T) {
	table := aTable()
	for i := range 10_000 {
		table.ours(i*10, checks.Pass)
	}
	table.theirs(99_994, true)
	for i := range 1000 {
		table.theirs(100_000+i, true)
	}
	if l := table.rows[0]; len(l.ours) > kept || len(l.wait) > kept {
		t.Errorf("%d tries and %d verdicts are kept", len(l.ours), len(l.wait))
	}
}

// The answers are what Gatus 5.23, Prometheus 2.42 and Nagios 4.4 say.
const (
	fromGatus = `[{"name":"pay","group":"core","key":"core_pay","results":[
		{"status":503,"hostname":"127.0.0.1","duration":1023451,"errors":null,"conditionResults":[{"condition":"[STATUS] (503) == 200","success":false},{"condition":"[RESPONSE_TIME] < 300","success":true}],"success":false,"timestamp":"2026-11-30T01:00:04.5Z"},
		{"status":200,"hostname":"127.0.0.1","duration":923451,"conditionResults":[{"condition":"[STATUS] == 200","success":true}],"success":true,"timestamp":"2026-11-30T01:00:14.5Z"}],"events":[]},
		{"name":"alone","key":"_alone","results":[{"errors":["dial tcp 127.0.0.1:1: connect: connection refused"],"success":false,"timestamp":"2026-11-30T01:00:05Z"}]}]`
	fromPrometheus = `{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"__name__":"probe_success","instance":"https://pay.example.com","job":"web"},"values":[[1796000404.5,"1"],[1796000419.5,"0"]]}]}}`
	fromNagios     = `info {
	created=1796000400
	}

hoststatus {
	host_name=web
	has_been_checked=1
	current_state=1
	last_check=1796000404
	plugin_output=(Host check timed out)
	}

servicestatus {
	host_name=web
	service_description=pay
	has_been_checked=1
	current_state=1
	plugin_output=HTTP WARNING: HTTP/1.1 404 = gone
	last_check=1796000405
	}

servicestatus {
	host_name=web
	service_description=blind
	has_been_checked=1
	current_state=3
	last_check=1796000406
	}

servicestatus {
	host_name=web
	service_description=new
	has_been_checked=0
	current_state=0
	last_check=0
	}
`
)

func TestReaders(t *testing.T) {
	answers := map[string]string{"/api/v1/endpoints/statuses": fromGatus, "/api/v1/query": fromPrometheus}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/api/v1/query" && r.URL.Query().Get("query") != "probe_success[5m]" {
			http.Error(w, "no such query", http.StatusBadRequest)
			return
		}
		_, _ = w.Write([]byte(answers[r.URL.Path]))
	}))
	t.Cleanup(server.Close)
	file := filepath.Join(t.TempDir(), "status.dat")
	if err := os.WriteFile(file, []byte(fromNagios), 0o600); err != nil {
		t.Fatal(err)
	}
	second := func(n int64) time.Time { return time.Unix(n, 0) }
	for tool, tt := range map[string]struct {
		where string
		want  []Verdict
	}{
		"gatus": {server.URL, []Verdict{
			{Key: "core/pay", At: at(4).Add(500 * time.Millisecond), Said: "[STATUS] (503) == 200"},
			{Key: "alone", At: at(5), Said: "dial tcp 127.0.0.1:1: connect: connection refused"},
			{Key: "core/pay", At: at(14).Add(500 * time.Millisecond), Up: true},
		}},
		"blackbox": {server.URL, []Verdict{
			{Key: "web/https://pay.example.com", At: second(1796000404).Add(500 * time.Millisecond), Up: true},
			{Key: "web/https://pay.example.com", At: second(1796000419).Add(500 * time.Millisecond)},
		}},
		"nagios": {file, []Verdict{
			{Key: "web/host", At: second(1796000404), Said: "(Host check timed out)"},
			{Key: "web/pay", At: second(1796000405), Up: true, Said: "HTTP WARNING: HTTP/1.1 404 = gone"},
			{Key: "web/blind", At: second(1796000406), Unknown: true},
		}},
	} {
		read, err := NewReader(tool, tt.where, server.Client())
		if err != nil {
			t.Fatalf("%s: %v", tool, err)
		}
		got, err := read(t.Context())
		if err != nil {
			t.Fatalf("%s: %v", tool, err)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tool, diff)
		}
	}
}

func TestReadersThatCannot(t *testing.T) {
	for _, body := range []string{"", "<html>", `{"data":{"result":[{"values":[["x",1]]}]}}`} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(body)) }))
		read, err := NewReader("blackbox", server.URL, server.Client())
		if err != nil {
			t.Fatal(err)
		}
		if list, err := read(context.Background()); err == nil {
			t.Errorf("%q: got %v, want an error", body, list)
		}
		server.Close()
	}
	for _, where := range []string{"", "gatus", "ftp://x"} {
		if _, err := NewReader("gatus", where, nil); err == nil {
			t.Errorf("%q: want an error", where)
		}
	}
}

// TestKumaIsRead: the page for Prometheus of Uptime Kuma 2, whose key is in the address
// and in no error.
func TestKumaIsRead(t *testing.T) {
	const page = `# HELP monitor_status Monitor Status (1 = UP, 0= DOWN, 2= PENDING, 3= MAINTENANCE)
# TYPE monitor_status gauge
monitor_status{monitor_id="1",monitor_name="Shop, \"front\"",monitor_type="http",monitor_url="https://shop.example.com/?a={b}",monitor_hostname="null",monitor_port="null"} 1
monitor_status{monitor_id="2",monitor_name="Stock",monitor_type="port",monitor_url="https://",monitor_hostname="stock.example.com",monitor_port="5432"} 0
monitor_status{monitor_id="3",monitor_name="Late",monitor_type="http"} 2
monitor_status{monitor_id="4",monitor_name="Moved",monitor_type="http"} 3
monitor_status{monitor_id="5",monitor_name="Twin",monitor_type="http"} 1
monitor_status{monitor_id="6",monitor_name="Twin",monitor_type="http"} 0
monitor_response_time{monitor_id="1",monitor_name="Shop, \"front\"",monitor_type="http"} 12
app_version{version="2.0.2",major="2",minor="0",patch="2"} 1
`
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, key, _ := r.BasicAuth(); key != "uk1_sesame" || r.URL.Path != "/kuma/metrics" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		_, _ = io.WriteString(w, page)
	}))
	defer server.Close()
	read, err := NewReader("uptime-kuma", strings.Replace(server.URL, "http://", "http://:uk1_sesame@", 1)+"/kuma", server.Client())
	if err != nil {
		t.Fatal(err)
	}
	got, err := read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i := range got {
		if time.Since(got[i].At).Abs() > time.Minute {
			t.Errorf("it is as of %s", got[i].At)
		}
		got[i].At = time.Time{}
	}
	want := []Verdict{{Key: `Shop, "front"`, Up: true}, {Key: "Stock"}, {Key: "Late", Said: "tries are left before it counts as down"}, {Key: "Moved", Unknown: true}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	read, err = NewReader("uptime-kuma", strings.Replace(server.URL, "http://", "http://:uk1_wrong@", 1), server.Client())
	if err == nil {
		_, err = read(t.Context())
	}
	if err == nil || !strings.Contains(err.Error(), "API key") || strings.Contains(err.Error(), "uk1_") {
		t.Errorf("with a wrong key: %v", err)
	}
}
