package serve

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

// Body is an answer that many readers get. The zero value is none.
type Body struct {
	plain  []byte
	packed func() []byte // made once, when it is first asked for
	tag    string        // without its quotation marks
}

// packFrom is how long an answer is that is packed, in bytes.
const packFrom = 1 << 10

// BodyOf makes an answer whose tag stands for what it says, which is all of it or what of it matters; level is gzip's.
func BodyOf(whole, says []byte, level int) Body {
	sum := sha256.Sum256(says)
	return Body{plain: whole, tag: hex.EncodeToString(sum[:8]), packed: sync.OnceValue(func() []byte {
		var b bytes.Buffer
		z, _ := gzip.NewWriterLevel(&b, level) // the level is one
		_, _ = z.Write(whole)                  // into memory
		_ = z.Close()
		return b.Bytes()
	})}
}

// Pack packs it now, for those who ask later.
func (b Body) Pack() {
	if len(b.plain) >= packFrom {
		b.packed()
	}
}

// Send gives it to who does not have it yet. Its tag is a weak one: a strong one would say that what is packed and what is
// not are the same bytes (RFC 9110, 8.8.3.3).
func (b Body) Send(w http.ResponseWriter, r *http.Request, mime string) {
	h := w.Header()
	h.Set("Content-Type", mime)
	h.Set("Cache-Control", "private, no-cache")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Add("Vary", "Accept-Encoding")
	h.Set("ETag", `W/"`+b.tag+`"`)
	if b.known(r) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	out := b.plain
	if len(out) >= packFrom && unpacks(r) {
		h.Set("Content-Encoding", "gzip")
		out = b.packed()
	}
	h.Set("Content-Length", strconv.Itoa(len(out)))
	_, _ = w.Write(out) // the reader is gone
}

// known reports whether a reader has it (RFC 9110, 13.1.2). A tag holds no quotation mark, so what stands between two is one.
func (b Body) known(r *http.Request) bool {
	list := strings.Join(r.Header.Values("If-None-Match"), ", ")
	return strings.TrimSpace(list) == "*" || strings.Contains(list, `"`+b.tag+`"`)
}

// unpacks reports whether a reader takes what is packed: one says gzip, and no weight of 0 beside it.
func unpacks(r *http.Request) bool {
	for one := range strings.SplitSeq(strings.ToLower(strings.Join(r.Header.Values("Accept-Encoding"), ",")), ",") {
		coding, weight, _ := strings.Cut(one, ";")
		if coding = strings.TrimSpace(coding); coding == "gzip" || coding == "x-gzip" {
			n, err := strconv.ParseFloat(strings.TrimPrefix(strings.TrimSpace(weight), "q="), 64)
			return err != nil || n > 0
		}
	}
	return false
}
