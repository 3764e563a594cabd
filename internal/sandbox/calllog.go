package sandbox

import (
	"encoding/json"
	"strings"
	"sync"
	"time"
)

// LogEntry is one call of the Web API, or one thing that happened on a
// socket (Method "socket.connected", "socket.ack" and so on).
type LogEntry struct {
	N      int64           `json:"n"` // rises by one, from 1
	At     time.Time       `json:"at"`
	Method string          `json:"method"`
	Args   map[string]any  `json:"args"` // decoded, without tokens
	Status int             `json:"status"`
	Answer json.RawMessage `json:"answer"`
	TookMS float64         `json:"took_ms"`
}

const (
	maxLog = 10_000
	// maxLogBytes bounds the memory of the log when answers are large.
	maxLogBytes = 32 << 20
)

type callLog struct {
	// running is held for reading by calls from before they take effect until
	// they are in the log.
	running sync.RWMutex

	mu      sync.Mutex
	entries []LogEntry
	sizes   []int
	bytes   int
	n       int64
}

func (l *callLog) add(e LogEntry) {
	size := 200 + len(e.Answer) + len(e.Method)
	for k, v := range e.Args {
		size += len(k) + sizeOf(v)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.n++
	e.N = l.n
	if e.At.IsZero() {
		e.At = time.Now().UTC()
	}
	l.entries, l.sizes, l.bytes = append(l.entries, e), append(l.sizes, size), l.bytes+size
	for len(l.entries) > maxLog || (l.bytes > maxLogBytes && len(l.entries) > 1) {
		l.bytes -= l.sizes[0]
		l.entries[0] = LogEntry{}
		l.entries, l.sizes = l.entries[1:], l.sizes[1:]
	}
}

// begin says that a call may take effect. The log is read by others than this
// one only once done is called, which may be more than once.
func (l *callLog) begin() (done func()) {
	l.running.RLock()
	return sync.OnceFunc(l.running.RUnlock)
}

func sizeOf(v any) int {
	switch v := v.(type) {
	case string:
		return len(v)
	case json.RawMessage:
		return len(v)
	}
	return 16
}

// since returns the entries after number n, oldest first, of one method or,
// with a name that ends in a dot, of a family of methods. A call whose effect
// can be seen is among them.
func (l *callLog) since(n int64, method string) []LogEntry {
	l.running.Lock() // waits for the calls that run
	defer l.running.Unlock()
	l.mu.Lock()
	defer l.mu.Unlock()
	out := []LogEntry{}
	for _, e := range l.entries {
		if e.N > n && (method == "" || e.Method == method || (strings.HasSuffix(method, ".") && strings.HasPrefix(e.Method, method))) {
			out = append(out, e)
		}
	}
	return out
}
