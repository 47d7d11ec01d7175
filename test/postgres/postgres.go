// Package postgres starts a real PostgreSQL server for a test, on a socket in a folder of its own.
//
// Start at Start.
package postgres

import (
	"bufio"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	"github.com/stretchr/testify/require"
)

const (
	// userName is the database's superuser; it needs no password.
	userName = "gotensor"
	// patience bounds the start and the end of the server.
	patience = time.Minute
)

// Server is a running server.
type Server struct {
	dir       string
	databases atomic.Int64
}

// Start starts a server that ends with the test. The test is skipped where PostgreSQL is not installed, unless the environment
// variable GOTENSOR_NEED_POSTGRES is set, as it is in CI: then it fails.
func Start(t *testing.T) *Server {
	t.Helper()
	initdb, server := find("initdb"), find("postgres")
	if initdb == "" || server == "" {
		if os.Getenv("GOTENSOR_NEED_POSTGRES") != "" {
			require.Fail(t, "PostgreSQL is not installed: Debian's package is postgresql")
		}
		t.Skip("PostgreSQL is not installed (Debian's package is postgresql): what needs it is not tested")
	}
	// Not t.TempDir: the path of a socket has to be short, and the server's user has to get there.
	dir, err := os.MkdirTemp("/tmp", "gt-pg-") //nolint:usetesting // for these reasons
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	as := other(t, dir)
	data := filepath.Join(dir, "data")
	out, err := command(dir, as, initdb, "-D", data, "-A", "trust", "-U", userName, "-E", "UTF8", "--locale=C", "--no-sync").CombinedOutput()
	require.NoError(t, err, "initdb: %s", out)
	run(t, command(dir, as, server, "-D", data, "-k", dir, "-c", "listen_addresses=", "-c", "fsync=off", "-c", "max_connections=100"))
	return &Server{dir: dir}
}

// run starts the server, waits until it says that it is ready, and ends it with the test.
func run(t *testing.T, c *exec.Cmd) {
	t.Helper()
	log, err := c.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, c.Start())
	ready, ended := make(chan struct{}), make(chan struct{})
	var said strings.Builder // read once ended is closed
	go func() {
		defer close(ended)
		waiting := true
		for lines := bufio.NewScanner(log); lines.Scan(); {
			said.WriteString(lines.Text() + "\n")
			if waiting && strings.Contains(lines.Text(), "ready to accept connections") {
				waiting = false
				close(ready)
			}
		}
		_ = c.Wait() // it was told to end
	}()
	t.Cleanup(func() {
		_ = c.Process.Signal(os.Interrupt) // a fast shutdown
		select {
		case <-ended:
		case <-time.After(patience):
			_ = c.Process.Kill()
		}
	})
	select {
	case <-ready:
	case <-ended:
		require.Fail(t, "PostgreSQL did not start", said.String())
	case <-time.After(patience):
		require.Fail(t, "PostgreSQL was not ready in time")
	}
}

// Database makes an empty database and returns its URL.
func (s *Server) Database(t *testing.T) string {
	t.Helper()
	admin, err := sql.Open("pgx", s.url("postgres"))
	require.NoError(t, err)
	defer admin.Close()
	name := fmt.Sprintf("test_%d", s.databases.Add(1))
	_, err = admin.ExecContext(t.Context(), "CREATE DATABASE "+name)
	require.NoError(t, err)
	return s.url(name)
}

func (s *Server) url(database string) string {
	return (&url.URL{Scheme: "postgres", User: url.User(userName), Path: "/" + database, RawQuery: url.Values{"host": {s.dir}}.Encode()}).String()
}

// find looks for a program in PATH and where Debian keeps those of its newest server.
func find(program string) string {
	if path, err := exec.LookPath(program); err == nil {
		return path
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/" + program) // the pattern is sound
	if len(found) == 0 {
		return ""
	}
	return found[len(found)-1]
}

// other makes the folder another user's where we are root, since PostgreSQL refuses to run as root.
func other(t *testing.T, dir string) *syscall.Credential {
	t.Helper()
	if os.Getuid() != 0 {
		return nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		u, err = user.Lookup("nobody")
	}
	require.NoError(t, err)
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	require.NoError(t, err)
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	require.NoError(t, err)
	require.NoError(t, os.Chown(dir, int(uid), int(gid)))
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
}

func command(dir string, as *syscall.Credential, name string, args ...string) *exec.Cmd {
	c := exec.Command(name, args...)
	c.Dir, c.Env = dir, []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "HOME=" + dir}
	c.SysProcAttr = &syscall.SysProcAttr{Credential: as}
	return c
}
