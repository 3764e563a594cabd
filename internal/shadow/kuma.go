package shadow

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/lazy"
)

var (
	kumaLine = lazy.Compile(`^monitor_status\{(.*)\} ([0-9.]+)`)
	kumaName = lazy.Compile(`(?:^|,)monitor_name="((?:[^"\\]|\\.)*)"`)
	unescape = strings.NewReplacer(`\\`, `\`, `\"`, `"`, `\n`, "\n")
)

// readKuma reads the page for Prometheus of an Uptime Kuma: of each monitor how its last
// try went, 1 up, 0 down, 2 down with tries left before it counts, 3 in maintenance. It
// does not say when that was, so it counts as of now. Monitors of one name cannot be told
// apart there, and are left out.
func readKuma(ctx context.Context, client *http.Client, u *url.URL, now time.Time) ([]Verdict, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, fmt.Errorf("ask %s: %w", u.Host, err)
	}
	resp, err := client.Do(req)
	if err != nil {
		if failed, ok := errors.AsType[*url.Error](err); ok {
			err = failed.Err // without the address, which holds the key
		}
		return nil, fmt.Errorf("ask %s: %w", u.Host, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusUnauthorized {
		return nil, fmt.Errorf("ask %s%s: it wants an API key (Settings, API Keys): write http://:KEY@%[1]s", u.Host, u.Path)
	}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("ask %s%s: it answers %s", u.Host, u.Path, resp.Status)
	}
	var list []Verdict
	seen := map[string]int{}
	in := bufio.NewScanner(io.LimitReader(resp.Body, answerMax))
	in.Buffer(nil, 1<<20)
	for in.Scan() {
		m := kumaLine.FindStringSubmatch(in.Text())
		if m == nil {
			continue
		}
		name := kumaName.FindStringSubmatch(m[1])
		if name == nil {
			continue
		}
		v := Verdict{Key: unescape.Replace(name[1]), At: now, Up: m[2] == "1", Unknown: m[2] == "3"}
		if m[2] == "2" {
			v.Said = "tries are left before it counts as down"
		}
		seen[v.Key]++
		list = append(list, v)
	}
	if err := in.Err(); err != nil {
		return nil, fmt.Errorf("read the answer of %s%s: %w", u.Host, u.Path, err)
	}
	var out []Verdict
	for _, v := range list {
		if seen[v.Key] == 1 {
			out = append(out, v)
		}
	}
	return out, nil
}
