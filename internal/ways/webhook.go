package ways

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/publish"
)

// Webhook posts JSON that is signed as Standard Webhooks 1.0 says
// (https://www.standardwebhooks.com): webhook-id is the same whenever the same is sent
// again, webhook-timestamp is when, and webhook-signature is one v1 signature for each key.
type Webhook struct {
	URL  string
	Keys [][]byte // of the signatures, the one that is used first; empty: it is not signed
}

var _ Sender = (*Webhook)(nil)

// secretPrefix begins a secret of Standard Webhooks; base64 of the key follows.
const secretPrefix = "whsec_"

// KeyOf is the key that a secret holds; an error without the secret when it holds none of
// 24 to 64 bytes.
func KeyOf(secret string) ([]byte, error) {
	rest, ok := strings.CutPrefix(secret, secretPrefix)
	key, err := base64.StdEncoding.DecodeString(rest)
	if !ok || err != nil || len(key) < 24 || len(key) > 64 {
		return nil, fmt.Errorf("is not %s with 24 to 64 bytes in base64 behind it", secretPrefix)
	}
	return key, nil
}

// Event is what a webhook and a command are given. Fields may be added, never renamed.
type Event struct {
	Type      string    `json:"type"` // "incident." and a Kind, or "test"
	Timestamp time.Time `json:"timestamp"`
	Data      EventData `json:"data"`
}

// EventData is what has happened.
type EventData struct {
	ID       string         `json:"id"` // the same whenever the same is sent again
	Way      string         `json:"way"`
	Company  string         `json:"company,omitempty"`
	Title    string         `json:"title"`
	Text     string         `json:"text"`     // plain, a line each
	Markdown string         `json:"markdown"` // a paragraph each
	Incident *EventIncident `json:"incident,omitempty"`
	Slack    *EventSlack    `json:"slack,omitempty"` // that Slack lacks it; missing: it has it, or the way does not wait for Slack
}

// EventIncident is the incident and its figures, as of an update.
type EventIncident struct {
	Key      string         `json:"key"` // the same for all of one incident
	ID       string         `json:"id"`
	Number   int            `json:"number"`
	Title    string         `json:"title,omitempty"`
	Severity string         `json:"severity,omitempty"`
	Began    time.Time      `json:"began"`
	Ended    bool           `json:"ended"`
	Update   int            `json:"update"` // its number
	AsOf     time.Time      `json:"as_of"`
	Hurt     []publish.Hurt `json:"hurt"`           // worst first
	More     int            `json:"more,omitempty"` // hurt products that are not named
}

// EventSlack is that Slack does not take updates.
type EventSlack struct {
	Since time.Time `json:"since"`
	Fault string    `json:"fault"` // slack, network, token, channel, rate or unclear
	Says  string    `json:"says"`
}

// eventOf is a notice as JSON is made of it.
func eventOf(n Notice) Event {
	e := Event{Type: "incident." + string(n.Kind), Timestamp: n.Now.UTC(), Data: EventData{ID: n.ID, Way: n.Way, Company: n.Company,
		Title: n.Title, Text: n.Says.Plain(), Markdown: n.Says.Markdown()}}
	if n.Kind == Test {
		e.Type = string(Test)
		return e
	}
	a := n.About
	hurt := a.Hurt
	if hurt == nil {
		hurt = []publish.Hurt{} // who reads it need not ask for null
	}
	e.Data.Incident = &EventIncident{Key: n.Thread, ID: a.Incident, Number: a.Number, Title: a.Title, Severity: a.Severity, Began: a.Began.UTC(), Ended: a.Ended,
		Update: n.N, AsOf: n.At.UTC(), Hurt: hurt, More: a.More}
	if n.Trouble.On() {
		e.Data.Slack = &EventSlack{Since: n.Trouble.Since.UTC(), Fault: string(n.Trouble.Fault), Says: n.Trouble.Why()}
	}
	return e
}

// Send posts a notice.
func (w *Webhook) Send(ctx context.Context, n Notice) error {
	body, err := json.Marshal(eventOf(n))
	if err != nil {
		return fmt.Errorf("encode a notice: %w", err) // unreachable: it is plain data
	}
	return post(ctx, w.URL, body, w.header(n.ID, time.Now(), body), nil)
}

// header signs a body.
func (w *Webhook) header(id string, now time.Time, body []byte) http.Header {
	id = "msg_" + id
	at := strconv.FormatInt(now.Unix(), 10)
	h := http.Header{}
	h.Set("Webhook-Id", id)
	h.Set("Webhook-Timestamp", at)
	var signatures []string
	for _, key := range w.Keys {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(id + "." + at + "."))
		mac.Write(body)
		signatures = append(signatures, "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	}
	if len(signatures) > 0 {
		h.Set("Webhook-Signature", strings.Join(signatures, " "))
	}
	return h
}

// Knows reports that two with one webhook-id are one.
func (w *Webhook) Knows() bool { return true }

// Examine connects.
func (w *Webhook) Examine(ctx context.Context) (string, error) { return reach(ctx, w.URL) }
