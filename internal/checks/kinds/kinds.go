// Package kinds is the table of every kind of check. Who needs no more than
// what is compiled takes probe.Compiled, and does not link every protocol.
package kinds

import (
	"maps"
	"slices"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/kind/browser"
	"github.com/statusbot/statusbot/internal/checks/kind/dns"
	"github.com/statusbot/statusbot/internal/checks/kind/domain"

	execkind "github.com/statusbot/statusbot/internal/checks/kind/exec"
	"github.com/statusbot/statusbot/internal/checks/kind/grpc"
	"github.com/statusbot/statusbot/internal/checks/kind/heartbeat"

	httpkind "github.com/statusbot/statusbot/internal/checks/kind/http"
	"github.com/statusbot/statusbot/internal/checks/kind/icmp"
	"github.com/statusbot/statusbot/internal/checks/kind/imap"
	"github.com/statusbot/statusbot/internal/checks/kind/journey"
	"github.com/statusbot/statusbot/internal/checks/kind/ldap"
	"github.com/statusbot/statusbot/internal/checks/kind/mqtt"
	"github.com/statusbot/statusbot/internal/checks/kind/mysql"
	"github.com/statusbot/statusbot/internal/checks/kind/nats"
	"github.com/statusbot/statusbot/internal/checks/kind/ntp"
	"github.com/statusbot/statusbot/internal/checks/kind/postgres"
	"github.com/statusbot/statusbot/internal/checks/kind/prometheus"
	"github.com/statusbot/statusbot/internal/checks/kind/redis"
	"github.com/statusbot/statusbot/internal/checks/kind/smtp"
	"github.com/statusbot/statusbot/internal/checks/kind/snmp"
	"github.com/statusbot/statusbot/internal/checks/kind/ssh"

	tcpkind "github.com/statusbot/statusbot/internal/checks/kind/tcp"

	"fmt"

	tlskind "github.com/statusbot/statusbot/internal/checks/kind/tls"
	"github.com/statusbot/statusbot/internal/checks/kind/udp"
	"github.com/statusbot/statusbot/internal/checks/kind/websocket"
	"github.com/statusbot/statusbot/internal/checks/probe"
)

// table is the table of every kind.
var table = byName( // :: name -> kind
	httpkind.Kind,
	journey.Kind,
	browser.Kind,
	tcpkind.Kind,
	tlskind.Kind,
	dns.Kind,
	domain.Kind,
	execkind.Kind,
	grpc.Kind,
	heartbeat.Kind,
	imap.Kind,
	ldap.Kind,
	mqtt.Kind,
	mysql.Kind,
	postgres.Kind,
	redis.Kind,
	smtp.Kind,
	snmp.Kind,
	ssh.Kind,
	icmp.Kind,
	nats.Kind,
	ntp.Kind,
	prometheus.Kind,
	udp.Kind,
	websocket.Kind,
)

func byName(list ...probe.Kind) map[string]*probe.Kind {
	table := make(map[string]*probe.Kind, len(list))
	for i := range list {
		table[list[i].Name] = &list[i]
	}
	return table
}

// Lookup returns the kind of that name.
func Lookup(name string) (probe.Kind, bool) {
	k, ok := table[name]
	if !ok {
		return probe.Kind{}, false
	}
	return *k, true
}

// Compile makes a check of any kind of the table ready to run, see Compile.
func Compile(c *checks.Check) (*probe.Compiled, error) {
	k, ok := table[c.Kind]
	if !ok {
		return nil, fmt.Errorf("compile check %q: no kind is called %q; write one of %v", c.ID, c.Kind, Names())
	}
	return probe.Compile(k, c)
}

// Names returns the names of all kinds, sorted.
func Names() []string { return slices.Sorted(maps.Keys(table)) }
