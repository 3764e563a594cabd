package replay

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// truth is what a generated scenario did, of which the bot was not told.
type truth struct {
	Impacts []struct {
		Product    string  `json:"product"`
		Start      float64 `json:"start"` // seconds since the scenario's begin
		End        float64 `json:"end"`
		Detectable bool    `json:"detectable"`
	} `json:"impacts"`
}

// asItWas holds from when to when a product is told to have been hurt against what
// was so: of troubles of one kind, which neither grow nor come and go, the time that
// is told to be hurt is what it was, to 15 % and three minutes, in nine of ten.
func (h *heard) asItWas(t *testing.T, dir string, start time.Time) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, "truth.json"))
	if err != nil {
		return // a scenario of which that is not known
	}
	var was truth
	if err := json.Unmarshal(data, &was); err != nil {
		t.Fatal(err)
	}
	wrong, of := 0, 0
	for _, im := range was.Impacts {
		from, to := start.Add(time.Duration(im.Start*float64(time.Second))), start.Add(time.Duration(im.End*float64(time.Second)))
		var told, began, ended time.Duration
		for _, inc := range h.board.Log().Incidents {
			list, ok := inc.Harms()
			if !ok {
				continue
			}
			for _, harm := range list {
				if harm.Product != im.Product || harm.To.Before(from) || harm.From.After(to.Add(10*time.Minute)) {
					continue
				}
				if told == 0 {
					began = harm.From.Sub(from)
				}
				told, ended = told+harm.To.Sub(harm.From), harm.To.Sub(to)
			}
		}
		if told == 0 || !im.Detectable {
			continue // missed, or it goes on: the scores of replay count that
		}
		of++
		if off := (told - to.Sub(from)).Abs(); off > to.Sub(from)*15/100+3*time.Minute {
			wrong++
		}
		t.Logf("impact of %s: began %+.0f s, ended %+.0f s, told %.1f min of %.1f", im.Product, began.Seconds(), ended.Seconds(), told.Minutes(), to.Sub(from).Minutes())
	}
	name := filepath.Base(dir)
	if changing := strings.HasPrefix(name, "ramp") || strings.HasPrefix(name, "flapping") || strings.HasPrefix(name, "two"); !changing && 10*wrong > of+9 {
		t.Errorf("%s: of %d impacts %d are told to be much longer or shorter", name, of, wrong)
	}
}
