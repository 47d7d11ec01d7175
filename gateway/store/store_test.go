package store_test

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/gateway/store"
	"github.com/gotensor/gotensor/test/postgres"
)

var (
	noon  = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	alice = gotensor.Address{1}
	bob   = gotensor.Address{2}
)

// both runs a test on each kind of database; fresh opens an empty one and says where it is.
func both(t *testing.T, test func(t *testing.T, fresh func(t *testing.T) (*store.DB, string))) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		test(t, func(t *testing.T) (*store.DB, string) {
			t.Helper()
			where := filepath.Join(t.TempDir(), "gateway.db")
			return open(t, where), where
		})
	})
	t.Run("postgres", func(t *testing.T) {
		server := postgres.Start(t)
		test(t, func(t *testing.T) (*store.DB, string) {
			t.Helper()
			where := server.Database(t)
			return open(t, where), where
		})
	})
}

func open(t *testing.T, where string) *store.DB {
	t.Helper()
	d, err := store.Open(t.Context(), where)
	require.NoError(t, err)
	t.Cleanup(func() { _ = d.Close() })
	return d
}

func TestStore(t *testing.T) {
	both(t, func(t *testing.T, fresh func(t *testing.T) (*store.DB, string)) {
		t.Helper()
		for name, test := range map[string]func(*testing.T, *store.DB, string){
			"the life of a key": lifeOfAKey, "keys that are refused": refusedKeys, "as many as allowed": manyKeys,
			"nonces": nonces, "usage": usage, "epochs": epochs, "buckets": buckets, "shared buckets": sharedBuckets,
			"slots": slots, "shared slots": sharedSlots, "opened again": openedAgain, "sweep": sweep,
		} {
			t.Run(name, func(t *testing.T) {
				d, where := fresh(t)
				test(t, d, where)
			})
		}
	})
}

func lifeOfAKey(t *testing.T, d *store.DB, where string) {
	t.Helper()
	ctx := t.Context()
	secret := store.NewSecret()
	k := store.NewKey(secret, alice, "laptop ünterwegs", noon)
	k.Limits = store.Limits{Requests: 10, Tokens: 2000, Concurrent: 3}
	k.Expires = noon.Add(time.Hour)
	require.NoError(t, d.AddKey(ctx, k, 0))
	other := store.NewKey(store.NewSecret(), bob, "b", noon.Add(time.Second))
	require.NoError(t, d.AddKey(ctx, other, 0))

	again := open(t, where) // as another process sees it
	got, err := again.KeyByHash(ctx, secret.Hash())
	require.NoError(t, err)
	require.Equal(t, k, got)
	require.True(t, got.Live(noon))
	require.False(t, got.Live(noon.Add(time.Hour)))
	_, err = again.KeyByHash(ctx, store.NewSecret().Hash())
	require.ErrorIs(t, err, store.ErrNotFound)

	mine, err := d.Keys(ctx, alice)
	require.NoError(t, err)
	require.Equal(t, []store.Key{k}, mine)
	all, err := d.Keys(ctx, gotensor.Address{})
	require.NoError(t, err)
	require.Equal(t, []store.Key{k, other}, all)

	require.ErrorIs(t, d.Revoke(ctx, k.ID, bob, noon), store.ErrNotFound, "another's key")
	require.ErrorIs(t, d.Revoke(ctx, "key_0", gotensor.Address{}, noon), store.ErrNotFound)
	require.NoError(t, d.Revoke(ctx, k.ID, alice, noon.Add(time.Minute)))
	require.NoError(t, d.Revoke(ctx, k.ID, gotensor.Address{}, noon.Add(2*time.Minute)), "revoking again is no error")
	got, err = d.KeyByHash(ctx, secret.Hash())
	require.NoError(t, err)
	require.Equal(t, noon.Add(time.Minute), got.Revoked, "and keeps the time")
	require.False(t, got.Live(noon))

	// The secret is nowhere in the database.
	if _, err := os.Stat(where); err == nil {
		files, err := filepath.Glob(where + "*")
		require.NoError(t, err)
		require.NotEmpty(t, files)
		for _, f := range files {
			data, err := os.ReadFile(f)
			require.NoError(t, err)
			require.NotContains(t, string(data), secret.Reveal())
			info, err := os.Stat(f)
			require.NoError(t, err)
			require.Equal(t, os.FileMode(0o600), info.Mode().Perm(), f)
		}
	}
}

func refusedKeys(t *testing.T, d *store.DB, _ string) {
	t.Helper()
	good := store.NewKey(store.NewSecret(), alice, "laptop", noon)
	for name, change := range map[string]func(*store.Key){
		"no name":        func(k *store.Key) { k.Name = "" },
		"a long name":    func(k *store.Key) { k.Name = strings.Repeat("x", store.MaxName+1) },
		"an escape":      func(k *store.Key) { k.Name = "a\x1b[31m" },
		"not UTF-8":      func(k *store.Key) { k.Name = "\xff" },
		"no account":     func(k *store.Key) { k.Account = gotensor.Address{} },
		"a limit below":  func(k *store.Key) { k.Limits.Tokens = -1 },
		"a limit below2": func(k *store.Key) { k.Limits.Requests = -1 },
	} {
		k := good
		change(&k)
		require.ErrorIs(t, d.AddKey(t.Context(), k, 0), store.ErrKey, name)
	}
	require.NoError(t, d.AddKey(t.Context(), good, 0))
	require.Error(t, d.AddKey(t.Context(), good, 0), "the same key twice")
}

func manyKeys(t *testing.T, d *store.DB, where string) {
	t.Helper()
	const most, tries = 3, 8
	other := open(t, where)
	var wg sync.WaitGroup
	errs := make([]error, tries)
	for i := range tries {
		wg.Go(func() {
			db := d
			if i%2 == 1 {
				db = other
			}
			errs[i] = db.AddKey(context.WithoutCancel(t.Context()), store.NewKey(store.NewSecret(), alice, "k", noon), most)
		})
	}
	wg.Wait()
	added := 0
	for _, err := range errs {
		if err == nil {
			added++
			continue
		}
		require.ErrorIs(t, err, store.ErrTooMany)
	}
	require.Equal(t, most, added)
	mine, err := d.Keys(t.Context(), alice)
	require.NoError(t, err)
	require.NoError(t, d.Revoke(t.Context(), mine[0].ID, alice, noon))
	require.NoError(t, d.AddKey(t.Context(), store.NewKey(store.NewSecret(), alice, "k", noon), most), "one that is revoked counts no more")
}

func nonces(t *testing.T, d *store.DB, where string) {
	t.Helper()
	ctx, until := t.Context(), noon.Add(time.Minute)
	other := open(t, where)
	require.NoError(t, d.UseNonce(ctx, "n", noon, until))
	require.ErrorIs(t, d.UseNonce(ctx, "n", noon, until), store.ErrUsed)
	require.ErrorIs(t, other.UseNonce(ctx, "n", noon, until), store.ErrUsed)
	require.NoError(t, d.UseNonce(ctx, "m", noon, until))
	require.NoError(t, other.UseNonce(ctx, "n", until, until.Add(time.Minute)), "by then its sign-in is out of date")
}

func usage(t *testing.T, d *store.DB, where string) {
	t.Helper()
	ctx := t.Context()
	other := open(t, where)
	var wg sync.WaitGroup
	errs := make([]error, 10)
	for i := range errs {
		wg.Go(func() {
			db := d
			if i%2 == 1 {
				db = other
			}
			errs[i] = db.AddUsage(ctx, []store.Usage{
				{KeyID: "b", Day: "2026-01-02", Requests: 1, In: 10, Out: 100}, {KeyID: "a", Day: "2026-01-02", Requests: 2, In: 1, Out: 3},
			})
		})
	}
	wg.Wait()
	for _, err := range errs {
		require.NoError(t, err)
	}
	require.NoError(t, d.AddUsage(ctx, []store.Usage{{KeyID: "a", Day: "2026-01-01", Requests: 1}}))
	got, err := d.Usage(ctx, "2026-01-02")
	require.NoError(t, err)
	require.Equal(t, []store.Usage{
		{KeyID: "a", Day: "2026-01-02", Requests: 20, In: 10, Out: 30}, {KeyID: "b", Day: "2026-01-02", Requests: 10, In: 100, Out: 1000},
	}, got)
	got, err = d.Usage(ctx, "2026-01-01")
	require.NoError(t, err)
	require.Len(t, got, 3)
}

func epochs(t *testing.T, d *store.DB, _ string) {
	t.Helper()
	ctx := t.Context()
	for h := range gotensor.Block(6) {
		e := store.Epoch{Height: 10 * h, Shares: []store.Share{{UID: 1, Hotkey: alice, Value: uint16(h)}, {UID: 4095, Hotkey: bob, Value: 65535}}}
		require.NoError(t, d.AddEpoch(ctx, 1, e, 3))
		require.NoError(t, d.AddEpoch(ctx, 1, store.Epoch{Height: 10 * h}, 3), "what is known stays as it was")
	}
	require.NoError(t, d.AddEpoch(ctx, 2, store.Epoch{Height: 7}, 3))
	got, err := d.Epochs(ctx, 1)
	require.NoError(t, err)
	require.Len(t, got, 3)
	require.Equal(t, store.Epoch{Height: 30, Shares: []store.Share{{UID: 1, Hotkey: alice, Value: 3}, {UID: 4095, Hotkey: bob, Value: 65535}}}, got[0])
	got, err = d.Epochs(ctx, 2)
	require.NoError(t, err)
	require.Equal(t, []store.Epoch{{Height: 7}}, got)
}

func buckets(t *testing.T, d *store.DB, _ string) {
	t.Helper()
	at := noon
	for i, step := range []struct {
		after                 time.Duration
		must, want            int64
		granted, left, perMin int64
	}{
		{0, 0, 20, 20, 40, 60},
		{0, 0, 50, 40, 0, 60},
		{time.Second, 0, 5, 1, 0, 60},
		{1500 * time.Millisecond, 0, 5, 1, 0, 60},            // half a unit is kept
		{500 * time.Millisecond, 0, 5, 1, 0, 60},             // and found again
		{0, 30, 40, 30, -30, 60},                             // a debt
		{10 * time.Second, 0, 5, 0, -20, 60},                 // is paid first
		{time.Minute, 0, 1, 1, 39, 60},                       // nothing is gathered beyond what comes in a minute
		{time.Hour, 0, 1, 1, 59, 60},                         //
		{-time.Hour, 0, 1, 1, 58, 60},                        // a clock behind gives nothing, and takes nothing
		{time.Hour, 0, 100, 10, 0, 10},                       // another rate: what is there is cut to it
		{6 * time.Second, 0, 1, 1, 0, 10},                    //
		{time.Minute, 0, 1 << 40, 1e9, 0, 1e9},               // the largest rate does not overflow
		{time.Minute, 1e9, 1e9, 1e9, 0, 1e9},                 //
		{time.Millisecond, 0, 1e6, 16666, 0, 1e9},            //
		{time.Millisecond, 5e5, 6e5, 5e5, -5e5 + 16667, 1e9}, // 16666.66 and what was kept of the last
	} {
		at = at.Add(step.after)
		granted, left, err := d.Draw(t.Context(), "s", step.perMin, step.must, step.want, at)
		require.NoError(t, err)
		require.Equal(t, step.granted, granted, "granted by step %d", i)
		require.Equal(t, step.left, left, "left after step %d", i)
	}
}

func sharedBuckets(t *testing.T, d *store.DB, where string) {
	t.Helper()
	const most = 100
	other := open(t, where)
	var wg sync.WaitGroup
	got, errs := make([]int64, 40), make([]error, 40)
	for i := range got {
		wg.Go(func() {
			db := d
			if i%2 == 1 {
				db = other
			}
			got[i], _, errs[i] = db.Draw(t.Context(), "s", most, 0, 7, noon)
		})
	}
	wg.Wait()
	var sum int64
	for i := range got {
		require.NoError(t, errs[i])
		sum += got[i]
	}
	require.EqualValues(t, most, sum, "two gateways together take exactly what there is")
}

func slots(t *testing.T, d *store.DB, _ string) {
	t.Helper()
	ctx, later := t.Context(), noon.Add(30*time.Second)
	a, b := store.Holding{Scope: "s", Gateway: "a"}, store.Holding{Scope: "s", Gateway: "b"}
	for i, step := range []struct {
		who                  store.Holding
		limit, want, granted int64
		now                  time.Time
	}{
		{a, 10, 4, 4, noon},
		{b, 10, 8, 6, noon},
		{a, 10, 5, 4, noon}, // what was held is replaced
		{a, 10, 1, 1, noon}, // and given back
		{b, 10, 9, 9, noon}, //
		{store.Holding{Scope: "t", Gateway: "a"}, 10, 10, 10, noon}, // another scope
		{a, 10, 0, 0, noon},
		{b, 5, 9, 5, noon},  // a limit that was lowered
		{a, 5, 5, 5, later}, // b is gone: what it held has expired
	} {
		got, err := d.Hold(ctx, step.who, step.limit, step.want, step.now, step.now.Add(30*time.Second))
		require.NoError(t, err)
		require.Equal(t, step.granted, got, "step %d", i)
	}
}

func sharedSlots(t *testing.T, d *store.DB, where string) {
	t.Helper()
	other := open(t, where)
	var wg sync.WaitGroup
	got, errs := make([]int64, 20), make([]error, 20)
	for i := range got {
		wg.Go(func() {
			db := d
			if i%2 == 1 {
				db = other
			}
			got[i], errs[i] = db.Hold(t.Context(), store.Holding{Scope: "s", Gateway: fmt.Sprint(i)}, 10, 1, noon, noon.Add(time.Second))
		})
	}
	wg.Wait()
	var sum int64
	for i := range got {
		require.NoError(t, errs[i])
		sum += got[i]
	}
	require.EqualValues(t, 10, sum)
}

func sweep(t *testing.T, d *store.DB, _ string) {
	t.Helper()
	ctx := t.Context()
	_, _, err := d.Draw(ctx, "full soon", 60, 0, 60, noon)
	require.NoError(t, err)
	_, _, err = d.Draw(ctx, "in debt", 60, 120, 120, noon)
	require.NoError(t, err)
	require.NoError(t, d.Sweep(ctx, noon.Add(2*time.Minute)))
	granted, _, err := d.Draw(ctx, "in debt", 60, 0, 60, noon.Add(90*time.Second))
	require.NoError(t, err)
	require.EqualValues(t, 30, granted, "a debt is not forgotten: it took a minute to pay")
	granted, _, err = d.Draw(ctx, "full soon", 60, 0, 60, noon)
	require.NoError(t, err)
	require.EqualValues(t, 60, granted, "the bucket was dropped: full")
}

func openedAgain(t *testing.T, d *store.DB, where string) {
	t.Helper()
	require.NoError(t, d.AddKey(t.Context(), store.NewKey(store.NewSecret(), alice, "k", noon), 0))
	var wg sync.WaitGroup
	errs := make([]error, 4)
	for i := range errs {
		wg.Go(func() {
			again, err := store.Open(t.Context(), where)
			if errs[i] = err; err == nil {
				errs[i] = again.Close()
			}
		})
	}
	wg.Wait()
	for _, err := range errs {
		require.NoError(t, err)
	}
	// A later version's database is left alone.
	driver := map[bool]string{true: "pgx", false: "sqlite"}[d.Shared()]
	raw, err := sql.Open(driver, where)
	require.NoError(t, err)
	defer raw.Close()
	_, err = raw.ExecContext(t.Context(), `INSERT INTO schema_version (version) VALUES (1000)`)
	require.NoError(t, err)
	_, err = store.Open(t.Context(), where)
	require.ErrorIs(t, err, store.ErrNewer)
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	_, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "no", "such", "folder"))
	require.ErrorIs(t, err, store.ErrOpen)
	_, err = store.Open(t.Context(), "postgres://u:hunter2@127.0.0.1:1/x?connect_timeout=1")
	require.ErrorIs(t, err, store.ErrOpen)
	require.NotContains(t, err.Error(), "hunter2")
	garbage := filepath.Join(t.TempDir(), "f")
	require.NoError(t, os.WriteFile(garbage, []byte(strings.Repeat("not a database ", 100)), 0o600))
	_, err = store.Open(t.Context(), garbage)
	require.ErrorIs(t, err, store.ErrOpen)
}

func TestSecret(t *testing.T) {
	s := store.NewSecret()
	require.NotEqual(t, s, store.NewSecret())
	require.Regexp(t, `^sk-gt-[A-Za-z0-9_-]{48}$`, s.Reveal())
	again, err := store.ParseSecret(s.Reveal())
	require.NoError(t, err)
	require.Equal(t, s, again)
	for _, printed := range []string{fmt.Sprint(s), fmt.Sprintf("%v", s), fmt.Sprintf("%+v", s), fmt.Sprintf("%#v", s)} {
		require.NotContains(t, printed, s.Reveal()[6:])
	}
	for _, bad := range []string{"", "sk-gt-", "sk-proj-abc", s.Reveal() + "A", s.Reveal()[:53], " " + s.Reveal(), s.Reveal()[:53] + "\n", s.Reveal()[:53] + "+", "Bearer " + s.Reveal(), store.NewSecret().Reveal()[:20] + s.Reveal()[20:]} {
		_, err := store.ParseSecret(bad)
		require.ErrorIs(t, err, store.ErrSecret, "%q", bad)
	}
}

func FuzzParseSecret(f *testing.F) {
	f.Add(store.NewSecret().Reveal())
	f.Add("sk-gt-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
	f.Add("sk-gt-")
	f.Add("sk-gt-\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := store.ParseSecret(text)
		if err != nil {
			require.ErrorIs(t, err, store.ErrSecret)
			return
		}
		require.Equal(t, text, s.Reveal(), "there is one way to write a key")
	})
}
