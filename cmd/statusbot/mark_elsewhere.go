package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/bot"
	"github.com/statusbot/statusbot/internal/house"
)

// markToken is the environment variable that holds the token, where no file does.
const markToken = "STATUSBOT_MARK_TOKEN"

// aServer is a statusbot that runs elsewhere, with a token that its configuration names under hooks.
type aServer struct{ url, token string }

const (
	toldWithin = 15 * time.Second // the server takes 5 s to be ready and 5 s to write it down
	toldMost   = 64 << 10         // bytes of its answer
)

// serverOf reads what the flags say.
func serverOf(w world, address, file string) (aServer, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		return aServer{}, usageError(fmt.Sprintf("--server is %q; write its address, such as https://status.example.com", address))
	}
	token, _ := w.env(markToken)
	if file != "" {
		text, err := os.ReadFile(file)
		if err != nil {
			return aServer{}, fmt.Errorf("read the token: %w", err)
		}
		token = string(text)
	}
	if token = strings.TrimSpace(token); token == "" {
		return aServer{}, usageError("name the token's file by --token-file, or set " + markToken + "; it stands under hooks in the server's configuration (docs/marks.md)")
	}
	return aServer{url: strings.TrimRight(address, "/"), token: token}, nil
}

// tell sends a mark. Times are those of this machine.
func (s aServer) tell(ctx context.Context, m house.ToMark, now time.Time) (house.NowMarked, error) {
	done := house.NowMarked{Text: m.Text, At: now, Products: m.Products}
	if at, text := bot.WhenDone(m.Text, now, time.Local); m.At == "" && !at.IsZero() {
		done.At, done.Text = at, text
	} else if m.At != "" {
		at, ok := bot.When(m.At, now, time.Local)
		if !ok {
			return done, usageError(fmt.Sprintf("%q is no time that was; write 20:44, 10m for ten minutes ago, or 2026-03-02T20:44:00Z", m.At))
		}
		done.At = at
	}
	body, err := json.Marshal(map[string]any{"text": done.Text, "at": done.At.Format(time.RFC3339), "products": append([]string{}, m.Products...), "note": m.Note})
	if err != nil {
		return done, fmt.Errorf("write the mark: %w", err) // unreachable: all are texts
	}
	ctx, cancel := context.WithTimeout(ctx, toldWithin)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+"/api/v1/marks", bytes.NewReader(body))
	if err != nil {
		return done, fmt.Errorf("tell %s: %w", s.url, err)
	}
	r.Header.Set("Authorization", "Bearer "+s.token)
	r.Header.Set("Content-Type", "application/json")
	// A redirect would be followed as a GET, which says nothing.
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(r)
	if err != nil {
		return done, fmt.Errorf("%s does not answer: %w", s.url, errors.Unwrap(err))
	}
	defer resp.Body.Close()
	said, err := io.ReadAll(io.LimitReader(resp.Body, toldMost))
	if err != nil {
		return done, fmt.Errorf("read what %s says: %w", s.url, err)
	}
	if resp.StatusCode/100 != 2 {
		return done, s.refused(resp, said)
	}
	done.Sentence = fmt.Sprintf("Written down at %s: %s, “%s”.", s.url, done.At.Local().Format("15:04"), done.Text)
	return done, nil
}

// refused is what a server says that takes no mark.
func (s aServer) refused(resp *http.Response, said []byte) error {
	var problem struct{ Detail, Next string }
	if err := json.Unmarshal(said, &problem); err != nil || problem.Detail == "" {
		return fmt.Errorf("%s answers HTTP %s; is that the address of statusbot's page?", s.url, resp.Status)
	}
	return fmt.Errorf("%s: %s; %s", s.url, problem.Detail, problem.Next)
}
