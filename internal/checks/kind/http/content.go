package http

import (
	"bufio"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"io"
	"mime"
	"strings"

	"github.com/andybalholm/brotli"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/htmlindex"

	"github.com/statusbot/statusbot/internal/checks/probe"
)

// unpack returns what unpacks a body: servers pack also for who did not ask
// for it, and what is packed has none of the words that are looked for. A
// packing that is not known, or that the body does not have though it was not
// asked for, is noted.
func (a *answer) unpack(body io.Reader, packing string, asked bool) (io.Reader, error) {
	packing = strings.ToLower(strings.TrimSpace(packing))
	from := bufio.NewReader(body)
	begin, _ := from.Peek(2) // what is shorter is not packed
	switch packing {
	case "identity":
		return body, nil
	case "gzip", "x-gzip": // alike (RFC 9110, 8.4.1.3)
		if asked || bytes.Equal(begin, []byte{0x1f, 0x8b}) {
			return gzip.NewReader(from)
		}
	case "deflate":
		// Of zlib's format (RFC 9110, 8.4.1.2); some servers leave its frame out.
		if len(begin) == 2 && begin[0]&0xf == 8 && (int(begin[0])<<8|int(begin[1]))%31 == 0 {
			return zlib.NewReader(from)
		}
		return flate.NewReader(from), nil
	case "br":
		return brotli.NewReader(from), nil
	}
	a.packed = packing
	return from, nil
}

// byteOrderMark begins some texts in UTF-8; it is no part of them.
var byteOrderMark = []byte("\xef\xbb\xbf")

// inUTF8 returns a body in UTF-8, without a byte order mark, if its type names
// another character set that is known.
func inUTF8(body []byte, contentType string) []byte {
	body = bytes.TrimPrefix(body, byteOrderMark)
	if !strings.Contains(strings.ToLower(contentType), "charset") {
		return body
	}
	_, parameters, err := mime.ParseMediaType(contentType)
	if name := strings.ToLower(parameters["charset"]); err == nil && name != "utf-8" && name != "utf8" && name != "us-ascii" && name != "" {
		if set, err := htmlindex.Get(name); err == nil && set != encoding.Replacement {
			if text, err := set.NewDecoder().Bytes(body); err == nil {
				return text[:min(len(text), 3*probe.ReadMax)]
			}
		}
	}
	return body
}
