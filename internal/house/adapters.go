package house

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/bot"
	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/config"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/journal"
	"github.com/statusbot/statusbot/internal/publish"
	"github.com/statusbot/statusbot/internal/status"
	"github.com/statusbot/statusbot/internal/ways"
)

// outbox is the journal as the outbox of the updater, the bot and the other ways.
type outbox struct {
	journal  *journal.Journal
	standing *journal.Standing // followed all the time, by each member
}

var (
	_ bot.Outbox  = outbox{}
	_ ways.Outbox = outbox{}
)

func newOutbox(j *journal.Journal) outbox { return outbox{j, j.Stand(settled, shortBody)} }

// settled reports whether nothing is left to do about an entry: it was delivered, and nothing is, or is to be, pinned.
func settled(e journal.Entry, receipt []byte) bool {
	var b publish.Body
	var r struct {
		Rev    uint64 `json:"rev"`
		Pinned string `json:"pinned"`
	}
	return json.Unmarshal(receipt, &r) == nil && r.Rev >= e.Rev && r.Pinned == "" && json.Unmarshal(e.Body, &b) == nil && !b.Pin
}

// shortBody is what publish.Entry's Told leaves of a body.
func shortBody(body []byte) []byte {
	var b publish.Body
	if json.Unmarshal(body, &b) != nil {
		return nil // unreachable: settled has read it
	}
	short, err := json.Marshal(b.Short())
	if err != nil {
		return nil // unreachable: it is plain data
	}
	return short
}

func (o outbox) Put(ctx context.Context, dest, key string, body []byte) error {
	_, err := o.journal.PutOutbox(ctx, dest, key, body)
	return err
}

func (o outbox) Watch(ctx context.Context, each func(publish.Entry) error, caughtUp func()) error {
	return o.standing.Watch(ctx, func(e journal.Entry, settled bool) error {
		return each(publish.Entry{Dest: e.Dest, Key: e.Key, Rev: e.Rev, Body: e.Body, Told: settled})
	}, caughtUp)
}

func (o outbox) Newest(ctx context.Context, dest, key string) ([]byte, error) {
	e, err := o.journal.Outbox(ctx, dest, key)
	if errors.Is(err, journal.ErrNotFound) {
		return nil, fmt.Errorf("%w: %w", publish.ErrNotFound, err)
	}
	return e.Body, err
}

func (o outbox) Receipt(ctx context.Context, dest, key string) ([]byte, uint64, error) {
	r, err := o.journal.Receipt(ctx, dest, key)
	if errors.Is(err, journal.ErrNotFound) {
		return nil, 0, fmt.Errorf("%w: %w", publish.ErrNotFound, err)
	}
	return r.Body, r.Rev, err
}

func (o outbox) PutReceipt(ctx context.Context, dest, key string, data []byte, last uint64) (uint64, error) {
	rev, err := o.journal.PutReceipt(ctx, dest, key, data, last)
	if errors.Is(err, journal.ErrConflict) {
		return 0, fmt.Errorf("%w: %w", publish.ErrConflict, err)
	}
	return rev, err
}

// Definition is the part of the configuration that the board needs.
func Definition(cfg *config.Config) status.Definition {
	def := status.Definition{Company: cfg.Company, Timezone: cfg.Timezone, Window: cfg.Updates.Window,
		FalseAlarms: cfg.Detection.FalseAlarms}
	def.Checks, def.Controls = apart(cfg.Checks)
	for _, c := range cfg.Components {
		def.Components = append(def.Components, status.Component{ID: c.ID, Name: c.Name, DependsOn: c.DependsOn})
	}
	for _, p := range cfg.Products {
		def.Products = append(def.Products, status.Product{ID: p.ID, Name: p.Name, Owner: p.Owner,
			SaysDegraded: p.Says.Degraded, SaysOutage: p.Says.Outage})
	}
	return def
}

// apart returns the checks of products and the control checks. A list without the latter
// is given as it is: there may be a hundred thousand. Copies have no options, which take
// more than all else of a check, and of which a board makes nothing.
func apart(list []checks.Check) (ofProducts, controls []checks.Check) {
	n := 0
	for i := range list {
		if list[i].Control {
			n++
		}
	}
	if n == 0 {
		return list, nil
	}
	ofProducts, controls = make([]checks.Check, 0, len(list)-n), make([]checks.Check, 0, n)
	for _, c := range list {
		c.Options, c.Secrets = nil, nil
		if c.Control {
			controls = append(controls, c)
		} else {
			ofProducts = append(ofProducts, c)
		}
	}
	return ofProducts, controls
}

// mutingsOf are the maintenances that a configuration has.
func mutingsOf(windows []config.Window) []incident.Muting {
	var all []incident.Muting
	for _, w := range windows {
		all = append(all, incident.Muting{Product: w.Product, Check: w.Check, From: w.From, Until: w.Until, Name: w.By, Why: w.Why})
	}
	return all
}

// PlannedAt are the maintenances that go on at an instant, by the configuration and
// by what people planned for each week.
func PlannedAt(cfg *config.Config, at time.Time, standing []incident.Standing) []incident.Muting {
	return append(mutingsOf(cfg.Planned(at)), eachOf(standing, func(m *config.Maintenance) (time.Time, time.Time, bool) { return m.At(at) })...)
}

// comingAfter are the next of each of them after an instant.
func comingAfter(cfg *config.Config, after time.Time, standing []incident.Standing) []incident.Muting {
	return append(mutingsOf(cfg.Coming(after)), eachOf(standing, func(m *config.Maintenance) (time.Time, time.Time, bool) { return m.Next(after) })...)
}

// eachOf are times of what people planned for each week. What cannot be read, as
// after a zone was renamed, is none.
func eachOf(standing []incident.Standing, when func(*config.Maintenance) (from, until time.Time, ok bool)) []incident.Muting {
	var all []incident.Muting
	for _, s := range standing {
		m, err := config.Weekly(s.Weekly, s.Until, s.Zone, s.For)
		if err != nil {
			continue
		}
		if from, until, ok := when(m); ok {
			name := s.Name
			if name == "" {
				name = s.By
			}
			all = append(all, incident.Muting{Product: s.Product, Check: s.Check, From: from, Until: until, Name: name, Why: s.Why, Channel: s.Channel, Each: s.Words()})
		}
	}
	return all
}

// EventsOf reads the log of an incident, or of NewestIncident; publish.ErrNotFound (wrapped)
// when there is none. Events that cannot be read are left out, as everywhere.
func EventsOf(ctx context.Context, j *journal.Journal, id string) ([]incident.Event, error) {
	if id == NewestIncident {
		subjects, err := j.EventSubjects(ctx)
		if err != nil {
			return nil, err
		}
		newest := 0
		for _, s := range subjects {
			if n, err := strconv.Atoi(strings.TrimPrefix(s, "inc-")); err == nil && incident.ID(n) == s {
				newest = max(newest, n)
			}
		}
		id = incident.ID(newest)
	}
	var events []incident.Event
	err := j.EventsOf(ctx, id, func(r journal.Record) error {
		if e, err := incident.DecodeEvent(r.Data, r.Seq); err == nil {
			events = append(events, e)
		}
		return nil
	})
	if errors.Is(err, journal.ErrNotFound) {
		return nil, fmt.Errorf("%w: %w", publish.ErrNotFound, err)
	}
	return events, err
}
