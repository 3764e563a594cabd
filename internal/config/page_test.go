package config

import (
	"strings"
	"testing"
)

const pageToken = "0123456789abcdef0123"

func TestPageIsReadByWhomItIsFor(t *testing.T) {
	const rest = "\nproducts: [{id: p, public: true}]\nchecks: [{id: c, product: p, kind: tcp, every: 1m, tcp: {address: \"127.0.0.1:1\"}}]\n"
	for text, want := range map[string]string{
		`page: {enabled: true}`: "web.listen is not",
		`page: {mcp: true}`:     "page.enabled is not",
		`web: {listen: "0.0.0.0:80"}` + "\n" + `page: {enabled: true}`:                                                       "everything to everybody",
		`web: {listen: ":80"}` + "\n" + `page: {enabled: true}`:                                                              "everything to everybody",
		`web: {listen: "[::1]:80"}` + "\n" + `page: {enabled: true}`:                                                         "",
		`web: {listen: "localhost:80"}` + "\n" + `page: {enabled: true}`:                                                     "",
		`web: {listen: "0.0.0.0:80"}` + "\n" + `page: {enabled: true, token: ` + pageToken + `}`:                             "",
		`web: {listen: "0.0.0.0:80"}` + "\n" + `page: {enabled: true, public: true}`:                                         "",
		`web: {listen: "0.0.0.0:80"}` + "\n" + `page: {enabled: true, proxy_header: X-Who, proxies: [10.0.0.1, "fd00::/8"]}`: "",
		`page: {token: short}`:                                   "can be guessed",
		`page: {proxy_header: X-Who}`:                            "anybody could send it",
		`page: {proxies: [10.0.0.1]}`:                            "without page.proxy_header",
		`page: {proxy_header: "X Who", proxies: [10.0.0.1]}`:     "is not the name of a header",
		`page: {proxy_header: X-Who, proxies: [proxy.internal]}`: "is no address",
		`page: {proxy_header: X-Who, proxies: ["0.0.0.0/0"]}`:    "is every address",
		`page: {url: "status.example.com"}`:                      "is not the address of a site",
		`page: {url: "https://example.com/status"}`:              "is not the address of a site",
	} {
		cfg, err := Load(write(t, text+rest), environment(nil))
		switch {
		case want == "" && (err != nil || len(cfg.Warnings) > 0):
			t.Errorf("%s: %v", text, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

func TestPublicPageWithoutAProduct(t *testing.T) {
	cfg := mustLoad(t, write(t, "web: {listen: \"127.0.0.1:1\"}\npage: {enabled: true, public: true, url: \"https://status.example.com/\"}\nproducts: [{id: p}]\nchecks: [{id: c, product: p, kind: tcp, every: 1m, tcp: {address: \"127.0.0.1:1\"}}]\n"), nil)
	if len(cfg.Warnings) != 1 || !strings.Contains(cfg.Warnings[0].Message, "the public page is empty") || cfg.Page.URL != "https://status.example.com" {
		t.Errorf("warnings %v, address %q", cfg.Warnings, cfg.Page.URL)
	}
}
