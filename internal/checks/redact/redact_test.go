package redact

import (
	"strings"
	"testing"
)

func TestRedactPatterns(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{"", ""},
		{"nothing to hide, 12 keys left", "nothing to hide, 12 keys left"},
		{"Authorization: Bearer abcdef0123456789", "Authorization: (redacted)"},
		{"got bearer abcdef0123456789.", "got bearer (redacted)"},
		{`{"password": "hunter2", "user": "ana"}`, `{"password": (redacted), "user": "ana"}`},
		{`{"db_password":"a\"b","n":1}`, `{"db_password":(redacted),"n":1}`},
		{`{\"password\":\"hunter2\",\"n\":1}`, `{\"password\":(redacted),\"n\":1}`},
		{`{"password": "cut sho`, `{"password": (redacted)`},
		{`{"token": ["hunter2", "hunt]er3"], "n": [1]}`, `{"token": (redacted), "n": [1]}`},
		{`{"password": {"old": "hunter2", "new": "hunter3"}, "n": 1}`, `{"password": (redacted), "n": 1}`},
		{`{\"tokens_token\": [\"hunter2\",\"hunter3\"],\"n\":1}`, `{\"tokens_token\": (redacted),\"n\":1}`},
		{`{"token": ["cut sho`, `{"token": (redacted)`},
		{"map[X-Auth-Token:[hunter2] Accept:[*/*]]", "map[X-Auth-Token:(redacted) Accept:[*/*]]"},
		{`{"tokens": [1, 2], "token_count": [3]}`, `{"tokens": [1, 2], "token_count": [3]}`},
		{"?token=abc123&page=2", "?token=(redacted)&page=2"},
		{"access_token: abc123", "access_token: (redacted)"},
		{"Set-Cookie: sid=abc", "Set-Cookie: (redacted)"},
		{"<cfg><password>hunter2</password><n>1</n></cfg>", "<cfg><password>(redacted)</password><n>1</n></cfg>"},
		{`<wsse:Password Type="text">hunter 2</wsse:Password>`, `<wsse:Password Type="text">(redacted)</wsse:Password>`},
		{"<ApiKey><![CDATA[hunter2]]></ApiKey>", "<ApiKey><![CDATA[(redacted)</ApiKey>"},
		{"<password/><token></token><tokens>3</tokens>", "<password/><token></token><tokens>3</tokens>"},
		{"see <token>cut sho…", "see <token>(redacted)"},
		{"GET https://b.example/c?sv=1&sig=a%2Fb%3D&sp=r: 403", "GET https://b.example/c?sv=1&sig=(redacted)&sp=r: 403"},
		{"https://s3.example/k?X-Amz-Signature=0123abcd", "https://s3.example/k?X-Amz-Signature=(redacted)"},
		{"signature=bad, sig= none", "signature=bad, sig= none"},
		{"AccountName=a;AccountKey=abc+/d==;EndpointSuffix=x", "AccountName=a;AccountKey=(redacted);EndpointSuffix=x"},
		{"key SG." + strings.Repeat("a", 22) + "." + strings.Repeat("b", 43) + " is bad", "key (redacted) is bad"},
		{"sk-proj-" + strings.Repeat("aB3_", 8) + ", sk-" + strings.Repeat("aB3d", 12), "(redacted), (redacted)"},
		{"sk-learn-of-the-newest-version-1 hf_models disk-" + strings.Repeat("a", 40), "sk-learn-of-the-newest-version-1 hf_models disk-" + strings.Repeat("a", 40)},
		{"dop_v1_" + strings.Repeat("0a", 32) + " glsa_" + strings.Repeat("a", 32) + "_12ab34cd hvs." + strings.Repeat("a", 24), "(redacted) (redacted) (redacted)"},
		{"POST https://discord.com/api/webhooks/123456/abc-DEF_ghi: 404", "POST https://discord.com/api/webhooks/(redacted): 404"},
		{"https://api.telegram.org/bot123456789:AA" + strings.Repeat("x", 33) + "/getMe", "https://api.telegram.org/bot(redacted)/getMe"},
		{"jwt eyJhbGciOi.eyJzdWIiOiIx.sig_nature-1 end", "jwt (redacted) end"},
		{"dsn postgres://ana:hunter2@db/x", "dsn postgres://ana:(redacted)@db/x"},
		{"a\n-----BEGIN RSA PRIVATE KEY-----\nMIIE\nxyz", "a\n(redacted)"},
		{"client_secret='x y' next", "client_secret=(redacted) next"},
		{"curl -u admin:hunter2 https://x", "curl -u admin:(redacted) https://x"},
		{"curl -sS --user 'ana:hunter2' x", "curl -sS --user 'ana:(redacted)' x"},
		{"curl --proxy-user=ana:hunter2 x", "curl --proxy-user=ana:(redacted) x"},
		{"docker run -u 1000:1000 x", "docker run -u 1000:1000 x"},
		{"ps -u root: no process", "ps -u root: no process"},
		{"mysql -uroot -phunter2 shop", "mysql -uroot -p(redacted) shop"},
		{"mysqldump -h db -p'hunter2' shop", "mysqldump -h db -p'(redacted)' shop"},
		{"mysql -u root -p shop", "mysql -u root -p shop"},
		{"sshpass -p hunter2 ssh ana@db", "sshpass -p (redacted) ssh ana@db"},
		{"mkdir -p hunter2", "mkdir -p hunter2"},
		{`curl -u "ana:hunter 2" https://x`, `curl -u "ana:(redacted)" https://x`},
		{`curl --user 'ana:it is 2' x`, `curl --user 'ana:(redacted)' x`},
		{`curl -u 'ACME\ana b:hunter 2' x`, `curl -u 'ACME\ana b:(redacted)' x`},
		{`curl -u ana:'hunter 2' x`, `curl -u ana:'(redacted)' x`},
		{`curl -u ana:hunter\ 2 x`, `curl -u ana:(redacted) x`},
		{`curl --user="ana:a\"b c" x`, `curl --user="ana:(redacted)" x`},
		{`{"cmd": "curl -u \"ana:hunter 2\" x"}`, `{"cmd": "curl -u \"ana:(redacted)\" x"}`},
		{`["curl","-u","ana:hunter 2","-u","eve:hunter 3","x"]`, `["curl","-u","ana:(redacted)","-u","eve:(redacted)","x"]`},
		{`curl -u "ana:cut sho`, `curl -u "ana:(redacted)`},
		{`curl -u "https://x.example/a" -u ana:b`, `curl -u "https://x.example/a" -u ana:(redacted)`},
		{"docker run -u '1000:1000' x", "docker run -u '1000:1000' x"},
		{"mysql -uroot -p'my pass' shop", "mysql -uroot -p'(redacted)' shop"},
		{`mysqladmin -u root -p"my pass" ping`, `mysqladmin -u root -p"(redacted)" ping`},
		{`["mysql","-phunter 2","shop"]`, `["mysql","-p(redacted)","shop"]`},
		{`["curl","-uana:hunter 2","--user=ana:hunter 3"]`, `["curl","-uana:(redacted)","--user=ana:(redacted)"]`},
		{"mysql -P3306 -uroot", "mysql -P3306 -uroot"},
		{`sshpass -p "a b" ssh ana@db`, `sshpass -p "(redacted)" ssh ana@db`},
		{"sshpass -p'a b' ssh; next line", "sshpass -p'(redacted)' ssh; next line"},
		{"sshpass -f file ssh -p 22 db", "sshpass -f file ssh -p 22 db"},
		{"redis-cli -h db -a hunter2 ping", "redis-cli -h db -a (redacted) ping"},
		{"ldapsearch -x -D cn=a -w 'a b' -b dc=x", "ldapsearch -x -D cn=a -w '(redacted)' -b dc=x"},
		{"mosquitto_pub -u ana -P hunter2 -t x", "mosquitto_pub -u ana -P (redacted) -t x"},
		{"docker login -u ana -p hunter2 r.example", "docker login -u ana -p (redacted) r.example"},
		{"docker run -p 80:8080 x", "docker run -p 80:8080 x"},
		{`tool --password "a b" --token 9f8e7d x`, `tool --password "(redacted)" --token (redacted) x`},
		{`["tool","--api-key","hunter"]`, `["tool","--api-key","(redacted)"]`},
		{"--password is missing; see --token (or -u)", "--password is missing; see --token (or -u)"},
		{`"--password", "--user"`, `"--password", "--user"`},
		{"the password is hunter2, says Ana", "the password is (redacted), says Ana"},
		{"Login failed: password was 'S3same!x'.", "Login failed: password was '(redacted)'."},
		{"API key is ab12cd34ef. Secret is zz99yy88", "API key is (redacted). Secret is (redacted)"},
		{"the token is invalid, its secret was not found", "the token is invalid, its secret was not found"},
		{"password is 8 characters too short", "password is 8 characters too short"},
		{"the password is older than 90d, the token was 2026-11-30T10:00:00Z", "the password is older than 90d, the token was 2026-11-30T10:00:00Z"},
		{"password is SCRAM-SHA-256, token is oauth2, secret is base64", "password is SCRAM-SHA-256, token is oauth2, secret is base64"},
		{"the password is 'not set yet 2'", "the password is 'not set yet 2'"},
		{"PWD=/srv/app OLDPWD=/root", "PWD=/srv/app OLDPWD=/root"},
		{"the password: reset for ana. Token: expired", "the password: reset for ana. Token: expired"},
		{`401 {"token":"invalid","secret":null,"cookie":"missing"}`, `401 {"token":"invalid","secret":null,"cookie":"missing"}`},
		{"Authorization: required; session_id=unknown", "Authorization: required; session_id=unknown"},
		{"token: expiredxyz, secret: invalid9", "token: (redacted), secret: (redacted)"},
		{"UID=sa;PWD=hunter2;", "UID=sa;PWD=(redacted);"},
		{"Cookie: sid=abc; theme=dark and more", "Cookie: (redacted) and more"},
		{"map[Cookie:[sid=abc; other=x] Accept:[*/*]]", "map[Cookie:[(redacted)] Accept:[*/*]]"},
		{"Authorization: token 0123456789abcdef", "Authorization: (redacted)"},
		{"used xoxb-123456-abcdef at last", "used (redacted) at last"},
		{"POST https://hooks.slack.com/services/T0/B0/abc123 failed", "POST https://(redacted) failed"},
		{"clone with ghp_abcdefghijklmnop1234", "clone with (redacted)"},
		{"id AKIAIOSFODNN7EXAMPLE", "id (redacted)"},
		{"key sk_live_4eC39HqLyjWDarjtT1zdp7dc", "key (redacted)"},
		{"amqp://ana:p@ss@mq/x", "amqp://ana:(redacted)@mq/x"},
		{"-----BEGIN PGP PRIVATE KEY BLOCK-----\nlQ\n-----END PGP PRIVATE KEY BLOCK----- after", "(redacted) after"},
	} {
		if got := (Redactor{}).Text(tt.in); got != tt.want {
			t.Errorf("%q: got %q, want %q", tt.in, got, tt.want)
		}
	}
}

func TestRedactCutSecrets(t *testing.T) {
	d := For([]string{"a-long-secret-of-many-bytes", "hunter2"})
	for _, tt := range []struct{ in, want string }{
		{"it is a-long-secret-of-many-bytes.", "it is (redacted)."},
		{`"a-long-secret-of-m…" is not in the body`, `"(redacted)…" is not in the body`},
		{"the end is hunt", "the end is (redacted)"},
		{"the end is hunt…", "the end is (redacted)…"},
		{`"said hunte…" is not in the body`, `"said (redacted)…" is not in the body`},
		{"hunter2hunter2", "(redacted)(redacted)"},
	} {
		if got := d.Text(tt.in); got != tt.want {
			t.Errorf("%q: got %q, want %q", tt.in, got, tt.want)
		}
	}
	if got := (For([]string{"abc("})).Text("abcabc("); strings.Contains(strings.ReplaceAll(got, Mark, ""), "abc(") || strings.Contains(got, "abc(") {
		t.Errorf("cutting made the secret anew: %q", got)
	}
}

// A text may repeat a secret in any mixture of ways to write its characters.
func TestRedactEscapedSecrets(t *testing.T) {
	found := map[string]bool{}
	for _, secret := range []string{`p/ss w"rd&é`, `back\slash"twice`, "100%25 sure", `it's"so`} {
		Add(secret, found)
	}
	d := For(LongestFirst(found))
	for _, tt := range []struct{ in, want string }{
		{`GET /?x=p/ss%20w%22rd&%c3%a9 HTTP`, `GET /?x=(redacted) HTTP`},                                   // as a browser writes an address
		{`q=p%2Fss+w%22rd%26%C3%A9&n=1`, `q=(redacted)&n=1`},                                               // a form
		{`to=p%252Fss%2520w%2522rd%2526%25C3%25A9;`, `to=(redacted);`},                                     // twice
		{`{"a":"p/ss w\"rd\u0026\u00e9"}`, `{"a":"(redacted)"}`},                                           // JSON
		{`{"a":"{\"b\":\"p\\/ss w\\\"rd\\u0026é\"}"}`, `{"a":"{\"b\":\"(redacted)\"}"}`},                   // JSON in JSON
		{`<b>p/ss w&quot;rd&amp;&#233;</b>`, `<b>(redacted)</b>`},                                          // HTML
		{`TXT "p/ss w\"rd&\195\169"`, `TXT "(redacted)"`},                                                  // DNS
		{`b"p/ss w\x22rd&\xc3\xa9"`, `b"(redacted)"`},                                                      // Python
		{`back\\slash\"twice and back\slash"twice`, `(redacted) and (redacted)`},                           //
		{`a=BACK\SLASH"TWICE`, `a=(redacted)`},                                                             // as a host's name is written
		{`100%25%20sure, 100%2525 sure, 100%25 sure`, `(redacted), (redacted), (redacted)`},                // its own percent sign
		{`Basic bWU6cC9zcyB3InJkJsOp`, `Basic bWU6(redacted)`},                                             // me:p/ss w"rd&é
		{"bytea \\x702f7373207722726426c3a9, 702F7373207722726426C3A9", "bytea \\x(redacted), (redacted)"}, // hexadecimal
		{`"p/ss w\"rd&\303\251" in C`, `"(redacted)" in C`},                                                // octal
		{`p/ss w\"rd&\u{e9}, p/ss w\"rd\x{26}é`, `(redacted), (redacted)`},                                 // Rust, Perl
		{`q=p/ss%u0020w%u0022rd%u0026%u00e9`, `q=(redacted)`},                                              // old scripts
		{`+ psql 'user=me password=it'\''s"so'`, `+ psql 'user=me password=(redacted)'`},                   // sh -x, bash
		{`+ echo 'it'"'"'s"so'`, `+ echo '(redacted)'`},                                                    // sh -x, dash
		{`near 'it''s"so' at line 1`, `near '(redacted)' at line 1`},                                       // SQL
		{`me,"it's""so",1`, `me,"(redacted)",1`},                                                           // CSV
		{`cn=p\2fss w\22rd\26é`, `cn=(redacted)`},                                                          // LDAP
		{`cut at p/ss w%2`, `cut at (redacted)`},
		{`100% of 25 tries, 12 sure`, `100% of 25 tries, 12 sure`},
	} {
		if got := d.Known(tt.in); got != tt.want {
			t.Errorf("%q: got %q, want %q", tt.in, got, tt.want)
		}
	}
}

// What is looked for grows with the secrets, not with the ways to write them;
// one pass over a text that is full of beginnings ends soon.
// TestRedactCodedSecrets: a dump, base32 and the base64 of UTF-16 have no piece that stays the same.
func TestRedactCodedSecrets(t *testing.T) {
	known := For(With(nil, []string{"hunter2-hunter2"}))
	for text, want := range map[string]string{
		"key 68:75:6e:74:65:72:32:2d:68:75:6e:74:65:72:32 end":                                                "key (redacted) end",
		"key=68-75-6E-74-65-72-32-2D-68-75-6E-74-65-72-32":                                                    "key=(redacted)",
		"00000000: 6875 6e74 6572 322d 6875 6e74 6572 3220  hunter2 x":                                        "(redacted)  hunter2 x",
		"{0x68, 0x75, 0x6e, 0x74, 0x65, 0x72, 0x32, 0x2d, 0x68, 0x75, 0x6e, 0x74, 0x65, 0x72, 0x32}":          "{(redacted)}",
		"HEX 68756E746572322D68756E74657232.":                                                                 "HEX (redacted).",
		"otp NB2W45DFOIZC22DVNZ2GK4RS end":                                                                    "otp (redacted) end",
		"otp PB4HQ6CONB2W45DFOIZC22DVNZ2GK4RS":                                                                "otp (redacted)", // with something before it
		"powershell -EncodedCommand JABwAD0AJwBoAHUAbgB0AGUAcgAyAC0AaAB1AG4AdABlAHIAMgAnAA==":                 "powershell -EncodedCommand (redacted)",
		"powershell -e JABwAD0AJwBoAHUAbgB0AGUAcgAyAC0AaAB1AG4A…":                                             "powershell -e (redacted)…",
		"2026-11-30 19:32:00 00:1b:21:3a:ff:00 SHA256 4e:0f:9a:00:11:22:33:44 INTERNALSERVERERROR AAAAAAAAAA": "",
	} {
		if want == "" {
			want = text
		}
		if got := known.Known(text); got != want {
			t.Errorf("%s\ngot  %s\nwant %s", text, got, want)
		}
	}
}

func TestRedactOfAHostileTextEnds(t *testing.T) {
	secret := strings.Repeat("%25", 200) + "end"
	d := For([]string{secret})
	text := strings.Repeat("%25", 2000)
	if got := d.Known(text); strings.Contains(got, strings.Repeat("%25", 200)) {
		t.Errorf("got %d bytes of the beginning of a long secret", len(got))
	}
}

// TestAGlanceMissesNothing: what decides at a glance that there is nothing to find
// says so of no text that has something.
func TestAGlanceMissesNothing(t *testing.T) {
	for i, p := range patterns {
		for j, hint := range p.hints {
			for _, text := range []string{hint, strings.ToUpper(hint), "x " + hint + "=1", "Käse " + hint, strings.ReplaceAll(hint, "k", "\u212a")} {
				if seen := gramsOf(text); !seen.have(&hintGrams[i][j]) {
					t.Errorf("%q is not seen in %q", hint, text)
				}
			}
		}
	}
	found := map[string]bool{}
	for _, secret := range []string{"hunter2-hunter2", "p/ss w\"rd", "Größe 42", "ab%cd", "+1 234 567"} {
		Add(secret, found)
	}
	d := For(LongestFirst(found))
	for secret := range found {
		for _, text := range []string{secret, strings.ToUpper(secret), strings.ToLower(secret), secret[:1] + `\x41` + secret[1:], "%41" + secret[1:], secret[:1]} {
			if text[0]|0x20 == secret[0]|0x20 && !d.mayBegin(text, 0) {
				t.Errorf("%q may not begin with a secret", text)
			}
		}
	}
	for _, text := range []string{"", "plain, with\ttabs\n", "é", "a\x1bb", "\x7f", "a\xffb"} {
		if isPrintable(text) && Printable(text) != text {
			t.Errorf("%q is not printable", text)
		}
	}
	if isPrintable("a\x1bb") || isPrintable("\x7f") || isPrintable("é") {
		t.Error("what may have work to do is passed over")
	}
}
