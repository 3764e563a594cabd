//go:build !race

package longtest

const race = false // the race detector is off
