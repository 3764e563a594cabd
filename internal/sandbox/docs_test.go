package sandbox_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"

	"github.com/statusbot/statusbot/internal/longtest"
	"github.com/statusbot/statusbot/internal/sandbox"
	"github.com/statusbot/statusbot/internal/sandbox/sandboxtest"
)

// TestExamplesOfThePage runs every curl that docs/sandbox.md shows, in its
// order, against one workspace in which what they name is there.
func TestExamplesOfThePage(t *testing.T) {
	t.Parallel()
	longtest.Command(t, "curl", "curl")
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "sandbox.md"))
	check(t, err)
	w, c := start(t, sandbox.Config{NoRateLimit: true})
	ctx, cl := limit(t), api(w)
	opened := make(chan struct{}, 1)
	view := slack.ModalViewRequest{Type: slack.VTModal, Title: word("Mark"), Submit: word("Save"), Blocks: slack.Blocks{BlockSet: []slack.Block{
		input("what", "What", &slack.PlainTextInputBlockElement{Type: slack.METPlainTextInput, ActionID: "text"}, false),
		input("product", "Product", &slack.SelectBlockElement{Type: "static_select", ActionID: "p", Options: []*slack.OptionBlockObject{opt("billing", "Billing")}}, false),
	}}}
	first := true
	bot(t, w, func(s *socketmode.Client, ev socketmode.Event) {
		if cb, ok := ev.Data.(slack.InteractionCallback); ok && cb.Type == slack.InteractionTypeBlockSuggestion {
			s.Ack(*ev.Request, offering(cb.Value))
			return
		}
		cmd, ok := ev.Data.(slack.SlashCommand)
		if !ok || !first {
			s.Ack(*ev.Request, map[string]any{"response_action": "push", "view": view})
			return
		}
		s.Ack(*ev.Request)
		first = false
		if _, err := cl.OpenViewContext(t.Context(), cmd.TriggerID, view); err != nil {
			t.Error(err)
		}
		opened <- struct{}{}
	})
	sandboxtest.In(t, c).As("ana").Channel("general").Type("/status")
	<-opened
	product := slack.NewOptionsSelectBlockElement("static_select", word("Product"), "product", opt("billing", "Billing"))
	_, ts, err := cl.PostMessageContext(ctx, incident, slack.MsgOptionText("choose", false), slack.MsgOptionBlocks(slack.NewActionBlock("row", product, finder(2))))
	check(t, err)
	file, err := cl.UploadFileContext(ctx, slack.UploadFileParameters{Filename: "a.txt", FileSize: 1, Content: "x"})
	check(t, err)
	echo := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		var in struct{ Challenge string }
		if json.NewDecoder(r.Body).Decode(&in) == nil {
			io.WriteString(rw, in.Challenge)
		}
	}))
	t.Cleanup(echo.Close)
	real := strings.NewReplacer("1795388401.120001", ts, "F0123456789", file.ID, "http://127.0.0.1:3000/slack/events", echo.URL)

	ran := 0
	for _, block := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(string(page), -1) {
		for line := range strings.SplitSeq(strings.ReplaceAll(block[1], "\\\n", " "), "\n") {
			if !strings.HasPrefix(line, "curl ") {
				continue
			}
			ran++
			cmd := exec.CommandContext(t.Context(), "sh", "-c", real.Replace(line))
			cmd.Env = append(os.Environ(), "S="+strings.TrimSuffix(w.URL(), "/"))
			out, err := cmd.Output()
			if strings.Contains(line, "/sandbox/events") { // ends by curl's own limit of time
				if !strings.HasPrefix(string(out), ": connected") {
					t.Errorf("%s\nprints %q", line, out)
				}
				continue
			}
			var answer struct {
				OK     bool
				Errors map[string]string
			}
			if err != nil || json.Unmarshal(out, &answer) != nil || !answer.OK || len(answer.Errors) > 0 {
				t.Errorf("%s\nprints %s (%v)", line, out, err)
			}
		}
	}
	if ran < 20 {
		t.Errorf("%d examples were found: is the page read?", ran)
	}
}
