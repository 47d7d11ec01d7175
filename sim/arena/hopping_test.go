package arena

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestHoppersRules(t *testing.T) {
	s := &staker{h: NewHopping(), unbonding: 100}
	s.delegate(own)
	s.redelegate(others, 5)
	require.Equal(t, others, s.at)
	s.redelegate(own, 104)
	require.Equal(t, others, s.at, "what was redelegated waits for the unbonding time")
	s.redelegate(own, 105)
	require.Equal(t, own, s.at)
	s.unbond(110)
	s.delegate(others)
	require.Equal(t, locked, s.at, "unbonding stake is nobody's")
	s.block(209, nil)
	require.Equal(t, locked, s.at)
	s.block(210, nil)
	require.Equal(t, free, s.at)
}

func TestNobodyIsPaidForMoreThanThereIs(t *testing.T) {
	h := NewHopping()
	h.Pool, h.Stake, h.Periods = 1, 1000, 50
	for _, tr := range h.trips() {
		s := h.yield(tr.unbonding, tr.rule, tr.act)
		require.GreaterOrEqual(t, s, 0.0, tr.name)
		if tr.name == "move" || tr.name == "stay" {
			require.LessOrEqual(t, s*float64(h.Period), 1.0, "%s: a period has one pay", tr.name)
		}
	}
}
