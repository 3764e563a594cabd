package mqtt

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/claim"
	"github.com/statusbot/statusbot/internal/checks/probe"
	"github.com/statusbot/statusbot/internal/checks/probe/probetest"
)

const secret = "hunter2-hunter2"

// broker is Mosquitto with three doors: open, with passwords, and with TLS for
// clients that show a certificate.
type broker struct {
	open, locked, secured string // addresses
	ca, cert, key         string // files
}

func startBroker(t *testing.T) broker {
	t.Helper()
	program := probetest.NeedProgram(t, "mosquitto", "/usr/sbin/mosquitto")
	passwd := probetest.NeedProgram(t, "mosquitto", "/usr/bin/mosquitto_passwd")
	dir := t.TempDir()
	ca := probetest.NewTLSAuthority(t, "Acme Root", 1000*probe.Day)
	cert, key := ca.Issue("127.0.0.1", 90*probe.Day)
	b := broker{ca: ca.File}
	b.cert, b.key = ca.Issue("probe", 90*probe.Day)
	passwords := filepath.Join(dir, "passwords")
	if said, err := exec.Command(passwd, "-c", "-b", passwords, "probe", secret).CombinedOutput(); err != nil { //nolint:gosec // of a test
		t.Fatalf("mosquitto_passwd: %v %s", err, said)
	}
	rights := filepath.Join(dir, "rights")
	probetest.OK(t, os.WriteFile(rights, []byte("user probe\ntopic readwrite probe/#\ntopic read alarms/#\n"), 0o600))
	user := ""
	if os.Getuid() == 0 {
		user = "user root\n" // its folder belongs to the user of the test
	}
	ports := probetest.UnusedPorts(t, 3)
	conf := filepath.Join(dir, "mosquitto.conf")
	probetest.OK(t, os.WriteFile(conf, fmt.Appendf(nil, `%sper_listener_settings true
listener %d 127.0.0.1
allow_anonymous true
listener %d 127.0.0.1
password_file %s
acl_file %s
listener %d 127.0.0.1
allow_anonymous true
cafile %s
certfile %s
keyfile %s
require_certificate true
`, user, ports[0], ports[1], passwords, rights, ports[2], ca.File, cert, key), 0o600))
	b.open, b.locked, b.secured = probetest.Local(ports[0]), probetest.Local(ports[1]), probetest.Local(ports[2])
	probetest.StartListening(t, ports[2], program, "-c", conf)
	return b
}

func TestMQTTAgainstMosquitto(t *testing.T) {
	b := startBroker(t)
	keep(t, b.open, "plant/1/state", "running")
	expect := func(o Options, expressions ...string) Options {
		o.Options = claim.Options{Expect: expressions}
		return o
	}
	secured := func(cert, key string) probe.SecureOptions {
		return probe.SecureOptions{TLS: true, CAFile: b.ca, ProofOptions: probe.ProofOptions{ClientCertFile: cert, ClientKeyFile: key}}
	}
	slow := Options{Address: b.open, Topic: "probe/slow", Send: "hello"}
	slow.DegradedOver = 1
	for _, version := range []string{version3, version5} {
		for _, tt := range []struct {
			name    string
			options Options
			outcome checks.Outcome
			reason  checks.Reason
			summary string
		}{
			{"connects", Options{Address: b.open}, checks.Pass, "", "connected"},
			{"with an id", Options{Address: b.open, ClientID: "bücher 1"}, checks.Pass, "", "connected"},
			{"to itself", Options{Address: b.open, Topic: "probe/a", Send: "hello"}, checks.Pass, "", "a message came back"},
			{"to itself, acknowledged", Options{Address: b.open, Topic: "probe/a/é", Send: "hello", QoS: 1}, checks.Pass, "", "a message came back"},
			{"long", Options{Address: b.open, Topic: "probe/long", Send: strings.Repeat("x", sendMax)}, checks.Pass, "", "a message came back"},
			{"kept", expect(Options{Address: b.open, Topic: "plant/+/state"}, `message == "running" && topic == "plant/1/state" && retained && latency < duration("1m")`), checks.Pass, "", "a message came"},
			{"kept, and not that", expect(Options{Address: b.open, Topic: "plant/#"}, `message == "stopped"`), checks.Fail, checks.ReasonAssertion, `is false: message is "running"`},
			{"slow", slow, checks.Degraded, checks.ReasonLatency, "a message came back after"},
			{"password", Options{Address: b.locked, User: "probe", Password: secret, Topic: "probe/b", Send: "hello", QoS: 1}, checks.Pass, "", "a message came back"},
			{"wrong password", Options{Address: b.locked, User: "probe", Password: "another-one"}, checks.Fail, checks.ReasonStatus,
				map[string]string{version3: "the broker refuses the client: not authorised (code 5)", version5: "the broker refuses the client: not authorised (code 135)"}[version]},
			{"no password", Options{Address: b.locked}, checks.Fail, checks.ReasonStatus, "the broker refuses the client: not authorised"},
			{"certificate", Options{Address: b.secured, SecureOptions: secured(b.cert, b.key), Topic: "probe/c", Send: "hello"}, checks.Pass, "", "a message came back"},
			{"certificate's facts", expect(Options{Address: b.secured, SecureOptions: secured(b.cert, b.key)}, "certificate.days_left >= 89"), checks.Pass, "", "connected"},
			{"no certificate", Options{Address: b.secured, SecureOptions: secured("", "")}, checks.Fail, checks.ReasonTLS, "certificate"},
			{"plain to TLS", Options{Address: b.secured}, checks.Fail, checks.ReasonReset, "the peer closed the connection while logging in"},
			{"TLS to plain", Options{Address: b.open, SecureOptions: secured("", "")}, checks.Fail, checks.ReasonReset, "while negotiating TLS"},
		} {
			t.Run(version+"/"+tt.name, func(t *testing.T) {
				t.Parallel()
				if tt.options.Version = version; tt.options.ClientID != "" {
					tt.options.ClientID += version // of two with one id the broker sends one away
				}
				r := probetest.Probing(t, &Kind, &tt.options, time.Minute)
				if tt.name == "no certificate" && r.Reason == checks.ReasonReset {
					return // its alert is lost where the end of the connection overtakes it
				}
				probetest.WantResult(t, r, tt.outcome, tt.reason, tt.summary)
				probetest.NoSecret(t, r, secret)
				if r.Outcome == checks.Pass && (r.Phases.Connect <= 0 || r.Phases.FirstByte <= 0 || r.Phases.Transfer <= 0) {
					t.Errorf("phases %+v", r.Phases)
				}
			})
		}
	}
	for name, tt := range map[string]struct {
		options Options
		reason  checks.Reason
		summary string
	}{
		"nobody publishes":       {Options{Address: b.open, Topic: "nobody/home"}, checks.ReasonTimeout, "while waiting for the message"},
		"not what is waited for": {Options{Address: b.open, Topic: "plant/#", Contains: "stopped"}, checks.ReasonTimeout, "while waiting for the message"},
		"may not publish":        {Options{Address: b.locked, User: "probe", Password: secret, Topic: "alarms/a", Send: "hello"}, checks.ReasonTimeout, "while waiting for the message"}, // 3.1.1 has no word for it
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tt.options.Version = version3
			// Who is slow to connect is given more, for the silence is what is tried.
			r := probetest.Probing(t, &Kind, &tt.options, 200*time.Millisecond)
			for timeout := time.Second; !strings.Contains(r.Summary, "the message") && timeout < time.Minute; timeout *= 3 {
				r = probetest.Probing(t, &Kind, &tt.options, timeout)
			}
			probetest.WantResult(t, r, checks.Fail, tt.reason, tt.summary)
		})
	}
	t.Run("may not publish, 5", func(t *testing.T) {
		t.Parallel()
		o := Options{Version: version5, Address: b.locked, User: "probe", Password: secret, Topic: "alarms/a", Send: "hello", QoS: 1}
		probetest.WantResult(t, probetest.Probing(t, &Kind, &o, time.Minute), checks.Fail, checks.ReasonStatus, "the broker refuses what is published: not authorised (code 135)")
	})
}

// keep publishes a message that the broker keeps for who comes later.
func keep(t *testing.T, address, topic, body string) {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	probetest.OK(t, err)
	defer conn.Close()
	w := newSession(conn, 4)
	probetest.OK(t, w.connect("keeper", "", "", false))
	probetest.OK(t, w.write(typePublish<<4|1, append(text(nil, topic), body...)))
	probetest.OK(t, w.ping()) // and so it was taken
}

// TestBrokersThatAreNone: what comes is read as far as it can be MQTT, and no
// further.
func TestBrokersThatAreNone(t *testing.T) {
	const (
		taken  = "\x20\x02\x00\x00"
		taken5 = "\x20\x03\x00\x00\x00"
		suback = "\x90\x03\x00\x01\x00"
	)
	sub := Options{Topic: "a"}
	send := Options{Topic: "a", Send: "hello", QoS: 1}
	for _, tt := range []struct {
		name    string
		version string
		options Options
		says    []string // one after each packet that it is sent
		outcome checks.Outcome
		reason  checks.Reason
		summary string
	}{
		{"web server", version3, Options{}, []string{"HTTP/1.1 400 Bad Request\r\n\r\n"}, checks.Fail, checks.ReasonProtocol, "the peer does not speak MQTT"},
		{"mail server", version5, Options{}, []string{"220 mail.example.com ESMTP\r\n"}, checks.Fail, checks.ReasonProtocol, "the peer does not speak MQTT"},
		{"hangs up", version3, Options{}, []string{""}, checks.Fail, checks.ReasonReset, "the peer closed the connection while logging in"},
		{"old", version3, Options{}, []string{"\x20\x02\x00\x01"}, checks.Fail, checks.ReasonStatus, "the broker refuses the client: it does not speak MQTT 3.1.1 (code 1)"},
		{"unavailable", version3, Options{}, []string{"\x20\x02\x00\x03"}, checks.Fail, checks.ReasonStatus, "it is not available (code 3)"},
		{"an unknown code", version3, Options{}, []string{"\x20\x02\x00\x77"}, checks.Fail, checks.ReasonStatus, "the broker refuses the client (code 119)"},
		{"with a reason", version5, Options{}, []string{"\x20\x10\x00\x97\x0d\x21\x00\x0a\x1f\x00\x07monthly"}, checks.Fail, checks.ReasonStatus, "quota exceeded, monthly (code 151)"},
		{"busy", version5, Options{}, []string{"\xe0\x02\x89\x00"}, checks.Fail, checks.ReasonStatus, "the broker ends the connection: it is busy (code 137)"},
		{"short", version3, Options{}, []string{"\x20\x01\x00"}, checks.Fail, checks.ReasonProtocol, "the peer does not speak MQTT"},
		{"another answer", version3, Options{}, []string{"\x90\x03\x00\x01\x00"}, checks.Fail, checks.ReasonProtocol, "the peer does not speak MQTT"},
		{"cut short", version3, sub, []string{taken, "\x90\x7f\x00"}, checks.Fail, checks.ReasonReset, "while waiting for the answer to the subscription"},
		{"a length without end", version3, sub, []string{taken, "\x90\xff\xff\xff\xff\xff\xff"}, checks.Fail, checks.ReasonProtocol, "the peer does not speak MQTT"},
		{"a huge length", version3, sub, []string{taken, suback + "\x30\xff\xff\xff\x7f"}, checks.Unknown, checks.ReasonInternal, "a message is longer than the 64 KiB"},
		{"a huge length that is no message", version3, sub, []string{taken, "\x90\xff\xff\xff\x7f"}, checks.Fail, checks.ReasonProtocol, "the peer does not speak MQTT"},
		{"too many messages", version3, Options{Topic: "#", Contains: "never"}, []string{taken, suback + strings.Repeat("\x30\x04\x00\x01ax", messagesMax+1)}, checks.Fail, checks.ReasonAssertion, "and not what is waited for"},
		{"too many long messages", version3, Options{Topic: "#", Contains: "never"}, []string{taken, suback + strings.Repeat("\x30\x83\x80\x03\x00\x01a"+strings.Repeat("x", 0xc000), 24)}, checks.Fail, checks.ReasonAssertion, "and not what is waited for"},
		{"too much before the answer", version3, sub, []string{taken, strings.Repeat("\x30\x04\x00\x01ax", messagesMax+1)}, checks.Fail, checks.ReasonProtocol, "and not what is waited for"},
		{"after 200 KiB of others", version3, Options{Topic: "#", Contains: "this"}, []string{taken, suback + strings.Repeat("\x30\x83\x80\x03\x00\x01a"+strings.Repeat("x", 0xc000), 4) + "\x30\x07\x00\x01athis"}, checks.Pass, "", "a message came"},
		{"of 3.1.1 alone", version5, Options{}, []string{"\x20\x02\x00\x01"}, checks.Fail, checks.ReasonStatus, "the broker refuses the client: it does not speak MQTT 5 (code 1)"},
		{"of 3.1.1 alone, password", version5, Options{}, []string{"\x20\x02\x00\x04"}, checks.Fail, checks.ReasonStatus, "wrong user name or password (code 4)"},
		{"no quality 1", version5, Options{Topic: "a", Send: "hello", QoS: 1}, []string{"\x20\x05\x00\x00\x02\x24\x00", "\x90\x04\x00\x01\x00\x00", "\xe0\x02\x9b\x00"}, checks.Fail, checks.ReasonStatus, "it does not do that qos (code 155)"},
		{"a reason behind what is its own", version5, Options{}, []string{"\x20\x14\x00\x97\x11\x26\x00\x01a\x00\x01b\x1f\x00\x07monthly"}, checks.Fail, checks.ReasonStatus, "quota exceeded, monthly (code 151)"},
		{"a reason behind another login", version5, Options{}, []string{"\x20\x12\x00\x8c\x0f\x15\x00\x02ab\x1f\x00\x07monthly"}, checks.Fail, checks.ReasonStatus, "bad way to log in, monthly (code 140)"},
		{"a subscription without a code", version5, sub, []string{taken5, "\x90\x03\x00\x01\x00\x30\x05\x00\x01a\x00x"}, checks.Fail, checks.ReasonProtocol, "the peer does not speak MQTT"},
		{"a refused subscription with a reason", version5, sub, []string{taken5, "\x90\x0e\x00\x01\x0a\x1f\x00\x07monthly\x97"}, checks.Fail, checks.ReasonStatus, "quota exceeded, monthly (code 151)"},
		{"no quality", version3, sub, []string{taken, suback + "\x36\x06\x00\x01a\x00\x011"}, checks.Fail, checks.ReasonProtocol, "the peer does not speak MQTT"},
		{"from elsewhere is not ours", version3, send, []string{taken, suback, "\x30\x08\x00\x01bhello\x40\x02\x00\x02"}, checks.Fail, checks.ReasonReset, "while waiting for the message"},
		{"another is acknowledged", version3, send, []string{taken, suback, "\x40\x02\x00\x63\x30\x08\x00\x01ahello"}, checks.Fail, checks.ReasonReset, "while waiting for the answer to what was published"},
		{"no subscription", version3, sub, []string{taken, "\x90\x03\x00\x01\x80"}, checks.Fail, checks.ReasonStatus, "the broker refuses the subscription: unspecified error (code 128)"},
		{"no subscription, 5", version5, sub, []string{taken5, "\x90\x04\x00\x01\x00\x87"}, checks.Fail, checks.ReasonStatus, "the broker refuses the subscription: not authorised (code 135)"},
		{"message before the answer", version3, sub, []string{taken, "\x30\x06\x00\x01a123" + suback}, checks.Pass, "", "a message came"},
		{"message with a number", version3, sub, []string{taken, suback + "\x32\x06\x00\x01a\x00\x011"}, checks.Pass, "", "a message came"},
		{"message with properties", version5, sub, []string{taken5, "\x90\x04\x00\x01\x00\x00\x30\x07\x00\x01a\x02\x01\x011"}, checks.Pass, "", "a message came"},
		{"a topic beyond its end", version3, sub, []string{taken, suback + "\x30\x03\x00\x09a"}, checks.Fail, checks.ReasonProtocol, "the peer does not speak MQTT"},
		{"properties beyond their end", version5, sub, []string{taken5, "\x90\x04\x00\x01\x00\x00\x30\x05\x00\x01a\x7f\x01"}, checks.Fail, checks.ReasonProtocol, "the peer does not speak MQTT"},
		{"acknowledged first", version3, send, []string{taken, suback, "\x40\x02\x00\x02\x30\x08\x00\x01ahello"}, checks.Pass, "", "a message came back"},
		{"acknowledged last", version3, send, []string{taken, suback, "\x30\x08\x00\x01ahello\x40\x02\x00\x02"}, checks.Pass, "", "a message came back"},
		{"kept is not ours", version3, send, []string{taken, suback, "\x31\x08\x00\x01ahello\x40\x02\x00\x02"}, checks.Fail, checks.ReasonReset, "while waiting for the message"},
		{"goes", version5, send, []string{taken5, "\x90\x04\x00\x01\x00\x00", "\xe0\x00"}, checks.Fail, checks.ReasonStatus, "the broker ends the connection (code 0)"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			at := probetest.Serve(t, func(c *net.TCPConn) {
				for _, answer := range tt.says {
					if _, err := c.Read(make([]byte, 4096)); err != nil {
						return
					}
					io.WriteString(c, answer)
				}
				if len(tt.options.Topic) > 0 && tt.outcome != checks.Fail || tt.reason == checks.ReasonStatus {
					probetest.UntilClosed(c)
				}
			})
			o := tt.options
			o.Address, o.Version = at, tt.version
			probetest.WantResult(t, probetest.Probing(t, &Kind, &o, time.Minute), tt.outcome, tt.reason, tt.summary)
		})
	}
}

func TestMQTTOptions(t *testing.T) {
	for _, tt := range []struct {
		key     string
		options Options
	}{
		{"address", Options{Address: "mqtt.example.com"}},
		{"version", Options{Version: "3.1"}},
		{"user", Options{Password: secret}},
		{"user", Options{User: "a\x00b", Password: secret}},
		{"client_id", Options{ClientID: strings.Repeat("x", 2000)}},
		{"topic", Options{Send: "x"}},
		{"topic", Options{Contains: "x"}},
		{"topic", Options{Topic: "a/#", Send: "x"}},
		{"topic", Options{Topic: "a/#/b"}},
		{"topic", Options{Topic: "a/b+"}},
		{"topic", Options{Topic: "a\xff"}},
		{"send", Options{Topic: "a", Send: strings.Repeat("x", sendMax+1)}},
		{"contains", Options{Topic: "a", Send: "x", Contains: "y"}},
		{"topic", Options{Topic: "$share/g/a", Send: "x"}},
		{"password", Options{User: "a", Password: strings.Repeat("x", textMax+1)}},
		{"qos", Options{Topic: "a", QoS: 2}},
		{"qos", Options{Topic: "a", QoS: -1}},
		{"password_file", Options{User: "a", PasswordFile: "none"}},
		{"ca_file", Options{SecureOptions: probe.SecureOptions{CAFile: "none"}}},
		{"expect", Options{Options: claim.Options{Expect: []string{"code == 1"}}}},
		{"fail_over", Options{LimitOptions: probe.LimitOptions{FailOver: time.Hour}}},
		{"family", Options{WayOptions: probe.WayOptions{Family: "ipv6"}}},
	} {
		if tt.options.Address == "" {
			tt.options.Address = "192.0.2.1:1883"
		}
		probetest.WantOptionError(t, &Kind, &tt.options, tt.key)
	}
	for _, topic := range []string{"", "a", "/", "+", "#", "a/+/b/#", "$SYS/#"} {
		if !goodFilter(topic) {
			t.Errorf("%q is refused", topic)
		}
	}
	c, err := probetest.Compiled(&Kind, checks.Check{ID: "c", Kind: "mqtt", Every: time.Minute, Timeout: time.Second, Strict: true, Options: &Options{Address: "127.0.0.1:9"}})
	probetest.OK(t, err)
	if r, _ := c.Run(t.Context()); r.Outcome != checks.Unknown || !strings.Contains(r.Summary, "refuses to connect") {
		t.Errorf("a strict check asks this machine: %+v", r)
	}
}

// FuzzMQTT: whatever a broker says, a probe ends without a panic.
func FuzzMQTT(f *testing.F) {
	f.Add([]byte("\x20\x02\x00\x00\x90\x03\x00\x01\x00\x30\x06\x00\x01a123"), false)
	f.Add([]byte("\x20\x10\x00\x97\x0d\x21\x00\x0a\x1f\x00\x07monthly"), true)
	f.Fuzz(func(t *testing.T, said []byte, five bool) {
		ours, theirs := net.Pipe()
		defer ours.Close()
		go func() { _, _ = io.Copy(io.Discard, theirs) }()
		go func() { _, _ = theirs.Write(said); theirs.Close() }()
		w := newSession(ours, 4)
		if five {
			w.version = 5
		}
		if w.connect("id", "user", "password", true) == nil && w.subscribe("a") == nil && w.publish("a", "hello", 1) == nil {
			for range 10 {
				if _, err := w.message(); err != nil {
					return
				}
			}
		}
	})
}
