package house

import (
	"context"
	"fmt"
	"slices"
	"time"

	"go.uber.org/zap"

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
		if p := h.poster.Load(); p != nil {
			p.Nudge()
		}
	}
	s := h.cfg.Load().Slack
	if s.Mode != config.ModeHTTP {
		s := &bot.Socket{Config: h.slack, Deliver: deliver, OnOpen: back, Log: h.log.Named("socket")}
		h.socket.Store(s)
		return s, nil
	}
	in, err := bot.ListenHTTP(bot.HTTPConfig{Listen: s.Listen, CertFile: s.CertFile, KeyFile: s.KeyFile, Secret: s.SigningSecret.Reveal(),
		Deliver: deliver, OnHeard: back, Log: h.log.Named("http"), Now: time.Now})
	if err != nil {
		return nil, InUse(err, s.Listen)
	}
	h.requests.Store(in)
	return in, nil
}

// accessTo makes the decision who may do what.
func (h *house) accessTo() *bot.Access {
	return &bot.Access{
		Policy: func() bot.Policy { return policyOf(h.cfg.Load().Access) },
		Home:   h.channel,
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

// sayFeatures says in the log, once, what the app may not do in Slack. Without
// what it is of no use for, that is an error.
func (h *house) sayFeatures() error {
	scopes, known := h.api.Scopes()
	if !known {
		return nil
	}
	missing := bot.MissingFeatures(Features(h.cfg.Load()), scopes)
	for _, f := range missing {
		if f.Needed {
			return fmt.Errorf("the Slack app lacks the scope %s, %s; add it under OAuth & Permissions > Scopes and install the app again", f.Lacks(scopes)[0], f.Why)
		}
	}
	for _, f := range missing {
		h.log.Warn("a feature is off: the Slack app lacks scopes", zap.String("feature", f.Name), zap.Strings("scopes", f.Lacks(scopes)),
			zap.String("so", f.Without), zap.String("cure", scopeCure))
	}
	return nil
}

// scopeCure is what to do about a missing scope.
const scopeCure = "add them under OAuth & Permissions > Scopes and install the app again, or paste what `statusbot manifest` prints"
