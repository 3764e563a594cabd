package probe

import "strings"

// webFaults are what net/http says of an answer that is none, which it has no types
// for, and how it is told; the first that occurs counts.
var webFaults = [...]struct{ said, told string }{
	{"looked like an HTTP/1.1 header", "it is of HTTP/1.1, though the server agreed to HTTP/2"},
	{"malformed HTTP response", "it does not begin with HTTP/"},
	{"malformed HTTP version", "its version of HTTP is none"},
	{"malformed HTTP status code", "its status is no number of three digits"},
	{"multiple Content-Length", "it tells two lengths that differ"},
	{"Content-Length", "its Content-Length is no length"},
	{"transfer encoding", "its Transfer-Encoding is another than chunked"},
	{"malformed MIME header", "a line of its header is no name with a value"},
	{"invalid header field", "a line of its header is no name with a value"},
	{"chunk", "the lengths of its chunks are wrong"},
	{"trailer", "what follows its body is no header"},
	{"frame too large", "it is none of HTTP/2"},
	{"header list larger", "its header is too long"},
	{"PROTOCOL_ERROR", "it breaks the rules of HTTP/2, or its header is too long"}, // net/http says no more of one that goes on
}

// malformedWeb says what is wrong with an answer of HTTP; empty if it is nothing known.
func malformedWeb(err error) string {
	said := err.Error()
	for _, f := range webFaults {
		if strings.Contains(said, f.said) {
			return f.told
		}
	}
	return ""
}
