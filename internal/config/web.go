package config

import (
	"fmt"
	"net"
)

type rawWeb struct {
	Listen   string `mapstructure:"listen"`
	CertFile string `mapstructure:"cert_file"`
	KeyFile  string `mapstructure:"key_file"`

	Metrics          bool   `mapstructure:"metrics"`
	MetricsToken     string `mapstructure:"metrics_token"`
	MetricsTokenFile string `mapstructure:"metrics_token_file"`
}

func (s *settings) web() Web {
	raw := s.raw.Web
	if raw.Listen != "" && !isListen(raw.Listen) {
		s.note("web.listen", fmt.Sprintf("%q is not an address", clip(raw.Listen)), `write "127.0.0.1:8080"`)
	}
	s.certificate("web", raw.CertFile, raw.KeyFile)
	w := Web{Listen: raw.Listen, CertFile: s.path("web.cert_file", raw.CertFile), KeyFile: s.path("web.key_file", raw.KeyFile),
		Metrics: raw.Metrics, MetricsToken: s.token("web.metrics_token", raw.MetricsToken, raw.MetricsTokenFile)}
	s.warnOfMetrics(w)
	return w
}

// warnOfMetrics says what keeps metrics from being read, or lets everybody read them.
func (s *settings) warnOfMetrics(w Web) {
	host, _, _ := net.SplitHostPort(w.Listen)
	ip := net.ParseIP(host)
	switch {
	case !w.Metrics && !w.MetricsToken.IsZero():
		s.warn(s.decides("web.metrics_token"), "is given, and web.metrics is not on, so that there is nothing to ask for", "write web.metrics: true")
	case !w.Metrics:
	case w.Listen == "":
		s.warn("web.metrics", "is on, and web.listen is not set, so nobody can ask", `write web: {listen: "127.0.0.1:8080", metrics: true}`)
	case w.MetricsToken.IsZero() && host != "localhost" && (ip == nil || !ip.IsLoopback()):
		s.warn("web.metrics", "whoever reaches web.listen can read the names of all products and checks, and what they ask", "write web.metrics_token_file, and give Prometheus the same file")
	}
}

// certificate checks that a section gives both of cert_file and key_file.
func (s *settings) certificate(section, cert, key string) {
	certKey, keyKey := section+".cert_file", section+".key_file"
	switch {
	case cert != "" && key == "":
		s.note(certKey, "is given without "+keyKey, "give both, or neither for plain HTTP")
	case cert == "" && key != "":
		s.note(keyKey, "is given without "+certKey, "give both, or neither for plain HTTP")
	}
}

// warnOfUnheard names the first check whose reports nobody takes.
func (l *loading) warnOfUnheard(cfg *Config) {
	if cfg.Web.Listen != "" {
		return
	}
	for i, c := range cfg.Checks {
		if kind, ok := l.kinds.lookup(c.Kind); ok && kind.Passive {
			d := l.checks[i]
			l.warnings = append(l.warnings, d.doc.problem(d.item.at("kind"), join(d.item.path, "kind"),
				"reports come by HTTP, and web.listen is not set, so none can come", `write web: {listen: "127.0.0.1:8080"} in the main file`))
			return
		}
	}
}
