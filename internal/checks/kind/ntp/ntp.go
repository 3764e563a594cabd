// Package ntp is the kind of check that asks a time server.
package ntp

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/claim"
	"github.com/statusbot/statusbot/internal/checks/probe"
	"github.com/statusbot/statusbot/internal/checks/redact"
)

// Options are the own part of a check of kind ntp.
type Options struct {
	Address        string        `mapstructure:"address"`         // "host:port" of the server; without a port 123
	DegradedOffset time.Duration `mapstructure:"degraded_offset"` // further from this machine's clock is degraded; 0 for no limit
	FailOffset     time.Duration `mapstructure:"fail_offset"`     // further is a failure; 0 for no limit
	StratumMax     int           `mapstructure:"stratum_max"`     // further from a reference clock is a failure, 1 to 15

	// Expressions of vocabulary.
	claim.Options `mapstructure:",squash"`

	probe.WayOptions `mapstructure:",squash"`
}

// Kind is its row in the table of kinds.
var Kind = probe.Kind{
	Name:    "ntp",
	Summary: "A time server answers, is synchronised, and its time is near that of this machine.",
	Options: func() any {
		return &Options{DegradedOffset: 100 * time.Millisecond, FailOffset: time.Second, StratumMax: 15}
	},
	Build:   build,
	Example: `{address: time.example.com, degraded_offset: 50ms, fail_offset: 500ms}`,
	Proven:  "chrony 4.3",
}

var vocabulary = claim.NewVocabulary(claim.Variables{
	"offset":  claim.Duration,
	"delay":   claim.Duration,
	"stratum": claim.Int,
	"latency": claim.Duration,
})

type prober struct {
	target         probe.Target
	degraded, fail time.Duration
	stratum        int
	claims         *claim.Set
	dialer         probe.Dialer
}

func build(c checks.Check) (probe.Probe, error) {
	o, err := probe.OptionsOf[Options](c)
	if err != nil {
		return nil, err
	}
	p := &prober{degraded: o.DegradedOffset, fail: o.FailOffset, stratum: o.StratumMax, dialer: probe.NewDialer(c)}
	if p.target, err = probe.ReadTarget("address", probe.WithPort(o.Address, "123")); err != nil {
		return nil, err
	}
	switch {
	case o.DegradedOffset < 0:
		return nil, &probe.OptionError{Key: "degraded_offset", Problem: "is less than 0", Instead: "write 0 for no limit"}
	case o.FailOffset < 0:
		return nil, &probe.OptionError{Key: "fail_offset", Problem: "is less than 0", Instead: "write 0 for no limit"}
	case o.FailOffset > 0 && o.DegradedOffset >= o.FailOffset:
		return nil, &probe.OptionError{Key: "degraded_offset", Problem: "is not less than fail_offset", Instead: "degraded comes before failed; without a value it is 100 ms"}
	case o.StratumMax < 1 || o.StratumMax > 15:
		return nil, &probe.OptionError{Key: "stratum_max", Problem: "is not between 1 and 15"}
	}
	p.claims, err = vocabulary.Compile(o.Options)
	return p.run, err
}

// ntpTime is what a server's answer says (RFC 5905, figure 8).
type ntpTime struct {
	leap    int
	stratum int
	code    string        // why it gives no time, if its stratum is 0: "RATE"
	offset  time.Duration // of the server's clock, less this machine's
	delay   time.Duration // on the way, there and back
	valid   bool          // there is an offset
}

// errOtherAnswer is an answer to a question that was not asked.
var errOtherAnswer = errors.New("it answers another question")

var errNotNTP = errors.New("the answer is not one of a time server")

func (p *prober) run(ctx context.Context) checks.Result {
	start := time.Now()
	tr := new(p.dialer.Trail())
	got, err := p.ask(ctx, tr)
	took := time.Since(start)
	if err != nil {
		if errors.Is(err, syscall.ECONNREFUSED) {
			tr.Stage = probe.Connecting // over UDP the refusal comes when the answer is read
		}
		r := tr.Failed(ctx, err)
		if errors.Is(err, errNotNTP) {
			r.Reason, r.Summary = checks.ReasonProtocol, errNotNTP.Error()+"; no other came in "+probe.Span(p.dialer.Timeout)
		}
		r.Duration = took
		return r
	}
	r := p.judge(got)
	r.Phases, r.Duration = tr.Phases, took
	if p.claims != nil {
		r = p.claims.Judged(ctx, r, claim.Facts{"offset": got.offset, "delay": got.delay, "stratum": got.stratum, "latency": took})
	}
	if r.Outcome != checks.Pass {
		r.Evidence = &checks.Evidence{Remote: tr.Remote, Output: got.String()}
	}
	return r
}

func (t ntpTime) String() string {
	return fmt.Sprintf("leap %d, stratum %d, offset %v, delay %v%s", t.leap, t.stratum, t.offset, t.delay, t.code)
}

// Seconds from the beginning of NTP's era, 1900, to that of Unix's, 1970.
const toUnix = 2_208_988_800

const size = 48 // bytes of a packet without extensions

func (p *prober) ask(ctx context.Context, tr *probe.Trail) (ntpTime, error) {
	conn, err := tr.DialOn(ctx, "udp", p.target)
	if err != nil {
		return ntpTime{}, err
	}
	defer conn.Close()
	defer probe.Bind(ctx, conn)()
	tr.Stage = probe.Sending
	query := make([]byte, size)
	query[0] = 4<<3 | 3 // version 4, client
	sent := time.Now()
	// The server gives it back, and nobody else can guess it.
	binary.BigEndian.PutUint64(query[40:], toNTP(sent))
	if _, err := conn.Write(query); err != nil {
		return ntpTime{}, err
	}
	tr.Stage = probe.Waiting
	answer := make([]byte, 1024)
	var wrong error // what else came
	for {
		n, err := conn.Read(answer)
		if err != nil {
			return ntpTime{}, errors.Join(err, wrong)
		}
		came := time.Since(sent)
		got, err := readNTP(answer[:n], query[40:size], sent, sent.Add(came))
		switch {
		case err == nil:
			tr.Phases.FirstByte = came
			return got, nil
		case !errors.Is(err, errOtherAnswer): // that is one to somebody else, or forged
			wrong = err
		}
	}
}

// readNTP reads an answer that came between two moments.
func readNTP(b, origin []byte, sent, came time.Time) (ntpTime, error) {
	if len(b) < size || b[0]&7 != 4 {
		return ntpTime{}, errNotNTP
	}
	if string(b[24:32]) != string(origin) {
		return ntpTime{}, errOtherAnswer
	}
	t := ntpTime{leap: int(b[0] >> 6), stratum: int(b[1])}
	if t.stratum == 0 {
		if code := strings.Trim(string(b[12:16]), "\x00 "); code != "" { // without one it has no time itself
			t.code = " " + redact.Printable(code)
		}
		return t, nil
	}
	received, transmitted := binary.BigEndian.Uint64(b[32:]), binary.BigEndian.Uint64(b[40:])
	if received == 0 || transmitted == 0 {
		return t, nil
	}
	// The offset is the mean of what the way there and the way back show.
	there, back := sinceNTP(received, toNTP(sent)), sinceNTP(transmitted, toNTP(came))
	t.offset = there/2 + back/2
	t.delay = max(came.Sub(sent)-sinceNTP(transmitted, received), 0)
	t.valid = true
	return t, nil
}

// toNTP writes a time as seconds since 1900 in fixed point, 32 bits each.
func toNTP(t time.Time) uint64 {
	seconds := uint64(t.Unix() + toUnix)
	return seconds<<32 | uint64(math.Round(float64(t.Nanosecond())/1e9*(1<<32)))&(1<<32-1)
}

// sinceNTP returns a - b, right for 68 years either way, also where the era
// ends (2036).
func sinceNTP(a, b uint64) time.Duration {
	d := int64(a - b)
	return time.Duration(d>>32)*time.Second + time.Duration(float64(d&(1<<32-1))/(1<<32)*1e9)
}

// notReady are the codes of a server that has no time yet, or has just set its
// clock (RFC 5905, 7.4); the others refuse us.
var notReady = map[string]bool{"INIT": true, "STEP": true}

func (p *prober) judge(t ntpTime) checks.Result {
	far := t.offset.Abs()
	bad := func(problem string) checks.Result {
		return checks.Result{Outcome: checks.Fail, Reason: checks.ReasonAssertion, Summary: problem}
	}
	switch {
	case t.code != "" && !notReady[strings.TrimSpace(t.code)]:
		return checks.Result{Outcome: checks.Fail, Reason: checks.ReasonStatus, Summary: "the server refuses to tell the time:" + t.code}
	case t.leap == 3 || t.stratum == 0 || t.stratum > 15 || !t.valid:
		return bad("the server says that it is not synchronised")
	case t.stratum > p.stratum:
		return bad("the server is of stratum " + strconv.Itoa(t.stratum) + ", at most " + strconv.Itoa(p.stratum) + " expected")
	case p.fail > 0 && far > p.fail:
		return bad(offsetText(t.offset) + ", limit " + probe.Span(p.fail))
	case p.degraded > 0 && far > p.degraded:
		return checks.Result{Outcome: checks.Degraded, Reason: checks.ReasonAssertion, Summary: offsetText(t.offset) + ", limit " + probe.Span(p.degraded)}
	}
	return checks.Result{Outcome: checks.Pass, Summary: offsetText(t.offset) + ", stratum " + strconv.Itoa(t.stratum)}
}

// offsetText says an offset so that both clocks are in it: either can be the
// one that is wrong.
func offsetText(offset time.Duration) string {
	if offset < 0 {
		return "the server is " + probe.Span(-offset) + " behind this machine's clock"
	}
	return "the server is " + probe.Span(offset) + " ahead of this machine's clock"
}
