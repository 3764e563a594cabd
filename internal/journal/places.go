package journal

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"go.uber.org/zap"
)

// clearPlaces sets aside what stands in the place of a file or a folder of ours and is none: a folder, a pipe, a link of a file in a circle
// or to nowhere. Who reads a pipe waits for ever, and the server inside does not start with the rest. What stood there is lost, and comes
// back from the second copies as any damage does. The caller holds the lock.
func (j *Journal) clearPlaces() error {
	for _, name := range []string{damagedDir, checkpointsDir} {
		if err := j.clearPlace(name, true); err != nil {
			return err
		}
	}
	for _, name := range []string{"node", secondFile, twinFile} {
		if err := j.clearPlace(name, false); err != nil {
			return err
		}
	}
	if !j.cfg.alone() { // the files of a member are mended by the others
		return nil
	}
	return j.clearStreams()
}

// clearStreams is clearPlaces for the files of the server inside.
func (j *Journal) clearStreams() error {
	// :: place below the data directory, as a pattern -> it is a folder; from the outside in
	for _, place := range []struct {
		pattern string
		folder  bool
	}{
		{aloneDir, true}, {aloneDir + "/jetstream", true}, {aloneDir + "/jetstream/*", true}, {aloneDir + "/jetstream/*/streams", true},
		{aloneDir + "/jetstream/*/streams/*", true}, {aloneDir + "/jetstream/*/streams/*/msgs", true},
		{aloneDir + "/jetstream/*/streams/*/meta.*", false}, {aloneDir + "/jetstream/*/streams/*/msgs/*" + blockEnds, false},
		{aloneDir + "/jetstream/*/streams/*/msgs/index.db", false},
	} {
		found, err := filepath.Glob(filepath.Join(globbed(j.cfg.Dir), filepath.FromSlash(place.pattern)))
		if err != nil {
			return err
		}
		for _, path := range found {
			name, err := filepath.Rel(j.cfg.Dir, path)
			if err == nil {
				err = j.clearPlace(name, place.folder)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// globbed is a path as a pattern that only it fits.
func globbed(path string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(path)
}

// clearPlace sets aside what stands at a name below the data directory and is no folder, or no file.
func (j *Journal) clearPlace(name string, folder bool) error {
	path := filepath.Join(j.cfg.Dir, name)
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	info, err := os.Stat(path) // a link to a file is as good as one
	if to, noLink := os.Readlink(path); noLink == nil && folder && errors.Is(err, fs.ErrNotExist) {
		// A disk that is not mounted holds what would be missed.
		return fmt.Errorf("%s is a link to %s, which is not there: mount the disk that it is on, or remove the link to go on without", path, to)
	}
	if err == nil && (folder && info.IsDir() || !folder && info.Mode().IsRegular()) {
		return nil
	}
	aside := filepath.Join(j.cfg.Dir, damagedDir, strings.ReplaceAll(name, string(filepath.Separator), "-"))
	if name == damagedDir {
		aside = path + asideEnds
	} else if err := os.MkdirAll(filepath.Dir(aside), dirMode); err != nil {
		return err
	}
	what := "file"
	if folder {
		what = "folder"
	}
	return j.moveAside(path, aside, func(aside string) {
		j.cfg.Log.Warn("this is no "+what+", and is set aside; going on without it", zap.String("file", path), zap.String("as", aside), zap.Error(err))
	})
}
