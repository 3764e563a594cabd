package house

import (
	"errors"
	"fmt"
	"hash/fnv"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
)

// What is kept of screenshots. A result has but the path: 100 KiB in each
// would fill the journal, which holds results of about 140 bytes.
const (
	shotsOfCheck = 5                  // the newest of each check: as many failures keep their evidence
	shotsBytes   = 64 << 20           // of all; the oldest go first
	shotsAge     = 7 * 24 * time.Hour // they show what a customer would see, so not for ever
	shotSuffix   = ".jpg"
	shotStamp    = "20060102T150405.000000000Z"
)

// screenshots keeps pictures of pages as files in one folder.
type screenshots struct {
	root string // that paths in results begin from
	dir  string // below it

	mu sync.Mutex // held while the folder is changed
}

func newScreenshots(root, dir string) *screenshots { return &screenshots{root: root, dir: dir} }

// keep moves the picture of a result, if it has one, into a file, and notes its
// path, which begins at the root. Old ones go. A result whose picture cannot be
// kept has none. The result's evidence is replaced and not changed: who asked
// for the result may be reading it.
func (s *screenshots) keep(r *checks.Result) error {
	if r.Evidence == nil || len(r.Evidence.Picture) == 0 {
		return nil
	}
	e := *r.Evidence
	picture := e.Picture
	e.Picture, r.Evidence = nil, &e
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := os.MkdirAll(filepath.Join(s.root, s.dir), 0o700); err != nil {
		return fmt.Errorf("make the folder of screenshots: %w", err)
	}
	name := shotPrefix(r.Check) + r.Started.UTC().Format(shotStamp) + shotSuffix
	path := filepath.Join(s.dir, name)
	if err := os.WriteFile(filepath.Join(s.root, path), picture, 0o600); err != nil {
		_ = os.Remove(filepath.Join(s.root, path)) // what of it was written
		return fmt.Errorf("write a screenshot: %w", err)
	}
	e.Screenshot = path
	return s.prune(time.Now())
}

// sweep removes what is too old, also of checks that there are no more.
func (s *screenshots) sweep() {
	s.mu.Lock()
	defer s.mu.Unlock()
	_ = s.prune(time.Now()) // said when one is kept
}

// prune removes the files that are too many, too old or too large together.
func (s *screenshots) prune(now time.Time) error {
	entries, err := os.ReadDir(filepath.Join(s.root, s.dir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the folder of screenshots: %w", err)
	}
	type shot struct {
		name, check, taken string
		size               int64
	}
	var list []shot
	for _, entry := range entries {
		check, taken, ok := shotOf(entry.Name())
		info, err := entry.Info()
		if !ok || err != nil || !info.Mode().IsRegular() {
			continue // not ours
		}
		list = append(list, shot{entry.Name(), check, taken, info.Size()})
	}
	slices.SortFunc(list, func(a, b shot) int { return strings.Compare(b.taken, a.taken) }) // the newest first
	oldest := now.Add(-shotsAge).UTC().Format(shotStamp)
	count := map[string]int{} // :: check -> how many are kept
	sum := int64(0)
	for _, one := range list {
		count[one.check]++
		sum += one.size
		if count[one.check] <= shotsOfCheck && sum <= shotsBytes && one.taken >= oldest {
			continue
		}
		sum -= one.size
		err = errors.Join(err, os.Remove(filepath.Join(s.root, s.dir, one.name)))
	}
	if err != nil {
		return fmt.Errorf("remove old screenshots: %w", err)
	}
	return nil
}

// shotPrefix begins the names of a check's files: its id as far as a file may
// be called so, and a number that tells apart what is then the same.
func shotPrefix(check string) string {
	clean := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' {
			return r
		}
		return '_'
	}, check)
	h := fnv.New32a()
	h.Write([]byte(check))
	return fmt.Sprintf("%s-%08x-", clean[:min(len(clean), 80)], h.Sum32())
}

// shotOf takes the name of a file apart.
func shotOf(name string) (check, taken string, ok bool) {
	stem, ok := strings.CutSuffix(name, shotSuffix)
	cut := len(stem) - len(shotStamp)
	if !ok || cut <= 0 {
		return "", "", false
	}
	if _, err := time.Parse(shotStamp, stem[cut:]); err != nil {
		return "", "", false
	}
	return stem[:cut], stem[cut:], true
}

// KeepScreenshots keeps those of a single run, for whoever called it: in a
// folder, or where "" in one of the user's. The error is of the first that was
// not kept; the results are good all the same.
func KeepScreenshots(dir string, results []checks.Result) error {
	if !slices.ContainsFunc(results, func(r checks.Result) bool { return r.Evidence != nil && len(r.Evidence.Picture) > 0 }) {
		return nil
	}
	var err error
	if dir == "" {
		if dir, err = os.UserCacheDir(); err == nil {
			dir = filepath.Join(dir, "statusbot", "screenshots")
		} else { // nobody is logged in
			dir, err = os.MkdirTemp("", "statusbot-screenshots-")
		}
	}
	if err == nil {
		dir, err = filepath.Abs(dir)
	}
	shots := newScreenshots("", dir)
	for i := range results {
		if err == nil {
			err = shots.keep(&results[i])
		}
	}
	return err
}
