package keys

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/cosmos/btcutil/bech32"
	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor"
)

const password = Password("correct horse")

func encodeBytes(t *testing.T, b []byte) string {
	t.Helper()
	s, err := bech32.EncodeFromBase256(gotensor.Bech32Prefix, b)
	require.NoError(t, err)
	return s
}

func testStore(t *testing.T) (*Store, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "wallets")
	return NewStore(dir, WithWorkFactor(4)), dir
}

func mode(t *testing.T, path string) os.FileMode {
	t.Helper()
	info, err := os.Stat(path)
	require.NoError(t, err)
	return info.Mode().Perm()
}

func TestStoreRoundTrip(t *testing.T) {
	s, dir := testStore(t)
	cold, hot, server := junkKey(t, 0), junkKey(t, 1), junkKey(t, 2)
	public, err := s.CreateColdkey("alice", cold, password)
	require.NoError(t, err)
	require.Equal(t, Public{Address: cold.Address(), PublicKey: cold.PublicKey()}, public)
	_, err = s.CreateHotkey("alice", "miner", hot, Encrypted("other"))
	require.NoError(t, err)
	_, err = s.CreateHotkey("alice", "server", server, Unencrypted())
	require.NoError(t, err)

	got, err := s.Coldkey("alice", password)
	require.NoError(t, err)
	require.Equal(t, cold.Bytes(), got.Bytes())
	got, err = s.Hotkey("alice", "miner", "other")
	require.NoError(t, err)
	require.Equal(t, hot.Bytes(), got.Bytes())
	got, err = s.Hotkey("alice", "server", "")
	require.NoError(t, err)
	require.Equal(t, server.Bytes(), got.Bytes())

	public, err = s.ColdkeyPublic("alice")
	require.NoError(t, err)
	require.Equal(t, cold.Address(), public.Address)
	public, encrypted, err := s.HotkeyPublic("alice", "miner")
	require.NoError(t, err)
	require.True(t, encrypted)
	require.Equal(t, hot.PublicKey(), public.PublicKey)
	_, encrypted, err = s.HotkeyPublic("alice", "server")
	require.NoError(t, err)
	require.False(t, encrypted)

	for _, folder := range []string{dir, filepath.Join(dir, "alice"), filepath.Join(dir, "alice", "hotkeys")} {
		require.Equal(t, os.FileMode(0o700), mode(t, folder))
	}
	var files []string
	require.NoError(t, filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			require.Equal(t, os.FileMode(0o600), mode(t, path))
			rel, _ := filepath.Rel(dir, path)
			files = append(files, filepath.ToSlash(rel))
			content, err := os.ReadFile(path)
			require.NoError(t, err)
			require.NotContains(t, string(content), "ac0974", "the coldkey is nowhere in the clear")
		}
		return err
	}))
	require.Equal(t, []string{"alice/coldkey", "alice/coldkeypub", "alice/hotkeys/miner", "alice/hotkeys/server"}, files)
}

func TestStoreNeverOverwrites(t *testing.T) {
	s, dir := testStore(t)
	cold, other := junkKey(t, 0), junkKey(t, 1)
	_, err := s.CreateColdkey("alice", cold, password)
	require.NoError(t, err)
	_, err = s.CreateHotkey("alice", "h", cold, Unencrypted())
	require.NoError(t, err)
	before, err := os.ReadFile(filepath.Join(dir, "alice", "coldkey"))
	require.NoError(t, err)

	for name, again := range map[string]func() error{
		"another coldkey": func() error { _, err := s.CreateColdkey("alice", other, password); return err },
		"the same":        func() error { _, err := s.CreateColdkey("alice", cold, password); return err },
		"watch":           func() error { _, err := s.WatchColdkey("alice", other.PublicKey()); return err },
		"hotkey":          func() error { _, err := s.CreateHotkey("alice", "h", other, Unencrypted()); return err },
	} {
		t.Run(name, func(t *testing.T) {
			err := again()
			require.ErrorIs(t, err, ErrExists)
			require.ErrorContains(t, err, Account(cold.Address()))
			require.ErrorContains(t, err, filepath.Join(dir, "alice"))
		})
	}
	after, err := os.ReadFile(filepath.Join(dir, "alice", "coldkey"))
	require.NoError(t, err)
	require.Equal(t, before, after)

	broken := filepath.Join(dir, "alice", "hotkeys", "broken")
	require.NoError(t, os.WriteFile(broken, []byte("not a key"), 0o600))
	_, err = s.CreateHotkey("alice", "broken", other, Unencrypted())
	require.ErrorIs(t, err, ErrExists)
	require.ErrorIs(t, err, ErrFile)
	content, err := os.ReadFile(broken)
	require.NoError(t, err)
	require.Equal(t, "not a key", string(content))
}

func TestWatchOnly(t *testing.T) {
	s, _ := testStore(t)
	cold := junkKey(t, 0)
	_, err := s.WatchColdkey("alice", cold.PublicKey())
	require.NoError(t, err)
	_, err = s.Coldkey("alice", password)
	require.ErrorIs(t, err, ErrNotFound)
	wallets, err := s.List()
	require.NoError(t, err)
	require.True(t, wallets[0].WatchOnly)
	require.Equal(t, cold.Address(), wallets[0].Coldkey.Address)

	_, err = s.CreateColdkey("alice", junkKey(t, 1), password)
	require.ErrorIs(t, err, ErrExists)
	_, err = s.CreateColdkey("alice", cold, password)
	require.NoError(t, err)
	wallets, err = s.List()
	require.NoError(t, err)
	require.False(t, wallets[0].WatchOnly)
}

func TestPublicPartSurvivesACrashBetweenTheFiles(t *testing.T) {
	s, dir := testStore(t)
	_, err := s.CreateColdkey("alice", junkKey(t, 0), password)
	require.NoError(t, err)
	require.NoError(t, os.Remove(filepath.Join(dir, "alice", "coldkeypub")))
	public, err := s.ColdkeyPublic("alice")
	require.NoError(t, err)
	require.Equal(t, junkKey(t, 0).Address(), public.Address)
}

func TestOpenErrors(t *testing.T) {
	s, dir := testStore(t)
	_, err := s.CreateColdkey("alice", junkKey(t, 0), password)
	require.NoError(t, err)
	path := filepath.Join(dir, "alice", "coldkey")
	whole, err := os.ReadFile(path)
	require.NoError(t, err)

	_, err = s.Coldkey("alice", "wrong")
	require.ErrorIs(t, err, ErrPassword)
	require.NotErrorIs(t, err, ErrFile)
	_, err = s.Coldkey("alice", "")
	require.ErrorIs(t, err, ErrPassword)
	require.ErrorContains(t, err, "no password was given")
	_, err = s.Coldkey("bob", password)
	require.ErrorIs(t, err, ErrNotFound)
	_, err = s.Hotkey("alice", "none", "")
	require.ErrorIs(t, err, ErrNotFound)

	edit := func(change func(*keyFile)) []byte {
		var f keyFile
		require.NoError(t, json.Unmarshal(whole, &f))
		change(&f)
		b, err := f.encode()
		require.NoError(t, err)
		return b
	}
	otherPub := junkKey(t, 1).PublicKey()
	tests := []struct {
		name    string
		content []byte
		want    string
	}{
		{"empty", nil, "only a part"},
		{"half", whole[:len(whole)/2], "only a part"},
		{"trailing", append(whole[:len(whole):len(whole)], '{'), "something follows"},
		{"huge", make([]byte, maxFile+1), "more than 65536 bytes"},
		{"version", edit(func(f *keyFile) { f.Version = 2 }), "version 2"},
		{"half of the ciphertext", edit(func(f *keyFile) { f.Encrypted = f.Encrypted[:len(f.Encrypted)/2] }), "encrypted part"},
		{"no key", edit(func(f *keyFile) { f.Encrypted = "" }), "no private key"},
		{"both keys", edit(func(f *keyFile) { f.PrivateKey = "00" }), "both"},
		{"bad hexadecimal", edit(func(f *keyFile) { f.Encrypted, f.PrivateKey = "", "zz" }), "private_key is not hexadecimal"},
		{"address of another", edit(func(f *keyFile) { f.Address = Account(junkKey(t, 1).Address()) }), "address is not that"},
		{"public key of another", edit(func(f *keyFile) {
			f.Address, f.PublicKey = Account(junkKey(t, 1).Address()), otherPub.String()
		}), "the private key is not that of"},
		{"public key", edit(func(f *keyFile) { f.PublicKey = "02" }), "public_key"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			require.NoError(t, os.WriteFile(path, tt.content, 0o600))
			_, err := s.Coldkey("alice", password)
			require.ErrorIs(t, err, ErrFile)
			require.ErrorContains(t, err, tt.want)
			require.ErrorContains(t, err, path)
		})
	}
}

func TestOpenKeyMustBePrivateToItsOwner(t *testing.T) {
	s, dir := testStore(t)
	_, err := s.CreateHotkey("alice", "h", junkKey(t, 0), Unencrypted())
	require.NoError(t, err)
	require.NoError(t, os.Chmod(filepath.Join(dir, "alice", "hotkeys", "h"), 0o644))
	_, err = s.Hotkey("alice", "h", "")
	require.ErrorIs(t, err, ErrFile)
	require.ErrorContains(t, err, "chmod 600")
}

func TestCreateRefuses(t *testing.T) {
	s, dir := testStore(t)
	key := junkKey(t, 0)
	for _, name := range []string{"", ".", "..", "../x", "a/b", `a\b`, ".hidden", "-flag", strings.Repeat("a", 65), "a\x00"} {
		_, err := s.CreateColdkey(name, key, password)
		require.ErrorIs(t, err, ErrName, "%q", name)
		_, err = s.WatchColdkey(name, key.PublicKey())
		require.ErrorIs(t, err, ErrName, "%q", name)
		_, err = s.CreateHotkey("alice", name, key, Unencrypted())
		require.ErrorIs(t, err, ErrName, "%q", name)
		_, err = s.Coldkey(name, password)
		require.ErrorIs(t, err, ErrName, "%q", name)
		_, err = s.Hotkey("alice", name, password)
		require.ErrorIs(t, err, ErrName, "%q", name)
	}
	_, err := s.CreateColdkey("alice", key, "")
	require.ErrorIs(t, err, ErrPassword)
	_, err = s.CreateHotkey("alice", "h", key, Protection{})
	require.ErrorIs(t, err, ErrPassword, "a forgotten protection is not taken for none")
	_, err = s.CreateColdkey("alice", PrivateKey{}, password)
	require.ErrorIs(t, err, ErrKey)
	_, err = s.WatchColdkey("alice", PublicKey{})
	require.ErrorIs(t, err, ErrKey)
	_, err = os.Stat(dir)
	require.ErrorIs(t, err, os.ErrNotExist, "nothing was written")
}

// Of many writers of one name exactly one wins, and what lies there afterwards is its whole key.
func TestCreateIsAtomic(t *testing.T) {
	s, dir := testStore(t)
	const writers = 16
	errs := make([]error, writers)
	made := make([]PrivateKey, writers)
	var wg sync.WaitGroup
	for i := range writers {
		made[i] = junkKey(t, uint32(i))
		wg.Go(func() { _, errs[i] = s.CreateHotkey("w", "h", made[i], Unencrypted()) })
	}
	wg.Wait()
	winner := -1
	for i, err := range errs {
		if err == nil {
			require.Equal(t, -1, winner, "two writers won")
			winner = i
			continue
		}
		require.ErrorIs(t, err, ErrExists)
	}
	got, err := s.Hotkey("w", "h", "")
	require.NoError(t, err)
	require.Equal(t, made[winner].Bytes(), got.Bytes())
	left, err := os.ReadDir(filepath.Join(dir, "w", "hotkeys"))
	require.NoError(t, err)
	require.Len(t, left, 1, "no temporary file stays")
}

func TestList(t *testing.T) {
	s, dir := testStore(t)
	wallets, err := s.List()
	require.NoError(t, err)
	require.Empty(t, wallets)

	for i, name := range []string{"bob", "alice"} {
		_, err := s.CreateColdkey(name, junkKey(t, uint32(i)), password)
		require.NoError(t, err)
	}
	for i, name := range []string{"z", "a"} {
		_, err := s.CreateHotkey("bob", name, junkKey(t, uint32(10+i)), Unencrypted())
		require.NoError(t, err)
	}
	_, err = s.CreateHotkey("server", "only", junkKey(t, 20), Encrypted(password))
	require.NoError(t, err)
	require.NoError(t, os.Mkdir(filepath.Join(dir, "empty"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "notes.txt"), nil, 0o600))

	wallets, err = s.List()
	require.NoError(t, err)
	require.Len(t, wallets, 3)
	require.Equal(t, "alice", wallets[0].Name)
	require.Equal(t, junkKey(t, 1).Address(), wallets[0].Coldkey.Address)
	require.Equal(t, "bob", wallets[1].Name)
	require.Equal(t, "a", wallets[1].Hotkeys[0].Name)
	require.Equal(t, junkKey(t, 11).Address(), wallets[1].Hotkeys[0].Address)
	require.Equal(t, "server", wallets[2].Name)
	require.Nil(t, wallets[2].Coldkey)
	require.True(t, wallets[2].Hotkeys[0].Encrypted)

	require.NoError(t, os.WriteFile(filepath.Join(dir, "bob", "hotkeys", "z"), []byte("{"), 0o600))
	wallets, err = s.List()
	require.ErrorIs(t, err, ErrFile)
	require.Len(t, wallets, 3, "a damaged file hides no other")
	require.Len(t, wallets[1].Hotkeys, 1)
}
