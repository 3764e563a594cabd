package bot

import (
	"context"
	"time"

	"github.com/slack-go/slack"

	"github.com/statusbot/statusbot/internal/format"
)

// formBound is how long Slack may take to open a form: what is left of 3 s is
// enough to answer in another way.
const formBound = 1800 * time.Millisecond

// openForm shows a form to whoever did what made the trigger.
func (a *API) openForm(ctx context.Context, trigger string, f format.Form) error {
	ctx, cancel := bounded(ctx, formBound)
	defer cancel()
	_, err := a.web.OpenViewContext(ctx, trigger, modal(f))
	return classify(err)
}

// changeForm shows a form in place of another one, unless that has changed
// since hash.
func (a *API) changeForm(ctx context.Context, id, hash string, f format.Form) error {
	_, err := a.web.UpdateViewContext(ctx, modal(f), "", hash, id)
	if codeOf(err) == "hash_conflict" || codeOf(err) == "not_found" {
		return nil // changed again meanwhile, or closed
	}
	return classify(err)
}

func modal(f format.Form) slack.ModalViewRequest {
	text := func(s string) *slack.TextBlockObject {
		return slack.NewTextBlockObject(slack.PlainTextType, s, false, false)
	}
	return slack.ModalViewRequest{Type: slack.VTModal, Title: text(f.Title), Submit: text(f.Submit), Close: text("Close"),
		CallbackID: f.ID, PrivateMetadata: f.Metadata, Blocks: slack.Blocks{BlockSet: rawBlocks(f.InputsJSON())}}
}
