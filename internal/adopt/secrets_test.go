package adopt

import (
	"fmt"
	"strings"
	"testing"
)

// TestSecretsStayOut: what stands where secrets stand is neither in what is written nor in the report, however it
// is spelt. In each source gehe1m is the secret, or a part of it.
func TestSecretsStayOut(t *testing.T) {
	t.Parallel()
	gatus := func(rest string) (tool, text string) {
		return "gatus", "endpoints:\n  - {name: a, conditions: ['[STATUS] == 200'], " + rest + "}\n"
	}
	kuma := func(rest string) (tool, text string) {
		return "uptime-kuma", `[{"id":1,"name":"a","type":"http","url":"https://a.example.com/",` + rest + `}]`
	}
	for name, tt := range map[string]struct {
		source func() (tool, text string)
		none   bool // the check cannot be written at all
	}{
		"a password with an @":         {source: func() (string, string) { return gatus(`url: "https://ops:gehe1m@gehe1m@a.example.com/"`) }},
		"a password that is no escape": {source: func() (string, string) { return gatus(`url: "https://ops:gehe1m%zz@a.example.com/"`) }},
		"a password with a slash":      {source: func() (string, string) { return gatus(`url: "https://ops:gehe1m/gehe1m@a.example.com/"`) }},
		"a password with a dollar":     {source: func() (string, string) { return gatus(`url: "https://ops:gehe1m$$gehe1m@a.example.com/"`) }},
		"a token as the user":          {source: func() (string, string) { return gatus(`url: "https://gehe1m@a.example.com/"`) }},
		"a parameter with a dollar":    {source: func() (string, string) { return gatus(`url: "https://a.example.com/?a=1&token=gehe1m$$gehe1m"`) }},
		"a signature":                  {source: func() (string, string) { return gatus(`url: "https://a.example.com/?sv=2026&sig=gehe1m%2Fgehe1m%3D"`) }},
		"the key of a function": {source: func() (string, string) {
			return gatus(`url: "https://a.example.com/api/x?code=gehe1mgehe1mgehe1mgehe1m=="`)
		}},
		"the key of a subscription": {source: func() (string, string) {
			return gatus(`url: "https://a.example.com/", headers: {Ocp-Apim-Subscription-Key: gehe1m}`)
		}},
		"a form": {source: func() (string, string) {
			return gatus(`url: "https://a.example.com/", method: POST, body: "user=ana&password=gehe1m&x=1"`)
		}},
		"a form that begins with it": {source: func() (string, string) {
			return gatus(`url: "https://a.example.com/", method: POST, body: "password=gehe1m"`)
		}},
		"XML": {source: func() (string, string) {
			return gatus(`url: "https://a.example.com/", method: POST, body: "<s:Login><s:Password type='text'>gehe1m</s:Password></s:Login>"`)
		}},
		"GraphQL": {source: func() (string, string) {
			return gatus(`url: "https://a.example.com/", graphql: true, body: "mutation { login(user: \"ana\", password: \"gehe1m\") { id } }"`)
		}},
		"a client secret with a dollar": {source: func() (string, string) {
			return gatus(`url: "https://a.example.com/", client: {oauth2: {token-url: "https://b.example.com/", client-id: a, client-secret: "gehe1m$$x"}}`)
		}},
		"a proxy": {source: func() (string, string) {
			return gatus(`url: "https://a.example.com/", client: {proxy-url: "http://ops:gehe1m@proxy.example.com:3128"}`)
		}},
		"JSON with a dollar": {source: func() (string, string) { return kuma(`"method":"POST","body":"{\"password\": \"gehe1m$1\"}"`) }},
		"JSON with a quote":  {source: func() (string, string) { return kuma(`"method":"POST","body":"{\"password\": \"x\\\"gehe1m\"}"`) }},
		"JSON within JSON": {source: func() (string, string) {
			return kuma(`"method":"POST","body":"{\"text\": \"{\\\"password\\\": \\\"gehe1m\\\"}\"}"`)
		}},
		"JSON by a short name": {source: func() (string, string) {
			return kuma(`"method":"POST","body":"{\"pass\": \"gehe1m\", \"pwd\": \"gehe1m\"}"`)
		}},
		"a header with a brace": {source: func() (string, string) { return kuma(`"headers":"{\"X-Api-Key\": \"gehe1m${x}\"}"`) }},
		"a password of an exporter's page": {source: func() (string, string) {
			return kuma(`"authMethod":"basic","basic_auth_user":"a","basic_auth_pass":"gehe1m"`)
		}},
		"an address that is none": {source: func() (string, string) { return gatus(`url: "https://ops:gehe1m@a.example.com:port/"`) }, none: true},
	} {
		t.Run(name, func(t *testing.T) {
			tool, text := tt.source()
			p, err := From(tool, []Source{{Name: "it", Text: []byte(text)}})
			need(t, err)
			need(t, p.Settle(judge(t)))
			written, err := p.YAML("")
			need(t, err)
			var report strings.Builder
			p.Tell(&report)
			got := report.String() + string(written)
			if strings.Contains(got, "gehe1m") {
				t.Errorf("it is written:\n%s", got)
			}
			if len(p.Checks) == 1 == tt.none || !tt.none && len(p.Variables) == 0 {
				t.Errorf("checks %d, variables %v:\n%s", len(p.Checks), p.Variables, got)
			}
		})
	}
}

// TestVariablesOfTheSourceStay: a secret that the source takes from its environment keeps its name there.
func TestVariablesOfTheSourceStay(t *testing.T) {
	t.Parallel()
	p, err := From("gatus", []Source{{Name: "it", Text: []byte(`endpoints:
  - name: a
    url: "https://${USER_OF_IT}:${PASSWORD_OF_IT}@a.example.com/?token=${TOKEN_OF_IT}"
    headers: {Authorization: "Bearer $BEARER_OF_IT"}
    body: '{"password": "${BODY_OF_IT}"}'
    client: {oauth2: {token-url: "https://b.example.com/", client-id: a, client-secret: "${CLIENT_OF_IT}"}}
`)}})
	need(t, err)
	var names []string
	for _, v := range p.Variables {
		if v.Own {
			names = append(names, strings.TrimSuffix(v.Name, "_OF_IT"))
		}
	}
	if got := fmt.Sprint(len(p.Variables), names); got != "6 [USER PASSWORD TOKEN BEARER BODY CLIENT]" {
		t.Errorf("variables: %s", got)
	}
}
