package http

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"

	"github.com/andybalholm/brotli"
	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/claim"
	"github.com/statusbot/statusbot/internal/checks/probe/probetest"
)

// answering is a server that answers with a header and a body.
func answering(t *testing.T, header, value string, body []byte) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/octet-stream")
		w.Header().Set(header, value)
		_, _ = w.Write(body)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func zipped(t *testing.T, body []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := w.Write(body)
	probetest.OK(t, err)
	probetest.OK(t, w.Close())
	return b.Bytes()
}

// TestBodiesThatSayWhatTheyAre: packed as nothing, packed twice, and with their
// character set in themselves.
func TestBodiesThatSayWhatTheyAre(t *testing.T) {
	plain := []byte("all good here")
	html := "text/html"
	for _, tt := range []struct {
		header, value string
		body          []byte
		options       Options
		outcome       checks.Outcome
	}{
		{"Content-Encoding", "identity", plain, Options{Contains: []string{"all good here"}}, checks.Pass},
		{"Content-Encoding", "gzip, identity", zipped(t, plain), Options{Contains: []string{"all good here"}}, checks.Pass},
		{"Content-Encoding", "gzip, gzip", zipped(t, zipped(t, plain)), Options{Compression: true, Contains: []string{"all good here"}}, checks.Pass},
		{"Content-Encoding", "zstd, gzip", zipped(t, plain), Options{Compression: true, Contains: []string{"all good here"}}, checks.Fail},
		{"Content-Encoding", "gzip,gzip,gzip,gzip,gzip", plain, Options{Contains: []string{"all good"}}, checks.Fail},
		{"Content-Type", html, []byte("<html><head><meta charset=\"windows-1251\"></head>\xcf\xf0\xe8\xe2\xe5\xf2"), Options{Contains: []string{"Привет"}}, checks.Pass},
		{"Content-Type", html, []byte("<META http-equiv=Content-Type content='text/html; charset=GBK'>\xd6\xd0\xce\xc4"), Options{Contains: []string{"中文"}}, checks.Pass},
		{"Content-Type", html + "; charset=x-none", []byte("\xd6\xd0\xce\xc4 good"), Options{NotContains: []string{"中文"}}, checks.Fail},
		{"Content-Type", html + "; charset=x-none", []byte("\xd6\xd0\xce\xc4 good"), Options{NotContains: []string{"bad"}}, checks.Pass},
		{"Content-Type", html + "; charset=utf-8", []byte("<meta charset=latin1>grün"), Options{Contains: []string{"grün"}}, checks.Pass},
		{"Content-Type", "text/html; charset='GBK'", []byte("\xd6\xd0\xce\xc4"), Options{Contains: []string{"中文"}}, checks.Pass},
		{"Content-Type", "application/xml", []byte("<?xml version=\"1.0\" encoding=\"windows-1251\"?><a>\xcf\xf0\xe8\xe2\xe5\xf2</a>"), Options{Contains: []string{"Привет"}}, checks.Pass},
		{"Content-Type", "text/plain", []byte("\xef\xbb\xbf\xef\xbb\xbfall"), Options{Options: claim.Options{Expect: []string{"body == 'all'"}}}, checks.Pass},
		{"Content-Type", "application/json", []byte("\xff\xfe{\x00\"\x00a\x00\"\x00:\x001\x00}\x00"), Options{JSON: []JSONAssertion{{Path: "$.a", Equals: 1}}, Options: claim.Options{Expect: []string{"json.a == 1.0"}}}, checks.Pass},
	} {
		o := tt.options
		o.URL = answering(t, tt.header, tt.value, tt.body)
		if r := probetest.Probing(t, &Kind, &o, generous); r.Outcome != tt.outcome {
			t.Errorf("%s: %s: %s %s", tt.header, tt.value, r.Outcome, r.Summary)
		}
	}
}

// TestPackedBodiesAsServersSendThem: with something behind them, in several parts, as
// nothing, and broken; what is read on a kept connection leaves nothing of it behind.
func TestPackedBodiesAsServersSendThem(t *testing.T) {
	plain := []byte("all good here")
	var br, bare bytes.Buffer
	to := brotli.NewWriter(&br)
	_, err := to.Write(plain)
	probetest.OK(t, errors.Join(err, to.Close()))
	flat, err := flate.NewWriter(&bare, flate.DefaultCompression)
	probetest.OK(t, err)
	_, err = flat.Write(plain)
	probetest.OK(t, errors.Join(err, flat.Close()))
	zip, zlibbed := zipped(t, plain), packed("deflate", string(plain))
	with := func(body []byte, more string) []byte { return append(bytes.Clone(body), more...) }
	broken := func(body []byte) []byte {
		body = bytes.Clone(body)
		body[len(body)-1] ^= 0xff // of the sum
		return body
	}
	for _, tt := range []struct {
		encoding string
		body     []byte
		outcome  checks.Outcome
		summary  string
	}{
		{"gzip", with(zip, "<!-- cached -->"), checks.Pass, ""},
		{"gzip", with(zip, "\x00\x00\x00"), checks.Pass, ""},
		{"gzip", append(zipped(t, []byte("all good ")), zipped(t, []byte("here"))...), checks.Pass, ""},
		{"deflate", with(zlibbed, "\r\n"), checks.Pass, ""},
		{"deflate", with(bare.Bytes(), "\r\n"), checks.Pass, ""},
		{"br", with(br.Bytes(), "\r\n"), checks.Pass, ""},
		{"UTF-8", plain, checks.Pass, ""},
		{"gzip", nil, checks.Fail, `"all good here" is not in the body`},
		{"br", nil, checks.Fail, `"all good here" is not in the body`},
		{"deflate", nil, checks.Fail, `"all good here" is not in the body`},
		{"deflate", broken(zlibbed), checks.Fail, "the answer is malformed: what it calls deflate is none"},
		{"deflate", []byte("<html>what is this</html>"), checks.Fail, "the answer is malformed: what it calls deflate is none"},
		{"deflate", zlibbed[:9], checks.Fail, "the answer is malformed: its packed body ends too soon"},
		{"br", br.Bytes()[:6], checks.Fail, "the answer is malformed: its packed body ends too soon"},
		{"br", []byte("\xff<html>what is this</html>"), checks.Fail, "the answer is malformed: what it calls br is none"},
		{"gzip", broken(zip), checks.Fail, "the answer is malformed: what it calls gzip is none"},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", tt.encoding)
			for _, b := range tt.body { // in small pieces, so that its end comes late
				_, _ = w.Write([]byte{b})
				w.(http.Flusher).Flush()
			}
		}))
		c, err := probetest.Compiled(&Kind, checks.Check{ID: "it", Every: generous, Timeout: generous,
			Options: &Options{URL: server.URL, Reuse: true, Compression: true, Contains: []string{string(plain)}, Options: claim.Options{Expect: []string{"size >= 0"}}}})
		probetest.OK(t, err)
		for range 3 {
			if r, _ := c.Run(t.Context()); r.Outcome != tt.outcome || !strings.Contains(r.Summary, tt.summary) {
				t.Errorf("%s %q: %s %s", tt.encoding, tt.body, r.Outcome, r.Summary)
			}
		}
		server.Close()
	}
}

// TestACharacterSetThatIsNotKnownIsNamed where a text is not found.
func TestACharacterSetThatIsNotKnownIsNamed(t *testing.T) {
	at := answering(t, "Content-Type", "text/html; charset=foo-8", []byte("\xd6\xd0\xce\xc4"))
	probetest.WantResult(t, probetest.Probing(t, &Kind, &Options{URL: at, Contains: []string{"中文"}}, generous),
		checks.Fail, checks.ReasonAssertion, `"中文" is not in the body, whose character set "foo-8" is not known here`)
}

// TestPackedTwiceInTwoLines of the header, as a proxy adds one.
func TestPackedTwiceInTwoLines(t *testing.T) {
	body := zipped(t, zipped(t, []byte("all good here")))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Content-Encoding"] = []string{"gzip", "gzip"}
		_, _ = w.Write(body)
	}))
	t.Cleanup(server.Close)
	probetest.WantResult(t, probetest.Probing(t, &Kind, &Options{URL: server.URL, Compression: true, Contains: []string{"all good here"}}, generous), checks.Pass, "", "HTTP 200")
}

// TestSignsThatStrictServersRefuse are escaped in what is asked for, and in where a
// redirect leads.
func TestSignsThatStrictServersRefuse(t *testing.T) {
	strict := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/from":
			w.Header().Set("Location", "/to?q="+r.URL.Query().Get("q"))
			w.WriteHeader(http.StatusFound)
		case strings.ContainsAny(r.RequestURI, "|{}^`\\\t <>\""):
			w.WriteHeader(http.StatusBadRequest)
		}
	}))
	t.Cleanup(strict.Close)
	for _, path := range []string{"/to?q=a|b{c}^d`e\\f", "/from?q=a%7Cb%7Bc%7D%5Ed%60e%5Cf", "/from?q=a%09b"} {
		if r := probetest.Probing(t, &Kind, &Options{URL: strict.URL + path}, generous); r.Outcome != checks.Pass {
			t.Errorf("%s: %s", path, r.Summary)
		}
	}
}

// TestValuesOfSecretsAreNotToldByAPath: a claim by JSONPath says no more of them
// than an expression does.
func TestValuesOfSecretsAreNotToldByAPath(t *testing.T) {
	at := answering(t, "Content-Type", "application/json", []byte(`{"password": "hunter2-hunter2", "user": {"api_key": "hunter2-api", "token": ["hunter2-token"], "name": "bob"}, "headers": [{"Cookie": "hunter2-cookie"}]}`))
	for path, told := range map[string]bool{"$.password": false, "$..api_key": false, "$['user']['token'][0]": false, "$.user": true, "$.headers": true, "$.headers[*].Cookie": false, "$.user.name": true} {
		r := probetest.Probing(t, &Kind, &Options{URL: at, JSON: []JSONAssertion{{Path: path, Equals: 1}}}, generous)
		want := path + " is "
		if !told {
			want += "not what is expected; a secret is not shown"
		}
		probetest.WantResult(t, r, checks.Fail, checks.ReasonAssertion, want)
		probetest.NoSecret(t, r, "hunter2")
	}
}

// TestLongNumbersAreComparedWhole: by a path and by an expression.
func TestLongNumbersAreComparedWhole(t *testing.T) {
	at := answering(t, "Content-Type", "application/json", []byte(`{"id": 9007199254740993, "huge": 123456789012345678901234567890, "n": 3}`))
	for expression, outcome := range map[string]checks.Outcome{
		"json.id == 9007199254740993": checks.Pass, "json.id == 9007199254740992": checks.Fail, "json.id > 9007199254740992 && json.n + 1.0 == 4.0": checks.Pass,
	} {
		if r := probetest.Probing(t, &Kind, &Options{URL: at, Options: claim.Options{Expect: []string{expression}}}, generous); r.Outcome != outcome {
			t.Errorf("%s: %s %s", expression, r.Outcome, r.Summary)
		}
	}
	high := answering(t, "Content-Type", "application/json", []byte(`{"n": 18446744073709551615}`))
	for equals, outcome := range map[uint64]checks.Outcome{1<<64 - 1: checks.Pass, 1<<64 - 2: checks.Fail} {
		if r := probetest.Probing(t, &Kind, &Options{URL: high, JSON: []JSONAssertion{{Path: "$.n", Equals: equals}}}, generous); r.Outcome != outcome {
			t.Errorf("%d: %s %s", equals, r.Outcome, r.Summary)
		}
	}
	huge := &Options{URL: at, JSON: []JSONAssertion{{Path: "$.huge", Equals: 123456789012345678901234567890.0}}}
	probetest.WantResult(t, probetest.Probing(t, &Kind, huge, generous), checks.Pass, "", "HTTP 200")
}

// TestAServerThatIsDrained ends connections of HTTP/2 before it looks at the
// request: a client makes it anew, on another connection.
func TestAServerThatIsDrained(t *testing.T) {
	for _, tt := range []struct {
		drained int // connections
		code    http2.ErrCode
		outcome checks.Outcome
		reason  checks.Reason
		summary string
	}{
		{1, http2.ErrCodeNo, checks.Pass, "", "HTTP/2 200"},
		{9, http2.ErrCodeNo, checks.Fail, checks.ReasonReset, "the server closed the connection: NO_ERROR while waiting for the answer"},
		{9, http2.ErrCodeEnhanceYourCalm, checks.Fail, checks.ReasonReset, "the server closed the connection: ENHANCE_YOUR_CALM while waiting for the answer"},
	} {
		connections := make(chan int, 1)
		connections <- 0
		address := probetest.Serve(t, func(c *net.TCPConn) {
			n := <-connections
			connections <- n + 1
			two(c, n < tt.drained, tt.code)
		})
		r := probetest.Probing(t, &Kind, &Options{URL: "http://" + address + "/", Version: version2}, generous)
		probetest.WantResult(t, r, tt.outcome, tt.reason, tt.summary)
	}
}

// TestARequestThatTheServerRefuses is made anew by net/http, at rests that grow. The
// time-out that comes of it says so.
func TestARequestThatTheServerRefuses(t *testing.T) {
	address := probetest.Serve(t, func(c *net.TCPConn) {
		if _, err := io.ReadFull(c, make([]byte, len(http2.ClientPreface))); err != nil {
			return
		}
		f := http2.NewFramer(c, c)
		_ = f.WriteSettings()
		for {
			frame, err := f.ReadFrame()
			if err != nil {
				return
			}
			if frame.Header().Type == http2.FrameHeaders {
				_ = f.WriteRSTStream(frame.Header().StreamID, http2.ErrCodeRefusedStream)
			}
		}
	})
	const words = "while waiting for the answer; the server refused the request before: REFUSED_STREAM"
	r := probetest.Until(t, &Kind, &Options{URL: "http://" + address + "/", Version: version2}, 150*time.Millisecond, words)
	probetest.WantResult(t, r, checks.Fail, checks.ReasonTimeout, words)
}

// TestAnExchangeThatTheServerBreaksOff is told as that, with the server's word for
// why, whether nothing of the answer came or a part of it: it is not malformed.
func TestAnExchangeThatTheServerBreaksOff(t *testing.T) {
	part := func(f *http2.Framer) {
		_ = f.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: []byte{0x88}, EndHeaders: true}) // :status: 200
		_ = f.WriteData(1, false, []byte("hel"))
	}
	for name, tt := range map[string]struct {
		answer  func(f *http2.Framer, c *net.TCPConn)
		outcome checks.Outcome
		summary string
	}{
		"reset at once": {func(f *http2.Framer, _ *net.TCPConn) { _ = f.WriteRSTStream(1, http2.ErrCodeInternal) },
			checks.Fail, "the server reset the request: INTERNAL_ERROR while waiting for the answer"},
		"reset amid the answer": {func(f *http2.Framer, _ *net.TCPConn) { part(f); _ = f.WriteRSTStream(1, http2.ErrCodeProtocol) },
			checks.Fail, "the server reset the request: PROTOCOL_ERROR while reading the answer"},
		"reset with a code that nobody has": {func(f *http2.Framer, _ *net.TCPConn) { part(f); _ = f.WriteRSTStream(1, 99) },
			checks.Fail, "the server reset the request: an unknown code while reading the answer"},
		"a header without end": {func(f *http2.Framer, _ *net.TCPConn) {
			_ = f.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: append([]byte{0x88, 0x00, 0x01, 'x', 0x7f, 0xff, 0x7b}, make([]byte, 16000)...)}) // x: of 15,998 bytes
			for range 40 {
				_ = f.WriteContinuation(1, false, append([]byte{0x00, 0x01, 'x', 0x7f, 0x81, 0x7b}, make([]byte, 15872)...))
			}
		}, checks.Fail, "the answer is malformed: it breaks the rules of HTTP/2, or its header is too long"},
		"gone amid the answer": {func(f *http2.Framer, c *net.TCPConn) {
			part(f)
			_ = f.WriteGoAway(1, http2.ErrCodeCancel, nil)
			_ = c.CloseWrite()
		}, checks.Fail, "the server closed the connection: CANCEL while reading the answer"},
		"going, and the rest comes": {func(f *http2.Framer, _ *net.TCPConn) {
			part(f)
			_ = f.WriteGoAway(1, http2.ErrCodeNo, nil)
			_ = f.WriteData(1, true, []byte("lo"))
		}, checks.Pass, "HTTP/2 200"},
		"reset behind the answer": {func(f *http2.Framer, _ *net.TCPConn) {
			part(f)
			_ = f.WriteData(1, true, []byte("lo"))
			_ = f.WriteRSTStream(1, http2.ErrCodeNo)
		}, checks.Pass, "HTTP/2 200"},
	} {
		address := probetest.Serve(t, func(c *net.TCPConn) {
			if _, err := io.ReadFull(c, make([]byte, len(http2.ClientPreface))); err != nil {
				return
			}
			f := http2.NewFramer(c, c)
			_ = f.WriteSettings()
			for {
				frame, err := f.ReadFrame()
				if err != nil {
					return
				}
				if frame.Header().Type == http2.FrameHeaders {
					break
				}
			}
			tt.answer(f, c)
			probetest.UntilClosed(c)
		})
		reason := checks.ReasonNone
		switch {
		case strings.Contains(tt.summary, "malformed"):
			reason = checks.ReasonProtocol
		case tt.outcome == checks.Fail:
			reason = checks.ReasonReset
		}
		t.Log(name)
		r := probetest.Probing(t, &Kind, &Options{URL: "http://" + address + "/", Version: version2, Contains: []string{"hello"}}, generous)
		probetest.WantResult(t, r, tt.outcome, reason, tt.summary)
	}
}

// two answers a request of HTTP/2, or says that it was not looked at.
func two(c *net.TCPConn, drained bool, code http2.ErrCode) {
	preface := make([]byte, len(http2.ClientPreface))
	if _, err := c.Read(preface); err != nil {
		return
	}
	f := http2.NewFramer(c, c)
	_ = f.WriteSettings()
	for {
		frame, err := f.ReadFrame()
		if err != nil {
			return
		}
		switch {
		case frame.Header().Type != http2.FrameHeaders:
		case !drained:
			_ = f.WriteHeaders(http2.HeadersFrameParam{StreamID: frame.Header().StreamID, BlockFragment: []byte{0x88}, EndStream: true, EndHeaders: true}) // :status: 200
		default:
			_ = f.WriteGoAway(0, code, nil)
			probetest.UntilClosed(c)
			return
		}
	}
}
