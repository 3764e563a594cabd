package journal

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"go.uber.org/zap"
)

// What another history, or a later statusbot, has written, and what is no file of ours, is set aside, never in the place of one that was: each may be the only one of its
// history. So is a file as it was before it was mended. A few are kept, since somebody who wants one back wants it soon.
const (
	asideEnds = ".other"
	asideMost = 5
	asideTime = ".20060102T150405.000000000"
)

// setAsideAnother sets a file aside, and removes the oldest of those that were. what is said of the file, for this cause.
func (j *Journal) setAsideAnother(name, what string, cause error) error {
	return j.moveAside(name, name+asideEnds, func(aside string) {
		j.cfg.Log.Error(what+"; it is set aside and made anew", zap.String("file", name), zap.String("as", aside), zap.Error(cause))
	})
}

// moveAside gives what stands at a path the first name that is free of those that begin with as, says so, and removes the oldest of
// those that were set aside under it.
func (j *Journal) moveAside(path, as string, say func(aside string)) error {
	before, err := asideOf(as)
	if err != nil {
		return err
	}
	aside := as
	if len(before) > 0 { // the first one has no time
		aside += time.Now().UTC().Format(asideTime)
	}
	say(aside)
	if err := os.Rename(path, aside); err != nil {
		return err
	}
	j.keepFew(append(before, aside))
	return nil
}

// keepFew removes the oldest of what was set aside, which come first, until few are left.
func (j *Journal) keepFew(aside []string) {
	for _, old := range aside[:max(0, len(aside)-asideMost)] {
		if err := os.RemoveAll(old); err != nil {
			j.cfg.Log.Warn("a file that was set aside is not removed", zap.String("file", old), zap.Error(err))
			continue
		}
		j.cfg.Log.Warn("the oldest of the files that were set aside is removed", zap.String("file", old), zap.Int("kept", asideMost))
	}
}

// asideOf is what was set aside under a name, oldest first. What somebody else has put beside it is none.
func asideOf(as string) ([]string, error) {
	all, err := filepath.Glob(globbed(as) + "*")
	slices.Sort(all)
	return slices.DeleteFunc(all, func(path string) bool {
		when := strings.TrimPrefix(path, as)
		_, err := time.Parse(asideTime, when)
		return when != "" && err != nil
	}), err
}
