package checks

import (
	"encoding/binary"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// startChrony starts a time server that serves this machine's own clock, or
// one that has no time to give.
func startChrony(t *testing.T, knows bool) (address string, stop func()) {
	t.Helper()
	program := needProgram(t, "chrony", "/usr/sbin/chronyd")
	dir := t.TempDir()
	port := freePort(t)
	conf := fmt.Sprintf("port %s\nbindaddress 127.0.0.1\nallow 127.0.0.1\ncmdport 0\nbindcmdaddress /\npidfile %s\ndriftfile %s\n", port, filepath.Join(dir, "pid"), filepath.Join(dir, "drift"))
	if knows {
		conf += "local stratum 7\n"
	}
	file := filepath.Join(dir, "chrony.conf")
	check(t, os.WriteFile(file, []byte(conf), 0o644))
	who := "root"
	if os.Getuid() != 0 {
		who = os.Getenv("USER")
	}
	// -x: it must not set this machine's clock. It refuses to run as nobody.
	cmd, log := startServer(t, dir, syscall.SIGTERM, program, "-x", "-d", "-U", "-u", who, "-f", file)
	_ = log
	return "127.0.0.1:" + port, func() {
		check(t, cmd.Process.Kill())
		_ = cmd.Wait()
	}
}

func ntpOptions(address string, change ...func(*NTPOptions)) *NTPOptions {
	o := ntpKind.Options().(*NTPOptions)
	o.Address = address
	for _, f := range change {
		f(o)
	}
	return o
}

func TestNTP(t *testing.T) {
	good, stop := startChrony(t, true)
	const long = 5 * time.Second
	untilPass(t, "ntp", ntpOptions(good))
	for _, tt := range []struct {
		name    string
		change  func(*NTPOptions)
		outcome Outcome
		reason  Reason
		summary string
	}{
		{"good", func(*NTPOptions) {}, Pass, "", "this machine's clock, stratum 7"},
		{"name", func(o *NTPOptions) { o.Address = strings.Replace(o.Address, "127.0.0.1", "localhost", 1) }, Pass, "", "stratum 7"},
		{"stratum", func(o *NTPOptions) { o.StratumMax = 3 }, Fail, ReasonAssertion, "of stratum 7, at most 3 expected"},
		{"claims", func(o *NTPOptions) {
			o.Expect = []string{"stratum == 7 && offset < duration('50ms') && delay >= duration('0s') && latency > duration('0s')"}
		}, Pass, "", ""},
		{"false claim", func(o *NTPOptions) { o.Expect = []string{"stratum < 3"} }, Fail, ReasonAssertion, "stratum is 7"},
		{"near", func(o *NTPOptions) { o.DegradedOffset = 1 }, Degraded, ReasonAssertion, "limit"},
		{"too far", func(o *NTPOptions) { o.DegradedOffset, o.FailOffset = 0, 1 }, Fail, ReasonAssertion, "limit"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			wantResult(t, probing(t, "ntp", ntpOptions(good, tt.change), long), tt.outcome, tt.reason, tt.summary)
		})
	}
	t.Run("stopped", func(t *testing.T) {
		stop()
		wantResult(t, probing(t, "ntp", ntpOptions(good), long), Fail, ReasonConnect, "connection refused")
	})
	t.Run("not synchronised", func(t *testing.T) {
		lost, _ := startChrony(t, false)
		var r Result
		for end := time.Now().Add(10 * time.Second); time.Now().Before(end) && (r.Summary == "" || r.Reason == ReasonConnect); {
			r = probing(t, "ntp", ntpOptions(lost), long)
		}
		wantResult(t, r, Fail, ReasonAssertion, "the server says that it is not synchronised")
	})
}

// ntpAnswering is a peer that answers each packet as f says.
func ntpAnswering(t *testing.T, f func(query []byte) [][]byte) string {
	t.Helper()
	l, err := net.ListenPacket("udp", "127.0.0.1:0")
	check(t, err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		b := make([]byte, 1024)
		for {
			n, from, err := l.ReadFrom(b)
			if err != nil {
				return
			}
			for _, answer := range f(b[:n]) {
				_, _ = l.WriteTo(answer, from)
			}
		}
	}()
	t.Cleanup(func() { l.Close(); <-done })
	return l.LocalAddr().String()
}

func TestNTPStrangers(t *testing.T) {
	answer := func(query []byte, ahead time.Duration) []byte {
		b := make([]byte, ntpSize)
		b[0], b[1] = 4<<3|4, 2
		copy(b[24:32], query[40:48])
		now := toNTP(time.Now().Add(ahead))
		binary.BigEndian.PutUint64(b[32:], now)
		binary.BigEndian.PutUint64(b[40:], now)
		return b
	}
	one := func(f func([]byte) []byte) string {
		return ntpAnswering(t, func(q []byte) [][]byte { return [][]byte{f(q)} })
	}
	const long, short = 5 * time.Second, 200 * time.Millisecond
	for _, tt := range []struct {
		name, address string
		timeout       time.Duration
		reason        Reason
		summary       string
	}{
		{"ahead", one(func(q []byte) []byte { return answer(q, time.Hour) }), long, ReasonAssertion, "ahead of this machine's clock, limit 1 s"},
		{"behind", one(func(q []byte) []byte { return answer(q, -48*time.Hour) }), long, ReasonAssertion, "behind this machine's clock, limit 1 s"},
		{"kiss of death", one(func(q []byte) []byte { b := answer(q, 0); b[1] = 0; copy(b[12:], "RATE"); return b }), long, ReasonStatus, "refuses to tell the time: RATE"},
		{"leap alarm", one(func(q []byte) []byte { b := answer(q, 0); b[0] |= 3 << 6; return b }), long, ReasonAssertion, "not synchronised"},
		{"no time", one(func(q []byte) []byte { b := answer(q, 0); clear(b[32:]); return b }), long, ReasonAssertion, "not synchronised"},
		{"garbage", one(func([]byte) []byte { return []byte("what do you want") }), long, ReasonProtocol, errNotNTP.Error()},
		{"its own question", one(func(q []byte) []byte { return q }), long, ReasonProtocol, errNotNTP.Error()},
		{"forged", one(func(q []byte) []byte { b := answer(q, 0); b[30] ^= 1; return b }), short, ReasonTimeout, "while waiting for the answer"},
		{"silent", ntpAnswering(t, func([]byte) [][]byte { return nil }), short, ReasonTimeout, "while waiting for the answer"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			wantResult(t, probing(t, "ntp", ntpOptions(tt.address), tt.timeout), Fail, tt.reason, tt.summary)
		})
	}
	t.Run("forged first", func(t *testing.T) {
		both := ntpAnswering(t, func(q []byte) [][]byte {
			forged := answer(q, time.Hour)
			forged[31] ^= 1
			return [][]byte{forged, answer(q, 0)}
		})
		wantResult(t, probing(t, "ntp", ntpOptions(both), long), Pass, "", "stratum 2")
	})
}

func TestNTPOptions(t *testing.T) {
	for key, change := range map[string]func(*NTPOptions){
		"address":         func(o *NTPOptions) { o.Address = "" },
		"degraded_offset": func(o *NTPOptions) { o.DegradedOffset = time.Minute },
		"fail_offset":     func(o *NTPOptions) { o.FailOffset = -1 },
		"stratum_max":     func(o *NTPOptions) { o.StratumMax = 16 },
		"expect":          func(o *NTPOptions) { o.Expect = []string{"offset"} },
	} {
		wantOptionError(t, "ntp", ntpOptions("time.example.com", change), key)
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
	good := make([]byte, ntpSize)
	good[0], good[1] = 4<<3|4, 2
	f.Add(good)
	f.Add([]byte("RATE"))
	f.Fuzz(func(t *testing.T, b []byte) {
		now := time.Unix(1_790_000_000, 0)
		got, err := readNTP(b, make([]byte, 8), now, now.Add(time.Millisecond))
		if err == nil && got.delay < 0 {
			t.Errorf("delay %v", got.delay)
		}
		p := &ntpProbe{stratum: 15, degraded: time.Second, fail: time.Minute}
		_ = p.judge(got)
	})
}
