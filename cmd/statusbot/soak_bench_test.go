package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

const (
	soakEnv    = "STATUSBOT_SOAK"     // how long: "10m"
	soakTLSEnv = "STATUSBOT_SOAK_TLS" // 1: over TLS

	soakChecks = 10_000
	soakEvery  = 10 * time.Second
	soakWait   = 20 * time.Millisecond // until the target answers
	soakLoop   = 30 * time.Second      // of the bare loop, before and after
)

// BenchmarkSoak runs the whole program with 10,000 HTTP checks every 10 s, a
// new connection each, and says what that takes; before and after it a bare
// net/http loop makes the same requests, so that the CPU is a ratio of one
// run. Target and program share the machine. It bounds nothing.
//
//	STATUSBOT_SOAK=10m go test ./cmd/statusbot -run '^$' -bench Soak -benchtime 1x -timeout 30m -v
func BenchmarkSoak(b *testing.B) {
	long, err := time.ParseDuration(os.Getenv(soakEnv))
	if err != nil {
		b.Skipf("it takes minutes: set %s, for example to 10m", soakEnv)
	}
	var asked atomic.Int64
	target := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		time.Sleep(soakWait)
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, `{"status":"ok","version":"1.4.2","checks":{"db":"ok","cache":"ok"}}`)
	}))
	if os.Getenv(soakTLSEnv) == "1" {
		target.StartTLS()
	} else {
		target.Start()
	}
	defer target.Close()

	loops := []loopFigures{runBareLoop(b, target.URL)}
	file := filepath.Join(b.TempDir(), "soak.yaml")
	writeSoakConfig(b, file, target.URL)
	bot := startStatusbot(b, nil, "run", "--config", file, "--data-dir", b.TempDir())
	ctx, cancel := context.WithTimeout(b.Context(), time.Minute)
	bot.awaitLine(ctx, "leading")
	cancel()
	time.Sleep(soakEvery) // the first round, in which everything is new
	first, from, tries := bot.usage(b), time.Now(), asked.Load()
	b.Logf("after 10 s: %v", first)
	time.Sleep(long)
	last, took, made := bot.usage(b), time.Since(from), asked.Load()-tries
	b.Logf("after %v: %v", long+soakEvery, last)
	bot.terminate()
	line, _ := bot.out.find("schedule ended")
	_, figures, _ := strings.Cut(line, "schedule ended")
	b.Log("schedule: " + figures)
	loops = append(loops, runBareLoop(b, target.URL))

	each := float64(last.cpu-first.cpu) / float64(time.Second) / float64(made) * 1000
	bare := (loops[0].CPU + loops[1].CPU) / 2
	b.Logf("bare loop: %.3f and %.3f CPU-s per 1,000, start jitter p99 %v and %v", loops[0].CPU, loops[1].CPU, loops[0].P99, loops[1].P99)
	b.ReportMetric(float64(made)/took.Seconds(), "probes/s")
	b.ReportMetric(each, "cpu-s/1000")
	b.ReportMetric(bare, "bare-cpu-s/1000")
	b.ReportMetric(each/bare, "ratio")
	b.ReportMetric(float64(first.rss)/(1<<20), "MiB-first")
	b.ReportMetric(float64(last.rss)/(1<<20), "MiB-last")
	b.ReportMetric(0, "ns/op")
}

func writeSoakConfig(b *testing.B, file, url string) {
	var text strings.Builder
	text.WriteString("slack: {listen: \"127.0.0.1:0\"}\nproducts:\n")
	for p := range 200 {
		fmt.Fprintf(&text, "  - {id: p%d}\n", p)
	}
	text.WriteString("checks:\n")
	for i := range soakChecks {
		fmt.Fprintf(&text, "  - {id: c%d, product: p%d, kind: http, every: %s, timeout: 3s, http: {url: %q, insecure_tls: true}}\n", i, i%200, soakEvery, fmt.Sprintf("%s/health/%d", url, i))
	}
	if err := os.WriteFile(file, []byte(text.String()), 0o600); err != nil {
		b.Fatal(err)
	}
}

// usage is what a process has taken so far.
type usage struct {
	cpu     time.Duration
	rss     int64 // bytes
	files   int
	threads int
}

func (u usage) String() string {
	return fmt.Sprintf("%.1f CPU-s, %d MiB resident, %d descriptors, %d threads", u.cpu.Seconds(), u.rss>>20, u.files, u.threads)
}

// usage reads /proc (proc(5)).
func (c *child) usage(b *testing.B) usage {
	b.Helper()
	dir := filepath.Join("/proc", strconv.Itoa(c.cmd.Process.Pid))
	stat, err := os.ReadFile(filepath.Join(dir, "stat"))
	if err != nil {
		b.Skipf("what a process takes is read from /proc: %v", err)
	}
	// After the name, which may hold blanks, fields 14, 15, 20 and 24 are
	// utime and stime in hundredths of a second, threads, and pages.
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	number := func(n int) int64 {
		v, err := strconv.ParseInt(fields[n-3], 10, 64)
		if err != nil {
			b.Fatal(err)
		}
		return v
	}
	files, err := os.ReadDir(filepath.Join(dir, "fd"))
	if err != nil {
		b.Fatal(err)
	}
	return usage{cpu: time.Duration(number(14)+number(15)) * 10 * time.Millisecond, rss: number(24) * int64(os.Getpagesize()),
		files: len(files), threads: int(number(20))}
}

// loopFigures are what a bare loop took.
type loopFigures struct {
	CPU float64       // seconds per 1,000 requests
	P99 time.Duration // start jitter
}

// runBareLoop runs bareLoop in a process of its own.
func runBareLoop(b *testing.B, url string) loopFigures {
	b.Helper()
	exe, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	cmd := exec.Command(exe, url)
	cmd.Env = append(os.Environ(), asProgram+"=loop")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		b.Fatal(err)
	}
	var f loopFigures
	if err := json.Unmarshal(out, &f); err != nil {
		b.Fatal(err)
	}
	return f
}

// bareLoop requests a URL as often as the soak does, evenly spread, with
// net/http and nothing else, and prints what it took.
func bareLoop(args []string) {
	client := &http.Client{Timeout: 3 * time.Second, Transport: &http.Transport{DisableKeepAlives: true,
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	space := soakEvery / soakChecks
	var mu sync.Mutex
	var late []time.Duration
	var all sync.WaitGroup
	begun := time.Now()
	for due := begun; due.Sub(begun) < soakLoop; due = due.Add(space) {
		time.Sleep(time.Until(due))
		all.Go(func() {
			behind := time.Since(due)
			resp, err := client.Get(args[0])
			if err == nil {
				_, _ = io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
			}
			mu.Lock()
			defer mu.Unlock()
			late = append(late, behind)
		})
	}
	all.Wait()
	var spent syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &spent); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	slices.Sort(late)
	cpu := time.Duration(spent.Utime.Nano() + spent.Stime.Nano())
	_ = json.NewEncoder(os.Stdout).Encode(loopFigures{CPU: cpu.Seconds() / float64(len(late)) * 1000, P99: late[len(late)*99/100]})
}
