// Package spans tells a collector of OpenTelemetry of each probe, and hides how that is
// spoken to: OTLP in JSON over HTTP (https://opentelemetry.io/docs/specs/otlp/).
//
// Whatever the collector does (hang, refuse, answer nonsense) disturbs nobody who probes:
// what waits is bounded, the oldest goes, and what went is counted and said.
package spans
