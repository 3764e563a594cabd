// Package impact turns results into what clients feel: per product a failure
// share with its interval, latency, a level and an onset. It is pure: it
// reads no clock, file or socket; time comes in with the results and as the
// argument "now". The same results in the same order give the same state, so
// that replay after a restart and live operation cannot differ.
//
// A Tracker follows one product: it takes results in (Apply), and says at any
// instant what they amount to (At, Checks, Minutes). Its levels are decided by a
// sequential test against what is usual for each check (model.go), a trouble's
// course by trouble.go, its end by recovery.go and proof.go; docs/impact.md states
// the rules. Shared looks
// at the checks of all products together, and tells where and from when on to
// look (Suspect, Believe): nothing but a product's own results makes its level.
// Freeze and Restore carry over a restart what was concluded.
//
// Who is to blame is not decided here: package cause ranks by the Evidence that
// trackers give. Counts, Minute, Level and Impact are values for all above.
package impact
