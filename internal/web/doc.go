// Package web is the HTTP side of statusbot: what other systems push in, and
// how statusbot itself is.
//
//	POST /api/v1/push/CHECK   one or more results of a check of kind heartbeat
//	/api/push, /ping, ...     the same in the words of other tools (foreign.go)
//	GET  /healthz             200 while statusbot sees, 503 while it is blind
//	GET  /livez               200 while this process is not stuck, whatever Slack and the journal do
//	GET  /readyz              200 once this process has caught up, 503 before, with what it waits for
//	GET  /metrics, /metrics/blackbox, /probe   for Prometheus, if it is turned on (internal/metrics)
//
// Every other answer is JSON, {"error": "a sentence"} where something is wrong. A
// push is answered with 2xx only after the journal has taken it; 429 and 503
// mean that the same push may be sent again, after Retry-After seconds. Nobody
// without a check's token learns whether the check exists. Neither tokens nor
// bodies are logged.
//
// The package stores nothing and knows no journal: what it needs comes in as
// an Inbox and a func.
package web
