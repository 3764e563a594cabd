//go:build linux

package websocket

import (
	"bufio"
	"bytes"
	"compress/flate"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/claim"
	"github.com/statusbot/statusbot/internal/checks/probe"
	"github.com/statusbot/statusbot/internal/checks/probe/probetest"
	"github.com/statusbot/statusbot/internal/checks/redact"
)

const secret = "clementine-socket"

// startSockets starts a server of WebSockets on Node.js, and nginx before it
// with TLS.
func startSockets(t *testing.T, cert, key, ca string) (address, proxied, strict string, stop func()) {
	t.Helper()
	node := probetest.NeedProgram(t, "nodejs", "/usr/bin/node", "/usr/local/bin/node")
	probetest.NeedPackage(t, "/usr/share/nodejs/ws/package.json", "node-ws")
	nginx := probetest.NeedProgram(t, "nginx-light", "/usr/sbin/nginx")
	ports := probetest.UnusedPorts(t, 3)
	script := filepath.Join(t.TempDir(), "server.cjs")
	probetest.OK(t, os.WriteFile(script, []byte(socketNode), 0o600))
	stop = probetest.StartListening(t, ports[0], node, script, probetest.Local(ports[0]))
	conf := filepath.Join(t.TempDir(), "nginx.conf")
	probetest.OK(t, os.WriteFile(conf, []byte(fmt.Sprintf(`daemon off; master_process off; pid %[1]q; error_log stderr; user root;
events {}
http {
  access_log off;
  client_body_temp_path %[2]q; proxy_temp_path %[2]q; fastcgi_temp_path %[2]q; uwsgi_temp_path %[2]q; scgi_temp_path %[2]q;
  ssl_certificate %[3]q; ssl_certificate_key %[4]q;
  proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade; proxy_set_header Host $host;
  server { listen 127.0.0.1:%[5]d ssl;
    location / { proxy_pass http://%[6]s; }
    location /denied { return 403; }
    location /page { return 200 "hello"; }
    location /elsewhere { return 302 /echo; }
  }
  server { listen 127.0.0.1:%[7]d ssl; ssl_client_certificate %[8]q; ssl_verify_client on; location / { proxy_pass http://%[6]s; } }
}`, filepath.Join(t.TempDir(), "pid"), t.TempDir(), cert, key, ports[1], probetest.Local(ports[0]), ports[2], ca)), 0o600))
	probetest.StartListening(t, ports[1], nginx, "-c", conf)
	return probetest.Local(ports[0]), probetest.Local(ports[1]), probetest.Local(ports[2]), stop
}

const socketNode = `
const { WebSocketServer } = require('/usr/share/nodejs/ws');
const [host, port] = process.argv[2].split(':');
const server = new WebSocketServer({
  host, port: Number(port),
  handleProtocols: (offered) => offered.has('chat.v2') ? 'chat.v2' : false,
  verifyClient: ({ req }, done) => {
    if (req.url !== '/private') { done(true); return; }
    const said = req.headers.authorization;
    done(['Bearer clementine-socket', 'Basic ' + Buffer.from('probe:clementine-socket').toString('base64')].includes(said), 401, 'not ' + said);
  },
  perMessageDeflate: true,
});
server.on('connection', (ws, req) => {
  const path = req.url.split('?')[0];
  if (path === '/closes') ws.close(1008, 'not today');
  if (path === '/cut') ws._socket.destroy();
  if (path === '/greets') { ws.send('welcome'); ws.send('{"who": "server"}'); }
  if (path === '/whose') ws.send(JSON.stringify({ host: req.headers.host, agent: req.headers['user-agent'], extra: req.headers['x-extra'] ?? null }));
  ws.on('message', (data, binary) => {
    if (path === '/echo') ws.send(data, { binary });
    if (path === '/json') ws.send(JSON.stringify({ got: JSON.parse(data), count: 3 }));
    if (path === '/crash') ws.close(1011, 'on purpose');
    if (path === '/late') setTimeout(() => ws.send('late'), 60);
    if (path === '/long') ws.send('x'.repeat(65537));
    if (path === '/full') ws.send('x'.repeat(65536));
  });
  if (process.argv[3]) ws.on('close', (code) => require('fs').appendFileSync(process.argv[3], code + '\n'));
});
`

func TestWebSocket(t *testing.T) {
	t.Parallel()
	dir := probetest.HumbleDir(t)
	ca, cert, key := probetest.Authority(t, dir, "good")
	otherCA, _, _ := probetest.Authority(t, t.TempDir(), "other")
	address, proxied, strict, stop := startSockets(t, cert, key, ca)
	plain := func(path string) Options { return Options{URL: "ws://" + address + path, Ping: true} }
	secured := func(path string) Options {
		return Options{URL: "wss://" + proxied + path, Ping: true, CAFile: ca}
	}
	const long = time.Minute
	for _, tt := range []struct {
		name    string
		from    Options
		change  func(*Options)
		timeout time.Duration
		outcome checks.Outcome
		reason  checks.Reason
		summary string
	}{
		{"opens", plain("/echo"), func(*Options) {}, long, checks.Pass, "", "opened, pong after "},
		{"without a ping", plain("/echo"), func(o *Options) { o.Ping = false }, long, checks.Pass, "", "opened"},
		{"through nginx over TLS", secured("/echo"), func(o *Options) { o.Expect = []string{"tls.startsWith('TLS 1.') && rtt < duration('5s')"} }, long, checks.Pass, "", "opened, pong after "},
		{"any certificate", secured("/echo"), func(o *Options) { o.CAFile, o.InsecureTLS = "", true }, long, checks.Pass, "", "opened"},
		{"wrong authority", secured("/echo"), func(o *Options) { o.CAFile = otherCA }, long, checks.Fail, checks.ReasonTLS, "unknown authority"},
		{"wrong name", secured("/echo"), func(o *Options) { o.ServerName = "live.example.com" }, long, checks.Fail, checks.ReasonTLS, `not "live.example.com"`},
		{"name of the host", secured("/whose"), func(o *Options) { o.Host, o.Expect = "localhost", []string{"json.host == 'localhost'"} }, long, checks.Pass, "", "opened"},
		{"no TLS there", plain("/echo"), func(o *Options) { o.URL = "wss://" + address }, long, checks.Fail, checks.ReasonTLS, "the peer does not speak TLS"},
		{"TLS there", secured("/echo"), func(o *Options) { o.URL, o.CAFile = "ws://"+proxied, "" }, long, checks.Fail, checks.ReasonStatus, "HTTP 400, expected 101 and a WebSocket"},
		{"client certificate", secured("/echo"), func(o *Options) {
			o.URL, o.ClientCertFile, o.ClientKeyFile = "wss://"+strict+"/echo", cert, key
		}, long, checks.Pass, "", "opened"},
		{"no client certificate", secured("/echo"), func(o *Options) { o.URL = "wss://" + strict + "/echo" }, long, checks.Fail, checks.ReasonStatus, "HTTP 400"},
		{"echo", secured("/echo"), func(o *Options) {
			o.Send, o.Contains, o.Expect = "hello", []string{"hell", "lo"}, []string{"text == 'hello' && size == 5 && json == null"}
		}, long, checks.Pass, "", "message of 5 bytes"},
		{"json", plain("/json"), func(o *Options) {
			o.Send, o.Expect = `{"a": 1}`, []string{"json.got.a == 1.0 && json.count > 2.0 && latency < duration('5s')"}
		}, long, checks.Pass, "", "opened"},
		{"false claim", plain("/json"), func(o *Options) { o.Send, o.Expect = `{}`, []string{"json.count > 3.0"} }, long, checks.Fail, checks.ReasonAssertion, "json.count > 3.0 is false: json.count is 3"},
		{"degraded claim", plain("/json"), func(o *Options) { o.Send, o.DegradedIf = `{}`, []string{"json.count == 3.0"} }, long, checks.Degraded, checks.ReasonAssertion, "is true"},
		{"greeting", plain("/greets"), func(o *Options) { o.Expect = []string{"text == 'welcome'"} }, long, checks.Pass, "", "opened"},
		{"greeting, without a ping", plain("/greets"), func(o *Options) { o.Ping, o.Expect = false, []string{"text == 'welcome'"} }, long, checks.Pass, "", "opened"},
		{"second message", plain("/greets"), func(o *Options) { o.Contains, o.Expect = []string{"who"}, []string{"json.who == 'server'"} }, long, checks.Pass, "", "opened"},
		{"not that message", plain("/greets"), func(o *Options) { o.Contains = []string{"goodbye"} }, 300 * time.Millisecond, checks.Fail, checks.ReasonTimeout, "while waiting for a message"},
		{"nothing comes", plain("/echo"), func(o *Options) { o.Contains = []string{"x"} }, 300 * time.Millisecond, checks.Fail, checks.ReasonTimeout, "while waiting for a message"},
		{"subprotocol", secured("/echo"), func(o *Options) {
			o.Subprotocols, o.Expect = []string{"chat.v3", "chat.v2"}, []string{"subprotocol == 'chat.v2' && headers['sec-websocket-protocol'] == 'chat.v2'"}
		}, long, checks.Pass, "", "opened, chat.v2, pong"},
		{"wrong subprotocol", plain("/echo"), func(o *Options) { o.Subprotocols = []string{"chat.v1"} }, long, checks.Fail, checks.ReasonAssertion, "the server agrees to none of the subprotocols chat.v1"},
		{"headers", plain("/whose"), func(o *Options) {
			o.Headers, o.Expect = map[string]string{"x-extra": "more", "Origin": "https://live.example.com"}, []string{"json.extra == 'more' && json.agent == 'statusbot'"}
		}, long, checks.Pass, "", "opened"},
		{"bearer token", plain("/private"), func(o *Options) { o.BearerToken = secret }, long, checks.Pass, "", "opened"},
		{"bearer token through nginx", secured("/private"), func(o *Options) { o.BearerToken = secret }, long, checks.Pass, "", "opened"},
		{"user and password", plain("/private"), func(o *Options) { o.URL = "ws://probe:" + secret + "@" + address + "/private" }, long, checks.Pass, "", "opened"},
		{"wrong token", plain("/private"), func(o *Options) { o.BearerToken = secret + "-old" }, long, checks.Fail, checks.ReasonStatus, "HTTP 401, expected 101 and a WebSocket"},
		{"denied", secured("/denied"), func(*Options) {}, long, checks.Fail, checks.ReasonStatus, "HTTP 403, expected 101 and a WebSocket"},
		{"a page", secured("/page"), func(*Options) {}, long, checks.Fail, checks.ReasonStatus, "HTTP 200, expected 101 and a WebSocket"},
		{"a redirect", secured("/elsewhere"), func(*Options) {}, long, checks.Fail, checks.ReasonStatus, "/echo, expected 101 and a WebSocket"},
		{"closed at once", plain("/closes"), func(o *Options) { o.Contains = []string{"x"} }, long, checks.Fail, checks.ReasonStatus, `1008 (policy violation) "not today"`},
		{"closed for a message", plain("/crash"), func(o *Options) { o.Send, o.Contains = "x", []string{"x"} }, long, checks.Fail, checks.ReasonStatus, `the server closed the socket while waiting for a message: 1011 (internal server error) "on purpose"`},
		{"cut", plain("/cut"), func(o *Options) { o.Contains = []string{"x"} }, long, checks.Fail, checks.ReasonReset, "the connection while waiting for"},
		{"a message of 64 KiB", plain("/full"), func(o *Options) { o.Send, o.Expect = "x", []string{"size == 65536"} }, long, checks.Pass, "", "message of 65536 bytes"},
		{"a long message", plain("/long"), func(o *Options) { o.Send, o.Expect = "x", []string{"size > 1"} }, long, checks.Unknown, checks.ReasonInternal, "a message is longer than the 64 KiB"},
		{"late", plain("/late"), func(o *Options) {
			o.Send, o.Contains, o.DegradedOver = "x", []string{"late"}, 50*time.Millisecond
		}, long, checks.Degraded, checks.ReasonLatency, "limit 50 ms"},
		{"name that is none", plain("/"), func(o *Options) { o.URL = "ws://nowhere.invalid/" }, long, checks.Fail, checks.ReasonDNS, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := tt.from
			tt.change(&o)
			r := probetest.Until(t, &Kind, &o, tt.timeout, tt.summary)
			probetest.WantResult(t, r, tt.outcome, tt.reason, tt.summary)
			probetest.NoSecret(t, r, secret)
			if r.Outcome != checks.Pass && r.Reason != checks.ReasonDNS && (r.Evidence == nil || r.Evidence.Remote == "") {
				t.Errorf("evidence: %+v", r.Evidence)
			}
			if r.Reason == checks.ReasonStatus && r.Evidence.Status == 0 {
				t.Errorf("evidence: %+v", r.Evidence)
			}
		})
	}
	t.Run("phases", func(t *testing.T) {
		o := secured("/echo")
		if r := probetest.Probing(t, &Kind, &o, long); r.Phases.Connect <= 0 || r.Phases.TLS <= 0 || r.Phases.FirstByte <= 0 {
			t.Errorf("phases: %+v", r.Phases)
		}
	})
	t.Run("token from a file", func(t *testing.T) {
		o := plain("/private")
		o.BearerTokenFile = filepath.Join(t.TempDir(), "token")
		probetest.OK(t, os.WriteFile(o.BearerTokenFile, []byte(secret+"\n"), 0o600))
		c, err := probetest.Compiled(&Kind, checks.Check{ID: "it", Kind: "websocket", Every: time.Minute, Timeout: long, Options: &o})
		probetest.OK(t, err)
		r, _ := c.Run(t.Context())
		probetest.WantResult(t, r, checks.Pass, "", "opened")
		probetest.OK(t, os.Remove(o.BearerTokenFile))
		r, _ = c.Run(t.Context())
		probetest.WantResult(t, r, checks.Unknown, checks.ReasonInternal, "the token's file cannot be read")
	})
	t.Run("stalled", func(t *testing.T) {
		for path, stage := range map[string]string{"ws://" + probetest.Stalling(t, address): "opening the socket", "wss://" + probetest.Stalling(t, proxied): "negotiating TLS"} {
			o := Options{URL: path + "/echo"}
			probetest.WantResult(t, probetest.Until(t, &Kind, &o, 300*time.Millisecond, "while "+stage), checks.Fail, checks.ReasonTimeout, "while "+stage)
		}
	})
	t.Run("stopped", func(t *testing.T) {
		stop()
		o := plain("/echo")
		probetest.WantResult(t, probetest.Probing(t, &Kind, &o, long), checks.Fail, checks.ReasonConnect, "connection refused")
		o = secured("/echo")
		probetest.WantResult(t, probetest.Probing(t, &Kind, &o, long), checks.Fail, checks.ReasonStatus, "HTTP 502")
	})
}

// The server sees the socket closed as the protocol has it, not lost.
func TestWebSocketCloses(t *testing.T) {
	t.Parallel()
	node := probetest.NeedProgram(t, "nodejs", "/usr/bin/node", "/usr/local/bin/node")
	probetest.NeedPackage(t, "/usr/share/nodejs/ws/package.json", "node-ws")
	port := probetest.UnusedPorts(t, 1)[0]
	script := filepath.Join(t.TempDir(), "server.cjs")
	probetest.OK(t, os.WriteFile(script, []byte(socketNode), 0o600))
	closes := filepath.Join(t.TempDir(), "closes")
	probetest.StartListening(t, port, node, script, probetest.Local(port), closes)
	o := Options{URL: "ws://" + probetest.Local(port) + "/echo", Ping: true, Send: "x", Contains: []string{"x"}}
	probetest.WantResult(t, probetest.Probing(t, &Kind, &o, 5*time.Second), checks.Pass, "", "opened")
	o.Contains = []string{"y"} // this one is cut off
	probetest.WantResult(t, probetest.Until(t, &Kind, &o, 100*time.Millisecond, "while waiting for a message"), checks.Fail, checks.ReasonTimeout, "")
	const want = "1000\n1006\n" // normal closure, and none (RFC 6455, 7.4.1)
	var got string
	for end := time.Now().Add(2 * time.Minute); !strings.HasPrefix(got, want) && time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		text, _ := os.ReadFile(closes)
		got = string(text)
	}
	if !strings.HasPrefix(got, want) {
		t.Errorf("the server saw %q, want %q", got, want)
	}
}

// agreeing answers a request for a socket, and lets say what comes after.
func agreeing(t *testing.T, extra string, say func(c *net.TCPConn)) (url string) {
	return agreeingAfter(t, "", extra, say)
}

// agreeingAfter says something before it agrees.
func agreeingAfter(t *testing.T, before, extra string, say func(c *net.TCPConn)) (url string) {
	return "ws://" + probetest.Serve(t, func(c *net.TCPConn) {
		r, err := http.ReadRequest(bufio.NewReader(c))
		if err != nil {
			return
		}
		sum := sha1.Sum([]byte(r.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")) // RFC 6455, 1.3
		fmt.Fprintf(c, "%sHTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n%s\r\n", before, base64.StdEncoding.EncodeToString(sum[:]), extra)
		say(c)
	})
}

// frame is a whole frame as a server sends it.
func frame(first byte, payload []byte) []byte {
	switch n := len(payload); {
	case n < 126:
		return append([]byte{first, byte(n)}, payload...)
	case n < 1<<16:
		return append(binary.BigEndian.AppendUint16([]byte{first, 126}, uint16(n)), payload...)
	default:
		return append(binary.BigEndian.AppendUint64([]byte{first, 127}, uint64(n)), payload...)
	}
}

func TestWebSocketStrangers(t *testing.T) {
	t.Parallel()
	say := func(what []byte) string {
		return agreeing(t, "", func(c *net.TCPConn) {
			_, _ = c.Write(what)
			probetest.UntilClosed(c)
		})
	}
	forever := func(what []byte) string {
		return agreeing(t, "", func(c *net.TCPConn) {
			go probetest.UntilClosed(c) // it takes what is answered
			for many := bytes.Repeat(what, 1000); ; {
				if _, err := c.Write(many); err != nil {
					return
				}
			}
		})
	}
	raw := func(text string) string {
		return "ws://" + probetest.Serve(t, func(c *net.TCPConn) {
			probetest.ReadRequest(c)
			io.WriteString(c, text)
			probetest.HangUp(c)
		})
	}
	var bomb bytes.Buffer
	w, err := flate.NewWriter(&bomb, flate.BestCompression)
	probetest.OK(t, err)
	_, err = w.Write(make([]byte, 16<<20))
	probetest.OK(t, err)
	probetest.OK(t, w.Flush())
	squeezed := agreeing(t, "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_no_context_takeover\r\n", func(c *net.TCPConn) {
		_, _ = c.Write(frame(0xc1, bytes.TrimSuffix(bomb.Bytes(), []byte{0, 0, 0xff, 0xff})))
		probetest.UntilClosed(c)
	})
	const long, short = time.Minute, 150 * time.Millisecond
	for _, tt := range []struct {
		name, url string
		timeout   time.Duration
		outcome   checks.Outcome
		reason    checks.Reason
		summary   string
	}{
		{"ssh", raw("SSH-2.0-OpenSSH_9.2\r\n"), long, checks.Fail, checks.ReasonProtocol, "the answer is malformed"},
		{"silent", "ws://" + probetest.Serve(t, probetest.UntilClosed), short, checks.Fail, checks.ReasonTimeout, "while opening the socket"},
		{"closes", raw(""), long, checks.Fail, checks.ReasonReset, "the peer closed the connection while opening the socket"},
		{"drips its header", "ws://" + probetest.Serve(t, func(c *net.TCPConn) {
			probetest.ReadRequest(c)
			for io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\n"); ; time.Sleep(5 * time.Millisecond) {
				if _, err := io.WriteString(c, "a"); err != nil {
					return
				}
			}
		}), short, checks.Fail, checks.ReasonTimeout, "while opening the socket"},
		{"endless header", "ws://" + probetest.Serve(t, func(c *net.TCPConn) {
			probetest.ReadRequest(c)
			io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\n")
			for {
				if _, err := io.WriteString(c, "A: "+strings.Repeat("a", 1000)+"\r\n"); err != nil {
					return
				}
			}
		}), long, checks.Fail, checks.ReasonProtocol, ""},
		{"another protocol, and it waits", raw("\x00\x00\x06\x04\x00\x00\x00\x00\x00"), long, checks.Fail, checks.ReasonProtocol, "it does not begin with HTTP/"},
		{"a status of four digits", raw("HTTP/1.1 1000 Odd\r\n\r\n"), long, checks.Fail, checks.ReasonProtocol, "its status is no number of three digits"},
		{"hints alone", raw("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"), long, checks.Fail, checks.ReasonStatus, "HTTP 404, expected 101"},
		{"a status whose body does not come", raw("HTTP/1.1 503 Busy\r\nContent-Length: 9\r\n\r\n"), short, checks.Fail, checks.ReasonStatus, "HTTP 503, expected 101"},
		{"a text that is none", say(frame(0x81, []byte{0xc3, '('})), long, checks.Fail, checks.ReasonProtocol, "a text is not in UTF-8"},
		{"another key", raw("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: AAAA\r\n\r\n"), long, checks.Fail, checks.ReasonProtocol, "the server's agreement to the socket is not one"},
		{"another version", raw("HTTP/3.0 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: AAAA\r\n\r\n"), long, checks.Fail, checks.ReasonProtocol, "the answer is malformed: it calls itself HTTP/3.0"},
		{"another protocol", raw("HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n"), long, checks.Fail, checks.ReasonProtocol, "the server's agreement to the socket is not one"},
		{"no pong", say(nil), short, checks.Fail, checks.ReasonTimeout, "while waiting for the pong"},
		{"another's pong", say(frame(0x8a, []byte("no"))), short, checks.Fail, checks.ReasonTimeout, "while waiting for the pong"},
		{"endless pongs", forever(frame(0x8a, []byte("no"))), long, checks.Fail, checks.ReasonProtocol, errEndless.Error()},
		{"endless pings", forever(frame(0x89, []byte("no"))), long, checks.Fail, checks.ReasonProtocol, "the server pings more than 100 times"},
		{"endless messages", forever(frame(0x81, []byte("no"))), long, checks.Fail, checks.ReasonProtocol, errEndless.Error()},
		{"endless empty pieces", forever([]byte{0x01, 0}), long, checks.Fail, checks.ReasonProtocol, "the server breaks the rules of the protocol"},
		{"a message that never ends", forever(frame(0x00, []byte("no"))), long, checks.Fail, checks.ReasonProtocol, "the server breaks the rules of the protocol: continuation after FIN"},
		{"a message in endless pieces", agreeing(t, "", func(c *net.TCPConn) {
			_, _ = c.Write(frame(0x01, []byte("a")))
			for piece := bytes.Repeat(frame(0x00, nil), 1000); ; {
				if _, err := c.Write(piece); err != nil {
					return
				}
			}
		}), long, checks.Fail, checks.ReasonProtocol, errEndless.Error()},
		{"a frame of 2^63 bytes", say([]byte{0x82, 127, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}), long, checks.Unknown, checks.ReasonInternal, "longer than the 64 KiB"},
		{"a frame of 1 GB", say([]byte{0x82, 127, 0, 0, 0, 0, 0x40, 0, 0, 0}), long, checks.Unknown, checks.ReasonInternal, "longer than the 64 KiB"},
		{"a message that swells to 16 MB", squeezed, long, checks.Unknown, checks.ReasonInternal, "longer than the 64 KiB"},
		{"half a frame", say([]byte{0x81, 5, 'a'}), short, checks.Fail, checks.ReasonTimeout, "while waiting for the pong"},
		{"a masked frame", say([]byte{0x81, 0x81, 0, 0, 0, 0, 'a'}), long, checks.Fail, checks.ReasonProtocol, "bad MASK"},
		{"a long ping", say(frame(0x89, make([]byte, 200))), long, checks.Fail, checks.ReasonProtocol, "the server breaks the rules of the protocol"},
		{"garbage", say([]byte{0xff, 0xff, 0xff, 0xff}), long, checks.Fail, checks.ReasonProtocol, "the server breaks the rules of the protocol"},
		{"a close without words", say(frame(0x88, nil)), long, checks.Fail, checks.ReasonStatus, "the server closed the socket while waiting for the pong: 1005"},
		{"a close of no code", say(frame(0x88, []byte{0, 1})), long, checks.Fail, checks.ReasonProtocol, "bad close code"},
		{"cut", agreeing(t, "", func(c *net.TCPConn) { probetest.HangUp(c) }), long, checks.Fail, checks.ReasonReset, "while waiting for the pong"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := probetest.Until(t, &Kind, &Options{URL: tt.url, Ping: true, Contains: []string{"never"}}, tt.timeout, tt.summary)
			probetest.WantResult(t, r, tt.outcome, tt.reason, tt.summary)
		})
	}
	t.Run("a feed without that message", func(t *testing.T) {
		r := probetest.Probing(t, &Kind, &Options{URL: forever(frame(0x81, []byte("no"))), Contains: []string{"never"}}, long)
		probetest.WantResult(t, r, checks.Fail, checks.ReasonAssertion, errEndless.Error())
		if r.Evidence == nil || r.Evidence.Output != "no" {
			t.Errorf("evidence: %+v", r.Evidence)
		}
	})
	t.Run("takes nothing", func(t *testing.T) {
		over := make(chan struct{})
		defer close(over)
		deaf := agreeing(t, "", func(c *net.TCPConn) {
			_ = c.SetReadBuffer(4 << 10)
			<-over
		})
		r := probetest.Until(t, &Kind, &Options{URL: deaf, Send: strings.Repeat("x", probe.ReadMax), Contains: []string{"x"}}, short, "while waiting for a message")
		probetest.WantResult(t, r, checks.Fail, checks.ReasonTimeout, "while waiting for a message")
	})
	t.Run("what comes before the agreement", func(t *testing.T) {
		hints := "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: " + strings.Repeat("x", 1000) + "\r\n\r\n"
		r := probetest.Probing(t, &Kind, &Options{URL: agreeingAfter(t, hints, "", probetest.UntilClosed)}, long)
		probetest.WantResult(t, r, checks.Pass, "", "opened")
	})
	t.Run("chooses though nothing was offered", func(t *testing.T) {
		r := probetest.Probing(t, &Kind, &Options{URL: agreeing(t, "Sec-WebSocket-Protocol: other\r\n", probetest.UntilClosed)}, long)
		probetest.WantResult(t, r, checks.Fail, checks.ReasonAssertion, `the server chose the subprotocol "other", and none was offered`)
	})
	t.Run("chooses twice", func(t *testing.T) {
		r := probetest.Probing(t, &Kind, &Options{URL: agreeing(t, "Sec-WebSocket-Protocol: a\r\nSec-WebSocket-Protocol: b\r\n", probetest.UntilClosed), Subprotocols: []string{"a", "b"}}, long)
		probetest.WantResult(t, r, checks.Fail, checks.ReasonAssertion, `the server chose the subprotocol "a, b"`)
	})
	t.Run("chooses what was not offered", func(t *testing.T) {
		other := agreeing(t, "Sec-WebSocket-Protocol: other\r\n", probetest.UntilClosed)
		r := probetest.Probing(t, &Kind, &Options{URL: other, Subprotocols: []string{"chat"}}, long)
		probetest.WantResult(t, r, checks.Fail, checks.ReasonAssertion, `the server chose the subprotocol "other", offered: chat`)
	})
	t.Run("does not say goodbye", func(t *testing.T) {
		r := probetest.Probing(t, &Kind, &Options{URL: say(nil)}, long)
		probetest.WantResult(t, r, checks.Pass, "", "opened")
		if r.Duration >= probe.LeaveMax {
			t.Errorf("took %v, with the goodbye", r.Duration)
		}
	})
}

func TestWebSocketOptions(t *testing.T) {
	const url = "wss://live.example.com/feed"
	none := filepath.Join(t.TempDir(), "none")
	for _, tt := range []struct {
		key     string
		options Options
	}{
		{"url", Options{}},
		{"headers.x-a", Options{URL: "wss://live.example.com", Headers: map[string]string{"X-A": "1", "x-a": "2"}}},
		{"url", Options{URL: "https://live.example.com"}},
		{"url", Options{URL: "wss:///feed"}},
		{"url", Options{URL: "wss://live.example.com:a/feed"}},
		{"url", Options{URL: url + "#top"}},
		{"host", Options{URL: url, Host: "a b"}},
		{"host", Options{URL: url, Host: "256.0.0.1"}},
		{"host", Options{URL: url, Host: "h:99999"}},
		{"headers.Upgrade", Options{URL: url, Headers: map[string]string{"Upgrade": "h2c"}}},
		{"headers.sec-websocket-key", Options{URL: url, Headers: map[string]string{"sec-websocket-key": "a"}}},
		{"headers.Sec-WebSocket-Protocol", Options{URL: url, Headers: map[string]string{"Sec-WebSocket-Protocol": "a"}}},
		{"headers.Host", Options{URL: url, Headers: map[string]string{"Host": "a"}}},
		{"headers.a b", Options{URL: url, Headers: map[string]string{"a b": "a"}}},
		{"headers.a", Options{URL: url, Headers: map[string]string{"a": "a\r\nb: c"}}},
		{"bearer_token", Options{URL: url, BearerToken: "a", Headers: map[string]string{"authorization": "b"}}},
		{"bearer_token", Options{URL: "wss://a:b@live.example.com", BearerToken: "a"}},
		{"bearer_token", Options{URL: url, BearerToken: "a\r\n"}},
		{"bearer_token_file", Options{URL: url, BearerTokenFile: none}},
		{"subprotocols", Options{URL: url, Subprotocols: []string{"a, b"}}},
		{"contains", Options{URL: url, Contains: []string{""}}},
		{"send", Options{URL: url, Send: strings.Repeat("x", probe.ReadMax+1)}},
		{"ping", Options{URL: url, Options: claim.Options{Expect: []string{"rtt < duration('1s')"}}}},
		{"ca_file", Options{URL: url, CAFile: none}},
		{"ca_file", Options{URL: "ws://live.example.com", CAFile: none}},
		{"insecure_tls", Options{URL: "ws://live.example.com", InsecureTLS: true}},
		{"server_name", Options{URL: "ws://live.example.com", ServerName: "a"}},
		{"client_cert_file", Options{URL: url, ClientCertFile: none}},
		{"client_key_file", Options{URL: "ws://live.example.com", ClientKeyFile: none}},
		{"expect", Options{URL: url, Options: claim.Options{Expect: []string{"status == 1"}}}},
		{"degraded_over", Options{URL: url, LimitOptions: probe.LimitOptions{DegradedOver: time.Minute}}},
	} {
		probetest.WantOptionError(t, &Kind, &tt.options, tt.key)
	}
	for range 16 { // of several that are wrong the same one is said each time
		probetest.WantOptionError(t, &Kind, &Options{URL: "ws://live.example.com", ServerName: "a", InsecureTLS: true, CAFile: none}, "ca_file")
	}
	for _, o := range []Options{{URL: url, CAFile: none}, {URL: url, ClientCertFile: none, ClientKeyFile: none}, {URL: url, BearerTokenFile: none}} {
		_, err := probetest.Compiled(&Kind, checks.Check{ID: "it", Kind: "websocket", Every: time.Second, Timeout: time.Second, Options: &o, Strict: true})
		if err == nil || !strings.Contains(err.Error(), probe.ErrStrictFile.Error()) {
			t.Errorf("strict: got %v", err)
		}
	}
	secrets := redact.Of(&Options{Send: `{"type": "init", "payload": {"token": "` + secret + `"}}`})
	if len(secrets) == 0 {
		t.Error("the token that is sent is not known as a secret")
	}
	r := checks.Result{Outcome: checks.Fail, Summary: "not " + secret, Evidence: &checks.Evidence{Output: secret}}
	probe.HideIn(&r, redact.For(secrets))
	probetest.NoSecret(t, r, secret)
}
