package web

import (
	"net/http"

	"github.com/statusbot/statusbot/internal/serve"
)

// Health is how statusbot is. Keys may be added, none is renamed.
type Health struct {
	OK       bool     `json:"ok"`                 // nothing is in Blind
	Blind    []string `json:"blind,omitempty"`    // why statusbot does not see, or is not heard
	Warnings []string `json:"warnings,omitempty"` // what is wrong without making it blind
	Leader   bool     `json:"leader"`             // this process schedules, decides and posts
	UptimeS  float64  `json:"uptime_s"`

	Journal JournalHealth `json:"journal"`
	Slack   SlackHealth   `json:"slack"`
	Runner  RunnerHealth  `json:"runner"`
	Results ResultsHealth `json:"results"`
	Process ProcessHealth `json:"process"`
	Agents  []AgentHealth `json:"agents,omitempty"` // that were let in; the process that leads knows how they are
}

// AgentHealth is how an agent on another network is.
type AgentHealth struct {
	ID      string   `json:"id"`
	Vantage string   `json:"vantage"`
	Alive   bool     `json:"alive"`
	SeenS   *float64 `json:"seen_s,omitempty"` // since its last sign of life; missing before the first
	Version string   `json:"version,omitempty"`
	Checks  int      `json:"checks"`
	Refused int      `json:"refused,omitempty"` // of them, that it does not run
	Kept    int      `json:"kept"`              // results that wait to be sent
	Dropped uint64   `json:"dropped,omitempty"` // of those, that there was no room for
}

// ProcessHealth is what this process holds.
type ProcessHealth struct {
	Goroutines int `json:"goroutines"` // steady unless more is probed at once
}

// JournalHealth is how the journal answers.
type JournalHealth struct {
	OK     bool    `json:"ok"`
	ReadMS float64 `json:"read_ms"` // of one read, just now
}

// SlackHealth is how Slack is reached.
type SlackHealth struct {
	Transport string   `json:"transport"`         // "socket" or "http"
	Sockets   int      `json:"sockets"`           // open, of two; 0 over HTTP
	DeafS     float64  `json:"deaf_s"`            // since the last one was open; 0 while one is, and over HTTP
	HeardS    *float64 `json:"heard_s,omitempty"` // over HTTP: since Slack's last request; missing before the first
}

// RunnerHealth is what this process probed since it began.
type RunnerHealth struct {
	Started     uint64  `json:"started"`
	Finished    uint64  `json:"finished"`
	Late        uint64  `json:"late"`    // starts more than 50 ms after their time
	Skipped     uint64  `json:"skipped"` // starts left out
	Dropped     uint64  `json:"dropped"` // results the journal was too slow for
	Running     int     `json:"running"`
	JitterP99MS float64 `json:"jitter_p99_ms"`

	LastMinute RunnerMinute `json:"last_minute"`
}

// RunnerMinute is what came of the probes of the last minute.
type RunnerMinute struct {
	Due     int `json:"due"`
	Late    int `json:"late"`    // of those that were made
	Skipped int `json:"skipped"` // not made
	Dropped int `json:"dropped"` // results that the journal was too slow for
}

// ResultsHealth is what came out of the journal, whoever probed.
type ResultsHealth struct {
	Applied uint64   `json:"applied"`
	AgeS    *float64 `json:"age_s"` // of the newest; null before the first
}

// live answers a supervisor that starts the process anew when no answer comes:
// for Slack's or a quorum's absence that would be the wrong cure.
func (s *Server) live(w http.ResponseWriter, _ *http.Request) {
	if s.cfg.Alive != nil {
		s.cfg.Alive()
	}
	serve.Answer(w, http.StatusOK, struct {
		OK bool `json:"ok"`
	}{true})
}

// caughtUp answers who sends requests only to those that have caught up.
func (s *Server) caughtUp(w http.ResponseWriter, _ *http.Request) {
	var waits string
	if s.cfg.Waits != nil {
		waits = s.cfg.Waits()
	}
	status := http.StatusOK
	if waits != "" {
		status = http.StatusServiceUnavailable
	}
	serve.Answer(w, status, struct {
		OK    bool   `json:"ok"`
		Waits string `json:"waits,omitempty"`
	}{waits == "", waits})
}

func (s *Server) health(w http.ResponseWriter, _ *http.Request) {
	h := s.cfg.Health()
	h.OK = len(h.Blind) == 0
	status := http.StatusOK
	if !h.OK {
		status = http.StatusServiceUnavailable
	}
	serve.Answer(w, status, h)
}
