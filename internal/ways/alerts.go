package ways

import (
	"cmp"
	"context"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/format/text"
)

// Alertmanager posts an incident as one alert (API v2), under labels that stay the same
// for all of it, so that what Alertmanager groups, silences and routes by does not move.
// It is posted anew with each update, as Prometheus does: Alertmanager keeps alerts in
// memory alone.
type Alertmanager struct {
	URL    string            // without /api/v2
	Token  string            // of a proxy before it; empty: none is sent
	Labels map[string]string // besides its own
}

var _ Sender = (*Alertmanager)(nil)

// Names of the labels that an alert has by itself.
const (
	labelName     = "alertname"
	labelIncident = "incident"
	alertName     = "StatusbotIncident"
)

const (
	// firesFor is how long an alert stands without another update: statusbot that is gone
	// for longer knows nothing of it any more.
	firesFor = 4 * time.Hour
	testFor  = 2 * time.Minute
)

// alert is one of POST /api/v2/alerts.
type alert struct {
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
	Starts      time.Time         `json:"startsAt"`
	Ends        time.Time         `json:"endsAt"` // it is resolved from then on
	From        string            `json:"generatorURL,omitempty"`
}

// Send posts the alert, or that it is resolved.
func (a *Alertmanager) Send(ctx context.Context, n Notice) error {
	return postedTo(ctx, under(a.URL, "api/v2/alerts"), []alert{a.alertOf(n)}, bearer(a.Token))
}

func (a *Alertmanager) alertOf(n Notice) alert {
	one := alert{Labels: maps.Clone(a.Labels), Starts: n.About.Began.UTC(), Ends: n.Now.Add(firesFor).UTC(),
		Annotations: map[string]string{"summary": text.OneLine(n.Title, 1024), "description": n.Says.Plain()}}
	if one.Labels == nil {
		one.Labels = map[string]string{}
	}
	one.Labels[labelName], one.Labels[labelIncident] = cmp.Or(one.Labels[labelName], alertName), n.About.Incident
	if n.Company != "" && one.Labels["company"] == "" {
		one.Labels["company"] = n.Company
	}
	var names, ids []string
	for _, h := range n.About.Hurt {
		names, ids = append(names, h.Name), append(ids, h.Product)
	}
	if len(ids) > 0 {
		one.Annotations["products"], one.Annotations["product_ids"] = strings.Join(names, ", "), strings.Join(ids, ",")
		one.Annotations["level"] = n.About.Hurt[0].Level
	}
	switch n.Kind {
	case Ended, Back: // Back: Slack takes the updates again
		one.Ends = n.Now.UTC()
	case Test:
		one.Labels[labelIncident], one.Starts, one.Ends = "test", n.Now.UTC(), n.Now.Add(testFor).UTC()
	}
	if one.Starts.After(one.Ends) {
		one.Starts = one.Ends // it would be refused; the clock was set back
	}
	return one
}

// Knows reports that alerts with the same labels are one.
func (a *Alertmanager) Knows() bool { return true }

// Examine connects.
func (a *Alertmanager) Examine(ctx context.Context) (string, error) { return reach(ctx, a.URL) }

// Grafana keeps an incident as one annotation, a region from its beginning to its end,
// by POST and PATCH of /api/annotations. Which one it is says a tag, so that nothing has
// to be remembered between one update and the next.
type Grafana struct {
	URL       string // without /api
	Token     string // of a service account
	Dashboard string // uid; empty: on every dashboard that asks for the tags
	Panel     int    // of that dashboard; 0: all
	Tags      []string
}

var _ Sender = (*Grafana)(nil)

const grafanaTag = "statusbot"

// annotation is what Grafana is given and gives; times are in milliseconds.
type annotation struct {
	ID        int64    `json:"id,omitempty"`
	Dashboard string   `json:"dashboardUID,omitempty"`
	Panel     int      `json:"panelId,omitempty"`
	Time      int64    `json:"time,omitempty"`
	TimeEnd   int64    `json:"timeEnd,omitempty"`
	Tags      []string `json:"tags,omitempty"`
	Text      string   `json:"text,omitempty"`
}

// Send makes the region, lengthens it with each update, and has it end with the incident.
func (g *Grafana) Send(ctx context.Context, n Notice) error {
	address := under(g.URL, "api/annotations")
	began := n.About.Began
	if n.Kind == Test {
		began = n.Now
	}
	of := "statusbot:" + n.Thread[:min(len(n.Thread), 16)]
	region := annotation{Time: began.UnixMilli(), TimeEnd: max(n.Now.UnixMilli(), began.UnixMilli()+1), Text: n.Says.Plain()}
	var found []annotation
	query := url.Values{"tags": {of}, "type": {"annotation"}, "limit": {"1"},
		"from": {strconv.FormatInt(began.Add(-time.Hour).UnixMilli(), 10)}, "to": {strconv.FormatInt(n.Now.Add(time.Hour).UnixMilli(), 10)}}
	if err := gotten(ctx, address+"?"+query.Encode(), bearer(g.Token), &found); err != nil {
		return err
	}
	if len(found) > 0 && found[0].ID > 0 {
		return sentTo(ctx, http.MethodPatch, address+"/"+strconv.FormatInt(found[0].ID, 10), region, bearer(g.Token))
	}
	region.Dashboard, region.Panel = g.Dashboard, g.Panel
	region.Tags = append([]string{grafanaTag, of}, g.Tags...)
	if n.About.Incident != "" {
		region.Tags = append(region.Tags, n.About.Incident)
	}
	return postedTo(ctx, address, region, bearer(g.Token))
}

// Knows reports that an update that comes twice changes the same annotation.
func (g *Grafana) Knows() bool { return true }

// Examine looks for annotations, which tells whether the token is taken.
func (g *Grafana) Examine(ctx context.Context) (string, error) {
	var found []annotation
	if err := gotten(ctx, under(g.URL, "api/annotations")+"?limit=1&tags="+grafanaTag, bearer(g.Token), &found); err != nil {
		return "", err
	}
	return "it takes the token", nil
}

// bearer is the header of a token; nil without one.
func bearer(token string) http.Header {
	if token == "" {
		return nil
	}
	return http.Header{"Authorization": {"Bearer " + token}}
}

// under is a path below an address.
func under(address, path string) string {
	if full, err := url.JoinPath(address, path); err == nil {
		return full
	}
	return address // unreachable: config has read it
}
