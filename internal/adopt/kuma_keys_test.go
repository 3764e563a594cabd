package adopt

import (
	"encoding/json"
	"maps"
	"strings"
	"testing"
)

// kumaGoesBy is by what each type of monitor goes, in Uptime Kuma's own sources (server/model/monitor.js and
// server/monitor-types at 2.5), with a value that says something.
var kumaGoesBy = map[string]map[string]any{ // :: type -> key -> value
	"http": {"method": "PUT", "body": `{"a":1}`, "headers": `{"X-A":"b"}`, "timeout": 7, "maxredirects": 3, "accepted_statuscodes": []any{"404"}, "ignoreTls": true, "cacheBust": true, "proxyId": 2,
		"ipFamily": "ipv6", "expiryNotification": true, "upsideDown": true, "domainExpiryNotification": true, "description": "x", "httpBodyEncoding": "form"},
	"keyword":           {"keyword": "x", "invertKeyword": true},
	"json-query":        {"jsonPath": "$.b", "jsonPathOperator": "!=", "expectedValue": "9"},
	"port":              {"expectedTlsAlert": "certificate_required", "smtpSecurity": "starttls", "upsideDown": true},
	"ping":              {"ping_count": 4, "packetSize": 900, "timeout": 5},
	"dns":               {"dns_resolve_server": "1.1.1.1", "dns_resolve_type": "MX", "port": 54, "conditions": `[{"type":"expression"}]`},
	"websocket-upgrade": {"headers": `{"X-A":"b"}`, "wsSubprotocol": "a", "wsIgnoreSecWebsocketAcceptHeader": true, "accepted_statuscodes": []any{"1001"}, "timeout": 7, "authMethod": "basic"},
	"mqtt":              {"mqttTopic": "b", "mqttSuccessMessage": "x", "mqttUsername": "u", "mqttPassword": "p", "mqttCheckType": "json-query", "mqttWebsocketPath": "mqtt", "conditions": `[{"type":"expression"}]`},
	"redis":             {"databaseConnectionString": "redis://a:1", "ignoreTls": true},
	"postgres":          {"databaseConnectionString": "postgres://u:p@b/x", "databaseQuery": "SELECT 2"},
	"mysql":             {"databaseConnectionString": "mysql://u@b/x", "databaseQuery": "SELECT 2", "radiusPassword": "p", "conditions": `[{"type":"expression"}]`},
	"snmp":              {"snmpOid": "1.2", "snmpVersion": "1", "radiusPassword": "p", "jsonPath": "$.a", "jsonPathOperator": "!=", "expectedValue": "2", "port": 1161},
	"ntp":               {"ntp_stratum_threshold": 3, "ntp_time_offset_threshold": 10, "ntp_root_dispersion_threshold": 10, "port": 1123, "timeout": 3},
	"smtp":              {"smtpSecurity": "secure", "port": 465},
	"rabbitmq":          {"rabbitmqNodes": []any{"https://b"}, "rabbitmqUsername": "v", "timeout": 9},
	"real-browser":      {"url": "https://b.example.com/", "remote_browser": 1},
	"grpc-keyword":      {"grpcUrl": "b:1", "grpcServiceName": "s", "grpcEnableTls": true, "grpcMethod": "m", "grpcBody": "{}", "grpcMetadata": "{}", "grpcProtobuf": "x", "keyword": "x", "invertKeyword": true},
	"push":              {"upsideDown": true, "pushToken": "y"},
	"tls of a login":    {"tlsCa": "x", "tlsCert": "x", "tlsKey": "x"},
	"oauth of a login":  {"oauth_token_url": "https://b.example.com/", "oauth_client_id": "x", "oauth_scopes": "x", "oauth_audience": "x", "oauth_auth_method": "client_secret_post"},
}

// kumaPlain is what is set of all before.
var kumaPlain = map[string]any{"name": "a", "interval": 60, "url": "https://a.example.com/", "hostname": "a.example.com", "port": 25, "keyword": "k", "jsonPath": "$.a", "jsonPathOperator": "==", "expectedValue": "1",
	"method": "GET", "maxredirects": 10, "accepted_statuscodes": []any{"200-299"}, "dns_resolve_type": "A", "dns_resolve_server": "9.9.9.9", "mqttTopic": "a", "mqttCheckType": "keyword", "databaseConnectionString": "rediss://a:1", "snmpOid": "1.1", "snmpVersion": "2c",
	"ntp_stratum_threshold": 5, "ntp_time_offset_threshold": 1000, "smtpSecurity": "nostarttls", "rabbitmqNodes": []any{"https://a"}, "rabbitmqUsername": "u", "grpcUrl": "a:1", "pushToken": "x", "ping_count": 1, "packetSize": 56, "tags": []any{},
	"httpBodyEncoding": "json", "oauth_auth_method": "client_secret_basic"}

// kumaTold is what is told, once, of all monitors of a type: of these keys nothing is written whatever they say.
var kumaTold = map[string]string{ // :: type -> keys
	"ntp": "ntp_root_dispersion_threshold", "real-browser": "remote_browser", "grpc-keyword": "grpcMethod grpcBody grpcMetadata grpcProtobuf keyword invertKeyword",
	"mqtt": "mqttWebsocketPath", // with an address of WebSockets, of which it is told that they are not spoken
	"push": "pushToken",         // a secret, whose place is the same
}

// TestEachKeyOfKumaIsHeard: of what a monitor goes by nothing changes without that the file or the report does.
func TestEachKeyOfKumaIsHeard(t *testing.T) {
	t.Parallel()
	for kind, keys := range kumaGoesBy {
		plain := maps.Clone(kumaPlain)
		plain["type"] = kind
		switch kind {
		case "postgres", "mysql":
			plain["databaseConnectionString"] = kind + "://u@a/x"
		case "tls of a login":
			plain["type"], plain["authMethod"] = "http", "mtls"
		case "oauth of a login":
			plain["type"], plain["authMethod"] = "http", "oauth2-cc"
		}
		if kind == "http" { // else there is nothing to encode
			plain["body"], plain["method"] = `{}`, "POST"
		}
		if kind == "snmp" { // else the whole query is left out, and told
			plain["jsonPath"] = "$"
		}
		if kind == "port" { // else nothing of TLS is asked
			plain["expiryNotification"] = true
		}
		before := kumaBecomes(t, plain)
		for key, value := range keys {
			changed := maps.Clone(plain)
			changed[key] = value
			if kumaBecomes(t, changed) == before && !strings.Contains(" "+kumaTold[kind]+" ", " "+key+" ") {
				t.Errorf("%s: %s %v is left out in silence:\n%s", kind, key, value, before)
			}
		}
	}
}

// kumaBecomes is what is made of a monitor, and said of it.
func kumaBecomes(t *testing.T, monitor map[string]any) string {
	t.Helper()
	text, err := json.Marshal([]any{monitor})
	need(t, err)
	p, err := From("uptime-kuma", []Source{{Name: "it", Text: text}})
	need(t, err)
	written, err := p.YAML("")
	need(t, err)
	var report strings.Builder
	p.Tell(&report)
	return string(written) + report.String()
}
