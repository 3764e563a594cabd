package journal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"

	"go.uber.org/zap"
)

// With the server inside, a checkpoint is a file in the data directory: its checksum, then its data. As a message it
// would cost this process the block that it is appended to: the server reads that anew, up to 8 MiB, for each.

const checkpointsDir = "checkpoints"

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func (j *Journal) checkpointFile(token string) string {
	return filepath.Join(j.cfg.Dir, checkpointsDir, token)
}

// putCheckpointFile puts a checkpoint in place of the one before. It is not synced: see PutCheckpoint.
func (j *Journal) putCheckpointFile(token string, data []byte) error {
	j.checkpoints.Lock()
	defer j.checkpoints.Unlock()
	name := j.checkpointFile(token)
	if err := os.MkdirAll(filepath.Dir(name), dirMode); err != nil {
		return err
	}
	return replaceFile(name, unsynced, binary.BigEndian.AppendUint32(nil, crc32.Checksum(data, castagnoli)), data)
}

// readCheckpointFile fails with ErrNotFound when there is none, and with ErrDamaged as well when there is one that
// cannot be read or is not as it was written: without a short cut a start takes the long way.
func (j *Journal) readCheckpointFile(token string) ([]byte, error) {
	data, err := os.ReadFile(j.checkpointFile(token))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, ErrNotFound
	case err == nil && len(data) >= crc32.Size && crc32.Checksum(data[crc32.Size:], castagnoli) == binary.BigEndian.Uint32(data):
		return data[crc32.Size:], nil
	}
	j.cfg.Log.Warn("a checkpoint is damaged; going on without it, from all events and results that are kept", zap.String("file", j.checkpointFile(token)), zap.Error(err))
	return nil, fmt.Errorf("%w: %w: %s", ErrNotFound, ErrDamaged, j.checkpointFile(token))
}
