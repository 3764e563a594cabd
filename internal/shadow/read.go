package shadow

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Reader fetches the newest verdicts of another tool, some of which it may have
// returned before.
type Reader func(ctx context.Context) ([]Verdict, error)

// answerMax bounds what is read of an answer or a file.
const answerMax = 64 << 20

// Tools are those that say what they think, by the names that adopt.Tools has.
func Tools() []string { return []string{"gatus", "blackbox", "nagios", "uptime-kuma"} }

// NewReader returns what reads a tool's verdicts: of Gatus by its address, of the
// blackbox exporter by that of Prometheus, of Nagios by the path of its status.dat, of
// Uptime Kuma by its address with an API key.
func NewReader(tool, where string, client *http.Client) (Reader, error) {
	if tool == "nagios" {
		return func(context.Context) ([]Verdict, error) { return readNagios(where) }, nil
	}
	u, err := url.Parse(where)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, errors.New("write its address, such as http://127.0.0.1:9090")
	}
	switch tool {
	case "gatus":
		u = u.JoinPath("api", "v1", "endpoints", "statuses")
		u.RawQuery = "page=1&pageSize=20"
		return func(ctx context.Context) ([]Verdict, error) { return readGatus(ctx, client, u) }, nil
	case "blackbox":
		u = u.JoinPath("api", "v1", "query")
		u.RawQuery = url.Values{"query": {"probe_success[5m]"}}.Encode()
		return func(ctx context.Context) ([]Verdict, error) { return readPrometheus(ctx, client, u) }, nil
	case "uptime-kuma":
		u = u.JoinPath("metrics")
		return func(ctx context.Context) ([]Verdict, error) { return readKuma(ctx, client, u, time.Now()) }, nil
	}
	return nil, fmt.Errorf("what %s thinks cannot be read; it can be of %s", tool, strings.Join(Tools(), ", "))
}

// get reads an answer in JSON.
func get(ctx context.Context, client *http.Client, u *url.URL, into any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return fmt.Errorf("ask %s: %w", u.Host, err)
	}
	resp, err := client.Do(req)
	if err != nil {
		if failed, ok := errors.AsType[*url.Error](err); ok {
			err = failed.Err // without the address, which may hold a password
		}
		return fmt.Errorf("ask %s: %w", u.Host, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("ask %s%s: it answers %s", u.Host, u.Path, resp.Status)
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, answerMax)).Decode(into); err != nil {
		return fmt.Errorf("read the answer of %s%s: %w", u.Host, u.Path, err)
	}
	return nil
}

func readGatus(ctx context.Context, client *http.Client, u *url.URL) (list []Verdict, err error) {
	var answer []struct {
		Name, Group string
		Results     []struct {
			Success    bool
			Timestamp  time.Time
			Errors     []string
			Conditions []struct {
				Condition string
				Success   bool
			} `json:"conditionResults"`
		}
	}
	if err := get(ctx, client, u, &answer); err != nil {
		return nil, err
	}
	for _, e := range answer {
		key := e.Name
		if e.Group != "" {
			key = e.Group + "/" + e.Name
		}
		for _, r := range e.Results {
			said := slices.Clone(r.Errors)
			for _, c := range r.Conditions {
				if !c.Success {
					said = append(said, c.Condition)
				}
			}
			list = append(list, Verdict{Key: key, At: r.Timestamp, Up: r.Success, Said: strings.Join(said, ", ")})
		}
	}
	slices.SortStableFunc(list, func(x, y Verdict) int { return x.At.Compare(y.At) })
	return list, nil
}

func readPrometheus(ctx context.Context, client *http.Client, u *url.URL) (list []Verdict, err error) {
	var answer struct {
		Data struct {
			Result []struct {
				Metric struct{ Instance, Job string }
				Values [][2]any
			}
		}
	}
	if err := get(ctx, client, u, &answer); err != nil {
		return nil, err
	}
	for _, series := range answer.Data.Result {
		for _, sample := range series.Values {
			at, isNumber := sample[0].(float64)
			value, isText := sample[1].(string)
			if !isNumber || !isText {
				return nil, fmt.Errorf("read the answer of %s: a sample is not a time and a value", u.Host)
			}
			list = append(list, Verdict{Key: prometheusKey(series.Metric.Job, series.Metric.Instance), At: time.UnixMilli(int64(at * 1000)), Up: value == "1"})
		}
	}
	return list, nil
}

// prometheusKey is what Prometheus names a target.
func prometheusKey(job, instance string) string { return job + "/" + instance }

// readNagios reads the blocks of hosts and services of a status.dat.
func readNagios(file string) (list []Verdict, err error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("read what Nagios thinks: %w", err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, answerMax))
	if err != nil {
		return nil, fmt.Errorf("read what Nagios thinks: %w", err)
	}
	kind, fields := "", map[string]string{}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		switch name, value, ok := strings.Cut(line, "="); {
		case strings.HasSuffix(line, "{"):
			kind, fields = strings.TrimSpace(strings.TrimSuffix(line, "{")), map[string]string{}
		case line == "}":
			if v, ok := nagiosVerdict(kind, fields); ok {
				list = append(list, v)
			}
			kind = ""
		case ok && kind != "":
			fields[name] = value
		}
	}
	return list, nil
}

// nagiosVerdict is what Nagios saw last of a service or a host, whether it counts as hard or not.
func nagiosVerdict(kind string, f map[string]string) (v Verdict, ok bool) {
	at, err := strconv.ParseInt(f["last_check"], 10, 64)
	if err != nil || at == 0 || f["has_been_checked"] == "0" {
		return v, false
	}
	v = Verdict{At: time.Unix(at, 0), Said: f["plugin_output"]}
	switch kind {
	case "servicestatus":
		v.Key = f["host_name"] + "/" + f["service_description"]
		v.Up, v.Unknown = f["current_state"] == "0" || f["current_state"] == "1", f["current_state"] == "3"
	case "hoststatus":
		v.Key, v.Up = f["host_name"]+"/host", f["current_state"] == "0"
	default:
		return v, false
	}
	return v, true
}
