package house

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"go.uber.org/zap"

	"github.com/statusbot/statusbot/internal/agent"
	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/journal"
	"github.com/statusbot/statusbot/internal/mcp"
	"github.com/statusbot/statusbot/internal/publish"
	"github.com/statusbot/statusbot/internal/serve"
)

// A running house holds its data directory, so that no other process can read
// the journal there. It therefore hands out what `statusbot report`,
// `statusbot export` and `statusbot backup` need through a door: a socket in that directory, for
// its own user alone, while the house is there. Agents are let in and put out by it, what was done is marked, and
// nothing else is changed.
//
//	GET /incidents/ID/events   the log, one JSON object a line
//	GET /backup                all that the journal holds, as a backup
//	GET /availability?product=ID&days=N   the days of a product, or of all, in JSON
//	GET /cluster               how the cluster of our own is, in JSON
//	GET /agents                how the agents on other networks are, in JSON
//	POST /agents/tokens?vantage=NAME   a token by which one may enroll
//	DELETE /agents/ID          lets one in no more
//	GET /look, /look/products/ID, /look/incidents, /look/incidents/N   how it is, in plain words in JSON
//	GET /api/v1/...            what programs read (internal/web/api)
//	POST /marks                what somebody at the terminal says was done, or takes back (ToMark, NowMarked)
//	GET /results?since=TIME    the results, one JSON object a line; RFC 3339, nothing for all
const (
	doorName = "reader.sock"
	// pathLimit is what operating systems take as the path of a socket: 108
	// bytes on Linux, 104 on macOS and the BSDs, with the zero behind it.
	pathLimit = 103
)

// ErrNoDoor comes when no house answers at a data directory.
var ErrNoDoor = errors.New("no running statusbot answers there")

// doorLook is how often the door's socket is looked for.
const doorLook = 10 * time.Second

// door serves the journal's readers until its Close.
type door struct {
	path   string
	server *http.Server
	end    context.CancelFunc
	done   chan struct{} // closed when it has ended
	log    *zap.Logger
}

// openDoor opens the door of a directory whose lock is held. Without one the
// house runs all the same: the log says why. One that is taken away is made anew at one of the looks.
// More are handlers besides.
func openDoor(dir string, j *journal.Journal, looks time.Duration, log *zap.Logger, more ...func(*http.ServeMux)) *door {
	path := filepath.Join(dir, doorName)
	l, err := listenAt(path)
	if err != nil {
		log.Info("report and export cannot read beside this process", zap.Error(err))
		return nil
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /incidents/{id}/events", func(w http.ResponseWriter, r *http.Request) { serveEvents(w, r, j) })
	mux.HandleFunc("GET /results", func(w http.ResponseWriter, r *http.Request) { serveResults(w, r, j) })
	mux.HandleFunc("GET /availability", func(w http.ResponseWriter, r *http.Request) { serveAvailability(w, r, j) })
	mux.HandleFunc("GET /cluster", func(w http.ResponseWriter, r *http.Request) { serveCluster(w, r, j) })
	mux.HandleFunc("GET /backup", func(w http.ResponseWriter, r *http.Request) { serveBackup(w, r, j) })
	for _, add := range more {
		add(mux)
	}
	// No bound of writing: who exports a day of results may read slowly, and holds up nobody.
	d := &door{path: path, server: serve.New(mux, serve.Bounds{Write: -1}, zap.NewStdLog(log)), done: make(chan struct{}), log: log}
	ctx, end := context.WithCancel(context.Background())
	d.end = end
	go d.keep(ctx, l, looks)
	return d
}

// keep serves at a socket until Close, and at a new one where somebody took it away, as
// who clears a folder of old files does.
func (d *door) keep(ctx context.Context, l net.Listener, looks time.Duration) {
	defer close(d.done)
	tick := time.NewTicker(looks)
	defer tick.Stop()
	for ended := d.serve(l); ; {
		select {
		case <-ctx.Done():
			d.server.Close()
			<-ended
			return
		case <-tick.C:
		}
		if _, err := os.Lstat(d.path); !errors.Is(err, fs.ErrNotExist) {
			continue
		}
		next, err := listenAt(d.path)
		if err != nil {
			continue // the directory is gone as well, which the journal says
		}
		d.log.Warn("the socket that report, status and export ask was taken away; it is there again", zap.String("path", d.path))
		l.(*net.UnixListener).SetUnlinkOnClose(false) // the path is that of the next
		_ = l.Close()
		<-ended
		l, ended = next, d.serve(next)
	}
}

// serve closes what it returns when the socket is served no more.
func (d *door) serve(l net.Listener) (ended chan struct{}) {
	ended = make(chan struct{})
	go func() {
		defer close(ended)
		if err := d.server.Serve(l); !errors.Is(err, http.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
			d.log.Warn("report and export can no longer read beside this process", zap.Error(err))
		}
	}()
	return ended
}

// listenAt makes the socket. One that a process left behind that did not end
// well is taken away: the directory's lock says that nobody listens there.
func listenAt(path string) (net.Listener, error) {
	if len(path) > pathLimit {
		return nil, fmt.Errorf("%s is longer than the %d bytes that the path of a socket may have", path, pathLimit)
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(path, 0o600); err != nil && runtime.GOOS != "windows" {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// Close cuts off who still reads, and takes the socket away.
func (d *door) Close() {
	if d == nil {
		return
	}
	d.end()
	<-d.done
}

func serveEvents(w http.ResponseWriter, r *http.Request, j *journal.Journal) {
	ctx, stop := whileTogether(r.Context(), j)
	defer stop()
	events, err := EventsOf(ctx, j, r.PathValue("id"))
	switch {
	case errors.Is(err, publish.ErrNotFound):
		http.Error(w, "there is no such incident", http.StatusNotFound)
		return
	case err != nil:
		refuse(ctx, w, err)
		return
	}
	out := json.NewEncoder(w)
	for _, e := range events {
		if err := out.Encode(doorEvent{Seq: e.Seq, Event: e}); err != nil {
			panic(http.ErrAbortHandler) // the reader must not take a part for the whole
		}
	}
}

// doorEvent is an event with its place in the journal, which its stored form
// has not.
type doorEvent struct {
	Seq   uint64         `json:"seq"`
	Event incident.Event `json:"event"`
}

func serveResults(w http.ResponseWriter, r *http.Request, j *journal.Journal) {
	var since time.Time
	if said := r.FormValue("since"); said != "" {
		var err error
		if since, err = time.Parse(time.RFC3339Nano, said); err != nil {
			http.Error(w, "since is no time", http.StatusBadRequest)
			return
		}
	}
	ctx, stop := whileTogether(r.Context(), j)
	defer stop()
	sent := &lineCounter{to: w}
	_, err := WriteResults(ctx, j, since, sent)
	switch {
	case err == nil:
	case !sent.begun:
		refuse(ctx, w, err)
	default:
		panic(http.ErrAbortHandler) // the reader must not take a part for the whole
	}
}

// WriteResults writes the results that a journal holds, in the order in which
// they were stored, one JSON object a line: those that were stored at or after
// an instant; zero: all. What is stored twice of an agent is written once. It returns how many there are.
func WriteResults(ctx context.Context, j *journal.Journal, since time.Time, to io.Writer) (n int, err error) {
	out := bufio.NewWriterSize(to, 1<<16)
	follow, stop := context.WithCancel(ctx)
	defer stop()
	var once agent.Once
	err = j.FollowResults(follow, since, func(r journal.Record) error {
		list, err := checks.DecodeResults(r.Data)
		if err != nil {
			return fmt.Errorf("batch %d: %w", r.Seq, err)
		}
		list = once.Of(list)
		n += len(list)
		data, err := checks.EncodeResults(list) // each line ends, whatever the batch did
		if err != nil {
			return fmt.Errorf("batch %d: %w", r.Seq, err)
		}
		_, err = out.Write(data)
		return err
	}, stop)
	if err != nil && follow.Err() == nil || ctx.Err() != nil {
		return n, err
	}
	return n, out.Flush()
}

// EventsBeside reads an incident's log from the house that holds a data
// directory; publish.ErrNotFound (wrapped) when there is none, ErrNoDoor (wrapped)
// when nobody answers.
func EventsBeside(ctx context.Context, dir, id string) ([]incident.Event, error) {
	body, err := askDoor(ctx, dir, "/incidents/"+id+"/events")
	if err != nil {
		return nil, err
	}
	defer body.Close()
	var events []incident.Event
	for in := json.NewDecoder(body); ; {
		var e doorEvent
		err := in.Decode(&e)
		if errors.Is(err, io.EOF) {
			return events, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read events of %s: %w", id, err)
		}
		e.Event.Seq = e.Seq
		events = append(events, e.Event)
	}
}

// ResultsBeside is WriteResults for the house that holds a data directory;
// ErrNoDoor (wrapped) when nobody answers.
func ResultsBeside(ctx context.Context, dir string, since time.Time, to io.Writer) (n int, err error) {
	path := "/results"
	if !since.IsZero() {
		path += "?since=" + since.UTC().Format(time.RFC3339Nano)
	}
	body, err := askDoor(ctx, dir, path)
	if err != nil {
		return 0, err
	}
	defer body.Close()
	lines := &lineCounter{to: to}
	if _, err = io.Copy(lines, body); err != nil {
		return lines.n, fmt.Errorf("read results: %w", err)
	}
	return lines.n, nil
}

// lineCounter counts the lines that go through it.
type lineCounter struct {
	to    io.Writer
	n     int
	begun bool // something went through
}

func (c *lineCounter) Write(p []byte) (int, error) {
	c.begun = c.begun || len(p) > 0
	for _, b := range p {
		if b == '\n' {
			c.n++
		}
	}
	return c.to.Write(p)
}

// askDoor returns the answer's body.
func askDoor(ctx context.Context, dir, path string) (io.ReadCloser, error) {
	return knock(ctx, dir, http.MethodGet, path)
}

// atDoor speaks through the door of a directory, whatever host an address names.
func atDoor(dir string) *http.Client {
	return &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		conn, err := d.DialContext(ctx, "unix", filepath.Join(dir, doorName))
		if err != nil {
			err = fmt.Errorf("%w: %w", ErrNoDoor, err)
		}
		return conn, err
	}}}
}

// AskBeside asks the API of the statusbot that runs on a directory; an error wraps
// ErrNoDoor when none answers.
func AskBeside(dir string) mcp.Ask { return mcp.Over(atDoor(dir), "http://statusbot", "") }

// knock asks the door for something to be done.
func knock(ctx context.Context, dir, method, path string) (io.ReadCloser, error) {
	req, err := http.NewRequestWithContext(ctx, method, "http://statusbot"+path, nil)
	if err != nil {
		return nil, fmt.Errorf("ask the running statusbot: %w", err)
	}
	resp, err := atDoor(dir).Do(req)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoDoor, err)
	}
	if resp.StatusCode == http.StatusOK {
		return resp.Body, nil
	}
	defer resp.Body.Close()
	says, _ := io.ReadAll(io.LimitReader(resp.Body, 500)) // a sentence for the error below
	if resp.StatusCode == http.StatusNotFound {
		return nil, fmt.Errorf("%w: %s", publish.ErrNotFound, says)
	}
	return nil, fmt.Errorf("the running statusbot answered %s: %s", resp.Status, says)
}
