package bot_test

import (
	"encoding/csv"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/publish/publishtest"
	"github.com/statusbot/statusbot/internal/sandbox"
	"github.com/statusbot/statusbot/internal/sandbox/sandboxtest"
)

// file waits for a file in the direct conversation of a person, and reads it.
func (h *house) file(t *testing.T, user, name string) string {
	t.Helper()
	var id string
	until(t, "the file "+name+" is there", func() bool {
		list, err := h.c.Messages(limit(t), "@statusbot", user)
		check(t, err)
		for _, m := range list {
			for _, f := range m.Files {
				if strings.HasPrefix(h.fileName(t, f), name) {
					id = f
				}
			}
		}
		return id != ""
	})
	req, err := http.NewRequestWithContext(limit(t), http.MethodGet, h.w.URL()+"files/"+id, nil)
	check(t, err)
	req.Header.Set("Authorization", "Bearer "+h.w.BotToken())
	r, err := http.DefaultClient.Do(req)
	check(t, err)
	defer r.Body.Close()
	data, err := io.ReadAll(r.Body)
	check(t, err)
	return string(data)
}

func (h *house) fileName(t *testing.T, id string) string {
	t.Helper()
	for _, e := range h.calls(t, "files.getUploadURLExternal") {
		var got struct {
			ID string `json:"file_id"`
		}
		if json.Unmarshal(e.Answer, &got) == nil && got.ID == id {
			name, _ := e.Args["filename"].(string)
			return name
		}
	}
	return ""
}

// TestSourcesAsAFile: whoever doubts a figure gets every check with its last
// raw results, in a direct message, by button and by words.
func TestSourcesAsAFile(t *testing.T) {
	t.Parallel()
	h := newHouse(t, publishtest.Acme(), sandbox.Config{NoRateLimit: true})
	h.feeder.Feed(100, publishtest.Tenth("pay"))
	h.feeder.Board.Apply(1000, []checks.Result{{Check: "pay", Product: "billing", Started: h.feeder.At, Outcome: checks.Fail, Reason: checks.ReasonStatus,
		Summary: "503 with Authorization: Bearer abcdefghijklmnop", Evidence: &checks.Evidence{Output: "=cmd|' /C calc'!A0 <!channel>", Status: 503}}})
	h.commands(t)
	as := sandboxtest.In(t, h.c).As
	an := as("ana").Channel(channel)

	said := an.Type("/status sources").Ephemeral("3 checks on 2 products; 1 more has no check.", "the file comes to you as a direct message")
	said.Click("CSV")
	an.Sees("The sources come to you as CSV in a direct message.")
	as("ana").DM().Sees("Where the figures of 3 products come from: 3 checks, each with its last raw results")
	rows, err := csv.NewReader(strings.NewReader(h.file(t, "ana", "sources-all-"))).ReadAll()
	check(t, err)
	at := func(row []string, column string) string { return row[slices.Index(rows[0], column)] }
	if len(rows) != 1+11+1+1 || rows[0][0] != "as_of" || rows[0][len(rows[0])-1] != "output" { // pay: 11 failures, the newest among them; ledger and query: the newest
		t.Fatalf("%d rows of %d columns, want a head and 13 lines", len(rows), len(rows[0]))
	}
	var pays [][]string
	for _, row := range rows[1:] {
		if at(row, "check") == "pay" {
			pays = append(pays, row)
		}
	}
	newest := pays[0]
	if at(newest, "definition") != "checks.d/billing.yaml:3" || at(newest, "failures") != "10" || at(newest, "tries") != "91" || at(newest, "status") != "503" {
		t.Errorf("newest result of pay: %q", newest)
	}
	if got := at(newest, "output"); got != "'=cmd|' /C calc'!A0 <!channel>" {
		t.Errorf("output %q, want no formula for a spreadsheet", got)
	}
	if got := at(newest, "summary"); strings.Contains(got, "abcdefgh") || !strings.Contains(got, "(redacted)") {
		t.Errorf("summary %q, want the secret taken out", got)
	}

	// By words, of one product, where it is asked in a thread.
	an.Type("/status sources biling").Ephemeral("`biling` is no product.", "`/status sources billing`")
	an.Type("/status sources Billing").Ephemeral("The figures of Billing come from 2 checks.", "10 of 91 failed", "checks.d/billing.yaml:3", "owner payments")
	an.Type("@statusbot sources billing json").Ephemeral("The sources come to you as JSON")
	var got struct {
		Checks []struct {
			Product, Check string
			Known          int              `json:"results_known"`
			Results        []map[string]any `json:"results"`
		}
		Without []string `json:"products_without_check"`
	}
	check(t, json.Unmarshal([]byte(h.file(t, "ana", "sources-billing-")), &got))
	if len(got.Checks) != 2 || got.Checks[1].Check != "pay" || got.Checks[1].Known != 11 || len(got.Checks[1].Results) != got.Checks[1].Known {
		t.Errorf("file %+v", got)
	}
	if others, err := h.c.Messages(limit(t), "@statusbot", "ben"); err != nil || len(others) > 0 {
		t.Errorf("ben has %d direct messages (%v), want none", len(others), err)
	}
	for _, m := range h.posts(t, channel) {
		t.Errorf("the channel sees %q", m.Text)
	}
}

// TestSourcesWithoutTheScope: there is no button, and the words say why.
func TestSourcesWithoutTheScope(t *testing.T) {
	t.Parallel()
	cfg := sandbox.Config{NoRateLimit: true, Scopes: slices.DeleteFunc(slices.Clone(sandbox.AllScopes), func(s string) bool { return s == "files:write" })}
	h := newHouse(t, publishtest.Acme(), cfg)
	h.feeder.Feed(10, nil)
	h.commands(t)
	an := sandboxtest.In(t, h.c).As("ana").Channel(channel)
	m := an.Type("/status sources").Ephemeral("No file of this can be had: the app lacks the scope `files:write`")
	if said := shows(m.Message.Text, m.Message.Blocks); strings.Contains(said, "sources_csv") {
		t.Error("there is a button that cannot work")
	}
	an.Type("/status sources csv").Ephemeral("did not arrive as a file: the app lacks the scope files:write", "`/status sources`")
	if n := len(h.calls(t, "files.")); n != 0 {
		t.Errorf("%d calls about files", n)
	}
}

// TestSourcesThatDoNotArrive: an upload that fails is said.
func TestSourcesThatDoNotArrive(t *testing.T) {
	t.Parallel()
	h := newHouse(t, publishtest.Acme(), sandbox.Config{NoRateLimit: true})
	h.feeder.Feed(10, nil)
	h.commands(t)
	check(t, h.c.Faults(limit(t), sandboxtest.Fault{Mode: "error", Methods: []string{"files.completeUploadExternal"}, Count: 1}))
	an := sandboxtest.In(t, h.c).As("ana").Channel(channel)
	an.Type("/status sources json").Ephemeral("The sources come to you as JSON")
	an.Sees("The sources did not arrive as a file.")
}
