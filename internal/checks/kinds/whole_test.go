package kinds

import (
	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/kind/dns"
	execkind "github.com/statusbot/statusbot/internal/checks/kind/exec"
	"github.com/statusbot/statusbot/internal/checks/kind/snmp"
	"github.com/statusbot/statusbot/internal/checks/redact"

	httpkind "github.com/statusbot/statusbot/internal/checks/kind/http"

	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	tcpkind "github.com/statusbot/statusbot/internal/checks/kind/tcp"
	"github.com/statusbot/statusbot/internal/checks/probe"
	"github.com/statusbot/statusbot/internal/checks/probe/probetest"
	"github.com/statusbot/statusbot/internal/checks/runner"
)

func TestNewRunnerNamesEveryFault(t *testing.T) {
	_, err := runner.New(Compile, []checks.Check{
		{ID: "a", Kind: "smoke", Every: 1, Timeout: 1},
		{ID: "b", Kind: "tcp", Every: 1, Timeout: 1, Options: &tcpkind.Options{}},
		{ID: "c", Kind: "tcp", Every: 1, Timeout: 2, Options: &tcpkind.Options{Address: "a:1"}},
		{ID: "d", Kind: "tcp", Every: 1, Timeout: 1},
		{ID: "e", Kind: "tcp", Every: 1, Timeout: 1, Options: tcpkind.Options{Address: "a:1"}},
		{ID: "e", Kind: "tcp", Every: 1, Timeout: 1, Options: tcpkind.Options{Address: "a:1"}},
	}, nil, runner.Config{})
	want := `compile check "a": no kind is called "smoke"; write one of ` + fmt.Sprint(Names()) + `
compile check "b": tcp: address is empty; write host:port, such as db.example.com:5432
compile check "c": the time-out 2ns is not between 0 and the interval 1ns
compile check "d": tcp: the options are not of this kind: <nil>
compile check "e": its id is there twice`
	if diff := cmp.Diff(want, fmt.Sprint(err)); diff != "" {
		t.Error(diff)
	}
}

// TestRunnerForReal runs all kinds against real things, briefly.
func TestRunnerForReal(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok") }))
	defer server.Close()
	var list []checks.Check
	for i := range 50 {
		list = append(list, checks.Check{ID: fmt.Sprintf("web-%d", i), Kind: "http", Every: time.Second, Timeout: time.Second, Options: webOptions(server.URL)})
	}
	list = append(list,
		checks.Check{ID: "port", Kind: "tcp", Every: time.Second, Timeout: time.Second, Options: &tcpkind.Options{Address: server.Listener.Addr().String()}},
		checks.Check{ID: "script", Kind: "exec", Every: time.Second, Timeout: time.Second, Options: &execkind.Options{Argv: []string{"true"}}})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	seen := map[string]bool{} // :: check id -> a pass was seen
	sink := func(batch []checks.Result) {
		for _, r := range batch {
			if r.Outcome != checks.Pass {
				t.Errorf("got %+v", r)
			}
			seen[r.Check] = true
		}
		if len(seen) == len(list) {
			cancel()
		}
	}
	r, err := runner.New(Compile, list, sink, runner.Config{FlushEvery: 20 * time.Millisecond})
	probetest.OK(t, err)
	stop := time.AfterFunc(10*time.Second, cancel)
	defer stop.Stop()
	probetest.OK(t, r.Run(ctx))
	if len(seen) != len(list) {
		t.Errorf("%d of %d list passed", len(seen), len(list))
	}
}

func TestHostOf(t *testing.T) {
	for want, options := range map[string]any{
		"pay.example.com": &httpkind.Options{URL: "https://user:pass@Pay.example.com:8443/x"},
		"db.example.com":  &tcpkind.Options{Address: "db.example.com:5432"},
		"a.example.com":   &tcpkind.Options{Address: "a.example.com.:5432"},
		"b.example.com":   &httpkind.Options{URL: "https://b.example.com.:8443/x"},
		"::1":             &tcpkind.Options{Address: "[::1]:53"},
		"192.0.2.53":      &dns.Options{Name: "example.com", Resolver: probe.Resolvers{"192.0.2.53:53"}},
		"":                &execkind.Options{Argv: []string{"true"}},
	} {
		if got := probe.HostOf(options); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if got := probe.HostOf(nil); got != "" {
		t.Errorf("got %q", got)
	}
}

func TestSecretsOf(t *testing.T) {
	got := redact.Of(&httpkind.Options{
		URL:     "https://ana:p%40ssword1@pay.example.com/a?api_key=query-key&page=plain",
		Headers: map[string]string{"Authorization": "Bearer tok-123456", "Accept": "text/plain", "Cookie": "sid=cookie-value; theme=dark", "X-Api-Key": "k"},
	})
	for _, want := range []string{"p@ssword1", "p%40ssword1", "query-key", "Bearer tok-123456", "tok-123456", "cookie-value", base64.StdEncoding.EncodeToString([]byte("ana:p@ssword1"))} {
		if !slices.Contains(got, want) {
			t.Errorf("%q is not among the secrets %q", want, got)
		}
	}
	for _, not := range []string{"plain", "text/plain", "k", "ana"} {
		if slices.Contains(got, not) {
			t.Errorf("%q is taken for a secret", not)
		}
	}
	got = redact.Of(&execkind.Options{Argv: []string{"./a.sh", "postgres://u:in-the-argument@db/x"}, Env: map[string]string{"DB_PASSWORD": "env-secret", "REGION": "eu-west"}})
	for _, want := range []string{"env-secret", "in-the-argument"} {
		if !slices.Contains(got, want) {
			t.Errorf("%q is not among the secrets %q", want, got)
		}
	}
	if slices.Contains(got, "eu-west") {
		t.Error("a region is taken for a secret")
	}
}

// TestWhereASecretIsIsNone: the path of a secret's file, where a token is asked for, and how a
// password is used are shown; a summary with "statusbot" or "sha256" in it would tell nothing.
func TestWhereASecretIsIsNone(t *testing.T) {
	for name, options := range map[string]any{
		"password_file": &httpkind.Options{BasicAuth: httpkind.BasicAuth{User: "probe", PasswordFile: "statusbot"}},
		"token_file":    &httpkind.Options{BearerTokenFile: "/run/secrets/token"},
		"key_password":  &httpkind.Options{KeyOptions: probe.KeyOptions{ClientKeyPasswordFile: "key.txt"}},
		"token_url":     &httpkind.Options{OAuth2: httpkind.OAuth2{TokenURL: "https://id.example.com/oauth/token", ClientSecretFile: "secret.txt"}},
		"auth":          &snmp.Options{Auth: "sha256", CommunityFile: "community.txt"},
		"environment":   &execkind.Options{Argv: []string{"./a.sh", "--password-file", "/run/secrets/db", "--token-file=../token"}, Env: map[string]string{"DB_PASSWORD_FILE": "/run/secrets/db", "TokenFile": "~/token"}},
	} {
		if got := redact.Of(options); len(got) > 0 {
			t.Errorf("%s: taken for secrets: %q", name, got)
		}
	}
	got := redact.Of(&httpkind.Options{OAuth2: httpkind.OAuth2{TokenURL: "https://ana:in-the-url@id.example.com/?token=in-the-query"}})
	got = append(got, redact.Of(&execkind.Options{Argv: []string{"--password", "/as/a/path"}, Env: map[string]string{"PASSWORD_FILE": "not a path", "TOKEN": "/dev/null/x"}})...)
	for _, want := range []string{"in-the-url", "in-the-query", "/as/a/path", "not a path", "/dev/null/x"} {
		if !slices.Contains(got, want) {
			t.Errorf("%q is not among the secrets %q", want, got)
		}
	}
}

// webOptions returns options of kind http with defaults, changed by the funcs.
func webOptions(url string, change ...func(*httpkind.Options)) *httpkind.Options {
	o := httpkind.Kind.Options().(*httpkind.Options)
	o.URL = url
	for _, f := range change {
		f(o)
	}
	return o
}
