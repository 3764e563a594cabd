package bot

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// mostGrants bounds what is stored of what Slack allowed, the newest: about 100 bytes
// each.
const mostGrants = 500

// grant is the stored form of a yes of Slack's: who is what. Fields may be added,
// none is renamed.
type grant struct {
	Kind  string    `json:"kind"`            // of question
	Place string    `json:"place,omitempty"` // channel or group
	User  string    `json:"user"`
	At    time.Time `json:"at"`
}

// Grants returns the stored form of what Slack has allowed within the hour, by which
// the next process goes on while Slack does not answer it: who was allowed something
// is not refused it since statusbot was started anew. A no is not stored. told grows
// with each answer of Slack's.
func (p *People) Grants() (data []byte, told uint64, err error) {
	now := p.Now()
	p.mu.Lock()
	var list []grant
	for q, t := range p.known {
		if t.yes && now.Sub(t.at) < staleFor {
			list = append(list, grant{q.kind, q.place, q.user, t.at})
		}
	}
	told = p.told
	p.mu.Unlock()
	slices.SortFunc(list, func(x, y grant) int { return y.At.Compare(x.At) })
	data, err = json.Marshal(list[:min(len(list), mostGrants)])
	return data, told, err
}

// Told returns how many answers Slack has given.
func (p *People) Told() uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.told
}

// Restore takes up what an earlier process stored. It is asked of Slack again at the
// next act, and counts only where Slack does not answer.
func (p *People) Restore(data []byte) error {
	var list []grant
	if err := json.Unmarshal(data, &list); err != nil {
		return fmt.Errorf("read what Slack allowed: %w", err)
	}
	now := p.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.known == nil {
		p.known = map[question]told{}
	}
	for _, g := range list[:min(len(list), mostGrants)] {
		q := question{g.Kind, g.Place, g.User}
		if at := earlier(g.At, now.Add(-yesFor)); now.Sub(at) < staleFor && p.known[q].at.Before(at) {
			p.known[q] = told{true, at}
		}
	}
	return nil
}

// earlier is the earlier of two instants.
func earlier(x, y time.Time) time.Time {
	if x.Before(y) {
		return x
	}
	return y
}
