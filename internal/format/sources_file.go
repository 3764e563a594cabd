package format

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/redact"
	"github.com/statusbot/statusbot/internal/format/text"
	"github.com/statusbot/statusbot/internal/status"
)

// Forms of a file of sources.
const (
	CSV  = "csv"
	JSON = "json"
)

// mostRaw is how many raw results a file of sources holds: each has up to 1 KiB
// of output, so that a file stays under 8 MB. Of many checks only the newest
// results are in it; results_known says how many there are.
const mostRaw = 5000

// SourceFile is where figures come from, in full: each check with its
// definition, owner, script and counts, and its last raw results. Its bytes
// depend on nothing but the drills: the same ones give the same file.
//
// The texts of results come from outside. Secrets were taken out of them when
// they came in, by the check that knows them; what looks like one is taken out
// here once more.
func SourceFile(form string, drills []status.Drill) ([]byte, error) {
	list := sourceRecords(drills)
	if form == JSON {
		return sourcesJSON(drills, list)
	}
	return sourcesCSV(list)
}

// sourceRecord is one check in a file of sources. Keys may be added at the end,
// never renamed: people keep what they build on them.
type sourceRecord struct {
	AsOf         string      `json:"as_of"` // of the figures, UTC
	Product      string      `json:"product"`
	ProductName  string      `json:"product_name"`
	Check        string      `json:"check"`
	Kind         string      `json:"kind"`
	Definition   string      `json:"definition"` // file:line, or Slack
	Owner        string      `json:"owner"`
	AddedBy      string      `json:"added_by"`    // Slack id; empty for a check of a file
	AcceptedBy   string      `json:"accepted_by"` // likewise
	Runbook      string      `json:"runbook"`
	Uses         []string    `json:"uses"`
	Region       string      `json:"region"`
	Every        float64     `json:"every_s"`
	Timeout      float64     `json:"timeout_s"`
	Script       string      `json:"script"`
	ScriptSHA256 string      `json:"script_sha256"` // as it was when it last ran
	Window       float64     `json:"window_s"`      // over which it is counted: longer than usual for a rare check
	Tries        int         `json:"tries"`
	Failures     int         `json:"failures"`
	Slow         int         `json:"slow"`
	Unknown      int         `json:"could_not_observe"`
	Share        float64     `json:"failure_share"`
	Low          float64     `json:"interval_low"` // 95 %, Wilson
	High         float64     `json:"interval_high"`
	P50          float64     `json:"p50_ms"`
	P95          float64     `json:"p95_ms"`
	Usual        float64     `json:"usual_share"`
	History      int         `json:"usual_from_results"`
	Known        int         `json:"results_known"`
	Results      []rawResult `json:"results"` // newest first
}

// rawResult is one result as it was seen.
type rawResult struct {
	Started   string  `json:"started"` // UTC
	Duration  float64 `json:"duration_ms"`
	Vantage   string  `json:"vantage"`
	Outcome   string  `json:"outcome"`
	Reason    string  `json:"reason"`
	Summary   string  `json:"summary"`
	Remote    string  `json:"remote"`
	Status    int     `json:"status"` // of HTTP, or a script's exit code; 0 when there is none
	RequestID string  `json:"request_id"`
	SHA256    string  `json:"result_script_sha256"`
	Output    string  `json:"output"`
}

func sourceRecords(drills []status.Drill) []sourceRecord {
	all := 0
	for _, d := range drills {
		all += len(d.Checks)
	}
	each := mostRaw / max(all, 1)
	out := []sourceRecord{}
	for _, d := range drills {
		list := slices.Clone(d.Checks)
		slices.SortStableFunc(list, func(x, y status.CheckStatus) int { return strings.Compare(x.Check.ID, y.Check.ID) })
		for _, c := range list {
			out = append(out, sourceOf(d, c, max(each, 1)))
		}
	}
	return out
}

func sourceOf(d status.Drill, c status.CheckStatus, most int) sourceRecord {
	ch, counts := c.Check, c.CheckImpact.Counts
	var added checks.Added
	if ch.Added != nil {
		added = *ch.Added
	}
	r := sourceRecord{AsOf: stamp(d.At), Product: d.ID, ProductName: d.Name, Check: ch.ID, Kind: ch.Kind, Definition: ch.Source.String(),
		Owner: ch.Owner, AddedBy: added.By, AcceptedBy: added.AcceptedBy, Runbook: ch.Runbook, Uses: append([]string{}, ch.Uses...), Region: ch.Region,
		Every: ch.Every.Seconds(), Timeout: ch.Timeout.Seconds(), Window: math.Round(c.Span.Seconds()),
		Tries: counts.Tries, Failures: counts.Failures, Slow: slower(counts), Unknown: counts.Unknown,
		Share: rounded(text.Share(counts.Failures, counts.Tries)), Low: rounded(c.Low), High: rounded(c.High), P50: millis(c.P50), P95: millis(c.P95),
		Usual: rounded(c.Usual), History: c.History, Results: []rawResult{}}
	if r.Owner == "" {
		r.Owner = d.Owner
	}
	results := c.Failures
	if c.Newest.Check != "" && (len(results) == 0 || !results[0].Started.Equal(c.Newest.Started)) {
		results = append([]checks.Result{c.Newest}, results...)
	}
	r.Known = len(results)
	for _, one := range results {
		if e := one.Evidence; e != nil && r.ScriptSHA256 == "" {
			r.Script, r.ScriptSHA256 = e.Script, e.ScriptSHA256
		}
	}
	for _, one := range results[:min(most, len(results))] {
		r.Results = append(r.Results, raw(one))
	}
	return r
}

func raw(r checks.Result) rawResult {
	out := rawResult{Started: stamp(r.Started), Duration: millis(r.Duration), Vantage: r.Vantage, Outcome: string(r.Outcome), Reason: string(r.Reason),
		Summary: redact.Text(r.Summary)}
	if e := r.Evidence; e != nil {
		out.Remote, out.Status, out.RequestID, out.SHA256, out.Output = e.Remote, e.Status, e.RequestID, e.ScriptSHA256, redact.Text(e.Output)
	}
	return out
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

func millis(d time.Duration) float64 { return math.Round(float64(d)/1e4) / 100 }

func rounded(share float64) float64 { return math.Round(share*1e6) / 1e6 }

// sourcesJSON holds products without a check as well.
func sourcesJSON(drills []status.Drill, list []sourceRecord) ([]byte, error) {
	without := []string{}
	for _, d := range drills {
		if len(d.Checks) == 0 {
			without = append(without, d.ID)
		}
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(struct {
		Checks  []sourceRecord `json:"checks"`
		Without []string       `json:"products_without_check"`
	}{list, without}); err != nil {
		return nil, fmt.Errorf("write sources: %w", err)
	}
	return b.Bytes(), nil
}

// sourcesCSV has a line for each raw result, with its check's columns repeated;
// a check without a result has one line.
func sourcesCSV(list []sourceRecord) ([]byte, error) {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	head := make([]string, len(sourceColumns))
	for i, c := range sourceColumns {
		head[i] = c.name
	}
	err := w.Write(head)
	for _, r := range list {
		results := r.Results
		if len(results) == 0 {
			results = []rawResult{{}}
		}
		for _, one := range results {
			line := make([]string, len(sourceColumns))
			for i, c := range sourceColumns {
				line[i] = cell(c.value(r, one))
			}
			if err == nil {
				err = w.Write(line)
			}
		}
	}
	if w.Flush(); err != nil || w.Error() != nil {
		return nil, fmt.Errorf("write sources: %w", err) // unreachable: a buffer takes everything
	}
	return b.Bytes(), nil
}

// sourceColumns are the columns of the CSV, in their order. New ones come at
// the end.
var sourceColumns = []struct {
	name  string
	value func(c sourceRecord, r rawResult) any
}{
	{"as_of", func(c sourceRecord, _ rawResult) any { return c.AsOf }},
	{"product", func(c sourceRecord, _ rawResult) any { return c.Product }},
	{"product_name", func(c sourceRecord, _ rawResult) any { return c.ProductName }},
	{"check", func(c sourceRecord, _ rawResult) any { return c.Check }},
	{"kind", func(c sourceRecord, _ rawResult) any { return c.Kind }},
	{"definition", func(c sourceRecord, _ rawResult) any { return c.Definition }},
	{"owner", func(c sourceRecord, _ rawResult) any { return c.Owner }},
	{"added_by", func(c sourceRecord, _ rawResult) any { return c.AddedBy }},
	{"accepted_by", func(c sourceRecord, _ rawResult) any { return c.AcceptedBy }},
	{"runbook", func(c sourceRecord, _ rawResult) any { return c.Runbook }},
	{"uses", func(c sourceRecord, _ rawResult) any { return strings.Join(c.Uses, " ") }},
	{"region", func(c sourceRecord, _ rawResult) any { return c.Region }},
	{"every_s", func(c sourceRecord, _ rawResult) any { return c.Every }},
	{"timeout_s", func(c sourceRecord, _ rawResult) any { return c.Timeout }},
	{"script", func(c sourceRecord, _ rawResult) any { return c.Script }},
	{"script_sha256", func(c sourceRecord, _ rawResult) any { return c.ScriptSHA256 }},
	{"window_s", func(c sourceRecord, _ rawResult) any { return c.Window }},
	{"tries", func(c sourceRecord, _ rawResult) any { return c.Tries }},
	{"failures", func(c sourceRecord, _ rawResult) any { return c.Failures }},
	{"slow", func(c sourceRecord, _ rawResult) any { return c.Slow }},
	{"could_not_observe", func(c sourceRecord, _ rawResult) any { return c.Unknown }},
	{"failure_share", func(c sourceRecord, _ rawResult) any { return c.Share }},
	{"interval_low", func(c sourceRecord, _ rawResult) any { return c.Low }},
	{"interval_high", func(c sourceRecord, _ rawResult) any { return c.High }},
	{"p50_ms", func(c sourceRecord, _ rawResult) any { return c.P50 }},
	{"p95_ms", func(c sourceRecord, _ rawResult) any { return c.P95 }},
	{"usual_share", func(c sourceRecord, _ rawResult) any { return c.Usual }},
	{"usual_from_results", func(c sourceRecord, _ rawResult) any { return c.History }},
	{"results_known", func(c sourceRecord, _ rawResult) any { return c.Known }},
	{"started", func(_ sourceRecord, r rawResult) any { return r.Started }},
	{"duration_ms", ofResult(func(r rawResult) any { return r.Duration })},
	{"vantage", func(_ sourceRecord, r rawResult) any { return r.Vantage }},
	{"outcome", func(_ sourceRecord, r rawResult) any { return r.Outcome }},
	{"reason", func(_ sourceRecord, r rawResult) any { return r.Reason }},
	{"summary", func(_ sourceRecord, r rawResult) any { return r.Summary }},
	{"remote", func(_ sourceRecord, r rawResult) any { return r.Remote }},
	{"status", ofResult(func(r rawResult) any { return r.Status })},
	{"request_id", func(_ sourceRecord, r rawResult) any { return r.RequestID }},
	{"result_script_sha256", func(_ sourceRecord, r rawResult) any { return r.SHA256 }},
	{"output", func(_ sourceRecord, r rawResult) any { return r.Output }},
}

// ofResult is a number of a result: empty where there is no result.
func ofResult(value func(rawResult) any) func(sourceRecord, rawResult) any {
	return func(_ sourceRecord, r rawResult) any {
		if r.Started == "" {
			return ""
		}
		return value(r)
	}
}

// cell writes a value. What a spreadsheet would take for a formula gets an
// apostrophe: the text may come from whatever was probed.
func cell(value any) string {
	switch v := value.(type) {
	case int:
		return strconv.Itoa(v)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	s := value.(string)
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}
