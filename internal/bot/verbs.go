package bot

import (
	"context"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/format"
)

// answering answers words that were read.
type answering func(c *Commands, ctx context.Context, now time.Time, e Envelope, r request) format.Message

// byVerb has what answers each verb; what is not here names a product.
var byVerb = map[string]answering{
	"": func(c *Commands, _ context.Context, now time.Time, e Envelope, _ request) format.Message {
		return c.summary(now, e)
	},
	"help": func(c *Commands, _ context.Context, _ time.Time, e Envelope, r request) format.Message {
		words := without(r.words, []string{"me", "with", "on", "about", "please", "pls", "to", "for"})
		if len(words) > 0 && strings.EqualFold(bare(words[0]), "all") {
			return format.HelpAll(e.Command)
		}
		if len(words) > 0 {
			if m, ok := format.HelpOf(e.Command, strings.ToLower(bare(words[0]))); ok {
				return m
			}
		}
		_, open := c.Board.Log().In(e.Channel)
		m := format.Help(e.Command, open)
		if len(words) > 0 {
			return format.Ignored(m, "help", strings.Join(words, " "))
		}
		return m
	},
	"sources": func(c *Commands, _ context.Context, now time.Time, e Envelope, _ request) format.Message {
		return c.sources(now, e)
	},
	"report": func(c *Commands, _ context.Context, _ time.Time, e Envelope, r request) format.Message {
		return c.reportAsked(e, r)
	},
	"cause": func(c *Commands, _ context.Context, now time.Time, _ Envelope, _ request) format.Message {
		return format.Cause(c.Board.Snapshot(now), c.Board.Definition())
	},
	"add": func(c *Commands, _ context.Context, _ time.Time, e Envelope, r request) format.Message {
		if c.Adding != nil {
			if m := c.unlike(e, r.words); m != nil {
				return *m
			}
		}
		return format.OpenForm(r.rest) // where no form can be opened
	},
	"remove": func(c *Commands, ctx context.Context, _ time.Time, e Envelope, r request) format.Message {
		return c.remove(ctx, e, strings.Join(without(r.words, []string{"please", "pls", "the", "check"}), " "))
	},
	"export": func(c *Commands, ctx context.Context, _ time.Time, e Envelope, _ request) format.Message {
		return c.export(ctx, e)
	},
	"start": func(c *Commands, ctx context.Context, now time.Time, e Envelope, r request) format.Message {
		return c.start(ctx, now, e, r.rest)
	},
	"stop": func(c *Commands, ctx context.Context, now time.Time, e Envelope, _ request) format.Message {
		return c.stop(ctx, now, e)
	},
	"every": func(c *Commands, ctx context.Context, now time.Time, e Envelope, r request) format.Message {
		return c.setEvery(ctx, now, e, r.every)
	},
	"more":     stepped(true),
	"less":     stepped(false),
	"pause":    paused(true),
	"resume":   paused(false),
	"mark":     said((*Commands).mark),
	"unmark":   said((*Commands).unmark),
	"correct":  said((*Commands).correct),
	"note":     said((*Commands).note),
	"link":     said((*Commands).link),
	"unlink":   said((*Commands).unlink),
	"severity": said((*Commands).severity),
	"ack":      said((*Commands).ack),
	"unack":    said((*Commands).unack),
	"since":    said((*Commands).since),
	"timeline": func(c *Commands, ctx context.Context, now time.Time, e Envelope, _ request) format.Message {
		return c.timeline(ctx, now, e)
	},
	"watch":   said((*Commands).watch),
	"unwatch": said((*Commands).unwatch),
	"mute": func(c *Commands, ctx context.Context, now time.Time, e Envelope, r request) format.Message {
		return c.mute(ctx, now, e, r.words)
	},
	"unmute": said((*Commands).unmute),
	"oncall": func(c *Commands, _ context.Context, now time.Time, e Envelope, r request) format.Message {
		return c.whoIsOnCall(now, e, r.words)
	},
	"maintenance": func(c *Commands, _ context.Context, now time.Time, e Envelope, _ request) format.Message {
		return c.maintenance(now, e)
	},
	verbNow: func(c *Commands, _ context.Context, now time.Time, e Envelope, r request) format.Message {
		return c.now(now, e, r)
	},
}

// said answers a verb from what follows it, as typed.
func said(answer func(c *Commands, ctx context.Context, now time.Time, e Envelope, rest string) format.Message) answering {
	return func(c *Commands, ctx context.Context, now time.Time, e Envelope, r request) format.Message {
		return answer(c, ctx, now, e, r.rest)
	}
}

func stepped(moreOften bool) answering {
	return func(c *Commands, ctx context.Context, now time.Time, e Envelope, _ request) format.Message {
		return c.step(ctx, now, e, moreOften)
	}
}

func paused(pause bool) answering {
	return func(c *Commands, ctx context.Context, now time.Time, e Envelope, _ request) format.Message {
		return c.pause(ctx, now, e, pause)
	}
}
