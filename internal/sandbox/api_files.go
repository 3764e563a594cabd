package sandbox

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"
)

// file is an upload: announced, then sent, then completed.
type file struct {
	id, name, title, alt string
	length               int
	data                 []byte
	uploadKey            string // "" once used
	done                 time.Time
	channels             []string
}

const (
	maxFile = 8 << 20
	// maxFiles bounds the memory of uploads: past 64 the oldest are dropped.
	maxFiles = 64
)

func filesGetUploadURL(c *call) (answer, error) {
	name := c.args["filename"]
	length, err := c.number("length", 0, 1, maxFile)
	if name == "" || err != nil || length == 0 {
		return nil, fail("invalid_arguments", "[ERROR] filename and length (1 to 8388608) are needed")
	}
	f := &file{id: "F" + secret()[:10], name: path.Base(name), length: length, alt: c.args["alt_txt"], uploadKey: secret()}
	s := c.w.state
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.files) >= maxFiles {
		var oldest *file
		for _, g := range s.files {
			if oldest == nil || g.done.Before(oldest.done) {
				oldest = g
			}
		}
		delete(s.files, oldest.id)
	}
	s.files[f.id] = f
	return answer{"upload_url": base(c.r) + "/upload/" + f.id + "/" + f.uploadKey, "file_id": f.id}, nil
}

// serveUpload takes the bytes, as a multipart form or as the plain body.
func (w *Workspace) serveUpload(rw http.ResponseWriter, r *http.Request) {
	entry := LogEntry{At: time.Now().UTC(), Method: "upload", Args: map[string]any{"file": r.PathValue("file")}}
	w.underFault(rw, r, "upload", entry, func() reply { return w.takeUpload(rw, r) })
}

func (w *Workspace) takeUpload(rw http.ResponseWriter, r *http.Request) reply {
	refuse := func(status int, code string) reply { return reply{status, 0, answer{"ok": false, "error": code}} }
	r.Body = http.MaxBytesReader(rw, r.Body, maxFile+1<<20)
	var data []byte
	var err error
	if kind, params, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind == "multipart/form-data" && params["boundary"] != "" {
		data, err = firstPart(r)
	} else {
		data, err = io.ReadAll(r.Body)
	}
	if err != nil {
		return refuse(http.StatusBadRequest, "upload_failed")
	}
	w.state.mu.Lock()
	defer w.state.mu.Unlock()
	f := w.state.files[r.PathValue("file")]
	if f == nil || f.uploadKey == "" || f.uploadKey != r.PathValue("key") {
		return refuse(http.StatusNotFound, "upload_url_expired")
	}
	if len(data) != f.length {
		return refuse(http.StatusBadRequest, "length_mismatch")
	}
	f.data, f.uploadKey = data, ""
	return reply{http.StatusOK, 0, answer{"ok": true}}
}

// firstPart reads the first file of a multipart form. It stops there: some
// clients write the closing boundary twice.
func firstPart(r *http.Request) ([]byte, error) {
	mr, err := r.MultipartReader()
	if err != nil {
		return nil, err
	}
	for {
		p, err := mr.NextPart()
		if err != nil {
			return nil, err
		}
		if p.FileName() != "" || p.FormName() == "file" {
			return io.ReadAll(p)
		}
	}
}

func filesComplete(c *call) (answer, error) {
	var list []struct{ ID, Title string }
	if err := json.Unmarshal([]byte(c.args["files"]), &list); err != nil || len(list) == 0 {
		return nil, fail("invalid_arguments", "[ERROR] files must be a list of objects with an id")
	}
	var channels []channel
	for id := range strings.SplitSeq(cmp.Or(c.args["channel_id"], c.args["channels"]), ",") {
		if id == "" {
			continue
		}
		ch, err := c.target(id, false)
		if err != nil {
			return nil, err
		}
		channels = append(channels, ch)
	}
	root := c.args["thread_ts"]
	if root != "" {
		if len(channels) != 1 {
			return nil, fail("invalid_arguments", "[ERROR] thread_ts needs exactly one channel")
		}
		parent, err := c.w.state.message(channels[0].ID, root, "")
		if err != nil {
			return nil, fail("invalid_thread_ts")
		}
		root = cmp.Or(parent.ThreadTS, root)
	}
	m := Message{Text: c.args["initial_comment"]}
	if raw := c.args["blocks"]; raw != "" && m.Text == "" {
		blocks, err := c.w.readBlocks("", raw)
		if err != nil {
			return nil, err
		}
		m.Blocks = blocks
	}
	done, err := c.w.completeFiles(list)
	if err != nil {
		return nil, err
	}
	out := []answer{}
	for _, f := range done {
		m.Files = append(m.Files, f.id)
		out = append(out, answer{"id": f.id, "title": f.title})
	}
	m.asBot("")
	for _, ch := range channels {
		m.ThreadTS = root
		sent, err := c.w.state.post(ch.ID, m)
		if err != nil {
			return nil, err
		}
		c.w.shareFiles(done, ch.ID)
		c.w.posted(ch, sent)
	}
	return answer{"files": out}, nil
}

func (w *Workspace) completeFiles(list []struct{ ID, Title string }) ([]*file, error) {
	w.state.mu.Lock()
	defer w.state.mu.Unlock()
	var done []*file
	for _, l := range list {
		f := w.state.files[l.ID]
		if f == nil || f.uploadKey != "" {
			return nil, fail("file_not_found")
		}
		if !f.done.IsZero() {
			return nil, fail("file_update_failed")
		}
		done = append(done, f)
	}
	for i, f := range done {
		f.title, f.done = cmp.Or(list[i].Title, f.name), time.Now()
	}
	return done, nil
}

func (w *Workspace) shareFiles(files []*file, channelID string) {
	w.state.mu.Lock()
	defer w.state.mu.Unlock()
	for _, f := range files {
		f.channels = append(f.channels, channelID)
	}
}

// ready says whether an image block may show the file.
func (w *Workspace) ready(f *file) bool {
	return f != nil && !f.done.IsZero() && time.Since(f.done) >= w.cfg.FileProcessing
}

// checkFileRef refuses a slack_file that is unknown or not yet processed.
func (w *Workspace) checkFileRef(block map[string]any, i int) error {
	at := map[string]any{fmt.Sprintf("/blocks/%d", i): block, fmt.Sprintf("/blocks/%d/accessory", i): block["accessory"]}
	for pointer, v := range at {
		image, _ := v.(map[string]any)
		ref, _ := image["slack_file"].(map[string]any)
		if ref == nil {
			continue
		}
		id, _ := ref["id"].(string)
		if link, _ := ref["url"].(string); link != "" {
			id = path.Base(link)
		}
		w.state.mu.Lock()
		ok := w.ready(w.state.files[id])
		w.state.mu.Unlock()
		if !ok {
			return fail("invalid_blocks", "[ERROR] invalid slack file [json-pointer:"+pointer+"/slack_file]")
		}
	}
	return nil
}

// fileForm is a file as files.info and the page see it. Until Slack has looked
// at an upload it has no type.
func (w *Workspace) fileForm(base string, f *file) answer {
	out := answer{
		"id": f.id, "name": f.name, "title": f.title, "size": f.length, "alt_txt": f.alt, "user": BotUserID, "created": f.done.Unix(), "timestamp": f.done.Unix(),
		"channels": append([]string{}, f.channels...), "mimetype": "", "filetype": "", "pretty_type": "", "mode": "hosted", "is_external": false, "is_public": len(f.channels) > 0,
		"url_private": base + "/files/" + f.id, "url_private_download": base + "/files/" + f.id, "permalink": base + "/files/" + f.id,
	}
	if w.ready(f) {
		kind := http.DetectContentType(f.data)
		out["mimetype"], out["filetype"] = kind, strings.TrimPrefix(path.Ext(f.name), ".")
		if strings.HasPrefix(kind, "text/") {
			out["mode"], out["preview"] = "snippet", preview(f.data)
		}
	}
	return out
}

// maxPreview is how much of a text file is shown beside a message, in bytes.
const maxPreview = 4 << 10

func preview(data []byte) string {
	if len(data) > maxPreview {
		data = data[:maxPreview]
	}
	return strings.ToValidUTF8(string(data), "")
}

func filesInfo(c *call) (answer, error) {
	c.w.state.mu.Lock()
	defer c.w.state.mu.Unlock()
	f := c.w.state.files[c.args["file"]]
	if f == nil || f.done.IsZero() {
		return nil, fail("file_not_found")
	}
	out := c.w.fileForm(base(c.r), f)
	if c.w.ready(f) && strings.HasPrefix(stringOf(out["mimetype"]), "text/") {
		return answer{"file": out, "content": string(f.data), "comments": []any{}, "paging": answer{}}, nil
	}
	return answer{"file": out, "comments": []any{}, "paging": answer{}}, nil
}

func filesList(c *call) (answer, error) {
	count, err := c.number("count", 100, 1, 1000)
	if err != nil {
		return nil, err
	}
	page, err := c.number("page", 1, 1, 1000)
	if err != nil {
		return nil, err
	}
	c.w.state.mu.Lock()
	defer c.w.state.mu.Unlock()
	found := []*file{}
	for _, f := range c.w.state.files {
		if !f.done.IsZero() && (c.args["channel"] == "" || slices.Contains(f.channels, c.args["channel"])) {
			found = append(found, f)
		}
	}
	slices.SortFunc(found, func(a, b *file) int { return b.done.Compare(a.done) })
	out := []answer{}
	for _, f := range found[min(len(found), (page-1)*count):min(len(found), page*count)] {
		out = append(out, c.w.fileForm(base(c.r), f))
	}
	return answer{"files": out, "paging": answer{"count": count, "total": len(found), "page": page, "pages": (len(found) + count - 1) / count}}, nil
}

// filesDelete takes a file away from the workspace and from its messages.
func filesDelete(c *call) (answer, error) {
	s := c.w.state
	s.mu.Lock()
	f := s.files[c.args["file"]]
	if f == nil || f.done.IsZero() {
		s.mu.Unlock()
		return nil, fail("file_not_found")
	}
	delete(s.files, f.id)
	type at struct{ channel, ts string }
	var in []at
	for _, ch := range s.channels {
		for _, m := range ch.msgs {
			if !m.Deleted && slices.Contains(m.Files, f.id) {
				in = append(in, at{ch.ID, m.TS})
			}
		}
	}
	s.mu.Unlock()
	for _, m := range in {
		_, err := s.change(m.channel, m.ts, "file", func(m *Message) error {
			m.Files = slices.DeleteFunc(slices.Clone(m.Files), func(id string) bool { return id == f.id })
			m.Deleted = len(m.Files) == 0 && m.Text == "" && len(m.Blocks) == 0 // nothing is left of it
			return nil
		})
		if err != nil && !errors.Is(err, errNoMessage) { // it may have been deleted meanwhile
			return nil, err
		}
	}
	return nil, nil
}

// filesOf are a message's files, as Slack shows them.
func (c *call) filesOf(m Message) []answer {
	c.w.state.mu.Lock()
	defer c.w.state.mu.Unlock()
	var out []answer
	for _, id := range m.Files {
		if f := c.w.state.files[id]; f != nil {
			out = append(out, c.w.fileForm(base(c.r), f))
		}
	}
	return out
}

// controlFile is GET /sandbox/file?id=F..., what the page shows of a file.
func (w *Workspace) controlFile(rw http.ResponseWriter, r *http.Request) {
	w.state.mu.Lock()
	f := w.state.files[r.URL.Query().Get("id")]
	var out answer
	if f != nil && !f.done.IsZero() {
		out = w.fileForm(base(r), f)
	}
	w.state.mu.Unlock()
	if out == nil {
		controlFail(rw, errNoFile)
		return
	}
	controlOK(rw, answer{"ok": true, "file": out})
}

// serveFile shows an upload to the page, and to the bot with its token.
func (w *Workspace) serveFile(rw http.ResponseWriter, r *http.Request) {
	w.state.mu.Lock()
	f := w.state.files[r.PathValue("file")]
	var data []byte
	if w.ready(f) {
		data = f.data
	}
	w.state.mu.Unlock()
	if data == nil {
		http.NotFound(rw, r)
		return
	}
	kind := http.DetectContentType(data)
	switch { // nothing that a browser would run
	case strings.HasPrefix(kind, "text/"):
		kind = "text/plain; charset=utf-8"
	case !strings.HasPrefix(kind, "image/"):
		kind = "application/octet-stream"
	}
	rw.Header().Set("Content-Type", kind)
	rw.Write(data)
}
