// Package config reads the configuration and hides its form: YAML files, what
// they include, and STATUSBOT_* variables of the environment go in, one
// complete and valid Config comes out, or every problem at once.
//
// Each problem carries its file, line and key, and what to write instead. No
// message repeats a value that may be a secret. What is complete: defaults are
// filled in, ids are unique and resolve, durations are in range, each check
// carries its owner, its place and its kind's own options, which the kind
// itself has accepted (its Build was called once).
//
// Three layers decide the value of a setting, the later wins: the default, the
// main file, the environment. Viper keeps these layers for the settings, that
// is for every key outside lists. Lists (components, products, checks) do not
// pass through viper, which folds the case of all keys and splits them at
// dots: header names would not survive it. docs/adr/0002-configuration.md has
// the reasons, docs/configuration.md every key.
package config

import (
	"slices"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/kinds"
	"github.com/statusbot/statusbot/internal/checks/probe"
)

// Config is everything that statusbot is told. It is complete and valid, and
// does not change.
type Config struct {
	Company     string
	Timezone    *time.Location // for times without a reader's own zone; UTC unless set
	DataDir     string         // relative to the working directory
	Slack       Slack
	Updates     Updates
	Detection   Detection
	Probes      Probes
	Journal     Journal
	Limits      Limits
	Web         Web
	Page        Page
	Watchdog    Watchdog
	Access      Access
	Agents      Agents
	Components  []Component    // in the order of the files
	Products    []Product      // in the order of the files
	Checks      []checks.Check // in the order of the files
	OnCall      []OnCall       // in the order of the files
	Ways        []Way          // in the order of the files
	Hooks       []Hook         // in the order of the files
	Maintenance []Maintenance  // planned, in the order of the files
	Warnings    []Problem      // what is odd but works, sorted by file and line
	Files       Files          // what was read
}

// Slack says how statusbot meets Slack.
type Slack struct {
	Mode     string // "sandbox": a local Slack of our own; "socket": Slack itself, by Socket Mode; "http": Slack itself, by HTTP
	Listen   string // host:port of the sandbox's page and API, or of where Slack's requests come in
	APIURL   string // base of Slack's Web API with a final "/"; empty means Slack's own
	Command  string // name of the slash command, with its slash
	BotToken Secret // xoxb-...; never empty but in sandbox mode
	AppToken Secret // xapp-...; never empty in socket mode

	SigningSecret Secret // what Slack signs its requests with; never empty in http mode
	CertFile      string // certificate and its chain in PEM, for http mode; empty: plain HTTP
	KeyFile       string // its key in PEM; given with CertFile
}

// Updates says when impact updates appear in a channel.
type Updates struct {
	Every     time.Duration // 1 s to 60 min
	Channel   string        // name without "#", or id; where detected incidents are announced; empty: nowhere
	AutoStart []AutoStart   // further channels, each for some products
	Mode      string        // "edit": an update without news edits the last post; "post": every update is a post; "thread": news are replies to the first post, which shows the newest
	PostAfter time.Duration // age at which the last post is too old to be edited
	Window    time.Duration // span of results that an update's figures cover
	// RemindAfter is how long nobody may write anything down in an incident before who
	// began it is reminded, 10 min to 24 h; 0: never.
	RemindAfter time.Duration
	Pictures    string // "native": Slack's charts; "image": uploaded heat maps; "off"
}

// Detection says what counts as trouble.
type Detection struct {
	FalseAlarms float64 // expected of one product in 30 days while all is as usual: more is quicker, and wrong more often
}

// Probes says what all checks have in common unless they say otherwise.
type Probes struct {
	Trace bool // requests carry the id of a trace
	Spans Spans
}

// Spans says which collector of OpenTelemetry is told of probes.
type Spans struct {
	Endpoint string // base of its OTLP over HTTP; empty: nobody
	Headers  Secret // "name=value,..." that each request has, as HeaderFields takes it apart; zero: none
	CAFile   string // certificates that its own may be of, in PEM, beside the machine's; empty: those alone
	Failed   bool   // of probes that did not pass alone
}

// Journal says where the journal lives. By default it is inside the process,
// with its files in the data directory.
type Journal struct {
	URL             string        // an existing NATS cluster with JetStream instead; may hold a password
	CredentialsFile string        // NATS credentials for URL; empty: none
	Replicas        int           // of each stream, 1 to 5
	ResultsAge      time.Duration // how long results are kept, 1 h to 30 days
	Cluster         Cluster
}

// Cluster says which statusbots form a cluster of their own.
type Cluster struct {
	Name    string   // empty: none
	Members []string // "host:port" of all, this one included; 3 or 5
	Folder  string   // what this member is let in with, as statusbot cluster init wrote it
	Listen  string   // host:port; empty: the port of its own among the members
}

// Agents says where those come in that probe from other networks.
type Agents struct {
	Listen   string // host:port; empty: nowhere
	CertFile string // certificate and its chain in PEM; empty: one of statusbot's own making
	KeyFile  string // its key in PEM; given with CertFile
}

// Limits spare the hosts that are probed.
type Limits struct {
	PerHost      int           // probes under way at once to one host; 0 for no bound
	BurstPerHost int           // probes a second that bursts add to one host at most
	BurstEvery   time.Duration // no burst probes a check more often, whatever its owner allows
}

// Web says where statusbot itself can be reached by HTTP.
type Web struct {
	Listen   string // host:port; empty: nowhere
	CertFile string // certificate and its chain in PEM; empty: plain HTTP
	KeyFile  string // its key in PEM; given with CertFile

	Metrics      bool   // Prometheus may ask
	MetricsToken Secret // if it says this; zero: whoever reaches Listen
}

// Watchdog says who elsewhere is told that all is well, and misses it when it
// stays away.
type Watchdog struct {
	URL   Secret        // asked for while statusbot sees and is heard; zero: nobody
	Every time.Duration // 10s to 1h
}

// Component is something shared that products depend on.
type Component struct {
	ID        string
	Name      string   // the id unless set
	DependsOn []string // ids of other components; no cycle
	Source    checks.Source
}

// Product is what clients use and one team owns.
type Product struct {
	ID      string
	Name    string // the id unless set
	Owner   string // who answers for it; empty if nobody is named
	Says    Says
	Runbook string        // http(s) URL, or empty
	Public  bool          // it stands on the public page
	Burst   time.Duration // its checks may be probed this often while in doubt; 0: never more often than they say
	Source  checks.Source
}

// Says is what a level means to the product's clients, in the owner's words;
// either may be empty.
type Says struct {
	Degraded string `mapstructure:"degraded"`
	Outage   string `mapstructure:"outage"`
}

const (
	ModeSandbox = "sandbox"
	ModeSocket  = "socket"
	ModeHTTP    = "http"
	UpdatesEdit = "edit"
	UpdatesPost = "post"

	UpdatesThread = "thread"

	PicturesNative = "native"
	PicturesImage  = "image"
	PicturesOff    = "off"
)

// Load reads the file at path and what it includes. Env looks a variable up,
// as os.LookupEnv does; nil means an empty environment. The error is always of
// type Problems, sorted by file and line; without one the Config is valid.
func Load(path string, env func(string) (string, bool)) (*Config, error) {
	return load(path, env, kindTable{lookup: kinds.Lookup, names: kinds.Names})
}

// LoadToProbe reads as Load does, for who runs checks and no bot: what is wrong of slack, such as
// a token that is not here, is passed over.
func LoadToProbe(path string, env func(string) (string, bool)) (*Config, error) {
	return load(path, env, kindTable{lookup: kinds.Lookup, names: kinds.Names}, "slack.")
}

// kindTable is the table of the kinds of checks.
type kindTable struct {
	lookup func(string) (probe.Kind, bool)
	names  func() []string
}

// loading is the state of one Load.
type loading struct {
	env      func(string) (string, bool)
	kinds    kindTable
	problems Problems
	warnings Problems
	spent    int
	files    Files
	stamps   map[string]string // :: path -> its part of the stamp, before it was opened

	components []declared[rawComponent]
	products   []declared[rawProduct]
	checks     []declared[rawCheck]
	disabled   []declared[rawCheck] // left out of checks
	planned    []declared[rawMaintenance]
	onCall     []declared[rawOnCall]
	ways       []declared[rawWay]
	hooks      []declared[rawSystem]
	traces     bool // requests carry the id of a trace, where a check says nothing of it

	componentsByID map[string]*item // nil until componentIDs was called
	productsByID   map[string]*item // nil until productIDs was called
}

// declared is one item of a list with its place.
type declared[T any] struct {
	raw  T
	doc  *document
	item *item
}

// load passes over what is said of keys that begin with one of those.
func load(path string, env func(string) (string, bool), kinds kindTable, over ...string) (*Config, error) {
	if env == nil {
		env = func(string) (string, bool) { return "", false }
	}
	l := &loading{env: env, kinds: kinds}
	cfg := l.main(path)
	for _, prefix := range over {
		passed := func(p Problem) bool { return strings.HasPrefix(p.Path, prefix) }
		l.problems, l.warnings = slices.DeleteFunc(l.problems, passed), slices.DeleteFunc(l.warnings, passed)
	}
	if len(l.problems) > 0 {
		return nil, l.problems.sorted()
	}
	cfg.Warnings = l.warnings.sorted()
	return cfg, nil
}

// main reads the main file, then its included files, then fits the parts
// together. What it returns is of use only when there are no problems.
func (l *loading) main(path string) *Config {
	l.looked(path)
	doc, problem := openDocument(path, sourceOfMain(path))
	if problem != nil {
		l.problems = append(l.problems, *problem)
		return nil
	}
	settings := l.settings(doc)
	l.lists(doc)
	l.files.Paths = append(l.files.Paths, path)
	for _, included := range l.include(doc, path) {
		l.included(included, doc)
	}
	cfg := settings.config()
	cfg.Files = l.files
	cfg.Files.Read = l.read()
	cfg.Components = l.allComponents()
	cfg.Products = l.allProducts(cfg.Limits)
	cfg.Updates.AutoStart = settings.autoStart(cfg.Products)
	l.traces = cfg.Probes.Trace
	cfg.Checks = l.allChecks()
	cfg.OnCall = l.allOnCall(cfg.Products)
	cfg.Ways = l.allWays()
	cfg.Hooks = l.allHooks()
	cfg.Maintenance = l.maintenances(cfg, time.Now())
	if len(cfg.Products) == 0 {
		l.warnings = append(l.warnings, doc.problem(nil, "products", "no product is declared, so there is nothing to report on", "declare one under products"))
	}
	l.warnOfUnwatched(cfg)
	l.warnOfUnheard(cfg)
	l.warnOfUntold(cfg)
	l.warnOfUnreached(cfg)
	l.warnOfUnshown(settings, cfg)
	return cfg
}

func (l *loading) reader(doc *document) *reader {
	return &reader{doc: doc, problems: &l.problems, spent: &l.spent}
}
