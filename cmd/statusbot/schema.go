package main

import (
	"github.com/spf13/cobra"

	"github.com/statusbot/statusbot/internal/config"
)

func schemaCommand(w world) *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "print a JSON Schema of configuration files, for editors",
		Long: `Editors with a language server for YAML complete keys by it and mark what is misspelt, once the
file begins with: # yaml-language-server: $schema=statusbot.schema.json
What "statusbot validate" says goes further: it knows ids, files and each kind's own rules.

Exit codes: 0 printed, 1 failed, 64 wrong call.`,
		Example: `  statusbot schema > statusbot.schema.json`,
		Args:    noArgs(""),
		RunE: func(*cobra.Command, []string) error {
			text, err := config.Schema()
			if err == nil {
				_, err = w.out.Write(text)
			}
			return err
		},
	}
}
