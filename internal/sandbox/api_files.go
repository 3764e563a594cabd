package sandbox

import (
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"path"
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
	for id := range strings.SplitSeq(or(c.args["channel_id"], c.args["channels"]), ",") {
		if id == "" {
			continue
		}
		ch, err := c.target(id, false)
		if err != nil {
			return nil, err
		}
		channels = append(channels, ch)
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
		m.ThreadTS = c.args["thread_ts"]
		if _, err := c.w.state.post(ch.ID, m); err != nil {
			return nil, err
		}
		c.w.shareFiles(done, ch.ID)
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
		f.title, f.done = or(list[i].Title, f.name), time.Now()
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
		id, _ := ref["id"].(string)
		if id == "" {
			continue
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

func filesInfo(c *call) (answer, error) {
	c.w.state.mu.Lock()
	defer c.w.state.mu.Unlock()
	f := c.w.state.files[c.args["file"]]
	if f == nil || f.done.IsZero() {
		return nil, fail("file_not_found")
	}
	out := answer{
		"id": f.id, "name": f.name, "title": f.title, "size": f.length, "alt_txt": f.alt, "user": BotUserID, "created": f.done.Unix(), "channels": f.channels,
		"mimetype": "", "url_private": base(c.r) + "/files/" + f.id, "url_private_download": base(c.r) + "/files/" + f.id,
	}
	if c.w.ready(f) {
		out["mimetype"] = http.DetectContentType(f.data)
	}
	return answer{"file": out, "comments": []any{}, "paging": answer{}}, nil
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
	if !strings.HasPrefix(kind, "image/") { // nothing that a browser would run
		kind = "application/octet-stream"
	}
	rw.Header().Set("Content-Type", kind)
	rw.Header().Set("X-Content-Type-Options", "nosniff")
	rw.Write(data)
}
