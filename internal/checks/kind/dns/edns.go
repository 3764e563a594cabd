package dns

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"

	"github.com/statusbot/statusbot/internal/checks/names"
	"github.com/statusbot/statusbot/internal/checks/probe"
)

// mostSilence is after how long without an answer a server is asked without EDNS:
// longer than what is not in its cache takes as a rule.
const mostSilence = time.Second

// errLost is that a datagram was lost, on the way or by the server.
var errLost = errors.New("no answer to the query, though the server answers others: it was lost")

// askFirst asks a question, and without EDNS if the server does not understand it,
// be it that it says so or that it says nothing.
func (a *asked) askFirst(ctx context.Context, query *dns.Msg) (*dns.Msg, error) {
	if a.plain.Load() {
		query.Extra = nil
	}
	ask := a.ask
	if a.transport == "udp" && query.Extra != nil {
		ask = a.askTwice
	}
	answer, err := ask(ctx, a.transport, query)
	if err == nil && query.Extra != nil && !slices.Contains(a.rcodes, answer.Rcode) && names.RefusesEDNS(answer.Rcode) {
		query.Extra = nil
		return a.ask(ctx, a.transport, query)
	}
	return answer, err
}

// askTwice asks by UDP, and after a silence without EDNS as well. What the server
// still answers to the first query counts. If it answers the second alone it is
// asked the first way once more: who answers that has lost a datagram, which is what
// a probe measures, and who does not is asked without EDNS from then on.
func (a *asked) askTwice(ctx context.Context, transport string, query *dns.Msg) (*dns.Msg, error) {
	x, done, err := a.open(ctx, transport)
	if err != nil {
		return nil, err
	}
	defer done()
	if err := x.send(query); err != nil {
		return nil, err
	}
	answer, err := x.readFor(ctx, a.silence, query)
	if !errors.Is(err, os.ErrDeadlineExceeded) || ctx.Err() != nil {
		return answer, err
	}
	plain, again := *query, *query
	plain.Id, again.Id, plain.Extra = query.Id+1, query.Id+2, nil
	if err := x.send(&plain); err != nil {
		return nil, err
	}
	answer, err = x.readFor(ctx, 0, query, &plain)
	if err != nil || answer.Id == query.Id {
		return answer, err
	}
	phases := a.tr.Phases
	if err := x.send(&again); err != nil {
		return nil, err
	}
	late, err := x.readFor(ctx, a.recheck, query, &again)
	if err == nil && late.Id == again.Id {
		if late, err = x.readFor(ctx, a.silence, query); err != nil {
			return nil, errLost
		}
	}
	if err == nil {
		return late, nil // it was slow
	}
	a.tr.Phases, a.tr.Stage = phases, probe.Reading
	if errors.Is(err, os.ErrDeadlineExceeded) && ctx.Err() == nil {
		a.plain.Store(true)
	}
	query.Extra = nil
	return answer, nil
}

// readFor is read for so long; 0: until ctx ends.
func (x *exchange) readFor(ctx context.Context, d time.Duration, queries ...*dns.Msg) (*dns.Msg, error) {
	var until time.Time
	if d > 0 {
		until = time.Now().Add(d)
	}
	_ = x.talk.SetReadDeadline(until) // it fails only on a closed connection
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return x.read(queries...)
}

// extended is what a server says beside its code (RFC 8914); empty: nothing.
func extended(answer *dns.Msg) string {
	opt := answer.IsEdns0()
	if opt == nil {
		return ""
	}
	var said []string
	for _, o := range opt.Option {
		if e, ok := o.(*dns.EDNS0_EDE); ok {
			word := dns.ExtendedErrorCodeToString[e.InfoCode]
			if word == "" {
				word = fmt.Sprintf("extended error %d", e.InfoCode)
			}
			if text := strings.TrimSpace(strings.Trim(e.ExtraText, "\x00")); text != "" {
				word += ": " + text
			}
			said = append(said, word)
		}
	}
	return strings.Join(said, ", ")
}
