package house

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/statusbot/statusbot/internal/agent"
	"github.com/statusbot/statusbot/internal/bot"
	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/config"
	"github.com/statusbot/statusbot/internal/journal"
	"github.com/statusbot/statusbot/internal/web"
	"github.com/statusbot/statusbot/internal/web/api"
)

const (
	agentsShelf = "agents"
	agentsKey   = "book"
	agentsBound = 2 * time.Second // for a read or a write of the book
	gateRetry   = 5 * time.Second
	storeWithin = 5 * time.Second // for a batch of results
	// gatherFor is how long results of an agent wait for those of others: each batch
	// costs an append, a delivery and a wake of the board, whatever it holds.
	gatherFor = 100 * time.Millisecond
)

// agentsBook is the journal as the agents' book.
type agentsBook struct{ journal func() *journal.Journal }

var _ agent.Book = agentsBook{}

func (b agentsBook) Read(ctx context.Context) ([]byte, uint64, error) {
	ctx, cancel := context.WithTimeout(ctx, agentsBound)
	defer cancel()
	kept, err := b.journal().Kept(ctx, agentsShelf, agentsKey)
	if errors.Is(err, journal.ErrNotFound) {
		return nil, 0, nil
	}
	return kept.Body, kept.Rev, err
}

func (b agentsBook) Write(ctx context.Context, data []byte, rev uint64) error {
	ctx, cancel := context.WithTimeout(ctx, agentsBound)
	defer cancel()
	_, err := b.journal().Keep(ctx, agentsShelf, agentsKey, data, rev)
	if errors.Is(err, journal.ErrConflict) {
		return fmt.Errorf("%w: %w", agent.ErrStale, err)
	}
	return err
}

// newDesk is the desk of this process. Batches of several agents go together. The
// journal is open before anybody asks.
func (h *house) newDesk() *agent.Desk {
	in := &intake{wait: gatherFor, store: func(data []byte) error {
		ctx, cancel := context.WithTimeout(context.Background(), storeWithin)
		defer cancel()
		return h.storeResults(ctx, data)
	}}
	return agent.NewDesk(agent.DeskConfig{Book: agentsBook{func() *journal.Journal { return h.journal }}, Store: in.put, Log: h.log.Named("agents")})
}

// fromHere returns those of the checks that are probed from where we are; the list
// itself when all are.
func fromHere(list []checks.Check) []checks.Check {
	away := func(c checks.Check) bool { return !c.FromHere() }
	if !slices.ContainsFunc(list, away) {
		return list
	}
	return slices.DeleteFunc(slices.Clone(list), away)
}

// knownCertificate is the one that the configuration names; nil without one.
func knownCertificate(cfg config.Agents) (*tls.Certificate, error) {
	if cfg.CertFile == "" {
		return nil, nil //nolint:nilnil // there is none, and that is no mistake
	}
	cert, err := tls.LoadX509KeyPair(cfg.CertFile, cfg.KeyFile)
	if err != nil {
		return nil, fmt.Errorf("agents.cert_file: %w", err)
	}
	return &cert, nil
}

// letAgentsIn has the gate open while this process leads. What keeps it shut is said,
// and tried again: what is probed from here goes on.
func (h *house) letAgentsIn(ctx context.Context) {
	cfg := h.cfg.Load().Agents
	if cfg.Listen == "" {
		return
	}
	defer h.gateShut.Store(nil)
	for ctx.Err() == nil {
		known, err := knownCertificate(cfg)
		if err == nil {
			err = h.desk.Serve(ctx, agent.Gate{Listen: cfg.Listen, Known: known, Opened: h.gateOpened})
		}
		if err == nil || ctx.Err() != nil {
			return
		}
		why := "agents cannot come in: " + err.Error()
		h.gateShut.Store(&why)
		h.log.Error(why)
		idle(ctx, gateRetry)
	}
}

// unmanned are the vantages from which nothing is measured.
func (h *house) unmanned() (out []string) {
	if why := h.gateShut.Load(); why != nil {
		out = append(out, *why)
	}
	silent := h.desk.Silent()
	for _, v := range slices.Sorted(maps.Keys(silent)) {
		out = append(out, silentVantage(v, silent[v]))
	}
	return out
}

func silentVantage(name string, n int) string {
	what := fmt.Sprintf("%d checks are", n)
	if n == 1 {
		what = "1 check is"
	}
	return fmt.Sprintf("no agent of the vantage %s is there: %s not measured from there", name, what)
}

func (h *house) agentsHealth(now time.Time) (out []web.AgentHealth) {
	for _, s := range h.desk.States() {
		a := web.AgentHealth{ID: s.ID, Vantage: s.Vantage, Alive: s.Alive, Version: s.Version, Checks: s.Checks, Refused: s.Refused, Kept: s.Kept, Dropped: s.Dropped}
		if !s.Seen.IsZero() {
			ago := seconds(now.Sub(s.Seen))
			a.SeenS = &ago
		}
		out = append(out, a)
	}
	return out
}

// AgentsState is how the agents are, as one statusbot sees them.
type AgentsState struct {
	Listen string // where they come in; empty: nowhere
	Open   bool   // this statusbot leads, and they come in here
	Shut   string // why they cannot, although it leads
	Agents []agent.State
	Silent map[string]int // :: vantage without an agent -> checks that are not measured from there
}

// agentDoors are what the door does for agents.
func (h *house) agentDoors(mux *http.ServeMux) {
	mux.HandleFunc("GET /agents", func(w http.ResponseWriter, r *http.Request) {
		s := AgentsState{Listen: h.cfg.Load().Agents.Listen, Silent: h.desk.Silent()}
		if why := h.gateShut.Load(); why != nil {
			s.Shut = *why
		}
		var err error
		if s.Agents, s.Open, err = h.desk.Look(r.Context()); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		_ = json.NewEncoder(w).Encode(s) // the reader is gone
	})
	mux.HandleFunc("POST /agents/tokens", func(w http.ResponseWriter, r *http.Request) {
		token, err := h.newToken(r.Context(), r.FormValue("vantage"))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		_, _ = io.WriteString(w, token)
	})
	mux.HandleFunc("DELETE /agents/{id}", func(w http.ResponseWriter, r *http.Request) {
		switch found, err := h.desk.Remove(r.Context(), r.PathValue("id")); {
		case err != nil:
			http.Error(w, err.Error(), http.StatusInternalServerError)
		case !found:
			http.Error(w, "there is no agent of that id", http.StatusNotFound)
		}
	})
}

// newToken is a token for an agent of a vantage.
func (h *house) newToken(ctx context.Context, vantage string) (string, error) {
	cfg := h.cfg.Load().Agents
	if cfg.Listen == "" {
		return "", errors.New("agents.listen is not set, so no agent could come in")
	}
	known, err := knownCertificate(cfg)
	if err != nil {
		return "", err
	}
	return h.desk.NewToken(ctx, vantage, known)
}

// AgentsBeside asks the statusbot that holds a data directory how the agents are;
// ErrNoDoor (wrapped) when nobody answers.
func AgentsBeside(ctx context.Context, dir string) (s AgentsState, err error) {
	body, err := askDoor(ctx, dir, "/agents")
	if err != nil {
		return s, err
	}
	defer body.Close()
	if err := json.NewDecoder(body).Decode(&s); err != nil {
		return s, fmt.Errorf("read how the agents are: %w", err)
	}
	return s, nil
}

// TokenBeside has it make a token for an agent of a vantage.
func TokenBeside(ctx context.Context, dir, vantage string) (string, error) {
	body, err := knock(ctx, dir, http.MethodPost, "/agents/tokens?vantage="+url.QueryEscape(vantage))
	if err != nil {
		return "", err
	}
	defer body.Close()
	data, err := io.ReadAll(body)
	return string(data), err
}

// RemoveBeside has it let an agent in no more; publish.ErrNotFound (wrapped) when there is
// none of that id.
func RemoveBeside(ctx context.Context, dir, id string) error {
	body, err := knock(ctx, dir, http.MethodDelete, "/agents/"+api.Segment(id))
	if err != nil {
		return err
	}
	return body.Close()
}

// examineAgents looks whether agents can come in.
func examineAgents(ctx context.Context, cfg *config.Config) []bot.Finding {
	if cfg.Agents.Listen == "" {
		return nil
	}
	f := bot.Finding{About: "agents", Grade: bot.Bad}
	if _, err := knownCertificate(cfg.Agents); err != nil {
		f.Says, f.Cure = err.Error(), "name a certificate and its key in PEM, or leave both out"
		return []bot.Finding{f}
	}
	s, err := AgentsBeside(ctx, cfg.DataDir)
	if err != nil {
		return []bot.Finding{examineListen("agents", "agents.listen", cfg.Agents.Listen)}
	}
	alive := 0
	for _, a := range s.Agents {
		if a.Alive {
			alive++
		}
	}
	f.Grade, f.Says = bot.Good, fmt.Sprintf("%d of %d that are enrolled are there", alive, len(s.Agents))
	switch {
	case s.Shut != "":
		f.Grade, f.Says, f.Cure = bot.Bad, s.Shut, "choose another address with agents.listen, or make it free"
	case !s.Open:
		f.Says = fmt.Sprintf("%d are enrolled; the statusbot that leads knows how they are", len(s.Agents))
	}
	out := []bot.Finding{f}
	for _, v := range slices.Sorted(maps.Keys(s.Silent)) {
		out = append(out, bot.Finding{About: "vantage " + v, Grade: bot.Odd, Says: silentVantage(v, s.Silent[v]), Cure: "start its agents, or look why they do not reach " + s.Listen})
	}
	return out
}

// gateOpened says where agents come in.
func (h *house) gateOpened(at net.Addr) {
	h.gateShut.Store(nil)
	h.log.Info("agents come in", zap.Stringer("address", at))
}
