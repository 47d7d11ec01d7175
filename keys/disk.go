package keys

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
)

const (
	dirMode  = 0o700
	fileMode = 0o600
)

// names are safe as file names everywhere and cannot leave their folder or hide in it.
var names = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

func checkName(what, name string) error {
	if !names.MatchString(name) {
		return fmt.Errorf("%w: %s %q, want 1 to 64 letters, digits, '.', '_' or '-', the first a letter or digit", ErrName, what, name)
	}
	return nil
}

// create writes a file that must not exist yet. It appears under its name only when it is whole and on disk, so that a crash leaves
// either nothing or all of it. It fails with fs.ErrExist if the name is taken.
func create(path string, content []byte) (err error) {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, dirMode); err != nil {
		return err
	}
	// CreateTemp opens with O_EXCL and mode 0600.
	tmp, err := os.CreateTemp(dir, ".new-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.Remove(tmp.Name())) }()
	_, werr := tmp.Write(content)
	if err := errors.Join(werr, tmp.Sync(), tmp.Close()); err != nil {
		return err
	}
	// Unlike a rename, a link never replaces what is there.
	if err := os.Link(tmp.Name(), path); err != nil {
		return err
	}
	return syncDir(dir)
}

func syncDir(dir string) error {
	if runtime.GOOS == "windows" { // directories cannot be synced there
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// read returns a key file. It fails with ErrNotFound and ErrFile. A file that holds an open private key must not be readable by others.
func read(path string) (keyFile, Public, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return keyFile{}, Public{}, fmt.Errorf("%w: no file %s", ErrNotFound, path)
	}
	if err != nil {
		return keyFile{}, Public{}, fmt.Errorf("read key: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return keyFile{}, Public{}, fmt.Errorf("read key: %w", err)
	}
	b, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return keyFile{}, Public{}, fmt.Errorf("read key: %w", err)
	}
	if len(b) > maxFile {
		return keyFile{}, Public{}, fmt.Errorf("%s: %w: more than %d bytes", path, ErrFile, maxFile)
	}
	file, public, err := decodeKeyFile(b)
	if err != nil {
		return keyFile{}, Public{}, fmt.Errorf("%s: %w", path, err)
	}
	if mode := info.Mode().Perm(); file.PrivateKey != "" && mode&0o077 != 0 && runtime.GOOS != "windows" {
		return keyFile{}, Public{}, fmt.Errorf("%s: %w: an unencrypted key with mode %04o is open to other users, run chmod 600", path, ErrFile, mode)
	}
	return file, public, nil
}
