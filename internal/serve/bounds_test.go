package serve_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/serve"
)

// deadlines is a connection that notes which deadlines are set on it, and what
// the handler does meanwhile.
type deadlines struct {
	*httptest.ResponseRecorder
	notes []string
}

func (d *deadlines) note(what string, at time.Time) error {
	if at.IsZero() {
		what += " lifted"
	}
	d.notes = append(d.notes, what)
	return nil
}

func (d *deadlines) SetReadDeadline(at time.Time) error  { return d.note("read", at) }
func (d *deadlines) SetWriteDeadline(at time.Time) error { return d.note("write", at) }

func (d *deadlines) Hijack() (net.Conn, *bufio.ReadWriter, error) { return nil, nil, nil }

// TestBoundsOfARequest: the time for reading ends where the request does, so
// that it does not end the handler; each write has its own, until the
// connection is another's; and a body has its size.
func TestBoundsOfARequest(t *testing.T) {
	t.Parallel()
	answers := func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusOK)
		_, _ = io.WriteString(w, "one")
		check(t, http.NewResponseController(w).Flush())
	}
	for _, tt := range []struct {
		name   string
		bounds serve.Bounds
		body   string
		do     func(w http.ResponseWriter, r *http.Request)
		want   []string
	}{
		{"no body", serve.Bounds{Answer: time.Second}, "", nil, []string{"read lifted", "handler"}},
		{"a body that is read", serve.Bounds{Answer: time.Second}, "abc", func(_ http.ResponseWriter, r *http.Request) {
			data, err := io.ReadAll(r.Body)
			check(t, err)
			if string(data) != "abc" {
				t.Errorf("body %q", data)
			}
		}, []string{"handler", "read lifted"}},
		{"a body that is not read", serve.Bounds{Answer: time.Second}, "abc", nil, []string{"handler"}},
		{"a body that is too long", serve.Bounds{Answer: time.Second, BodyBytes: 2}, "abc", func(_ http.ResponseWriter, r *http.Request) {
			if data, err := io.ReadAll(r.Body); err == nil {
				t.Errorf("it took %q", data)
			}
		}, []string{"handler"}},
		{"each write", serve.Bounds{}, "", answers, []string{"read lifted", "write lifted", "handler", "write", "write", "write", "write"}},
		{"who may read slowly", serve.Bounds{Write: -1}, "", answers, []string{"read lifted", "handler"}},
		{"who takes the connection", serve.Bounds{}, "", func(w http.ResponseWriter, _ *http.Request) {
			_, _, err := w.(http.Hijacker).Hijack()
			check(t, err)
		}, []string{"read lifted", "write lifted", "handler"}},
	} {
		d := &deadlines{ResponseRecorder: httptest.NewRecorder()}
		h := serve.New(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			d.notes = append(d.notes, "handler")
			if tt.do != nil {
				tt.do(w, r)
			}
		}), tt.bounds, nil).Handler
		r := httptest.NewRequest(http.MethodPost, "/", nil)
		if tt.body != "" {
			r = httptest.NewRequest(http.MethodPost, "/", strings.NewReader(tt.body))
		}
		h.ServeHTTP(d, r)
		if !slices.Equal(d.notes, tt.want) {
			t.Errorf("%s: %s", tt.name, fmt.Sprint(d.notes))
		}
	}
}

// TestWhatIsRefusedIsNotSeen: a handler finds in Accept-Encoding what it may send, and no coding that the caller
// refuses by a weight of 0.
func TestWhatIsRefusedIsNotSeen(t *testing.T) {
	for _, tt := range []struct {
		asked []string
		want  string
	}{
		{nil, ""},
		{[]string{"gzip"}, "gzip"},
		{[]string{"gzip;q=0"}, ""},
		{[]string{"br, GZIP ; Q=0.000, zstd;q=0.5"}, "br, zstd;q=0.5"},
		{[]string{"br", "gzip; q=0"}, "br"},
		{[]string{"gzip;q=0.01, identity;q=0"}, "gzip;q=0.01"},
		{[]string{"gzip;q=0x"}, "gzip;q=0x"},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", http.NoBody)
		r.Header["Accept-Encoding"] = tt.asked
		seen := "nothing"
		h := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { seen = r.Header.Get("Accept-Encoding") })
		serve.New(h, serve.Bounds{}, nil).Handler.ServeHTTP(&deadlines{ResponseRecorder: httptest.NewRecorder()}, r)
		if seen != tt.want {
			t.Errorf("of %q a handler sees %q, want %q", tt.asked, seen, tt.want)
		}
	}
}
