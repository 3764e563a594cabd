package house

import (
	"context"
	"errors"
	"reflect"

	"github.com/statusbot/statusbot/internal/bot"
	"github.com/statusbot/statusbot/internal/checks/runner"
	"github.com/statusbot/statusbot/internal/config"
	"github.com/statusbot/statusbot/internal/metrics"
	"github.com/statusbot/statusbot/internal/spans"
)

// spansOf is what a configuration says of who is told of probes; zero for nobody.
func spansOf(cfg *config.Config) spans.Config {
	s := cfg.Probes.Spans
	if s.Endpoint == "" {
		return spans.Config{}
	}
	return spans.Config{Endpoint: s.Endpoint, Headers: s.HeaderFields(), CAFile: s.CAFile, Failed: s.Failed,
		Company: cfg.Company, Version: metrics.Version()}
}

// collector is who is told of probes.
type collector struct {
	*spans.Exporter              // made by run
	to              spans.Config // which one; of whoever applies a configuration
}

// tell has the collector told that the configuration names, if it is another one
// than before; the error is a file's that could be read a moment ago.
func (c *collector) tell(cfg *config.Config, probes *runner.Runner) error {
	next := spansOf(cfg)
	if reflect.DeepEqual(next, c.to) {
		return nil
	}
	if err := c.Use(next); err != nil {
		return err
	}
	c.to = next
	if next.Endpoint == "" {
		probes.Tell(nil)
	} else {
		probes.Tell(c.Told)
	}
	return nil
}

// examineSpans asks the collector whether it takes spans. Nothing where there is none.
func examineSpans(ctx context.Context, cfg *config.Config) []bot.Finding {
	to := spansOf(cfg)
	if to.Endpoint == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, answersWithin)
	defer cancel()
	f := bot.Finding{About: "spans", Grade: bot.Good, Says: "the collector takes what is posted"}
	if err := spans.Examine(ctx, to); err != nil {
		f.Grade, f.Says, f.Cure = bot.Bad, "the collector does not take spans: "+err.Error(), "look at probes.spans: its endpoint speaks OTLP over HTTP, as a rule at port 4318"
		if errors.Is(err, context.DeadlineExceeded) {
			f.Says = "the collector does not answer within " + answersWithin.String()
		}
	}
	return []bot.Finding{f}
}
