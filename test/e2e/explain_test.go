//go:build e2e

package e2e

import (
	"encoding/json"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// explained is what `gotensor explain --json` says, as far as it is looked at.
type explained struct {
	Epoch       uint64 `json:"epoch"`
	Height      uint64 `json:"height"`
	UID         int    `json:"uid"`
	Hotkey      string `json:"hotkey"`
	Replayed    bool   `json:"replayed_to_the_bit"`
	Differences []any  `json:"differences"`
	Account     struct {
		Incentive uint64 `json:"rao_incentive"`
		Dividends uint64 `json:"rao_dividends"`
		Paid      bool   `json:"paid"`
		Miner     struct {
			Votes []part `json:"votes"`
		} `json:"miner"`
		Validator struct {
			Targets []part `json:"targets"`
		} `json:"validator"`
	} `json:"account"`
	WhatIf struct {
		Winners []any `json:"winners"`
		Losers  []any `json:"losers"`
	} `json:"what_if"`
}

type part struct {
	Pay uint64 `json:"rao_pay"`
}

// explain replays the latest epoch and the last one before the node was started anew, and wants the chain's own numbers to the bit for all
// uids; the parts of each pay add up to it, and the pay of all to the chain's report.
func explain(t *testing.T, s *suite) {
	t.Helper()
	latest := ask[explained](t, s, "explain", "0").Epoch
	require.GreaterOrEqual(t, latest, s.resumed-1)
	require.Positive(t, explainAll(t, s, s.resumed-1), "the first run ended with an epoch that paid")
	explainAll(t, s, latest)
	epoch := strconv.FormatUint(s.resumed-1, 10)
	v := ask[explained](t, s, "explain", "0", "--epoch", epoch, "--what-if", "weight:0:3=0.9", "--what-if", "weight:1:3=0.9")
	assert.NotEmpty(t, v.WhatIf.Winners)
	assert.NotEmpty(t, v.WhatIf.Losers)
}

// explainAll explains every uid of an epoch and returns what all of them were paid, rao.
func explainAll(t *testing.T, s *suite, epoch uint64) (paid uint64) {
	t.Helper()
	height, uids := uint64(0), 0
	for ; ; uids++ {
		out, complaint, code := s.gotensor(t, "explain", strconv.Itoa(uids), "--epoch", strconv.FormatUint(epoch, 10))
		if code == 5 {
			break // no such uid
		}
		require.Zerof(t, code, "%s", complaint)
		var e explained
		require.NoError(t, json.Unmarshal(out, &e))
		require.Truef(t, e.Replayed, "%s", out)
		require.Empty(t, e.Differences)
		require.Equal(t, uids, e.UID)
		require.Equal(t, epoch, e.Epoch)
		assert.Equal(t, e.Account.Incentive, sumOf(e.Account.Miner.Votes))
		assert.Equal(t, e.Account.Dividends, sumOf(e.Account.Validator.Targets))
		paid += e.Account.Incentive + e.Account.Dividends
		height = e.Height
	}
	require.GreaterOrEqual(t, uids, 8)
	var emission struct {
		Latest struct {
			Incentive uint64 `json:"incentive,string"`
			Dividends uint64 `json:"dividends,string"`
		} `json:"latest"`
	}
	require.NoError(t, get(s.network.REST+"/gotensor/emission/v1/emission/1", height, &emission))
	require.Equal(t, emission.Latest.Incentive+emission.Latest.Dividends, paid, "the accounts of all uids are the chain's report, to the rao")
	return paid
}

func sumOf(parts []part) (sum uint64) {
	for _, p := range parts {
		sum += p.Pay
	}
	return sum
}
