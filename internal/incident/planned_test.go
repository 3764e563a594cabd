package incident

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// TestPlanning: what the configuration plans becomes a Mute when it begins, once,
// and what people say of it counts.
func TestPlanning(t *testing.T) {
	start := time.Date(2027, 1, 9, 22, 0, 0, 0, time.UTC)
	at := func(minute int) time.Time { return start.Add(time.Duration(minute) * time.Minute) }
	plan := Muting{Product: "billing", From: at(0), Until: at(120), Why: "patches"}
	longer := plan
	longer.Until = at(180)
	mute := func(minute, until int) Event {
		return Event{Incident: DeskID, At: at(minute), Kind: Mute, By: "U1", Product: "billing", Until: at(until), Why: "mine"}
	}
	unmute := func(minute int) Event {
		return Event{Incident: DeskID, At: at(minute), Kind: Unmute, By: "U1", Product: "billing"}
	}
	for name, tt := range map[string]struct {
		said []Event
		plan map[int]Muting // :: from which minute -> what is planned
		want []string       // minute, what, until which minute
	}{
		"it begins and ends by itself": {nil, map[int]Muting{-10: plan}, []string{"0 mute 120"}},
		"statusbot was away":           {nil, map[int]Muting{30: plan}, []string{"30 mute 120"}},
		"it is made longer":            {nil, map[int]Muting{-10: plan, 60: longer}, []string{"0 mute 120", "60 unmute", "60 mute 180"}},
		"it is taken out":              {nil, map[int]Muting{-10: plan, 60: {}}, []string{"0 mute 120", "60 unmute"}},
		"this time is taken back":      {[]Event{{Incident: DeskID, At: at(-5), Kind: Skipped, By: "U1", Product: "billing", Begins: at(0)}}, map[int]Muting{-10: plan}, nil},
		"another time is":              {[]Event{{Incident: DeskID, At: at(-5), Kind: Skipped, By: "U1", Product: "billing", Begins: at(10)}}, map[int]Muting{-10: plan}, []string{"0 mute 120"}},
		"somebody ends it":             {[]Event{unmute(40)}, map[int]Muting{-10: plan}, []string{"0 mute 120"}},
		"somebody muted it longer":     {[]Event{mute(-5, 200)}, map[int]Muting{-10: plan}, nil},
		"somebody mutes it meanwhile":  {[]Event{mute(30, 45)}, map[int]Muting{-10: plan}, []string{"0 mute 120", "45 mute 120"}},
		"somebody's ended before it":   {[]Event{mute(-9, 60), unmute(-5)}, map[int]Muting{-10: plan}, []string{"0 mute 120"}},
	} {
		var d Desk
		var got []string
		var now Muting
		for minute := -10; minute < 240; minute++ {
			for _, e := range tt.said {
				if e.At.Equal(at(minute)) {
					d = FoldDesk(d, e)
				}
			}
			if p, ok := tt.plan[minute]; ok {
				now = p
			}
			var planned []Muting
			if now.On(at(minute)) {
				planned = []Muting{now}
			}
			for _, e := range d.Planning(at(minute), planned) {
				got = append(got, said(e, start))
				d = FoldDesk(d, e)
			}
			if more := d.Planning(at(minute), planned); len(more) > 0 {
				t.Errorf("%s: at %d it is planned again: %v", name, minute, more)
			}
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: got %q, want %q", name, got, tt.want)
		}
	}
}

func said(e Event, start time.Time) string {
	text := fmt.Sprintf("%.0f %s", e.At.Sub(start).Minutes(), e.Kind)
	if e.Kind == Mute {
		text += fmt.Sprintf(" %.0f", e.Until.Sub(start).Minutes())
	}
	return text
}
