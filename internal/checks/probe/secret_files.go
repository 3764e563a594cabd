package probe

import (
	"cmp"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"
	"weak"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/redact"
)

// secretFileMax is how much of a file is looked for in texts, in bytes: no
// password is longer.
const secretFileMax = 16 << 10

// secretFiles returns the files that a check's options name for a secret's
// content: password_file, bearer_token_file, client_key_file, and body_file, since
// what a check sends may hold one.
func secretFiles(c *checks.Check) *fileSecrets {
	var list []*secretFile
	v := reflect.Indirect(reflect.ValueOf(c.Options))
	collectFiles(c, v, folderOf(v), &list)
	if len(list) == 0 {
		return nil
	}
	return &fileSecrets{list: list}
}

func folderOf(v reflect.Value) string {
	if v.Kind() != reflect.Struct {
		return ""
	}
	if dir := v.FieldByName("Dir"); dir.IsValid() && dir.Kind() == reflect.String {
		return dir.String()
	}
	return ""
}

func collectFiles(c *checks.Check, v reflect.Value, dir string, list *[]*secretFile) {
	v = reflect.Indirect(v)
	switch v.Kind() {
	case reflect.Slice:
		for i := range v.Len() {
			collectFiles(c, v.Index(i), dir, list)
		}
	case reflect.Struct:
		for field, value := range v.Fields() {
			name, isFile := strings.CutSuffix(field.Name, "File")
			switch {
			case !field.IsExported():
			case value.Kind() != reflect.String:
				collectFiles(c, value, dir, list)
			case isFile && value.String() != "" && (redact.Word.MatchString(name) || strings.HasSuffix(name, "Key") || name == "Body"):
				path, err := Beside(*c, dir, value.String())
				if err == nil {
					*list = append(*list, secretsOf(filepath.Clean(path)))
				}
			}
		}
	}
}

// redactor returns what takes the check's secrets out, those that are in its
// files by now, and were before, among them.
func (c *Compiled) redactor() redact.Redactor {
	switch {
	case c.files != nil:
		return c.files.redactor()
	case c.redact != nil:
		return *c.redact
	}
	return redact.Redactor{}
}

// fileSecrets are the secrets of a check that has some in files. What takes them
// out is made anew when a file has changed, not for each result.
type fileSecrets struct {
	list []*secretFile
	own  []string // that the check has beside them

	mu   sync.Mutex
	seen [][]string // of each file, what it held when made was made
	made redact.Redactor
}

func (f *fileSecrets) redactor() redact.Redactor {
	f.mu.Lock()
	defer f.mu.Unlock()
	changed := f.seen == nil
	if changed {
		f.seen = make([][]string, len(f.list))
	}
	for i, file := range f.list {
		if now := file.secrets(); !sameList(now, f.seen[i]) {
			f.seen[i], changed = now, true
		}
	}
	if changed {
		all := slices.Concat(append([][]string{f.own}, f.seen...)...)
		slices.SortFunc(all, func(a, b string) int { return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b)) })
		f.made = redact.For(slices.Compact(all))
	}
	return f.made
}

// sameList tells whether two lists are one and the same, not merely alike.
func sameList(a, b []string) bool {
	return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0])
}

// secretFile is what a file of a secret holds, in every form in which a text may
// repeat it. Checks that name the same file share one.
type secretFile struct {
	path string

	mu    sync.Mutex
	seen  os.FileInfo // of what was read last; nil before
	young bool        // it was written just before it was read, and may have been again
	forms []string
	both  []string // forms, and those of what it held before: a probe that is under way may have sent that; another list when they change
}

// stillYoung is how long after it was written a file may change without another
// time or size to show it, on file systems that keep no finer times.
const stillYoung = 2 * time.Second

// secrets returns the forms, and reads the file if it is another one than before.
// What was read stays known while it cannot be read.
func (f *secretFile) secrets() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	now, err := os.Stat(f.path)
	if err != nil || !now.Mode().IsRegular() || f.same(now) {
		return f.both
	}
	if content, err := readHead(f.path); err == nil {
		found := map[string]bool{}
		redact.Add(content, found)
		redact.AddBody(content, found)
		if forms := redact.LongestFirst(found); !slices.Equal(forms, f.forms) {
			f.forms, f.both = forms, slices.Concat(forms, f.forms)
		}
		f.seen, f.young = now, time.Since(now.ModTime()) < stillYoung
	}
	return f.both
}

func (f *secretFile) same(now os.FileInfo) bool {
	return f.seen != nil && !f.young && os.SameFile(f.seen, now) && f.seen.Size() == now.Size() && f.seen.ModTime().Equal(now.ModTime())
}

// readHead reads as much of a file as is looked for.
func readHead(path string) (string, error) {
	file, err := OpenFile(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	content, err := io.ReadAll(io.LimitReader(file, secretFileMax))
	return string(content), err
}

// secretsOfFiles are the files that compiled checks name, for as long as they do:
// ten thousand checks with one key hold it once.
var secretsOfFiles = struct {
	mu sync.Mutex
	of map[string]weak.Pointer[secretFile] // :: path -> what it holds
}{of: map[string]weak.Pointer[secretFile]{}}

func secretsOf(path string) *secretFile {
	s := &secretsOfFiles
	s.mu.Lock()
	defer s.mu.Unlock()
	if f := s.of[path].Value(); f != nil {
		return f
	}
	f := &secretFile{path: path}
	s.of[path] = weak.Make(f)
	runtime.AddCleanup(f, func(path string) {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.of[path].Value() == nil {
			delete(s.of, path)
		}
	}, path)
	return f
}
