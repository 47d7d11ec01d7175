package keys

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Store is a folder of wallets:
//
//	DIR/NAME/coldkey          encrypted private key
//	DIR/NAME/coldkeypub       its public part; alone it makes a wallet that can only watch
//	DIR/NAME/hotkeys/HOTKEY   private key, encrypted unless asked for otherwise
//
// Files are JSON with mode 0600 in folders with mode 0700. They are never overwritten, and their public part is read without a
// password. A Store may be used by several goroutines and processes at once.
type Store struct {
	dir  string
	work int
}

// Option changes a Store.
type Option func(*Store)

// WithWorkFactor sets the work of guessing a password of new files to 2^log2 rounds of scrypt, 1 to 20 (default 18: about a second and
// 256 MiB). Lower it only where the keys are worth nothing.
func WithWorkFactor(log2 int) Option {
	return func(s *Store) { s.work = min(max(log2, 1), maxWork) }
}

// NewStore returns the wallets of a folder, which need not exist yet.
func NewStore(dir string, options ...Option) *Store {
	s := &Store{dir: dir, work: defaultWork}
	for _, option := range options {
		option(s)
	}
	return s
}

// Protection says how a hotkey lies on disk. The zero value is refused.
type Protection struct {
	password sealed[Password]
	open     bool
}

// Encrypted asks for encryption with a password, which may not be empty.
func Encrypted(p Password) Protection { return Protection{password: seal(p)} }

// Unencrypted leaves a hotkey readable to whoever can read its file: for servers that start without anyone at the keyboard. A hotkey
// holds nothing and can be replaced.
func Unencrypted() Protection { return Protection{open: true} }

func (p Protection) secret() Password {
	if p.password.isZero() {
		return ""
	}
	return *p.password.open()
}

// CreateColdkey stores a coldkey, encrypted, and its public part. If the wallet has one already nothing is changed and the error is ErrExists with
// the file and the address in it. A wallet that could only watch this very key becomes a full one.
func (s *Store) CreateColdkey(wallet string, key PrivateKey, password Password) (Public, error) {
	if err := checkName("wallet", wallet); err != nil {
		return Public{}, err
	}
	if key.IsZero() {
		return Public{}, fmt.Errorf("%w: no private key", ErrKey)
	}
	file, err := newKeyFile(key.PublicKey())
	if err != nil {
		return Public{}, err
	}
	if err := absent(s.coldkey(wallet)); err != nil {
		return Public{}, err
	}
	_, watched, err := read(s.coldkeypub(wallet))
	if err == nil && watched.PublicKey != key.PublicKey() {
		return Public{}, exists(s.coldkeypub(wallet))
	}
	if err != nil && !errors.Is(err, ErrNotFound) {
		return Public{}, err
	}
	watching := err == nil
	public := file
	if file.Encrypted, err = encrypt(key, password, s.work); err != nil {
		return Public{}, err
	}
	if err := write(s.coldkey(wallet), file); err != nil {
		return Public{}, err
	}
	if !watching {
		if err := write(s.coldkeypub(wallet), public); err != nil {
			return Public{}, err
		}
	}
	return PublicOf(key.PublicKey())
}

// WatchColdkey stores the public part of a coldkey that lies elsewhere. It fails with ErrExists, as CreateColdkey does.
func (s *Store) WatchColdkey(wallet string, pub PublicKey) (Public, error) {
	if err := checkName("wallet", wallet); err != nil {
		return Public{}, err
	}
	file, err := newKeyFile(pub)
	if err != nil {
		return Public{}, err
	}
	if err := errors.Join(absent(s.coldkey(wallet)), absent(s.coldkeypub(wallet))); err != nil {
		return Public{}, err
	}
	if err := write(s.coldkeypub(wallet), file); err != nil {
		return Public{}, err
	}
	return PublicOf(pub)
}

// CreateHotkey stores a hotkey. It fails with ErrExists, as CreateColdkey does; the wallet need not have a coldkey.
func (s *Store) CreateHotkey(wallet, hotkey string, key PrivateKey, protection Protection) (Public, error) {
	if err := errors.Join(checkName("wallet", wallet), checkName("hotkey", hotkey)); err != nil {
		return Public{}, err
	}
	if key.IsZero() {
		return Public{}, fmt.Errorf("%w: no private key", ErrKey)
	}
	file, err := newKeyFile(key.PublicKey())
	if err != nil {
		return Public{}, err
	}
	if err := absent(s.hotkey(wallet, hotkey)); err != nil {
		return Public{}, err
	}
	if protection.open {
		file.PrivateKey = fmt.Sprintf("%x", key.Bytes())
	} else if file.Encrypted, err = encrypt(key, protection.secret(), s.work); err != nil {
		return Public{}, err
	}
	if err := write(s.hotkey(wallet, hotkey), file); err != nil {
		return Public{}, err
	}
	return PublicOf(key.PublicKey())
}

// Coldkey opens a coldkey. It fails with ErrNotFound (also for a wallet that can only watch), ErrPassword or ErrFile.
func (s *Store) Coldkey(wallet string, password Password) (PrivateKey, error) {
	if err := checkName("wallet", wallet); err != nil {
		return PrivateKey{}, err
	}
	return open(s.coldkey(wallet), password)
}

// Hotkey opens a hotkey; the password is not looked at if the file is not encrypted. It fails as Coldkey does.
func (s *Store) Hotkey(wallet, hotkey string, password Password) (PrivateKey, error) {
	if err := errors.Join(checkName("wallet", wallet), checkName("hotkey", hotkey)); err != nil {
		return PrivateKey{}, err
	}
	return open(s.hotkey(wallet, hotkey), password)
}

// ColdkeyPublic returns the public part of a coldkey, without a password. It fails with ErrNotFound or ErrFile.
func (s *Store) ColdkeyPublic(wallet string) (Public, error) {
	if err := checkName("wallet", wallet); err != nil {
		return Public{}, err
	}
	_, public, err := read(s.coldkeypub(wallet))
	if errors.Is(err, ErrNotFound) {
		// A crash between the two files of CreateColdkey leaves only the first.
		if _, fromKey, keyErr := read(s.coldkey(wallet)); keyErr == nil {
			return fromKey, nil
		}
	}
	return public, err
}

// HotkeyPublic returns the public part of a hotkey and whether its private part is encrypted. It fails with ErrNotFound or ErrFile.
func (s *Store) HotkeyPublic(wallet, hotkey string) (public Public, encrypted bool, err error) {
	if err := errors.Join(checkName("wallet", wallet), checkName("hotkey", hotkey)); err != nil {
		return Public{}, false, err
	}
	file, public, err := read(s.hotkey(wallet, hotkey))
	return public, file.Encrypted != "", err
}

func (s *Store) coldkey(wallet string) string    { return filepath.Join(s.dir, wallet, "coldkey") }
func (s *Store) coldkeypub(wallet string) string { return filepath.Join(s.dir, wallet, "coldkeypub") }

func (s *Store) hotkey(wallet, hotkey string) string {
	return filepath.Join(s.dir, wallet, "hotkeys", hotkey)
}

func open(path string, password Password) (PrivateKey, error) {
	file, public, err := read(path)
	if err != nil {
		return PrivateKey{}, err
	}
	key, err := file.open(public, password)
	if err != nil {
		return PrivateKey{}, fmt.Errorf("%s: %w", path, err)
	}
	return key, nil
}

func write(path string, file keyFile) error {
	b, err := file.encode()
	if err != nil {
		return err
	}
	defer clear(b)
	err = create(path, b)
	if errors.Is(err, fs.ErrExist) {
		return exists(path)
	}
	if err != nil {
		return fmt.Errorf("write key: %w", err)
	}
	return nil
}

// absent fails if there is a file, before anything costly is done.
func absent(path string) error {
	_, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look for key: %w", err)
	}
	return exists(path)
}

func exists(path string) error {
	_, public, err := read(path)
	if err != nil {
		return fmt.Errorf("%w: %s, which cannot be read (%w); move it away to make a new one", ErrExists, path, err)
	}
	return fmt.Errorf("%w: %s holds %s; nothing was changed, choose another name or move it away", ErrExists, path, Account(public.Address))
}
