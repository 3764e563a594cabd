package house

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"go.uber.org/zap"

	"github.com/statusbot/statusbot/internal/journal"
	"github.com/statusbot/statusbot/internal/status"
)

// Results are kept for a day. What they came to is kept per product and day, for
// status.DaysKept days: forms on a shelf of the journal, one for each month and
// each 64th of the products. A month's forms take the place of those of 15 months
// before, so that the shelf is bounded: some 60 bytes a day and product.
const (
	availabilityShelf  = "availability"
	availabilityShards = 64
	availabilityMonths = 15 // 400 days touch 14 or 15 of them
	availabilityEvery  = 5 * time.Minute
	// availabilityLag is how old a minute is when it is counted: what comes later than that is not counted.
	availabilityLag = 10 * time.Minute
)

// monthForm is what is stored of a month. Fields may be added.
type monthForm struct {
	Month    string                   `json:"month"` // 2006-01
	Products map[string]*productMonth `json:"products"`
}

// productMonth is a product's part of it.
type productMonth struct {
	Until     time.Time    `json:"until"`            // minutes before that are counted
	HurtUntil time.Time    `json:"hurt_until"`       // trouble before that is counted
	Settled   time.Time    `json:"settled,omitzero"` // of the newest trouble of which when it began and ended is counted: when it was over for certain
	Days      []status.Day `json:"days"`             // oldest first
}

// availability keeps the days of all products. It is used by one goroutine.
type availability struct {
	board *status.Board
	shelf *shelf
	forms map[int]*monthForm // :: number on the shelf -> of this month and the one before
	dirty map[int]bool
}

func (h *house) availability() *availability {
	return &availability{board: h.board, shelf: h.shelf(availabilityShelf), forms: map[int]*monthForm{}, dirty: map[int]bool{}}
}

// keepAvailability counts and stores, while this process leads.
func (h *house) keepAvailability(ctx context.Context) {
	a := h.availability()
	look := func() {
		if h.journal.Unkept() != nil {
			return // it is counted when the disk takes it
		}
		if err := a.count(ctx, h.now()); err != nil && ctx.Err() == nil {
			h.log.Warn("availability not stored, will try again", zap.Error(err))
			*a = *h.availability() // as it is stored
		}
	}
	look()
	regularly(ctx, availabilityEvery, look)
}

func availabilityShard(product string) int {
	sum := fnv.New32a()
	_, _ = sum.Write([]byte(product)) // never fails
	return int(sum.Sum32() % availabilityShards)
}

// slot is the number on the shelf of a month's form.
func monthNumber(shard int, date string) (number int, month string, err error) {
	at, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return 0, "", err
	}
	return (at.Year()*12+int(at.Month()))%availabilityMonths*availabilityShards + shard, date[:len("2006-01")], nil
}

// form returns the form of a product's month.
func (a *availability) form(ctx context.Context, product, date string) (number int, p *productMonth, err error) {
	number, month, err := monthNumber(availabilityShard(product), date)
	if err != nil {
		return 0, nil, err
	}
	f, here := a.forms[number]
	if !here {
		if f, err = readMonth(ctx, a.shelf, number); err != nil {
			return 0, nil, err
		}
		a.forms[number] = f
	}
	if f.Month != month { // of 15 months before, or none
		*f = monthForm{Month: month, Products: map[string]*productMonth{}}
	}
	if f.Products[product] == nil {
		f.Products[product] = &productMonth{}
	}
	return number, f.Products[product], nil
}

func readMonth(ctx context.Context, s *shelf, number int) (*monthForm, error) {
	f := &monthForm{Products: map[string]*productMonth{}}
	data, err := s.read(ctx, number)
	switch {
	case errors.Is(err, journal.ErrNotFound):
		return f, nil
	case err != nil:
		return nil, err
	}
	if err := json.Unmarshal(data, f); err != nil || f.Products == nil {
		return &monthForm{Products: map[string]*productMonth{}}, nil //nolint:nilerr // what cannot be read is not there
	}
	return f, nil
}

// add counts a day's part; until and hurt say up to when is counted now.
func (a *availability) add(ctx context.Context, product string, part status.Day) error {
	number, p, err := a.form(ctx, product, part.Date)
	if err != nil {
		return err
	}
	i, there := slices.BinarySearchFunc(p.Days, part.Date, func(d status.Day, date string) int { return cmp.Compare(d.Date, date) })
	if !there {
		p.Days = slices.Insert(p.Days, i, status.Day{Date: part.Date})
	}
	p.Days[i] = p.Days[i].Plus(part)
	a.dirty[number] = true
	return nil
}

// settledFor is how old a recovery is at most of which when the trouble began and ended is counted: of an older
// one it is not known here up to when it was counted.
const settledFor = 24 * time.Hour

// count counts what came since it was counted last, and stores it.
func (a *availability) count(ctx context.Context, now time.Time) error {
	snap := a.board.Snapshot(now)
	zone := cmp.Or(snap.Timezone, time.UTC)
	today := now.In(zone).Format(time.DateOnly)
	before := now.In(zone).AddDate(0, -1, -now.In(zone).Day()+1).Format(time.DateOnly)
	for i := range snap.Products {
		p := &snap.Products[i]
		_, month, err := a.form(ctx, p.ID, today)
		if err != nil {
			return err
		}
		_, last, err := a.form(ctx, p.ID, before)
		if err != nil {
			return err
		}
		to := now.Add(-availabilityLag).Truncate(time.Minute)
		from := later(month.Until, last.Until)
		var parts []status.Day
		if to.After(from) {
			parts = status.DaysOf(a.board.History(p.ID, from, to), zone)
			month.Until = to
		}
		if p.Level.Hurt() {
			parts = append(parts, status.HurtOf(later(p.Onset, later(month.HurtUntil, last.HurtUntil)), now, zone)...)
			month.HurtUntil = now
		}
		if proof := p.Proof; proof != nil && proof.Recovered.After(later(month.Settled, last.Settled)) && now.Sub(proof.Recovered) < settledFor {
			parts = append(parts, status.HurtAfterAll(*proof, later(month.HurtUntil, last.HurtUntil), zone)...)
			month.Settled = proof.Recovered
		}
		for _, part := range parts {
			if err := a.add(ctx, p.ID, part); err != nil {
				return err
			}
		}
	}
	return a.store(ctx, today, before)
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// store stores what has changed, and lets go of the months that are over.
func (a *availability) store(ctx context.Context, today, before string) error {
	for number := range a.dirty {
		data, err := json.Marshal(a.forms[number])
		if err != nil {
			return err // unreachable: it is plain data
		}
		if err := a.shelf.store(ctx, number, data); err != nil {
			return err
		}
		delete(a.dirty, number)
	}
	for number, f := range a.forms {
		if f.Month != today[:len("2006-01")] && f.Month != before[:len("2006-01")] {
			delete(a.forms, number)
		}
	}
	return nil
}

// ProductDays are the days of a product, oldest first.
type ProductDays struct {
	Product string       `json:"product"`
	Days    []status.Day `json:"days"`
}

// availabilityOf reads the last n days that are known of a product, or of all where
// none is named, from a journal, by the products' ids.
func availabilityOf(ctx context.Context, j *journal.Journal, product string, n int) ([]ProductDays, error) {
	s := &shelf{journal: j, name: availabilityShelf, revs: map[int]uint64{}}
	all := map[string][]status.Day{}
	newest := ""
	for number := range availabilityMonths * availabilityShards {
		if product != "" && number%availabilityShards != availabilityShard(product) {
			continue
		}
		f, err := readMonth(ctx, s, number)
		if err != nil {
			return nil, fmt.Errorf("read availability: %w", err)
		}
		for id, p := range f.Products {
			if product != "" && id != product {
				continue
			}
			all[id] = append(all[id], p.Days...)
			for _, d := range p.Days {
				newest = max(newest, d.Date)
			}
		}
	}
	last, err := time.Parse(time.DateOnly, newest)
	if err != nil {
		return nil, nil //nolint:nilerr // there is none
	}
	first := last.AddDate(0, 0, 1-n).Format(time.DateOnly)
	var out []ProductDays
	for id, days := range all {
		days = slices.DeleteFunc(days, func(d status.Day) bool { return d.Date < first })
		slices.SortFunc(days, func(a, b status.Day) int { return cmp.Compare(a.Date, b.Date) })
		if len(days) > 0 {
			out = append(out, ProductDays{Product: id, Days: days})
		}
	}
	slices.SortFunc(out, func(a, b ProductDays) int { return cmp.Compare(a.Product, b.Product) })
	return out, nil
}

// Availability is availabilityOf of a data directory, from the journal there or the
// statusbot that runs there; of an existing cluster where one is configured.
func Availability(ctx context.Context, keep journal.Config, product string, n int) ([]ProductDays, error) {
	j, err := journal.Open(ctx, keep)
	if errors.Is(err, journal.ErrLocked) {
		return availabilityBeside(ctx, keep.Dir, product, n)
	}
	if err != nil {
		return nil, err
	}
	out, err := availabilityOf(ctx, j, product, n)
	return out, errors.Join(err, j.Close())
}

func availabilityBeside(ctx context.Context, dir, product string, n int) (out []ProductDays, err error) {
	body, err := askDoor(ctx, dir, "/availability?"+url.Values{"product": {product}, "days": {strconv.Itoa(n)}}.Encode())
	if err != nil {
		return nil, err
	}
	defer body.Close()
	data, err := io.ReadAll(body)
	if err == nil {
		err = json.Unmarshal(data, &out)
	}
	if err != nil {
		return nil, fmt.Errorf("read availability: %w", err)
	}
	return out, nil
}

func serveAvailability(w http.ResponseWriter, r *http.Request, j *journal.Journal) {
	n, err := strconv.Atoi(r.FormValue("days"))
	if err != nil || n < 1 {
		http.Error(w, "days is no number of days", http.StatusBadRequest)
		return
	}
	out, err := availabilityOf(r.Context(), j, r.FormValue("product"), n)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	_ = json.NewEncoder(w).Encode(out) // the reader is gone
}
