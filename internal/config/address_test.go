package config

import (
	"fmt"
	"strings"
	"testing"
)

// TestAddressesThatCannotBe: an address that can never work is refused at its key, in
// every option that has one; one that can work is not.
func TestAddressesThatCannotBe(t *testing.T) {
	const rest = "\nproducts: [{id: p}]\nchecks: [{id: c, product: p, kind: tcp, tcp: {address: \"127.0.0.1:1\"}}]\n"
	const beside = `", from: a@b.example, to: [c@d.example]}}]`
	ways := func(kind, rest string) string { return `ways: [{name: a, ` + kind + `: {url: "%s"` + rest + `}}]` }
	listening := kindOfAddress{
		good: []string{"127.0.0.1:8080", ":8080", "[::1]:8080", "localhost:0", "[fe80::1%eth0]:80", "status.example.com:80", "bücher.example:80"},
		bad:  []string{"256.0.0.1:80", "127.1:80", "0177.0.0.1:80", "a b:80", " 127.0.0.1:80", "127.0.0.1:+80", "127.0.0.1:-1", "[gg::1]:80", "a..b:80", "*:80", "http://127.0.0.1:80", "127.0.0.1:70000", "127.0.0.1:http", "127.0.0.1:", "127.0.0.1"},
	}
	other := kindOfAddress{
		good: []string{"mail.example.com:25", "192.0.2.1:587", "[2001:db8::1]:25"},
		bad:  []string{"256.0.0.1:25", "a b:25", "h:+25", ":25", "h:0", "h:99999", "h", "127.1:25", "-a:80"},
	}
	web := kindOfAddress{
		good: []string{"http://127.0.0.1:4318", "https://status.example.com", "http://[::1]:8080", "https://bücher.example"},
		bad:  []string{"http://256.0.0.1", "http://127.1", "http://:80", "http://h:99999", "http://h:0", "http://a..b", "http://-a", "http://h/a b", "ftp://h", "h", "http://"},
	}
	server := kindOfAddress{
		good: []string{"nats://nats-1:4222,nats://nats-2:4222", "tls://192.0.2.1", "wss://nats.example.com:443", "nats://a, nats://b"},
		bad:  []string{"nats://256.0.0.1:4222", "nats://h:99999", "nats://a b", "http://h:4222", "h", "nats://", "nats://a,nats://b:0"},
	}
	mailbox := kindOfAddress{
		good: []string{"ops@example.com", "Ops <ops@example.com>", "ops@[192.0.2.1]", "o+p.s@bücher.example"},
		bad:  []string{"a@", "a@a..b", "a@256.0.0.1", "a@192.0.2.1", "a@b_c#", "a@b.c, d@e.f", "a"},
	}
	for _, tt := range []struct {
		key, text string
		kindOfAddress
	}{
		{"web.listen", `web: {listen: "%s"}`, listening},
		{"agents.listen", `agents: {listen: "%s"}`, listening},
		{"slack.listen", `slack: {mode: sandbox, listen: "%s"}`, listening},
		{"journal.cluster.listen", `journal: {cluster: {name: a, folder: x, members: ["a:1", "b:1", "c:1"], listen: "%s"}}`, listening},
		{"journal.cluster.members", `journal: {cluster: {name: a, folder: x, members: ["%s", "b:1", "c:1"]}}`, other},
		{"journal.url", `journal: {url: "%s"}`, server},
		{"slack.api_url", `slack: {mode: sandbox, api_url: "%s"}`, web},
		{"page.url", `page: {url: "%s"}`, web},
		{"probes.spans.endpoint", `probes: {spans: {endpoint: "%s"}}`, web},
		{"watchdog.url", `watchdog: {url: "%s"}`, web},
		{"products[0].runbook", "x-a: &a\n  {id: q, runbook: \"%s\"}\nproducts: [*a]", web},
		{"ways[0].webhook.url", ways("webhook", ""), web},
		{"ways[0].teams.url", ways("teams", ""), web},
		{"ways[0].slack.url", ways("slack", ""), web},
		{"ways[0].pagerduty.url", ways("pagerduty", ", routing_key: abcdefgh"), web},
		{"ways[0].alertmanager.url", ways("alertmanager", ""), web},
		{"ways[0].grafana.url", ways("grafana", ", token: abcdefgh"), web},
		{"ways[0].mail.server", `ways: [{name: a, mail: {server: "%s` + beside, other},
		{"ways[0].mail.from", `ways: [{name: a, mail: {server: "h:25", to: [c@d.example], from: "%s"}}]`, mailbox},
		{"ways[0].mail.to", `ways: [{name: a, mail: {server: "h:25", from: c@d.example, to: ["%s"]}}]`, mailbox},
		{"page.proxies", `page: {proxy_header: X-Who, proxies: ["%s"]}`, kindOfAddress{
			good: []string{"10.0.0.1", "10.0.0.0/8", "fd00::/8", "::ffff:10.0.0.1", "::ffff:10.0.0.0/104", "fe80::1%eth0"},
			bad:  []string{"256.0.0.1", "10.0.0.0/33", "proxy", "10.0.0.1:80", "::ffff:0.0.0.0/96", "::/0", "10.1.2.3/8", "::ffff:10.0.0.1/104"},
		}},
		{"page.proxy_header", `page: {proxies: ["10.0.0.1"], proxy_header: "%s"}`, kindOfAddress{
			good: []string{"X-Forwarded-Email", "x_who"}, bad: []string{"X-Ä", "X Who", "X-Who:", "(who)", "Cookie"},
		}},
	} {
		rest := rest
		if strings.Contains(tt.text, "products:") {
			rest = strings.ReplaceAll(strings.Replace(rest, "products: [{id: p}]", "", 1), "product: p", "product: q")
		}
		load := func(value string) string {
			_, err := Load(write(t, fmt.Sprintf(tt.text, value)+rest), environment(nil))
			if err == nil {
				return ""
			}
			return err.Error()
		}
		for _, value := range tt.good {
			if said := load(value); strings.Contains(said, " "+tt.key+":") {
				t.Errorf("%s %q: %s", tt.key, value, said)
			}
		}
		for _, value := range tt.bad {
			if said := load(value); !strings.Contains(said, " "+tt.key+":") {
				t.Errorf("%s %q is taken: %s", tt.key, value, said)
			}
		}
	}
}

// kindOfAddress are values that options of one kind take, and such as they refuse.
type kindOfAddress struct{ good, bad []string }
