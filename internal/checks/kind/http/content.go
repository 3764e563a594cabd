package http

import (
	"bufio"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"io"
	"mime"
	"slices"
	"strings"

	"github.com/andybalholm/brotli"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/htmlindex"

	"github.com/statusbot/statusbot/internal/checks/probe"
	"github.com/statusbot/statusbot/internal/lazy"
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
	if len(begin) == 0 {
		return from, nil // nothing is nothing, whatever it is called; or reading tells why
	}
	switch packing {
	case "identity", "none", "utf-8", "utf8": // the others are mistakes that browsers do not mind
		return from, nil
	case "gzip", "x-gzip": // alike (RFC 9110, 8.4.1.3)
		if is := bytes.Equal(begin, gzipMagic); !is && asked {
			return nil, probe.ErrBadGzip
		} else if !is {
			break
		}
		zip, err := gzip.NewReader(from)
		if err != nil {
			return nil, unpacking(packing, err)
		}
		zip.Multistream(false)
		return &unpacker{zip, from, packing}, nil
	case "deflate":
		// Of zlib's format (RFC 9110, 8.4.1.2); some servers leave its frame out.
		if len(begin) == 2 && begin[0]&0xf == 8 && (int(begin[0])<<8|int(begin[1]))%31 == 0 {
			plain, err := zlib.NewReader(from)
			return &unpacker{plain, from, packing}, unpacking(packing, err)
		}
		return &unpacker{flate.NewReader(from), from, packing}, nil
	case "br":
		return &unpacker{brotli.NewReader(from), from, packing}, nil
	}
	a.packed = packing
	return from, nil
}

// unpacker reads what a body's packing holds, and then what stands behind it: the
// connection may be used again, and browsers do not mind such zeros and remarks of
// servers either.
type unpacker struct {
	io.Reader
	from    *bufio.Reader
	packing string
}

var gzipMagic = []byte{0x1f, 0x8b}

func (u *unpacker) Read(b []byte) (int, error) {
	n, err := u.Reader.Read(b)
	switch zip, ok := u.Reader.(*gzip.Reader); {
	case err == nil:
		return n, nil
	case !errors.Is(err, io.EOF) && !isExcess(err):
		return n, unpacking(u.packing, err)
	case ok: // several may follow each other (RFC 1952, 2.2)
		if next, _ := u.from.Peek(len(gzipMagic)); bytes.Equal(next, gzipMagic) && zip.Reset(u.from) == nil {
			zip.Multistream(false)
			return n, nil
		}
	}
	if _, err = io.CopyN(io.Discard, u.from, probe.ReadMax); err == nil {
		err = probe.ErrTooMuch
	}
	return n, err
}

// isExcess reports whether brotli says that there is more behind what it has
// unpacked, which it says by words alone.
func isExcess(err error) bool { return strings.HasSuffix(err.Error(), "excessive input") }

// unpacking makes an error of a packing's one of the answer; one of the connection
// stays that.
func unpacking(packing string, err error) error {
	_, corrupt := errors.AsType[flate.CorruptInputError](err)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, gzip.ErrHeader), errors.Is(err, gzip.ErrChecksum):
		return probe.ErrBadGzip
	case errors.Is(err, zlib.ErrHeader), errors.Is(err, zlib.ErrChecksum), errors.Is(err, zlib.ErrDictionary), corrupt, strings.HasPrefix(err.Error(), "brotli: "):
		return probe.Malformed("what it calls " + packing + " is none")
	}
	return err
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
var inHead = lazy.Compile(`(?i)<meta\s[^>]*charset\s*=\s*["']?\s*([A-Za-z0-9_:.-]+)`)

// inXML is where a document of XML names it (https://www.w3.org/TR/xml/#charencoding).
var inXML = lazy.Compile(`^<\?xml\s[^>]*encoding\s*=\s*["']([A-Za-z0-9_:.-]+)["']`)

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
		return marked[:min(len(marked), 3*max(len(body), probe.ReadMax))], ""
	}
	name := charsetOf(body, contentType)
	switch name {
	case "":
		return body, ""
	case "utf-32", "utf-32be": // of what says no more the first byte is the highest (RFC 2781, 4.3, which UTF-32 follows)
		return inUTF8(slices.Concat([]byte("\x00\x00\xfe\xff"), body), "")
	case "utf-32le":
		return inUTF8(slices.Concat([]byte("\xff\xfe\x00\x00"), body), "")
	}
	set, err := htmlindex.Get(name)
	if err != nil || set == encoding.Replacement {
		return body, name
	}
	if text, err = set.NewDecoder().Bytes(body); err != nil {
		return body, ""
	}
	return text[:min(len(text), 3*max(len(body), probe.ReadMax))], ""
}
