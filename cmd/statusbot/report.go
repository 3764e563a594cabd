package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/statusbot/statusbot/internal/config"
	"github.com/statusbot/statusbot/internal/format/report"
	"github.com/statusbot/statusbot/internal/house"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/journal"
	"github.com/statusbot/statusbot/internal/publish"
	"github.com/statusbot/statusbot/internal/status"
	"github.com/statusbot/statusbot/internal/web/api"
)

// Formats of a report.
const (
	reportMarkdown = "md"
	reportHTML     = "html"
	reportJSON     = "json"
)

func reportCommand(w world) *cobra.Command {
	c := &cobra.Command{
		Use:   "report [INCIDENT] [--config FILE] [--data-dir DIR] [--format md|html|json] [-o FILE]",
		Short: "write the report of an incident",
		Long: `INCIDENT is its number, 7 or inc-7; without it, the newest. The report is made of what the journal holds and of
the configuration: names, owners and files. Without --config it has ids for names. The
same journal and configuration give the same bytes. The HTML page needs nothing else and
can be printed; the format comes from the ending of -o, or is Markdown.

It reads the journal, or asks the statusbot that runs there; run it as the same user.

Exit codes: 0 written, 1 failed, 64 wrong call, 78 bad configuration.`,
		Example: `  statusbot report 7 --config config.example.yaml -o incident-7.html`,
	}
	fs := c.Flags()
	file := fs.StringP("config", "c", "", "the configuration's main file; without it the report names products by their ids")
	dir := fs.String("data-dir", "", "where the journal is; overrides data_dir, ./data without a configuration")
	form := fs.String("format", "", "md, html or json")
	asJSON := fs.Bool("json", false, "as --format json: its sentences, and all of it as Markdown")
	out := fs.StringP("output", "o", "", "file to write; standard output without it")
	completeFlag(c, "format", reportMarkdown, reportHTML, reportJSON)
	completeFolder(c, "data-dir")
	completeFiles(c, "config", "yaml", "yml")
	c.RunE = func(c *cobra.Command, args []string) error {
		ctx := c.Context()
		id := house.NewestIncident
		switch len(args) {
		case 0:
		case 1:
			var ok bool
			if id, ok = incidentID(args[0]); !ok {
				return usageError(fmt.Sprintf("%q is no incident: write its number, such as 7, or none for the newest", args[0]))
			}
		default:
			return usageError("write the number of one incident; `statusbot incidents` lists them")
		}
		if *asJSON && *form == "" {
			*form = reportJSON
		}
		as, err := reportFormat(*form, *out)
		if err != nil {
			return err
		}
		data, err := writeReport(ctx, id, as, *file, *dir, w)
		if err != nil {
			return err
		}
		if *out == "" {
			_, err = w.out.Write(data)
			return err
		}
		if err := os.WriteFile(*out, data, 0o644); err != nil { //nolint:gosec // a report is to be read by others
			return fmt.Errorf("write report: %w", err)
		}
		return nil
	}
	return c
}

// incidentID reads how a person names an incident: "7", "#7" or "inc-7".
func incidentID(said string) (string, bool) {
	n, err := strconv.Atoi(strings.TrimPrefix(strings.TrimPrefix(strings.ToLower(said), "inc-"), "#"))
	return incident.ID(n), err == nil && n > 0
}

func reportFormat(said, out string) (string, error) {
	switch said {
	case reportMarkdown, reportHTML, reportJSON:
		return said, nil
	case "":
		if strings.HasSuffix(out, ".html") || strings.HasSuffix(out, ".htm") {
			return reportHTML, nil
		}
		return reportMarkdown, nil
	}
	return "", usageError(fmt.Sprintf("--format is %q; write md, html or json", said))
}

func writeReport(ctx context.Context, id, as, file, dir string, w world) ([]byte, error) {
	keep := journal.Config{Dir: cmp.Or(dir, "data")}
	var def status.Definition
	if file != "" {
		cfg, err := config.Load(file, w.env)
		if err != nil {
			return nil, err
		}
		warn(w, cfg)
		def = house.Definition(cfg)
		keep = journalOf(cfg, dir)
	}
	if err := there(keep); err != nil {
		return nil, err
	}
	events, err := eventsOf(ctx, keep, id)
	if errors.Is(err, publish.ErrNotFound) && id == house.NewestIncident {
		return nil, errors.New("there was no incident yet")
	}
	if errors.Is(err, publish.ErrNotFound) {
		return nil, fmt.Errorf("the journal has no incident %s", strings.TrimPrefix(id, "inc-"))
	}
	if err != nil {
		return nil, err
	}
	r, ok := report.New(report.Facts{Events: events, Definition: def})
	if !ok {
		return nil, fmt.Errorf("the beginning of incident %s is lost: no report can be made of it", strings.TrimPrefix(id, "inc-"))
	}
	switch as {
	case reportMarkdown:
		return r.Markdown(), nil
	case reportJSON:
		return json.Marshal(api.ReportOf(incident.FoldAll(events), r))
	}
	return r.HTML()
}

// journalOf is where the journal of a configuration is, for who reads it; dir
// overrides data_dir unless it is empty.
func journalOf(cfg *config.Config, dir string) journal.Config {
	keep := journal.Config{Dir: cmp.Or(dir, cfg.DataDir), URL: cfg.Journal.URL, CredentialsFile: cfg.Journal.CredentialsFile,
		Replicas: cfg.Journal.Replicas, ResultsAge: cfg.Journal.ResultsAge}
	if keep.URL != "" {
		keep.Dir, keep.Node = "", "reader-"+strconv.Itoa(os.Getpid()) // a statusbot beside us holds the directory
	}
	return keep
}

// there fails where there is no data directory to read.
func there(keep journal.Config) error {
	if keep.Dir == "" {
		return nil
	}
	if _, err := os.Stat(keep.Dir); err != nil {
		return fmt.Errorf("there is no data directory %s: name it by --data-dir", keep.Dir)
	}
	return nil
}

// eventsOf reads an incident's log from the journal, or from the statusbot that
// holds it.
func eventsOf(ctx context.Context, keep journal.Config, id string) ([]incident.Event, error) {
	j, err := journal.Open(ctx, keep)
	if errors.Is(err, journal.ErrLocked) {
		events, beside := house.EventsBeside(ctx, keep.Dir, id)
		if errors.Is(beside, house.ErrNoDoor) {
			return nil, fmt.Errorf("%w; or ask the statusbot that runs by its command `report` in Slack (%w)", err, beside)
		}
		return events, beside
	}
	if err != nil {
		return nil, err
	}
	defer j.Close()
	return house.EventsOf(ctx, j, id)
}
