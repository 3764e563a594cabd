// Package checks holds the values of observation: a Check is a scheduled
// observation of one thing that a client does, a Result is what one probe of it
// saw, written once and never changed, and its stored form outlives versions.
//
// It is made of the standard library alone, so that who judges results links
// nothing of how they are come by:
//
//	probe     the kit of every kind: compile, guarded connections, bounded reading
//	redact    secrets taken out of texts
//	claim     what a check's expressions say of an answer
//	kind/     one package a kind, each the only importer of its library
//	kinds     the table of them
//	runner    schedule, lanes, bursts
//	heartbeat who reported, who is late
//
// A probe never returns an error: whatever happens ends as a Result with an
// outcome and, unless it passed, a reason. Only a probe that was cut off by
// shutdown yields no result, since nothing was learnt.
package checks
