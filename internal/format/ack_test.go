package format

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/status"
)

var unixTime = regexp.MustCompile(`\^\d+\^`)

func TestLookedInto(t *testing.T) {
	now := time.Date(2026, 3, 2, 0, 15, 0, 0, time.UTC)
	at := func(min int) time.Time { return now.Add(time.Duration(min) * time.Minute) }
	v := view{clock: clockOf(now, nil)}
	for _, name := range []string{"Billing", "Search", "Mail", "Maps", "Tax"} {
		v.hurt = append(v.hurt, status.ProductStatus{Product: status.Product{ID: name, Name: name}})
	}
	names := map[string]string{"U1": "Ana", "U2": "Ben"}
	ana, ben := incident.Ack{By: "U1", At: at(-10)}, incident.Ack{By: "U2", At: at(-8)}
	all := map[string][]incident.Ack{"Billing": {ana}, "Search": {ana}, "Mail": {ana}, "Maps": {ana}, "Tax": {ana}}
	for _, c := range []struct {
		acks map[string][]incident.Ack
		want string
	}{
		{nil, ""},
		{all, "Looked into by Ana since <!date^0^{time}|00:05 UTC>."},
		{map[string][]incident.Ack{"Billing": {ana}}, "Looked into: Billing by Ana since <!date^0^{time}|00:05 UTC>."},
		{map[string][]incident.Ack{"Billing": {ana, ben}, "Wiki": {ana}}, "Looked into: Billing by Ana since <!date^0^{time}|00:05 UTC> and Ben since <!date^0^{time}|00:07 UTC>."},
		{map[string][]incident.Ack{"Billing": {ben}, "Search": {ana}, "Mail": {ana}, "Maps": {ana}, "Tax": {ana}}, "Looked into: Billing by Ben since <!date^0^{time}|00:07 UTC>, 4 by Ana since <!date^0^{time}|00:05 UTC>."},
	} {
		if c.acks != nil && c.want != "" {
			nobody := v.lookedInto(incident.Incident{Number: 1, Acks: c.acks})
			if strings.Contains(nobody, "U1") || strings.Contains(nobody, "U2") || !strings.Contains(nobody, "somebody") {
				t.Errorf("without names: %q", nobody)
			}
		}
		got := unixTime.ReplaceAllString(v.lookedInto(incident.Incident{Number: 1, Acks: c.acks, Names: names}), "^0^")
		if want := unixTime.ReplaceAllString(c.want, "^0^"); got != want {
			t.Errorf("got  %q\nwant %q", got, want)
		}
	}
}
