package impact

import (
	"math"
	"time"
)

// onset finds when a change began: the last zero of a CUSUM between a usual
// and a hurtful share is its maximum-likelihood estimate (E. S. Page,
// Biometrika 41, 1954). It also counts the results since then.
type onset struct {
	Sum   float64   // log likelihood ratio since the last zero, at least 0
	Since time.Time // first bad result after the last zero; zero when Sum is 0
	N     int       // results since Since
	Bad   int       // of these, bad
	AtBad int       // N at the last bad one: a clean run after it must not dilute the share
}

// Usual and hurtful share of the two statistics.
const (
	usualFailing, hurtfulFailing = 0.002, 0.05
	usualSlow, hurtfulSlow       = 0.05, 0.25
)

func (o *onset) add(at time.Time, bad bool, usual, hurtful float64) {
	gain := math.Log((1 - hurtful) / (1 - usual))
	if bad {
		gain = math.Log(hurtful / usual)
	}
	o.Sum = max(0, o.Sum+gain)
	if o.Sum == 0 {
		*o = onset{}
		return
	}
	if o.N == 0 {
		o.Since = at
	}
	o.N++
	if bad {
		o.Bad++
		o.AtBad = o.N
	}
}

func (o onset) share() float64 {
	if o.AtBad == 0 {
		return 0
	}
	return float64(o.Bad) / float64(o.AtBad)
}
