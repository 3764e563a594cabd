package adopt

import (
	"cmp"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
)

type blackboxCheck struct {
	p       *Plan
	c       *Check
	m       *blackboxModule
	differs []string
}

func (b *blackboxCheck) set(key string, value any) { b.c.Options[key] = value }
func (b *blackboxCheck) differ(why string)         { b.differs = append(b.differs, why) }

func (b *blackboxCheck) write(target string) {
	m := b.m
	switch b.c.Kind {
	case "http":
		if !strings.Contains(target, "://") {
			target = "http://" + target
		}
		b.set("url", b.p.address(b.c, target, plain))
		b.web()
	case "tcp":
		b.tcp(target)
	case "icmp":
		b.set("host", literal(target))
		b.set("count", 1)
		if size := m.ICMP.Size; size > 0 {
			b.set("size", max(8, min(size, 1400)))
		}
	case "websocket":
		b.socket(target)
	case "dns":
		b.dns(target)
	case "grpc":
		b.set("address", literal(target))
		if m.GRPC.Service != "" {
			b.set("service", literal(m.GRPC.Service))
		}
		if m.GRPC.TLS {
			b.set("tls", true)
			b.tls(m.GRPC.TLSConfig, "insecure_tls")
		}
	}
}

// tcp writes a port, and what is said there in turn.
func (b *blackboxCheck) tcp(target string) {
	asked := &b.m.TCP
	b.set("address", literal(target))
	var steps []any
	for _, q := range asked.Query {
		step := map[string]any{}
		if q.Expect != "" {
			step["matches"] = literal(q.Expect)
		}
		if q.Send != "" {
			step["send"] = literal(q.Send + "\n")
		}
		if strings.Contains(q.Send, "${") {
			b.differ("what it sends with ${1} of the line before has no counterpart")
		}
		if len(step) > 0 {
			steps = append(steps, step)
		}
	}
	if len(steps) > 0 {
		b.set("steps", steps)
	}
	if asked.TLS {
		b.set("tls", true)
		b.tls(asked.TLSConfig, "insecure_tls")
	}
}

func (b *blackboxCheck) socket(target string) {
	b.set("url", b.p.address(b.c, target, plain))
	b.set("ping", false)
	headers := map[string]string{}
	for name, value := range b.m.WebSocket.Headers {
		headers[name] = strings.Trim(fmt.Sprint(value), "[]") // one, or a list of one
	}
	b.p.headers(b.c, headers, plain)
}

func (b *blackboxCheck) dns(target string) {
	d := b.m.DNS
	b.set("name", literal(d.Name))
	b.set("type", cmp.Or(d.Type, "A"))
	if d.Type == "" || d.Type == "ANY" {
		b.set("type", "A")
		b.differ("it asks for ANY, which name servers refuse by now: A is asked for")
	}
	b.set("resolver", withPort(literal(target), map[bool]string{true: "853", false: "53"}[d.TLS]))
	b.set("min_answers", 0)
	switch {
	case d.TLS:
		b.set("transport", "tls")
		if d.TLSConfig.Insecure {
			b.differ("the certificate must be trusted")
		}
		for key, value := range map[string]string{"ca_file": d.TLSConfig.CA, "server_name": d.TLSConfig.Name} {
			if value != "" {
				b.set(key, value)
			}
		}
	case d.Transport == "tcp":
		b.set("transport", "tcp")
	}
	switch {
	case len(d.Rcodes) == 1:
		b.set("rcode", d.Rcodes[0])
	case len(d.Rcodes) > 1:
		b.set("rcode", d.Rcodes)
	}
	if len(d.Answers) > 0 {
		b.differ("regular expressions on records are left out: write expect or exactly")
	}
}

// net writes which addresses are meant.
func (b *blackboxCheck) net(n blackboxNet) {
	if n.Fallback != nil && !*n.Fallback {
		b.set("family", map[bool]string{true: "ipv4", false: "ipv6"}[n.Protocol == "ip4"])
	}
}

func (b *blackboxCheck) tls(t blackboxTLS, insecure string) {
	if t.Insecure {
		b.set(insecure, true)
	}
	for key, value := range map[string]string{"ca_file": t.CA, "server_name": t.Name, "client_cert_file": t.Cert, "client_key_file": t.Key} {
		if value != "" {
			b.set(key, value)
		}
	}
}

func (b *blackboxCheck) web() {
	p, c, h := b.p, b.c, &b.m.HTTP
	if method := strings.ToUpper(cmp.Or(h.Method, "GET")); method != "GET" {
		b.set("method", method)
	}
	headers := maps.Clone(h.Headers)
	secrets := map[string]string{} // :: header whose value is one -> its variable
	for name, named := range h.Named {
		if headers == nil {
			headers = map[string]string{}
		}
		switch {
		case len(named.Secrets) > 0:
			secrets[name] = strings.Join(named.Secrets, ", ")
		case len(named.Values) > 0:
			headers[name] = strings.Join(named.Values, ", ")
		}
	}
	p.headers(c, headers, plain)
	for _, name := range sorted(secrets) {
		written, _ := c.Options["headers"].(map[string]any)
		written = merged(written, map[string]any{name: p.secret(c, name, secrets[name])})
		b.set("headers", written)
	}
	p.body(c, h.Body, plain)
	follows := !h.NoFollow && (h.Follow == nil || *h.Follow)
	b.set("redirects", map[bool]int{true: 10}[follows])
	right := codesWhere(func(code int) bool { return code/100 == 2 })
	if len(h.Codes) > 0 {
		right = codesWhere(func(code int) bool { return slices.Contains(h.Codes, code) })
	}
	b.differ(b.p.statuses(c, right, follows))
	b.login()
	b.tls(h.TLS, "insecure_tls")
	for key, version := range map[string]string{"tls_min": h.TLS.Min, "tls_max": h.TLS.Max} {
		switch {
		case version == "":
		case key == "tls_max" && h.TLS.Min == "" && version < "TLS12": // 1.2 is the lowest that either offers unasked
			b.differ("its max_version " + version + " leaves no version to offer")
		default:
			b.set(key, strings.Replace(version, "TLS1", "1.", 1))
		}
	}
	if h.Proxy != "" {
		b.set("proxy", p.address(c, h.Proxy, plain))
		if h.NoProxy != "" {
			b.set("no_proxy", strings.FieldsFunc(h.NoProxy, func(r rune) bool { return r == ',' || r == ' ' }))
		}
	}
	if h.BodyFile != "" {
		b.set("body_file", h.BodyFile)
	}
	if h.Packed != "" && h.Packed != "identity" {
		b.set("compression", true)
		b.differ("not " + h.Packed + " alone is asked for, but gzip, deflate or br")
	}
	b.content()
}

// hostname is by whose name the target is asked, where the parameter of the exporter says so.
func (b *blackboxCheck) hostname(name string) {
	if name == "" {
		return
	}
	switch b.c.Kind {
	case "http":
		b.set("host", literal(name))
	case "tcp":
	default:
		b.differ("not written: the parameter hostname")
		return
	}
	_, named := b.c.Options["server_name"]
	if secured := b.c.Options["tls"] == true || strings.HasPrefix(fmt.Sprint(b.c.Options["url"]), "https:"); secured && !named {
		b.set("server_name", literal(name))
	}
}

func (b *blackboxCheck) login() {
	p, c, h := b.p, b.c, &b.m.HTTP
	if h.Basic.User != "" || h.Basic.Password != "" {
		auth := map[string]any{"user": literal(h.Basic.User)}
		if h.Basic.File != "" {
			auth["password_file"] = h.Basic.File
		} else {
			auth["password"] = p.secret(c, "password", h.Basic.Password)
		}
		b.set("basic_auth", auth)
	}
	if o := h.OAuth2; o.URL != "" {
		oauth := map[string]any{"token_url": literal(o.URL), "client_id": literal(o.ID)}
		if o.File != "" {
			oauth["client_secret_file"] = o.File
		} else {
			oauth["client_secret"] = p.secret(c, "client secret", "")
		}
		if len(o.Scopes) > 0 {
			oauth["scopes"] = o.Scopes
		}
		b.set("oauth2", oauth)
	}
	token, file := cmp.Or(h.Bearer, h.Authorize.Credentials), cmp.Or(h.BearerFile, h.Authorize.File)
	switch bearer := h.Authorize.Type == "" || strings.EqualFold(h.Authorize.Type, "bearer"); {
	case token != "" && bearer:
		b.set("bearer_token", p.secret(c, "token", ""))
	case token != "":
		p.headers(c, map[string]string{"Authorization": h.Authorize.Type + " " + token}, plain)
	case file != "" && bearer:
		b.set("bearer_token_file", file)
	case file != "":
		b.differ("its authorization of type " + h.Authorize.Type + " by a file is left out")
	}
}

// content writes what the answer must or must not hold.
func (b *blackboxCheck) content() {
	h := &b.m.HTTP
	var expect, fail []string
	for _, re := range h.BodyIs {
		fail = append(fail, literal("body.matches("+quoted(re)+")"))
	}
	for _, re := range h.BodyIsNot {
		expect = append(expect, literal("body.matches("+quoted(re)+")"))
	}
	header := func(h blackboxHeader) (there, matches string) {
		name := quoted(strings.ToLower(h.Header))
		return name + " in headers", literal("headers[" + name + "].matches(" + quoted(h.Regexp) + ")")
	}
	for _, one := range h.HeaderIs {
		there, matches := header(one)
		said := there + " && " + matches
		if !one.Absent {
			said = "!(" + there + ") || " + matches
		}
		fail = append(fail, said)
	}
	for _, one := range h.HeaderIsNot {
		there, matches := header(one)
		said := "(" + there + ") && " + matches
		if one.Absent {
			said = "!(" + there + ") || " + matches
		}
		expect = append(expect, said)
	}
	if h.FailPlain {
		expect = append(expect, "certificate != null")
	}
	if h.FailTLS {
		expect = append(expect, "certificate == null")
	}
	if len(h.Versions) > 0 {
		expect = append(expect, b.versions(h))
	}
	if len(h.CEL) > 0 {
		b.differ("its CEL expressions are left out: write them as expect, of json in place of body")
	}
	if len(expect) > 0 {
		b.set("expect", expect)
	}
	if len(fail) > 0 {
		b.set("fail_if", fail)
	}
}

// exporterVersions are the versions by the names that the exporter compares: those of Go's answers.
var exporterVersions = map[string]string{"HTTP/1.0": "1.0", "HTTP/1.1": "1.1", "HTTP/2.0": "2"}

// versions asks for one of some versions of HTTP. The exporter offers HTTP/2 unless it is switched
// off, so that an answer may come by it where only HTTP/1.1 is right.
func (b *blackboxCheck) versions(h *blackboxHTTP) (expect string) {
	var right []string
	for _, v := range h.Versions {
		if version := exporterVersions[v]; version != "" {
			right = append(right, quoted(version))
			continue
		}
		b.differ("no answer is of the version " + v + " there, so none is here (HTTP/2 is HTTP/2.0 there)")
	}
	if u, err := url.Parse(fmt.Sprint(b.c.Options["url"])); err == nil && u.Scheme == "https" && (h.Two == nil || *h.Two) {
		b.set("version", "auto")
	}
	return "version in [" + strings.Join(right, ", ") + "]"
}
