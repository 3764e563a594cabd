// Package impact turns results into what clients feel: per product a failure
// share with its interval, latency, a level and an onset. It is pure: it
// reads no clock, file or socket; time comes in with the results and as the
// argument "now". The same results in the same order give the same state, so
// that replay after a restart and live operation cannot differ.
//
// A Tracker follows one product. Judge is the one place that decides levels;
// its rule is stated there.
package impact
