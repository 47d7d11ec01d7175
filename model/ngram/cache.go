package ngram

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/rogpeppe/go-internal/lockedfile"
)

// Config says which model Load returns.
type Config struct {
	// Dir is the folder of the model files; it is made if absent.
	Dir string
	// Order is 1..MaxOrder.
	Order int
	// Text is the training text.
	Text []byte
	// Progress, if not nil, is called during training; never when the model comes from a file.
	Progress func(Progress)
}

// Load returns the model of an order trained on a text. The first call trains it and writes a file, whose name tells order and
// text; later calls read that. Processes that start at the same time wait for the one that trains. A damaged file, or one of
// another version, is trained anew. Errors: those of Train, of the file system, and ctx.Err() (waiting for another process does
// not heed ctx, but lasts no longer than its training).
func Load(ctx context.Context, cfg Config) (*Model, error) {
	if cfg.Order < 1 || cfg.Order > MaxOrder {
		return nil, fmt.Errorf("%w: %d, want 1..%d", ErrOrder, cfg.Order, MaxOrder)
	}
	if err := os.MkdirAll(cfg.Dir, 0o755); err != nil {
		return nil, fmt.Errorf("model folder: %w", err)
	}
	digest := sha256.Sum256(cfg.Text)
	path := filepath.Join(cfg.Dir, fmt.Sprintf("ngram-%d-%s.bin", cfg.Order, hex.EncodeToString(digest[:8])))
	if m, err := read(path, cfg.Order, digest); err == nil {
		return m, nil
	}
	unlock, err := lockedfile.MutexAt(path + ".lock").Lock()
	if err != nil {
		return nil, fmt.Errorf("lock the model file: %w", err)
	}
	defer unlock()
	m, err := read(path, cfg.Order, digest) // another process may have trained it meanwhile
	if err == nil {
		return m, nil
	}
	if !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, ErrFile) {
		return nil, err
	}
	if m, err = Train(ctx, cfg.Order, cfg.Text, cfg.Progress); err != nil {
		return nil, err
	}
	return m, write(path, m)
}

func read(path string, order int, digest [32]byte) (*Model, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("model file: %w", err)
	}
	m := new(Model)
	if err := m.UnmarshalBinary(data); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if m.order != order || m.digest != digest {
		return nil, fmt.Errorf("%s: %w: it holds order %d of another text", path, ErrFile, m.order)
	}
	return m, nil
}

// write puts the whole file in place at once, so that no reader sees a part of it.
func write(path string, m *Model) (err error) {
	data, err := m.MarshalBinary()
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*.tmp")
	if err != nil {
		return fmt.Errorf("model file: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("model file: %w", err), os.Remove(f.Name()))
		}
	}()
	_, err = f.Write(data)
	if err = errors.Join(err, f.Sync(), f.Chmod(0o644), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
