package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// commandsInText are calls of statusbot that a page has within a sentence or a table.
var commandsInText = regexp.MustCompile("`(statusbot [^`]+)`")

// TestCommandsWithinSentences: each command that a page names within a sentence is there, and
// so is each flag that stands behind it. Those of whole examples are run elsewhere.
func TestCommandsWithinSentences(t *testing.T) {
	t.Parallel()
	root := rootCommand(world{})
	read := 0
	for _, page := range append(pagesOf(t), filepath.Join("..", "..", "CONTRIBUTING.md"), filepath.Join("..", "..", "SECURITY.md"), filepath.Join("..", "..", "CHANGELOG.md")) {
		text, err := os.ReadFile(page)
		need(t, err)
		for _, m := range commandsInText.FindAllStringSubmatch(string(text), -1) {
			if why := notACall(root, m[1]); why != "" {
				t.Errorf("%s: %s: %s", filepath.Base(page), m[1], why)
			}
			read++
		}
	}
	if read < 60 { // so that it does not pass when nothing is found
		t.Errorf("%d commands were read", read)
	}
}

// notACall says what of a call is not there; empty: all of it is.
func notACall(root *cobra.Command, call string) (why string) {
	call, _, _ = strings.Cut(call, " | ")
	call, _, _ = strings.Cut(call, " > ")
	words := strings.Fields(strings.NewReplacer("[", "", "]", "", "…", "", "...", "", `\|`, "|").Replace(call))[1:]
	if len(words) == 0 || !regexp.MustCompile("^[a-z]").MatchString(words[0]) {
		words = append([]string{"--help"}, words...)
	}
	for i := range words {
		if !strings.HasPrefix(words[i], "-") {
			words[i], _, _ = strings.Cut(words[i], "|")
		}
	}
	var args []string // without flags, which Find wants to know
	for _, word := range words {
		if !strings.HasPrefix(word, "-") {
			args = append(args, word)
		}
	}
	cmd, _, err := root.Find(args)
	if err != nil {
		return err.Error()
	}
	for _, word := range words {
		for one := range strings.SplitSeq(word, "|") {
			name, _, _ := strings.Cut(strings.TrimLeft(one, "-"), "=")
			var flag *pflag.Flag
			switch {
			case one == "--help":
				continue
			case strings.HasPrefix(one, "--"):
				flag = cmd.Flags().Lookup(name)
			case len(one) == 2 && one[0] == '-':
				flag = cmd.Flags().ShorthandLookup(name)
			default:
				continue
			}
			if flag == nil {
				return cmd.Name() + " has no " + one
			}
		}
	}
	return ""
}
