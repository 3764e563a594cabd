package http

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
	"unique"

	"github.com/statusbot/statusbot/internal/checks/probe"
)

const (
	headerMax  = 256 << 10 // bytes of an answer's header; more is an attack or an error
	interimMax = 5         // answers with 1xx before the real one, as net/http allows
)

// Request is one request and where it goes, written out once. Each check keeps
// one, so what can be made when it is needed is not in it.
type Request struct {
	target  probe.Target
	address string      // the URL, without user and password
	host    string      // the Host header
	header  http.Header // what the options say of it; nil for nothing
	begin   string      // the request on the wire, up to its host; form has the rest
	judge   *bodyJudge  // what is asked of the body; nil for nothing
	via     *proxy      // that it goes through; nil for none
	form    unique.Handle[form]
}

// url takes the address apart, for the few that ask for more than the bytes.
func (h *Request) url() *url.URL {
	u, err := url.Parse(h.address)
	if err != nil {
		return &url.URL{} // unreachable: it was written by an URL
	}
	return u
}

// written is the request on the wire, in a buffer of the probe's, with the id of the
// probe's trace if it carries one.
func (h *Request) written(tr *probe.Trail, buffer []byte) []byte {
	form := h.form.Value()
	own := append(slices.Grow(buffer[:0], len(h.begin)+len(form.rest)), h.begin...)
	own = append(own, form.rest...)
	if form.parent > 0 {
		tr.PutParent(own[len(h.begin)+form.parent:])
	}
	return own
}

// What http.ReadResponse wants to know of a request is whether its answer has
// a body.
var (
	withBody    = &http.Request{Method: http.MethodGet}
	withoutBody = &http.Request{Method: http.MethodHead}
)

func (h *Request) shape() *http.Request {
	if h.form.Value().method == http.MethodHead {
		return withoutBody
	}
	return withBody
}

// answer is what came back. The body is good until the next exchange with
// the same buffer.
type answer struct {
	code      int
	version   string // "1.0" or "2"; empty for 1.1
	reused    bool   // it came on a connection of an earlier probe
	location  string
	ids       http.Header // the header, for what of it goes with the evidence
	header    http.Header // nil unless they are wanted
	size      int64       // bytes of the body, as told if it was not read whole, what was read if it was not told
	body      []byte
	encoded   bool   // the body is as it came, and may be in another character set than UTF-8
	charset   string // the character set that it claims, if that is not known here
	packed    string // how the body is packed, if it could not be unpacked
	most      int    // bytes of the body that are read at most
	truncated bool   // there is more body than was read of it at most, or than was asked for
	flows     bool   // its body has no end, by its type
	goesOn    bool   // its body had not ended when all was there that is asked of it
}

// wire is a connection with its reader.
type wire struct {
	conn   net.Conn
	reader *bufio.Reader
	limit  headerLimit
	expiry *time.Timer // closes it when it was not used for long; nil unless kept
}

// headerLimit is a reader that refuses to go on past a number of bytes.
type headerLimit struct {
	from io.Reader
	left int   // bytes; less than 0 for no limit
	err  error // what ended the header too soon
}

var (
	errHeaderTooLong error = probe.Malformed("its header is longer than 256 KiB")
	errNotHTTP       error = probe.Malformed("it does not begin with HTTP/")
	errNotTwo        error = probe.Malformed("it is of HTTP/1.1, and version: \"2\" wants HTTP/2; write version: auto")
	errOnlyTwo       error = probe.Malformed("it is of HTTP/2, which the server begins unasked; write version: \"2\"")
	errInterim       error = probe.Malformed("it has too many interim answers")
)

func (l *headerLimit) Read(b []byte) (int, error) {
	if l.left < 0 {
		return l.from.Read(b)
	}
	if l.left == 0 {
		l.err = errHeaderTooLong
		return 0, l.err
	}
	n, err := l.from.Read(b[:min(len(b), l.left)])
	l.left -= n
	l.err = err
	return n, err
}

// wires hold the readers (4 KiB each) of connections that are gone.
var wires = sync.Pool{New: func() any { return &wire{reader: bufio.NewReaderSize(nil, 4<<10)} }}

// exchange sends one request and reads its answer. With an error, the answer
// holds what had come until then, and the trail says how far it got.
func (p *Prober) exchange(ctx context.Context, to *Request, tr *probe.Trail, buffer *[]byte) (answer, error) {
	if to.form.Value().keep {
		if w := p.idle.Swap(nil); w != nil && w.expiry.Stop() {
			tr.Remote = to.target.Address
			tr.Over(w.conn)
			got, err := p.talk(ctx, w, to, tr, buffer)
			got.reused = true
			// A kept connection may have been closed by the peer, in its
			// right, before it saw this request: that proves nothing. Some
			// say so with 408 (RFC 9110, 15.5.9).
			if stale := err == nil && got.code == http.StatusRequestTimeout; !stale && (err == nil || tr.Stage == probe.Reading || probe.ClosedBy(err) == "" || ctx.Err() != nil) {
				return got, err
			}
		}
	}
	for try := 1; ; try++ {
		got, err := p.fresh(ctx, to, tr, buffer)
		if gone, ok := errors.AsType[*goneAway](err); !ok || !gone.again || try == drainedMax || ctx.Err() != nil {
			return got, err
		}
	}
}

// drainedMax is how many connections that the server ends before it looks at the
// request are tried.
const drainedMax = 3

// fresh makes the exchange on a new connection.
func (p *Prober) fresh(ctx context.Context, to *Request, tr *probe.Trail, buffer *[]byte) (answer, error) {
	conn, err := p.reach(ctx, to, tr)
	if err != nil {
		return answer{}, err
	}
	secure := to.form.Value().secure
	if secure {
		unbind := probe.Bind(ctx, conn)
		secured, err := tr.Secure(conn, p.tlsFor(to))
		if err != nil || !unbind() {
			conn.Close()
			return answer{}, errors.Join(err, ctx.Err())
		}
		conn = secured
	}
	tr.Over(conn)
	if p.rare != nil && p.rare.version != "" {
		two := probe.Negotiated(conn) || !secure && p.rare.version == version2
		switch {
		case two:
			return p.twoExchange(ctx, conn, to, tr, buffer)
		case p.rare.version == version2:
			conn.Close()
			return answer{}, probe.ErrNotHTTP2
		}
	}
	w := wires.Get().(*wire)
	w.conn = conn
	w.limit.from = conn
	w.reader.Reset(&w.limit)
	return p.talk(ctx, w, to, tr, buffer)
}

// reach connects to where a hop goes.
func (p *Prober) reach(ctx context.Context, to *Request, tr *probe.Trail) (net.Conn, error) {
	if to.via != nil {
		return to.via.dial(ctx, to, tr)
	}
	return tr.Dial(ctx, to.target)
}

// talk makes one exchange on a connection, and closes or keeps it.
func (p *Prober) talk(ctx context.Context, w *wire, to *Request, tr *probe.Trail, buffer *[]byte) (answer, error) {
	keep := to.form.Value().keep
	unbind := probe.Bind(ctx, w.conn)
	got, reusable, err := w.roundTrip(ctx, to, tr, buffer)
	if unbind() && reusable && keep && err == nil {
		w.expiry = time.AfterFunc(probe.IdleMax, func() {
			if p.idle.CompareAndSwap(w, nil) {
				w.conn.Close()
			}
		})
		if p.idle.CompareAndSwap(nil, w) {
			return got, nil
		}
		w.expiry.Stop()
	}
	if err == nil && !keep && !got.truncated {
		tr.Lingered += w.letCloseFirst()
	}
	w.conn.Close()
	if !keep { // a kept one may still be known to its timer
		w.conn, w.limit.from = nil, nil
		wires.Put(w)
	}
	return got, err
}

// closeGrace is how long the peer has to close after its answer, which it was
// asked to do (Connection: close). It comes with the answer as a rule.
const closeGrace = 10 * time.Millisecond

// letCloseFirst waits for the peer to close, and returns for how long. Whoever
// closes first keeps the connection's port for a minute (TIME_WAIT): at a
// thousand probes a second we would run out of ports, and long before, connect
// takes three times the CPU to find a free one.
func (w *wire) letCloseFirst() time.Duration {
	start := time.Now()
	var rest [1]byte
	if w.conn.SetReadDeadline(start.Add(closeGrace)) == nil {
		_, _ = w.conn.Read(rest[:]) // what else it says does not matter any more
	}
	return time.Since(start)
}

// roundTrip writes the request and reads the answer, with as much
// of its body as is read at most. It reports whether the connection is fit for another exchange.
func (w *wire) roundTrip(ctx context.Context, to *Request, tr *probe.Trail, buffer *[]byte) (got answer, reusable bool, err error) {
	tr.Stage = probe.Sending
	_, unsent := w.conn.Write(to.written(tr, *buffer))
	if unsent != nil && probe.ClosedBy(unsent) == "" {
		return got, false, unsent
	}
	// A peer that closed early may have said why: read even so.
	sent := time.Now()
	tr.Stage = probe.Waiting
	w.limit.left, w.limit.err = headerMax, nil
	if _, err := w.reader.Peek(1); err != nil {
		return got, false, err
	}
	first := time.Now()
	tr.Stage = probe.Reading
	tr.Phases.FirstByte += first.Sub(sent)
	defer func() { tr.Phases.Transfer += time.Since(first) }()

	// What does not begin like an answer is no answer, however it ends.
	const begin = "HTTP/"
	if start, err := w.reader.Peek(len(begin)); string(start) != begin[:len(start)] {
		if len(start) == len(begin) && start[0] == 0 && start[3] == 4 && start[4] == 0 { // a frame SETTINGS (RFC 9113, 6.5)
			return got, false, errOnlyTwo
		}
		return got, false, errNotHTTP
	} else if err != nil {
		return got, false, err
	}
	var resp *http.Response
	for n := 0; ; n++ {
		resp, err = probe.ReadResponse(w.reader, to.shape()) //nolint:bodyclose // Close would read the rest of an answer that was cut short on purpose
		if err != nil {
			if w.limit.err != nil {
				// The header is not malformed, it is cut short.
				err = w.limit.err
			}
			return got, false, err
		}
		if resp.StatusCode < 100 {
			return got, false, probe.Malformed("its status is less than 100")
		}
		if resp.StatusCode >= 200 || resp.StatusCode == http.StatusSwitchingProtocols {
			break
		}
		if n == interimMax {
			return got, false, errInterim
		}
	}
	if resp.StatusCode == http.StatusSwitchingProtocols { // what follows is not HTTP
		got.note(resp, to)
		return got, false, nil
	}
	w.limit.left = -1
	u := to.until(ctx, resp)
	if conn := w.conn; u != nil {
		u.stop = func() { _ = conn.SetReadDeadline(probe.LongAgo) }
	}
	err = got.read(resp, to, buffer, u)
	return got, !got.truncated && !resp.Close, err
}

// note takes over what an answer's header says.
func (a *answer) note(resp *http.Response, to *Request) {
	a.code = resp.StatusCode
	if resp.ProtoMajor == 1 && resp.ProtoMinor == 0 {
		a.version = version10
	}
	a.location = resp.Header.Get("Location")
	a.most = to.form.Value().most
	a.ids = resp.Header
	a.flows = resp.ContentLength < 0 && flows(resp.Header)
	if to.form.Value().headers {
		a.header = resp.Header
	}
}

// read takes over an answer, with as much of its body as is read at most, or less if that is
// enough; u is nil where it is not.
func (a *answer) read(resp *http.Response, to *Request, buffer *[]byte, u *until) (err error) {
	a.note(resp, to)
	form := to.form.Value()
	var body io.Reader = resp.Body
	known := resp.ContentLength
	var from *noted // nil where nothing is unpacked
	if packing := strings.Join(resp.Header.Values("Content-Encoding"), ","); packing != "" && form.method != http.MethodHead && known != 0 {
		// The bound below counts what comes out: a small answer that swells
		// to a gigabyte costs no more than is read.
		from = &noted{Reader: body, told: known >= 0 || len(resp.TransferEncoding) > 0 || resp.ProtoMajor == 2}
		if body, err = a.unpack(from, packing, form.gzip); err != nil {
			return from.blamed(err)
		}
		known = -1
	}
	a.body, a.truncated, err = readBody(body, buffer, a.most, u)
	if u.cut() {
		a.truncated, err = true, nil
	}
	a.goesOn = a.truncated && len(a.body) < a.most
	a.encoded = err == nil && a.packed == ""
	a.size = int64(len(a.body))
	if a.truncated {
		a.size = max(a.size, known)
	}
	return from.blamed(err)
}

// decode puts the body into UTF-8, for who looks into it: to find out its character
// set takes more than all else that is done with a page.
func (a *answer) decode() {
	if a.encoded {
		a.body, a.charset = inUTF8(a.body, a.ids.Get("Content-Type"))
		a.encoded = false
	}
}

// noted knows whether what is read came to its end.
type noted struct {
	io.Reader
	told  bool // the answer says where its body ends; else the connection's end may be too soon
	ended bool
}

func (n *noted) Read(b []byte) (int, error) {
	got, err := n.Reader.Read(b)
	n.ended = n.ended || n.told && err == io.EOF
	return got, err
}

// blamed makes an error of unpacking one of the answer if all of it came.
func (n *noted) blamed(err error) error {
	if n != nil && n.ended && errors.Is(err, io.ErrUnexpectedEOF) {
		return probe.Malformed("its packed body ends too soon")
	}
	return err
}

// readBody reads at most so many bytes into the buffer, or less if that is enough, and tells
// whether there may be more.
func readBody(from io.Reader, buffer *[]byte, most int, u *until) (body []byte, more bool, err error) {
	body = (*buffer)[:0]
	for {
		if u.met(body) {
			return body, true, nil
		}
		if len(body) == cap(body) {
			body = append(body, 0)[:len(body)]
			*buffer = body
		}
		// One byte past the bound tells a body of that length from a longer one.
		n, err := from.Read(body[len(body):min(cap(body), most+1)])
		body = body[:len(body)+n]
		switch {
		case len(body) > most:
			return body[:most], true, nil
		case err == io.EOF:
			return body, false, nil
		case err != nil:
			return body, false, err
		}
	}
}
