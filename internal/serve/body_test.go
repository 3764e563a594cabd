package serve

import (
	"compress/gzip"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func sent(b Body, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, "/", http.NoBody)
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	w.Header().Set("Vary", "Cookie")
	b.Send(w, r, "text/plain")
	return w
}

// TestBodyIsOfOneWeakTag: packed or not, it says the same; a strong tag would say that its bytes are the same, too.
func TestBodyIsOfOneWeakTag(t *testing.T) {
	text := []byte(strings.Repeat("so it is. ", 500))
	b := BodyOf(text, text, gzip.BestSpeed)
	b.Pack()
	plain, packed := sent(b), sent(b, "Accept-Encoding", "gzip")
	tag := plain.Header().Get("ETag")
	if !strings.HasPrefix(tag, `W/"`) || packed.Header().Get("ETag") != tag || packed.Body.Len() >= plain.Body.Len() {
		t.Errorf("tags %s and %s of %d and %d bytes", tag, packed.Header().Get("ETag"), plain.Body.Len(), packed.Body.Len())
	}
	for _, w := range []*httptest.ResponseRecorder{plain, packed} {
		if got := strings.Join(w.Header().Values("Vary"), ", "); got != "Cookie, Accept-Encoding" {
			t.Errorf("it varies by %s", got)
		}
	}
	strong := strings.TrimPrefix(tag, "W/")
	for _, c := range []struct {
		name   string
		header []string
		want   int
	}{
		{"the tag", []string{tag}, http.StatusNotModified},
		{"as a strong one", []string{strong}, http.StatusNotModified},
		{"one of a list", []string{`"a,b", ` + tag + ` , W/"c"`}, http.StatusNotModified},
		{"on the second line", []string{`"other"`, tag}, http.StatusNotModified},
		{"any", []string{" * "}, http.StatusNotModified},
		{"others", []string{`"other", W/"` + strings.Trim(strong, `"`) + `x"`}, http.StatusOK},
		{"a star in quotes", []string{`"*"`}, http.StatusOK},
		{"without its quotation marks", []string{strings.Trim(strong, `"`)}, http.StatusOK},
		{"nothing", []string{""}, http.StatusOK},
	} {
		header := []string{"Accept-Encoding", "gzip"}
		for _, line := range c.header {
			header = append(header, "If-None-Match", line)
		}
		w := sent(b, header...)
		if w.Code != c.want || w.Code == http.StatusNotModified && w.Body.Len() > 0 || w.Header().Get("ETag") != tag {
			t.Errorf("%s: %d with %d bytes, want %d", c.name, w.Code, w.Body.Len(), c.want)
		}
	}
}

// TestWhoUnpacks: what a reader says that it does not take is not sent, and what gains nothing is not packed.
func TestWhoUnpacks(t *testing.T) {
	long, short := []byte(strings.Repeat("so it is. ", 500)), []byte("so it is.")
	for said, want := range map[string]bool{
		"gzip": true, "GZIP": true, "x-gzip": true, "br, gzip;q=0.5": true, "gzip; q=1": true, "deflate,gzip , br": true,
		"": false, "identity": false, "gzip;q=0": false, "gzip; Q=0.0, br": false, "br": false, "gzipped": false,
	} {
		if got := sent(BodyOf(long, long, gzip.BestSpeed), "Accept-Encoding", said).Header().Get("Content-Encoding") == "gzip"; got != want {
			t.Errorf("%q: packed %v, want %v", said, got, want)
		}
	}
	if w := sent(BodyOf(short, short, gzip.BestSpeed), "Accept-Encoding", "gzip"); w.Header().Get("Content-Encoding") != "" || w.Body.String() != string(short) {
		t.Errorf("%d bytes are packed", len(short))
	}
}
