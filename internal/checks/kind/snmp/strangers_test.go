package snmp

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/gosnmp/gosnmp"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/claim"
	"github.com/statusbot/statusbot/internal/checks/probe/probetest"
)

// values are an agent's answer to a question.
func values(t *testing.T, query []byte, list ...gosnmp.SnmpPDU) []byte {
	t.Helper()
	return reply(t, query, gosnmp.SnmpPacket{Variables: list})
}

// reply makes a packet an agent's answer to a question.
func reply(t *testing.T, query []byte, out gosnmp.SnmpPacket) []byte {
	t.Helper()
	g := &gosnmp.GoSNMP{Version: gosnmp.Version2c}
	asked, err := g.SnmpDecodePacket(query)
	if err != nil {
		t.Error(err)
		return nil
	}
	g.SetRequestID(asked.RequestID - 1) // it counts on
	out.Version, out.Community, out.PDUType, out.RequestID = asked.Version, asked.Community, gosnmp.GetResponse, asked.RequestID
	b, err := out.MarshalMsg()
	if err != nil {
		t.Error(err)
	}
	return b
}

func integer(oid string, n int) gosnmp.SnmpPDU {
	return gosnmp.SnmpPDU{Name: "." + oid, Type: gosnmp.Integer, Value: n}
}

func TestSNMPStrangers(t *testing.T) {
	uptime := integer("1.3.6.1.2.1.1.3.0", 7)
	for _, tt := range []struct {
		name    string
		answer  func(query []byte) [][]byte
		change  func(*Options)
		outcome checks.Outcome
		reason  checks.Reason
		summary string
	}{
		{"as it should be", func(q []byte) [][]byte { return [][]byte{values(t, q, uptime)} }, nil, checks.Pass, "", "uptime is 7"},
		{"text", func([]byte) [][]byte { return [][]byte{[]byte("hello")} }, nil, checks.Fail, checks.ReasonProtocol, "malformed"},
		{"empty", func([]byte) [][]byte { return [][]byte{{}} }, nil, checks.Fail, checks.ReasonProtocol, "malformed"},
		{"cut short", func(q []byte) [][]byte { return [][]byte{values(t, q, uptime)[:20]} }, nil, checks.Fail, checks.ReasonProtocol, "malformed"},
		{"the question", func(q []byte) [][]byte { return [][]byte{q} }, nil, checks.Fail, checks.ReasonProtocol, "it is a question"},
		{"another object", func(q []byte) [][]byte { return [][]byte{values(t, q, integer("1.3.6.1.2.1.1.9.0", 1))} }, nil, checks.Fail, checks.ReasonProtocol, "another object"},
		{"one too many", func(q []byte) [][]byte { return [][]byte{values(t, q, uptime, uptime)} }, nil, checks.Fail, checks.ReasonProtocol, "not as many values"},
		{"a report in place of an answer", func(q []byte) [][]byte {
			b := values(t, q, uptime)
			b[strings.Index(string(b), "\xa2")] = 0xa8
			return [][]byte{b}
		}, nil, checks.Fail, checks.ReasonProtocol, "it is a question, or a report"},
		{"a type that nobody has", func(q []byte) [][]byte {
			b := values(t, q, uptime)
			b[len(b)-3] = 0x99 // of the value, which is one byte behind its length
			return [][]byte{b}
		}, nil, checks.Fail, checks.ReasonProtocol, "its value of uptime is of no type that SNMP has"},
		{"of the number 0", func(q []byte) [][]byte {
			b := values(t, q, uptime)
			i := strings.Index(string(b), "\xa2")
			copy(b[i+4:], make([]byte, b[i+3]))
			return [][]byte{b}
		}, nil, checks.Fail, checks.ReasonProtocol, "another question, of the number 0"},
		{"to somebody else first", func(q []byte) [][]byte {
			other := append([]byte{}, values(t, q, integer(upTimeOID, 9))...)
			i := strings.Index(string(other), "\xa2") // of the PDU; its id is behind two lengths and a type
			other[i+4] ^= 1
			return [][]byte{other, values(t, q, uptime)}
		}, nil, checks.Pass, "", "uptime is 7"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			o := options(probetest.Datagrams(t, tt.answer))
			o.Retries = 0
			timeout := long
			if tt.reason == "" && tt.outcome == checks.Fail {
				timeout = 300 * time.Millisecond // it waits for the answer, to the end
			}
			r := probetest.Probing(t, &Kind, o, timeout)
			if tt.reason == "" {
				tt.reason = r.Reason
			}
			probetest.WantResult(t, r, tt.outcome, tt.reason, tt.summary)
		})
	}
	t.Run("a table without an end", func(t *testing.T) {
		row := 0
		o := options(probetest.Datagrams(t, func(q []byte) [][]byte {
			var list []gosnmp.SnmpPDU
			for range 25 {
				row++
				list = append(list, integer(fmt.Sprintf("1.3.6.1.2.1.2.2.1.14.%d", row), row))
			}
			return [][]byte{values(t, q, list...)}
		}))
		o.Walk = map[string]string{"errors": "1.3.6.1.2.1.2.2.1.14"}
		probetest.WantResult(t, probetest.Probing(t, &Kind, o, long), checks.Unknown, checks.ReasonInternal, "more than 2,000 rows")
	})
	t.Run("a table in a ring", func(t *testing.T) {
		o := options(probetest.Datagrams(t, func(q []byte) [][]byte {
			return [][]byte{values(t, q, integer("1.3.6.1.2.1.2.2.1.14.1", 1), integer("1.3.6.1.2.1.2.2.1.14.2", 1))}
		}))
		o.Walk = map[string]string{"errors": "1.3.6.1.2.1.2.2.1.14"}
		probetest.WantResult(t, probetest.Probing(t, &Kind, o, long), checks.Fail, checks.ReasonProtocol, "goes round in circles")
	})
	for _, tt := range []struct {
		name    string
		end     gosnmp.SnmpPacket // after the first rows
		outcome checks.Outcome
		reason  checks.Reason
		summary string
	}{
		{"its end", gosnmp.SnmpPacket{Variables: []gosnmp.SnmpPDU{{Name: ".1.3.6.1.2.1.2.2.1.14.2", Type: gosnmp.EndOfMibView}}}, checks.Pass, "", "2 rows"},
		{"its end, as version 1 has it", gosnmp.SnmpPacket{Error: gosnmp.NoSuchName, ErrorIndex: 1, Variables: []gosnmp.SnmpPDU{{Name: ".1.3.6.1.2.1.2.2.1.14.2", Type: gosnmp.Null}}}, checks.Pass, "", "2 rows"},
		{"an error", gosnmp.SnmpPacket{Error: gosnmp.GenErr, ErrorIndex: 1, Variables: []gosnmp.SnmpPDU{{Name: ".1.3.6.1.2.1.2.2.1.14.2", Type: gosnmp.Null}}}, checks.Fail, checks.ReasonStatus, "the agent answers with the error GenErr"},
		{"too long for it", gosnmp.SnmpPacket{Error: gosnmp.TooBig, ErrorIndex: 1, Variables: []gosnmp.SnmpPDU{{Name: ".1.3.6.1.2.1.2.2.1.14.2", Type: gosnmp.Null}}}, checks.Fail, checks.ReasonStatus, "ask for less"},
		{"nothing", gosnmp.SnmpPacket{}, checks.Fail, checks.ReasonProtocol, "it has no row, and not the table's end"},
	} {
		t.Run("a table and then "+tt.name, func(t *testing.T) {
			heard := 0
			o := options(probetest.Datagrams(t, func(q []byte) [][]byte {
				if heard++; heard == 1 {
					return [][]byte{values(t, q, integer("1.3.6.1.2.1.2.2.1.14.1", 1), integer("1.3.6.1.2.1.2.2.1.14.2", 1))}
				}
				return [][]byte{reply(t, q, tt.end)}
			}))
			o.Walk = map[string]string{"errors": "1.3.6.1.2.1.2.2.1.14"}
			probetest.WantResult(t, probetest.Probing(t, &Kind, o, long), tt.outcome, tt.reason, tt.summary)
		})
	}
	t.Run("silence amid a table is not for a community", func(t *testing.T) {
		o := options(probetest.Datagrams(t, func(q []byte) [][]byte {
			if strings.Contains(string(q), "\x0e\x01\x05\x00") { // what follows the row 14.1
				return nil
			}
			return [][]byte{values(t, q, integer("1.3.6.1.2.1.2.2.1.14.1", 1))}
		}))
		o.Walk, o.Retries = map[string]string{"errors": "1.3.6.1.2.1.2.2.1.14"}, 0
		var r checks.Result
		for timeout := 300 * time.Millisecond; r.Phases.FirstByte == 0 && timeout < time.Minute; timeout *= 3 {
			r = probetest.Probing(t, &Kind, o, timeout) // until the first rows came in time
		}
		if r.Reason != checks.ReasonTimeout || strings.Contains(r.Summary, "community") {
			t.Errorf("got %+v", r)
		}
	})
	t.Run("what is lost is sent again", func(t *testing.T) {
		heard := 0
		o := options(probetest.Datagrams(t, func(q []byte) [][]byte {
			if heard++; heard < 2 {
				return nil
			}
			return [][]byte{values(t, q, uptime)}
		}))
		o.Retries = 10 // each a fifth of a second
		probetest.WantResult(t, probetest.Until(t, &Kind, o, 2200*time.Millisecond, "uptime is 7"), checks.Pass, "", "uptime is 7")
	})
}

func TestSNMPOptions(t *testing.T) {
	for key, change := range map[string]func(*Options){
		"address":          func(o *Options) { o.Address = "" },
		"version":          func(o *Options) { o.Version = "4" },
		"retries":          func(o *Options) { o.Retries = -1 },
		"get.no-name":      func(o *Options) { o.Get = map[string]string{"no-name": upTimeOID} },
		"get.up":           func(o *Options) { o.Get = map[string]string{"up": "sysUpTime.0"} },
		"walk.up":          func(o *Options) { o.Walk = map[string]string{"up": "1.3..6"} },
		"user":             func(o *Options) { o.User = "me" },
		"community":        func(o *Options) { o.Version, o.User = "3", "me" },
		"community_file":   func(o *Options) { o.CommunityFile = "none" },
		"auth":             func(o *Options) { as("me", "sha512/256", secret, "", "")(o) },
		"privacy":          func(o *Options) { as("me", "sha", secret, "aes", "")(o) },
		"privacy_password": func(o *Options) { as("me", "", "", "aes", secret)(o) },
		"password":         func(o *Options) { as("me", "sha", "short", "", "")(o) },
		"expect":           func(o *Options) { o.Options = claim.Options{Expect: []string{"value == 1"}} },
		"fail_over":        func(o *Options) { o.FailOver = time.Hour },
		"family":           func(o *Options) { o.Family = "ipv5" },
	} {
		t.Run(key, func(t *testing.T) {
			probetest.WantOptionError(t, &Kind, options("192.0.2.1", change), key)
		})
	}
	if _, err := Kind.Build(checks.Check{Strict: true, Options: options("192.0.2.1", func(o *Options) { o.Community, o.CommunityFile = "", "/etc/passwd" }), Timeout: time.Second}); err == nil {
		t.Error("a strict check reads a file")
	}
	c, err := probetest.Compiled(&Kind, checks.Check{ID: "c", Kind: "snmp", Every: time.Minute, Timeout: time.Second, Strict: true, Options: options("127.0.0.1")})
	probetest.OK(t, err)
	if r, _ := c.Run(t.Context()); r.Outcome != checks.Unknown || !strings.Contains(r.Summary, "refuses to connect") {
		t.Errorf("a strict check asks this machine: %+v", r)
	}
}

// TestText: what is no text is written as addresses of hardware are.
func TestText(t *testing.T) {
	for in, want := range map[string]string{"": "", "eth0": "eth0", "a\x00": "a", "\x00": "00", "\x00\x1b!": "00:1b:21", "grün": "grün", "two\nlines": "two\nlines"} {
		if got := textOf([]byte(in)); got != want {
			t.Errorf("%q is %q, want %q", in, got, want)
		}
	}
}
