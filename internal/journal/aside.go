package journal

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"go.uber.org/zap"
)

// What another history, or a later statusbot, has written is set aside, never in the place of one that was: each may be the only one of its
// history. A few are kept, since somebody who wants one back wants it soon.
const (
	asideEnds = ".other"
	asideMost = 5
	asideTime = ".20060102T150405.000000000"
)

// setAsideAnother sets a file aside, and removes the oldest of those that were. what is said of the file, for this cause.
func (j *Journal) setAsideAnother(name, what string, cause error) error {
	before, err := asideOf(name)
	if err != nil {
		return err
	}
	aside := name + asideEnds
	if len(before) > 0 { // the first one has no time
		aside += time.Now().UTC().Format(asideTime)
	}
	j.cfg.Log.Error(what+"; it is set aside and made anew", zap.String("file", name), zap.String("as", aside), zap.Error(cause))
	if err := os.Rename(name, aside); err != nil {
		return err
	}
	for _, old := range before[:max(0, len(before)+1-asideMost)] {
		if err := os.Remove(old); err != nil {
			j.cfg.Log.Warn("a file that was set aside is not removed", zap.String("file", old), zap.Error(err))
			continue
		}
		j.cfg.Log.Warn("the oldest of the files that were set aside is removed", zap.String("file", old), zap.Int("kept", asideMost))
	}
	return nil
}

// asideOf are the files that were set aside from this name, oldest first. What somebody else has put beside them is none.
func asideOf(name string) ([]string, error) {
	all, err := filepath.Glob(globbed(name+asideEnds) + "*")
	slices.Sort(all)
	return slices.DeleteFunc(all, func(path string) bool {
		when := strings.TrimPrefix(path, name+asideEnds)
		_, err := time.Parse(asideTime, when)
		return when != "" && err != nil
	}), err
}
