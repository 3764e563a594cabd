package http

import (
	"bufio"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"io"
	"mime"
	"regexp"
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
	if first, last, several := cutLast(packing); several && strings.Count(packing, ",") < packingsMax {
		inner, err := a.unpack(body, last, asked) // what was done last is undone first
		if err != nil || a.packed != "" {
			return inner, err
		}
		return a.unpack(inner, first, asked)
	}
	packing = strings.ToLower(strings.TrimSpace(packing))
	from := bufio.NewReader(body)
	begin, _ := from.Peek(2) // what is shorter is not packed
	switch packing {
	case "identity":
		return from, nil
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

// packingsMax is how often a body may be packed.
const packingsMax = 3

// cutLast cuts a list of packings before its last.
func cutLast(list string) (before, last string, several bool) {
	i := strings.LastIndexByte(list, ',')
	if i < 0 {
		return "", list, false
	}
	return list[:i], list[i+1:], true
}

// inHead is where a page names its character set itself, within its first KiB
// (https://html.spec.whatwg.org/multipage/semantics.html#charset).
var inHead = regexp.MustCompile(`(?i)<meta\s[^>]*charset\s*=\s*["']?\s*([A-Za-z0-9_:.-]+)`)

// inXML is where a document of XML names it (https://www.w3.org/TR/xml/#charencoding).
var inXML = regexp.MustCompile(`^<\?xml\s[^>]*encoding\s*=\s*["']([A-Za-z0-9_:.-]+)["']`)

// charsetOf returns the character set that a type or a page names; empty for
// none, or for that of UTF-8.
func charsetOf(body []byte, contentType string) string {
	kind := strings.ToLower(contentType)
	name := ""
	if strings.Contains(kind, "charset") {
		if _, parameters, err := mime.ParseMediaType(contentType); err == nil {
			name = strings.Trim(parameters["charset"], "'\" ")
		}
	}
	if name == "" && strings.Contains(kind, "html") {
		if m := inHead.FindSubmatch(body[:min(len(body), 1024)]); m != nil {
			name = string(m[1])
		}
	}
	if name == "" && (strings.Contains(kind, "xml") || kind == "") {
		if m := inXML.FindSubmatch(body[:min(len(body), 1024)]); m != nil {
			name = string(m[1])
		}
	}
	switch name = strings.ToLower(name); name {
	case "utf-8", "utf8", "us-ascii":
		return ""
	}
	return name
}

// inUTF8 returns a body in UTF-8, without a byte order mark, if it begins with
// one, or its type or the page itself names another character set; unknown is the
// name of one that is not known here.
func inUTF8(body []byte, contentType string) (text []byte, unknown string) {
	if marked := probe.UTF8(body); len(marked) != len(body) {
		return marked[:min(len(marked), 3*probe.ReadMax)], ""
	}
	name := charsetOf(body, contentType)
	if name == "" {
		return body, ""
	}
	set, err := htmlindex.Get(name)
	if err != nil || set == encoding.Replacement {
		return body, name
	}
	if text, err = set.NewDecoder().Bytes(body); err != nil {
		return body, ""
	}
	return text[:min(len(text), 3*probe.ReadMax)], ""
}
