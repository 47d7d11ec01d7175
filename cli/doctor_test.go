package cli

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/doctor"
	"github.com/gotensor/gotensor/gateway/store"
)

func TestDoctorText(t *testing.T) {
	uid := gotensor.UID(7)
	r := doctor.Report{
		ChainID: "gotensor-1", NetUID: 1, Height: 100, Hotkey: "tao1xyz", UID: &uid, Roles: []doctor.Role{doctor.Miner, doctor.Gateway},
		Checks: []doctor.Check{
			{Role: doctor.General, Name: "node", State: doctor.OK, Seen: "block 100, 1.5s old"},
			{Role: doctor.General, Name: "peers", State: doctor.Skip, Seen: "the network is named by its gRPC port alone"},
			{Role: doctor.Miner, Name: "reachable from here", State: doctor.Fail, Seen: "nothing usable answers at 203.0.113.7:8091", Next: "is the port open?"},
			{Role: doctor.Miner, Name: "speed", State: doctor.Warn, Seen: "32 contexts of 256 bytes in 7.0s of 12.0s", Next: "take a smaller model"},
			{Role: doctor.Gateway, Name: "healthz", State: doctor.OK, Seen: "http://127.0.0.1:8080 answers in 2ms"},
		},
	}
	for name, p := range map[string]*page{"doctor.txt": {}, "doctor_color.txt": {color: true}} {
		t.Run(name, func(t *testing.T) {
			doctorAnswer{Report: r, Summary: summarize(r)}.print(p)
			path := filepath.Join("testdata", "doctor", name)
			if slices.Contains(os.Args, "-update") {
				require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
				require.NoError(t, os.WriteFile(path, []byte(p.b.String()), 0o644))
			}
			want, err := os.ReadFile(path)
			require.NoError(t, err, "run `go test ./cli -run TestDoctorText -update`")
			require.Equal(t, string(want), p.b.String())
		})
	}
}

func TestKeyUses(t *testing.T) {
	now := time.Date(2026, 5, 1, 2, 0, 0, 0, time.UTC)
	live := store.Key{ID: "key_1", Name: "laptop", Limits: store.Limits{Requests: 10}}
	gone := store.Key{ID: "key_2", Revoked: now.Add(-time.Hour)}
	got := keyUses([]store.Key{live, gone}, []store.Usage{{KeyID: "key_1", Requests: 600}, {KeyID: "key_2", Requests: 9}, {KeyID: "key_1", Requests: 240}}, now)
	require.Equal(t, []doctor.KeyUse{{ID: "key_1", Name: "laptop", Limit: 10, PerMinute: 7}}, got)
	got = keyUses([]store.Key{live}, []store.Usage{{KeyID: "key_1", Requests: 5}}, now.Truncate(24*time.Hour))
	require.InDelta(t, 5.0, got[0].PerMinute, 1e-9, "at midnight nothing is divided by nothing")
}
