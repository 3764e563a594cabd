//go:build linux

package checks

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
)

const socketSecret = "clementine-socket"

// startSockets starts a server of WebSockets on Node.js, and nginx before it
// with TLS.
func startSockets(t *testing.T, cert, key, ca string) (address, proxied, strict string, stop func()) {
	t.Helper()
	node := needProgram(t, "nodejs", "/usr/bin/node", "/usr/local/bin/node")
	needPackage(t, "/usr/share/nodejs/ws/package.json", "node-ws")
	nginx := needProgram(t, "nginx-light", "/usr/sbin/nginx")
	ports := unusedPorts(t, 3)
	script := filepath.Join(t.TempDir(), "server.cjs")
	check(t, os.WriteFile(script, []byte(socketNode), 0o600))
	stop = startListening(t, ports[0], node, script, local(ports[0]))
	conf := filepath.Join(t.TempDir(), "nginx.conf")
	check(t, os.WriteFile(conf, []byte(fmt.Sprintf(`daemon off; master_process off; pid %[1]q; error_log stderr; user root;
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
}`, filepath.Join(t.TempDir(), "pid"), t.TempDir(), cert, key, ports[1], local(ports[0]), ports[2], ca)), 0o600))
	startListening(t, ports[1], nginx, "-c", conf)
	return local(ports[0]), local(ports[1]), local(ports[2]), stop
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
	dir := humbleDir(t)
	ca, cert, key := authority(t, dir, "good")
	otherCA, _, _ := authority(t, t.TempDir(), "other")
	address, proxied, strict, stop := startSockets(t, cert, key, ca)
	plain := func(path string) WebSocketOptions { return WebSocketOptions{URL: "ws://" + address + path, Ping: true} }
	secured := func(path string) WebSocketOptions {
		return WebSocketOptions{URL: "wss://" + proxied + path, Ping: true, CAFile: ca}
	}
	const long = 5 * time.Second
	for _, tt := range []struct {
		name    string
		from    WebSocketOptions
		change  func(*WebSocketOptions)
		timeout time.Duration
		outcome Outcome
		reason  Reason
		summary string
	}{
		{"opens", plain("/echo"), func(*WebSocketOptions) {}, long, Pass, "", "opened, pong after "},
		{"without a ping", plain("/echo"), func(o *WebSocketOptions) { o.Ping = false }, long, Pass, "", "opened"},
		{"through nginx over TLS", secured("/echo"), func(o *WebSocketOptions) { o.Expect = []string{"tls.startsWith('TLS 1.') && rtt < duration('5s')"} }, long, Pass, "", "opened, pong after "},
		{"any certificate", secured("/echo"), func(o *WebSocketOptions) { o.CAFile, o.InsecureTLS = "", true }, long, Pass, "", "opened"},
		{"wrong authority", secured("/echo"), func(o *WebSocketOptions) { o.CAFile = otherCA }, long, Fail, ReasonTLS, "unknown authority"},
		{"wrong name", secured("/echo"), func(o *WebSocketOptions) { o.ServerName = "live.example.com" }, long, Fail, ReasonTLS, `not "live.example.com"`},
		{"name of the host", secured("/whose"), func(o *WebSocketOptions) { o.Host, o.Expect = "localhost", []string{"json.host == 'localhost'"} }, long, Pass, "", "opened"},
		{"no TLS there", plain("/echo"), func(o *WebSocketOptions) { o.URL = "wss://" + address }, long, Fail, ReasonTLS, "the peer does not speak TLS"},
		{"TLS there", secured("/echo"), func(o *WebSocketOptions) { o.URL, o.CAFile = "ws://"+proxied, "" }, long, Fail, ReasonStatus, "HTTP 400, expected 101 and a WebSocket"},
		{"client certificate", secured("/echo"), func(o *WebSocketOptions) {
			o.URL, o.ClientCertFile, o.ClientKeyFile = "wss://"+strict+"/echo", cert, key
		}, long, Pass, "", "opened"},
		{"no client certificate", secured("/echo"), func(o *WebSocketOptions) { o.URL = "wss://" + strict + "/echo" }, long, Fail, ReasonStatus, "HTTP 400"},
		{"echo", secured("/echo"), func(o *WebSocketOptions) {
			o.Send, o.Contains, o.Expect = "hello", []string{"hell", "lo"}, []string{"text == 'hello' && size == 5 && json == null"}
		}, long, Pass, "", "message of 5 bytes"},
		{"json", plain("/json"), func(o *WebSocketOptions) {
			o.Send, o.Expect = `{"a": 1}`, []string{"json.got.a == 1.0 && json.count > 2.0 && latency < duration('5s')"}
		}, long, Pass, "", "opened"},
		{"false claim", plain("/json"), func(o *WebSocketOptions) { o.Send, o.Expect = `{}`, []string{"json.count > 3.0"} }, long, Fail, ReasonAssertion, "json.count > 3.0 is false: json.count is 3"},
		{"degraded claim", plain("/json"), func(o *WebSocketOptions) { o.Send, o.DegradedIf = `{}`, []string{"json.count == 3.0"} }, long, Degraded, ReasonAssertion, "is true"},
		{"greeting", plain("/greets"), func(o *WebSocketOptions) { o.Expect = []string{"text == 'welcome'"} }, long, Pass, "", "opened"},
		{"greeting, without a ping", plain("/greets"), func(o *WebSocketOptions) { o.Ping, o.Expect = false, []string{"text == 'welcome'"} }, long, Pass, "", "opened"},
		{"second message", plain("/greets"), func(o *WebSocketOptions) { o.Contains, o.Expect = []string{"who"}, []string{"json.who == 'server'"} }, long, Pass, "", "opened"},
		{"not that message", plain("/greets"), func(o *WebSocketOptions) { o.Contains = []string{"goodbye"} }, 300 * time.Millisecond, Fail, ReasonTimeout, "time-out after 300 ms while waiting for a message"},
		{"nothing comes", plain("/echo"), func(o *WebSocketOptions) { o.Contains = []string{"x"} }, 300 * time.Millisecond, Fail, ReasonTimeout, "while waiting for a message"},
		{"subprotocol", secured("/echo"), func(o *WebSocketOptions) {
			o.Subprotocols, o.Expect = []string{"chat.v3", "chat.v2"}, []string{"subprotocol == 'chat.v2' && headers['sec-websocket-protocol'] == 'chat.v2'"}
		}, long, Pass, "", "opened, chat.v2, pong"},
		{"wrong subprotocol", plain("/echo"), func(o *WebSocketOptions) { o.Subprotocols = []string{"chat.v1"} }, long, Fail, ReasonAssertion, "the server agrees to none of the subprotocols chat.v1"},
		{"headers", plain("/whose"), func(o *WebSocketOptions) {
			o.Headers, o.Expect = map[string]string{"x-extra": "more", "Origin": "https://live.example.com"}, []string{"json.extra == 'more' && json.agent == 'statusbot'"}
		}, long, Pass, "", "opened"},
		{"bearer token", plain("/private"), func(o *WebSocketOptions) { o.BearerToken = socketSecret }, long, Pass, "", "opened"},
		{"bearer token through nginx", secured("/private"), func(o *WebSocketOptions) { o.BearerToken = socketSecret }, long, Pass, "", "opened"},
		{"user and password", plain("/private"), func(o *WebSocketOptions) { o.URL = "ws://probe:" + socketSecret + "@" + address + "/private" }, long, Pass, "", "opened"},
		{"wrong token", plain("/private"), func(o *WebSocketOptions) { o.BearerToken = socketSecret + "-old" }, long, Fail, ReasonStatus, "HTTP 401, expected 101 and a WebSocket"},
		{"denied", secured("/denied"), func(*WebSocketOptions) {}, long, Fail, ReasonStatus, "HTTP 403, expected 101 and a WebSocket"},
		{"a page", secured("/page"), func(*WebSocketOptions) {}, long, Fail, ReasonStatus, "HTTP 200, expected 101 and a WebSocket"},
		{"a redirect", secured("/elsewhere"), func(*WebSocketOptions) {}, long, Fail, ReasonStatus, "HTTP 302"},
		{"closed at once", plain("/closes"), func(o *WebSocketOptions) { o.Contains = []string{"x"} }, long, Fail, ReasonStatus, `1008 (policy violation) "not today"`},
		{"closed for a message", plain("/crash"), func(o *WebSocketOptions) { o.Send, o.Contains = "x", []string{"x"} }, long, Fail, ReasonStatus, `the server closed the socket while waiting for a message: 1011 (internal server error) "on purpose"`},
		{"cut", plain("/cut"), func(o *WebSocketOptions) { o.Contains = []string{"x"} }, long, Fail, ReasonReset, "the connection while waiting for"},
		{"a message of 64 KiB", plain("/full"), func(o *WebSocketOptions) { o.Send, o.Expect = "x", []string{"size == 65536"} }, long, Pass, "", "message of 65536 bytes"},
		{"a long message", plain("/long"), func(o *WebSocketOptions) { o.Send, o.Expect = "x", []string{"size > 1"} }, long, Unknown, ReasonInternal, "a message is longer than the 64 KiB"},
		{"late", plain("/late"), func(o *WebSocketOptions) {
			o.Send, o.Contains, o.DegradedOver = "x", []string{"late"}, 50*time.Millisecond
		}, long, Degraded, ReasonLatency, "limit 50 ms"},
		{"name that is none", plain("/"), func(o *WebSocketOptions) { o.URL = "ws://nowhere.invalid/" }, long, Fail, ReasonDNS, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := tt.from
			tt.change(&o)
			r := probing(t, "websocket", &o, tt.timeout)
			wantResult(t, r, tt.outcome, tt.reason, tt.summary)
			noSecret(t, r, socketSecret)
			if r.Outcome != Pass && r.Reason != ReasonDNS && (r.Evidence == nil || r.Evidence.Remote == "") {
				t.Errorf("evidence: %+v", r.Evidence)
			}
			if r.Reason == ReasonStatus && r.Evidence.Status == 0 {
				t.Errorf("evidence: %+v", r.Evidence)
			}
		})
	}
	t.Run("phases", func(t *testing.T) {
		o := secured("/echo")
		if r := probing(t, "websocket", &o, long); r.Phases.Connect <= 0 || r.Phases.TLS <= 0 || r.Phases.FirstByte <= 0 {
			t.Errorf("phases: %+v", r.Phases)
		}
	})
	t.Run("token from a file", func(t *testing.T) {
		o := plain("/private")
		o.BearerTokenFile = filepath.Join(t.TempDir(), "token")
		check(t, os.WriteFile(o.BearerTokenFile, []byte(socketSecret+"\n"), 0o600))
		c, err := Compile(Check{ID: "it", Kind: "websocket", Every: time.Minute, Timeout: long, Options: &o})
		check(t, err)
		r, _ := c.Run(t.Context())
		wantResult(t, r, Pass, "", "opened")
		check(t, os.Remove(o.BearerTokenFile))
		r, _ = c.Run(t.Context())
		wantResult(t, r, Unknown, ReasonInternal, "the token's file cannot be read")
	})
	t.Run("stalled", func(t *testing.T) {
		for path, stage := range map[string]string{"ws://" + stalling(t, address): "opening the socket", "wss://" + stalling(t, proxied): "negotiating TLS"} {
			o := WebSocketOptions{URL: path + "/echo"}
			wantResult(t, probing(t, "websocket", &o, 300*time.Millisecond), Fail, ReasonTimeout, "time-out after 300 ms while "+stage)
		}
	})
	t.Run("stopped", func(t *testing.T) {
		stop()
		o := plain("/echo")
		wantResult(t, probing(t, "websocket", &o, long), Fail, ReasonConnect, "connection refused")
		o = secured("/echo")
		wantResult(t, probing(t, "websocket", &o, long), Fail, ReasonStatus, "HTTP 502")
	})
}

// The server sees the socket closed as the protocol has it, not lost.
func TestWebSocketCloses(t *testing.T) {
	node := needProgram(t, "nodejs", "/usr/bin/node", "/usr/local/bin/node")
	needPackage(t, "/usr/share/nodejs/ws/package.json", "node-ws")
	port := unusedPorts(t, 1)[0]
	script := filepath.Join(t.TempDir(), "server.cjs")
	check(t, os.WriteFile(script, []byte(socketNode), 0o600))
	closes := filepath.Join(t.TempDir(), "closes")
	startListening(t, port, node, script, local(port), closes)
	o := WebSocketOptions{URL: "ws://" + local(port) + "/echo", Ping: true, Send: "x", Contains: []string{"x"}}
	wantResult(t, probing(t, "websocket", &o, 5*time.Second), Pass, "", "opened")
	o.Contains = []string{"y"} // this one is cut off
	wantResult(t, probing(t, "websocket", &o, 100*time.Millisecond), Fail, ReasonTimeout, "")
	const want = "1000\n1006\n" // normal closure, and none (RFC 6455, 7.4.1)
	var got string
	for end := time.Now().Add(5 * time.Second); got != want && time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		text, _ := os.ReadFile(closes)
		got = string(text)
	}
	if got != want {
		t.Errorf("the server saw %q, want %q", got, want)
	}
}

// agreeing answers a request for a socket, and lets say what comes after.
func agreeing(t *testing.T, extra string, say func(c *net.TCPConn)) (url string) {
	return "ws://" + serve(t, func(c *net.TCPConn) {
		r, err := http.ReadRequest(bufio.NewReader(c))
		if err != nil {
			return
		}
		sum := sha1.Sum([]byte(r.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")) // RFC 6455, 1.3
		fmt.Fprintf(c, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n%s\r\n", base64.StdEncoding.EncodeToString(sum[:]), extra)
		say(c)
	})
}

// socketFrame is a whole frame as a server sends it.
func socketFrame(first byte, payload []byte) []byte {
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
	say := func(what []byte) string {
		return agreeing(t, "", func(c *net.TCPConn) {
			_, _ = c.Write(what)
			untilClosed(c)
		})
	}
	forever := func(what []byte) string {
		return agreeing(t, "", func(c *net.TCPConn) {
			go untilClosed(c) // it takes what is answered
			for many := bytes.Repeat(what, 1000); ; {
				if _, err := c.Write(many); err != nil {
					return
				}
			}
		})
	}
	raw := func(text string) string {
		return "ws://" + serve(t, func(c *net.TCPConn) {
			readRequest(c)
			io.WriteString(c, text)
			hangUp(c)
		})
	}
	var bomb bytes.Buffer
	w, err := flate.NewWriter(&bomb, flate.BestCompression)
	check(t, err)
	_, err = w.Write(make([]byte, 16<<20))
	check(t, err)
	check(t, w.Flush())
	squeezed := agreeing(t, "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_no_context_takeover\r\n", func(c *net.TCPConn) {
		_, _ = c.Write(socketFrame(0xc1, bytes.TrimSuffix(bomb.Bytes(), []byte{0, 0, 0xff, 0xff})))
		untilClosed(c)
	})
	const long, short = 5 * time.Second, 150 * time.Millisecond
	for _, tt := range []struct {
		name, url string
		timeout   time.Duration
		outcome   Outcome
		reason    Reason
		summary   string
	}{
		{"ssh", raw("SSH-2.0-OpenSSH_9.2\r\n"), long, Fail, ReasonProtocol, "the answer is malformed"},
		{"silent", "ws://" + serve(t, untilClosed), short, Fail, ReasonTimeout, "while opening the socket"},
		{"closes", raw(""), long, Fail, ReasonReset, "the peer closed the connection while opening the socket"},
		{"drips its header", "ws://" + serve(t, func(c *net.TCPConn) {
			readRequest(c)
			for io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\n"); ; time.Sleep(5 * time.Millisecond) {
				if _, err := io.WriteString(c, "a"); err != nil {
					return
				}
			}
		}), short, Fail, ReasonTimeout, "while opening the socket"},
		{"endless header", "ws://" + serve(t, func(c *net.TCPConn) {
			readRequest(c)
			io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\n")
			for {
				if _, err := io.WriteString(c, "A: "+strings.Repeat("a", 1000)+"\r\n"); err != nil {
					return
				}
			}
		}), long, Fail, ReasonProtocol, ""},
		{"another key", raw("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: AAAA\r\n\r\n"), long, Fail, ReasonProtocol, "the server's agreement to the socket is not one"},
		{"another protocol", raw("HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n"), long, Fail, ReasonProtocol, "the server's agreement to the socket is not one"},
		{"no pong", say(nil), short, Fail, ReasonTimeout, "while waiting for the pong"},
		{"another's pong", say(socketFrame(0x8a, []byte("no"))), short, Fail, ReasonTimeout, "while waiting for the pong"},
		{"endless pongs", forever(socketFrame(0x8a, []byte("no"))), long, Fail, ReasonProtocol, errEndless.Error()},
		{"endless pings", forever(socketFrame(0x89, []byte("no"))), long, Fail, ReasonProtocol, "the server pings more than 100 times"},
		{"endless messages", forever(socketFrame(0x81, []byte("no"))), long, Fail, ReasonProtocol, errEndless.Error()},
		{"endless empty pieces", forever([]byte{0x01, 0}), long, Fail, ReasonProtocol, "the server breaks the rules of the protocol"},
		{"a message that never ends", forever(socketFrame(0x00, []byte("no"))), long, Fail, ReasonProtocol, "the server breaks the rules of the protocol: continuation after FIN"},
		{"a message in endless pieces", agreeing(t, "", func(c *net.TCPConn) {
			_, _ = c.Write(socketFrame(0x01, []byte("a")))
			for piece := bytes.Repeat(socketFrame(0x00, nil), 1000); ; {
				if _, err := c.Write(piece); err != nil {
					return
				}
			}
		}), long, Fail, ReasonProtocol, errEndless.Error()},
		{"a frame of 2^63 bytes", say([]byte{0x82, 127, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}), long, Unknown, ReasonInternal, "longer than the 64 KiB"},
		{"a frame of 1 GB", say([]byte{0x82, 127, 0, 0, 0, 0, 0x40, 0, 0, 0}), long, Unknown, ReasonInternal, "longer than the 64 KiB"},
		{"a message that swells to 16 MB", squeezed, long, Unknown, ReasonInternal, "longer than the 64 KiB"},
		{"half a frame", say([]byte{0x81, 5, 'a'}), short, Fail, ReasonTimeout, "while waiting for the pong"},
		{"a masked frame", say([]byte{0x81, 0x81, 0, 0, 0, 0, 'a'}), long, Fail, ReasonProtocol, "bad MASK"},
		{"a long ping", say(socketFrame(0x89, make([]byte, 200))), long, Fail, ReasonProtocol, "the server breaks the rules of the protocol"},
		{"garbage", say([]byte{0xff, 0xff, 0xff, 0xff}), long, Fail, ReasonProtocol, "the server breaks the rules of the protocol"},
		{"a close without words", say(socketFrame(0x88, nil)), long, Fail, ReasonStatus, "the server closed the socket while waiting for the pong: 1005"},
		{"a close of no code", say(socketFrame(0x88, []byte{0, 1})), long, Fail, ReasonProtocol, "bad close code"},
		{"cut", agreeing(t, "", func(c *net.TCPConn) { hangUp(c) }), long, Fail, ReasonReset, "while waiting for the pong"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := probing(t, "websocket", &WebSocketOptions{URL: tt.url, Ping: true, Contains: []string{"never"}}, tt.timeout)
			wantResult(t, r, tt.outcome, tt.reason, tt.summary)
			if r.Duration > 2*time.Second {
				t.Errorf("took %v", r.Duration)
			}
		})
	}
	t.Run("a feed without that message", func(t *testing.T) {
		r := probing(t, "websocket", &WebSocketOptions{URL: forever(socketFrame(0x81, []byte("no"))), Contains: []string{"never"}}, long)
		wantResult(t, r, Fail, ReasonAssertion, errEndless.Error())
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
		r := probing(t, "websocket", &WebSocketOptions{URL: deaf, Send: strings.Repeat("x", readMax), Contains: []string{"x"}}, short)
		wantResult(t, r, Fail, ReasonTimeout, "while waiting for a message")
	})
	t.Run("chooses what was not offered", func(t *testing.T) {
		other := agreeing(t, "Sec-WebSocket-Protocol: other\r\n", untilClosed)
		r := probing(t, "websocket", &WebSocketOptions{URL: other, Subprotocols: []string{"chat"}}, long)
		wantResult(t, r, Fail, ReasonAssertion, `the server chose the subprotocol "other", offered: chat`)
	})
	t.Run("does not say goodbye", func(t *testing.T) {
		r := probing(t, "websocket", &WebSocketOptions{URL: say(nil)}, long)
		wantResult(t, r, Pass, "", "opened")
		if r.Duration >= leaveMax {
			t.Errorf("took %v, with the goodbye", r.Duration)
		}
	})
}

func TestWebSocketOptions(t *testing.T) {
	const url = "wss://live.example.com/feed"
	none := filepath.Join(t.TempDir(), "none")
	for _, tt := range []struct {
		key     string
		options WebSocketOptions
	}{
		{"url", WebSocketOptions{}},
		{"url", WebSocketOptions{URL: "https://live.example.com"}},
		{"url", WebSocketOptions{URL: "wss:///feed"}},
		{"url", WebSocketOptions{URL: "wss://live.example.com:a/feed"}},
		{"url", WebSocketOptions{URL: url + "#top"}},
		{"host", WebSocketOptions{URL: url, Host: "a b"}},
		{"headers.Upgrade", WebSocketOptions{URL: url, Headers: map[string]string{"Upgrade": "h2c"}}},
		{"headers.sec-websocket-key", WebSocketOptions{URL: url, Headers: map[string]string{"sec-websocket-key": "a"}}},
		{"headers.Sec-WebSocket-Protocol", WebSocketOptions{URL: url, Headers: map[string]string{"Sec-WebSocket-Protocol": "a"}}},
		{"headers.Host", WebSocketOptions{URL: url, Headers: map[string]string{"Host": "a"}}},
		{"headers.a b", WebSocketOptions{URL: url, Headers: map[string]string{"a b": "a"}}},
		{"headers.a", WebSocketOptions{URL: url, Headers: map[string]string{"a": "a\r\nb: c"}}},
		{"bearer_token", WebSocketOptions{URL: url, BearerToken: "a", Headers: map[string]string{"authorization": "b"}}},
		{"bearer_token", WebSocketOptions{URL: "wss://a:b@live.example.com", BearerToken: "a"}},
		{"bearer_token", WebSocketOptions{URL: url, BearerToken: "a\r\n"}},
		{"bearer_token_file", WebSocketOptions{URL: url, BearerTokenFile: none}},
		{"subprotocols", WebSocketOptions{URL: url, Subprotocols: []string{"a, b"}}},
		{"contains", WebSocketOptions{URL: url, Contains: []string{""}}},
		{"send", WebSocketOptions{URL: url, Send: strings.Repeat("x", readMax+1)}},
		{"ping", WebSocketOptions{URL: url, Expect: []string{"rtt < duration('1s')"}}},
		{"ca_file", WebSocketOptions{URL: url, CAFile: none}},
		{"ca_file", WebSocketOptions{URL: "ws://live.example.com", CAFile: none}},
		{"insecure_tls", WebSocketOptions{URL: "ws://live.example.com", InsecureTLS: true}},
		{"server_name", WebSocketOptions{URL: "ws://live.example.com", ServerName: "a"}},
		{"client_key_file", WebSocketOptions{URL: url, ClientCertFile: none}},
		{"expect", WebSocketOptions{URL: url, Expect: []string{"status == 1"}}},
		{"degraded_over", WebSocketOptions{URL: url, DegradedOver: time.Minute}},
	} {
		wantOptionError(t, "websocket", &tt.options, tt.key)
	}
	for _, o := range []WebSocketOptions{{URL: url, CAFile: none}, {URL: url, ClientCertFile: none, ClientKeyFile: none}, {URL: url, BearerTokenFile: none}} {
		_, err := Compile(Check{ID: "it", Kind: "websocket", Every: time.Second, Timeout: time.Second, Options: &o, Strict: true})
		if err == nil || !strings.Contains(err.Error(), errStrictFile.Error()) {
			t.Errorf("strict: got %v", err)
		}
	}
	secrets := secretsOf(&WebSocketOptions{Send: `{"type": "init", "payload": {"token": "` + socketSecret + `"}}`})
	if len(secrets) == 0 {
		t.Error("the token that is sent is not known as a secret")
	}
	r := Result{Outcome: Fail, Summary: "not " + socketSecret, Evidence: &Evidence{Output: socketSecret}}
	redactor{secrets}.result(&r)
	noSecret(t, r, socketSecret)
}
