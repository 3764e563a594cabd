package adopt

import "strings"

func (k *kumaCheck) login() {
	m := k.m
	switch method := m.text("authMethod"); {
	case method == "basic" || method == "" && m.text("basic_auth_user") != "":
		if m.text("basic_auth_user")+m.text("basic_auth_pass") != "" {
			k.set("basic_auth", map[string]any{"user": literal(m.text("basic_auth_user")), "password": k.p.secret(k.c, "password", m.text("basic_auth_pass"))})
		}
	case method == "oauth2-cc":
		oauth := map[string]any{"token_url": literal(m.text("oauth_token_url")), "client_id": literal(m.text("oauth_client_id")),
			"client_secret": k.p.secret(k.c, "client secret", m.text("oauth_client_secret"))}
		if scopes := strings.Fields(m.text("oauth_scopes")); len(scopes) > 0 {
			oauth["scopes"] = scopes
		}
		if audience := m.text("oauth_audience"); audience != "" {
			oauth["audience"] = literal(audience)
		}
		k.set("oauth2", oauth)
		if sent := m.text("oauth_auth_method"); sent != "" && sent != "client_secret_basic" {
			k.differ("its client secret goes to the token endpoint in the header, by client_secret_basic, and there by " + sent)
		}
	case method == "mtls":
		k.certified()
	case method == "bearer":
		k.set("bearer_token", k.p.secret(k.c, "token", ""))
	}
}

// certified says where the certificates of a login are, which Kuma keeps as texts.
func (k *kumaCheck) certified() {
	beside := ""
	if k.c.Kind == "http" {
		beside = "; those of the system count as well, there they did not"
	}
	for _, file := range []struct{ key, says string }{
		{"tlsCert", "its client certificate (tlsCert) stands in the database: write it to a file, and client_cert_file"},
		{"tlsKey", "so does its key (tlsKey): client_key_file"},
		{"tlsCa", "the authorities that it trusts (tlsCa) stand in the database: write them to a file, and ca_file" + beside},
	} {
		if k.m.text(file.key) != "" {
			k.differ(file.says)
		}
	}
}

// socketLogin writes who asks for a socket.
func (k *kumaCheck) socketLogin() {
	switch m := k.m; m.text("authMethod") {
	case "basic":
		headers, _ := k.c.Options["headers"].(map[string]any)
		if headers == nil {
			headers = map[string]any{}
		}
		headers["Authorization"] = "Basic " + k.p.secret(k.c, "login", "")
		k.set("headers", headers)
		k.differ("its user and password are one variable: what printf %s USER:PASSWORD | base64 prints")
	case "oauth2-cc":
		k.differ("its token by OAuth 2 is left out: a socket takes one that stands in bearer_token_file")
	default:
		k.login()
		if m.text("authMethod") == "mtls" && m.is("ignoreTls") { // it counts with nothing else there
			k.set("insecure_tls", true)
		}
	}
	if codes := strings.Join(k.list("accepted_statuscodes"), ", "); codes != "" && codes != "1000" && codes != "200-299" { // that of web servers is left where nobody chose
		k.differ("the codes by which it may end, " + codes + ", are not looked at: a socket that opens passes")
	}
}
