package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	mathrand "math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/config"
	"github.com/statusbot/statusbot/internal/house"
	"github.com/statusbot/statusbot/internal/journal"
	"github.com/statusbot/statusbot/internal/status"
)

const (
	soakEnv    = "STATUSBOT_SOAK"         // how long: "10m"
	soakTLSEnv = "STATUSBOT_SOAK_TLS"     // 1: over TLS
	soakDirEnv = "STATUSBOT_SOAK_DIR"     // where profiles of CPU and heap go; none unless set
	soakAgeEnv = "STATUSBOT_SOAK_HISTORY" // of what time before the start there is history: "24h"; none unless set

	soakSizeEnv = "STATUSBOT_SOAK_CHECKS" // how many: "10000" unless set
	soakPaceEnv = "STATUSBOT_SOAK_EVERY"  // the interval of each: "10s" unless set

	soakWait = 20 * time.Millisecond // until the target answers
	soakLoop = 30 * time.Second      // of the bare loop, before and after
)

// soakSize returns how many checks are asked, and how often each.
func soakSize(b *testing.B) (checks int, every time.Duration) {
	b.Helper()
	checks, every = 10_000, 10*time.Second
	var err error
	if text := os.Getenv(soakSizeEnv); text != "" {
		if checks, err = strconv.Atoi(text); err != nil || checks < 1 {
			b.Fatalf("%s is %q; write a number of checks", soakSizeEnv, text)
		}
	}
	if text := os.Getenv(soakPaceEnv); text != "" {
		if every, err = time.ParseDuration(text); err != nil || every <= 0 {
			b.Fatalf("%s is %q; write an interval such as 60s", soakPaceEnv, text)
		}
	}
	return checks, every
}

// BenchmarkSoak runs the whole program with 10,000 HTTP checks every 10 s, a
// new connection each, and says what that takes; before and after it a bare
// net/http loop makes the same requests, so that the CPU is a ratio of one
// run. Target and program share the machine. With TLS nobody resumes a
// session. What was asked for and not done fails it; what it costs does not.
// With a history the program begins with what it would have concluded by then.
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
	target.Config.ErrorLog = log.New(io.Discard, "", 0) // of those that are cut off at the end
	if os.Getenv(soakTLSEnv) == "1" {
		target.TLS = &tls.Config{Certificates: []tls.Certificate{soakCertificate(b)}}
		target.StartTLS()
	} else {
		target.Start()
	}
	defer target.Close()

	count, every := soakSize(b)
	loops := []loopFigures{runBareLoop(b, target.URL)}
	file := filepath.Join(b.TempDir(), "soak.yaml")
	writeSoakConfig(b, file, target.URL)
	dataDir := b.TempDir()
	if text := os.Getenv(soakAgeEnv); text != "" {
		age, err := time.ParseDuration(text)
		if err != nil {
			b.Fatalf("%s: %v", soakAgeEnv, err)
		}
		writeSoakHistory(b, file, dataDir, age, loops[0].Took)
	}
	args := []string{"run", "--config", file, "--data-dir", dataDir, "--log-format", "console"}
	var bot *child
	if os.Getenv(soakDirEnv) != "" {
		bot = startStatusbot(b, nil, args...) // which makes profiles
	} else {
		bot = startFile(b, buildStatusbot(b), nil, args...)
	}
	begun := time.Now()
	ctx, cancel := context.WithTimeout(b.Context(), time.Minute)
	defer cancel()
	bot.awaitLine(ctx, "leading")
	b.Logf("it leads %v after its start", time.Since(begun).Round(time.Millisecond))
	none := asked.Load()
	time.Sleep(every) // the first round, in which everything is new
	round := asked.Load() - none
	first, from, tries := bot.usage(b, 1), time.Now(), asked.Load()
	b.Logf("first round: %d requests of %d; %v", round, count, first)
	var memory, anonymous []int64 // resident, each second; and what of it no file holds
	for end := from.Add(long); time.Now().Before(end); time.Sleep(time.Second) {
		now, program := bot.resident(b)
		memory, anonymous = append(memory, now), append(anonymous, now-program)
	}
	took, made := time.Since(from), asked.Load()-tries
	last := bot.usage(b, 2)
	most := bot.residentMost(b)
	b.Logf("after %v: %v", long+every, last)
	bot.terminate()
	line, _ := bot.out.find("schedule ended")
	b.Log(line)
	loops = append(loops, runBareLoop(b, target.URL))

	var ended struct {
		Late    int64  `json:"late"`
		LeftOut int64  `json:"left_out"`
		Dropped int64  `json:"dropped"`
		P50     string `json:"jitter_p50"`
		P99     string `json:"jitter_p99"`
	}
	if err := json.Unmarshal([]byte(line[max(strings.IndexByte(line, '{'), 0):]), &ended); err != nil {
		b.Fatalf("%q: %v", line, err)
	}
	milliseconds := func(text string) float64 {
		d, err := time.ParseDuration(text)
		if err != nil {
			b.Fatal(err)
		}
		return float64(d.Microseconds()) / 1000
	}
	if want := took.Seconds() * float64(count) / every.Seconds(); ended.LeftOut > 0 || ended.Dropped > 0 || float64(made) < 0.99*want {
		b.Errorf("%d of %.0f requests; %d left out, %d results dropped", made, want, ended.LeftOut, ended.Dropped)
	}
	each := float64(last.cpu-first.cpu) / float64(time.Second) / float64(made) * 1000
	bare := (loops[0].CPU + loops[1].CPU) / 2
	b.Logf("bare loop: %.3f and %.3f CPU-s per 1,000, start jitter p99 %v and %v", loops[0].CPU, loops[1].CPU, loops[0].P99, loops[1].P99)
	b.ReportMetric(float64(count)/every.Seconds(), "asked/s")
	b.ReportMetric(float64(made)/took.Seconds(), "probes/s")
	b.ReportMetric(float64(ended.Late), "late")
	b.ReportMetric(milliseconds(ended.P50), "jitter-p50-ms")
	b.ReportMetric(milliseconds(ended.P99), "jitter-p99-ms")
	b.ReportMetric(each, "cpu-s/1000")
	b.ReportMetric(bare, "bare-cpu-s/1000")
	b.ReportMetric(each/bare, "ratio")
	b.ReportMetric(float64(first.rss)/(1<<20), "MiB-first")
	b.ReportMetric(float64(last.rss)/(1<<20), "MiB-last")
	slices.Sort(memory)
	slices.Sort(anonymous)
	b.ReportMetric(float64(memory[len(memory)/2])/(1<<20), "MiB-p50")
	b.ReportMetric(float64(anonymous[len(anonymous)/2])/(1<<20), "MiB-anon-p50")
	b.ReportMetric(float64(most)/(1<<20), "MiB-max")
	b.ReportMetric(float64(first.goroutines), "goroutines-first")
	b.ReportMetric(float64(last.goroutines), "goroutines-last")
	b.ReportMetric(float64(first.files), "files-first")
	b.ReportMetric(float64(last.files), "files-last")
	b.ReportMetric(0, "ns/op")
}

// buildStatusbot returns the file of the program as it is shipped: the test's
// own holds more, and more of it is resident.
func buildStatusbot(b *testing.B) string {
	b.Helper()
	file := filepath.Join(b.TempDir(), "statusbot")
	if out, err := exec.Command("go", "build", "-trimpath", "-o", file, ".").CombinedOutput(); err != nil {
		b.Fatalf("build: %v\n%s", err, out)
	}
	return file
}

// soakTold begins the lines of tellOnSignal.
const soakTold = "soak: goroutines "

// tellOnSignal makes the program in a soak say, at SIGUSR1, how many
// goroutines it has, and what its heap is made of. The first signal begins a
// profile of the CPU and the second ends it, and takes one of the heap.
func tellOnSignal() {
	told := make(chan os.Signal, 1)
	signal.Notify(told, syscall.SIGUSR1)
	for n := 1; ; n++ {
		<-told
		if err := profile(os.Getenv(soakDirEnv), n == 1); err != nil {
			fmt.Fprintln(os.Stderr, "soak:", err)
		}
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		fmt.Fprintf(os.Stderr, "%s%d %d; MiB: heap %.1f, next collection at %.1f, spans in use %.1f, free and kept %.1f, stacks %.1f, the runtime's own %.1f; %d collections\n",
			soakTold, n, runtime.NumGoroutine(), mib(m.HeapAlloc), mib(m.NextGC), mib(m.HeapInuse), mib(m.HeapIdle-m.HeapReleased), mib(m.StackSys),
			mib(m.MSpanSys+m.MCacheSys+m.GCSys+m.OtherSys+m.BuckHashSys), m.NumGC)
	}
}

func mib(bytes uint64) float64 { return float64(bytes) / (1 << 20) }

// profile begins a profile of the CPU in dir, or ends it and writes one of the
// heap; without dir it does nothing.
func profile(dir string, begin bool) error {
	switch {
	case dir == "":
		return nil
	case begin:
		file, err := os.Create(filepath.Join(dir, "cpu.pprof"))
		if err != nil {
			return err
		}
		return pprof.StartCPUProfile(file)
	}
	pprof.StopCPUProfile()
	runtime.GC() // a profile of the heap is of the last collection
	file, err := os.Create(filepath.Join(dir, "heap.pprof"))
	if err != nil {
		return err
	}
	return errors.Join(pprof.WriteHeapProfile(file), file.Close())
}

// soakCertificate has a key on P-256, as most have today: to sign a thousand
// handshakes a second with RSA would take the target a whole core, which it
// shares with the program.
func soakCertificate(b *testing.B) tls.Certificate {
	b.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(24 * time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		b.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func writeSoakConfig(b *testing.B, file, url string) {
	var text strings.Builder
	text.WriteString("slack: {listen: \"127.0.0.1:0\"}\nweb: {listen: \"127.0.0.1:0\"}\nproducts:\n")
	for p := range 200 {
		fmt.Fprintf(&text, "  - {id: p%d}\n", p)
	}
	text.WriteString("checks:\n")
	checks, every := soakSize(b)
	for i := range checks {
		fmt.Fprintf(&text, "  - {id: c%d, product: p%d, kind: http, every: %s, timeout: 3s, http: {url: %q, insecure_tls: true}}\n", i, i%200, every, fmt.Sprintf("%s/health/%d", url, i))
	}
	if err := os.WriteFile(file, []byte(text.String()), 0o600); err != nil {
		b.Fatal(err)
	}
}

// writeSoakHistory leaves what statusbot would have concluded from a result of
// each check every 30 s up to now, which took what the bare loop's requests
// took, and of which 1 in 1,000 is a failure.
func writeSoakHistory(b *testing.B, file, dataDir string, age time.Duration, took []time.Duration) {
	b.Helper()
	cfg, err := config.Load(file, nil)
	if err != nil {
		b.Fatal(err)
	}
	const every = 30 * time.Second
	board := status.NewBoard(house.Definition(cfg))
	random := mathrand.New(mathrand.NewPCG(1, 2))
	now := time.Now()
	const batches = 100 // in each round
	batch := make([]checks.Result, 0, len(cfg.Checks)/batches)
	n := 0
	for round := now.Add(-age); round.Before(now); round = round.Add(every) {
		for i := range cfg.Checks {
			c := &cfg.Checks[i]
			r := checks.Result{Check: c.ID, Product: c.Product, Started: round.Add(every * time.Duration(i) / time.Duration(len(cfg.Checks))),
				Duration: took[random.IntN(len(took))], Outcome: checks.Pass}
			if random.IntN(1000) == 0 {
				r.Outcome, r.Reason, r.Summary = checks.Fail, checks.ReasonStatus, "answered 503"
			}
			if batch = append(batch, r); len(batch) == cap(batch) {
				board.Apply(0, batch)
				batch = batch[:0]
			}
			n++
		}
	}
	store, err := journal.Open(b.Context(), journal.Config{Dir: dataDir})
	if err != nil {
		b.Fatal(err)
	}
	defer func() {
		if err := store.Close(); err != nil {
			b.Fatal(err)
		}
	}()
	size := 0
	for shard := range status.CheckpointShards {
		data, err := board.Checkpoint(shard, time.Now())
		if err != nil {
			b.Fatal(err)
		}
		if data == nil {
			continue
		}
		size += len(data)
		if _, err := store.PutCheckpoint(b.Context(), fmt.Sprintf("%02d", shard), data); err != nil {
			b.Fatal(err)
		}
	}
	b.Logf("%v of history: %d results, stored in %.1f MiB", age, n, float64(size)/(1<<20))
}

// usage is what a process has taken so far.
type usage struct {
	cpu     time.Duration
	rss     int64 // bytes
	program int64 // bytes of these that are the program's file
	files   int
	threads int

	goroutines int
}

func (u usage) String() string {
	return fmt.Sprintf("%.1f CPU-s, %d MiB resident, %d of them the program's file, %d descriptors, %d threads, %d goroutines",
		u.cpu.Seconds(), u.rss>>20, u.program>>20, u.files, u.threads, u.goroutines)
}

// resident returns the bytes of the process that are in memory, and those of
// them that are of files: the second and third of statm, in pages.
func (c *child) resident(b *testing.B) (all, shared int64) {
	b.Helper()
	statm, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(c.cmd.Process.Pid), "statm"))
	if err != nil {
		b.Skipf("what a process takes is read from /proc: %v", err)
	}
	var size int64
	if _, err := fmt.Sscan(string(statm), &size, &all, &shared); err != nil {
		b.Fatal(err)
	}
	return all * int64(os.Getpagesize()), shared * int64(os.Getpagesize())
}

// residentMost returns the most bytes that were in memory since the start.
func (c *child) residentMost(b *testing.B) int64 {
	b.Helper()
	data, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(c.cmd.Process.Pid), "status"))
	if err != nil {
		b.Skipf("what a process takes is read from /proc: %v", err)
	}
	_, after, _ := strings.Cut(string(data), "VmHWM:")
	var kib int64
	if _, err := fmt.Sscan(after, &kib); err != nil {
		b.Fatal(err)
	}
	return kib << 10
}

// usage reads /proc (proc(5)), and asks the program for the n-th time.
func (c *child) usage(b *testing.B, n int) usage {
	b.Helper()
	dir := filepath.Join("/proc", strconv.Itoa(c.cmd.Process.Pid))
	stat, err := os.ReadFile(filepath.Join(dir, "stat"))
	if err != nil {
		b.Skipf("what a process takes is read from /proc: %v", err)
	}
	// After the name, which may hold blanks, fields 14, 15 and 20 are
	// utime and stime in hundredths of a second, and threads.
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	number := func(n int) int64 {
		v, err := strconv.ParseInt(fields[n-3], 10, 64)
		if err != nil {
			b.Fatal(err)
		}
		return v
	}
	resident, shared := c.resident(b)
	files, err := os.ReadDir(filepath.Join(dir, "fd"))
	if err != nil {
		b.Fatal(err)
	}
	u := usage{cpu: time.Duration(number(14)+number(15)) * 10 * time.Millisecond, rss: resident, program: shared,
		files: len(files), threads: int(number(20))}
	ctx, cancel := context.WithTimeout(b.Context(), 10*time.Second)
	defer cancel()
	if os.Getenv(soakDirEnv) == "" {
		_, h := healthOf(b, c.webURL(ctx))
		u.goroutines = h.Process.Goroutines
		return u
	}
	if err := c.cmd.Process.Signal(syscall.SIGUSR1); err != nil {
		b.Fatal(err)
	}
	begin := fmt.Sprintf("%s%d ", soakTold, n)
	told := strings.TrimPrefix(c.awaitLine(ctx, begin), begin)
	goroutines, rest, _ := strings.Cut(told, "; ")
	if _, err := fmt.Sscan(goroutines, &u.goroutines); err != nil {
		b.Fatal(err)
	}
	b.Log(rest)
	return u
}

// loopFigures are what a bare loop took.
type loopFigures struct {
	CPU  float64         // seconds per 1,000 requests
	P99  time.Duration   // start jitter
	Took []time.Duration // what requests took, a hundred from the shortest to the longest
}

// runBareLoop runs bareLoop in a process of its own.
func runBareLoop(b *testing.B, url string) loopFigures {
	b.Helper()
	exe, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	count, every := soakSize(b)
	cmd := exec.Command(exe, url, (every / time.Duration(count)).String())
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
// net/http and nothing else, and prints what it took. Its arguments are the URL
// and the time between two requests.
func bareLoop(args []string) {
	client := &http.Client{Timeout: 3 * time.Second, Transport: &http.Transport{DisableKeepAlives: true,
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	space, err := time.ParseDuration(args[1])
	if err != nil || space <= 0 {
		fmt.Fprintln(os.Stderr, "between two requests:", err)
		os.Exit(exitUsage)
	}
	var mu sync.Mutex
	var late, took []time.Duration
	var all sync.WaitGroup
	begun := time.Now()
	for due := begun; due.Sub(begun) < soakLoop; due = due.Add(space) {
		time.Sleep(time.Until(due))
		all.Go(func() {
			sent := time.Now()
			resp, err := client.Get(args[0])
			if err == nil {
				_, _ = io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
			}
			mu.Lock()
			defer mu.Unlock()
			late, took = append(late, sent.Sub(due)), append(took, time.Since(sent))
		})
	}
	all.Wait()
	var spent syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &spent); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	slices.Sort(late)
	slices.Sort(took)
	f := loopFigures{P99: late[len(late)*99/100]}
	for i := range 100 {
		f.Took = append(f.Took, took[len(took)*i/100])
	}
	cpu := time.Duration(spent.Utime.Nano() + spent.Stime.Nano())
	f.CPU = cpu.Seconds() / float64(len(late)) * 1000
	_ = json.NewEncoder(os.Stdout).Encode(f)
}
