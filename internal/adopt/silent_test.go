package adopt

import (
	"fmt"
	"strings"
	"testing"
)

// TestNothingIsLeftOutInSilence: what a source says of what is asked is written, or the report names it.
func TestNothingIsLeftOutInSilence(t *testing.T) {
	t.Parallel()
	const scrape = "scrape_configs: [{job_name: j, metrics_path: /probe, params: {module: [m], hostname: [shop.example.com]}, static_configs: [{targets: [\"https://10.0.0.1/\"]}], relabel_configs: [{source_labels: [__address__], target_label: __param_target}]}]\n"
	exporter := func(module string) string { return scrape + "modules: {m: " + module + "}\n" }
	kuma := func(rest string) string { return `[{"id":1,"name":"a",` + rest + `}]` }
	gatus := func(rest string, conditions ...string) string {
		return fmt.Sprintf("endpoints: [{name: a, %s, conditions: [\"%s\"]}]", rest, strings.Join(conditions, `", "`))
	}
	state := func(kind, values string) string {
		return `{"values":{"root_module":{"resources":[{"type":"` + kind + `","address":"x.a","values":{` + values + `}}]}}}`
	}
	for _, tt := range []struct{ tool, text, want string }{ // the want: parts of the report or of the file, divided by |
		{"gatus", "external-endpoints: [{name: job, token: x, interval: 25h}]", "every: 24h|its interval is not read there either"},
		{"gatus", "external-endpoints: [{group: night, name: job, token: x}]", "night/job: those who report"},
		{"gatus", "external-endpoints: [{name: job, token: x, alerts: [{type: slack}], extra-labels: {team: core}, younger: 1, maintenance-windows: [{start: '23:00'}]}]", "alerts with|not written: younger|its maintenance windows|tags: [team-core]"},
		{"gatus", "endpoints: [{name: a, url: 'tls://a.example.com:993', body: hello, conditions: ['[CONNECTED] == true']}]", "its body is not sent"},
		{"gatus", gatus(`url: 1.1.1.1, dns: {query-name: a.example.com, query-type: A}`, "[DNS_RCODE] == any(NOERROR, NXDOMAIN)"), `rcode: [NOERROR, NXDOMAIN]`},
		{"gatus", gatus(`url: 1.1.1.1, dns: {query-name: a.example.com, query-type: A}`, "[DNS_RCODE] == any(NOERROR, NXDOMAIN)", "[BODY] == any(10.0.0.1, 10.0.0.2)"), `rcode: NOERROR|(?i)^(10\.0\.0\.1|10\.0\.0\.2)\.?$$|Gatus looks at the last`},
		{"gatus", gatus(`url: 1.1.1.1, dns: {query-name: a.example.com, query-type: A}`, "[BODY] == pat(*.*.*.*)", "len([BODY]) > 0"), `(?i)^.*\..*\..*\..*$$|min_answers: 1`},
		{"gatus", gatus(`url: 1.1.1.1, dns: {query-name: a.example.com, query-type: TXT}`, "[BODY] == pat(v=spf1*)"), `(?s)^v=spf1.*$$`},
		{"gatus", gatus(`url: 1.1.1.1, dns: {query-name: a.example.com, query-type: MX}`, "[BODY] == mx.example.com."), `(?i)^[0-9]+ (mx\.example\.com)\.?$$`},
		{"gatus", gatus(`url: 1.1.1.1, dns: {query-name: a.example.com, query-type: A}`, "[CONNECTED] == true"), "must be NOERROR, where Gatus was content with any"},
		{"gatus", gatus(`url: 1.1.1.1, dns: {query-name: a.example.com, query-type: A}`, "[BODY] == any(${ONE}, 10.0.0.1)", "[DNS_RCODE] == ${CODE}", "[BODY] != 10.0.0.1", "[DNS_RCODE] != REFUSED"),
			"no place in a pattern|what it compares with stands in the environment|only one that must be there|only response codes that are right"},
		{"gatus", gatus(`url: "dns://1.1.1.1", dns: {query-name: a.example.com, query-type: A}`, "[DNS_RCODE] == NOERROR"), "resolver: 1.1.1.1:53|with it Gatus asks nobody"},
		{"gatus", gatus(`url: "https://a.example.com/"`, "[RESPONSE_TIME] < 1.5s", "[CERTIFICATE_EXPIRATION] > 30d", "[STATUS] == ${CODE}"), "fail_over: 1.5s|certificate.days_left >= 0|30d is no duration to Gatus|what it compares with stands"},
		{"gatus", gatus(`url: "https://a.example.com/"`, "[RESPONSE_TIME] < ${MOST}", "[CERTIFICATE_EXPIRATION] > 172800000"), "what it compares with stands|certificate.days_left >= 2"},
		{"gatus", gatus(`enabled: "${ON}", interval: "${EVERY}", url: "https://a.example.com/", client: {timeout: "${WAIT}", oauth2: gehe1m}`, "[STATUS] == 200"),
			"every: 1m|not read: line 1: a text stands where true or false should|its interval is 1m, for want of|its time-out is 10s, for want of"},
		{"gatus", gatus(`url: "https://a.example.com/"`, "[STATUS] < 400"), "that 0 fulfils, as < 400: no answer at all fails here|break off in their body|one that says not where to go"},
		{"gatus", gatus(`url: "https://a.example.com/"`, "[STATUS] == 999"), "status: [999]"},
		{"gatus", gatus(`url: "https://a.example.com/"`, "[STATUS] == 200", "[STATUS] == 204"), "Not carried: 1|no status of an answer fulfils its conditions"},
		{"gatus", gatus(`url: "https://10.0.0.1:8443/x", headers: {Host: shop.example.com}`, "[STATUS] == 200"), "host: shop.example.com|server_name: 10.0.0.1\n"},
		{"gatus", gatus(`url: "https://ops:gehe1m@[2001:db8::1]/x", headers: {host: shop.example.com}`, "[STATUS] == 200"), "server_name: 2001:db8::1\n"},
		{"gatus", gatus(`url: "https://${PLACE}:443", headers: {Host: shop.example.com}`, "[STATUS] == 200"), "server_name: ${PLACE}\n"},
		{"upptime", "sites: [{name: a, url: 'https://10.0.0.1/', headers: ['Host: shop.example.com'], expectedStatusCodes: [2xx]}]", "server_name: 10.0.0.1\n|none of its statuses can be"},
		{"gatus", gatus(`url: "https://a.example.com/", client: {kerberos: {principal: p@EXAMPLE.COM}}`, "[STATUS] == 200"), "Not carried: 1|it logs in by Kerberos"},
		{"upptime", "owner: acme\nnotifications: [{type: slack}]\nstatus-website: {cname: x}\nsites: [{name: a, url: 'https://a.example.com/'}]", "notifications: 1: statusbot tells in Slack|owner, status-website: not of checks"},
		{"uptimerobot", "Type,Friendly Name,URL/IP\nDNS,a,a.example.com\n", "a: of type DNS the export does not tell what is asked"},
		{"gatus", "endpoints: [{name: a, url: gehe1m}]", "a: it has no address with a scheme, as https://"},
		{"gatus", "endpoints: [{name: a, url: [gehe1m], conditions: gehe1m, headers: 7}]", "a: it has no address with a scheme, as https://; not read: line 1: a list stands where a text should|a text stands where a list should|a number stands where a list of keys should"},
		{"gatus", "endpoints: [gehe1m]", "it, the endpoint in line 1: it cannot be read as one"},
		{"gatus", gatus(`url: "https://a.example.com/", client: {dns-resolver: "udp://${RESOLVER}:53"}`, "[STATUS] == 200"), "resolver: ${RESOLVER}:53"},
		{"uptime-kuma", kuma(`"type":"http","url":"https://a.example.com/","authMethod":"oauth2-cc","oauth_token_url":"https://b.example.com/","oauth_client_id":"x","oauth_client_secret":"y","oauth_scopes":"read pay","oauth_audience":"shop","domainExpiryNotification":true`), "- read\n|- pay\n|audience: shop|the registration of a domain"},
		{"uptime-kuma", `{"monitorList": [7, {"type":"http","name":"a","url":"https://a.example.com/","interval":60}, {"type":"keyword","name":"b","url":"https://b.example.com/","interval":600}, {"type":"http","name":"c","url":"https://c.example.com/","timeout":5}]}`, "an entry of it: it is no monitor|timeout: 48s|timeout: 1m|timeout: 5s|its time-out is 1m, it was 8m"},
		{"uptime-kuma", kuma(`"type":"ping","hostname":"a.example.com","packetSize":1000`), "size: 1000"},
		{"uptime-kuma", kuma(`"type":"dns","hostname":"a.example.com","dns_resolve_server":"1.1.1.1, 9.9.9.9"`), "1.1.1.1:53|9.9.9.9:53"},
		{"uptime-kuma", kuma(`"type":"websocket-upgrade","url":"wss://a.example.com/","wsIgnoreSecWebsocketAcceptHeader":true`), "Sec-WebSocket-Accept"},
		{"uptime-kuma", kuma(`"type":"websocket-upgrade","url":"wss://a.example.com/","authMethod":"basic","basic_auth_user":"ops","basic_auth_pass":"gehe1m","headers":"{\"X-Id\":\"1\"}","accepted_statuscodes":["1000","1001"]`), "Authorization: Basic ${A_WEBSOCKET_LOGIN}|X-Id: \"1\"|base64|1000, 1001, are not looked at"},
		{"uptime-kuma", kuma(`"type":"websocket-upgrade","url":"wss://a.example.com/","auth_method":"bearer","bearer_token":"gehe1m"`), "bearer_token: ${A_WEBSOCKET_TOKEN}"},
		{"uptime-kuma", kuma(`"type":"websocket-upgrade","url":"wss://a.example.com/","authMethod":"oauth2-cc","oauth_token_url":"https://b.example.com/"`), "its token by OAuth 2 is left out"},
		{"uptime-kuma", kuma(`"type":"websocket-upgrade","url":"wss://a.example.com/","authMethod":"mtls","ignoreTls":true,"tlsCa":"gehe1m"`), "insecure_tls: true|(tlsCa) stand in the database"},
		{"uptime-kuma", kuma(`"type":"http","url":"https://a.example.com/","auth_method":"mtls","tls_ca":"gehe1m","tls_cert":"gehe1m","tls_key":"gehe1m"`), "(tlsCa) stand in the database|ca_file|(tlsCert)|client_key_file|there they did not"},
		{"uptime-kuma", kuma(`"type":"port","hostname":"a.example.com","port":993,"smtpSecurity":"secure","expiryNotification":true`), "kind: tls|address: a.example.com:993|warn_days: 21|fail_days: 0|in place of a notification"},
		{"uptime-kuma", kuma(`"type":"port","hostname":"a.example.com","port":587,"smtp_security":"starttls","expiry_notification":1`), "kind: tls|starttls: smtp"},
		{"uptime-kuma", kuma(`"type":"port","hostname":"a.example.com","port":5222,"smtpSecurity":"starttls","expiryNotification":true`), "kind: tcp|its certificate is not looked at"},
		{"uptime-kuma", kuma(`"type":"smtp","hostname":"a.example.com","port":25`), "begins no TLS"},
		{"uptime-kuma", kuma(`"type":"grpc-keyword","grpcUrl":"a.example.com:443","grpcServiceName":"x","keyword":"y"`), "keyword"},
		{"uptimerobot", "ID,Type,Status,Friendly Name,URL/IP,Interval,Tags,Empty,HTTP Username\n1,HTTP(s),Up,a,https://a.example.com/,300,prod,,ops\n", "columns Tags, HTTP Username: not written"},
		{"uptime-kuma", kuma(`"type":"json-query","url":"https://a.example.com/","jsonPath":"$.a.b","jsonPathOperator":">","expectedValue":"7","description":"ask Ana"`), "double(json.a.b) > double(7)|read_kib: 1024|not written: its description|tags, notifications and maintenance"},
		{"uptimerobot", "ID,Type,Status,Friendly Name,URL/IP,Keyword Type,Keyword Value,Keyword Case Type,Port\n1,Keyword,Up,,https://a.example.com/,not exists,gut,insensitive,\n,,,,,,,,\n2,Port,Up,b,b.example.com,,,,\n3,Keyword,Up,c,https://c.example.com/,,,,\n4,Port,Up,d,d.example.com:22,,,,\n",
			"id: a.example.com/http|read_kib: 1024|its port is not told|no text is looked for|Carried: 2\n|Not carried: 0"},
		{"terraform", `{"values":{"root_module":{"resources":[{"mode":"data","type":"betteruptime_monitor","address":"data.betteruptime_monitor.a","values":{"url":"https://a.example.com/","monitor_type":"status"}}]}}}`, "Carried: 0|data.betteruptime_monitor.a: it is only looked up there"},
		{"upptime", "sites: [{name: a, check: ssl, url: a.example.com}]", "kind: tls|address: a.example.com:443|warn_days: 0|fail_days: 7|insecure_chain: true"},
		{"upptime", "sites: [{name: a, check: tcp-ping, type: globalping, location: berlin, url: a.example.com, maxResponseTime: 500}]", "kind: icmp|host: a.example.com|degraded_over: 500ms|servers elsewhere|not written: location"},
		{"upptime", "sites: [{name: a, check: tcp-ping, url: $HOST, port: $PORT, maxResponseTime: 500}, {name: b, url: a.example.com, check: tcp-ping, port: '53'}]", "address: ${HOST}:${PORT}|address: a.example.com:53|maxResponseTime is not written"},
		{"upptime", "sites: [{name: a, url: 'https://a.example.com/?n=$DYNAMIC_RANDOM_NUMBER', expectedStatusCodes: ['200', 301]}, {name: b, url: 'wss://a.example.com', check: ws, body: hello}]", "status: [200]|timeout: 1m|$DYNAMIC_RANDOM_NUMBER is another one in each try|its body is not sent"},
		{"upptime", "sites: [{name: a, url: 'https://a.example.com', headers: {Authorization: x}}, {name: b, url: 'https://b.example.com'}]", "a, the site in line 1: it cannot be read as one|id: b/http"},
		{"upptime", "sites: [{name: a, url: 'https://a.example.com', requestTimeout: 5, connectTimeout: 3, __dangerous__body_degraded: slow, __dangerous__body_degraded_if_text_missing: fine}]", "timeout: 5s|not written: connectTimeout|body.contains('slow')|'!body.contains(''fine'')'"},
		{"upptime", "sites: [{name: a, url: 'https://a.example.com', method: POST, body: 'a=b'}, {name: b, url: 'https://b.example.com', maxResponseTime: 500, body: '{}', headers: ['content-type: text/x'], __dangerous__body_down: no}]",
			"Content-Type: application/x-www-form-urlencoded|content-type: text/x|here it fails|in the headers of the answer as well"},
		{"blackbox", "scrape_config_files: [more/*.yml]\n" + exporter("{prober: http}"), "scrape_config_files of it: name them as well: more/*.yml"},
		{"blackbox", "global: {scrape_interval: 15s, scrape_timeout: 7s}\n" + exporter("{prober: http, timeout: 30s}"), "every: 15s|timeout: 7s"},
		{"blackbox", exporter("{prober: http, timeout: 3s}"), "every: 1m|timeout: 3s"},
		{"blackbox", exporter("{prober: http}"), "host: shop.example.com|server_name: shop.example.com"},
		{"blackbox", exporter("{prober: http, http: {tls_config: {server_name: a.example.com, min_version: TLS13, ca: inline}}}"), "server_name: a.example.com|tls_min: \"1.3\"|not written: tls_config.ca"},
		{"blackbox", exporter("{prober: http, http: {valid_http_versions: [HTTP/1.1, HTTP/2]}}"), "version in [''1.1'']|no answer is of the version HTTP/2 there|version: auto"},
		{"blackbox", exporter("{prober: http, http: {enable_http2: true, valid_http_versions: [HTTP/2.0]}}"), "version in [''2'']|version: auto"},
		{"blackbox", exporter("{prober: http, http: {tls_config: {min_version: TLS10, max_version: TLS11}}}"), "tls_min: \"1.0\"|tls_max: \"1.1\""},
		{"blackbox", exporter("{prober: http, http: {tls_config: {max_version: TLS11}}}"), "its max_version TLS11 leaves no version to offer"},
		{"blackbox", exporter("{prober: http, http: {basic_auth: {username_file: a, password: x}}}"), "basic_auth.username_file"},
		{"blackbox", exporter("{prober: http, http: {authorization: {credentials_ref: a}, oauth2: {client_id: a, token_url: 'https://a.example.com', client_secret: x, endpoint_params: {a: b}}}}"), "not written: authorization.credentials_ref, oauth2.endpoint_params"},
		{"blackbox", exporter("{prober: http, http: {http_headers: {X-One: {secrets: [gehe1m]}, X-Two: {files: [/a]}}}}"), "X-One: ${J_10_0_0_1_X_ONE}|not written: http_headers.X-Two.files"},
		{"blackbox", exporter("{prober: tcp, tcp: {tls: true, tls_config: {max_version: TLS12}, query_response: [{expect: a, labels: [{name: b}]}]}}"), "server_name: shop.example.com|not written: query_response.labels, tls_config.max_version"},
		{"blackbox", exporter("{prober: http, http: {valid_status_codes: [200, 301]}}"), "one that says not where to go, or leads on for ever, fails here"},
		{"blackbox", exporter("{prober: icmp}"), "not written: the parameter hostname"},
		{"nagios", "define host {\n\thost_name a\n\t}\ndefine command {\n\tcommand_name c\n\tcommand_line /bin/true\n\t}\ndefine service {\n\thost_name a\n\tservice_description s\n\tcheck_command c\n\tevent_handler restart!now\n\tnotes_url https://wiki.example.com/a?b=$HOSTNAME$\n\t}\n", "its event_handler restart is not run|its notes_url is not written"},
		{"terraform", state("checkly_check", `"name":"a","type":"API","frequency":5,"group_id":7,"locations":["eu-west-1"],"double_check":true,"local_setup_script":"x","ssl_check":true,"request":[{"url":"https://a.example.com/{{VERSION}}?k={{ API_KEY }}","headers":{"Authorization":"Bearer {{TOKEN}}","X-Id":"{{$RANDOM}}"},"body":"{\"password\":\"{{PASSWORD}}\"}","query_parameters":{"n":"{{N}}"},"ip_family":"IPv6"}]`),
			"url: https://a.example.com/${VERSION}?k=${API_KEY}&n=${N}|Authorization: Bearer ${TOKEN}|${PASSWORD}|family: ipv6|what its group adds|not written: ssl_check, local_setup_script|locations: not written|double_check|a placeholder"},
		{"terraform", state("statuscake_uptime_check", `"name":"a","monitored_resource":[{"address":"https://a.example.com/"}],"http_check":[{"follow_redirects":false}]`), "- 200-203|- 207-302|- 512-519|status_codes are those that are wrong there"},
		{"terraform", state("statuscake_ssl_check", `"check_interval":600,"monitored_resource":[{"address":"https://a.example.com/x"}],"alert_config":[{"alert_at":["1","14","7"]}]`), "kind: tls|address: a.example.com:443|warn_days: 14|fail_days: 0|every: 10m|on_mixed"},
		{"terraform", state("pingdom_check", `"name":"a","host":"a.example.com","type":"http","integrationids":[7]`), "who is told, and how"},
		{"terraform", state("betteruptime_monitor", `"pronounceable_name":"API — /health","url":"https://a.example.com/","monitor_type":"status"`), "product: api/health"},
		{"terraform", state("betteruptime_monitor", `"url":"https://a.example.com/","monitor_type":"status","follow_redirects":false`), "redirects: 0|status: [2xx]"},
		{"terraform", state("betteruptime_policy", `"name":"a"`), "it is no check"},
		{"terraform", state("checkly_alert_channel", `"email":[]`), "it is no check"},
		{"terraform", state("pingdom_tms_check", `"name":"a"`), "a pingdom_tms_check is not read"},
		{"terraform", state("checkly_check", `"name":"a","type":"API","should_fail":true,"request":[{"url":"https://a.example.com/","assertion":[{"source":"TEXT_BODY","comparison":"CONTAINS","target":"no such page"}]}]`), "status: [4xx, 5xx, 600-999]|contains: [no such page]"},
		{"terraform", `{"values":{"root_module":{"resources":[{"type":"betteruptime_monitor_group","address":"x.g","values":{"id":"7","name":"Shop","paused":true}}],"child_modules":[{"resources":[{"type":"betteruptime_monitor","address":"x.a","values":{"url":"https://a.example.com/","monitor_type":"status","monitor_group_id":7}}]}]}}}`, "name: Shop|product: shop|enabled: false"},
		{"terraform", state("uptimerobot_monitor", `"name":"a","type":"port","sub_type":"smtp","url":"mail.example.com","interval":300,"timeout":5,"tags":["x"],"http_password":"gehe1m","status":"paused"`), "address: mail.example.com:25|timeout: 5s|not written: http_password, tags|enabled: false"},
		{"terraform", state("statuscake_uptime_check", `"name":"a","check_interval":60,"regions":["london"],"monitored_resource":[{"address":"https://a.example.com/"}],"http_check":[{"validate_ssl":false,"enable_cookies":true,"final_endpoint":"https://b.example.com","timeout":10}]`),
			"insecure_tls: true|not written: enable_cookies, final_endpoint|regions: not written"},
		{"terraform", state("betteruptime_monitor", `"url":"https://a.example.com/","monitor_type":"status","ip_version":"ipv6","regions":["eu"],"remember_cookies":true,"maintenance_from":"01:00:00"`), "family: ipv6|not written: remember_cookies|its maintenance|regions: not"},
		{"terraform", state("pingdom_check", `"name":"a","host":"a.example.com","type":"http","probefilters":"region:EU"`), "probefilters: not written"},
	} {
		p, err := From(tt.tool, []Source{{Name: "it", Text: []byte(tt.text)}})
		need(t, err)
		written, err := p.YAML("")
		need(t, err)
		var report strings.Builder
		p.Tell(&report)
		got := report.String() + string(written)
		for want := range strings.SplitSeq(tt.want, "|") {
			if !strings.Contains(got, want) || strings.Contains(got, "gehe1m") {
				t.Errorf("%s\nlacks %q:\n%s", tt.text, want, got)
			}
		}
	}
}

// TestVariablesHaveAPlace: what a source takes from its environment may be a port, a host with its port, an address or a
// word, and only what is written speaks of it in the end.
func TestVariablesHaveAPlace(t *testing.T) {
	t.Parallel()
	p, err := From("gatus", []Source{{Name: "it", Text: []byte(`endpoints:
  - {name: a, url: "https://a.example.com:${PORT}/x?y=1"}
  - {name: b, url: "tcp://a.example.com:${PORT}"}
  - {name: c, url: "tcp://${TARGET}"}
  - {name: d, url: "tls://${TARGET}"}
  - {name: e, url: "grpc://${HOST}:${PORT}"}
  - {name: f, url: "${ADDRESS}"}
  - {name: g, url: "${RESOLVER}", dns: {query-name: "${NAME}", query-type: A}}
  - {name: h, url: "sctp://${NOBODY}"}
  - {name: i, url: "https://${ALONE}/", client: {tls: {certificate-file: /no/such/file, private-key-file: /no/such/file}}}
`)}})
	need(t, err)
	need(t, p.Settle(judge(t)))
	for _, l := range p.Not {
		if l.What != "h" && l.What != "i" {
			t.Errorf("%s is not carried: %s", l.What, l.Why)
		}
	}
	var names []string
	for _, v := range p.Variables {
		names = append(names, v.Name)
	}
	if got := strings.Join(names, " "); got != "PORT TARGET HOST ADDRESS NAME RESOLVER" {
		t.Errorf("to be set: %s", got)
	}
}

// TestNagiosMainFile: the unit of intervals and how long commands may take stand in nagios.cfg, and who
// does not name it is told what was taken in its place.
func TestNagiosMainFile(t *testing.T) {
	t.Parallel()
	const objects = "define host {\n\thost_name a\n\tcheck_command c\n\tcheck_interval 90\n\t}\ndefine command {\n\tcommand_name c\n\tcommand_line /bin/true\n\t}\n" +
		"define service {\n\thost_name a\n\tservice_description s\n\tcheck_command c\n\tcheck_interval 300\n\t}\n"
	for _, tt := range []struct{ main, host, service string }{
		{"", "1h30m0s 30s", "5h0m0s 1m0s"},
		{"cfg_dir=/etc/nagios4/objects\n#interval_length=1\n", "1h30m0s 30s", "5h0m0s 1m0s"},
		{"object_cache_file=/var/cache/nagios4/objects.cache\ninterval_length=1\nservice_check_timeout = 240\nhost_check_timeout=45\n", "1m30s 45s", "5m0s 4m0s"},
	} {
		p, err := From("nagios", []Source{{Name: "objects.cache", Text: []byte(objects)}, {Name: "nagios.cfg", Text: []byte(tt.main)}})
		need(t, err)
		var report strings.Builder
		p.Tell(&report)
		if told := strings.Contains(report.String(), "interval_length"); told != (tt.main == "") {
			t.Errorf("%q: told %v:\n%s", tt.main, told, report.String())
		}
		host, service := p.Checks[0], p.Checks[1]
		if got := fmt.Sprint(host.Every, host.Timeout); got != tt.host {
			t.Errorf("%q: the host every and at most %s, want %s", tt.main, got, tt.host)
		}
		if got := fmt.Sprint(service.Every, service.Timeout); got != tt.service {
			t.Errorf("%q: the service every and at most %s, want %s", tt.main, got, tt.service)
		}
	}
}

// TestOneReasonIsToldOnce: what many have in common stands once, with the names of all, and each name once.
func TestOneReasonIsToldOnce(t *testing.T) {
	t.Parallel()
	p := Plan{Differently: []Line{{"a first", "why"}, {"other", "its own"}}}
	for i := range 20 {
		p.Differently = append(p.Differently, Line{fmt.Sprintf("host-%02d/service", i), "why"})
	}
	var report strings.Builder
	p.Tell(&report)
	want := "Carried: 0\nCarried differently: 22\n  21 alike: why\n" +
		"    a first, host-00/service, host-01/service, host-02/service, host-03/service, host-04/service,\n" +
		"    host-05/service, host-06/service, host-07/service, host-08/service, host-09/service,\n" +
		"    host-10/service, host-11/service, host-12/service, host-13/service, host-14/service,\n" +
		"    host-15/service, host-16/service, host-17/service, host-18/service, host-19/service\n" +
		"  other: its own\nNot carried: 0\n"
	if got := report.String(); got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}

// TestTemplatesAreNoFilesYet: the next step is said, and nothing of what stands there.
func TestTemplatesAreNoFilesYet(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ tool, text string }{
		{"gatus", "alerting: {slack: {webhook-url:  {{ gehe1m }} }}\nendpoints: []\n"},
		{"gatus", "endpoints:\n{{- range .Values.gehe1m }}\n  - name: {{ .name }}\n{{- end }}\n"},
		{"upptime", "sites:\n{% for s in gehe1m %}\n  - name: {{ s }}\n{% endfor %}\n"},
		{"blackbox", "modules:\n  m: {prober: {{ gehe1m }}}\n"},
	} {
		_, err := From(c.tool, []Source{{Name: "it", Text: []byte(c.text)}})
		if err == nil || !strings.Contains(err.Error(), "give the file that it comes to") || strings.Contains(err.Error(), "gehe1m") {
			t.Errorf("%s: %v of\n%s", c.tool, err, c.text)
		}
	}
}
