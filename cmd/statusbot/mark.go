package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"os/user"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/statusbot/statusbot/internal/house"
)

func markCommand(w world) *cobra.Command {
	c := &cobra.Command{
		Use:   "mark TEXT | --undo [--product PRODUCT] [--at WHEN] [--note] [--config FILE] [--data-dir DIR] [--server URL --token-file FILE] [--json]",
		Short: "write down what was done, so that its effect is measured",
		Long: `TEXT is what was done, such as "restarted lb-3"; "13:50 restarted lb-3" says when. It stands in the
incidents that are open, under your name on this machine, with what becomes of it, as a mark from Slack does. While
none is open it waits for one: an incident that is opened within the hour takes it. It asks the statusbot that
runs on the data directory; run it as the same user (under sudo, who called it is named). With --server it is
told to one that runs elsewhere, under the name that its configuration has for the token.

Exit codes: 0 written down, 1 not, 64 wrong call, 78 bad configuration.`,
		Example: `  statusbot mark restarted lb-3
  statusbot mark --product billing --at 10m "rolled back to 4.2"
  statusbot mark --undo
  statusbot mark --server https://status.example.com --token-file token restarted lb-3`,
	}
	fs := c.Flags()
	m := house.ToMark{}
	fs.StringArrayVar(&m.Products, "product", nil, "id or name of the product that it is about; may be said again")
	fs.StringVar(&m.At, "at", "", "when: 20:44, 10m for ten minutes ago, or RFC 3339; now unless said")
	fs.BoolVar(&m.Note, "note", false, "a note: nothing is measured of it")
	fs.BoolVar(&m.Undo, "undo", false, "take back what you marked last")
	server := fs.String("server", "", "`URL` of a statusbot that runs elsewhere")
	tokenFile := fs.String("token-file", "", "`FILE` with the token for --server; "+markToken+" in its place")
	completeFiles(c, "token-file")
	b := besideFlags(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		m.Text = strings.TrimSpace(strings.Join(args, " "))
		if err := checkMark(m, *server); err != nil {
			return err
		}
		if *server != "" {
			s, err := serverOf(w, *server, *tokenFile)
			if err != nil {
				return err
			}
			done, err := s.tell(c.Context(), m, time.Now())
			if err != nil {
				return err
			}
			return b.marked(w, done)
		}
		m.By = whoIsHere(w)
		at, err := b.at(w)
		if err != nil {
			return err
		}
		done, err := house.MarkBeside(c.Context(), at, m)
		if err != nil {
			return notRunning(err, at)
		}
		return b.marked(w, done)
	}
	return c
}

// checkMark refuses what does not go together: a text and --undo, or that and a server elsewhere.
func checkMark(m house.ToMark, server string) error {
	switch {
	case m.Undo && (m.Text != "" || len(m.Products) > 0 || m.At != "" || m.Note):
		return usageError("--undo stands alone")
	case !m.Undo && m.Text == "":
		return usageError(`write what was done, such as "restarted lb-3"`)
	case m.Undo && server != "":
		return usageError("--undo is not taken by --server; take it back in Slack, or where it runs")
	}
	return nil
}

// marked says what became of a mark.
func (b beside) marked(w world, done house.NowMarked) error {
	if *b.asJSON {
		return json.NewEncoder(w.out).Encode(done)
	}
	_, err := fmt.Fprintln(w.out, done.Sentence)
	return err
}

// whoIsHere is who types, as this machine knows them: alice@bot-1.
func whoIsHere(w world) string {
	name, _ := w.env("SUDO_USER")
	if name == "" {
		if u, err := user.Current(); err == nil {
			name = cmp.Or(u.Username, u.Uid)
		}
	}
	name = name[strings.LastIndexByte(name, '\\')+1:] // Windows: DOMAIN\alice
	host, _ := os.Hostname()
	host, _, _ = strings.Cut(host, ".")
	return strings.TrimSuffix(cmp.Or(name, "somebody")+"@"+host, "@")
}
