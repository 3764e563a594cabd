package house

import (
	"context"
	"slices"
	"time"

	"github.com/statusbot/statusbot/internal/bot"
	"github.com/statusbot/statusbot/internal/config"
)

// transport is how what people do in Slack comes to us.
type transport interface {
	Run(ctx context.Context) error
	Live() int // 0 while nothing can come
}

// transport makes the one that the configuration asks for. What comes is
// delivered once it runs.
func (h *house) transport(deliver func(context.Context, bot.Envelope)) (transport, error) {
	back := func() { // Slack is there again
		h.back.tell()
		h.posting.nudge()
	}
	s := h.cfg.Load().Slack
	if s.Mode != config.ModeHTTP {
		s := &bot.Socket{Config: h.slack, Deliver: deliver, OnOpen: back, Log: h.log.Named("socket")}
		h.hearing.socket.Store(s)
		return s, nil
	}
	in, err := bot.ListenHTTP(bot.HTTPConfig{Listen: s.Listen, CertFile: s.CertFile, KeyFile: s.KeyFile, Secret: s.SigningSecret.Reveal(),
		Deliver: deliver, OnHeard: back, Log: h.log.Named("http"), Now: time.Now})
	if err != nil {
		return nil, InUse(err, s.Listen)
	}
	h.hearing.requests.Store(in)
	return in, nil
}

// accessTo makes the decision who may do what.
func (h *house) accessTo() *bot.Access {
	return &bot.Access{
		Policy: func() bot.Policy { return policyOf(h.cfg.Load().Access) },
		Home:   h.channels.home,
		People: &bot.People{API: h.api, Log: h.log.Named("people"), Now: time.Now},
		Log:    h.log.Named("access"),
	}
}

// policyOf is what the configuration says of who may do what.
func policyOf(a config.Access) bot.Policy {
	who := func(w config.Who) bot.Who { return bot.Who(w) }
	return bot.Policy{Read: who(a.Read), Write: who(a.Write), Respond: who(a.Respond), Guests: map[string]bot.GuestAccess{
		config.GuestsNothing: bot.GuestsNothing, config.GuestsSummary: bot.GuestsSummary,
		config.GuestsRead: bot.GuestsRead, config.GuestsEverything: bot.GuestsEverything,
	}[a.Guests]}
}

// Features are what a configuration wants of Slack, and those that are named
// besides.
func Features(cfg *config.Config, named ...string) []bot.Feature {
	if cfg.Updates.Mode == config.UpdatesThread {
		named = append(named, "pins")
	}
	if slices.ContainsFunc(cfg.OnCall, func(o config.OnCall) bool { return o.Group != "" }) {
		named = append(named, "groups")
	}
	return bot.FeaturesOf(policyOf(cfg.Access), named...)
}

// features are what the configuration as it is now wants of Slack.
func (h *house) features() []bot.Feature { return Features(h.cfg.Load()) }
