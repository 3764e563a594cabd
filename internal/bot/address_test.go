package bot

import (
	"strings"
	"testing"
)

func TestAddressesSuggestAKind(t *testing.T) {
	kinds := []string{"http", "websocket", "tcp", "tls", "icmp", "dns", "redis", "grpc"}
	for word, want := range map[string]string{
		"https://shop.example.com/health":                 `http shop-example-com-health url: "https://shop.example.com/health" status: [2xx]`,
		"http://www.example.com":                          `http example-com url: "http://www.example.com" status: [2xx]`,
		"<https://shop.example.com/?a=1>":                 `http shop-example-com url: "https://shop.example.com/?a=1" status: [2xx]`,
		"shop.example.com":                                `http shop-example-com url: "https://shop.example.com" status: [2xx]`,
		"shop.example.com/a":                              `http shop-example-com-a url: "https://shop.example.com/a" status: [2xx]`,
		"db.example.com:5432":                             `tcp db-example-com address: "db.example.com:5432"`,
		"10.0.0.1:22":                                     `tcp 10-0-0-1 address: "10.0.0.1:22"`,
		"[2001:db8::1]:443":                               `http 2001-db8-1 url: "https://[2001:db8::1]:443" status: [2xx]`,
		"tls://shop.example.com":                          `tls shop-example-com address: "shop.example.com:443"`,
		"wss://live.example.com/feed":                     `websocket live-example-com-feed url: "wss://live.example.com/feed"`,
		"ping://gw.example.com":                           `icmp gw-example-com host: "gw.example.com"`,
		"redis://cache.example.com":                       `redis cache-example-com address: "cache.example.com:6379"`,
		"grpcs://o.example.com":                           `grpc o-example-com address: "o.example.com:443" tls: true`,
		"postgres://u:secret@db.example.com":              `tcp db-example-com address: "db.example.com:5432"`,
		"https://u:secret@shop.example.com":               `http shop-example-com url: "https://shop.example.com" status: [2xx]`,
		"<https://shop.example.com/a|shop.example.com/a>": `http shop-example-com-a url: "https://shop.example.com/a" status: [2xx]`,
		"<http://shop.example.com|shop.example.com>":      `http shop-example-com url: "http://shop.example.com" status: [2xx]`,
		"HTTPS://Shop.Example.com:8443/Health?a=b&c=d":    `http shop-example-com-health url: "https://Shop.Example.com:8443/Health?a=b&c=d" status: [2xx]`,
		"shop.example.com:8443/health":                    `http shop-example-com-health url: "https://shop.example.com:8443/health" status: [2xx]`,
		"localhost:8080/health":                           `http localhost-health url: "http://localhost:8080/health" status: [2xx]`,
		"shop.example.com:443":                            `http shop-example-com url: "https://shop.example.com:443" status: [2xx]`,
		"https://bücher.example/straße":                   `http bucher-example-stra-e url: "https://bücher.example/stra%C3%9Fe" status: [2xx]`,
		"https://поиск.example":                           `http example url: "https://поиск.example" status: [2xx]`,
		"https://пример.рф":                               `http xn-e1afmkfd-xn-p1ai url: "https://пример.рф" status: [2xx]`,
		"ftp://files.example.com":                         "",
		"ssh://files.example.com":                         "", // not among the kinds
		"billing":                                         "",
		"tcp://db.example.com":                            "",
		"12:30":                                           "",
		"javascript:alert(1)":                             "",
		"file:///etc/passwd":                              "",
	} {
		p, _ := suggestion([]string{word}, kinds)
		if got := strings.TrimSpace(p.kind + " " + p.id + " " + strings.ReplaceAll(p.options, "\n", " ")); got != want {
			t.Errorf("%s suggests %q, want %q", word, got, want)
		}
	}
	p, rest := suggestion([]string{"for", "billing", "https://a.example"}, kinds)
	if p.kind != "http" || strings.Join(rest, " ") != "for billing" {
		t.Errorf("%+v beside %q", p, rest)
	}
}

func FuzzFromAddress(f *testing.F) {
	for _, seed := range []string{"https://a.example/x", "a.example:1", "<>", "tcp://[::1]:1", "http://%zz", "ws://\""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, word string) {
		p, ok := fromAddress(word, []string{"http", "tcp", "websocket"})
		if ok && (p.kind == "" || p.options == "" || strings.Count(p.options, "\n") > 1) {
			t.Errorf("%q suggests %+v", word, p)
		}
	})
}
