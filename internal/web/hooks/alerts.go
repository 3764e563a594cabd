package hooks

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
)

// alerts is what Alertmanager sends in version 4 of its webhook, and Grafana in its
// own, which has more beside it (prometheus.io, Alertmanager configuration,
// webhook_config; grafana.com, Configure webhook notifications).
type alerts struct {
	GroupKey string  `json:"groupKey"`
	Status   string  `json:"status"`
	Alerts   []alert `json:"alerts"`
	Dropped  int     `json:"truncatedAlerts"`
}

type alert struct {
	Status      string            `json:"status"` // firing or resolved
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
	StartsAt    string            `json:"startsAt"`
	EndsAt      string            `json:"endsAt"`
	Fingerprint string            `json:"fingerprint"`
}

// mostAlerts are told one by one of a delivery; the others are counted.
const mostAlerts = 5

// productLabels are labels and annotations that name a product.
var productLabels = []string{"statusbot_product", "product"}

func readAlerts(body []byte) (told, error) {
	var a alerts
	if json.Unmarshal(body, &a) != nil {
		return told{}, errNoJSON
	}
	if len(a.Alerts) == 0 {
		return told{}, errors.New("the body has no alerts")
	}
	var out told
	for _, one := range a.Alerts[:min(len(a.Alerts), mostAlerts)] {
		t, ok := one.told()
		if !ok {
			out.why = "an alert that neither fires nor is resolved is not told"
			continue
		}
		out.list = append(out.list, t)
	}
	if more := len(a.Alerts) - mostAlerts + a.Dropped; more > 0 && len(a.Alerts) >= mostAlerts {
		last := a.Alerts[len(a.Alerts)-1]
		if t, ok := last.told(); ok {
			t.text, t.key = fmt.Sprintf("%d more alerts of the group, such as %s", more, t.text), fmt.Sprintf("group\n%s\n%d\n%s", a.GroupKey, more, t.key)
			out.list = append(out.list, t)
		}
	}
	return out, nil
}

// told is what an alert tells: that it fires, as of when it began, or that it is over.
func (a alert) told() (one, bool) {
	name := cmp.Or(a.Labels["alertname"], "without a name")
	t := one{key: fmt.Sprintf("alert\n%s\n%s\n%s", cmp.Or(a.Fingerprint, fmt.Sprint(a.Labels)), a.Status, a.StartsAt), lasting: true, loose: true}
	for _, label := range productLabels {
		if p := cmp.Or(a.Labels[label], a.Annotations[label]); p != "" {
			t.products = []string{p}
			break
		}
	}
	says := cmp.Or(a.Annotations["summary"], a.Annotations["description"], a.Annotations["message"])
	switch a.Status {
	case "firing":
		t.text, t.at = because("alert "+clipped(name)+" fires", says), timeOf(a.StartsAt)
	case "resolved":
		t.text, t.at = "alert "+clipped(name)+" is resolved", timeOf(a.EndsAt)
	default:
		return one{}, false
	}
	return t, true
}
