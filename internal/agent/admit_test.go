package agent

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats.go"
	"go.uber.org/zap"

	"github.com/statusbot/statusbot/internal/checks"
	execkind "github.com/statusbot/statusbot/internal/checks/kind/exec"
	httpkind "github.com/statusbot/statusbot/internal/checks/kind/http"
	"github.com/statusbot/statusbot/internal/checks/kinds"
	"github.com/statusbot/statusbot/internal/checks/probe/probetest"
)

// TestATokenIsGoodOnce: neither a second time, nor after its hour, nor for another desk.
func TestATokenIsGoodOnce(t *testing.T) {
	t.Parallel()
	o := openDesk(t, nil)
	token, err := o.NewToken(t.Context(), "eu", nil)
	need(t, err)
	secret, pin, err := readToken(token)
	need(t, err)
	at := []string{o.wire.Addr().String()}
	if _, err := Enroll(t.Context(), t.TempDir(), tokenMark+secret+"."+strings.Repeat("A", len(pin)), at); err == nil {
		t.Error("a desk with another certificate was believed")
	}
	dir := t.TempDir()
	c, err := Enroll(t.Context(), dir, token, at)
	need(t, err)
	if read, err := ReadCredentials(dir); err != nil || !reflect.DeepEqual(read, c) || c.Vantage != "eu" {
		t.Errorf("got %+v and %v, want %+v", read, err, c)
	}
	if info, err := os.Stat(filepath.Join(dir, credentialsName)); err != nil || info.Mode().Perm()&0o077 != 0 {
		t.Errorf("others may read the credentials: %v %v", info.Mode(), err)
	}
	for what, text := range map[string]string{"used": token, "made up": tokenMark + "x." + pin, "none": "hello"} {
		if _, err := Enroll(t.Context(), t.TempDir(), text, at); err == nil {
			t.Errorf("a token that is %s was taken", what)
		}
	}
	if _, err := Enroll(t.Context(), dir, token, at); err == nil || !strings.Contains(err.Error(), "already") {
		t.Errorf("a second time into one directory: %v", err)
	}
	// Who holds it twice at once is let in once.
	if _, _, err := enroll(t.Context(), o.book, ticket{Token: secret, Key: make([]byte, keySize)}, time.Now()); err == nil {
		t.Error("it was good twice")
	}
	hourAgo := NewDesk(DeskConfig{Book: o.book, Now: func() time.Time { return time.Now().Add(-tokenLife) }})
	_, err = hourAgo.NewToken(t.Context(), "eu", nil)
	need(t, err)
	p, _, err := readPage(t.Context(), o.book)
	need(t, err)
	if len(p.Tokens) != 1 || len(p.Agents) != 1 || strings.Contains(string(o.book.data), secret) {
		t.Errorf("got %+v", p)
	}
	if (&page{Tokens: p.Tokens}).token("x", time.Now()) >= 0 {
		t.Error("one that is too old is good")
	}
}

// TestAPageThatWasReadBeforeHidesNoToken: the desk looks into its book all the time,
// and one look may end after a token was printed that it had not read.
func TestAPageThatWasReadBeforeHidesNoToken(t *testing.T) {
	t.Parallel()
	o := openDesk(t, nil)
	d := NewDesk(DeskConfig{Book: o.book, Now: time.Now}) // not open: nothing else has it look
	before, _, err := readPage(t.Context(), o.book)
	need(t, err)
	token, err := d.NewToken(t.Context(), "eu", nil)
	need(t, err)
	d.turnTo(before)
	if secret, _, err := readToken(token); err != nil || !d.holds(secret) {
		t.Errorf("a token that was just printed is not known: %v", err)
	}
}

// TestRightsOfAnAgent: it says and hears what is its own, and nothing else; and once it
// is taken out of the book, it ends.
func TestRightsOfAnAgent(t *testing.T) {
	t.Parallel()
	o := openDesk(t, []checks.Check{known("a", time.Minute, "eu", "us")})
	dir, c := o.enroll("eu")
	refused := make(chan error, 100)
	nc, err := nats.Connect(c.urls(), append(c.login(), nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { refused <- err }))...)
	need(t, err)
	defer nc.Close()
	for _, subject := range []string{"up.us." + c.ID + ".hello", "up.eu.other.results", "up.eu." + c.ID, "enroll", "$SYS.REQ.SERVER.PING", "$JS.API.INFO", "_INBOX.other.x"} {
		need(t, nc.Publish(subject, []byte("{}")))
		if err := <-refused; !errors.Is(err, nats.ErrPermissionViolation) {
			t.Errorf("publish %s: %v", subject, err)
		}
	}
	for _, subject := range []string{">", "up.>", "up.eu." + c.ID + ".hello", "_INBOX.>", "enroll", "$SYS.>"} {
		_, err := nc.SubscribeSync(subject)
		need(t, err)
		if err := <-refused; !errors.Is(err, nats.ErrPermissionViolation) {
			t.Errorf("subscribe to %s: %v", subject, err)
		}
	}
	for _, opts := range [][]nats.Option{{}, {nats.UserInfo(inside, "")}, {nats.UserInfo(enrollUser, "x")}, {nats.Token("x")}} {
		if nc, err := nats.Connect(c.urls(), append(c.options(), opts...)...); err == nil {
			nc.Close()
			t.Errorf("%d options let one in", len(opts))
		}
	}
	stranger := c
	stranger.Seed = make([]byte, len(c.Seed))
	if nc, err := nats.Connect(c.urls(), stranger.login()...); err == nil {
		nc.Close()
		t.Error("another key let one in")
	}
	a := run(t, Config{Dir: dir, Credentials: c})
	until(t, "it works", func() bool { return a.checksNow() == 1 })
	found, err := o.Remove(t.Context(), c.ID)
	need(t, err)
	if err := <-a.ended; !found || !errors.Is(err, errOut) {
		t.Errorf("found %v, and it ended with %v", found, err)
	}
	if again, err := o.Remove(t.Context(), c.ID); again || err != nil {
		t.Errorf("removed twice: %v, %v", again, err)
	}
}

// TestWhatADeskTakes: results of the agent's own vantage, of a time that can be, each
// once, and cut to what ours have.
func TestWhatADeskTakes(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_790_000_000, 0).UTC()
	var got []checks.Result
	d := NewDesk(DeskConfig{Book: &memoryBook{}, Log: zap.NewNop(), Now: func() time.Time { return now }, Store: func(data []byte) error {
		list, err := checks.DecodeResults(data)
		got = append(got, list...)
		return err
	}})
	need(t, d.Define([]checks.Check{known("a", time.Minute, "eu", checks.Here), known("b", time.Minute, "us"), known("c", time.Minute)}))
	d.turnTo(page{Agents: []enrolled{{ID: "1", Vantage: "eu"}, {ID: "2", Vantage: "eu"}}})
	send := func(id string, list ...checks.Result) {
		t.Helper()
		data, err := checks.EncodeResults(list)
		need(t, err)
		need(t, d.take(id, data))
	}
	at := func(check string, ago time.Duration) checks.Result {
		return checks.Result{Check: check, Product: "other", Vantage: "us", Started: now.Add(-ago), Duration: time.Second, Outcome: checks.Fail, Reason: checks.ReasonTLS}
	}
	send("1", at("b", 0), at("c", 0), at("none", 0))
	send("3", at("a", 0))
	send("1", at("a", -2*time.Minute), at("a", 25*time.Hour))
	need(t, d.take("1", []byte("{")))
	if len(got) > 0 {
		t.Fatalf("taken: %+v", got)
	}
	long := at("a", time.Hour)
	long.Summary = strings.Repeat("ä", 1000)
	long.Evidence = &checks.Evidence{Output: strings.Repeat("x", 5000), Screenshot: "/etc/passwd", Perf: make([]checks.Perf, 1000), Script: strings.Repeat("y", 1000)}
	send("1", long, at("a", 59*time.Minute))
	send("1", at("a", 59*time.Minute), at("a", 58*time.Minute)) // an answer was lost
	send("2", at("a", 10*time.Minute))                          // another one took over
	send("1", at("a", 30*time.Minute), at("a", 5*time.Minute))  // and the first one comes back
	d.Note([]checks.Result{{Check: "a", Vantage: "eu", Started: now.Add(-2 * time.Minute)}, {Check: "a", Started: now}})
	send("1", at("a", 3*time.Minute), at("a", time.Minute))
	var ago []time.Duration
	for _, r := range got {
		ago = append(ago, now.Sub(r.Started))
		if r.Vantage != "eu" || r.Product != "shop" || r.Reason != checks.ReasonTLS {
			t.Errorf("got %+v", r)
		}
	}
	if want := []time.Duration{time.Hour, 59 * time.Minute, 58 * time.Minute, 10 * time.Minute, 5 * time.Minute, time.Minute}; !cmp.Equal(ago, want) {
		t.Errorf("got %v, want %v", ago, want)
	}
	if e := got[0].Evidence; len(got[0].Summary) != summaryMost || len(e.Output) != outputMost || e.Screenshot != "" || len(e.Perf) != perfMost || len(e.Script) != textMost {
		t.Errorf("not cut: %d, %d, %q, %d, %d", len(got[0].Summary), len(e.Output), e.Screenshot, len(e.Perf), len(e.Script))
	}
	if d.Define(nil); len(d.newest) > 0 {
		t.Errorf("%d streams of checks that went", len(d.newest))
	}
}

// TestWhatAnAgentRefuses: it runs the scripts of its own list, and reads no file.
func TestWhatAnAgentRefuses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	script := filepath.Join(dir, "ok.sh")
	need(t, probetest.WriteProgram(script, "#!/bin/sh\necho \"OK in $PWD with $1\"\n"))
	data, err := os.ReadFile(script)
	need(t, err)
	sum := sha256.Sum256(data)
	listed := filepath.Join(dir, "scripts")
	need(t, os.WriteFile(listed, fmt.Appendf(nil, "# ours\n\n%s sha256:%s\n/bin/true\n", script, hex.EncodeToString(sum[:])), 0o600))
	scripts, err := ReadScripts(listed)
	need(t, err)
	a := &Agent{cfg: Config{Scripts: scripts, Compile: kinds.Compile}}
	probed := func(kind string, options any) checks.Result {
		t.Helper()
		c := checks.Check{ID: "it", Product: "shop", Kind: kind, Every: time.Minute, Timeout: time.Minute, Options: options}
		compiled, err := a.compile(&c)
		need(t, err)
		r, ok := compiled.Run(t.Context())
		if !ok {
			t.Fatal("no result")
		}
		return r
	}
	if r := probed("exec", &execkind.Options{Argv: []string{"./ok.sh", "x"}, Dir: dir}); r.Outcome != checks.Pass || !strings.HasSuffix(r.Summary, "in "+dir+" with x") {
		t.Errorf("an allowed script: %+v", r)
	}
	if r := probed("exec", &execkind.Options{Argv: []string{script}, Dir: "/nowhere"}); r.Outcome != checks.Pass {
		t.Errorf("an allowed script: %+v", r)
	}
	for _, tt := range []struct {
		kind    string
		options any
		says    string
	}{
		{"exec", &execkind.Options{Argv: []string{"/bin/sh", "-c", "id"}}, "list does not have /bin/sh"},
		{"exec", &execkind.Options{Argv: []string{"sh"}}, "list does not have"},
		{"exec", &execkind.Options{Argv: []string{"no-such-program"}}, "has no no-such-program"},
		{"exec", &execkind.Options{Argv: []string{"../ok.sh"}, Dir: dir}, "list does not have"},
		{"exec", &execkind.Options{Argv: []string{script}, Env: map[string]string{"LD_PRELOAD": "/tmp/x.so"}}, "sets no env"},
		{"exec", &execkind.Options{Argv: []string{script}, RunAs: "root"}, "run_as"},
		{"exec", &execkind.Options{}, "names no script"},
		{"http", &httpkind.Options{URL: "http://127.0.0.1", BodyFile: "/etc/shadow"}, "has body_file"},
		{"http", &httpkind.Options{URL: "http://127.0.0.1", BasicAuth: httpkind.BasicAuth{PasswordFile: "/etc/shadow"}}, "has password_file"},
		{"browser", nil, "starts a browser"},
		{"heartbeat", nil, "reports come"},
		{"", unfit("of another version"), "another version"},
		{"http", &httpkind.Options{URL: "nonsense"}, "url"},
	} {
		if r := probed(tt.kind, tt.options); r.Outcome != checks.Unknown || !strings.Contains(r.Summary, tt.says) {
			t.Errorf("%s %+v: got %s %q, want %q", tt.kind, tt.options, r.Outcome, r.Summary, tt.says)
		}
	}
	need(t, os.WriteFile(script, []byte("#!/bin/sh\necho changed\n"), 0o700))
	if r := probed("exec", &execkind.Options{Argv: []string{script}}); r.Outcome != checks.Unknown || !strings.Contains(r.Summary, "SHA-256") {
		t.Errorf("a script that was changed: %+v", r)
	}
	for _, bad := range []string{"relative.sh", "/x sha256:12"} {
		need(t, os.WriteFile(listed, []byte(bad), 0o600))
		if _, err := ReadScripts(listed); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

// TestEveryKindCanBeHandedOut: options come as they went, with each value set.
func TestEveryKindCanBeHandedOut(t *testing.T) {
	t.Parallel()
	for _, name := range kinds.Names() {
		kind, _ := kinds.Lookup(name)
		for _, full := range []bool{false, true} {
			c := checks.Check{ID: "it", Product: "shop", Kind: name, Every: time.Minute, Timeout: time.Second, Options: kind.Options(), Secrets: []string{"s"}, Uses: []string{"lb"}, MustFail: true}
			if full {
				fill(reflect.ValueOf(c.Options))
			}
			data, err := encodeCheck(c)
			need(t, err)
			got, err := decodeCheck(data)
			need(t, err)
			if !reflect.DeepEqual(got, c) {
				t.Errorf("%s: %s", name, cmp.Diff(fmt.Sprintf("%+v", c.Options), fmt.Sprintf("%+v", got.Options)))
			}
		}
	}
	if _, err := decodeCheck([]byte(`{"check":{"ID":"x","Kind":"telepathy"}}`)); err == nil {
		t.Error("an unknown kind was read")
	}
}

// fill sets every option.
func fill(v reflect.Value) {
	if !v.CanSet() && v.Kind() != reflect.Pointer {
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			v.Set(reflect.New(v.Type().Elem()))
		}
		fill(v.Elem())
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i))
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fill(v.Index(0))
		fill(v.Index(1))
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		value := reflect.New(v.Type().Elem()).Elem()
		fill(value)
		v.SetMapIndex(reflect.ValueOf("A-b.c").Convert(v.Type().Key()), value)
	case reflect.String:
		v.SetString("\"ä\n")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(1 << 40)
	case reflect.Uint8:
		v.SetUint(200)
	case reflect.Float64:
		v.SetFloat(2.5)
	case reflect.Interface:
		v.Set(reflect.ValueOf([]any{1, 2.5, "x", true, map[string]any{"a": 3}}))
	}
}

// A check that moves in its file, or that the next leader has from another one, is the same for who probes it.
func TestWhereACheckIsDefinedIsNoOtherCheck(t *testing.T) {
	t.Parallel()
	stamp := func(c checks.Check) string {
		d := NewDesk(DeskConfig{})
		need(t, d.Define([]checks.Check{c}))
		d.known["it"] = enrolled{ID: "it", Vantage: "eu"}
		return d.hears("it", hello{}).Stamp
	}
	a := known("front", time.Second, "eu")
	a.Source = checks.Source{File: "a.yaml", Line: 7}
	b := a
	b.Source = checks.Source{File: "b.yaml", Line: 8}
	other := a
	other.Every *= 2
	if stamp(a) != stamp(b) {
		t.Error("it is another check in another file")
	}
	if stamp(a) == stamp(other) {
		t.Error("it is the same with another interval")
	}
}
