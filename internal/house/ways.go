package house

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/statusbot/statusbot/internal/bot"
	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/kind/exec"
	"github.com/statusbot/statusbot/internal/checks/kinds"
	"github.com/statusbot/statusbot/internal/config"
	"github.com/statusbot/statusbot/internal/format/elsewhere"
	"github.com/statusbot/statusbot/internal/journal"
	"github.com/statusbot/statusbot/internal/ways"
)

// waysOf are the ways of a configuration.
func waysOf(cfg *config.Config) []ways.Way {
	var list []ways.Way
	for _, c := range cfg.Ways {
		w := ways.Way{Name: c.Name, Kind: c.Kind, When: ways.When(c.When), All: c.All, After: c.After, Gap: c.Gap, Timeout: c.Timeout}
		switch {
		case c.Webhook != nil:
			hook := &ways.Webhook{URL: c.Webhook.URL.Reveal()}
			for _, s := range c.Webhook.Secrets {
				key, err := ways.KeyOf(s.Reveal())
				if err != nil {
					continue // unreachable: config has read it
				}
				hook.Keys = append(hook.Keys, key)
			}
			w.Sender = hook
		case c.Exec != nil:
			w.Sender = commandOf(c.Exec)
		case c.Mail != nil:
			w.Sender, w.To = mailOf(c.Mail), recipients(len(c.Mail.To))
		case c.Kind == "teams":
			w.Sender = &ways.Teams{URL: c.Post.Reveal()}
		case c.Kind == "slack":
			w.Sender = &ways.SlackHook{URL: c.Post.Reveal()}
		case c.Kind == "pagerduty":
			w.Sender = &ways.PagerDuty{URL: c.Post.Reveal(), Key: c.Key.Reveal()}
		case c.Kind == "alertmanager":
			w.Sender = &ways.Alertmanager{URL: c.Post.Reveal(), Token: c.Key.Reveal(), Labels: c.Alerts.Labels}
		case c.Kind == "grafana":
			w.Sender = &ways.Grafana{URL: c.Post.Reveal(), Token: c.Key.Reveal(), Dashboard: c.Alerts.Dashboard, Panel: c.Alerts.Panel, Tags: c.Alerts.Tags}
		}
		list = append(list, w)
	}
	return list
}

// mailOf is an e-mail way. Its certificates are read when it is made, as they were when
// the configuration was.
func mailOf(c *config.MailWay) *ways.Mail {
	m := &ways.Mail{Host: c.Host, Port: c.Port, TLS: ways.MailTLS(c.TLS), From: c.From, To: c.To, Username: c.Username, Password: c.Password.Reveal()}
	if c.CAFile != "" {
		m.Roots = x509.NewCertPool() // without any certificate nothing is taken
		if content, err := os.ReadFile(c.CAFile); err == nil {
			m.Roots.AppendCertsFromPEM(content)
		}
	}
	return m
}

// recipients says how many get a mail: their addresses are nobody's business in a channel.
func recipients(n int) string {
	if n == 1 {
		return "1 address"
	}
	return strconv.Itoa(n) + " addresses"
}

// commandOf is a way's command, which is run as a check of kind exec is.
func commandOf(c *checks.Check) *ways.Command {
	o, ok := c.Options.(*exec.Options)
	if !ok {
		o = &exec.Options{} // unreachable: config has read it
	}
	name := ""
	if len(o.Argv) > 0 {
		name = filepath.Base(o.Argv[0])
	}
	return &ways.Command{
		Program: name,
		Run: func(ctx context.Context, stdin []byte) checks.Result {
			run, given := *c, *o
			given.Stdin, given.Format = stdin, exec.FormatNagios
			run.Options = &given
			probe, err := kinds.Compile(&run)
			if err != nil {
				return checks.Result{Outcome: checks.Unknown, Summary: "the command cannot be run"} // unreachable: config has compiled it
			}
			r, ok := probe.Run(ctx)
			if !ok {
				return checks.Result{Outcome: checks.Unknown, Summary: "statusbot ends"}
			}
			return r
		},
		Find: func() error { return exec.Find(*c) },
	}
}

// tellElsewhere tells updates by the ways of the configuration, anew whenever that
// changes, until ctx ends.
func (h *house) tellElsewhere(ctx context.Context, generation uint64) error {
	for ctx.Err() == nil {
		cfg := h.cfg.Load()
		list := waysOf(cfg)
		group, within := errgroup.WithContext(ctx)
		within, stop := context.WithCancel(within)
		if len(list) > 0 {
			group.Go(func() error { defer stop(); return h.teller(list, generation).Run(within) })
		}
		group.Go(func() error { defer stop(); h.otherThan(within, cfg); return nil })
		err := group.Wait()
		stop()
		if err != nil {
			return err
		}
	}
	return nil
}

// otherThan returns when the configuration is another one, or ctx ends.
func (h *house) otherThan(ctx context.Context, cfg *config.Config) {
	t := time.NewTicker(time.Second)
	defer t.Stop()
	for h.cfg.Load() == cfg {
		select {
		case <-t.C:
		case <-ctx.Done():
			return
		}
	}
}

func (h *house) teller(list []ways.Way, generation uint64) *ways.Teller {
	cfg := h.cfg.Load()
	return &ways.Teller{Ways: list, Outbox: h.outbox, Delivered: h.slackHas,
		Trouble: h.slackTrouble, Sight: h.sightOf, Generation: generation, Company: cfg.Company, Zone: cfg.Timezone,
		Log: h.log.Named("ways"), Now: h.now, Health: &h.ways}
}

// slackHas reports whether Slack has an entry of the outbox, or a newer one of its key.
func (h *house) slackHas(ctx context.Context, dest, key string, rev uint64) (bool, error) {
	r, err := h.journal.Receipt(ctx, dest, key)
	if errors.Is(err, journal.ErrNotFound) {
		return false, nil
	}
	return err == nil && delivered(journal.Entry{Rev: rev}, &r), err
}

// slackTrouble is what keeps a message from Slack.
func (h *house) slackTrouble(dest, key string) ways.Failure {
	t := h.posting.troubles.Of(dest, key)
	if h.signing.refused() != "" && t.Is == bot.NoHindrance {
		t.Is = bot.Distrusts
	}
	switch t.Is {
	case bot.OwnTurn:
		return ways.Failure{Held: true}
	case bot.Distrusts:
		return ways.Failure{Fault: elsewhere.Token, Says: t.Says}
	case bot.Refusing:
		return ways.Failure{Fault: elsewhere.Channel, Says: t.Says}
	case bot.Limits:
		return ways.Failure{Fault: elsewhere.Rate}
	}
	return ways.Failure{Fault: elsewhere.Unclear, Says: t.Says}
}

// sightOf is what the control checks say of our own network.
func (h *house) sightOf() ways.Sight {
	b := h.board.Blindness(h.now())
	if b.On() {
		return ways.Sight{Blind: true, Says: fmt.Sprintf("%d of %d control checks fail", len(b.Failing), b.Controls)}
	}
	return ways.Sight{Passes: b.Controls - len(b.Failing)}
}

// unwayed is what the ways fail to tell, for the health.
func (h *house) unwayed(now time.Time) []string {
	var names []string
	for _, w := range h.cfg.Load().Ways {
		names = append(names, w.Name)
	}
	return h.ways.Warnings(names, now)
}

// examineWays looks whether each way's receiver is there; with send each tells a test
// message.
func examineWays(ctx context.Context, cfg *config.Config, send bool, now time.Time) (out []bot.Finding) {
	for _, w := range waysOf(cfg) {
		f := bot.Finding{About: "way " + w.Name, Grade: bot.Good}
		within, cancel := context.WithTimeout(ctx, w.Timeout)
		var err error
		if send {
			f.Says = "it took a test message"
			err = w.Sender.Send(within, ways.NewTest(w, cfg.Company, now))
		} else {
			f.Says, err = w.Sender.Examine(within)
		}
		if errors.Is(err, context.DeadlineExceeded) {
			err = fmt.Errorf("no answer within %s", w.Timeout)
		}
		cancel()
		if err != nil {
			f.Grade, f.Says, f.Cure = bot.Bad, err.Error(), "see docs/ways.md"
		}
		out = append(out, f)
	}
	return out
}
