package http

import (
	"fmt"
	"io"
	"net"
	"testing"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/probe"
	"github.com/statusbot/statusbot/internal/checks/probe/probetest"
)

// TestAnswersThatAreNotWhole: each is blamed for what it is; the peer closed
// nothing that it should have held open.
func TestAnswersThatAreNotWhole(t *testing.T) {
	packed := zipped(t, []byte("all good here, and more of it, and more of it, and more"))
	half := packed[:len(packed)/2]
	answer := func(length int, body []byte) string {
		return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s", length, body)
	}
	redirect := func(location string) string {
		return "HTTP/1.1 302 Found\r\n" + location + "Content-Length: 0\r\n\r\n"
	}
	for _, tt := range []struct {
		name, said string
		change     func(*Options)
		reason     checks.Reason
		summary    string
	}{
		{"packed body cut by its maker", answer(len(half), half), nil, checks.ReasonProtocol, "the answer is malformed: its packed body ends too soon"},
		{"packed body cut on the way", answer(len(packed), half), nil, checks.ReasonReset, "the peer closed the connection while reading the answer"},
		{"a version that is spoken elsewhere", "HTTP/3.0 200 OK\r\nContent-Length: 0\r\n\r\n", nil, checks.ReasonProtocol, "the answer is malformed: it calls itself HTTP/3.0, and was asked in HTTP/1.1"},
		{"a version without frames", "HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n", nil, checks.ReasonProtocol, "the answer is malformed: it calls itself HTTP/2.0"},
		{"a status that is none", "HTTP/1.1 099 Weird\r\nContent-Length: 0\r\n\r\n", nil, checks.ReasonProtocol, "the answer is malformed: its status is less than 100"},
		{"malformed: two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nokk", nil, checks.ReasonProtocol, "the answer is malformed: it tells two lengths that differ"},
		{"malformed: a length below 0", "HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\nok", nil, checks.ReasonProtocol, "the answer is malformed: its Content-Length is no length"},
		{"malformed: a status of four digits", "HTTP/1.1 1000 Huh\r\n\r\n", nil, checks.ReasonProtocol, "the answer is malformed: its status is no number of three digits"},
		{"malformed: a line that is no header", "HTTP/1.1 200 OK\r\nBadHeader\r\n\r\n", nil, checks.ReasonProtocol, "the answer is malformed: a line of its header is no name with a value"},
		{"malformed: chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n", nil, checks.ReasonProtocol, "the answer is malformed: the lengths of its chunks are wrong"},
		{"malformed: packed on the way", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", nil, checks.ReasonProtocol, "the answer is malformed: its Transfer-Encoding is another than chunked"},
		{"malformed: a version that is none", "HTTP/x.y 200 OK\r\n\r\n", nil, checks.ReasonProtocol, "the answer is malformed: its version of HTTP is none"},
		{"to nowhere", redirect(""), nil, checks.ReasonStatus, "HTTP 302, expected 2xx; it does not say where to go"},
		{"to another protocol", redirect("Location: ftp://u:hunter2-hunter2@a.example/\r\n"), nil, checks.ReasonStatus, "HTTP 302, expected 2xx; it leads to ftp:, which is not followed"},
		{"to a script", redirect("Location: javascript:alert(1)\r\n"), nil, checks.ReasonStatus, "HTTP 302, expected 2xx; it leads to javascript:, which is not followed"},
		{"to no port", redirect("Location: http://127.0.0.1:99999/\r\n"), nil, checks.ReasonStatus, "HTTP 302, expected 2xx; it leads to what cannot be an address"},
		{"to no host", redirect("Location: //*.example/\r\n"), nil, checks.ReasonStatus, "HTTP 302, expected 2xx; it leads to what cannot be an address"},
		{"to another host", redirect("Location: http://127.0.0.2/\r\n"), func(o *Options) { o.RedirectsTo = "same-host" }, checks.ReasonStatus, "HTTP 302, expected 2xx; it leads to another host"},
		{"no more", redirect("Location: /again\r\n"), func(o *Options) { o.Redirects = 1 }, checks.ReasonStatus, "HTTP 302 after 1 redirect, expected 2xx"},
		{"asked too often", "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 120\r\nContent-Length: 0\r\n\r\n", nil, checks.ReasonStatus, "HTTP 429, expected 2xx; the server says that it is asked too often"},
		{"too short to be packed", "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\nok", nil, checks.ReasonProtocol, probe.ErrBadGzip.Error()},
		{"a choice", "HTTP/1.1 300 Multiple Choices\r\nContent-Length: 0\r\n\r\n", nil, checks.ReasonStatus, "HTTP 300, expected 2xx"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := Kind.Options().(*Options)
			o.Compression = true
			if tt.change != nil {
				tt.change(o)
			}
			o.URL = "http://" + probetest.Serve(t, func(c *net.TCPConn) {
				probetest.ReadRequest(c)
				io.WriteString(c, tt.said)
			})
			r := probetest.Probing(t, &Kind, o, generous)
			probetest.WantResult(t, r, checks.Fail, tt.reason, tt.summary)
			if tt.reason == checks.ReasonStatus && r.Summary != tt.summary {
				t.Errorf("got %q, want %q", r.Summary, tt.summary)
			}
		})
	}
}
