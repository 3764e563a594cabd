package house

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/kinds"
	"github.com/statusbot/statusbot/internal/checks/redact"
	"github.com/statusbot/statusbot/internal/config"
	"github.com/statusbot/statusbot/internal/format"
)

// How long who is on call counts, and how long an asker waits for it. What comes
// later is the answer to who asks next: a command has 3 s in all.
const (
	onCallFor       = time.Minute
	onCallFailedFor = 15 * time.Second
	onCallStale     = 12 * time.Hour // a shift: of an older one nothing is said
	onCallPatience  = 1200 * time.Millisecond
	onCallAtOnce    = 4 // commands, files and groups
	onCallGroup     = 10 * time.Second
)

// onCall knows who is on call, owner by owner: what it was told a moment ago, or
// what it asks anew when somebody wants to know. Nothing runs while nobody does.
type onCall struct {
	cfg    func() *config.Config
	people func(ctx context.Context, group string) (names []string, why string)
	now    func() time.Time
	asks   chan *shift

	mu    sync.Mutex
	of    *config.Config    // that known is of; guarded by mu
	known map[string]*shift // :: owner -> what is known; guarded by mu
}

// shift is who is on call for one owner.
type shift struct {
	config.OnCall
	who    string        // guarded by onCall.mu, as all below
	at     time.Time     // when that was learnt
	tried  time.Time     // when it was asked last
	failed string        // why nothing was learnt then
	done   chan struct{} // closed when what is asked now is known; nil: nothing is
}

func newOnCall(cfg func() *config.Config, people func(context.Context, string) ([]string, string), now func() time.Time) *onCall {
	return &onCall{cfg: cfg, people: people, now: now, asks: make(chan *shift, 64)}
}

// run asks what is to be asked until ctx ends.
func (o *onCall) run(ctx context.Context) error {
	var g errgroup.Group
	g.SetLimit(onCallAtOnce)
	for {
		select {
		case s := <-o.asks:
			g.Go(func() error { o.learn(ctx, s); return nil })
		case <-ctx.Done():
			return g.Wait()
		}
	}
}

// who is on call for an owner; false where the configuration does not say how to
// learn that. It waits a moment if that is not known yet, or was long ago.
func (o *onCall) who(owner string) (format.OnCall, bool) {
	s, done := o.want(owner)
	if s == nil {
		return format.OnCall{}, false
	}
	if done != nil {
		patience := time.NewTimer(onCallPatience)
		defer patience.Stop()
		select {
		case <-done:
		case <-patience.C:
		}
	}
	return o.told(s), true
}

// want finds the shift of an owner, and has it asked anew where what is known is
// old; done is closed when that is over, nil where it is fresh.
func (o *onCall) want(owner string) (s *shift, done chan struct{}) {
	cfg, now := o.cfg(), o.now()
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.of != cfg {
		o.of, o.known = cfg, map[string]*shift{}
		for _, c := range cfg.OnCall {
			o.known[c.Owner] = &shift{OnCall: c}
		}
	}
	if s = o.known[owner]; s == nil || s.Name != "" {
		return s, nil
	}
	fresh := onCallFor
	if s.failed != "" {
		fresh = onCallFailedFor
	}
	if age := now.Sub(s.tried); s.done != nil || !s.tried.IsZero() && age >= 0 && age < fresh {
		return s, s.done
	}
	s.done = make(chan struct{})
	select {
	case o.asks <- s:
	default: // more is asked than can be; what is known has to do
		close(s.done)
		s.done = nil
	}
	return s, s.done
}

// told is what is known of a shift.
func (o *onCall) told(s *shift) format.OnCall {
	o.mu.Lock()
	defer o.mu.Unlock()
	if s.Name != "" {
		return format.OnCall{Who: s.Name}
	}
	t := format.OnCall{Who: s.who, Failed: s.failed}
	age := o.now().Sub(s.at)
	switch {
	case s.who != "" && age > onCallStale:
		t.Who = ""
	case s.who != "" && (s.failed != "" || age > onCallFor+onCallPatience):
		t.AsOf = s.at
	}
	if t.Who == "" && t.Failed == "" && s.done != nil {
		t.Failed = "no answer yet"
	}
	return t
}

// learn asks who is on call, once.
func (o *onCall) learn(ctx context.Context, s *shift) {
	who, why := o.ask(ctx, s.OnCall)
	o.mu.Lock()
	defer o.mu.Unlock()
	s.tried, s.failed = o.now(), why
	if why == "" {
		s.who, s.at = who, s.tried
	}
	close(s.done)
	s.done = nil
}

// ask asks in the way that the configuration says; why is why it is not known.
func (o *onCall) ask(ctx context.Context, c config.OnCall) (who, why string) {
	switch {
	case c.Exec != nil:
		who, why = printed(ctx, c.Exec)
	case c.File != "":
		who, why = firstLine(c.File)
	default:
		ctx, cancel := context.WithTimeout(ctx, onCallGroup)
		defer cancel()
		var names []string
		names, why = o.people(ctx, c.Group)
		who = strings.Join(names, ", ")
	}
	who = strings.TrimSpace(format.Typed(who))
	if who == "" && why == "" {
		why = "nobody is named"
	}
	return who, why
}

// printed is the first line that a command prints, which ends well within its time.
func printed(ctx context.Context, c *checks.Check) (line, why string) {
	probe, err := kinds.Compile(c)
	if err != nil {
		return "", "the command cannot be run" // unreachable: it was compiled when the configuration was read
	}
	r, ok := probe.Run(ctx)
	switch {
	case !ok:
		return "", "statusbot ends"
	case strings.HasPrefix(r.Summary, "exit code 0 "): // without a text
		return "", "the command prints nothing"
	case r.Outcome == checks.Pass:
		return r.Summary, ""
	case r.Reason == checks.ReasonScript && r.Evidence != nil && !strings.HasPrefix(r.Summary, "exit code"):
		return "", "exit code " + strconv.Itoa(r.Evidence.Status) + ": " + r.Summary
	}
	return "", cmp.Or(r.Summary, "the command fails")
}

// mostOfFile is how much of a file is looked at for its first line.
const mostOfFile = 4 << 10

// firstLine is the first line of a file that is neither empty nor a comment.
func firstLine(path string) (line, why string) {
	switch info, err := os.Stat(path); {
	case errors.Is(err, fs.ErrNotExist):
		return "", "the file does not exist"
	case err != nil:
		return "", "the file cannot be read"
	case !info.Mode().IsRegular(): // a pipe would be waited for
		return "", "it is no file"
	}
	f, err := os.Open(path)
	if err != nil {
		return "", "the file cannot be read"
	}
	defer f.Close() //nolint:errcheck // it was only read
	lines := bufio.NewScanner(io.LimitReader(f, mostOfFile))
	for lines.Scan() {
		if s := strings.TrimSpace(strings.TrimPrefix(lines.Text(), "\uFEFF")); s != "" && !strings.HasPrefix(s, "#") {
			return redact.Text(s), ""
		}
	}
	return "", "nobody is named"
}
