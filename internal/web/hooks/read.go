package hooks

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/checks/probe"
)

// told is what a delivery tells.
type told struct {
	list []one
	why  string // why it, or a part of it, tells nothing; empty where all is told
}

// one is one thing that is told.
type one struct {
	text       string
	key        string // by what is told, not by the delivery: a signature covers no delivery's number
	at         time.Time
	change     bool // it was done, and its effect is to be measured
	lasting    bool // it may have begun long ago, and is then no mistake of the sender's
	loose      bool // what it calls a product may be none
	products   []string
	components []string
}

func ignored(format string, args ...any) told { return told{why: fmt.Sprintf(format, args...)} }
func changed(text, key string, at time.Time) told {
	return told{list: []one{{text: text, key: key, at: at, change: true}}}
}

func noted(text, key string, at time.Time) told {
	return told{list: []one{{text: text, key: key, at: at}}}
}

// errNoJSON names no reason: that of the decoder quotes the body.
var errNoJSON = errors.New("the body is not the JSON that this hook takes")

// read reads the body of a source; the error is a sentence for its sender.
func read(s Source, r *http.Request, body []byte) (told, error) {
	if s.Kind == GitHub && strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		return told{}, errors.New("the body is a form; choose the content type application/json in the webhook's settings")
	}
	switch s.Kind {
	case GitHub:
		return readGitHub(s, r.Header.Get("X-GitHub-Event"), body)
	case GitLab:
		return readGitLab(s, body)
	case ArgoCD:
		return readArgoCD(body)
	case Alertmanager, Grafana:
		return readAlerts(body)
	}
	return readMark(r, body)
}

// mark is the body of POST /api/v1/marks.
type mark struct {
	Text       string   `json:"text"`
	At         string   `json:"at"`
	Product    string   `json:"product"`
	Products   []string `json:"products"`
	Component  string   `json:"component"`
	Components []string `json:"components"`
	Key        string   `json:"key"`
	Note       bool     `json:"note"`
}

// readMark reads a mark of anybody's script. What it does not know it refuses: a
// misspelt "product" would be a mark of everything.
func readMark(r *http.Request, body []byte) (told, error) {
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	var m mark
	if err := d.Decode(&m); err != nil || d.More() {
		return told{}, errors.New(`the body is not {"text": "restarted lb-3"}; it may have at (RFC 3339), product or products, component or components, key, and note: true`)
	}
	if key := probe.Twice(body, m); key != "" {
		return told{}, fmt.Errorf("%s stands twice; send it once", probe.Quoted(key))
	}
	t := one{text: m.Text, key: cmp.Or(m.Key, r.Header.Get("Idempotency-Key")), change: !m.Note, products: m.Products, components: m.Components}
	if m.Product != "" {
		t.products = append(slices.Clone(m.Products), m.Product)
	}
	if m.Component != "" {
		t.components = append(slices.Clone(m.Components), m.Component)
	}
	if m.At != "" {
		var err error
		if t.at, err = time.Parse(time.RFC3339, m.At); err != nil {
			return told{}, errors.New("at is not a time of RFC 3339, such as 2026-12-05T22:00:00Z")
		}
	}
	return told{list: []one{t}}, nil
}

// argo is the body that docs/marks.md gives for the notifications of Argo CD.
type argo struct {
	App      string `json:"app"`
	Project  string `json:"project"`
	Revision string `json:"revision"`
	Phase    string `json:"phase"`  // Running, Succeeded, Failed or Error
	Health   string `json:"health"` // Healthy, Degraded, ...
	At       string `json:"at"`     // when the sync began or ended
	Message  string `json:"message"`
}

func readArgoCD(body []byte) (told, error) {
	var a argo
	if json.Unmarshal(body, &a) != nil {
		return told{}, errNoJSON
	}
	if a.App == "" || a.Phase == "" && a.Health == "" {
		return told{}, errors.New("the body has no app, or neither phase nor health; docs/marks.md has the template")
	}
	at, key := timeOf(a.At), strings.Join([]string{"argocd", a.Project, a.App, a.Revision, a.Phase, a.At}, "\n")
	what := strings.TrimSpace(clipped(a.App) + " " + short(a.Revision))
	switch a.Phase {
	case "Succeeded":
		if a.Health == "Degraded" {
			return noted(what+" is degraded", key+"\n"+a.Health, time.Time{}), nil
		}
		return changed("synced "+what, key, at), nil
	case "Failed", "Error":
		return changed(because("sync of "+what+" failed", a.Message), key, at), nil
	case "Running":
		return noted("sync of "+what+" begins", key, at), nil
	case "":
		return noted(what+" is "+strings.ToLower(clipped(a.Health)), key+"\n"+a.Health, at), nil
	}
	return ignored("a phase %q is not told", clip(a.Phase)), nil
}

// layouts are how senders write times.
var layouts = []string{time.RFC3339, "2006-01-02 15:04:05 -0700", "2006-01-02 15:04:05 MST"}

// timeOf reads a time; zero where there is none that can be read, which is now.
func timeOf(s string) time.Time {
	for _, layout := range layouts {
		if t, err := time.Parse(layout, s); err == nil && t.Year() > 1 {
			return t
		}
	}
	return time.Time{}
}

// counts reports whether deploys to an environment are told. Sure is that its sender
// says that it is production.
func (s Source) counts(environment string, sure bool) bool {
	if len(s.Environments) > 0 {
		return slices.ContainsFunc(s.Environments, func(e string) bool { return e == "*" || strings.EqualFold(e, environment) })
	}
	first := strings.FieldsFunc(strings.ToLower(environment), func(c rune) bool { return (c < 'a' || c > 'z') && (c < '0' || c > '9') })
	return sure || len(first) > 0 && slices.Contains([]string{"production", "prod", "live"}, first[0])
}

// short is a revision as people write it.
func short(revision string) string {
	if len(revision) >= 40 && strings.Trim(revision, "0123456789abcdef") == "" {
		return revision[:7]
	}
	return clipped(revision)
}

// at writes a branch or tag with its revision.
func at(ref, sha string) string {
	if s := short(sha); s != "" && s != ref {
		return strings.Trim(clipped(ref)+"@"+s, "@")
	}
	return clipped(ref)
}

// clipped is one name of a text, which has several.
func clipped(s string) string {
	const most = 120
	if len(s) > most {
		return strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}

// because adds a reason. It is cut where secrets can be told still: those are taken out
// of it later, and it is kept shorter.
func because(what, why string) string {
	const most = 4 << 10
	if why = strings.TrimSpace(why); why == "" {
		return what
	}
	if len(why) > most {
		why = strings.ToValidUTF8(why[:most], "") + "…"
	}
	return what + ": " + why
}
