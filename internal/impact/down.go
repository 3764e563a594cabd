package impact

import (
	"fmt"
	"math"
	"time"
)

// Down is a time in which most of a product failed.
type Down struct {
	Since           time.Time // most likely
	Tries, Failures int       // of the checks that take part, from then until the last failure
}

// Answers says that a product which was down answers again.
type Answers struct {
	Down                      // that it was
	Last            time.Time // the last failure of it: it ended between then and Since
	Since           time.Time // the first result that passed after it
	Until           time.Time // the last result of the run of passes that shows it
	Passed          int       // results in that run
	Tries, Failures int       // of the checks that take part, since Since
}

// AllFail is the share of failures from which on a product is said to be down,
// or to have been: at most one try in twenty passed, so that hardly anybody who
// tries gets an answer. An outage of less is told by its share.
const AllFail = 0.95

// Dead reports whether practically all failed.
func (d Down) Dead() bool { return float64(d.Failures) >= AllFail*float64(d.Tries) }

// Dead reports whether a product is down: it is an outage, and of what is
// counted since it began practically all failed.
func (im Impact) Dead() bool {
	return im.Level == Outage && float64(im.Failures) >= AllFail*float64(im.Tries)
}

// Lasted is how long it was down.
func (a Answers) Lasted() time.Duration { return a.Last.Sub(a.Down.Since) }

// fall is the evidence on when most of a product began to fail, and then on
// whether it goes on: of the checks that take part in the trouble alone.
type fall struct {
	Sum     float64 // of Page's test that most fail
	From    int64   // its last zero: since when most fail, most likely; 0 while nothing speaks for it
	N, Bad  int     // results since From
	AtBad   int     // N at the last bad one
	LastBad int64
	First   int64 // the first result after LastBad that was none; 0 while there is none
	Runs    int   // how often such results followed a bad one
}

// rise is what was seen of the end of a time down.
type rise struct {
	Fall   fall // as it ended; From is 0 while there was none
	Until  int64
	N, Bad int // results since Fall.First
}

// Nats of a bad and of a good result for that most fail, not half as many: as
// mostFail weighs them.
var (
	fallGain = math.Log(2.0)
	fallLoss = math.Log((1 - outageShare) / (1 - outageShare/2))
)

// begin counts what a trouble begins with: its onset is the change.
func (f *fall) begin(t *trouble) {
	*f = fall{From: t.Onset, N: t.HitN, Bad: t.HitBad, AtBad: t.HitN, LastBad: t.LastBad}
	f.Sum = float64(f.Bad)*fallGain + float64(f.N-f.Bad)*fallLoss
	if f.Sum <= 0 {
		*f = fall{}
	}
}

// add takes in one result; down says that the product is told as down, so that
// From stays.
func (f *fall) add(at int64, bad, down bool) {
	if f.From == 0 && !bad {
		return
	}
	if f.From == 0 {
		f.From = at
	}
	f.N++
	if bad {
		f.Bad, f.AtBad, f.LastBad, f.First = f.Bad+1, f.N, at, 0
		f.Sum += fallGain
		return
	}
	if f.First == 0 {
		f.First = at
		f.Runs++
	}
	if f.Sum += fallLoss; f.Sum <= 0 && !down {
		*f = fall{}
	}
}

// The results in a row that show that a product is no longer down: at least so
// many, and so many that, failing as it did while it was down, it would once in a
// hundred times give as many once it has given one.
const (
	answersLeast = 3
	answersWrong = 0.01
)

// passed returns the results in a row that were not bad.
func (f *fall) passed() int { return f.N - f.AtBad }

// over reports whether the results since the last bad one show that it does
// not go on. Those after the first are as likely as the Beta-binomial law says
// that the results before predict (H. Jeffreys, Theory of Probability, 1961,
// section 3.1). Each run of passes in a time down is another try at that, and
// the j-th may err with answersWrong / j²: all of them together with 1.65
// times answersWrong, however long it is down.
func (f *fall) over() bool {
	k := f.passed()
	if k < answersLeast {
		return false
	}
	chance := 1.0
	for j := 1; j < k; j++ {
		chance *= (float64(f.AtBad-f.Bad) + 0.5 + float64(j)) / float64(f.AtBad+1+j)
	}
	runs := float64(f.Runs)
	return chance <= answersWrong/(runs*runs)
}

// over reports the same of a trouble, by the time in which practically all failed
// if there is one.
func (t *trouble) over() bool {
	f := t.All.narrowed(t.Fall)
	return f.over()
}

// answers notes the end of a time down: what failed in it speaks no longer for
// that it goes on.
func (t *trouble) answers(at int64) {
	f := t.All.narrowed(t.Fall)
	t.Rise = rise{Fall: f, Until: at, N: f.passed()}
	t.Fall, t.All, t.Recent = fall{}, allFails{}, [10]tick{}
	t.Outage, t.Changed = false, at
	t.Why = fmt.Sprintf("answers again: %d passed in a row after %d of %d had failed", f.passed(), f.Bad, f.AtBad)
}

// down takes in one result of the checks that take part.
func (t *trouble) down(at int64, bad bool) {
	t.Fall.add(at, bad, t.Outage)
	t.All.add(at, bad)
	if t.Rise.Fall.From > 0 {
		t.Rise.N++
		t.Rise.Bad += index(bad)
	}
}

// odds is how many times likelier the counts must be for "down". What was down a
// moment ago and fails again most likely is so again: what caused it is not
// gone.
func (t *trouble) odds() float64 {
	if t.Rise.Fall.From > 0 {
		return outageOdds / 10
	}
	return outageOdds
}

// downLeast is how many results there are of a time down before it is told as one:
// what failed most of the time and passed a moment ago is not "down: the 1 try since
// failed".
const downLeast = 3

// describeDown tells what is known of a time down.
func (t *trouble) describeDown(im *Impact) {
	if t.Slow {
		return
	}
	if f := t.All.narrowed(t.Fall); t.Outage && f.From > 0 && f.AtBad >= downLeast {
		im.Down = &Down{Since: instant(f.From), Tries: f.AtBad, Failures: f.Bad}
	}
	if r := &t.Rise; !t.Outage && r.Fall.From > 0 {
		f := &r.Fall
		im.Answers = &Answers{Down: Down{Since: instant(f.From), Tries: f.AtBad, Failures: f.Bad}, Last: instant(f.LastBad), Since: instant(f.First),
			Until: instant(r.Until), Passed: f.passed(), Tries: r.N, Failures: r.Bad}
	}
}
