package bot_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/longtest"
	"github.com/statusbot/statusbot/internal/publish"
	"github.com/statusbot/statusbot/internal/publish/publishtest"
	"github.com/statusbot/statusbot/internal/sandbox/sandboxtest"
)

// delivered counts what is put into the outbox.
type delivered struct {
	publish.Outbox
	puts int
}

func (d *delivered) Put(ctx context.Context, dest, key string, body []byte) error {
	d.puts++
	return d.Outbox.Put(ctx, dest, key, body)
}

// said is a message as it came to the channel.
type said struct {
	at       time.Time // on the night's clock
	how      string    // "post", "edit", "reply"
	text     string    // the top-level text
	shown    string    // all of it, as it is read
	headline string
}

// longNight is a bot whose clock goes through the night, and all that it said.
type longNight struct {
	*life
	outbox *delivered
	logged int64 // of the workspace's log, looked at
	told   int   // of outbox.puts, seen in the workspace
	all    []said
}

// until goes on to an instant after publishtest.NightBegins.
func (n *longNight) until(at time.Duration) {
	n.t.Helper()
	publishtest.Night(n.feeder, at, func(now time.Time) {
		n.clock.Store(now.UnixNano())
		n.decide()
	})
	n.clock.Store(n.feeder.At.UnixNano())
}

// decide is one look of the updater; what it says is in the workspace when it
// returns.
func (n *longNight) decide() {
	n.t.Helper()
	check(n.t, n.updater.Step(n.t.Context(), n.now()))
	for ; n.told < n.outbox.puts; n.told++ {
		e, err := n.c.WaitLog(limit(n.t), n.logged, "chat.", func(e sandboxtest.LogEntry) bool {
			return strings.Contains(string(e.Answer), `"ok":true`)
		})
		check(n.t, err)
		n.logged = e.N
		n.all = append(n.all, n.heard(e))
	}
}

var (
	shownAs  = regexp.MustCompile(`<!date\^\d+\^[^|]*\|([^>]*)>`)
	headline = regexp.MustCompile(`\*(.*)\*`)
)

func (n *longNight) heard(e sandboxtest.LogEntry) said {
	s := said{at: n.now(), how: "post", text: fmt.Sprint(e.Args["text"])}
	switch {
	case e.Method == "chat.update":
		s.how = "edit"
	case e.Args["thread_ts"] != nil:
		s.how = "reply"
	}
	blocks, err := json.Marshal(e.Args["blocks"])
	check(n.t, err)
	var list []struct {
		Text     struct{ Text string }
		Elements []struct{ Text json.RawMessage }
	}
	if raw, ok := e.Args["blocks"].(string); ok {
		blocks = []byte(raw)
	}
	check(n.t, json.Unmarshal(blocks, &list))
	var b strings.Builder
	for _, bl := range list {
		if bl.Text.Text != "" {
			b.WriteString(bl.Text.Text + "\n")
		}
		for _, el := range bl.Elements {
			var text string
			if json.Unmarshal(el.Text, &text) == nil {
				b.WriteString("| " + text + "\n")
			}
		}
	}
	s.shown = shownAs.ReplaceAllString(strings.ReplaceAll(b.String(), "\u00a0", " "), "$1")
	if m := headline.FindStringSubmatch(s.shown); m != nil {
		s.headline = m[1]
	}
	return s
}

// asks has a person ask, and keeps the answer with what was said.
func (n *longNight) asks(in sandboxtest.Conversation, command string, words ...string) {
	n.t.Helper()
	m := in.Type(command).Ephemeral(words...).Message
	e := sandboxtest.LogEntry{Method: command, Args: map[string]any{"text": m.Text, "blocks": string(m.Blocks)}}
	s := n.heard(e)
	s.how = "answers " + command
	n.all = append(n.all, s)
}

// TestANightOfFifteenHours is the incident that the design begins with: a
// shared part fails 8 % of requests for fifteen hours. Everything is real but
// the clock and the services, and what is asked of the text holds for every
// message: it would be read on a phone at half past one. The small form is its
// first five and a half hours. -artifacts keeps it.
func TestANightOfFifteenHours(t *testing.T) {
	t.Parallel()
	n := &longNight{}
	n.life = newLifeAt(t, publishtest.NightCompany(), publishtest.NightBegins.Add(-6*time.Hour), func(u *publish.Updater, r *publish.Rules) {
		n.outbox = &delivered{Outbox: u.Outbox}
		u.Outbox = n.outbox
		in(channelID)(u, r)
	})
	an, be := n.As("ana").Channel(channel), n.As("ben").Channel(channel)
	n.until(4 * time.Hour)
	an.Type("/status mark drained edge-lb-1").Ephemeral("Marked")
	told := 5*time.Hour + 30*time.Minute
	n.until(told)
	n.asks(be, "/status since 3h", "ana “drained edge-lb-1”: no discernible effect")
	if longtest.Of(false, true) {
		told = publishtest.NightLength
		n.ends(t, an, be)
	}
	n.write(t)
	n.counted(t)
	n.readable(t)
	if diff := cmp.Diff(publishtest.NightEvents(true, told), publishtest.Lines(n.journal.All())); diff != "" {
		t.Errorf("what was decided (-want +got):\n%s", diff)
	}
	if n := len(n.journal.Events(incident.Opened)); n != 1 {
		t.Errorf("%d incidents, want 1", n)
	}
}

// ends is the rest of the night: a repair, a relapse, and the end.
func (n *longNight) ends(t *testing.T, an, be sandboxtest.Conversation) {
	t.Helper()
	n.until(14*time.Hour + 20*time.Minute)
	be.Type("/status mark restarted edge-lb-2").Ephemeral("Marked")
	n.until(14*time.Hour + 32*time.Minute)
	n.asks(an, "/status", "No longer failing: all ")
	n.asks(an, "/status since 1h", "whose recovery is being proven")
	n.until(14*time.Hour + 50*time.Minute)
	n.asks(an, "/status since 1h", "failing again")
	n.until(publishtest.NightLength)
	n.asks(an, "/status timeline", "Timeline of incident 1, ended after 15 h ")
	count := map[incident.Kind]int{}
	for _, e := range n.journal.Of("inc-1") {
		count[e.Kind]++
	}
	for kind, want := range map[incident.Kind]int{incident.Opened: 1, incident.Proving: 2, incident.Relapsed: 1, incident.Proven: 1, incident.Resolved: 1, incident.Effect: 2, incident.Reopened: 0} {
		if count[kind] != want {
			t.Errorf("%d events of %s, want %d", count[kind], kind, want)
		}
	}
	if last := n.lastUpdate(); !strings.HasPrefix(last.headline, "Recovered after 15 h ") || !strings.Contains(last.shown, "below 1 % with 99 % confidence") {
		t.Errorf("the last word is\n%s", last.shown)
	}
}

var (
	updateNumbered = regexp.MustCompile(`pdate #([\d,]+)`)
	hurtOf         = regexp.MustCompile(`(?:(\d+) of 10 products|(\d+) more products|all (10) products|(` + someNames + `)) (?:is|are|fails?|answers? slowly)\b`)
	overOf         = regexp.MustCompile(`(?m)^No longer failing: (.*)$`)
	overAll        = regexp.MustCompile(`no longer failing: (?:all (\d+) products that were hurt|(` + someNames + `))(?:[,;]| \()`)
	usualOf        = regexp.MustCompile(`(?m)^(\d+) as usual`)
	unclearOf      = regexp.MustCompile(`Not clear yet: ([^.]*)\.`)
	sumOf          = regexp.MustCompile(`\(([\d,]+) of ([\d,]+)(?: in [\d a-z]+)?\)`)
	eachOf         = regexp.MustCompile(`(` + aName + `) (?:\d[\d.]*|over \d+) % \(([\d,]+)/([\d,]+)\)`)
	inTrouble      = regexp.MustCompile(`(?m)^(?:Since|(?:Failing|Slow) again since) ([^(]+) \(`)
	directionOf    = regexp.MustCompile(`(Worse|Better|Same)(?: than| as)`)
)

const (
	aName     = `[A-Z][a-z]+`
	someNames = aName + `(?:(?:, | and )` + aName + `)*`
)

// readable holds all that was said against what a reader takes for granted.
func (n *longNight) readable(t *testing.T) {
	posts, updates := 0, 0
	seen := map[string]bool{} // headlines of posts
	var since, directions []string
	var kinds []string // what the headlines call it, one after the other
	var at []time.Time
	for _, s := range n.all {
		if s.how != "post" && s.how != "edit" {
			continue
		}
		fails := func(what string, args ...any) {
			t.Helper()
			t.Errorf("%s, %s: %s\n%s", s.at.Format("Mon 15:04:05"), s.how, fmt.Sprintf(what, args...), s.shown)
		}
		updates++
		if m := updateNumbered.FindStringSubmatch(s.headline); m == nil || m[1] != strconv.Itoa(updates) {
			fails("the number is %v, want %d", m, updates)
		}
		if s.how == "post" {
			posts++
			if seen[s.text] {
				fails("a post says what one before it said")
			}
			seen[s.text] = true
		}
		if !strings.Contains(s.text, s.headline) || !strings.Contains(s.text, "s of "+when(s.at)) {
			fails("the notification is %q", s.text)
		}
		kinds, at = append(kinds, kindOf(s.headline)), append(at, s.at)
		n.sums(s, fails)
		n.names(s, fails)
		if m := directionOf.FindStringSubmatch(s.headline); m != nil {
			directions = append(directions, m[1])
		} else {
			directions = append(directions, "")
		}
		began := ""
		if m := inTrouble.FindStringSubmatch(s.shown); m != nil && !strings.Contains(s.headline, "no longer failing") {
			began = m[1]
		}
		if i := len(since); i > 0 && began != "" && since[i-1] != "" && minute(began) > minute(since[i-1]) {
			fails("the trouble began %s, and %s in the update before", began, since[i-1])
		}
		since = append(since, began)
		if strings.Contains(strings.ToLower(s.shown), "!") {
			fails("an exclamation mark")
		}
	}
	for i := 2; i < len(kinds); i++ {
		if kinds[i] == kinds[i-2] && kinds[i] != kinds[i-1] && !n.happened(at[i-2], at[i]) {
			t.Errorf("%s: %q, then %q, then %q, and nothing happened", at[i].Format("Mon 15:04:05"), kinds[i-2], kinds[i-1], kinds[i])
		}
		for _, d := range directions[i-2 : i] {
			if d != "" && directions[i] != "" && d != "Same" && directions[i] != "Same" && d != directions[i] && !n.happened(at[i-2], at[i]) {
				t.Errorf("%s: %s after %s, and nothing happened", at[i].Format("Mon 15:04:05"), directions[i], d)
			}
		}
	}
	if most, least := longtest.Of(20, 40), longtest.Of(65, 180); posts >= most || updates < least {
		t.Errorf("%d posts and %d edits, want under %d posts and an update every 5 min", posts, updates-posts, most)
	}
	t.Logf("%d posts, %d edits", posts, updates-posts)
}

// ofTheRate is the headline of a change of the share that fails.
var ofTheRate = regexp.MustCompile(`#\d+: (worse|better|failing again after [^.]+)\. |#\d+: quiet for `)

// answersOf is what answers again, where it is told what fails beside it.
var answersOf = regexp.MustCompile(`#[\d,]+: ([^:.]+?) answers? again: .* fails? `)

// sums holds the headline against the lines: every product is told once, and
// who is told one by one adds up to the sum.
func (n *longNight) sums(s said, fails func(string, ...any)) {
	count := func(digits string) int {
		k, _ := strconv.Atoi(strings.ReplaceAll(digits, ",", ""))
		return k
	}
	if lines := strings.Count(strings.TrimSpace(s.shown), "\n") + 1; lines > 8 {
		fails("%d lines, want at most 8", lines)
	}
	all, groups := 0, 0
	if m := answersOf.FindStringSubmatch(s.headline); m != nil { // beside what fails; it is not counted there
		all += len(namesIn(m[1]))
	}
	for _, m := range hurtOf.FindAllStringSubmatch(s.headline, -1) {
		all += count(m[1]) + count(m[2]) + count(m[3]) + len(namesIn(m[4]))
		groups++
	}
	if strings.Contains(s.headline, "as usual") || strings.HasPrefix(s.headline, "Recovered") || ofTheRate.MatchString(s.headline) {
		return // it counts those whose share it tells
	}
	if m := overAll.FindStringSubmatch(s.headline); m != nil {
		all += count(m[1]) + len(namesIn(m[2]))
	}
	for _, re := range []*regexp.Regexp{overOf, unclearOf} {
		if m := re.FindStringSubmatch(s.shown); m != nil {
			all += strings.Count(m[1], " (")
			if _, more, ok := strings.Cut(m[1], ") and "); ok {
				all += count(strings.Fields(more)[0])
			}
		}
	}
	if m := usualOf.FindStringSubmatch(s.shown); m != nil {
		all += count(m[1])
	}
	if all != 10 {
		fails("%d products are told, want 10", all)
	}
	sum := sumOf.FindStringSubmatch(s.headline)
	if groups != 1 || sum == nil || strings.Contains(s.shown, "Most: ") {
		return
	}
	bad, tries := 0, 0
	for _, m := range eachOf.FindAllStringSubmatch(s.shown, -1) {
		bad, tries = bad+count(m[2]), tries+count(m[3])
	}
	if tries > 0 && (bad != count(sum[1]) || tries != count(sum[2])) {
		fails("one by one they are %d of %d, together %v", bad, tries, sum)
	}
}

// names holds who is called hurt against the truth: nobody who was not within
// the hour.
func (n *longNight) names(s said, fails func(string, ...any)) {
	hurt := map[string]bool{}
	for _, p := range publishtest.NightPaths {
		if since := s.at.Sub(publishtest.NightBegins); since >= p.From && (p.To == 0 || since < p.To+time.Hour) {
			hurt[p.Product] = true
		}
	}
	var called []string
	for _, m := range hurtOf.FindAllStringSubmatch(s.headline, -1) {
		called = append(called, namesIn(m[4])...)
	}
	for _, m := range eachOf.FindAllStringSubmatch(s.shown, -1) {
		called = append(called, m[1])
	}
	for _, name := range called {
		if !hurt[strings.ToLower(name)] {
			fails("%s is called hurt", name)
		}
	}
}

func namesIn(listed string) []string {
	if listed == "" {
		return nil
	}
	return strings.Split(strings.ReplaceAll(listed, " and ", ", "), ", ")
}

// happened reports whether there is a reason for other words, within the
// window of the figures: something else fails, or the timeline has it.
func (n *longNight) happened(from, to time.Time) bool {
	for _, p := range publishtest.NightPaths {
		for at := from.Add(-n.window()); at.Before(to); at = at.Add(time.Minute) {
			if publishtest.NightShare(p.Product, at.Sub(publishtest.NightBegins)) != publishtest.NightShare(p.Product, at.Add(time.Minute).Sub(publishtest.NightBegins)) {
				return true
			}
		}
	}
	for _, e := range n.journal.Of("inc-1") {
		switch e.Kind {
		case incident.Level, incident.Proving, incident.Relapsed, incident.Proven, incident.Resolved, incident.Opened:
			if e.At.After(from.Add(-n.window())) && !e.At.After(to) {
				return true
			}
		}
	}
	return false
}

func (n *longNight) window() time.Duration { return n.feeder.Board.Snapshot(n.now()).Window }

func (n *longNight) lastUpdate() said {
	for i := len(n.all) - 1; i >= 0; i-- {
		if how := n.all[i].how; how == "post" || how == "edit" {
			return n.all[i]
		}
	}
	return said{}
}

// kindOf is what a headline calls it, without its figures.
func kindOf(headline string) string {
	switch {
	case strings.HasPrefix(headline, "Recovered"):
		return "recovered"
	case strings.Contains(headline, "no longer failing"):
		return "no longer failing"
	case strings.Contains(headline, " is down") || strings.Contains(headline, " are down"):
		return "down"
	default:
		return "degraded"
	}
}

// when is a time as the text has it: with its day once the incident has passed
// midnight in the company's zone, which is 05:00 UTC.
func when(at time.Time) string {
	if at.Before(publishtest.NightBegins.Truncate(24 * time.Hour).Add(5 * time.Hour)) {
		return at.Format("15:04 UTC")
	}
	return at.Format("Mon 15:04 UTC")
}

// minute is the time of day in a text such as "Wed 05:02 UTC", in minutes.
func minute(text string) int {
	for _, form := range []string{"Mon 15:04 UTC", "15:04 UTC"} {
		if at, err := time.Parse(form, strings.TrimSpace(text)); err == nil {
			return 60*at.Hour() + at.Minute()
		}
	}
	return -1
}

// write keeps all that was said where it can be read.
func (n *longNight) write(t *testing.T) {
	var b strings.Builder
	for _, s := range n.all {
		fmt.Fprintf(&b, "=== %s %s\n%s\n%s\n", s.at.Format("Mon 15:04:05"), s.how, s.text, s.shown)
	}
	check(t, os.WriteFile(filepath.Join(t.ArtifactDir(), "night.txt"), []byte(b.String()), 0o644))
}
