package planted

import (
	"bufio"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/gorilla/websocket"
)

// HeartbeatToken is that of heartbeats in which it is not the secret.
const HeartbeatToken = "never-sent-never-sent"

// parts are what a check of each kind asks the parrot for, in JSON, with options
// in the way of nothing.
var parts = map[string]string{
	"browser":    `{"url": "http://127.0.0.1:7/page", "steps": [{"text": "never there", "within": "200ms"}]}`,
	"dns":        `{"name": "planted.example", "type": "TXT", "resolver": "127.0.0.1:7", "expect": ["never there"]}`,
	"domain":     `{"name": "planted.example", "server": "http://127.0.0.1:7"}`,
	"exec":       `{"argv": ["sh", "-c", "echo \"$0 $*\"; env; exit 2", "arg"]}`,
	"grpc":       `{"address": "127.0.0.1:7"}`,
	"heartbeat":  `{"token": "` + HeartbeatToken + `"}`,
	"http":       `{"url": "http://127.0.0.1:7/page", "contains": ["never there"]}`,
	"icmp":       `{"host": "127.0.0.1"}`,
	"imap":       `{"address": "127.0.0.1:7", "user": "me", "password": "another-one"}`,
	"journey":    `{"steps": [{"name": "one", "url": "http://127.0.0.1:7/page", "save": {"v": "$.said"}}, {"name": "two", "url": "http://127.0.0.1:7/{{v}}", "contains": ["never there"]}]}`,
	"ldap":       `{"address": "127.0.0.1:7", "bind_dn": "cn=me", "password": "another-one"}`,
	"mqtt":       `{"address": "127.0.0.1:7", "user": "me", "password": "another-one", "topic": "planted", "expect": ["message == 'never there'"]}`,
	"mysql":      `{"address": "127.0.0.1:7", "user": "me", "password": "another-one", "query": "SELECT 1"}`,
	"nats":       `{"address": "127.0.0.1:7", "user": "me", "password": "another-one"}`,
	"ntp":        `{"address": "127.0.0.1:7"}`,
	"postgres":   `{"address": "127.0.0.1:7", "user": "me", "password": "another-one", "sslmode": "disable", "query": "SELECT 1"}`,
	"prometheus": `{"url": "http://127.0.0.1:7", "query": "up", "fail_above": 1}`,
	"redis":      `{"address": "127.0.0.1:7", "password": "another-one", "command": ["GET", "k"], "expect_value": "never there"}`,
	"smtp":       `{"address": "127.0.0.1:7", "starttls": false, "user": "me", "password": "another-one"}`,
	"snmp":       `{"address": "127.0.0.1:7", "retries": 0}`,
	"ssh":        `{"address": "127.0.0.1:7", "host_key": ["SHA256:uNiVztksCsDhcc0u9e8BrtLPZHsOy18r2mK5mN8sQxA"], "user": "me", "password": "another-one"}`,
	"tcp":        `{"address": "127.0.0.1:7", "send": "x\n", "expect": "never there"}`,
	"tls":        `{"address": "127.0.0.1:7"}`,
	"udp":        `{"address": "127.0.0.1:7", "send": "x", "expect": "never there"}`,
	"websocket":  `{"url": "ws://127.0.0.1:7/page", "send": "x", "contains": ["never there"]}`,
}

// others are the parts for options that mean nothing without another one.
var others = map[string]string{ // :: kind and option -> the kind's part
	"browser steps.0.visible":             `{"url": "http://127.0.0.1:7/page", "steps": [{"within": "200ms"}]}`,
	"browser steps.0.url":                 `{"url": "http://127.0.0.1:7/page", "steps": [{"within": "200ms"}]}`,
	"browser steps.0.click":               `{"url": "http://127.0.0.1:7/page", "steps": [{"within": "200ms"}]}`,
	"browser steps.0.value":               `{"url": "http://127.0.0.1:7/page", "steps": [{"fill": "#none", "within": "200ms"}]}`,
	"browser steps.0.secret":              `{"url": "http://127.0.0.1:7/page", "steps": [{"fill": "#none", "within": "200ms"}]}`,
	"browser steps.0.secret_file":         `{"url": "http://127.0.0.1:7/page", "steps": [{"fill": "#none", "within": "200ms"}]}`,
	"dns exactly.0":                       `{"name": "planted.example", "type": "TXT", "resolver": "127.0.0.1:7"}`,
	"dns server_name":                     `{"name": "planted.example", "type": "TXT", "resolver": "127.0.0.1:7", "transport": "tls"}`,
	"domain bootstrap":                    `{"name": "planted.example", "bootstrap": "http://127.0.0.1:7/list"}`,
	"grpc client_key_password":            `{"address": "127.0.0.1:7", "tls": true}`,
	"grpc client_key_password_file":       `{"address": "127.0.0.1:7", "tls": true}`,
	"mqtt client_key_password":            `{"address": "127.0.0.1:7", "tls": true}`,
	"mqtt client_key_password_file":       `{"address": "127.0.0.1:7", "tls": true}`,
	"tcp client_key_password":             `{"address": "127.0.0.1:7", "tls": true, "expect": "never there"}`,
	"tcp client_key_password_file":        `{"address": "127.0.0.1:7", "tls": true, "expect": "never there"}`,
	"websocket client_key_password":       `{"url": "wss://127.0.0.1:7/page"}`,
	"websocket client_key_password_file":  `{"url": "wss://127.0.0.1:7/page"}`,
	"grpc server_name":                    `{"address": "127.0.0.1:7", "tls": true}`,
	"http server_name":                    `{"url": "https://127.0.0.1:7/page"}`,
	"http basic_auth.password":            `{"url": "http://127.0.0.1:7/page", "basic_auth": {"user": "me"}, "status": [201]}`,
	"http basic_auth.password_file":       `{"url": "http://127.0.0.1:7/page", "basic_auth": {"user": "me"}, "status": [201]}`,
	"http no_proxy.0":                     `{"url": "http://127.0.0.1:7/page", "proxy": "http://127.0.0.1:7", "contains": ["never there"]}`,
	"http oauth2.token_url":               `{"url": "http://127.0.0.1:7/page", "oauth2": {"token_url": "http://127.0.0.1:7/token", "client_id": "me", "client_secret": "another-one"}}`,
	"http oauth2.client_id":               `{"url": "http://127.0.0.1:7/page", "oauth2": {"token_url": "http://127.0.0.1:7/token", "client_secret": "another-one"}}`,
	"http oauth2.client_secret":           `{"url": "http://127.0.0.1:7/page", "oauth2": {"token_url": "http://127.0.0.1:7/token", "client_id": "me"}}`,
	"http oauth2.client_secret_file":      `{"url": "http://127.0.0.1:7/page", "oauth2": {"token_url": "http://127.0.0.1:7/token", "client_id": "me"}}`,
	"http oauth2.scopes.0":                `{"url": "http://127.0.0.1:7/page", "oauth2": {"token_url": "http://127.0.0.1:7/token", "client_id": "me", "client_secret": "another-one"}}`,
	"http json.0.path":                    `{"url": "http://127.0.0.1:7/page", "json": [{"equals": "never there"}]}`,
	"http json.0.equals":                  `{"url": "http://127.0.0.1:7/page", "json": [{"path": "$.said"}]}`,
	"http json.0.contains":                `{"url": "http://127.0.0.1:7/page", "json": [{"path": "$.said"}]}`,
	"http redirects_to":                   `{"url": "http://127.0.0.1:7/page?to=elsewhere"}`,
	"journey basic_auth.password":         `{"steps": [{"name": "one", "url": "http://127.0.0.1:7/page", "status": [201]}], "basic_auth": {"user": "me"}}`,
	"journey basic_auth.password_file":    `{"steps": [{"name": "one", "url": "http://127.0.0.1:7/page", "status": [201]}], "basic_auth": {"user": "me"}}`,
	"journey steps.0.json.0.equals":       `{"steps": [{"name": "one", "url": "http://127.0.0.1:7/page", "json": [{"path": "$.said"}]}]}`,
	"mqtt send":                           `{"address": "127.0.0.1:7", "version": "5", "user": "me", "password": "another-one", "topic": "planted"}`,
	"mqtt server_name":                    `{"address": "127.0.0.1:7", "tls": true}`,
	"prometheus basic_auth.password":      `{"url": "http://127.0.0.1:7", "query": "up", "fail_above": 1, "basic_auth": {"user": "me"}}`,
	"prometheus basic_auth.password_file": `{"url": "http://127.0.0.1:7", "query": "up", "fail_above": 1, "basic_auth": {"user": "me"}}`,
	"smtp from":                           `{"address": "127.0.0.1:7", "starttls": false, "to": "you@example.com"}`,
	"snmp community_file":                 `{"address": "127.0.0.1:7", "retries": 0}`,
	"snmp user":                           `{"address": "127.0.0.1:7", "retries": 0, "version": "3"}`,
	"snmp auth":                           `{"address": "127.0.0.1:7", "retries": 0, "version": "3", "user": "me", "password": "another-one"}`,
	"snmp password":                       `{"address": "127.0.0.1:7", "retries": 0, "version": "3", "user": "me"}`,
	"snmp password_file":                  `{"address": "127.0.0.1:7", "retries": 0, "version": "3", "user": "me"}`,
	"snmp privacy":                        `{"address": "127.0.0.1:7", "retries": 0, "version": "3", "user": "me", "password": "another-one", "privacy_password": "another-one"}`,
	"snmp privacy_password":               `{"address": "127.0.0.1:7", "retries": 0, "version": "3", "user": "me", "password": "another-one"}`,
	"snmp privacy_password_file":          `{"address": "127.0.0.1:7", "retries": 0, "version": "3", "user": "me", "password": "another-one"}`,
	"snmp context":                        `{"address": "127.0.0.1:7", "retries": 0, "version": "3", "user": "me"}`,
	"udp send_hex":                        `{"address": "127.0.0.1:7", "expect": "never there"}`,
	"websocket server_name":               `{"url": "wss://127.0.0.1:7/page"}`,
}

// Parrot is a server that says a secret in every way, and repeats what it hears.
type Parrot struct {
	Address string
	said    atomic.Value // string
}

// Say is what it says from now on.
func (p *Parrot) Say(secret string) { p.said.Store(secret) }

// text is the secret in the ways in which servers repeat what they were sent.
func (p *Parrot) text() string {
	s, _ := p.said.Load().(string)
	inJSON, _ := json.Marshal(s) // of a text it has no error to give
	return strings.Join([]string{s, url.QueryEscape(s), url.PathEscape(s), base64.StdEncoding.EncodeToString([]byte(s)), string(inJSON), dumped(s), wide(s)}, " ")
}

// dumped and wide are a text as dumps and PowerShell show it.
func dumped(s string) string { return strings.ReplaceAll(fmt.Sprintf("% x", s), " ", ":") }
func wide(s string) string {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return base64.StdEncoding.EncodeToString(b)
}

// line is the same on one line.
func (p *Parrot) line() string { return strings.Join(strings.Fields(p.text()), " ") }

// Listen starts the parrot of a kind; it answers until the test ends.
func Listen(t *testing.T, kind string) *Parrot {
	t.Helper()
	p := &Parrot{}
	p.Say("nothing-yet")
	switch kind {
	case "browser", "domain", "http", "journey", "prometheus", "websocket", "grpc":
		p.serveHTTP(t)
		return p
	case "dns", "ntp", "snmp", "udp":
		p.serveUDP(t)
		return p
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p.Address = l.Addr().String()
	var open sync.Map // :: connection -> there
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			open.Store(c, true)
			wg.Go(func() {
				defer open.Delete(c)
				defer c.Close()
				talk := p.lines
				if own, ok := talks[kind]; ok {
					talk = func(c net.Conn) { own(p, c) }
				}
				talk(c)
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		open.Range(func(c, _ any) bool { c.(net.Conn).Close(); return true })
		wg.Wait()
	})
	return p
}

// talks are what is not a conversation in lines.
var talks = map[string]func(*Parrot, net.Conn){
	"imap":     (*Parrot).imap,
	"ldap":     (*Parrot).ldap,
	"mqtt":     (*Parrot).mqtt,
	"mysql":    (*Parrot).mysql,
	"nats":     (*Parrot).nats,
	"postgres": (*Parrot).postgres,
	"redis":    (*Parrot).redis,
	"smtp":     (*Parrot).smtp,
	"ssh":      (*Parrot).ssh,
}

// lines greets, repeats once, and goes.
func (p *Parrot) lines(c net.Conn) {
	fmt.Fprintf(c, "%s\n", p.line())
	buf := make([]byte, 4096)
	if n, err := c.Read(buf); err == nil {
		fmt.Fprintf(c, "you said %s %s\n", buf[:n], p.line())
	}
}

func (p *Parrot) eachLine(c net.Conn, answer func(line string) string) {
	in := bufio.NewReader(c)
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		if _, err := io.WriteString(c, answer(strings.TrimSpace(line))); err != nil {
			return
		}
	}
}

func (p *Parrot) imap(c net.Conn) {
	fmt.Fprintf(c, "* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] %s\r\n", p.line())
	p.eachLine(c, func(line string) string {
		tag, rest, _ := strings.Cut(line, " ")
		if strings.HasPrefix(rest, "CAPABILITY") {
			return fmt.Sprintf("* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n%s OK %s\r\n", tag, p.line())
		}
		return fmt.Sprintf("%s NO you said %s %s\r\n", tag, rest, p.line())
	})
}

func (p *Parrot) nats(c net.Conn) {
	name, _ := json.Marshal(p.line())
	fmt.Fprintf(c, "INFO {\"server_id\":\"x\",\"server_name\":%s,\"version\":\"2.10.0\",\"auth_required\":true,\"max_payload\":1048576,\"proto\":1}\r\n", name)
	p.eachLine(c, func(line string) string { return fmt.Sprintf("-ERR 'you said %s %s'\r\n", line, p.line()) })
}

func (p *Parrot) redis(c net.Conn) {
	buf := make([]byte, 4096)
	for {
		n, err := c.Read(buf)
		if err != nil {
			return
		}
		heard := strings.Join(strings.Fields(string(buf[:n])), " ")
		if _, err := fmt.Fprintf(c, "-ERR you said %s %s\r\n", heard, p.line()); err != nil {
			return
		}
	}
}

func (p *Parrot) smtp(c net.Conn) {
	fmt.Fprintf(c, "220 %s\r\n", p.line())
	p.eachLine(c, func(line string) string {
		if strings.HasPrefix(line, "EHLO") {
			return fmt.Sprintf("250-%s\r\n250 AUTH PLAIN LOGIN\r\n", p.line())
		}
		return fmt.Sprintf("535 you said %s %s\r\n", line, p.line())
	})
}

func (p *Parrot) ssh(c net.Conn) {
	fmt.Fprintf(c, "%s\r\nSSH-2.0-%s\r\n%s", p.line(), p.line(), p.text())
	_, _ = io.Copy(io.Discard, c)
}

// ldap answers each request with invalidCredentials (RFC 4511, 4.1.9).
func (p *Parrot) ldap(c net.Conn) {
	buf := make([]byte, 4096)
	if _, err := c.Read(buf); err != nil {
		return
	}
	said := p.text()
	said = said[:min(len(said), 100)]
	body := append([]byte{10, 1, 49, 4, 0, 4, byte(len(said))}, said...)
	message := append([]byte{2, 1, 1, 0x61, byte(len(body))}, body...)
	_, _ = c.Write(append([]byte{0x30, 0x81, byte(len(message))}, message...))
	_, _ = io.Copy(io.Discard, c)
}

// mqtt refuses who speaks version 5, and takes who speaks 3.1.1: its subscription
// is answered with a message of what was heard.
func (p *Parrot) mqtt(c net.Conn) {
	buf := make([]byte, 4096)
	n, err := c.Read(buf)
	if err != nil {
		return
	}
	said := fmt.Sprintf("you said %q %s", buf[:n], p.line())
	packet := func(first byte, body string) {
		_, _ = c.Write(append(binary.AppendUvarint([]byte{first}, uint64(len(body))), body...))
	}
	if buf[0] != 0x10 { // TLS, which is not spoken here
		_, _ = c.Write([]byte(p.line()))
		return
	}
	if buf[8] == 5 { // behind a length of one byte and the protocol's name
		said = said[:min(len(said), 1000)]
		properties := string(binary.BigEndian.AppendUint16([]byte{31}, uint16(len(said)))) + said
		packet(0x20, "\x00\x86"+string(binary.AppendUvarint(nil, uint64(len(properties))))+properties)
		return
	}
	packet(0x20, "\x00\x00")
	for {
		if n, err = c.Read(buf); err != nil {
			return
		}
		packet(0x90, "\x00\x01\x00")
		packet(0x30, "\x00\x01a"+said+fmt.Sprintf(" and %q", buf[:n]))
	}
}

// mysql greets as version 10 of the protocol, and refuses who logs in.
func (p *Parrot) mysql(c net.Conn) {
	version := p.line()
	hello := append([]byte{10}, version[:min(len(version), 60)]...)
	hello = append(hello, 0, 1, 0, 0, 0)
	hello = append(hello, "12345678\x00\xff\xff\x21\x02\x00\xff\xdf\x15"...)
	hello = append(hello, make([]byte, 10)...)
	hello = append(hello, "123456789012\x00mysql_native_password\x00"...)
	packet := func(n byte, body []byte) {
		_, _ = c.Write(append([]byte{byte(len(body)), byte(len(body) >> 8), 0, n}, body...))
	}
	packet(0, hello)
	if _, err := c.Read(make([]byte, 4096)); err != nil {
		return
	}
	packet(2, append([]byte("\xff\x15\x04#28000"), p.text()...))
	_, _ = io.Copy(io.Discard, c)
}

// postgres refuses who logs in.
func (p *Parrot) postgres(c net.Conn) {
	if _, err := c.Read(make([]byte, 4096)); err != nil {
		return
	}
	body := fmt.Sprintf("SFATAL\x00C28P01\x00M%s\x00D%s\x00\x00", p.text(), p.text())
	_, _ = c.Write(append(binary.BigEndian.AppendUint32([]byte{'E'}, uint32(len(body)+4)), body...))
	_, _ = io.Copy(io.Discard, c)
}

func (p *Parrot) serveUDP(t *testing.T) {
	l, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p.Address = l.LocalAddr().String()
	var wg sync.WaitGroup
	wg.Go(func() {
		buf := make([]byte, 4096)
		for {
			n, from, err := l.ReadFrom(buf)
			if err != nil {
				return
			}
			_, _ = l.WriteTo(p.datagram(buf[:n]), from)
		}
	})
	t.Cleanup(func() { l.Close(); wg.Wait() })
}

// datagram answers a question for a name with a TXT record (RFC 1035, 4.1), and
// what is none with text.
func (p *Parrot) datagram(query []byte) []byte {
	if len(query) < 17 || query[2]&0xf8 != 0 || query[4] != 0 || query[5] != 1 {
		return []byte(p.text())
	}
	end := 12
	for end < len(query) && query[end] != 0 {
		end += 1 + int(query[end])
	}
	end = min(end+5, len(query))
	said := p.text()
	said = said[:min(len(said), 200)]
	out := append([]byte{}, query[:end]...)
	copy(out[2:], []byte{0x84, 0, 0, 1, 0, 1, 0, 0, 0, 0})
	out = append(out, 0xc0, 12, 0, 16, 0, 1, 0, 0, 0, 0, 0, byte(len(said)+1), byte(len(said)))
	return append(out, said...)
}

func (p *Parrot) serveHTTP(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p.Address = l.Addr().String()
	server := &http.Server{Handler: p, Protocols: new(http.Protocols)} //nolint:gosec // of a test, which ends
	server.Protocols.SetHTTP1(true)
	server.Protocols.SetUnencryptedHTTP2(true)
	var wg sync.WaitGroup
	wg.Go(func() { _ = server.Serve(l) })
	t.Cleanup(func() { server.Close(); wg.Wait() })
}

// ServeHTTP repeats what it hears: to every other request with a status of
// trouble, to the others as JSON with all being well.
func (p *Parrot) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(io.LimitReader(r.Body, 64<<10))
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/grpc") {
		w.Header().Set("Content-Type", "application/grpc")
		w.Header().Set("Grpc-Status", "16")
		w.Header().Set("Grpc-Message", url.PathEscape(fmt.Sprint(p.text(), r.Header)))
		return
	}
	if websocket.IsWebSocketUpgrade(r) && !strings.HasSuffix(r.URL.Path, "refused") {
		up := websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}
		if c, err := up.Upgrade(w, r, nil); err == nil {
			defer c.Close()
			_ = c.WriteMessage(websocket.TextMessage, []byte(p.text()))
			_ = c.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(1008, p.line()[:min(len(p.line()), 100)]), time.Now().Add(time.Second))
		}
		return
	}
	w.Header().Set("X-Request-Id", p.line())
	w.Header().Set("Set-Cookie", "said="+url.QueryEscape(p.line()))
	w.Header().Set("Www-Authenticate", `Basic realm="`+p.line()+`"`)
	if strings.Contains(r.URL.Path, "/domain/") { // a registry, that tells no date
		_ = json.NewEncoder(w).Encode(map[string]any{"objectClassName": "domain", "status": []string{p.text()}, "nameservers": []any{map[string]any{"ldhName": p.text()}},
			"entities": []any{map[string]any{"roles": []string{"registrar"}, "vcardArray": []any{"vcard", []any{[]any{"fn", nil, "text", fmt.Sprint(p.line(), r.URL, r.Header)}}}}}})
		return
	}
	heard := map[string]any{"said": p.text(), "path": r.URL.Path, "query": r.URL.RawQuery, "header": r.Header, "body": string(body), "status": "error", "errorType": "bad_data", "error": p.text()}
	if r.URL.Query().Has("to") {
		http.Redirect(w, r, "/"+url.PathEscape(p.line()), http.StatusFound)
		return
	}
	if r.URL.Query().Has("trouble") {
		w.WriteHeader(http.StatusInternalServerError)
	}
	_ = json.NewEncoder(w).Encode(heard)
}
