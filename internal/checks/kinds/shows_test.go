package kinds_test

import (
	"encoding/base64"
	"net/url"
	"strings"
	"testing"

	"github.com/statusbot/statusbot/internal/checks/kinds/planted"
)

// TestShowsFindsEachWay: in plain, escaped, and in base64 at each place of a
// longer text and in either alphabet.
func TestShowsFindsEachWay(t *testing.T) {
	const secret = "hunter2?>~ hunter2"
	said := map[string]string{"plain": "at " + secret, "cut": "at hunter2?>", "a query": "?q=" + url.QueryEscape(secret)}
	for n := range 4 {
		text := []byte(strings.Repeat("x", n) + secret)
		said["base64 "+string(rune('0'+n))] = "Basic " + base64.StdEncoding.EncodeToString(text)
		said["base64 of a URL "+string(rune('0'+n))] = "/p/abcd" + base64.RawURLEncoding.EncodeToString(text) + "/q"
	}
	for name, text := range said {
		if planted.Shows(strings.Repeat("nothing to see here, at all\n", 3)+text, secret) == "" {
			t.Errorf("%s is not found in %q", name, text)
		}
	}
	if where := planted.Shows("Basic "+base64.StdEncoding.EncodeToString([]byte("hunter3?>~ hunter3")), secret); where != "" {
		t.Errorf("another one is taken for it: %q", where)
	}
}
