package house

import (
	"cmp"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"mime"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/statusbot/statusbot/internal/bot"
	"github.com/statusbot/statusbot/internal/config"
	"github.com/statusbot/statusbot/internal/journal"
	"github.com/statusbot/statusbot/internal/status"
)

// Examine looks at everything that Run needs besides the configuration, and may
// do so while another process runs; now is this machine's clock. With send each
// other way is given a test message.
func Examine(ctx context.Context, cfg *config.Config, send bool, now func() time.Time) []bot.Finding {
	out := append([]bot.Finding{examineDir(cfg.DataDir), examineJournal(ctx, cfg)}, examineWays(ctx, cfg, send, now())...)
	out = append(out, examineAgents(ctx, cfg)...)
	out = append(out, examineWeb(ctx, cfg.Web)...)
	out = append(out, examineSpans(ctx, cfg)...)
	if cfg.Slack.Mode == config.ModeSandbox {
		return append(out, bot.Finding{About: "Slack", Grade: bot.Skipped, Says: "slack.mode is sandbox: statusbot brings a Slack of its own"},
			examineSandbox(ctx, cfg.Slack.Listen))
	}
	out = append(out, bot.Examination{
		Config:  bot.Config{APIURL: cfg.Slack.APIURL, BotToken: cfg.Slack.BotToken.Reveal(), AppToken: cfg.Slack.AppToken.Reveal()},
		Sockets: cfg.Slack.Mode == config.ModeSocket, Policy: policyOf(cfg.Access), Wanted: Features(cfg), Channel: cfg.Updates.Channel, Now: now,
	}.Run(ctx)...)
	if cfg.Slack.Mode == config.ModeHTTP {
		f, listening := bot.ExamineRequests(ctx, cfg.Slack.Listen, cfg.Slack.SigningSecret.Reveal(), cfg.Slack.CertFile != "", now())
		if !listening {
			f = examineListen("requests", "slack.listen", cfg.Slack.Listen)
		}
		out = append(out, f)
	}
	return out
}

// examineDir looks whether files can be kept.
func examineDir(dir string) bot.Finding {
	f := bot.Finding{About: "data directory", Grade: bot.Bad, Cure: "give statusbot's user the right to write there, or choose another with data_dir"}
	at := dir
	for { // a directory that is not there yet is made in the nearest one that is
		info, err := os.Stat(at)
		if err == nil && !info.IsDir() {
			f.Says, f.Cure = at+" is a file", "choose another folder with data_dir, or move the file away"
			return f
		}
		if err == nil {
			if uid, another := ownedByAnother(info); another && at == dir {
				// As root everything can be written, and files would be made that the bot cannot open.
				return bot.Finding{About: f.About, Grade: bot.Odd, Says: fmt.Sprintf("%s belongs to user %d, and doctor runs as %d", dir, uid, os.Geteuid()),
					Cure: "run doctor as the user as whom statusbot runs"}
			}
			break
		}
		if beneath := errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR); !beneath || filepath.Dir(at) == at {
			f.Says = err.Error()
			return f
		}
		at = filepath.Dir(at)
	}
	trial, err := os.CreateTemp(at, ".statusbot-doctor-*")
	if err != nil {
		f.Says = at + " cannot be written to"
		if cause, is := errors.AsType[*fs.PathError](err); is && !errors.Is(err, fs.ErrPermission) {
			f.Says += ": " + cause.Err.Error()
			f.Cure = "make room on its disk, or mount that for writing; or choose another with data_dir"
		}
		return f
	}
	defer os.Remove(trial.Name())
	_, err = trial.Write(make([]byte, 4096))
	if err = errors.Join(err, trial.Sync(), trial.Close()); err != nil {
		f.Says, f.Cure = journal.DiskError(at, err).Error(), "then start statusbot again"
		return f
	}
	f.Grade, f.Cure = bot.Good, ""
	if f.Says = dir + " can be written to"; at != dir {
		f.Says = dir + " is not there yet and can be made"
	}
	return f
}

// examineJournal opens the journal and closes it. One that is not there yet,
// or that a bot holds, is left alone.
func examineJournal(ctx context.Context, cfg *config.Config) bot.Finding {
	f := bot.Finding{About: "journal"}
	if cfg.Journal.Cluster.Name != "" {
		return examineCluster(ctx, cfg)
	}
	if info, err := os.Stat(filepath.Join(cfg.DataDir, "nats")); cfg.Journal.URL == "" {
		if err != nil {
			f.Grade, f.Says = bot.Good, "run makes it at its first start"
			return f
		}
		if _, another := ownedByAnother(info); another {
			f.Grade, f.Says = bot.Skipped, "left alone: it belongs to another user"
			return f
		}
	} else {
		cfg = new(*cfg)
		cfg.DataDir = "" // the lock of the directory is a running bot's
	}
	said := &warnings{}
	j, err := journal.Open(ctx, journal.Config{Dir: cfg.DataDir, URL: cfg.Journal.URL, CredentialsFile: cfg.Journal.CredentialsFile,
		Replicas: cfg.Journal.Replicas, ResultsAge: cfg.Journal.ResultsAge, Log: zap.New(said)})
	switch {
	case errors.Is(err, journal.ErrLocked):
		f.Grade, f.Says = bot.Good, "a running statusbot holds it"
		return f
	case err != nil:
		f.Grade, f.Says, f.Cure = bot.Bad, err.Error(), "see docs/operations.md, The data directory"
		if cfg.Journal.URL != "" {
			f.Cure = "check journal.url and journal.credentials_file, and that JetStream is on"
		}
		return f
	}
	if _, err = j.Receipt(ctx, "doctor", "none"); errors.Is(err, journal.ErrNotFound) {
		err = nil // that it is not there is an answer
	}
	for shard := logShard; cfg.Journal.URL == "" && shard < status.CheckpointShards; shard++ {
		_, _ = j.Checkpoint(ctx, checkpointKey(shard)) // what is damaged is said by the journal
	}
	if err = errors.Join(err, j.Close()); err != nil {
		f.Grade, f.Says = bot.Bad, err.Error()
		return f
	}
	return said.finding()
}

// warnings is a log that keeps what is worth a warning or more: the sentence,
// and the file that it is about. That the journal answers late says nothing
// about what is in it, and is kept apart.
type warnings struct {
	mu   sync.Mutex
	list []string // guarded by mu
	late string   // how long the first late answer took; guarded by mu
}

var _ zapcore.Core = (*warnings)(nil)

// finding is what was said of a journal that opened and answered.
func (w *warnings) finding() bot.Finding {
	w.mu.Lock()
	defer w.mu.Unlock()
	f := bot.Finding{About: "journal", Grade: bot.Good, Says: "it opens and answers"}
	switch {
	case len(w.list) > 0:
		f.Grade, f.Says = bot.Odd, strings.Join(w.list, "; ")
		f.Cure = "see docs/operations.md, Damaged files"
	case w.late != "":
		f.Grade, f.Says = bot.Odd, "it opens and answers, but one request took "+w.late
		f.Cure = "look for what keeps the disk of the data directory, or the machine, busy"
	}
	return f
}

func (w *warnings) Enabled(l zapcore.Level) bool      { return l >= zapcore.WarnLevel }
func (w *warnings) With([]zapcore.Field) zapcore.Core { return w }
func (w *warnings) Sync() error                       { return nil }

func (w *warnings) Check(e zapcore.Entry, to *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if !w.Enabled(e.Level) {
		return to
	}
	return to.AddCore(e, w)
}

func (w *warnings) Write(e zapcore.Entry, fields []zapcore.Field) error {
	text, took := e.Message, ""
	for _, f := range fields {
		switch f.Key {
		case "file":
			text = f.String + ": " + text
		case "took":
			took = f.String
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if e.Message == journal.AnswersLate {
		w.late = cmp.Or(w.late, took)
		return nil
	}
	w.list = append(w.list, text)
	return nil
}

// answersWithin bounds the wait for an answer of this machine's.
const answersWithin = 5 * time.Second

// examineSandbox looks whether the sandbox's address is free to listen on, or is a
// running one's already.
func examineSandbox(ctx context.Context, address string) bot.Finding {
	f := examineListen("sandbox", "slack.listen", address)
	if f.Grade != bot.Bad || !answersWith(ctx, "http://"+address+"/sandbox/workspace", "") {
		return f
	}
	return bot.Finding{About: f.About, Grade: bot.Good, Says: "a running sandbox answers at " + address}
}

// examineWeb looks whether the address of the page, of reports and of metrics is free to
// listen on, or a running statusbot's already. Nothing where there is none.
func examineWeb(ctx context.Context, w config.Web) []bot.Finding {
	if w.Listen == "" {
		return nil
	}
	f, scheme := examineListen("web", "web.listen", w.Listen), "http"
	if w.CertFile != "" {
		scheme = "https"
	}
	if f.Grade == bot.Bad && answersWith(ctx, scheme+"://"+w.Listen+"/healthz", "leader") {
		f = bot.Finding{About: f.About, Grade: bot.Good, Says: "a running statusbot answers at " + w.Listen}
	}
	return []bot.Finding{f}
}

// answersWith reports whether JSON comes from an address of this machine, an object that
// has the key if one is given.
func answersWith(ctx context.Context, address, key string) bool {
	ctx, cancel := context.WithTimeout(ctx, answersWithin)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return false
	}
	// A certificate is for the name that others use, not for this address.
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true}}
	resp, err := client.Do(r)
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	if kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type")); kind != "application/json" {
		return false
	}
	if key == "" {
		return resp.StatusCode == http.StatusOK
	}
	var said map[string]json.RawMessage
	return json.NewDecoder(io.LimitReader(resp.Body, 1<<20)).Decode(&said) == nil && said[key] != nil
}

// examineListen looks whether an address is free to listen on; key is the setting that
// names it.
func examineListen(about, key, address string) bot.Finding {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return bot.Finding{About: about, Grade: bot.Bad, Says: address + " cannot be listened on: " + err.Error(), Cure: "choose another address with " + key}
	}
	l.Close()
	return bot.Finding{About: about, Grade: bot.Good, Says: address + " is free; nothing answers there until `statusbot run`"}
}
