// Package status is the read model: the Board where results and events meet.
// Everything that is said anywhere, in Slack, on a page, in a terminal or in a
// report, is said from a Snapshot of it. It is in memory only; it is rebuilt
// from the journal by the same path that feeds it live. It reads no clock: now
// is an argument, and instants of decisions are those of the results.
//
// A Board has four rooms behind one lock, whose types say what is done in them:
// detection judges results, ranking looks for the cause and says in which light
// a product is seen by it, records keeps what people look at, and position
// knows where in the journal that is. What is stored between is the Board's own
// doing (checkpoint.go, failures.go): a copy is taken under the lock, and
// encoded without it. Beside them incident.Book holds what was decided.
package status
