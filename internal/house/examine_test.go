package house

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/statusbot/statusbot/internal/bot"
	"github.com/statusbot/statusbot/internal/config"
	"github.com/statusbot/statusbot/internal/journal"
	"go.uber.org/zap"
)

func TestDoctorLooksAtTheDataDirectory(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for at, want := range map[string]string{
		dir:                            "ok " + dir + " can be written to",
		filepath.Join(dir, "a", "b"):   "ok " + filepath.Join(dir, "a", "b") + " is not there yet and can be made",
		file:                           "problem " + file + " is a file",
		filepath.Join(file, "beneath"): "problem " + file + " is a file",
	} {
		f := examineDir(at)
		if f.Grade == bot.Bad && f.Cure != "choose another folder with data_dir, or move the file away" {
			t.Errorf("%s: %s", at, f.Cure)
		}
		if got := fmt.Sprintf("%s %s", f.Grade, f.Says); !strings.HasPrefix(got, want) {
			t.Errorf("%s: %s, want %s", at, got, want)
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("it left %v, %v", left, err)
	}
}

// What a start says of a damaged file, doctor says too.
func TestDoctorSaysWhatIsDamaged(t *testing.T) {
	t.Parallel()
	for _, file := range []string{"node", "checkpoints/log", "checkpoints/07"} {
		dir := t.TempDir()
		j, err := journal.Open(t.Context(), journal.Config{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		for _, key := range []string{checkpointKey(logShard), checkpointKey(7)} {
			if _, err := j.PutCheckpoint(t.Context(), key, []byte("{}")); err != nil {
				t.Fatal(err)
			}
		}
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
		look := func() bot.Finding {
			return examineJournal(context.Background(), &config.Config{DataDir: dir})
		}
		if f := look(); f.Grade != bot.Good && !strings.Contains(f.Says, "but one request took") { // a busy machine
			t.Fatalf("before: %+v", f)
		}
		path := filepath.Join(dir, file)
		if err := os.WriteFile(path, []byte("not ours"), 0o600); err != nil {
			t.Fatal(err)
		}
		if f := look(); f.Grade != bot.Odd || !strings.HasPrefix(f.Says, path+": ") || !strings.Contains(f.Says, " damaged; going on ") {
			t.Errorf("%s: %+v", file, f)
		}
	}
}

// A journal that answers late is not damaged: doctor sends nobody to look for that.
func TestDoctorTellsLateFromDamaged(t *testing.T) {
	t.Parallel()
	said := &warnings{}
	log := zap.New(said)
	log.Warn(journal.AnswersLate, zap.String("took", "2.7s"))
	if f := said.finding(); f.Grade != bot.Odd || f.Says != "it opens and answers, but one request took 2.7s" || strings.Contains(f.Cure, "Damaged") {
		t.Errorf("late: %+v", f)
	}
	log.Warn("damaged; going on without it", zap.String("file", "node"))
	if f := said.finding(); f.Says != "node: damaged; going on without it" || !strings.Contains(f.Cure, "Damaged files") {
		t.Errorf("damaged and late: %+v", f)
	}
}
