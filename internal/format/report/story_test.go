package report_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/format/report"
	"github.com/statusbot/statusbot/internal/incident"
)

// short is the log of a quarter of an hour: one product fails, in updates five
// minutes apart that count each whole minute.
func short(more ...incident.Event) []incident.Event {
	at := func(m int) time.Time { return evening.Add(time.Duration(m) * time.Minute) }
	log := []incident.Event{{Kind: incident.Opened, At: at(3), Number: 3, Every: 5 * time.Minute},
		{Kind: incident.Level, At: at(3), Product: "a", From: "ok", To: "degraded", Onset: at(0)}}
	for i, m := range []int{3, 5, 10, 15} {
		log = append(log, incident.Event{Kind: incident.Update, At: at(m), N: i + 1, Post: 1, Counted: at(m), Cause: fmt.Sprintf("Most likely shared cause: lb-2. %d of the 43 failing checks use it.", 40+i),
			Figures: []incident.Figure{{Product: "a", Level: "degraded", Tries: 100, Failures: 9, NewTries: 60, NewFailures: 6}}})
	}
	log = append(log, more...)
	for i := range log {
		log[i].Seq = uint64(i + 1)
		if log[i].At.IsZero() {
			log[i].At = at(15)
		}
	}
	return log
}

// TestWhatWasMeasuredIsShown: updates further apart than a step leave no step of
// what they counted empty.
func TestWhatWasMeasuredIsShown(t *testing.T) {
	r, _ := made(t, report.Facts{Events: short()})
	if n := len(r.Trend.Labels); n != 15 {
		t.Fatalf("%d steps, want the 15 minutes", n)
	}
	for i, l := range r.Trend.Labels {
		if got := r.Trend.Rows[0].Cell(i); got != "10" && got != "10.0" {
			t.Errorf("at %s the report shows %q, want 10 %%", l, got)
		}
	}
}

// TestCausesAreToldWhereTheyChange: other counts behind the same are no other cause.
func TestCausesAreToldWhereTheyChange(t *testing.T) {
	r, _ := made(t, report.Facts{Events: short()})
	if len(r.Causes) != 1 {
		t.Errorf("causes %v, want one", r.Causes)
	}
	other := incident.Event{Kind: incident.Update, N: 5, Post: 1, Cause: "Likely db: all 3 failing checks use it, none of the 40 others fails."}
	if r, _ = made(t, report.Facts{Events: short(other)}); len(r.Causes) != 2 || !strings.Contains(strings.Join(r.Summary, "\n"), ", in place of another one: db.") {
		t.Errorf("causes %v in %q, want two", r.Causes, r.Summary)
	}
}

// TestSentences reads the sentences of page one in states that are easily told wrong.
func TestSentences(t *testing.T) {
	mark := incident.Event{Kind: incident.Mark, Mark: 1, By: "U1", Text: "restarted lb-2"}
	helped := incident.Event{Kind: incident.Effect, Mark: 1, Verdicts: []incident.Verdict{{Verdict: "helped", Before: incident.Counts{Failures: 31, Tries: 1000}, After: incident.Counts{Tries: 1000}, Margin: 0.01}}}
	none := incident.Event{Kind: incident.Effect, Mark: 1, Verdicts: []incident.Verdict{{}}}
	two := mark
	two.Mark = 2
	ended := incident.Event{Kind: incident.Resolved, By: "U1"}
	for _, tt := range []struct {
		name string
		log  []incident.Event
		want []string
	}{
		{"open", short(), []string{"a failed 10 % of client checks (24 of 240); it was never down.", "Statusbot saw it 3 min after it began, told it at once and 3 times after that, in 1 post.",
			"The likely cause, named 3 min after it began and unchanged since: lb-2.", "Nobody marked an action.", "It is not over."}},
		{"one action without a verdict", short(mark), []string{`One action was marked: "restarted lb-2" (U1, 19:45): its effect was not measured.`}},
		{"too little for a verdict", short(mark, none), []string{`(U1, 19:45): too little was measured to say.`}},
		{"one action that helped", short(mark, helped), []string{`One action was marked: "restarted lb-2" (U1, 19:45): helped, 3.1 % → 0 %.`}},
		{"two, one helped", short(mark, two, helped), []string{`Of two actions one helped: "restarted lb-2" (U1, 19:45): 3.1 % → 0 %.`}},
		{"ended by hand", short(ended), []string{"Updates ended at 19:45 with products that were still hurt."}},
		{"a step of the rate", short(incident.Event{Kind: incident.Rate, Step: &incident.RateStep{At: evening.Add(5 * time.Minute)}}), []string{"10 % until 19:35, then 10 % of tries failed."}},
		{"nobody hurt", short()[:1], []string{"No product was hurt.", "no update told it."}},
	} {
		r, _ := made(t, report.Facts{Events: tt.log})
		got := r.Sentence + "\n" + strings.Join(r.Summary, "\n")
		for _, want := range tt.want {
			if !strings.Contains(got, want) {
				t.Errorf("%s: the story lacks %q:\n%s", tt.name, want, got)
			}
		}
		if n := len(r.Summary) + 1; n > 6 {
			t.Errorf("%s: %d sentences", tt.name, n)
		}
	}
}

// TestStepsAreToldAsTheUpdatesDid: what an update said of a step, with what it counted, the
// report says too, and a quiet that ended is one of them.
func TestStepsAreToldAsTheUpdatesDid(t *testing.T) {
	step := func(kind incident.Kind, minute int, before, after incident.Counts) incident.Event {
		return incident.Event{Kind: kind, Step: &incident.RateStep{At: evening.Add(time.Duration(minute) * time.Minute), Before: before, After: after}}
	}
	of := func(failures, tries int) incident.Counts { return incident.Counts{Failures: failures, Tries: tries} }
	worse := step(incident.Rate, 4, of(41, 1000), of(71, 790))
	quiet := step(incident.Quiet, 8, of(86, 1000), of(0, 800))
	again := step(incident.Rate, 12, of(1, 1000), of(20, 392))
	for _, tt := range []struct {
		name string
		log  []incident.Event
		want string
	}{
		{"one", []incident.Event{worse}, "4.1 % until 19:34, then 9.0 % of tries failed."},
		{"two", []incident.Event{worse, step(incident.Rate, 8, of(86, 1000), of(40, 1000))}, "4.1 % until 19:34, then 8.6 % until 19:38, then 4.0 % of tries failed."},
		{"quiet since", []incident.Event{worse, quiet}, "4.1 % until 19:34, then 9.0 % of tries failed."},
		{"a quiet between", []incident.Event{worse, quiet, again}, "4.1 % until 19:34, then 8.6 % until 19:38, then 0.1 % until 19:42, then 5.1 % of tries failed."},
		{"after a quiet", []incident.Event{quiet, again}, "8.6 % until 19:38, then 0.1 % until 19:42, then 5.1 % of tries failed."},
	} {
		r, _ := made(t, report.Facts{Events: short(tt.log...)})
		if got := strings.Join(r.Summary, "\n"); !strings.Contains(got, "\n"+tt.want) {
			t.Errorf("%s: the story lacks %q:\n%s", tt.name, tt.want, got)
		}
	}
	r, _ := made(t, report.Facts{Events: short(quiet, incident.Event{Kind: incident.Relapsed}, again)})
	if got := strings.Join(r.Summary, "\n"); strings.Contains(got, ", then ") {
		t.Errorf("one course of two troubles:\n%s", got)
	}
}
