package main

import (
	"cmp"
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/statusbot/statusbot/internal/config"
	"github.com/statusbot/statusbot/internal/format"
	"github.com/statusbot/statusbot/internal/house"
	"github.com/statusbot/statusbot/internal/journal"
	"github.com/statusbot/statusbot/internal/status"
)

func availabilityCommand(w world) *cobra.Command {
	c := &cobra.Command{
		Use:   "availability [PRODUCT] [--days N] [--config FILE] [--data-dir DIR] [--json]",
		Short: "print the days of a product, or of all: share of tries that passed, time it was hurt",
		Long: fmt.Sprintf(`PRODUCT is an id. A day is one of the company's zone. Its share is that of all tries of the
product's checks that did not fail; it was hurt from the onset of trouble to its end; measured
is how long anything was tried. What was in maintenance, or could not be measured, is in
neither. The newest ten minutes are not counted yet. %d days are kept.

It reads the journal, or asks the statusbot that runs there; run it as the same user.

Exit codes: 0 done, 1 failed, 64 wrong call, 78 bad configuration.`, status.DaysKept),
		Example: `  statusbot availability billing --days 7 --config config.example.yaml`,
	}
	fs := c.Flags()
	days := fs.Int("days", 30, "how many days, the newest")
	file := fs.StringP("config", "c", "", "the configuration's main file; without it products are named by their ids")
	dir := fs.String("data-dir", "", "where the journal is; overrides data_dir, ./data without a configuration")
	asJSON := fs.Bool("json", false, "one JSON object a product")
	completeFolder(c, "data-dir")
	completeFiles(c, "config", "yaml", "yml")
	c.RunE = func(c *cobra.Command, args []string) error {
		switch {
		case len(args) > 1:
			return usageError("name one product, or none for all")
		case *days < 1 || *days > status.DaysKept:
			return usageError(fmt.Sprintf("--days is %d; write 1 to %d", *days, status.DaysKept))
		}
		keep := journal.Config{Dir: cmp.Or(*dir, "data")}
		names := map[string]string{} // :: product id -> name
		if *file != "" {
			cfg, err := config.Load(*file, w.env)
			if err != nil {
				return err
			}
			warn(w, cfg)
			keep = journalOf(cfg, *dir)
			for _, p := range cfg.Products {
				names[p.ID] = p.Name
			}
		}
		if err := there(keep); err != nil {
			return err
		}
		product := ""
		if len(args) == 1 {
			product = args[0]
		}
		list, err := house.Availability(c.Context(), keep, product, *days)
		if err != nil {
			return err
		}
		if len(list) == 0 {
			return noDays(product)
		}
		return printDays(w, list, names, *asJSON)
	}
	return c
}

func noDays(product string) error {
	if product == "" {
		return fmt.Errorf("no day is known of any product yet: one is counted from the tenth minute on")
	}
	return fmt.Errorf("no day is known of product %q; without a product all that are known are printed", product)
}

func printDays(w world, list []house.ProductDays, names map[string]string, asJSON bool) error {
	for i, p := range list {
		if asJSON {
			if err := json.NewEncoder(w.out).Encode(p); err != nil {
				return err
			}
			continue
		}
		if i > 0 {
			fmt.Fprintln(w.out)
		}
		name := p.Product
		if n := names[p.Product]; n != "" && n != p.Product {
			name = fmt.Sprintf("%s (%s)", n, p.Product)
		}
		fmt.Fprint(w.out, format.Availability(name, p.Days))
	}
	return nil
}
