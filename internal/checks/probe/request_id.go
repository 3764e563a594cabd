package probe

import (
	"net/http"
	"strings"
)

// requestIDHeaders are the headers by which those who run a server find a
// request in their logs, in canonical form, the most telling first.
var requestIDHeaders = []string{
	"X-Request-Id", "Request-Id", "X-Correlation-Id", "X-Amzn-Requestid", "X-Amz-Request-Id", "X-Ms-Request-Id",
	"X-Trace-Id", "X-B3-Traceid", "Traceparent", "X-Amzn-Trace-Id", "X-Cloud-Trace-Context", "Cf-Ray",
}

const (
	requestIDs   = 3   // kept of one answer: the service's own and those of what is before it
	requestIDMax = 128 // bytes kept of each; a traceparent has 55, an X-Ray trace up to about 100
)

// RequestID returns what an answer says to be found by: "x-request-id=7f3a,
// cf-ray=8c1". Empty for a header that says nothing.
func RequestID(h http.Header) string {
	var found []string
	for _, name := range requestIDHeaders {
		values := h[name]
		if len(values) == 0 {
			continue
		}
		if value := idText(values[0]); value != "" {
			found = append(found, strings.ToLower(name)+"="+value)
		}
		if len(found) == requestIDs {
			break
		}
	}
	return strings.Join(found, ", ")
}

// idText returns a value that is an identifier: printable ASCII without spaces.
// Of another nothing is kept: what is left of it when characters go could be a
// secret that nobody knows again.
func idText(s string) string {
	s = strings.TrimSpace(s)
	if strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return ""
	}
	return s[:min(len(s), requestIDMax)]
}
