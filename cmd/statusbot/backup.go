package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/statusbot/statusbot/internal/house"
	"github.com/statusbot/statusbot/internal/journal"
)

func backupCommand(w world) *cobra.Command {
	c := &cobra.Command{
		Use:   "backup FILE --data-dir DIR | --config FILE",
		Short: "write all that the journal holds to one checked file",
		Long: `It may run beside the statusbot that uses the directory, as the same user. FILE has events,
results, what is to be told and what was told; not the configuration, nor screenshots. It is
written beside its place, read again and checked, and then takes the place of an older one.
A member of journal.cluster is backed up while it runs, and restored as one that is alone. A
journal of journal.url is backed up by the tools of NATS.

Exit codes: 0 done, 1 failed, 64 wrong call, 78 bad configuration.`,
		Example: `  statusbot backup statusbot.backup --data-dir /var/lib/statusbot`,
	}
	file := c.Flags().StringP("config", "c", "", "the configuration's main file, which says where the data directory is")
	dir := c.Flags().String("data-dir", "", "the bot's data directory; overrides data_dir")
	completeFolder(c, "data-dir")
	completeFiles(c, "config", "yaml", "yml")
	c.RunE = func(c *cobra.Command, args []string) error {
		if len(args) != 1 {
			return usageError(oneBackup)
		}
		keep, err := journalNamed(w, *file, *dir)
		switch {
		case err != nil:
			return err
		case keep.URL != "":
			return errors.New("journal.url names a cluster of NATS; back it up by the tools of NATS")
		}
		size, err := writeBackup(c.Context(), keep.Dir, args[0])
		if err == nil {
			fmt.Fprintf(w.out, "%s has all that the journal of %s holds (%.1f MiB), and was checked.\n", args[0], keep.Dir, float64(size)/(1<<20))
		}
		return err
	}
	return c
}

func restoreCommand(w world) *cobra.Command {
	c := &cobra.Command{
		Use:   "restore FILE --data-dir DIR",
		Short: "make a data directory from a backup",
		Long: `DIR must hold no journal. FILE is checked first: of one that is damaged nothing is restored.
What statusbot told after the backup was made, it does not know of.

Exit codes: 0 done, 1 failed, 64 wrong call.`,
		Example: `  statusbot restore statusbot.backup --data-dir /var/lib/statusbot`,
	}
	dir := c.Flags().String("data-dir", "", "the data directory that is made")
	completeFolder(c, "data-dir")
	c.RunE = func(c *cobra.Command, args []string) error {
		switch {
		case len(args) != 1:
			return usageError(oneBackup)
		case *dir == "":
			return usageError("--data-dir is missing; name the bot's data directory")
		}
		if info, err := os.Stat(args[0]); err == nil && !info.Mode().IsRegular() {
			return fmt.Errorf("%s is no file; a backup is read twice", args[0])
		}
		file, err := os.Open(args[0])
		if err != nil {
			return err
		}
		defer file.Close()
		if err := journal.Restore(c.Context(), journal.Config{Dir: *dir}, file); err != nil {
			return fmt.Errorf("%s: %w", args[0], err)
		}
		fmt.Fprintf(w.out, "%s has what %s holds. Start statusbot with it.\n", *dir, args[0])
		return nil
	}
	return c
}

const oneBackup = "name one file, that of the backup"

// writeBackup writes a backup to a file, and returns its size in bytes. After an
// error the file is as it was. Two at once each write their own.
func writeBackup(ctx context.Context, dir, name string) (size int64, err error) {
	if name, err = placeOf(name); err != nil {
		return 0, err
	}
	file, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".*.part")
	if err != nil {
		return 0, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(file.Name()))
		}
	}()
	err = house.Backup(ctx, dir, file)
	if err == nil {
		err = file.Sync()
	}
	if err == nil {
		if size, err = file.Seek(0, io.SeekStart); err == nil {
			err = journal.CheckBackup(file)
		}
	}
	if info, statErr := file.Stat(); statErr == nil {
		size = info.Size()
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return 0, err
	}
	return size, os.Rename(file.Name(), name)
}

// placeOf is the file that a name leads to, or may. What is no file is not replaced by
// one: a machine needs its devices, and who reads from a pipe would wait for ever.
func placeOf(name string) (string, error) {
	if _, err := os.Lstat(name); errors.Is(err, fs.ErrNotExist) {
		return name, nil
	}
	place, err := filepath.EvalSymlinks(name)
	if err != nil {
		return "", err
	}
	info, err := os.Stat(place)
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is no file, and is left as it is; name a file", name)
	}
	return place, err
}
