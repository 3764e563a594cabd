// Package checks observes what a client would meet. A check is a scheduled
// observation of one thing that a client does; a probe is one execution of a
// check; a result is what the probe saw, written once and never changed.
//
// A probe never returns an error: whatever happens ends as a Result with an
// outcome and, unless it passed, a reason. Only a probe that was cut off by
// shutdown yields no result, since nothing was learnt.
//
// The package knows nothing of Slack, of the journal or of statistics. Each
// kind of probe is one file and one row of the table in kinds.go.
package checks
