package ways

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/statusbot/statusbot/internal/format/elsewhere"
)

func takes(code int, says string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(code)
		_, _ = io.WriteString(w, says)
	}
}

// TestTeamsCard: version 1.4, every text wrapped, and never more than Teams takes: whole
// lines are left out and counted.
func TestTeamsCard(t *testing.T) {
	url, _, bodies := answering(t, takes(http.StatusAccepted, ""))
	n := noticed()
	if err := (&Teams{URL: url}).Send(t.Context(), n); err != nil {
		t.Fatal(err)
	}
	want := `{"type":"message","attachments":[{"contentType":"application/vnd.microsoft.card.adaptive","content":{"type":"AdaptiveCard","$schema":"http://adaptivecards.io/schemas/adaptive-card.json","version":"1.4","body":[` +
		`{"type":"TextBlock","text":"**Impact update \\#17: Billing is down: all 24 tries failed.**","wrap":true,"size":"Medium"},` +
		`{"type":"TextBlock","text":"Search \u0026 more fails 3.0 % (3/100). See [the runbook](https://runbook.example.com/a?b=1\u0026c=2).","wrap":true},` +
		`{"type":"TextBlock","text":"Incident 7 (SEV2) “Payments are flaky”","wrap":true,"size":"Small","isSubtle":true}],"msteams":{"width":"Full"}}}]}`
	if got := bodies()[0]; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	for i := range 400 {
		n.Says.Lines = append(n.Says.Lines, elsewhere.Line{Spans: []elsewhere.Span{{Text: fmt.Sprintf("%d %s", i, strings.Repeat("ö", 60))}}})
	}
	if err := (&Teams{URL: url}).Send(t.Context(), n); err != nil {
		t.Fatal(err)
	}
	var m teamsMessage
	if err := json.Unmarshal([]byte(bodies()[1]), &m); err != nil || len(bodies()[1]) > mostCard {
		t.Fatalf("%v: %d bytes", err, len(bodies()[1]))
	}
	rows := m.Attachments[0].Content.Body
	if last := rows[len(rows)-1].Text; last != fmt.Sprintf("%d more lines left out: it is too long for Teams.", 403-len(rows)+1) {
		t.Errorf("the last of %d rows says %q", len(rows), last)
	}
}

// TestTeamsSaysNoWithin: what answers 200 may say in its text that Teams did not take it.
func TestTeamsSaysNoWithin(t *testing.T) {
	const no = "Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error %d with ContextId tcid=0,server=x"
	for says, want := range map[string]string{
		"1": "", "": "", fmt.Sprintf(no, 413): "refused: it answers HTTP 413", fmt.Sprintf(no, 429): "limited 30s", fmt.Sprintf(no, 502): "passes: it answers HTTP 502",
	} {
		url, _, _ := answering(t, takes(http.StatusOK, says))
		if got := errorIn((&Teams{URL: url}).Send(t.Context(), noticed())); got != want {
			t.Errorf("%q: %q, want %q", says, got, want)
		}
	}
}

// TestSlackHook: what people and servers wrote does nothing in the other workspace, and
// its word for a no is told.
func TestSlackHook(t *testing.T) {
	url, _, bodies := answering(t, takes(http.StatusOK, "ok"))
	n := noticed()
	n.Says = elsewhere.Read("", json.RawMessage(`[{"type":"section","text":{"type":"mrkdwn","text":":fire: *Pay &lt;!channel&gt; is down* by <@U1>, see <https://x.example.com/|it>"}},{"type":"actions","elements":[{"type":"button","action_id":"mark"}]}]`), nil)
	n.Says = n.Says.Led("Told here because *Slack* is down.")
	if err := (&SlackHook{URL: url}).Send(t.Context(), n); err != nil {
		t.Fatal(err)
	}
	var m hookMessage
	if err := json.Unmarshal([]byte(bodies()[0]), &m); err != nil || len(m.Blocks) != 2 {
		t.Fatalf("%v: %s", err, bodies()[0])
	}
	if got, want := m.Blocks[1].Text.Text, "*Pay &lt;!channel&gt; is down* by somebody, see <https://x.example.com/|it>"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if !m.Blocks[0].Expand || !m.Blocks[1].Expand {
		t.Errorf("sections are folded: %s", bodies()[0])
	}
	if got, want := m.Blocks[0].Text.Text, "Told here because ∗Slack∗ is down."; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	for says, want := range map[string]string{"no_service": "refused: it answers HTTP 404 (no_service)", "you sent /secret-path": "refused: it answers HTTP 404"} {
		url, _, _ := answering(t, takes(http.StatusNotFound, says))
		if got := errorIn((&SlackHook{URL: url}).Send(t.Context(), n)); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// TestPagerDuty triggers and resolves under one key; what is worst says how bad it is.
func TestPagerDuty(t *testing.T) {
	url, _, bodies := answering(t, takes(http.StatusAccepted, `{"status":"success"}`))
	p := &PagerDuty{URL: url, Key: "0123456789abcdef0123456789abcdef"}
	for _, k := range []Kind{Began, Grew, Ended, Test} {
		n := noticed()
		if n.Kind = k; k == Grew {
			n.About.Hurt = n.About.Hurt[1:]
		}
		if err := p.Send(t.Context(), n); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	for _, body := range bodies() {
		var e pagerEvent
		if err := json.Unmarshal([]byte(body), &e); err != nil {
			t.Fatal(err)
		}
		s := e.Action + " " + e.Dedup
		if e.What != nil {
			s += " " + e.What.Severity + " " + e.What.Source + ": " + e.What.Summary
		}
		got = append(got, s)
	}
	want := "trigger ffee critical Acme: Impact update #17: Billing is down: all 24 tries failed.\ntrigger ffee error Acme: Impact update #17: Billing is down: all 24 tries failed.\nresolve ffee\ntrigger ffee info Acme: Impact update #17: Billing is down: all 24 tries failed.\nresolve ffee"
	if strings.Join(got, "\n") != want {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), want)
	}
	refusing, _, _ := answering(t, takes(http.StatusBadRequest, `{"status":"invalid event","message":"0123456789abcdef0123456789abcdef"}`))
	if err := errorIn((&PagerDuty{URL: refusing, Key: p.Key}).Send(t.Context(), noticed())); err != "refused: it answers HTTP 400" {
		t.Errorf("got %s", err)
	}
}
