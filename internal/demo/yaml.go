package demo

import (
	"fmt"
	"path/filepath"
	"strconv"
	"time"

	"go.yaml.in/yaml/v3"
)

// The types below are the configuration's form, in the order it is written.

type configFile struct {
	Company    string            `yaml:"company"`
	Timezone   string            `yaml:"timezone"`
	Limits     configLimits      `yaml:"limits"`
	Components []configComponent `yaml:"components"`
	Products   []configProduct   `yaml:"products"`
	Checks     []configCheck     `yaml:"checks"`
}

type configLimits struct {
	BurstEvery   string `yaml:"burst_every"`
	BurstPerHost int    `yaml:"burst_per_host"`
}

type configComponent struct {
	ID        string   `yaml:"id"`
	Name      string   `yaml:"name"`
	DependsOn []string `yaml:"depends_on,omitempty,flow"`
}

type configProduct struct {
	ID    string     `yaml:"id"`
	Name  string     `yaml:"name"`
	Owner string     `yaml:"owner"`
	Burst string     `yaml:"burst"`
	Says  configSays `yaml:"says"`
}

type configSays struct {
	Degraded string `yaml:"degraded"`
	Outage   string `yaml:"outage"`
}

type configCheck struct {
	ID      string      `yaml:"id"`
	Product string      `yaml:"product"`
	Kind    string      `yaml:"kind"`
	Every   string      `yaml:"every"`
	Timeout string      `yaml:"timeout"`
	Uses    []string    `yaml:"uses,omitempty,flow"`
	HTTP    *configHTTP `yaml:"http,omitempty"`
	TCP     *configTCP  `yaml:"tcp,omitempty"`
	Exec    *configExec `yaml:"exec,omitempty"`
}

type configHTTP struct {
	URL          string            `yaml:"url"`
	Headers      map[string]string `yaml:"headers,omitempty"`
	Contains     []string          `yaml:"contains,omitempty,flow"`
	JSON         []configJSON      `yaml:"json,omitempty"`
	DegradedOver string            `yaml:"degraded_over"`
}

type configJSON struct {
	Path   string `yaml:"path"`
	Equals string `yaml:"equals"`
}

type configTCP struct {
	Address string `yaml:"address"`
	Send    string `yaml:"send,omitempty"`
	Expect  string `yaml:"expect,omitempty"`
}

type configExec struct {
	Argv []string `yaml:"argv,flow"`
}

// ConfigYAML returns a statusbot configuration of the company as it listens
// now: components, products and checks. How to reach Slack and how often to
// update are the caller's to add. It stays true across Break and Restart, since
// ports stay.
func (c *Company) ConfigYAML() []byte {
	f := configFile{Company: "Harbour Street Trading (demo)", Timezone: "America/New_York", Limits: configLimits{BurstEvery: span(burstEvery), BurstPerHost: burstPerHost}}
	for _, p := range c.parts {
		f.Components = append(f.Components, configComponent{ID: p.id, Name: p.name, DependsOn: p.dependsOn})
	}
	for _, p := range productTable {
		f.Products = append(f.Products, configProduct{
			ID: p.id, Name: p.name, Owner: p.owner, Burst: span(burstEvery),
			Says: configSays{Degraded: p.degraded, Outage: p.outage},
		})
		for _, ch := range p.checks {
			f.Checks = append(f.Checks, c.configCheck(p, ch))
		}
	}
	text, err := yaml.Marshal(f)
	if err != nil {
		panic(fmt.Sprintf("render demo configuration: %v", err)) // unreachable: only strings and lists
	}
	return text
}

func (c *Company) configCheck(p product, ch check) configCheck {
	out := configCheck{
		ID: ch.id, Product: p.id, Uses: ch.uses,
		Every: span(checkEvery), Timeout: span(checkTimeout),
	}
	script := func(name string, warn, crit int, file string) {
		out.Kind, out.Every, out.Timeout = "exec", span(scriptEvery), span(scriptTimeout)
		out.Exec = &configExec{Argv: []string{
			filepath.Join(c.dir, name), "--warn", strconv.Itoa(warn), "--crit", strconv.Itoa(crit), file,
		}}
	}
	switch {
	case ch.batch:
		script("check_batch_age.sh", c.pace.batchWarn, c.pace.batchCrit, c.batchFile(p.id))
	case ch.queue:
		script("check_queue.sh", c.pace.queueWarn, c.pace.queueCrit, c.queueFile())
	case ch.banner:
		out.Kind = "tcp"
		out.TCP = &configTCP{Address: c.services.relay, Expect: ch.expect}
	case ch.send != "":
		out.Kind = "tcp"
		out.TCP = &configTCP{Address: c.backends[p.id].address(), Send: ch.send, Expect: ch.expect}
	default:
		out.Kind = "http"
		out.HTTP = &configHTTP{
			URL:          "http://" + c.frontAddress(p) + "/" + p.id + ch.path,
			Headers:      map[string]string{"Authorization": "Bearer " + token},
			JSON:         []configJSON{{Path: "$.status", Equals: "ok"}},
			DegradedOver: span(degradedOver),
		}
		if ch.expect != "" {
			out.HTTP.Contains = []string{ch.expect}
		}
	}
	return out
}

func (c *Company) frontAddress(p product) string {
	if p.front == viaEdge {
		return c.part("edge-lb").proc.address()
	}
	return c.backends[p.id].address()
}

// span writes a duration as the configuration does, "1.5s".
func span(d time.Duration) string { return d.String() }
