package doctor

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"

	"github.com/gotensor/gotensor/keys"
)

// maxFile bounds files of roles that are read.
const maxFile = 64 << 20

// filesOf looks at the rights of files.
func filesOf(paths []string) ([]File, error) {
	var out []File
	for _, p := range paths {
		info, err := os.Stat(p)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		out = append(out, File{Path: p, Mode: info.Mode()})
	}
	return out, nil
}

// disksOf looks at the space in folders, or where they will be.
func disksOf(folders ...string) ([]Disk, error) {
	var out []Disk
	for _, p := range folders {
		if p == "" {
			continue
		}
		for !exists(p) && filepath.Dir(p) != p {
			p = filepath.Dir(p)
		}
		var s syscall.Statfs_t
		if err := syscall.Statfs(p, &s); err != nil {
			return out, fmt.Errorf("%s: %w", p, err)
		}
		block := uint64(s.Bsize) //nolint:unconvert // its type differs between systems
		out = append(out, Disk{Path: p, Free: uint64(s.Bavail) * block, Total: uint64(s.Blocks) * block})
	}
	return out, nil
}

func descriptors() (Descriptors, error) {
	var l syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l); err != nil {
		return Descriptors{}, fmt.Errorf("limit of open files: %w", err)
	}
	return Descriptors{Soft: uint64(l.Cur), Hard: uint64(l.Max)}, nil
}

// readJSON reads a file that a role wrote.
func readJSON[T any](path string) (T, error) {
	var v T
	data, err := readFile(path)
	if err != nil {
		return v, err
	}
	if err := json.Unmarshal(data, &v); err != nil {
		return v, fmt.Errorf("%s: %w", path, err)
	}
	return v, nil
}

// errNoFile is shorter than what the system says: the folder stands beside it.
var errNoFile = errors.New("there is no")

func readFile(path string) ([]byte, error) {
	file, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%w %s", errNoFile, filepath.Base(path))
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err == nil && len(data) > maxFile {
		err = fmt.Errorf("%s is larger than %d bytes", path, maxFile)
	}
	return data, err
}

// gatewayURL is where the gateway that runs in a home serves.
func gatewayURL(home string) (string, error) {
	v, err := readJSON[struct {
		URL string `json:"url"`
	}](filepath.Join(home, "gateway.json"))
	return v.URL, err
}

// errOtherFile is a file of another neuron.
var errOtherFile = errors.New("it belongs to another hotkey, subnet or chain")

// savedCommitments reads what a validator keeps of its commitments, without the salts.
func savedCommitments(path string, f *Facts) ([]Commitment, error) {
	v, err := readJSON[struct {
		ChainID string       `json:"chain_id"`
		NetUID  uint16       `json:"netuid"`
		Hotkey  string       `json:"hotkey"`
		All     []Commitment `json:"commitments"`
	}](path)
	if err != nil {
		return nil, err
	}
	if v.Hotkey != keys.Account(f.Hotkey) || v.NetUID != uint16(f.NetUID) || f.Status.known() && v.ChainID != f.Status.Value.ChainID {
		return nil, fmt.Errorf("%s: %w", path, errOtherFile)
	}
	return v.All, nil
}
