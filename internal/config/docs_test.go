package config

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestListsOfNamesInThePages: the names that pages list as taken are those that are refused or warned of.
func TestListsOfNamesInThePages(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		page, before string // what stands before the list, on its line
		one          *regexp.Regexp
		want         []string
	}{
		{"configuration.md", "not a word of the slash command:", regexp.MustCompile("`([a-z]+)`"), reservedIDs},
		{"slack.md", "`validate` warns of these):", regexp.MustCompile(`[a-z]+`), reservedCommands},
	} {
		text, err := os.ReadFile("../../docs/" + tt.page)
		if err != nil {
			t.Fatal(err)
		}
		_, list, found := strings.Cut(string(text), tt.before)
		if !found {
			t.Errorf("%s does not say %q", tt.page, tt.before)
		}
		list, _, _ = strings.Cut(list, " | ")
		list, _, _ = strings.Cut(list, ".\n")
		var got []string
		for _, m := range tt.one.FindAllStringSubmatch(list, -1) {
			got = append(got, m[len(m)-1])
		}
		slices.Sort(got)
		if diff := cmp.Diff(slices.Sorted(slices.Values(tt.want)), got); diff != "" {
			t.Errorf("%s lists others than the code (-code +page):\n%s", tt.page, diff)
		}
	}
}
