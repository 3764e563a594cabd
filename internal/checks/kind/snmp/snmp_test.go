package snmp

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/probe/probetest"
)

const (
	secret  = "swordfish-snmp"
	privacy = "marlin-of-privacy"
	ours    = "1.3.6.1.4.1.8072.9999.9999." // numbers that Net-SNMP gives away for experiments
	long    = time.Minute
)

// startAgent starts Net-SNMP's agent with objects of every type.
func startAgent(t *testing.T) (address string, stop func()) {
	t.Helper()
	program := probetest.NeedProgram(t, "snmpd", "/usr/sbin/snmpd")
	dir := probetest.HumbleDir(t)
	conf := []string{
		"rocommunity " + secret + " 127.0.0.1",
		"createUser signer SHA-256 \"" + secret + "\"", "rouser signer auth",
		"createUser both SHA \"" + secret + "\" AES \"" + privacy + "\"", "rouser both priv",
		"createUser old MD5 \"" + secret + "\" DES \"" + privacy + "\"", "rouser old priv",
		"createUser nobody", "rouser nobody noauth .1.3.6.1.2.1.1",
		"sysName planted", "sysDescr a printer on the third floor",
		"override ." + ours + "1.0 integer -42", "override ." + ours + "2.0 counter 4294967295", "override ." + ours + "3.0 timeticks 360000",
		"override ." + ours + "4.0 octet_str 0x001b213aff00", "override ." + ours + "5.0 octet_str grün", "override ." + ours + "6.0 object_id .1.3.6.1.4.1.9.1",
		"override ." + ours + "8.0 uinteger 7",
		"override ." + ours + "9.1.1 integer 3", "override ." + ours + "9.1.2 integer 900", "override ." + ours + "9.1.10 integer 5", "override ." + ours + "9.2.1 integer 1",
	}
	file := filepath.Join(dir, "snmpd.conf")
	probetest.OK(t, os.WriteFile(file, []byte(strings.Join(conf, "\n")+"\n"), 0o644))
	address = "127.0.0.1:" + probetest.FreePort(t)
	t.Setenv("SNMP_PERSISTENT_DIR", dir)
	t.Setenv("MIBS", "") // numbers are enough
	cmd, _ := probetest.StartDatabase(t, dir, syscall.SIGTERM, program, "-f", "-Lo", "-r", "-C", "-c", file, "-p", filepath.Join(dir, "pid"), "-I", "-smux", "udp:"+address)
	probetest.UntilPass(t, &Kind, options(address))
	return address, func() {
		probetest.OK(t, cmd.Process.Kill())
		_ = cmd.Wait()
	}
}

func options(address string, change ...func(*Options)) *Options {
	o := Kind.Options().(*Options)
	o.Address, o.Community = address, secret
	for _, f := range change {
		f(o)
	}
	return o
}

// as asks with version 3.
func as(user, auth, password, privacy, privacyPassword string) func(*Options) {
	return func(o *Options) {
		o.Community, o.Version, o.User, o.Auth, o.Password, o.Privacy, o.PrivacyPassword = "", "3", user, auth, password, privacy, privacyPassword
	}
}

func expecting(expressions ...string) func(*Options) {
	return func(o *Options) {
		o.Get = map[string]string{}
		for i, n := range []string{"number", "counter", "ticks", "mac", "text", "object", "", "unsigned"} {
			if n != "" {
				o.Get[n] = ours + string(rune('1'+i)) + ".0"
			}
		}
		o.Get["ip"] = "1.3.6.1.2.1.4.20.1.1.127.0.0.1" // the address of loopback is itself
		o.Walk = map[string]string{"errors": ours + "9.1"}
		o.Expect = expressions
	}
}

func getting(n string) func(*Options) {
	return func(o *Options) { o.Get = map[string]string{"it": n} }
}

func TestSNMP(t *testing.T) {
	address, stop := startAgent(t)
	all := expecting("get.number == -42 && get.counter == 4294967295 && get.ticks == duration('1h') && get.unsigned == 7",
		"get.mac == '00:1b:21:3a:ff:00' && get.text == 'grün' && get.object == '1.3.6.1.4.1.9.1' && get.ip == '127.0.0.1'",
		"walk.errors.size() == 3 && walk.errors['2'] == 900 && walk.errors.all(port, walk.errors[port] < 1000) && latency > duration('0s')")
	v1 := func(o *Options) { o.Version = "1" }
	both := as("both", "sha", secret, "aes", privacy)
	for _, tt := range []struct {
		name    string
		change  []func(*Options)
		outcome checks.Outcome
		reason  checks.Reason
		summary string
	}{
		{"uptime", nil, checks.Pass, "", "uptime is "},
		{"every type", []func(*Options){all}, checks.Pass, "", "8 values, 3 rows"},
		{"every type, version 1", []func(*Options){all, v1}, checks.Pass, "", "8 values, 3 rows"},
		{"every type, version 3", []func(*Options){all, both}, checks.Pass, "", "8 values, 3 rows"},
		{"one value", []func(*Options){getting("." + ours + "1.0")}, checks.Pass, "", "it is -42"},
		{"a column alone", []func(*Options){func(o *Options) { o.Walk = map[string]string{"one": ours + "9.2"} }}, checks.Pass, "", "1 row"},
		{"signed", []func(*Options){as("signer", "sha256", secret, "", "")}, checks.Pass, "", "uptime is "},
		{"signed and encrypted", []func(*Options){both}, checks.Pass, "", "uptime is "},
		{"as old devices do", []func(*Options){as("old", "md5", secret, "des", privacy)}, checks.Pass, "", "uptime is "},
		{"neither", []func(*Options){as("nobody", "", "", "", "")}, checks.Pass, "", "uptime is "},
		{"false claim", []func(*Options){expecting("walk.errors.all(port, walk.errors[port] < 100)")}, checks.Fail, checks.ReasonAssertion, "is false"},
		{"degraded claim", []func(*Options){func(o *Options) { o.DegradedIf = []string{"get.uptime >= duration('0s')"} }}, checks.Degraded, checks.ReasonAssertion, "is true"},
		{"no such object", []func(*Options){getting(ours + "1.7")}, checks.Fail, checks.ReasonAssertion, "the agent has no it (" + ours + "1.7)"},
		{"no such object, version 1", []func(*Options){getting(ours + "1.7"), v1}, checks.Fail, checks.ReasonAssertion, "the agent has no it (" + ours + "1.7)"},
		{"no such column", []func(*Options){func(o *Options) { o.Walk = map[string]string{"none": ours + "77"} }}, checks.Fail, checks.ReasonAssertion, "the agent has no none (" + ours + "77)"},
		{"not for this user", []func(*Options){as("nobody", "", "", "", ""), getting(ours + "1.0")}, checks.Fail, checks.ReasonAssertion, "or does not show it"},
		{"too slow", []func(*Options){func(o *Options) { o.FailOver = 1 }}, checks.Fail, checks.ReasonLatency, "limit"},
		{"another user", []func(*Options){as("mallory", "sha", secret, "", "")}, checks.Fail, checks.ReasonStatus, "the agent knows no such user"},
		{"another password", []func(*Options){as("signer", "sha256", "hunter2-hunter2", "", "")}, checks.Fail, checks.ReasonStatus, "the agent refuses the password"},
		{"not encrypted", []func(*Options){as("both", "sha", secret, "", "")}, checks.Fail, checks.ReasonStatus, "it does not show that to this user or community (password and privacy_password may be wanted)"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := probetest.Probing(t, &Kind, options(address, tt.change...), long)
			probetest.WantResult(t, r, tt.outcome, tt.reason, tt.summary)
			for _, s := range []string{secret, privacy, "hunter2"} {
				probetest.NoSecret(t, r, s)
			}
		})
	}
	t.Run("another community", func(t *testing.T) {
		r := probetest.Until(t, &Kind, options(address, func(o *Options) { o.Community = "hunter2" }), 300*time.Millisecond, "silent to a community that it does not know")
		probetest.WantResult(t, r, checks.Fail, checks.ReasonTimeout, "silent to a community that it does not know")
	})
	t.Run("another privacy password", func(t *testing.T) { // the agent says so, or, of some versions, nothing
		r := probetest.Until(t, &Kind, options(address, as("both", "sha", secret, "aes", "hunter2-hunter2")), 300*time.Millisecond, "another privacy_password")
		if r.Outcome != checks.Fail || r.Reason != checks.ReasonTimeout && r.Reason != checks.ReasonStatus {
			t.Errorf("got %+v", r)
		}
	})
	t.Run("a name", func(t *testing.T) {
		_, port, _ := net.SplitHostPort(address)
		probetest.WantResult(t, probetest.Probing(t, &Kind, options("localhost:"+port, func(o *Options) { o.Family = "ipv4" }), long), checks.Pass, "", "uptime is ")
	})
	t.Run("stopped", func(t *testing.T) {
		stop()
		probetest.WantResult(t, probetest.Probing(t, &Kind, options(address), long), checks.Fail, checks.ReasonConnect, "connection refused")
	})
}
