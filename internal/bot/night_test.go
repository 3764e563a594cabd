package bot_test

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/bot"
	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/sandbox/sandboxtest"
	"github.com/statusbot/statusbot/internal/status"
)

// nightBegins is when the shared part of the company begins to fail: an
// evening in the company's zone, and the next day already in UTC.
var nightBegins = time.Date(2026, 3, 4, 0, 32, 0, 0, time.UTC)

// through is who goes through edge-lb-2, and when: all times are since
// nightBegins.
type through struct {
	product string
	from    time.Duration
	to      time.Duration // 0: to the end
}

var nightPaths = []through{
	{product: "billing"}, {product: "search"}, {product: "checkout"}, {product: "mail"},
	{product: "reports", to: 5 * time.Hour},  // was moved to another part
	{product: "mobile", from: 2 * time.Hour}, // was moved to this one
	{product: "partners", from: 3 * time.Hour, to: 9 * time.Hour},
}

// nightCompany are ten products with three checks each. Nothing of payroll,
// lake and wiki goes through the part that fails.
func nightCompany(t *testing.T) status.Definition {
	zone, err := time.LoadLocation("America/New_York")
	check(t, err)
	def := status.Definition{Company: "Acme", Timezone: zone, Normal: nightBegins,
		Components: []status.Component{{ID: "edge-lb-1"}, {ID: "edge-lb-2"}, {ID: "auth"}, {ID: "db"}}}
	for i, name := range []string{"Billing", "Search", "Checkout", "Mail", "Reports", "Mobile", "Partners", "Payroll", "Data Lake", "Wiki"} {
		id := strings.ToLower(strings.ReplaceAll(name, "Data ", ""))
		def.Products = append(def.Products, status.Product{ID: id, Name: name, Owner: "team " + id})
		edge := "edge-lb-1"
		if i < 7 {
			edge = "edge-lb-2"
		}
		for _, c := range []string{"page", "api", "login"} {
			uses := []string{edge}
			if c == "login" {
				uses = append(uses, "auth")
			}
			if i%2 == 0 {
				uses = append(uses, "db")
			}
			def.Checks = append(def.Checks, checks.Check{ID: id + "-" + c, Product: id, Kind: "http", Every: 10 * time.Second, Timeout: 3 * time.Second,
				Uses: uses, Source: checks.Source{File: "checks.d/" + id + ".yaml", Line: 3}})
		}
	}
	return def
}

// share is how much of a product's requests fail at an instant of the night.
func share(product string, at time.Duration) float64 {
	const usual = 0.001
	for _, p := range nightPaths {
		if p.product != product || at < p.from || p.to > 0 && at >= p.to {
			continue
		}
		switch {
		case at < 0:
		case product == "billing" && at >= 8*time.Hour && at < 8*time.Hour+20*time.Minute:
			return 0.9 // a second fault of its own
		case at >= 6*time.Hour && at < 7*time.Hour:
			return 0.2 // peak of the other continent's morning
		case at < 14*time.Hour+20*time.Minute:
			return 0.08
		case at >= 14*time.Hour+40*time.Minute && at < 15*time.Hour:
			return 0.08 // the restart did not last
		}
	}
	return usual
}

// delivered counts what is put into the outbox.
type delivered struct {
	bot.Outbox
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

// go on to an instant after nightBegins: results second by second, and the
// updater every five.
func (n *longNight) until(at time.Duration) {
	n.t.Helper()
	list := n.feeder.board.Definition().Checks
	for ; n.feeder.at.Before(nightBegins.Add(at)); n.feeder.at = n.feeder.at.Add(time.Second) {
		second := n.feeder.at.Unix()
		var batch []checks.Result
		for i, c := range list {
			if (second+int64(i))%10 != 0 {
				continue
			}
			h := fnv.New64a()
			fmt.Fprint(h, c.ID)
			draw := rand.New(rand.NewPCG(uint64(second), h.Sum64()))
			r := checks.Result{Check: c.ID, Product: c.Product, Started: n.feeder.at, Duration: time.Duration(40+draw.IntN(40)) * time.Millisecond, Outcome: checks.Pass}
			if draw.Float64() < share(c.Product, n.feeder.at.Sub(nightBegins)) {
				r.Outcome, r.Reason, r.Summary, r.Duration = checks.Fail, checks.ReasonReset, "connection reset by peer", time.Millisecond
			}
			batch = append(batch, r)
		}
		n.feeder.seq++
		n.feeder.board.Apply(n.feeder.seq, batch)
		n.clock.Store(n.feeder.at.Add(time.Second).UnixNano())
		if second%5 == 0 {
			n.decide()
		}
	}
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
	s.shown = shownAs.ReplaceAllString(b.String(), "$1")
	if m := headline.FindStringSubmatch(s.shown); m != nil {
		s.headline = m[1]
	}
	return s
}

// TestANightOfFifteenHours is the incident that the design begins with: a
// shared part fails 8 % of requests for fifteen hours. Everything is real but
// the clock and the services, and what is asked of the text holds for every
// message: it would be read on a phone at half past one.
func TestANightOfFifteenHours(t *testing.T) {
	t.Parallel()
	n := &longNight{}
	n.life = newLifeAt(t, nightCompany(t), nightBegins.Add(-6*time.Hour), func(u *bot.Updater) {
		n.outbox = &delivered{Outbox: u.Outbox}
		u.Outbox, u.Channel = n.outbox, func() string { return channelID }
	})
	an, be := n.As("ana").Channel(channel), n.As("ben").Channel(channel)
	n.until(4 * time.Hour)
	an.Type("/status mark drained edge-lb-1").Ephemeral("Marked")
	n.until(14*time.Hour + 20*time.Minute)
	be.Type("/status mark restarted edge-lb-2").Ephemeral("Marked")
	n.until(14*time.Hour + 38*time.Minute)
	an.Type("/status").Ephemeral("")
	n.until(17 * time.Hour)
	n.write(t)
}

// write keeps all that was said where it can be read.
func (n *longNight) write(t *testing.T) {
	var b strings.Builder
	for _, s := range n.all {
		fmt.Fprintf(&b, "=== %s %s\n%s\n%s\n", s.at.Format("Mon 15:04:05"), s.how, s.text, s.shown)
	}
	check(t, os.WriteFile(filepath.Join(t.ArtifactDir(), "night.txt"), []byte(b.String()), 0o644))
}
