package impact

import (
	"bytes"
	"compress/flate"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"math"
	"sync"
)

// storedForm is the form in which a state is kept, in gob and compressed:
// fields may be added, none is renamed or changes its meaning. What is kept in
// memory may be packed in another way from one version of the program to the next.
type storedForm struct {
	Version int // 1
	Streams []storedCells
	Scopes  []string
	Model   storedModel
	Usual   []int32
	Minutes storedMinutes
	Past    [2]storedModel
	Since   storedResults
	Second  int
	Slow    storedResults
	Clock   clock
}

type storedCells struct {
	Check, Vantage string
	Cells          storedDay
}

type storedDay struct {
	Newest int64
	Counts [cellsKept]cell
}

type storedMinutes struct {
	Newest int64
	Cells  [minutesKept]storedMinute
}

// storedMinute had Served and LnSum in older states, which nobody asked for.
type storedMinute struct{ Tries, Failures, Slow uint32 }

type storedModel struct {
	At        int64
	Streams   []storedStreamModel
	R         []float64
	Total     float64
	Trouble   trouble
	Suspicion suspicion
	Quiet     proof
	Returns   returns
	Near      near
	Hours     hours
	Briefs    [machines]briefs
	Learn     int64
}

type storedStreamModel struct {
	Fail, Slow         chain
	FailPrev, SlowPrev bool // SlowPrev of an older version
	SlowLast           uint8
	Lately             lately
	Sized              bool // false of an older version, whose Lately has no sizes
	Hit                bool
	Pace               storedPace
	Pending            [pendingCells]storedPending
	N, Bad, Again      int32
	Calm, Storms       chain
	Restless, Accepted bool
	Floor, Follow      float32
	Unrest             float32
	FollowWeight       uint8 // 0 of an older version: it is told anew within the hour
}

type storedPace struct {
	Level, Slope float64
	Limit        float64
	N            int32
	Hour         int32
	Sum          float64
	SumN         int32
	Days         int32
	Season       [24]int8
	Today        [24]int16
	TenSum, Top  float64
	Ten          uint32
	TenN         int32
	Told         bool
	Peaks        *storedPeaks // nil of an older version
}

type storedPeaks struct {
	Base float64
	Tops [24]int16
	Day  [24]int8
	Week [168]int8
}

type storedPending struct {
	Begin         int64 // unix nanoseconds
	N, Bad, Again uint16
	SlowN, Slow   uint16
	Late          lateCounts
}

func (m *model) form() storedModel {
	f := storedModel{At: m.At, R: storedR(m.R), Total: m.Total, Trouble: m.Trouble, Suspicion: m.Suspicion, Quiet: m.Quiet, Returns: m.Returns, Near: m.Near, Hours: m.Hours, Briefs: m.Briefs, Learn: m.Learn,
		Streams: make([]storedStreamModel, 0, len(m.Streams))}
	for i := range m.Streams {
		s := &m.Streams[i]
		x := storedStreamModel{Fail: s.Fail, Slow: s.Slow, FailPrev: s.FailPrev, SlowLast: s.SlowLast, Lately: s.Lately, Sized: true, Hit: s.Hit, Floor: s.Floor, Follow: s.Follow, FollowWeight: s.FollowWeight, Unrest: s.Unrest, N: s.N, Bad: s.Bad, Again: s.Again,
			Calm: s.back().Calm, Storms: s.back().Storms, Restless: s.Restless, Accepted: s.Accepted,
			Pace: storedPace{Level: s.Pace.Level, Slope: s.Pace.Slope, Limit: s.Pace.Limit, N: int32(s.Pace.N), Hour: s.Pace.lastHour(), Sum: s.Pace.Sum, SumN: s.Pace.SumN,
				Days: int32(s.season.Days), Season: s.season.Season, Today: s.season.Today,
				TenSum: s.Pace.TenSum, Top: s.Pace.Top, Ten: s.Pace.Ten, TenN: s.Pace.TenN, Told: s.Pace.Told, Peaks: s.season.peaks.form()}}
		for j, p := range s.waits.all() {
			x.Pending[j] = p.form()
		}
		if p := s.waiting; p.cell > 0 {
			x.Pending[p.cell%pendingCells] = p.form()
		}
		f.Streams = append(f.Streams, x)
	}
	return f
}

// storedR is the form in which statistics are stored: older versions had twice the digits.
func storedR(list []float32) []float64 {
	out := make([]float64, len(list))
	for i, r := range list {
		out[i] = float64(r)
	}
	return out
}

func restoredR(list []float64) []float32 {
	out := make([]float32, len(list))
	for i, r := range list {
		out[i] = float32(min(r, mostR))
	}
	return out
}

func (p *peaks) form() *storedPeaks {
	f := &storedPeaks{Base: p.Base, Day: p.Day}
	for i := range f.Tops {
		f.Tops[i] = p.top(i)
	}
	for i := range f.Week {
		f.Week[i] = p.ofWeek(i)
	}
	return f
}

func (f *storedPeaks) peaks(firstDay bool) peaks {
	p := peaks{Base: f.Base, Day: f.Day}
	for i, v := range f.Tops {
		if v != noHour && firstDay {
			p.setTop(i, v)
		}
	}
	for i, v := range f.Week {
		if v != noPeak {
			p.setWeek(i, v)
		}
	}
	return p
}

func (p *storedPace) season() *season {
	s := &season{Days: uint16(min(p.Days, math.MaxUint16)), Season: p.Season, Today: p.Today, peaks: newPeaks()}
	if p.Peaks != nil {
		s.peaks = p.Peaks.peaks(p.Days == 0)
	} else {
		s.base()
	}
	if p.Hour > 0 {
		s.note(p.Hour)
	}
	return s
}

func (p pending) form() storedPending {
	return storedPending{p.begin(), p.N, p.Bad, p.Again, p.SlowN, p.Slow, p.Late}
}

func (f *storedModel) model() model {
	m := model{At: f.At, R: restoredR(f.R), Total: f.Total, Trouble: f.Trouble, Suspicion: f.Suspicion, Quiet: f.Quiet, Returns: f.Returns, Near: f.Near, Hours: f.Hours, Briefs: f.Briefs, Learn: f.Learn,
		Streams: make([]streamModel, 0, len(f.Streams))}
	for i := range f.Streams {
		x := &f.Streams[i]
		p := &x.Pace
		s := streamModel{baseline: &baseline{Fail: x.Fail, Slow: x.Slow, Lately: x.Lately, season: p.season(), Restless: x.Restless, Accepted: x.Accepted},
			Pace:     pace{Level: p.Level, Slope: p.Slope, Limit: p.Limit, Sum: p.Sum, N: uint16(p.N), SumN: p.SumN, TenSum: p.TenSum, Top: p.Top, Ten: max(p.Ten, uint32(p.Hour)*tensOfHour), TenN: p.TenN, Told: p.Told},
			FailPrev: x.FailPrev, SlowLast: x.SlowLast | uint8(index(x.SlowPrev)), Hit: x.Hit, Floor: x.Floor, Follow: x.Follow, FollowWeight: x.FollowWeight, Unrest: x.Unrest, N: x.N, Bad: x.Bad, Again: x.Again}
		if s.Follow > 0 && s.FollowWeight == 0 {
			s.FollowWeight = followThen
		}
		if !x.Sized {
			s.Lately.sized()
		}
		s.setBack(cameBack{x.Calm, x.Storms})
		var waits [pendingCells]pending
		newest := 0
		for j, p := range x.Pending {
			waits[j] = pending{uint32(p.Begin / pendingSpan), p.N, p.Bad, p.Again, p.SlowN, p.Slow, p.Late}
			if waits[j].cell > waits[newest].cell {
				newest = j
			}
		}
		if p.Peaks == nil {
			s.Pace.Top = noTop
		}
		s.waiting, waits[newest] = waits[newest], pending{}
		for j, p := range waits {
			s.waits.put(j, p)
		}
		s.slowAnew()
		s.ratiosAnew()
		m.Streams = append(m.Streams, s)
	}
	return m
}

func (m *minutes) form() storedMinutes {
	f := storedMinutes{Newest: m.newest}
	for n := range int64(minutesKept) {
		c := m.get(n)
		f.Cells[n] = storedMinute{c.tries, c.failures, c.slow}
	}
	return f
}

func (f *storedMinutes) minutes() minutes {
	m := minutes{newest: f.Newest}
	for n := range int64(minutesKept) {
		if c := &f.Cells[n]; c.Tries > 0 {
			m.put(n, minuteCell{c.Tries, c.Failures, c.Slow})
		}
	}
	return m
}

// deflaters are kept: each is more than half a MiB.
var deflaters = sync.Pool{New: func() any {
	z, err := flate.NewWriter(io.Discard, flate.BestSpeed)
	if err != nil {
		panic(err) // unreachable: the level is one of flate's
	}
	return z
}}

func (s stored) encode() ([]byte, error) {
	f := &storedForm{Version: 1, Scopes: s.Scopes, Model: s.Model.form(), Usual: s.Usual, Minutes: s.Minutes.form(),
		Past: [2]storedModel{s.Past[0].form(), s.Past[1].form()}, Since: s.Since, Second: s.Second, Slow: s.Slow, Clock: s.Clock}
	for _, x := range s.Streams {
		f.Streams = append(f.Streams, storedCells{x.Check, x.Vantage, storedDay{x.Cells.Newest, *x.Cells.all()}})
	}
	var b bytes.Buffer
	z := deflaters.Get().(*flate.Writer)
	defer deflaters.Put(z)
	z.Reset(&b)
	if err := gob.NewEncoder(z).Encode(f); err != nil {
		return nil, fmt.Errorf("encode state: %w", err)
	}
	if err := z.Close(); err != nil {
		return nil, fmt.Errorf("compress state: %w", err)
	}
	return b.Bytes(), nil
}

// decodeState reads what encode wrote, and refuses what does not fit together.
func decodeState(data []byte) (stored, error) {
	var f storedForm
	z := flate.NewReader(bytes.NewReader(data))
	if err := gob.NewDecoder(z).Decode(&f); err != nil {
		return stored{}, fmt.Errorf("decode state: %w", err)
	}
	if err := z.Close(); err != nil && !errors.Is(err, io.EOF) {
		return stored{}, fmt.Errorf("decompress state: %w", err)
	}
	if f.Version != 1 || len(f.Model.Streams) != len(f.Streams) || len(f.Model.R) != len(f.Scopes)*block {
		return stored{}, fmt.Errorf("state of version %d does not fit", f.Version)
	}
	s := stored{Scopes: f.Scopes, Model: f.Model.model(), Usual: f.Usual, Minutes: f.Minutes.minutes(),
		Past: [2]model{f.Past[0].model(), f.Past[1].model()}, Since: f.Since, Second: f.Second, Slow: f.Slow, Clock: f.Clock}
	for i := range f.Streams {
		x := &f.Streams[i]
		s.Streams = append(s.Streams, storedStream{x.Check, x.Vantage, restored(x.Cells.Newest, &x.Cells.Counts)})
	}
	return s, nil
}
