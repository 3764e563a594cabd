package ntp

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/probe/probetest"
)

// startChrony starts a time server that serves this machine's own clock, or
// one that has no time to give.
func startChrony(t *testing.T, knows bool) (address string, stop func()) {
	t.Helper()
	program := probetest.NeedProgram(t, "chrony", "/usr/sbin/chronyd")
	dir := t.TempDir()
	port := probetest.FreePort(t)
	conf := fmt.Sprintf("port %s\nbindaddress 127.0.0.1\nallow 127.0.0.1\ncmdport 0\nbindcmdaddress /\npidfile %s\ndriftfile %s\n", port, filepath.Join(dir, "pid"), filepath.Join(dir, "drift"))
	if knows {
		conf += "local stratum 7\n"
	}
	file := filepath.Join(dir, "chrony.conf")
	probetest.OK(t, os.WriteFile(file, []byte(conf), 0o644))
	who := "root"
	if os.Getuid() != 0 {
		who = os.Getenv("USER")
	}
	// -x: it must not set this machine's clock. It refuses to run as nobody.
	cmd, log := probetest.StartServer(t, dir, syscall.SIGTERM, program, "-x", "-d", "-U", "-u", who, "-f", file)
	_ = log
	return "127.0.0.1:" + port, func() {
		probetest.OK(t, cmd.Process.Kill())
		_ = cmd.Wait()
	}
}

func options(address string, change ...func(*Options)) *Options {
	o := Kind.Options().(*Options)
	o.Address = address
	for _, f := range change {
		f(o)
	}
	return o
}

func TestNTP(t *testing.T) {
	good, stop := startChrony(t, true)
	const long = time.Minute
	probetest.UntilPass(t, &Kind, options(good))
	for _, tt := range []struct {
		name    string
		change  func(*Options)
		outcome checks.Outcome
		reason  checks.Reason
		summary string
	}{
		{"good", func(*Options) {}, checks.Pass, "", "this machine's clock, stratum 7"},
		{"name", func(o *Options) { o.Address = strings.Replace(o.Address, "127.0.0.1", "localhost", 1) }, checks.Pass, "", "stratum 7"},
		{"stratum", func(o *Options) { o.StratumMax = 3 }, checks.Fail, checks.ReasonAssertion, "of stratum 7, at most 3 expected"},
		{"claims", func(o *Options) {
			o.Expect = []string{"stratum == 7 && offset < duration('50ms') && delay >= duration('0s') && latency > duration('0s')"}
		}, checks.Pass, "", ""},
		{"false claim", func(o *Options) { o.Expect = []string{"stratum < 3"} }, checks.Fail, checks.ReasonAssertion, "stratum is 7"},
		{"near", func(o *Options) { o.DegradedOffset = 1 }, checks.Degraded, checks.ReasonAssertion, "limit"},
		{"too far", func(o *Options) { o.DegradedOffset, o.FailOffset = 0, 1 }, checks.Fail, checks.ReasonAssertion, "limit"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			probetest.WantResult(t, probetest.Probing(t, &Kind, options(good, tt.change), long), tt.outcome, tt.reason, tt.summary)
		})
	}
	t.Run("stopped", func(t *testing.T) {
		stop()
		probetest.WantResult(t, probetest.Probing(t, &Kind, options(good), long), checks.Fail, checks.ReasonConnect, "connection refused")
	})
	t.Run("not synchronised", func(t *testing.T) {
		lost, _ := startChrony(t, false)
		var r checks.Result
		for end := time.Now().Add(2 * time.Minute); time.Now().Before(end) && (r.Summary == "" || r.Reason == checks.ReasonConnect); {
			r = probetest.Probing(t, &Kind, options(lost), long)
		}
		probetest.WantResult(t, r, checks.Fail, checks.ReasonAssertion, "the server says that it is not synchronised")
	})
}

func TestNTPStrangers(t *testing.T) {
	answer := func(query []byte, ahead time.Duration) []byte {
		b := make([]byte, size)
		b[0], b[1] = 4<<3|4, 2
		copy(b[24:32], query[40:48])
		now := toNTP(time.Now().Add(ahead))
		binary.BigEndian.PutUint64(b[32:], now)
		binary.BigEndian.PutUint64(b[40:], now)
		return b
	}
	one := func(f func([]byte) []byte) string {
		return probetest.Datagrams(t, func(q []byte) [][]byte { return [][]byte{f(q)} })
	}
	const long, short = time.Minute, 200 * time.Millisecond
	for _, tt := range []struct {
		name, address string
		timeout       time.Duration
		reason        checks.Reason
		summary       string
	}{
		{"ahead", one(func(q []byte) []byte { return answer(q, time.Hour) }), long, checks.ReasonAssertion, "ahead of this machine's clock, limit 1 s"},
		{"behind", one(func(q []byte) []byte { return answer(q, -48*time.Hour) }), long, checks.ReasonAssertion, "behind this machine's clock, limit 1 s"},
		{"kiss of death", one(func(q []byte) []byte { b := answer(q, 0); b[1] = 0; copy(b[12:], "RATE"); return b }), long, checks.ReasonStatus, "refuses to tell the time: RATE"},
		{"leap alarm", one(func(q []byte) []byte { b := answer(q, 0); b[0] |= 3 << 6; return b }), long, checks.ReasonAssertion, "not synchronised"},
		{"no time", one(func(q []byte) []byte { b := answer(q, 0); clear(b[32:]); return b }), long, checks.ReasonAssertion, "not synchronised"},
		{"garbage", one(func([]byte) []byte { return []byte("what do you want") }), short, checks.ReasonProtocol, errNotNTP.Error()},
		{"its own question", one(func(q []byte) []byte { return q }), short, checks.ReasonProtocol, errNotNTP.Error()},
		{"forged", one(func(q []byte) []byte { b := answer(q, 0); b[30] ^= 1; return b }), short, checks.ReasonTimeout, "while waiting for the answer"},
		{"silent", probetest.Datagrams(t, func([]byte) [][]byte { return nil }), short, checks.ReasonTimeout, "while waiting for the answer"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			probetest.WantResult(t, probetest.Until(t, &Kind, options(tt.address), tt.timeout, tt.summary), checks.Fail, tt.reason, tt.summary)
		})
	}
	t.Run("forged first", func(t *testing.T) {
		both := probetest.Datagrams(t, func(q []byte) [][]byte {
			forged := answer(q, time.Hour)
			forged[31] ^= 1
			return [][]byte{[]byte("what do you want"), {}, q, forged, answer(q, 0)}
		})
		probetest.WantResult(t, probetest.Probing(t, &Kind, options(both), long), checks.Pass, "", "stratum 2")
	})
}

func TestNTPOptions(t *testing.T) {
	for key, change := range map[string]func(*Options){
		"address":         func(o *Options) { o.Address = "" },
		"degraded_offset": func(o *Options) { o.DegradedOffset = time.Minute },
		"fail_offset":     func(o *Options) { o.FailOffset = -1 },
		"stratum_max":     func(o *Options) { o.StratumMax = 16 },
		"expect":          func(o *Options) { o.Expect = []string{"offset"} },
	} {
		probetest.WantOptionError(t, &Kind, options("time.example.com", change), key)
	}
}

func TestNTPTime(t *testing.T) {
	at := time.Date(2036, 2, 7, 6, 28, 15, 900_000_000, time.UTC) // NTP's era ends half a second later
	for _, ahead := range []time.Duration{0, time.Second, -time.Second, 30 * 365 * 24 * time.Hour, 1234567 * time.Nanosecond} {
		if got := sinceNTP(toNTP(at.Add(ahead)), toNTP(at)); (got - ahead).Abs() > time.Nanosecond {
			t.Errorf("%v later is %v later", ahead, got)
		}
	}
}

func FuzzNTP(f *testing.F) {
	good := make([]byte, size)
	good[0], good[1] = 4<<3|4, 2
	f.Add(good)
	f.Add([]byte("RATE"))
	f.Fuzz(func(t *testing.T, b []byte) {
		now := time.Unix(1_790_000_000, 0)
		got, err := readNTP(b, make([]byte, 8), now, now.Add(time.Millisecond))
		if err == nil && got.delay < 0 {
			t.Errorf("delay %v", got.delay)
		}
		p := &prober{stratum: 15, degraded: time.Second, fail: time.Minute}
		_ = p.judge(got)
	})
}
