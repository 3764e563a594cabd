package config

import (
	"time"
)

type rawWatchdog struct {
	URL     string        `mapstructure:"url"`
	URLFile string        `mapstructure:"url_file"`
	Every   time.Duration `mapstructure:"every"`
}

// watchdog reads the address as a secret: who knows it can feign that all is
// well.
func (s *settings) watchdog() Watchdog {
	raw := s.raw.Watchdog
	w := Watchdog{URL: s.token("watchdog.url", raw.URL, raw.URLFile), Every: s.between("watchdog.every", raw.Every, 10*time.Second, time.Hour)}
	if w.URL.IsZero() {
		return w
	}
	if !isWebURL(w.URL.Reveal()) {
		s.note(s.decides("watchdog.url"), "is not an address that can be asked for", `write "https://hc-ping.com/..." as the service shows it`)
	}
	return w
}
