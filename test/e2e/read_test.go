//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/keys"
	"github.com/gotensor/gotensor/mechanism"
	"github.com/gotensor/gotensor/metagraph"
)

// state is the answer of `gotensor localnet --output json`, as somebody reads it who has only its documentation.
type state struct {
	Height     uint64            `json:"height"`
	PaidEpochs uint64            `json:"paid_epochs"`
	SupplyAtao string            `json:"supply_atao"`
	Miners     []minerOfState    `json:"miners"`
	Validators []validatorOfView `json:"validators"`
}

type minerOfState struct {
	UID       int     `json:"uid"`
	Hotkey    string  `json:"hotkey"`
	Model     string  `json:"model"`
	Incentive int     `json:"incentive"`
	TAOEarned float64 `json:"tao_earned"`
	RaoEarned uint64  `json:"rao_earned"`
	Silent    bool    `json:"silent"`
}

type validatorOfView struct {
	UID       int    `json:"uid"`
	Name      string `json:"name"`
	Hotkey    string `json:"hotkey"`
	RaoEarned uint64 `json:"rao_earned"`
	Rounds    int    `json:"rounds"`
}

func readState(t *testing.T, data []byte) state {
	t.Helper()
	var s state
	require.NoErrorf(t, json.Unmarshal(data, &s), "%s", data)
	return s
}

// miner returns the one that runs a model.
func (s state) miner(t *testing.T, model string) minerOfState {
	t.Helper()
	for _, m := range s.Miners {
		if m.Model == model {
			return m
		}
	}
	require.FailNowf(t, "no miner", "%s is not among %v", model, s.Miners)
	return minerOfState{}
}

// hotkeys of all miners and validators by model or name.
func (s state) hotkeys() map[string]string {
	out := map[string]string{}
	for _, m := range s.Miners {
		out[m.Hotkey] = m.Model
	}
	for _, v := range s.Validators {
		out[v.Hotkey] = v.Name
	}
	return out
}

// money is an amount of atao.
type money = big.Int

func amount(t *testing.T, s string) *money {
	t.Helper()
	n, ok := new(money).SetString(s, 10)
	require.Truef(t, ok, "%q is no whole number", s)
	return n
}

// atao of an amount in rao.
func atao(rao uint64) *money {
	return new(money).Mul(new(money).SetUint64(rao), big.NewInt(1_000_000_000))
}

// get reads JSON of an URL. REST answers for the past where height is not 0.
func get(url string, height uint64, into any) error {
	req, err := http.NewRequest(http.MethodGet, url, http.NoBody)
	if err != nil {
		return err
	}
	if height > 0 {
		req.Header.Set("x-cosmos-block-height", strconv.FormatUint(height, 10))
	}
	client := http.Client{Timeout: 10 * time.Second}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s: %s", url, resp.Status, data)
	}
	return json.Unmarshal(data, into)
}

// books is all money at one height, as the node's REST interface tells it.
type books struct {
	height  uint64
	supply  string // atao, of the bank
	stated  string // atao, of x/emission
	issued  uint64 // rao since the chain began
	burned  uint64 // rao by registrations since the chain began
	genesis string // atao when the chain began, of x/emission
	holders map[string]string
}

// booksAt reads what everybody holds, module accounts included, at one height.
func (s *suite) booksAt(t *testing.T, height uint64) books {
	t.Helper()
	b := books{height: height, holders: map[string]string{}}
	var supply struct {
		Amount struct{ Amount string }
	}
	require.NoError(t, get(s.network.REST+"/cosmos/bank/v1beta1/supply/by_denom?denom=atao", height, &supply))
	b.supply = supply.Amount.Amount
	var issuance struct {
		Height     uint64 `json:"height,string"`
		SupplyAtao string `json:"supply_atao"`
		Issued     uint64 `json:"issued,string"`
		Burned     uint64 `json:"burned,string"`
		Genesis    string `json:"genesis_supply_atao"`
	}
	require.NoError(t, get(s.network.REST+"/gotensor/emission/v1/issuance", height, &issuance))
	require.Equal(t, height, issuance.Height, "the past is answered as it was")
	b.stated, b.issued, b.burned, b.genesis = issuance.SupplyAtao, issuance.Issued, issuance.Burned, issuance.Genesis
	for page := ""; ; {
		var owners struct {
			Owners []struct {
				Address string
				Balance struct{ Amount string }
			} `json:"denom_owners"`
			Pagination struct {
				Next string `json:"next_key"`
			}
		}
		require.NoError(t, get(s.network.REST+"/cosmos/bank/v1beta1/denom_owners/atao?pagination.key="+url.QueryEscape(page), height, &owners))
		for _, o := range owners.Owners {
			b.holders[o.Address] = o.Balance.Amount
		}
		if page = owners.Pagination.Next; page == "" {
			return b
		}
	}
}

// block is the part of a block's header that the tests compare.
type block struct {
	Hash string // of the block
	App  string // hash of the state after the block before
}

// blockAt reads a block from CometBFT's own interface.
func (s *suite) blockAt(height uint64) (block, error) {
	var answer struct {
		Result struct {
			ID struct {
				Hash string `json:"hash"`
			} `json:"block_id"`
			Block struct {
				Header struct {
					AppHash string `json:"app_hash"`
				} `json:"header"`
			} `json:"block"`
		} `json:"result"`
	}
	err := get(fmt.Sprintf("%s/block?height=%d", s.network.RPC, height), 0, &answer)
	if err == nil && answer.Result.ID.Hash == "" {
		err = fmt.Errorf("there is no block %d yet", height)
	}
	return block{Hash: answer.Result.ID.Hash, App: answer.Result.Block.Header.AppHash}, err
}

// application reads the height and the hash of the state that the node's application holds.
func (s *suite) application(t *testing.T) (height uint64, hash []byte) {
	t.Helper()
	var answer struct {
		Result struct {
			Response struct {
				Height uint64 `json:"last_block_height,string"`
				Hash   []byte `json:"last_block_app_hash"`
			} `json:"response"`
		} `json:"result"`
	}
	require.NoError(t, get(s.network.RPC+"/abci_info", 0, &answer))
	return answer.Result.Response.Height, answer.Result.Response.Hash
}

// metagraph of the subnet now.
func (s *suite) metagraph(t *testing.T) *metagraph.Metagraph {
	t.Helper()
	var m *metagraph.Metagraph
	eventually(t, soon, "metagraph", func() (err error) {
		m, err = s.node.Metagraph(t.Context(), netuid)
		return err
	})
	return m
}

// paidEpochs so far.
func (s *suite) paidEpochs(t *testing.T) (uint64, error) {
	t.Helper()
	e, err := s.node.Emission(t.Context(), netuid)
	if err != nil {
		return 0, err
	}
	return e.Latest.PaidEpochs, nil
}

// neuron of a hotkey now.
func (s *suite) neuron(t *testing.T, hotkey string) (metagraph.Neuron, *metagraph.Metagraph, error) {
	t.Helper()
	who, err := keys.ParseAccount(hotkey)
	require.NoError(t, err)
	m, err := s.node.Metagraph(t.Context(), netuid)
	if err != nil {
		return metagraph.Neuron{}, nil, err
	}
	n, ok := m.ByHotkey(who)
	if !ok {
		return n, m, fmt.Errorf("%s has no uid", hotkey)
	}
	return n, m, nil
}

// hotkey of a wallet of the network.
func (s *suite) hotkey(t *testing.T, wallet string) gotensor.Address {
	t.Helper()
	k, _, err := s.wallets.HotkeyPublic(wallet, "default")
	require.NoError(t, err)
	return k.Address
}

// said is what a role says of itself in its status.json; absent numbers are 0.
type said struct {
	Height    uint64 `json:"height"`
	Round     int    `json:"round"`
	WarmingUp bool   `json:"warming_up"`
	Revealed  uint64 `json:"revealed_epoch"`
	Served    uint64 `json:"served"`
}

func (s *suite) says(name string) (said, error) {
	var v said
	return v, readJSON(filepath.Join(s.home, "roles", name, "status.json"), &v)
}

// overview is what a validator shows of all neurons.
func (s *suite) overview(validator string) (mechanism.Overview, error) {
	var v mechanism.Overview
	err := readJSON(filepath.Join(s.home, "roles", validator, "status.json"), &v)
	return v, err
}

// judged reads the number of rounds that a validator has on disk.
func (s *suite) judged(name string) (int, error) {
	var v struct {
		Rounds int `json:"rounds"`
	}
	return v.Rounds, readJSON(filepath.Join(s.home, "roles", name, "judge.json"), &v)
}

func readJSON(path string, into any) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return json.Unmarshal(data, into)
}
