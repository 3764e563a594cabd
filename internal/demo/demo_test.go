package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"
)

// testPace makes the jobs quick: a broken batch shows after 2 s, the shortest
// age that whole seconds can tell from a healthy one.
func testPace() pace {
	return pace{
		batchEvery: 50 * time.Millisecond, batchWarn: 1, batchCrit: 600,
		mailEvery: 20 * time.Millisecond, queueWarn: 5, queueCrit: 1000,
		restart: 300 * time.Millisecond,
	}
}

func startCompany(t *testing.T, seed uint64) *Company {
	t.Helper()
	c, err := start(context.Background(), Config{Dir: t.TempDir(), Seed: seed}, testPace())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// checksOf reads the checks back from the rendered configuration.
func checksOf(t *testing.T, c *Company) configFile {
	t.Helper()
	var f configFile
	dec := yaml.NewDecoder(strings.NewReader(string(c.ConfigYAML())))
	dec.KnownFields(true)
	if err := dec.Decode(&f); err != nil {
		t.Fatal(err)
	}
	return f
}

var probeClient = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}

// probe does once what a check of the configuration says; nil is a pass.
func probe(ch configCheck) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	switch ch.Kind {
	case "http":
		return probeHTTP(ctx, ch.HTTP)
	case "tcp":
		return probeTCP(ctx, ch.TCP)
	case "exec":
		out, err := exec.CommandContext(ctx, ch.Exec.Argv[0], ch.Exec.Argv[1:]...).Output()
		if err != nil {
			return fmt.Errorf("%w: %s", err, out)
		}
		return nil
	}
	return fmt.Errorf("no kind %q", ch.Kind)
}

func probeHTTP(ctx context.Context, o *configHTTP) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, o.URL, nil)
	if err != nil {
		return err
	}
	for k, v := range o.Headers {
		req.Header.Set(k, v)
	}
	resp, err := probeClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("status %d: %s", resp.StatusCode, body)
	}
	for _, text := range o.Contains {
		if !strings.Contains(string(body), text) {
			return fmt.Errorf("no %q in %s", text, body)
		}
	}
	var values map[string]string
	if err := json.Unmarshal(body, &values); err != nil {
		return err
	}
	for _, j := range o.JSON {
		if values[strings.TrimPrefix(j.Path, "$.")] != j.Equals {
			return fmt.Errorf("%s is %q, want %q", j.Path, values[strings.TrimPrefix(j.Path, "$.")], j.Equals)
		}
	}
	return nil
}

func probeTCP(ctx context.Context, o *configTCP) error {
	var d net.Dialer
	c, err := d.DialContext(ctx, "tcp", o.Address)
	if err != nil {
		return err
	}
	defer c.Close()
	deadline, _ := ctx.Deadline()
	if err := c.SetDeadline(deadline); err != nil {
		return err
	}
	if _, err := io.WriteString(c, o.Send); err != nil {
		return err
	}
	buf := make([]byte, maxLine)
	n, err := c.Read(buf)
	if err != nil {
		return err
	}
	if got := string(buf[:n]); !strings.Contains(got, o.Expect) {
		return fmt.Errorf("got %q, want %q in it", got, o.Expect)
	}
	return nil
}

// eventually waits until cond holds, for at most 10 s.
func eventually(t *testing.T, what string, cond func() bool) {
	t.Helper()
	for end := time.Now().Add(2 * time.Minute); !cond(); {
		if time.Now().After(end) {
			t.Fatalf("never: %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}
