package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor/genesis"
	"github.com/gotensor/gotensor/internal/port"
	"github.com/gotensor/gotensor/internal/testnet"
)

// asNode in the environment makes the test binary run as gotensord: the tests need no other build.
const asNode = "GOTENSORD_TEST_MAIN"

func TestMain(m *testing.M) {
	if os.Getenv(asNode) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

func command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, os.Args[0], args...)
	cmd.Env = append(os.Environ(), asNode+"=1")
	return cmd
}

// run runs gotensord to its end and returns what it printed.
func run(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out, errs bytes.Buffer
	cmd := command(t.Context(), args...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	if err != nil {
		err = fmt.Errorf("%w: %s", err, errs.String())
	}
	return out.String(), err
}

// home is a node that can be started, with its ports.
type home struct {
	t    *testing.T
	dir  string
	rpc  string
	grpc string
	info node
}

func newHome(t *testing.T) home {
	t.Helper()
	h := home{t: t, dir: filepath.Join(t.TempDir(), "node"), rpc: freePort(t), grpc: freePort(t)}
	out, err := run(t, "init", "alice", "--home", h.dir, "--rpc", h.rpc, "--p2p", freePort(t), "--grpc", h.grpc, "--api", freePort(t))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal([]byte(out), &h.info))
	require.Len(t, h.info.ConsensusPubKey, 32)

	alice, hot := testnet.NewKey("alice"), testnet.NewKey("alice-hot")
	v := alice.Validator(1000*genesis.OneTAO, true, &hot)
	v.ConsensusPubKey = h.info.ConsensusPubKey
	spec := genesis.Localnet(genesis.LocalnetOptions{ChainID: "gotensor-test", GenesisTime: time.Now(), Validators: []genesis.Validator{v}})
	spec.TargetBlockMs = 200
	var b bytes.Buffer
	require.NoError(t, spec.Write(&b))
	file := filepath.Join(t.TempDir(), "spec.json")
	require.NoError(t, os.WriteFile(file, b.Bytes(), 0o600))
	_, err = run(t, "genesis", "make", "--spec", file, "--home", h.dir)
	require.NoError(t, err)
	return h
}

func freePort(t *testing.T) string {
	t.Helper()
	free, err := port.Free(1)
	require.NoError(t, err)
	return free[0]
}

// start runs the node; wait returns once it has ended.
func (h home) start() (cmd *exec.Cmd, wait func() error) {
	h.t.Helper()
	cmd = command(context.Background(), "start", "--home", h.dir, "--log_no_color")
	out, err := cmd.StdoutPipe()
	require.NoError(h.t, err)
	cmd.Stderr = cmd.Stdout
	require.NoError(h.t, cmd.Start())
	var tail []string
	read := make(chan struct{})
	go func() {
		defer close(read)
		for s := bufio.NewScanner(out); s.Scan(); {
			if tail = append(tail, s.Text()); len(tail) > 40 {
				tail = tail[1:]
			}
		}
	}()
	done := false
	wait = func() error {
		<-read
		done = true
		return cmd.Wait()
	}
	h.t.Cleanup(func() {
		if !done {
			_ = cmd.Process.Kill()
			_ = wait()
		}
		if h.t.Failed() {
			h.t.Log(strings.Join(tail, "\n"))
		}
	})
	return cmd, wait
}

// status is the height of the latest block, as the node's RPC tells.
func (h home) status(ctx context.Context) (height int64, err error) {
	var res struct {
		Result struct {
			SyncInfo struct {
				Height string `json:"latest_block_height"`
			} `json:"sync_info"`
		}
	}
	if err := h.get(ctx, "status", &res); err != nil {
		return 0, err
	}
	return strconv.ParseInt(res.Result.SyncInfo.Height, 10, 64)
}

// appHash is the application hash in the header of a height.
func (h home) appHash(height int64) []byte {
	h.t.Helper()
	var res struct {
		Result struct {
			SignedHeader struct {
				Header struct {
					AppHash string `json:"app_hash"`
				}
			} `json:"signed_header"`
		}
	}
	require.NoError(h.t, h.get(h.t.Context(), fmt.Sprintf("commit?height=%d", height), &res))
	b, err := hex.DecodeString(res.Result.SignedHeader.Header.AppHash)
	require.NoError(h.t, err)
	require.NotEmpty(h.t, b)
	return b
}

func (h home) get(ctx context.Context, path string, into any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+h.rpc+"/"+path, nil)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	return json.NewDecoder(res.Body).Decode(into)
}

// reach waits until the node has made a block of at least the height.
func (h home) reach(height int64) {
	h.t.Helper()
	require.Eventually(h.t, func() bool {
		got, err := h.status(h.t.Context())
		return err == nil && got >= height
	}, time.Minute, 50*time.Millisecond, "height %d", height)
}

func TestStartKillResume(t *testing.T) {
	h := newHome(t)
	cmd, wait := h.start()
	h.reach(10)
	hash := h.appHash(10)
	require.NoError(t, cmd.Process.Kill()) // SIGKILL
	require.Error(t, wait())

	cmd, wait = h.start()
	h.reach(15)
	require.Equal(t, hash, h.appHash(10))
	require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
	require.NoError(t, wait(), "a clean end")

	exported, err := run(t, "export", "--home", h.dir)
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "exported.json")
	require.NoError(t, os.WriteFile(file, []byte(exported), 0o600))
	_, err = run(t, "validate-genesis", file, "--home", h.dir)
	require.NoError(t, err)
}

func TestRefused(t *testing.T) {
	h := newHome(t)
	for _, tt := range []struct {
		name string
		args []string
		says string
	}{
		{"init twice", []string{"init", "alice", "--home", h.dir}, "already initialised"},
		{"start without a node", []string{"start", "--home", filepath.Join(h.dir, "nowhere")}, "gotensord init"},
		{"genesis over a genesis", []string{"genesis", "make", "--spec", filepath.Join(h.dir, "config", "genesis.json"), "--home", h.dir}, "unknown field"},
		{"genesis without a specification", []string{"genesis", "make", "--home", h.dir}, "spec"},
		{"validate what is not there", []string{"validate-genesis", filepath.Join(h.dir, "no.json")}, "no.json"},
		{"zero-height export", []string{"export", "--home", h.dir, "--for-zero-height"}, "not supported"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := run(t, tt.args...)
			require.ErrorContains(t, err, tt.says)
		})
	}
}

func TestShowsItsKeys(t *testing.T) {
	h := newHome(t)
	id, err := run(t, "comet", "show-node-id", "--home", h.dir)
	require.NoError(t, err)
	require.Equal(t, h.info.NodeID, strings.TrimSpace(id))
}
