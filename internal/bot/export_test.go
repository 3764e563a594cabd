package bot

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/format"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/publish"
)

// What tests outside the package need of its inside.

// SetPingInterval makes a silent socket count as deaf sooner.
func (s *Socket) SetPingInterval(d time.Duration) { s.pingEvery = d }

// SetTogether opens all connections at once.
func (s *Socket) SetTogether() { s.together = true }

// SetRefusedPause makes a refused socket be tried again sooner.
func (s *Socket) SetRefusedPause(d time.Duration) { s.refusedAgain = d }

// SetPace makes a home follow the board sooner.
func (h *Home) SetPace(look, gap time.Duration) { h.look, h.gap = look, gap }

// SetRefusedWait makes the Poster try a refused message again sooner.
func (p *Poster) SetRefusedWait(d time.Duration) { p.refusedAgain = d }

// SetUnansweredWait sets the Poster's first pause after no answer.
func (p *Poster) SetUnansweredWait(d time.Duration) { p.unansweredAgain = d }

// Queues is how many destinations have a queue.
func (p *Poster) Queues() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.queues)
}

// Known is how many reasons are remembered that were told.
func (s *Stuck) Known() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.told)
}

// Edit and Post are what the Poster asks of a Budget.
func (b *Budget) Edit(who string, urgent bool, now time.Time) time.Duration {
	return b.edit(who, urgent, now)
}
func (b *Budget) Post(channel string, now time.Time) time.Duration { return b.post(channel, now) }

// Receipt is a stored form.
type Receipt = receipt

// NewBodyJSON is an outbox entry's body.
func NewBodyJSON(n, post int, due, now time.Time, m format.Message, change ...func(*publish.Body)) []byte {
	b := publish.NewBody(n, post, due, now, m)
	for _, c := range change {
		c(&b)
	}
	data, err := json.Marshal(b)
	if err != nil {
		panic(err) // plain data
	}
	return data
}

// Post posts as the Poster does.
func (a *API) Post(ctx context.Context, channel, key string, post int, bodyJSON []byte) (string, error) {
	var b publish.Body
	if err := json.Unmarshal(bodyJSON, &b); err != nil {
		return "", err
	}
	_, ts, err := a.post(ctx, place{channel: channel}, messageKey(key, post), b)
	return ts, err
}

// Reply posts into a thread with that key.
func (a *API) Reply(ctx context.Context, channel, thread, key string, bodyJSON []byte) (string, error) {
	var b publish.Body
	if err := json.Unmarshal(bodyJSON, &b); err != nil {
		return "", err
	}
	_, ts, err := a.post(ctx, place{channel: channel, thread: thread}, key, b)
	return ts, err
}

// Unheard is the envelope with an ack that Slack never hears, though we think
// so.
func (e Envelope) Unheard() Envelope {
	e.ack = func(context.Context, *format.Message) error { return nil }
	return e
}

// Drop is what the dispatcher does with what it has no room for.
func (e Envelope) Drop() {
	if e.drop != nil {
		e.drop()
	}
}

// SignatureOf signs as Slack does.
func SignatureOf(secret, stamp string, body []byte) string {
	m := sign(secret, stamp, body)
	return "v0=" + hex.EncodeToString(m[:])
}

// Ack acks with nothing.
func (e Envelope) Ack(ctx context.Context) { _ = e.ack(ctx, nil) }

// Handler answers a request without a connection.
func (h *HTTP) Handler() http.Handler { return h.handler() }

// Whole is whole.
func (c *Commands) Whole(ctx context.Context, inc incident.Incident, since time.Time) (incident.Incident, error) {
	return c.Lookups.whole(ctx, inc, since, c.Log)
}

// VaguePhrases are the phrases that ask for nothing to be changed: those that name no
// command which changes something.
func VaguePhrases() (list []string) {
	for _, table := range []map[string][]string{phrases, lateAtNight, atHalfPastOne, inPassing} {
		for meant, said := range table {
			verb := strings.Fields(meant + " x")[0]
			if !strings.HasSuffix(verb, "watch") && deeds[verb].act < writes || strings.Contains(meant, "?") {
				list = append(list, said...)
			}
		}
	}
	slices.Sort(list)
	return list
}

// SetHello sets how long Slack has to say hello on a socket.
func (s *Socket) SetHello(d time.Duration) { s.hello = d }
