package page

import (
	"bufio"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
)

// reader reads on.
type reader struct {
	in   *bufio.Reader
	body interface{ Close() error }
}

func readOn(t *testing.T, address, version string) *reader {
	t.Helper()
	resp, err := http.Get(address + "/live?v=" + version)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = resp.Body.Close() })
	if resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("%s: %s", resp.Status, resp.Header.Get("Content-Type"))
	}
	return &reader{bufio.NewReader(resp.Body), resp.Body}
}

// next is the next event: its name and what it says.
func (r *reader) next(t *testing.T) (id, name, data string) {
	t.Helper()
	for {
		line, err := r.in.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		key, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		switch key {
		case "id":
			id = value
		case "event":
			name = value
		case "data":
			data = value
		case "":
			if data != "" {
				return id, name, data
			}
		}
	}
}

func TestReaderIsToldWhatChanged(t *testing.T) {
	b, now := company(t, 3, 2, 20, func(int) bool { return false })
	at := now
	p := pagesOf(b, now, Access{})
	p.source.Now = func() time.Time { return at }
	server := httptest.NewServer(handlerOf(p))
	defer server.Close()
	defer close(p.ending)
	first := &p.boards[0]
	s, err := first.get()
	if err != nil {
		t.Fatal(err)
	}
	version := count64(s.version)
	follows, behind := readOn(t, server.URL, version), readOn(t, server.URL, "1")
	if _, name, _ := behind.next(t); name != "stale" {
		t.Errorf("who shows another version is told %q, want stale", name)
	}
	r := checks.Result{Check: "product-1/check-0", Product: "product-1", Started: now, Duration: time.Millisecond, Outcome: checks.Fail, Reason: checks.ReasonReset}
	b.Apply(1<<20, []checks.Result{r})
	first.tick()
	for _, one := range []*reader{follows, behind} {
		id, name, data := one.next(t)
		var c change
		if err := json.Unmarshal([]byte(data), &c); err != nil || name != "" {
			t.Fatalf("%s %s: %v", name, data, err)
		}
		if id == version || len(c.Rows) != 1 || !strings.Contains(c.Rows["product-1"], "1 of ") || c.Open != nil {
			t.Errorf("event %s: %+v", id, c)
		}
	}
	// The page that is fetched now is of the version of which the next change is.
	if body := get(handlerOf(p), "/").Body.String(); !strings.Contains(body, `data-version="`+count64(s.version+1)+`"`) {
		t.Error("the page does not say its version")
	}
	before := first.newest.version
	first.tick()
	if first.newest.version != before {
		t.Error("nothing changed, and there is another version")
	}
}

// TestReadersAreBounded lets as many in as may read on, and tells the others to come again.
func TestReadersAreBounded(t *testing.T) {
	b, now := company(t, 1, 1, 1, some)
	p := pagesOf(b, now, Access{})
	p.readers.Store(readersMost)
	if w := get(handlerOf(p), "/live"); w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" || p.readers.Load() != readersMost {
		t.Errorf("one too many: %d, %d readers", w.Code, p.readers.Load())
	}
}

// TestPagesKeptAreBounded asks for more pages than are kept, and for what is not there.
func TestPagesKeptAreBounded(t *testing.T) {
	b, now := company(t, 2, 1, 1, some)
	p := pagesOf(b, now, Access{})
	for n := range pagesMost {
		p.rendered[count(n)] = &kept{}
	}
	h := handlerOf(p)
	for _, path := range []string{"/products/product-1", "/products/none", "/incidents/inc-1"} {
		get(h, path)
	}
	if len(p.rendered) != 1 || p.rendered["/products/product-1"] == nil {
		t.Errorf("%d pages are kept", len(p.rendered))
	}
}

// TestHeadOfWhatLastsEnds: nothing more would come, and the next request on its connection would wait.
func TestHeadOfWhatLastsEnds(t *testing.T) {
	b, now := company(t, 1, 1, 6, some)
	h := handlerOf(pagesOf(b, now, Access{}))
	w := get(h, "/live", func(r *http.Request) { r.Method = http.MethodHead })
	if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "text/event-stream" || w.Body.Len() > 0 {
		t.Errorf("%d %v, %d bytes", w.Code, w.Header(), w.Body.Len())
	}
}
