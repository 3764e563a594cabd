package bot

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/slack-go/slack"
	"go.uber.org/zap"

	"github.com/statusbot/statusbot/internal/format/picture"
	"github.com/statusbot/statusbot/internal/format/picture/lines"
	"github.com/statusbot/statusbot/internal/publish"
)

// What Pictures.Mode returns.
const (
	PicturesNative = "native" // Slack's own charts; where the workspace does not take them, as PicturesImage
	PicturesImage  = "image"  // a picture that is uploaded; none without the scope files:write
	PicturesOff    = "off"
)

// Pictures knows which pictures of the trend a workspace takes. It is shared
// by all posters of a process; its zero value shows native charts.
type Pictures struct {
	Mode  func() string // nil: PicturesNative
	Bound time.Duration // of an upload, for which the next update of the channel waits; 0: 12 s

	noCharts atomic.Int64 // when the workspace last refused a chart, in Unix nanoseconds; 0: never
	noFiles  atomic.Int64 // the same of an upload, for want of the scope
}

// askAgain is after how long a workspace is asked anew: Slack rolls charts out
// in steps, and scopes can be added.
const askAgain = 24 * time.Hour

func (p *Pictures) mode() string {
	switch {
	case p == nil:
		return PicturesOff
	case p.Mode == nil:
		return PicturesNative
	}
	return p.Mode()
}

func within(at *atomic.Int64, now time.Time) bool {
	last := at.Load()
	return last != 0 && now.Sub(time.Unix(0, last)) < askAgain
}

// charts reports whether native charts are to be sent.
func (p *Pictures) charts(now time.Time) bool {
	return p.mode() == PicturesNative && !within(&p.noCharts, now)
}

// images reports whether pictures are to be uploaded.
func (p *Pictures) images(now time.Time) bool {
	mode := p.mode()
	return (mode == PicturesImage || mode == PicturesNative && !p.charts(now)) && !within(&p.noFiles, now)
}

// On reports whether there are pictures at all.
func (p *Pictures) On() bool { return p.mode() != PicturesOff }

// illustrated returns a body with its picture: a chart where the workspace
// takes those, else the picture that was uploaded for its message; false when
// there is none. Text comes first: the picture stands before the small print.
func (p *Poster) illustrated(b publish.Body, r receipt) (publish.Body, bool) {
	var block json.RawMessage
	switch {
	case b.Trend == nil || !b.Trend.Sound():
		return b, false
	case p.Pictures.charts(p.Now()):
		block = b.Trend.ChartBlock()
	case p.Pictures.On() && r.Picture != "" && r.PicturePost == b.Post:
		block = picture.ImageBlock(r.Picture, r.PictureAlt)
	}
	var list []json.RawMessage
	if block == nil || json.Unmarshal(b.Blocks, &list) != nil || len(list) >= maxBlocks {
		return b, false
	}
	list = slices.Insert(list, max(len(list)-2, min(len(list), 1)), block)
	data, err := json.Marshal(list)
	if err != nil {
		return b, false // unreachable: each of them was JSON
	}
	b.Blocks = data
	return b, true
}

// send sends a body with its picture, and without the part that Slack refuses,
// at last its text alone. A refused chart is remembered for the workspace.
func (p *Poster) send(b publish.Body, r receipt, do func(publish.Body) error) error {
	with, _ := p.illustrated(b, r)
	err := do(with)
	if !isPartRefused(err) {
		return err
	}
	left, salvaged := salvage(with.Blocks, err, func(blocks json.RawMessage) error {
		less := with
		less.Blocks = blocks
		return do(less)
	})
	if salvaged != nil {
		return salvaged
	}
	p.Log.Warn("sent without a part that Slack refused", zap.Strings("left out", left), zap.NamedError("refused", err))
	if slices.Contains(left, "data_visualization") && (len(left) == 1 || pointer.MatchString(err.Error())) { // not where all were left out
		p.Pictures.noCharts.Store(p.Now().UnixNano())
	}
	return nil
}

// pictureAge is how old the picture of a thread's first message gets.
const pictureAge = 10 * time.Minute

const (
	uploadBound     = 12 * time.Second
	processingPause = 300 * time.Millisecond // until Slack has looked at an upload; doubled each time
)

// illustrate uploads the picture of a message that is posted and puts it in.
// The text is in Slack already: what fails here costs the picture alone. It
// returns the receipt with what the message then shows.
func (p *Poster) illustrate(ctx context.Context, e publish.Entry, b publish.Body, r receipt) receipt {
	if b.Trend == nil || !p.Pictures.images(p.Now()) {
		return r
	}
	data, err := lines.PNG(*b.Trend)
	if err != nil {
		p.Log.Warn("picture not drawn", zap.Error(err))
		return r
	}
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(p.Pictures.Bound, uploadBound))
	defer cancel()
	alt := b.Trend.Alt()
	file, err := p.API.upload(ctx, slack.UploadFileParameters{Filename: "impact.png", FileSize: len(data), Content: string(data), Title: b.Trend.Title, AltTxt: alt})
	if err != nil {
		p.uploadFailed(err)
		return r
	}
	with := r
	with.Picture, with.PictureAlt, with.PicturePost, with.PictureAt = file, alt, b.Post, p.Now()
	shown, ok := p.illustrated(b, with)
	if !ok {
		return r
	}
	for pause := processingPause; ; pause *= 2 {
		p.Budget.spend(time.Now())
		err = p.API.edit(ctx, r.Channel, r.TS, r.message(e.Key, b.Post), shown)
		if err == nil {
			return with
		}
		if !isPartRefused(err) || !idle(ctx, nil, pause) {
			p.Log.Warn("picture uploaded and not shown", zap.Error(err))
			return r
		}
	}
}

func (p *Poster) uploadFailed(err error) {
	if lacksScope(err) {
		p.Pictures.noFiles.Store(p.Now().UnixNano())
		p.Log.Info("no pictures: the bot token has not the scope files:write", zap.Error(err))
		return
	}
	p.Log.Warn("picture not uploaded", zap.Error(err))
}

// lacksScope reports whether a call was refused for want of a scope.
func lacksScope(err error) bool {
	return errors.Is(err, ErrRefused) && strings.Contains(err.Error(), "missing_scope")
}

// upload sends a file and returns its id.
func (a *API) upload(ctx context.Context, file slack.UploadFileParameters) (string, error) {
	f, err := a.web.UploadFileContext(ctx, file)
	if err != nil {
		return "", classify(err)
	}
	return f.ID, nil
}
