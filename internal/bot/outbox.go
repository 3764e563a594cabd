package bot

import (
	"context"
	"time"

	"github.com/statusbot/statusbot/internal/publish"
)

// Outbox is what the Slack front needs of the journal: what waits to be
// delivered, and the receipts of what was. An entry is pending while its
// revision is newer than its receipt's.
type Outbox interface {
	publish.Outbox
	// Receipt returns the stored receipt and its revision; publish.ErrNotFound when
	// there is none.
	Receipt(ctx context.Context, dest, key string) (data []byte, rev uint64, err error)
	// PutReceipt stores a receipt if its revision is still last (0: there is
	// none yet) and returns the new one; otherwise the error wraps
	// publish.ErrConflict.
	PutReceipt(ctx context.Context, dest, key string, data []byte, last uint64) (uint64, error)
}

// receipt is the stored form of what is known of a message in Slack. Fields
// may be added, never renamed.
type receipt struct {
	Channel    string    `json:"channel,omitempty"`  // where it is: of a message to a person, the conversation with them
	Thread     string    `json:"thread,omitempty"`   // ts of the thread that it is in
	TS         string    `json:"ts,omitempty"`       // Slack's name of the message
	Post       int       `json:"post,omitempty"`     // which message it is
	Rev        uint64    `json:"rev,omitempty"`      // revision of the entry it shows
	Trying     int       `json:"trying,omitempty"`   // message whose posting was begun; it may or may not be in Slack
	TryingAt   time.Time `json:"trying_at,omitzero"` // when that was
	Key        string    `json:"key,omitempty"`      // in the metadata of the message that was tried last; empty of one by an older version
	Generation uint64    `json:"generation,omitempty"`
	N          int       `json:"n,omitempty"`        // version with which the message was posted, before any edit
	TryingN    int       `json:"trying_n,omitempty"` // version with which Trying was begun
	Shown      int       `json:"shown,omitempty"`    // newest version that was shown in any message
	ShownAt    time.Time `json:"shown_at,omitzero"`  // when that was rendered
	Left       bool      `json:"left,omitempty"`     // a reply that was left out: the first message of its thread says the same
	Pinned     string    `json:"pinned,omitempty"`   // ts of the message that we pinned

	Picture     string    `json:"picture,omitempty"`      // Slack's id of the file that the message shows
	PictureAlt  string    `json:"picture_alt,omitempty"`  // what can be seen in it
	PicturePost int       `json:"picture_post,omitempty"` // the message it was uploaded for
	PictureAt   time.Time `json:"picture_at,omitzero"`    // when
}
