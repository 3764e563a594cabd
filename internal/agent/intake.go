package agent

import (
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/statusbot/statusbot/internal/checks"
)

// What a result of an agent may say. Its machine may be anybody's by now.
const (
	aheadMost   = time.Minute    // that it ended after our now
	agoMost     = 24 * time.Hour // that it ended before
	summaryMost = 800            // bytes: 200 characters
	outputMost  = 1 << 10        // bytes
	perfMost    = 64             // values
	textMost    = 256            // bytes of each other text
)

// take stores an agent's results, those that may come from it. The error is that they
// are to come again.
func (d *Desk) take(id string, data []byte) error {
	list, err := checks.DecodeResults(data)
	if err != nil {
		d.cfg.Log.Warn("results of an agent left out: they cannot be read, as of another version", agentField(id))
		return nil //nolint:nilerr // they would never be better
	}
	fit := d.fitting(id, list)
	if len(fit) == 0 {
		return nil
	}
	data, err = checks.EncodeResults(fit)
	if err != nil {
		return nil //nolint:nilerr // unreachable: what was decoded can be encoded
	}
	if err := d.cfg.Store(data); err != nil {
		return fmt.Errorf("the journal does not take them: %w", err)
	}
	d.Note(fit)
	return nil
}

// fitting returns those of an agent's results that are of checks of its vantage, told
// of none before, and of a time that can be.
func (d *Desk) fitting(id string, list []checks.Result) []checks.Result {
	d.mu.Lock()
	defer d.mu.Unlock()
	now, vantage := d.cfg.Now(), d.known[id].Vantage
	last := map[string]int64{} // :: check id -> end of the newest in this batch
	fit := list[:0]
	for _, r := range list {
		p, end := d.posted[r.Check], r.Ended()
		switch at := end.UnixNano(); {
		case vantage == "" || p == nil || vantage == checks.Here || !slices.Contains(p.check.Vantages, vantage):
		case end.After(now.Add(aheadMost)) || end.Before(now.Add(-agoMost)) || r.Duration < 0 || r.Duration > time.Hour:
		case at <= max(d.newest[stream{r.Check, vantage}], last[r.Check]): // it came before, or another one has measured since
		default:
			last[r.Check] = at
			r.Product, r.Vantage = p.check.Product, vantage
			bound(&r)
			fit = append(fit, r)
		}
	}
	return fit
}

// bound cuts a result's texts to what our own have.
func bound(r *checks.Result) {
	r.Summary, r.Reason = cut(r.Summary, summaryMost), checks.Reason(cut(string(r.Reason), textMost))
	e := r.Evidence
	if e == nil {
		return
	}
	e.Screenshot, e.Picture = "", nil // a path of this machine, and an agent has none
	e.Output = cut(e.Output, outputMost)
	for _, s := range []*string{&e.Remote, &e.Script, &e.RequestID, &e.ScriptSHA256} {
		*s = cut(*s, textMost)
	}
	e.Perf = e.Perf[:min(len(e.Perf), perfMost)]
	for i := range e.Perf {
		e.Perf[i].Label, e.Perf[i].Unit = cut(e.Perf[i].Label, textMost), cut(e.Perf[i].Unit, textMost)
	}
}

// cut returns at most n bytes, whole characters.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
