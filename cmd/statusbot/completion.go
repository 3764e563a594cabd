package main

import (
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/statusbot/statusbot/internal/bot"
	"github.com/statusbot/statusbot/internal/config"
)

// shells are those that completion knows, each with what writes its script.
var shells = []struct {
	name  string
	write func(root *cobra.Command, w world) error
}{
	{"bash", func(root *cobra.Command, w world) error { return root.GenBashCompletionV2(w.out, true) }},
	{"zsh", func(root *cobra.Command, w world) error { return root.GenZshCompletion(w.out) }},
	{"fish", func(root *cobra.Command, w world) error { return root.GenFishCompletion(w.out, true) }},
	{"powershell", func(root *cobra.Command, w world) error { return root.GenPowerShellCompletionWithDesc(w.out) }},
}

func completionCommand(w world) *cobra.Command {
	c := &cobra.Command{
		Use:   "completion SHELL",
		Short: "print the script by which a shell completes commands",
		Long: `SHELL is bash, zsh, fish or powershell. Completed are commands, flags, what they may be, and
the products and checks of the configuration that --config names.

  bash        statusbot completion bash > /etc/bash_completion.d/statusbot
  zsh         statusbot completion zsh > "${fpath[1]}/_statusbot"
  fish        statusbot completion fish > ~/.config/fish/completions/statusbot.fish
  powershell  statusbot completion powershell | Out-String | Invoke-Expression

Exit codes: 0 done, 1 failed, 64 wrong call.`,
		Example: `  source <(statusbot completion bash)`,
	}
	for _, s := range shells {
		c.ValidArgs = append(c.ValidArgs, s.name)
	}
	c.RunE = func(c *cobra.Command, args []string) error {
		if len(args) != 1 {
			return usageError("name one shell: bash, zsh, fish or powershell")
		}
		for _, s := range shells {
			if s.name == args[0] {
				return s.write(c.Root(), w)
			}
		}
		return usageError(fmt.Sprintf("there is no completion for %q; write bash, zsh, fish or powershell", args[0]))
	}
	return c
}

// completeChecks completes products and checks of the configuration that *file
// names: nothing while it is bad.
func completeChecks(w world, file *string) cobra.CompletionFunc {
	return func(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		cfg, err := config.Load(*file, w.env)
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		var list []cobra.Completion
		for _, p := range cfg.Products {
			list = append(list, cobra.CompletionWithDesc(p.ID, "product "+p.Name))
		}
		for _, c := range cfg.Checks {
			of := "check of " + c.Product
			if c.Control {
				of = "control check"
			}
			list = append(list, cobra.CompletionWithDesc(c.ID, of))
		}
		return slices.DeleteFunc(list, func(one cobra.Completion) bool {
			for _, said := range args {
				if len(one) > len(said) && one[:len(said)] == said && one[len(said)] == '\t' {
					return true
				}
			}
			return false
		}), cobra.ShellCompDirectiveNoFileComp
	}
}

// completeFlag has a flag completed from a fixed list.
func completeFlag(c *cobra.Command, flag string, values ...string) {
	if err := c.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)); err != nil {
		panic(err) // unreachable unless a command completes a flag that it has not
	}
}

// completeFiles has a flag completed from files that end so, or any.
func completeFiles(c *cobra.Command, flag string, endings ...string) {
	if err := c.MarkFlagFilename(flag, endings...); err != nil {
		panic(err) // unreachable unless a command completes a flag that it has not
	}
}

// completeFolder has a flag completed from folders.
func completeFolder(c *cobra.Command, flag string) {
	if err := c.MarkFlagDirname(flag); err != nil {
		panic(err) // unreachable unless a command completes a flag that it has not
	}
}

// extraFeatureNames are the features that the manifest has when asked.
func extraFeatureNames() []string {
	var names []string
	for _, f := range bot.Features {
		if f.Extra {
			names = append(names, f.Name)
		}
	}
	return names
}
