package kinds

import (
	"net"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/probe"
	"github.com/statusbot/statusbot/internal/checks/probe/probetest"
)

// goingItsWay is a check of a kind with a way of its own, of a server that hangs
// up on everybody.
func goingItsWay(kind probe.Kind, host, port string, way probe.WayOptions) checks.Check {
	o := kind.Options()
	v := reflect.ValueOf(o).Elem()
	set := func(name string, to any) {
		if f := v.FieldByName(name); f.IsValid() && reflect.TypeOf(to).AssignableTo(f.Type()) {
			f.Set(reflect.ValueOf(to))
		}
	}
	scheme := map[string]string{"websocket": "ws"}[kind.Name]
	if scheme == "" {
		scheme = "http"
	}
	set("URL", scheme+"://"+host+":"+port+"/")
	set("Address", host+":"+port)
	set("Host", "")
	if kind.Name == "domain" {
		set("Server", scheme+"://"+host+":"+port+"/")
		set("Name", "example.com")
	}
	if kind.Name == "icmp" {
		set("Host", host)
	}
	set("Query", "SELECT 1")
	if kind.Name == "postgres" || kind.Name == "mysql" {
		set("User", "probe")
		set("Password", "hunter2-hunter2")
	}
	set("Count", 1)
	set("Expect", "x")
	if kind.Name == "udp" {
		set("Send", "x")
	}
	if kind.Name == "journey" {
		steps := reflect.MakeSlice(v.FieldByName("Steps").Type(), 1, 1)
		steps.Index(0).FieldByName("URL").SetString("http://" + host + ":" + port + "/")
		steps.Index(0).FieldByName("Name").SetString("open")
		v.FieldByName("Steps").Set(steps)
	}
	v.FieldByName("WayOptions").Set(reflect.ValueOf(way))
	return checks.Check{ID: "c", Product: "p", Kind: kind.Name, Every: 2 * time.Minute, Timeout: time.Minute, Options: o}
}

// TestEveryKindGoesItsWay: each kind that connects asks the name server of the
// check, and connects to addresses of its family alone.
func TestEveryKindGoesItsWay(t *testing.T) {
	t.Parallel()
	address := probetest.Serve(t, func(c *net.TCPConn) { c.Close() })
	_, port, err := net.SplitHostPort(address)
	probetest.OK(t, err)
	server := probetest.Names(t, map[string][]string{"four.example.": {"127.0.0.1"}, "six.example.": {"::1"}})
	here := map[string]bool{"exec": true, "heartbeat": true, "dns": true, "browser": true} // dns asks no name; browser has its own test
	for _, name := range Names() {
		kind, _ := Lookup(name)
		if here[name] {
			continue
		}
		if !reflect.ValueOf(kind.Options()).Elem().FieldByName("WayOptions").IsValid() {
			t.Errorf("%s has no way", name)
			continue
		}
		for _, tt := range []struct {
			host, family, want string // want: in the summary; empty: it resolves
		}{
			{"four.example", "", ""},
			{"four.example", "ipv4", ""},
			{"four.example", "ipv6", "the name has no IPv6 address"},
			{"six.example", "ipv4", "the name has no IPv4 address"},
			{"none.example", "ipv6", "the name does not exist"},
			{"none.example", "", "the name does not exist"},
		} {
			c, err := probetest.Compiled(&kind, goingItsWay(kind, tt.host, port, probe.WayOptions{Family: tt.family, Resolver: probe.Resolvers{server}}))
			if err != nil {
				t.Errorf("%s: %v", name, err)
				break
			}
			r, _ := c.Run(t.Context())
			switch {
			case tt.want == "" && r.Reason == checks.ReasonDNS, tt.want != "" && (r.Reason != checks.ReasonDNS || !strings.Contains(r.Summary, tt.want)):
				t.Errorf("%s of %s by %q: %s %s %q, want %q", name, tt.host, tt.family, r.Outcome, r.Reason, r.Summary, tt.want)
			}
		}
	}
}

func TestWaysThatLeadNowhere(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		host, key string
		way       probe.WayOptions
		strict    bool
	}{
		{"a.example", "family", probe.WayOptions{Family: "ipv5"}, false},
		{"127.0.0.1", "family", probe.WayOptions{Family: "ipv6"}, false},
		{"a.example", "resolver", probe.WayOptions{Resolver: probe.Resolvers{"192.0.2.53:99999"}}, false},
		{"a.example", "resolver", probe.WayOptions{Resolver: probe.Resolvers{"192.0.2.53 "}}, false},
		{"a.example", "resolver", probe.WayOptions{Resolver: probe.Resolvers{"192.0.2.53, 192.0.2.54"}}, false},
		{"a.example", "resolver[1]", probe.WayOptions{Resolver: probe.Resolvers{"192.0.2.53", "192.0.2.54:0"}}, false},
		{"a.example", "resolver", probe.WayOptions{Resolver: probe.Resolvers{"192.0.2.53"}}, true},
		{"a.example", "", probe.WayOptions{Family: "ipv6", Resolver: probe.Resolvers{"192.0.2.53"}}, false},
		{"a.example", "", probe.WayOptions{Resolver: probe.Resolvers{"[2001:db8::53]:53"}}, false},
		{"a.example", "", probe.WayOptions{Resolver: probe.Resolvers{"2001:db8::53"}}, false},
		{"127.0.0.1", "", probe.WayOptions{Family: "ipv4"}, false},
	} {
		kind, _ := Lookup("tcp")
		c := goingItsWay(kind, tt.host, "80", tt.way)
		c.Strict = tt.strict
		_, err := probetest.Compiled(&kind, c)
		if tt.key == "" {
			probetest.OK(t, err)
			continue
		}
		probetest.WantOption(t, err, tt.key)
	}
}
