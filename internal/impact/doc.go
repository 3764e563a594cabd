// Package impact turns results into what clients feel: per product a failure
// share with its interval, latency, a level and an onset. It is pure: it
// reads no clock, file or socket; time comes in with the results and as the
// argument "now". The same results in the same order give the same state, so
// that replay after a restart and live operation cannot differ.
//
// A Tracker follows one product: it takes results in (Apply), and says at any
// instant what they amount to (At, Checks, Minutes). Shared looks
// at the checks of all products together, and tells where and from when on to
// look (Suspect, Believe): nothing but a product's own results makes its level.
// Freeze and Restore carry over a restart what was concluded.
//
// docs/impact.md states the rules. One result goes through all of them in model.feed; by
// the page's sections they are in
//
//	What is counted              counts.go, window.go, wilson.go, histogram.go
//	What is usual: failures      usual.go, follow.go, learn.go, unrest.go, hours.go, near.go
//	What is usual: slowness      latency.go, peaks.go, lately.go, sizes.go
//	Detection                    design.go, scope.go, ratio.go, model.go, overshoot.go, undo.go, setback.go
//	Told sooner                  shared.go, suspicion.go
//	Told later                   brief.go, shorts.go, held.go
//	Levels                       trouble.go, level.go, slip.go, down.go, allfail.go
//	Onset and end                onset.go, ending.go, grown.go, settled.go
//	Recovery                     recovery.go, solid.go, proof.go, below.go, returns.go
//	The sum                      steps.go, divided.go, quiet.go
//	Marks                        units.go, effect.go, odds.go, contrast.go, turns.go
//
// Who is to blame is not decided here: package cause ranks by the Evidence that
// trackers give. Counts, Minute, Level and Impact are values for all above.
package impact
