package config

import (
	"fmt"
	"maps"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // a container without zone files must still know America/New_York

	"github.com/spf13/viper"
	"go.yaml.in/yaml/v3"
)

// rawSettings is the main file's part outside lists, as written.
type rawSettings struct {
	Company   string       `mapstructure:"company"`
	Timezone  string       `mapstructure:"timezone"`
	DataDir   string       `mapstructure:"data_dir"`
	Slack     rawSlack     `mapstructure:"slack"`
	Updates   rawUpdates   `mapstructure:"updates"`
	Detection rawDetection `mapstructure:"detection"`
	Probes    rawProbes    `mapstructure:"probes"`
	Journal   rawJournal   `mapstructure:"journal"`
	Limits    rawLimits    `mapstructure:"limits"`
	Web       rawWeb       `mapstructure:"web"`
	Page      rawPage      `mapstructure:"page"`
	Watchdog  rawWatchdog  `mapstructure:"watchdog"`
	Access    rawAccess    `mapstructure:"access"`
	Agents    rawAgents    `mapstructure:"agents"`
}

type rawSlack struct {
	Mode         string `mapstructure:"mode"`
	Listen       string `mapstructure:"listen"`
	APIURL       string `mapstructure:"api_url"`
	Command      string `mapstructure:"command"`
	BotToken     string `mapstructure:"bot_token"`
	BotTokenFile string `mapstructure:"bot_token_file"`
	AppToken     string `mapstructure:"app_token"`
	AppTokenFile string `mapstructure:"app_token_file"`

	SigningSecret     string `mapstructure:"signing_secret"`
	SigningSecretFile string `mapstructure:"signing_secret_file"`
	CertFile          string `mapstructure:"cert_file"`
	KeyFile           string `mapstructure:"key_file"`
}

type rawUpdates struct {
	Every     time.Duration `mapstructure:"every"`
	Channel   string        `mapstructure:"channel"`
	Mode      string        `mapstructure:"mode"`
	PostAfter time.Duration `mapstructure:"post_after"`
	AutoStart []rawStart    `mapstructure:"auto_start"`
	Window    time.Duration `mapstructure:"window"`
	Pictures  string        `mapstructure:"pictures"`

	RemindAfter time.Duration `mapstructure:"remind_after"`
}

type rawDetection struct {
	FalseAlarms float64 `mapstructure:"false_alarms"`
}

type rawProbes struct {
	Trace bool     `mapstructure:"trace"`
	Spans rawSpans `mapstructure:"spans"`
}

type rawJournal struct {
	URL             string        `mapstructure:"url"`
	CredentialsFile string        `mapstructure:"credentials_file"`
	Replicas        int           `mapstructure:"replicas"`
	ResultsAge      time.Duration `mapstructure:"results_age"`
	Cluster         rawCluster    `mapstructure:"cluster"`
}

type rawCluster struct {
	Name    string   `mapstructure:"name"`
	Members []string `mapstructure:"members"`
	Folder  string   `mapstructure:"folder"`
	Listen  string   `mapstructure:"listen"`
}

type rawLimits struct {
	PerHost      int           `mapstructure:"per_host"`
	BurstPerHost int           `mapstructure:"burst_per_host"`
	BurstEvery   time.Duration `mapstructure:"burst_every"`
}

// defaults are the settings' values when nobody gives one. Those that are not
// named are empty; updates.channel depends on slack.mode.
var defaults = map[string]any{ // :: key -> value
	"timezone":           "UTC",
	"data_dir":           "./data",
	"slack.mode":         ModeSandbox,
	"slack.listen":       "127.0.0.1:8085", // loopback: the sandbox asks nobody for a password
	"slack.command":      "/statusbot",     // Slack keeps /status for itself
	"updates.every":      5 * time.Minute,
	"updates.mode":       UpdatesEdit,
	"updates.post_after": 30 * time.Minute,
	"updates.pictures":   PicturesNative,
	"updates.window":     10 * time.Minute, // 20 tries of a check at the default interval

	"detection.false_alarms": 1.0,

	"probes.trace":    true,
	"probes.spans.of": SpansOfAll,

	"limits.burst_per_host": 10, // a browser that loads one page asks for more
	"limits.burst_every":    time.Second,

	"access.read":    []string{accessEveryone},
	"access.write":   []string{accessMembers},
	"access.respond": []string{accessMembers},
	"access.guests":  GuestsSummary,

	"watchdog.every": time.Minute,

	"journal.replicas":    1,
	"journal.results_age": 24 * time.Hour,
}

const sandboxChannel = "incident-demo" // a channel that the sandbox has from the start

// settings is the merged layers with the way back to each value's place.
type settings struct {
	l      *loading
	doc    *document
	layers *viper.Viper
	expand *expander // of the file's ${NAME}
	raw    rawSettings
}

// settings reads every key outside lists from the main file and the
// environment.
func (l *loading) settings(doc *document) *settings {
	r := l.reader(doc)
	r.expand = &expander{env: l.env, seen: map[string]string{}}
	v, _ := r.section(nil, doc.root, reflect.TypeFor[rawSettings](), "", append([]string{"include"}, listKeys...))
	s := &settings{l: l, doc: doc, layers: viper.New(), expand: r.expand}
	for key, value := range defaults {
		s.layers.SetDefault(key, value)
	}
	if written, ok := v.(map[string]any); ok {
		if err := s.layers.MergeConfigMap(written); err != nil {
			l.problems = append(l.problems, doc.problem(nil, "", "cannot be merged: "+err.Error(), "")) // unreachable: the reader made the map
		}
	}
	for key, t := range scalarKeys(reflect.TypeFor[rawSettings](), "") {
		text, set := l.env(envName(key))
		if !set || text == "" {
			continue
		}
		value, message, instead := scalar(text, false, t)
		if message == "" {
			s.layers.Set(key, value)
			continue
		}
		shown := fmt.Sprintf("%q", text)
		if looksSecret(key) || looksLikeToken(text) {
			shown = "this value"
		}
		s.noteEnv(key, strings.ReplaceAll(message, shownHere, shown), instead)
	}
	if err := s.layers.UnmarshalExact(&s.raw); err != nil {
		l.problems = append(l.problems, doc.problem(nil, "", "cannot be decoded: "+err.Error(), "")) // unreachable: every value has its field's type
	}
	return s
}

// scalarKeys lists the keys of t that hold one value, with dots between levels.
func scalarKeys(t reflect.Type, path string) map[string]reflect.Type { // :: key -> type
	found := map[string]reflect.Type{}
	for name, field := range shapeOf(t).fields {
		f := field.Type
		if f.Kind() == reflect.Slice && f.Elem().Kind() == reflect.Struct {
			continue // no variable holds a list of these
		}
		if f.Kind() == reflect.Struct {
			maps.Copy(found, scalarKeys(f, join(path, name)))
			continue
		}
		found[join(path, name)] = f
	}
	return found
}

// envName returns the variable that overrides a key: slack.bot_token is
// STATUSBOT_SLACK_BOT_TOKEN.
func envName(key string) string {
	return "STATUSBOT_" + strings.ToUpper(strings.ReplaceAll(key, ".", "_"))
}

// fromEnv says whether the environment decides a key.
func (s *settings) fromEnv(key string) bool {
	text, set := s.l.env(envName(key))
	return set && text != ""
}

// fromFile returns where the main file gives a key, nil when it does not.
func (s *settings) fromFile(key string) *yaml.Node {
	n := s.doc.root
	var place *yaml.Node
	for part := range strings.SplitSeq(key, ".") {
		if place, n = entry(n, part); place == nil {
			return nil
		}
	}
	return place
}

func (s *settings) noteEnv(key, message, instead string) {
	s.l.problems = append(s.l.problems, Problem{File: "environment", Path: envName(key), Message: message, Instead: instead})
}

// note puts a problem where the key's value comes from.
func (s *settings) note(key, message, instead string) {
	if s.fromEnv(key) {
		s.noteEnv(key, message, instead)
		return
	}
	at := s.fromFile(key)
	for parent := key; at == nil && parent != ""; { // a required key that is missing belongs to its section
		i := strings.LastIndex(parent, ".")
		if i < 0 {
			break
		}
		parent = parent[:i]
		at = s.fromFile(parent)
	}
	s.l.problems = append(s.l.problems, s.doc.problem(at, key, s.expand.hide(message), s.expand.hide(instead)))
}

func (s *settings) warn(key, message, instead string) {
	p := s.doc.problem(s.fromFile(key), key, s.expand.hide(message), s.expand.hide(instead))
	if s.fromEnv(key) {
		p = Problem{File: "environment", Path: envName(key), Message: message, Instead: instead}
	}
	s.l.warnings = append(s.l.warnings, p)
}

// config checks the settings and returns them as a Config without lists.
func (s *settings) config() *Config {
	raw := s.raw
	cfg := &Config{
		Company:  strings.TrimSpace(raw.Company),
		Timezone: s.timezone(),
		DataDir:  raw.DataDir,
		Slack:    s.slack(),
		Updates: Updates{
			Every:     s.between("updates.every", raw.Updates.Every, time.Second, time.Hour),
			Channel:   strings.TrimPrefix(raw.Updates.Channel, "#"),
			Mode:      s.oneOf("updates.mode", raw.Updates.Mode, UpdatesEdit, UpdatesPost, UpdatesThread),
			PostAfter: s.between("updates.post_after", raw.Updates.PostAfter, time.Second, 24*time.Hour),
			Window:    s.between("updates.window", raw.Updates.Window, time.Second, 24*time.Hour),
			Pictures:  s.oneOf("updates.pictures", raw.Updates.Pictures, PicturesNative, PicturesImage, PicturesOff),

			RemindAfter: raw.Updates.RemindAfter,
		},
	}
	if cfg.Updates.RemindAfter != 0 {
		s.between("updates.remind_after", cfg.Updates.RemindAfter, 10*time.Minute, 24*time.Hour)
	}
	cfg.Detection = s.detection()
	cfg.Probes = Probes{Trace: s.raw.Probes.Trace, Spans: s.spans()}
	cfg.Journal = s.journal()
	cfg.Limits = s.limits()
	cfg.Web = s.web()
	cfg.Page = s.page(cfg.Web)
	cfg.Watchdog = s.watchdog()
	cfg.Access = s.access()
	cfg.Agents = s.agents()
	if strings.TrimSpace(raw.DataDir) == "" {
		s.note("data_dir", "is empty", `write a folder such as "./data", or remove the key`)
	}
	if cfg.Slack.Mode == ModeSandbox && !s.layers.IsSet("updates.channel") {
		cfg.Updates.Channel = sandboxChannel
	}
	return cfg
}

// Bounds of detection.false_alarms. Below the lower one a share of 2 % takes a
// day to be seen on one check; at the upper one, one a day, nobody believes
// an alarm any more, which suits a demonstration only.
const (
	leastFalseAlarms = 0.01
	mostFalseAlarms  = 30
)

func (s *settings) detection() Detection {
	d := Detection{FalseAlarms: s.raw.Detection.FalseAlarms}
	if !(d.FalseAlarms >= leastFalseAlarms && d.FalseAlarms <= mostFalseAlarms) {
		s.note("detection.false_alarms", fmt.Sprintf("%g is not between %g and %d", d.FalseAlarms, leastFalseAlarms, mostFalseAlarms),
			"write how many false alarms a product may have in 30 days, for example 1")
	}
	return d
}

// path returns where a file named in the settings is: relative to the main
// file's folder, or to the working directory if the environment names it.
func (s *settings) path(key, name string) string {
	if name == "" || s.fromEnv(key) || filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(filepath.Dir(s.doc.shown), name)
}

// mostReplicas is what JetStream takes.
const mostReplicas = 5

func (s *settings) journal() Journal {
	raw := s.raw.Journal
	for one := range strings.SplitSeq(raw.URL, ",") {
		if raw.URL != "" && !isNATSURL(one) {
			s.note("journal.url", "is not the address of a NATS server", `write "nats://host:4222", several separated by commas, or leave it out`)
			break
		}
	}
	if raw.Replicas < 1 || raw.Replicas > mostReplicas {
		s.note("journal.replicas", fmt.Sprintf("%d is not between 1 and %d", raw.Replicas, mostReplicas), "write 3 for a cluster of three, 1 otherwise")
	} else if raw.Replicas > 1 && raw.URL == "" {
		s.note("journal.replicas", "is more than 1 without a cluster", "set journal.url, or leave it out")
	}
	return Journal{Cluster: s.cluster(), URL: raw.URL, CredentialsFile: s.path("journal.credentials_file", raw.CredentialsFile), Replicas: raw.Replicas,
		ResultsAge: s.between("journal.results_age", raw.ResultsAge, time.Hour, 30*24*time.Hour)}
}

// mostPerHost bounds limits that are counts: more than a runner ever has under
// way.
const mostPerHost = 4096

func (s *settings) limits() Limits {
	raw := s.raw.Limits
	if raw.PerHost < 0 || raw.PerHost > mostPerHost {
		s.note("limits.per_host", fmt.Sprintf("%d is not between 0 and %d", raw.PerHost, mostPerHost), "write how many probes of one host may be under way at once, or 0 for no bound")
	}
	if raw.BurstPerHost < 1 || raw.BurstPerHost > mostPerHost {
		s.note("limits.burst_per_host", fmt.Sprintf("%d is not between 1 and %d", raw.BurstPerHost, mostPerHost), "write how many probes a second a burst may add to one host")
	}
	return Limits{PerHost: raw.PerHost, BurstPerHost: raw.BurstPerHost,
		BurstEvery: s.between("limits.burst_every", raw.BurstEvery, leastEvery, mostEvery)}
}

func (s *settings) timezone() *time.Location {
	zone, ok := zoneNamed(s.raw.Timezone)
	if !ok {
		s.note("timezone", fmt.Sprintf("%q is not a time zone", clip(s.raw.Timezone)), `write a name of the IANA list such as "America/New_York" or "UTC"`)
		return time.UTC
	}
	return zone
}

// zoneNamed is the zone of that name; none is "Local", which each member would take for another.
func zoneNamed(name string) (*time.Location, bool) {
	zone, err := time.LoadLocation(name)
	return zone, err == nil && name != "" && name != "Local"
}

func (s *settings) oneOf(key, value string, allowed ...string) string {
	if !slices.Contains(allowed, value) {
		s.note(key, fmt.Sprintf("%q is not one of %s", clip(value), strings.Join(allowed, ", ")), oneOfInstead(value, allowed))
	}
	return value
}

func oneOfInstead(value string, allowed []string) string {
	if best := nearest(value, allowed); best != "" {
		return fmt.Sprintf("did you mean %q?", best)
	}
	return fmt.Sprintf("write %q", allowed[0])
}

func (s *settings) between(key string, d, least, most time.Duration) time.Duration {
	switch {
	case d < least:
		s.note(key, fmt.Sprintf("%s is less than %s", shortDuration(d), shortDuration(least)), fmt.Sprintf("write at least %q", shortDuration(least)))
	case d > most:
		s.note(key, fmt.Sprintf("%s is more than %s", shortDuration(d), shortDuration(most)), fmt.Sprintf("write at most %q", shortDuration(most)))
	}
	return d
}

// clip shortens text that a message repeats.
func clip(text string) string {
	const most = 40 // characters
	if looksLikeToken(text) {
		return hiddenText
	}
	if r := []rune(text); len(r) > most {
		return string(r[:most]) + "…"
	}
	return text
}
