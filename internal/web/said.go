package web

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"

	"github.com/statusbot/statusbot/internal/checks/heartbeat"
	"github.com/statusbot/statusbot/internal/checks/probe"
)

// How a push is read: scripts join addresses, messages and bodies from parts that
// they do not look into, and what a reader drops in silence may be the word "down".

// again puts an "&" for each "?" by which somebody's own parameters follow an
// address that was copied with its parameters.
var again = strings.NewReplacer("?status=", "&status=", "?msg=", "&msg=", "?ping=", "&ping=",
	"?success=", "&success=", "?error=", "&error=", "?duration=", "&duration=")

// asked reads the parameters of a push. Unlike url.Values it keeps a pair with a
// ";" or with a "%" that begins no escape, as a message has them that nobody
// encoded.
func asked(r *http.Request) url.Values {
	values := url.Values{}
	for pair := range strings.SplitSeq(again.Replace("?"+r.URL.RawQuery), "&") {
		name, value, _ := strings.Cut(strings.TrimLeft(pair, "?"), "=")
		name, value = unescaped(name), unescaped(value)
		values[name] = append(values[name], strings.TrimSpace(value))
	}
	return values
}

// askedInBody reads the parameters of a push of Kuma's that stand in its body, as curl's
// -d has them. Kuma itself passes a body over, and takes "status=down" in it for up. What
// has another name in it is no such body, but what a job printed.
func askedInBody(r *http.Request) url.Values {
	body, err := printedBy(r)
	if err != nil {
		return nil // cut short: what the address says counts, as there
	}
	values, ok := askedInForm(r.Header.Get("Content-Type"), body)
	if !ok {
		values, ok = askedInJSON(body)
	}
	if !ok {
		values = asked(&http.Request{URL: &url.URL{RawQuery: strings.TrimSpace(string(body))}})
	}
	for name := range values {
		if name != "" && name != "status" && name != "msg" && name != "ping" {
			return nil
		}
	}
	return values
}

// askedInForm reads the parameters that are the fields of a form of several parts, as curl's -F has them.
func askedInForm(kind string, body []byte) (url.Values, bool) {
	kind, words, err := mime.ParseMediaType(kind)
	if err != nil || kind != "multipart/form-data" {
		return nil, false
	}
	form, err := multipart.NewReader(bytes.NewReader(body), words["boundary"]).ReadForm(int64(len(body)))
	if err != nil {
		return nil, false
	}
	return form.Value, true
}

// askedInJSON reads the parameters that are an object of JSON, whose values are no deeper.
func askedInJSON(body []byte) (url.Values, bool) {
	body = probe.UTF8(body)
	d := json.NewDecoder(bytes.NewReader(body))
	if t, _ := d.Token(); t != json.Delim('{') || !json.Valid(body) {
		return nil, false
	}
	values := url.Values{}
	for d.More() {
		name, _ := d.Token()
		var value any
		if d.Decode(&value) != nil {
			return nil, false // a number that no program can hold
		}
		if value != nil {
			name := name.(string) // a key
			values[name] = append(values[name], strings.TrimSpace(fmt.Sprint(value)))
		}
	}
	return values, true
}

func unescaped(text string) string {
	if plain, err := url.QueryUnescape(text); err == nil {
		return plain
	}
	var b strings.Builder
	for i := range len(text) {
		b.WriteByte(text[i])
		if text[i] == '%' && !(i+2 < len(text) && isHex(text[i+1]) && isHex(text[i+2])) {
			b.WriteString("25")
		}
	}
	plain, err := url.QueryUnescape(b.String())
	if err != nil {
		return text // unreachable: each "%" begins an escape now
	}
	return plain
}

func isHex(c byte) bool { return strings.IndexByte("0123456789abcdefABCDEF", c) >= 0 }

// lastOf is the last of several values that is not empty.
func lastOf(values []string) string {
	last := ""
	for _, v := range values {
		if v != "" {
			last = v
		}
	}
	return last
}

// squeezed makes one slash of several in a row, as stand where somebody joined two
// parts of an address. The multiplexer would answer with a redirect, which curl -f
// takes for an answer: the report would be lost without a word. Behind Kuma's
// address they may be of the token, and are only hidden from the multiplexer.
func squeezed(r *http.Request) *http.Request {
	path := r.URL.EscapedPath()
	if !strings.Contains(path, "//") {
		return r
	}
	const kuma = "/api/push/"
	var b strings.Builder
	for i := range len(path) {
		switch {
		case path[i] != '/' || i == 0 || path[i-1] != '/':
			b.WriteByte(path[i])
		case strings.HasPrefix(b.String(), kuma):
			b.WriteString("%2F")
		}
	}
	plain, err := url.PathUnescape(b.String())
	if err != nil {
		return r // unreachable: the server has read it
	}
	other := r.Clone(r.Context())
	other.URL.Path, other.URL.RawPath = plain, b.String()
	return other
}

// packedError is why a body cannot be read.
type packedError string

func (e packedError) Error() string { return string(e) }

// bodyOf is the body of a push, unpacked; a packedError when it is packed in
// another way than gzip.
func bodyOf(r *http.Request) (io.Reader, error) {
	switch coding := strings.ToLower(strings.TrimSpace(r.Header.Get("Content-Encoding"))); coding {
	case "", "identity":
		return r.Body, nil
	case "gzip", "x-gzip":
		unpacked, err := gzip.NewReader(r.Body)
		if err != nil {
			return nil, packedError("the body is not packed by gzip, as its Content-Encoding says")
		}
		return unpacked, nil
	}
	return nil, packedError("the body is packed in another way than gzip; send it as it is")
}

// printed keeps the end of what a job printed.
type printed struct {
	mark []byte // the first two bytes, which may say that it is UTF-16
	end  []byte // what was written last: at least as much as a body may be elsewhere, if there was as much
}

// Write keeps p, and lets go of what was before in pieces of an even number of
// bytes, so that UTF-16 stays readable. It never fails.
func (p *printed) Write(text []byte) (int, error) {
	if len(p.mark) < 2 {
		p.mark = append(p.mark, text[:min(len(text), 2-len(p.mark))]...)
	}
	p.end = append(p.end, text...)
	if over := (len(p.end) - heartbeat.PushMax) &^ 1; over > heartbeat.PushMax {
		p.end = append(p.end[:0], p.end[over:]...)
	}
	return len(text), nil
}

// text is what was kept, in UTF-8.
func (p *printed) text() []byte {
	if len(p.end) > heartbeat.PushMax {
		p.end = append(p.end[:0], p.end[(len(p.end)-heartbeat.PushMax)&^1:]...)
	}
	if !bytes.HasPrefix(p.end, p.mark) && (bytes.Equal(p.mark, []byte("\xff\xfe")) || bytes.Equal(p.mark, []byte("\xfe\xff"))) {
		return probe.UTF8(append(bytes.Clone(p.mark), p.end...))
	}
	return probe.UTF8(p.end)
}

// mostUnpacked is how much of what a job printed is looked through, in bytes.
const mostUnpacked = 16 << 20

// printedBy reads what a job printed; an error when it did not arrive whole. What is
// longer than a server reads of one is cut, and what cannot be unpacked is nothing:
// that the job did its work counts all the same.
func printedBy(r *http.Request) ([]byte, error) {
	body, err := bodyOf(r)
	if err != nil {
		return nil, nil //nolint:nilerr // as above
	}
	var p printed
	_, err = io.Copy(&p, io.LimitReader(body, mostUnpacked))
	if _, tooLong := errors.AsType[*http.MaxBytesError](err); err != nil && !tooLong && body == io.Reader(r.Body) {
		return nil, err
	}
	return p.text(), nil
}
