package bot

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/slack-go/slack"
	"go.uber.org/zap"

	"github.com/statusbot/statusbot/internal/format"
	"github.com/statusbot/statusbot/internal/status"
)

// sourcesBound bounds the writing and uploading of a file of sources.
const sourcesBound = time.Minute

// sourcesWanted is which products' sources are asked for, and in which form;
// an empty form means the answer in words.
type sourcesWanted struct {
	product string // id; empty: all
	form    string
}

// sourcesOf reads what an envelope asks for; false if it is not about sources,
// and the words when they name no product.
func (c *Commands) sourcesOf(e Envelope) (w sourcesWanted, said string, ok bool) {
	switch {
	case e.Kind == blockAction && (e.Action == format.ActionSourcesCSV || e.Action == format.ActionSourcesJSON):
		w.form = format.CSV
		if e.Action == format.ActionSourcesJSON {
			w.form = format.JSON
		}
		if kind, id, _ := strings.Cut(e.Value, ":"); kind == "product" {
			said = id
		}
	case e.Kind == blockAction, e.Kind == homeOpened:
		return w, "", false
	default:
		r := parse(e.Text)
		if r.verb != "sources" {
			return w, "", false
		}
		words := without(r.words, polite)
		if last := len(words) - 1; last >= 0 {
			if form := strings.ToLower(strings.Trim(words[last], ".,!")); form == format.CSV || form == format.JSON {
				w.form, words = form, words[:last]
			}
		}
		said = strings.Join(words, " ")
	}
	if said == "" {
		return w, "", true
	}
	p, found := productOf(c.Board.Definition(), said)
	w.product = p.ID
	if found {
		said = ""
	}
	return w, said, true
}

// sources answers where the figures come from, or says that the file follows.
func (c *Commands) sources(now time.Time, e Envelope) format.Message {
	w, said, _ := c.sourcesOf(e)
	files := c.API.May("files")
	switch {
	case said != "":
		return c.which(e, "sources", said)
	case w.form != "" && files:
		return format.SourcesFollow(w.form)
	case w.form != "":
		return format.SourcesNoFile(noFilesScope, e.Command)
	case w.product != "":
		d, _ := c.Board.Drill(now, w.product)
		return format.SourcesOf(d, files)
	default:
		return allSources(c.Board, c.API, c.Itself, now)
	}
}

// allSources is where the figures of all come from, and what is missing there.
func allSources(board *status.Board, api *API, itself Itself, now time.Time) format.Message {
	m := format.Sources(board.Snapshot(now), board.Definition(), api.May("files"))
	if itself.AddedLost != nil && itself.AddedLost() {
		return format.WithoutAdded(m)
	}
	return m
}

// figures is where those of a product come from, named by "product:ID", or those
// of all.
func figures(board *status.Board, api *API, itself Itself, now time.Time, value string) format.Message {
	if kind, id, _ := strings.Cut(value, ":"); kind == "product" {
		if d, ok := board.Drill(now, id); ok {
			return format.SourcesOf(d, api.May("files"))
		}
	}
	return allSources(board, api, itself, now)
}

const noFilesScope = "the app lacks the scope files:write"

// sourcesErrand uploads the file that was asked for; nil when none was.
func (c *Commands) sourcesErrand(e Envelope) func(context.Context) {
	w, said, ok := c.sourcesOf(e)
	if !ok || w.form == "" || said != "" || !c.API.May("files") {
		return nil
	}
	return func(ctx context.Context) {
		err := c.sendSources(ctx, e, w)
		if err == nil {
			return
		}
		c.Log.Warn("sources not delivered as a file", zap.String("user", e.User), zap.Error(err))
		why := ""
		if lacksScope(err) {
			why = noFilesScope
		}
		saying, done := bounded(context.WithoutCancel(ctx), ackBound)
		defer done()
		if err := c.follow(saying, e, false, format.SourcesNoFile(why, e.Command)); err != nil {
			c.Log.Warn("answer not delivered", zap.String("user", e.User), zap.String("command", "sources"), zap.Error(err))
		}
	}
}

// sendSources brings the file into the direct conversation with the asker: an
// ephemeral answer cannot hold one, and raw output is not for a whole channel.
// A message to a person opens that conversation with chat:write alone, and
// says which it is.
func (c *Commands) sendSources(ctx context.Context, e Envelope, w sourcesWanted) error {
	ctx, cancel := context.WithTimeout(ctx, sourcesBound)
	defer cancel()
	now, def := c.Now(), c.Board.Definition()
	var drills []status.Drill
	for _, p := range def.Products {
		if d, ok := c.Board.Drill(now, p.ID); ok && (w.product == "" || w.product == p.ID) {
			drills = append(drills, d)
		}
	}
	data, err := format.SourceFile(w.form, drills)
	if err != nil {
		return err
	}
	if len(data) == 0 {
		return errors.New("there is nothing to say") // unreachable: a head is always there
	}
	where, err := c.API.said(ctx, e.User, "", format.SourcesHere(drills, now, def.Timezone))
	if err != nil {
		return fmt.Errorf("open the direct conversation: %w", err)
	}
	name := fmt.Sprintf("sources-%s-%s.%s", cmp.Or(w.product, "all"), now.UTC().Format("20060102-150405"), w.form)
	if _, err := c.API.upload(ctx, slack.UploadFileParameters{Filename: name, FileSize: len(data), Content: string(data), Title: name, Channel: where}); err != nil {
		return fmt.Errorf("upload %s: %w", name, err)
	}
	return nil
}
