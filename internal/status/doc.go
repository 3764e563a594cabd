// Package status is the read model: the Board where results and events meet.
// Everything that is said anywhere, in Slack, in a terminal or in a report,
// is said from a Snapshot of it. It is in memory only; it is rebuilt from the
// journal by the same path that feeds it live. It reads no clock: now is an
// argument.
package status
