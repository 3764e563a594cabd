package probe

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestTextsOfWindows: with a byte order mark, in UTF-8, and in either UTF-16 and UTF-32.
func TestTextsOfWindows(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "plain": "plain", "\xef\xbb\xbfgrün": "grün", "\xff\xfeg\x00\xfc\x00": "gü", "\xfe\xff\x00g\x00\xfc": "gü",
		"\xff\xfe\x00\x00g\x00\x00\x00\xfc\x00\x00\x00": "gü", "\x00\x00\xfe\xff\x00\x00\x00g\x00\x01\xf6\x00": "g😀", "\xff\xfe\x00\x00\xff\xff\xff\xff": "\ufffd",
		"\xff\xfe=\xd8\x00\xde": "😀", "\xff\xfea\x00b": "a", "\xff": "\xff",
	} {
		if got := string(UTF8([]byte(in))); got != want {
			t.Errorf("%q is %q, want %q", in, got, want)
		}
	}
}

// TestLongNumbersOfJSON: those that a double has not are whole, all others
// doubles.
func TestLongNumbersOfJSON(t *testing.T) {
	got, ok := JSON([]byte(`{"a": 1, "b": 9007199254740993, "c": [18446744073709551615, 123456789012345678901234567890], "d": 0.1234567890123456789, "e": -9007199254740993}`))
	want := map[string]any{
		"a": 1.0, "b": int64(9007199254740993), "c": []any{uint64(18446744073709551615), 123456789012345678901234567890.0},
		"d": 0.1234567890123456789, "e": int64(-9007199254740993),
	}
	if d := cmp.Diff(want, got); d != "" || !ok {
		t.Error(ok, d)
	}
	for _, text := range []string{"", "{", "1234567890123456 x", `{"a": 12345678901234567`} {
		if v, ok := JSON([]byte(text)); ok {
			t.Errorf("%q is %v", text, v)
		}
	}
}

// TestNamesThatCanNeverBe: what no resolver can find.
func TestNamesThatCanNeverBe(t *testing.T) {
	long := "a123456789a123456789a123456789a123456789a123456789a123456789abcd"
	for name, good := range map[string]bool{
		"a.example": true, "a.example.": true, "_dmarc.example": true, "db": true, "127.0.0.1": true, "::1": true, "fe80::1%eth0": true, "bücher.example": true, "0x7g": true, "1.example": true, "web.1a": true,
		"": false, "127.0.0.1.": false, "a..example": false, ".example": false, "300.1.2.3": false, "1.2.3.4.5": false, "127.1": false, "2130706433": false, "0251.0376.0251.0376": false, "127.0.0.01": false, "0x7f000001": false, "0X7F.1": false, "169.254.43518": false, long + ".example": false, "a b": false, "me@a.example": false, "127.0.0.1:80": false, "a.example:80": false, "*.example.com": false, "a,b": false, "a?b": false,
		"a-b.example": true, "xn--bcher-kva.example": true, "-a": false, "a-": false, "a.-b.example": false, "a-.example": false, "a+b": false, "a$b": false, "a%b": false, `a\b`: false, "a=b": false, "[a]": false, "fe80::1%a b": false,
	} {
		if GoodName(name) != good {
			t.Errorf("%q: want %v", name, good)
		}
	}
}

// TestWhomARequestIsFor: a host, and maybe its port.
func TestWhomARequestIsFor(t *testing.T) {
	for text, good := range map[string]bool{
		"shop.example": true, "shop.example:8443": true, "bücher.example:80": true, "192.0.2.1": true, "[::1]": true, "[::1]:80": true,
		"": false, "256.0.0.1": false, "h:99999": false, "h:0": false, "h:http": false, "::1": false, "a b": false, "a..b:80": false, "-a:80": false, "https://h": false, "h/path": false, "me@h": false,
	} {
		if GoodAuthority(text) != good {
			t.Errorf("%q: want %v", text, good)
		}
	}
}

func TestMailboxesThatCanNeverBe(t *testing.T) {
	for text, good := range map[string]bool{
		"a@b.example": true, "postmaster": true, "a@[192.0.2.1]": true, "a@[IPv6:2001:db8::1]": true, `"a@b"@c.example`: true, "a@localhost": true, "": true,
		"x@": false, "@x": false, "a@a..b": false, "a@256.0.0.1": false, "a@192.0.2.1": false, "a@[256.0.0.1]": false, "a@[192.0.2.1": false, "a@[::1]": false, "a@[IPv6:192.0.2.1]": false, "a@-b": false,
	} {
		if GoodMailbox(text) != good {
			t.Errorf("%q: want %v", text, good)
		}
	}
}

// TestAddressesInFormsOfTheirOwn are refused in every kind, since resolvers differ in
// what they make of them; and what inet_aton(3) makes of them is told.
func TestAddressesInFormsOfTheirOwn(t *testing.T) {
	for host, want := range map[string]string{
		"127.1": "127.0.0.1", "2130706433": "127.0.0.1", "0177.0.0.1": "127.0.0.1", "0x7f000001": "127.0.0.1", "0X7F.1": "127.0.0.1", "017700000001": "127.0.0.1",
		"127.0.0.1.": "127.0.0.1", "10.1.258": "10.1.1.2", "0x.0.0.010": "0.0.0.8",
		"256.1": "", "127.0.0.09": "", "1.2.3.4.5": "", "4294967296": "", "300.1.2.3": "", "a.example": "",
	} {
		said := BadName("url", host, "cannot be a name", "write another").Error()
		if want == "" {
			want = "another"
		}
		if !strings.HasSuffix(said, "write "+want) {
			t.Errorf("%s: %s, want %s", host, said, want)
		}
	}
}

// TestPerformanceDataOfTwoKinds: whose number "1.234,5" is cannot be told, so it
// is none.
func TestPerformanceDataOfTwoKinds(t *testing.T) {
	for in, want := range map[string]int{"a=1.234,5s": 0, "a=1,234.5": 0, "a=1.2.3": 0, "a=1,5s": 1, "a=1.5s": 1, "a=5%": 1, "a=12:34": 0, "a=0x10": 0, "a=1:": 0, "a=3m³/h": 1} {
		if got := ParsePerf(in); len(got) != want {
			t.Errorf("%s: %+v", in, got)
		}
	}
}
