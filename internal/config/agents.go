package config

import (
	"fmt"
	"slices"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/probe"
	"github.com/statusbot/statusbot/internal/lazy"
)

type rawAgents struct {
	Listen   string `mapstructure:"listen"`
	CertFile string `mapstructure:"cert_file"`
	KeyFile  string `mapstructure:"key_file"`
}

func (s *settings) agents() Agents {
	raw := s.raw.Agents
	if raw.Listen != "" && !isListen(raw.Listen) {
		s.note("agents.listen", fmt.Sprintf("%q is not an address", clip(raw.Listen)), `write "0.0.0.0:4223"`)
	}
	switch {
	case raw.CertFile != "" && raw.KeyFile == "":
		s.note("agents.cert_file", "is given without agents.key_file", "give both, or neither for a certificate of statusbot's own making")
	case raw.CertFile == "" && raw.KeyFile != "":
		s.note("agents.key_file", "is given without agents.cert_file", "give both, or neither for a certificate of statusbot's own making")
	}
	return Agents{Listen: raw.Listen, CertFile: s.path("agents.cert_file", raw.CertFile), KeyFile: s.path("agents.key_file", raw.KeyFile)}
}

// vantageName is what agents come in by as well: it stands in their subjects.
var vantageName = lazy.Compile(`^[a-z0-9][a-z0-9_-]{0,31}$`)

// vantages returns the places that a check is probed from.
func (l *loading) vantages(d declared[rawCheck]) []string {
	for i, v := range d.raw.Vantages {
		switch {
		case !vantageName.MatchString(v):
			l.note(d.item, "vantages", fmt.Sprintf("%q is not the name of a vantage", clip(v)), `write up to 32 of a-z, 0-9, "-" and "_", the first a letter or a digit`)
		case slices.Contains(d.raw.Vantages[:i], v):
			l.note(d.item, "vantages", fmt.Sprintf("%q is listed twice", v), "remove one")
		default:
			continue
		}
		return nil
	}
	if d.raw.Control && len(d.raw.Vantages) > 0 {
		l.note(d.item, "vantages", "does not go with control: true, which is about where statusbot runs", "remove it")
		return nil
	}
	if len(d.raw.Vantages) == 1 && d.raw.Vantages[0] == checks.Here {
		return nil // as if it were not written
	}
	return d.raw.Vantages
}

// elsewhere notes what agents cannot do.
func (l *loading) elsewhere(it *item, kind probe.Kind, c *checks.Check) {
	if len(c.Vantages) == 0 {
		return
	}
	if why := probe.NotElsewhere(kind, c.Options); why != "" {
		l.note(it, "vantages", "does not go with this check: it "+why, "remove it, or make another check of that")
	}
}

// warnOfUnreached names the first check whose agents have no way in.
func (l *loading) warnOfUnreached(cfg *Config) {
	if cfg.Agents.Listen != "" {
		return
	}
	for i, c := range cfg.Checks {
		if len(c.Vantages) > 0 {
			d := l.checks[i]
			l.warnings = append(l.warnings, d.doc.problem(d.item.at("vantages"), join(d.item.path, "vantages"),
				"agents come in at agents.listen, which is not set, so nothing is measured there", `write agents: {listen: "0.0.0.0:4223"} in the main file`))
			return
		}
	}
}
