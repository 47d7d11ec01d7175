package keeper

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/collections"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/x/internal/addr"
	"github.com/gotensor/gotensor/x/weights/types"
)

const (
	committedEvent = "gotensor.weights.v1.EventCommitted"
	revealedEvent  = "gotensor.weights.v1.EventRevealed"
	missedEvent    = "gotensor.weights.v1.EventRevealMissed"
)

func TestCommitThenReveal(t *testing.T) {
	c := start(t, 4, 5)
	c.until(1)
	c.next()
	h := c.hide(2, 0, 10, 1, 30)
	at := c.ctx.BlockHeight()
	require.NoError(t, c.commit(h))
	require.Len(t, c.events(committedEvent), 1)
	require.Empty(t, c.rowsInForce()[2], "a hidden row is not in force")
	require.ErrorIs(t, c.commit(h), types.ErrCommitted)
	require.ErrorIs(t, c.reveal(h), types.ErrPeriod, "a row stays hidden while others may still commit")

	c.until(2)
	require.NoError(t, c.reveal(h))
	require.Len(t, c.events(revealedEvent), 1)
	require.Equal(t, []types.Entry{{UID: 0, Value: 10}, {UID: 1, Value: 30}}, c.rowsInForce()[2])
	require.Equal(t, at, c.neurons[2].LastUpdate, "the row counts from its commitment")
	require.ErrorIs(t, c.reveal(h), types.ErrRevealed)

	c.until(3)
	require.Empty(t, c.events(missedEvent))
	require.ErrorIs(t, c.reveal(h), types.ErrPeriod)
}

func TestCommitRefuses(t *testing.T) {
	c := start(t, 2, 5)
	c.until(3)
	c.permits[1] = false
	h := c.hide(0, 1, 1)
	early, late, stranger, noPermit := h, h, h, h
	early.epoch, late.epoch, stranger.who, noPermit.who = 2, 4, 9, 1
	tests := []struct {
		name string
		h    hidden
		is   error
	}{
		{"period before", early, types.ErrPeriod},
		{"period after", late, types.ErrPeriod},
		{"not registered", stranger, types.ErrNotRegistered},
		{"no permit", noPermit, types.ErrNoPermit},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { require.ErrorIs(t, c.commit(tt.h), tt.is) })
	}
	_, err := NewMsgServer(c.Keeper).Commit(c.ctx, &types.MsgCommit{Hotkey: text(0), Netuid: 9, Epoch: 3, Hash: make([]byte, types.HashLen)})
	require.ErrorIs(t, err, types.ErrNotRegistered)
}

func TestRevealRefuses(t *testing.T) {
	c := start(t, 3, 5)
	c.hyper.MinAllowedWeights = 2
	c.hyper.MaxAllowedUIDs = 3
	c.until(1)
	h := c.hide(0, 1, 5, 2, 6)
	require.NoError(t, c.commit(h))
	short, zero := c.hide(1, 1, 5), c.hide(2, 0, 0, 1, 0)
	require.NoError(t, c.commit(short))
	require.NoError(t, c.commit(zero))
	c.until(2)

	otherRow, otherSalt, otherKey, otherEpoch := h, h, h, h
	otherRow.row = c.hide(0, 1, 5, 2, 7).row
	otherSalt.salt = append([]byte{9}, h.salt[1:]...)
	otherKey.who = 1
	otherEpoch.epoch = 0
	beyond := c.hide(0, 1, 5, 3, 6)
	beyond.epoch = 1
	long := c.hide(0, 0, 1, 1, 1, 2, 1, 3, 1)
	long.epoch = 1
	tests := []struct {
		name string
		h    hidden
		is   error
		text string
	}{
		{"tampered row", otherRow, types.ErrMismatch, "do not match"},
		{"other salt", otherSalt, types.ErrMismatch, "do not match"},
		{"another key", otherKey, types.ErrMismatch, "do not match"},
		{"another period", otherEpoch, types.ErrPeriod, "present period is 2"},
		{"uid that is not there", beyond, types.ErrRow, "uid 3"},
		{"more than max_allowed_uids", long, types.ErrRow, "max_allowed_uids is 3"},
		{"fewer than min_allowed_weights", hidden{who: 1, epoch: 1, row: short.row, salt: short.salt}, types.ErrRow, "at least 2"},
		{"all zero", hidden{who: 2, epoch: 1, row: zero.row, salt: zero.salt}, types.ErrRow, "all weights are zero"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := c.reveal(tt.h)
			require.ErrorIs(t, err, tt.is)
			require.ErrorContains(t, err, tt.text)
		})
	}
	require.NoError(t, c.reveal(h), "none of the attempts spoiled the true one")
	c.until(3)
	never := h
	never.epoch = 2
	require.ErrorIs(t, c.reveal(never), types.ErrNotCommitted)
}

func TestMissedRevealTakesTheOldRowAway(t *testing.T) {
	c := start(t, 3, 4)
	c.until(1)
	first := c.hide(0, 1, 100)
	require.NoError(t, c.commit(first))
	c.until(2)
	require.NoError(t, c.reveal(first))
	second := c.hide(0, 2, 100)
	require.NoError(t, c.commit(second))
	updated := c.neurons[0].LastUpdate
	c.until(3)
	require.Empty(t, c.events(missedEvent), "its time is not over")
	require.Equal(t, []types.Entry{{UID: 1, Value: 100}}, c.rowsInForce()[0])
	third := c.hide(0, 1, 7)
	require.NoError(t, c.commit(third))
	c.until(4)
	require.Len(t, c.events(missedEvent), 1)
	require.Empty(t, c.rowsInForce()[0], "who keeps a commitment to itself cannot have chosen the row before")
	require.Equal(t, updated, c.neurons[0].LastUpdate)
	require.ErrorIs(t, c.reveal(second), types.ErrPeriod)
	require.NoError(t, c.reveal(third), "the next commitment stands")
	require.Equal(t, []types.Entry{{UID: 1, Value: 7}}, c.rowsInForce()[0])
	c.until(6)
	require.Equal(t, []types.Entry{{UID: 1, Value: 7}}, c.rowsInForce()[0], "who commits nothing keeps its row")

	answer, err := NewQueryServer(c.Keeper).Commitments(c.ctx, &types.QueryCommitmentsRequest{Netuid: uint32(netuid), Hotkey: text(0)})
	require.NoError(t, err)
	require.Empty(t, answer.Commitments)
}

// A uid changes hands between commit and reveal.
func TestReplacedNeuronInheritsNothing(t *testing.T) {
	c := start(t, 3, 6)
	c.until(1)
	old := c.hide(1, 0, 50)
	require.NoError(t, c.commit(old))
	c.until(2)
	require.NoError(t, c.reveal(old))
	pending := c.hide(1, 0, 60)
	require.NoError(t, c.commit(pending))
	bonds := [][]types.Entry{{{UID: 1, Value: 9}, {UID: 2, Value: 8}}, {{UID: 0, Value: 7}}, nil}
	require.NoError(t, c.SetBonds(c.ctx, netuid, c.neurons, bonds))
	c.next()

	c.replace(1, 100)
	require.Empty(t, c.rowsInForce()[1])
	got, err := c.Bonds(c.ctx, netuid, c.neurons)
	require.NoError(t, err)
	require.Equal(t, []types.Entry{{UID: 2, Value: 8}}, got[0], "a bond to the uid's holder before is void")
	require.Empty(t, got[1])
	c.until(3)
	require.Empty(t, c.events(missedEvent), "who is gone misses nothing")

	stolen := pending
	stolen.who = 100
	require.ErrorIs(t, c.reveal(stolen), types.ErrNotCommitted)
	require.ErrorIs(t, c.reveal(pending), types.ErrNotRegistered)

	t.Run("the same hotkey again is another registration", func(t *testing.T) {
		again := c.hide(100, 0, 1)
		require.NoError(t, c.commit(again))
		c.next()
		c.replace(1, 101)
		c.next()
		c.replace(1, 100)
		c.until(4)
		require.ErrorIs(t, c.reveal(again), types.ErrNotCommitted)
	})
}

// The epoch runs before the transactions of its block: a neuron registered in the block of the epoch came after it.
func TestBondsToANeuronOfTheSameBlockAreVoid(t *testing.T) {
	c := start(t, 2, 4)
	c.until(1)
	require.NoError(t, c.SetBonds(c.ctx, netuid, c.neurons, [][]types.Entry{{{UID: 1, Value: 5}}, nil}))
	c.replace(1, 50)
	got, err := c.Bonds(c.ctx, netuid, c.neurons)
	require.NoError(t, err)
	require.Empty(t, got[0])
	c.next()
	require.NoError(t, c.SetBonds(c.ctx, netuid, c.neurons, [][]types.Entry{{{UID: 1, Value: 5}}, nil}))
	got, err = c.Bonds(c.ctx, netuid, c.neurons)
	require.NoError(t, err)
	require.Len(t, got[0], 1, "its own bonds hold")
}

func TestTamperedRowsAreFound(t *testing.T) {
	good := collections.Join3(uint16(netuid), hotkey(0).Bytes(), uint64(0))
	tests := []struct {
		name string
		key  registration
		row  types.Row
		text string
	}{
		{"unsorted", good, types.Row{Uids: []byte{1, 0, 0, 0}, Values: []byte{1, 0, 1, 0}}, "uid 0 after uid 1"},
		{"uid twice", good, types.Row{Uids: []byte{1, 0, 1, 0}, Values: []byte{1, 0, 1, 0}}, "uid 1 after uid 1"},
		{"beyond the subnet", good, types.Row{Uids: []byte{2, 0}, Values: []byte{1, 0}}, "uid 2"},
		{"cut off", good, types.Row{Uids: []byte{1, 0}, Values: []byte{1}}, "uids have 2 bytes and values 1"},
		{"of nobody", collections.Join3(uint16(netuid), hotkey(9).Bytes(), uint64(0)), types.Row{Uids: []byte{1, 0}, Values: []byte{1, 0}}, "belong to nobody"},
		{"of another registration", collections.Join3(uint16(netuid), hotkey(0).Bytes(), uint64(5)), types.Row{Uids: []byte{1, 0}, Values: []byte{1, 0}}, "belong to nobody"},
	}
	for _, tt := range tests {
		for _, kind := range []string{"weights", "bonds"} {
			t.Run(tt.name+" "+kind, func(t *testing.T) {
				c := start(t, 2, 4)
				c.next()
				rows := c.rows
				if kind == "bonds" {
					rows = c.bonds
				}
				require.NoError(t, rows.Set(c.ctx, tt.key, tt.row))
				problems, err := c.Check(c.ctx, netuid)
				require.NoError(t, err)
				require.Len(t, problems, 1)
				require.Contains(t, problems[0], kind)
				require.Contains(t, problems[0], tt.text)
			})
		}
	}
	t.Run("commitments", func(t *testing.T) {
		c := start(t, 2, 4)
		c.until(5)
		for _, at := range []struct {
			who   gotensor.Address
			epoch uint64
		}{{hotkey(0), 3}, {hotkey(0), 6}, {hotkey(9), 5}} {
			require.NoError(t, c.commitments.Set(c.ctx, collections.Join4(uint16(netuid), at.who.Bytes(), uint64(0), at.epoch), types.Commitment{Epoch: at.epoch}))
		}
		problems, err := c.Check(c.ctx, netuid)
		require.NoError(t, err)
		require.Len(t, problems, 3)
	})
	t.Run("rows are refused to the epoch", func(t *testing.T) {
		c := start(t, 2, 4)
		require.NoError(t, c.rows.Set(c.ctx, good, tests[0].row))
		_, err := c.Rows(c.ctx, netuid, c.neurons)
		require.ErrorIs(t, err, types.ErrRow)
	})
}

func TestQueries(t *testing.T) {
	c := start(t, 3, 4)
	c.until(1)
	h := c.hide(2, 0, 9)
	require.NoError(t, c.commit(h))
	c.until(2)
	require.NoError(t, c.reveal(h))
	require.NoError(t, c.SetBonds(c.ctx, netuid, c.neurons, [][]types.Entry{nil, {{UID: 0, Value: 4}}, nil}))
	q := NewQueryServer(c.Keeper)

	weights, err := q.Weights(c.ctx, &types.QueryWeightsRequest{Netuid: uint32(netuid)})
	require.NoError(t, err)
	require.Equal(t, []types.UIDRow{{Uid: 2, Row: h.row}}, weights.Rows)
	require.Equal(t, c.ctx.BlockHeight(), weights.Height)
	bonds, err := q.Bonds(c.ctx, &types.QueryBondsRequest{Netuid: uint32(netuid)})
	require.NoError(t, err)
	require.Len(t, bonds.Rows, 1)
	require.Equal(t, uint32(1), bonds.Rows[0].Uid)
	commitments, err := q.Commitments(c.ctx, &types.QueryCommitmentsRequest{Netuid: uint32(netuid), Hotkey: text(2)})
	require.NoError(t, err)
	require.Len(t, commitments.Commitments, 1)
	require.True(t, commitments.Commitments[0].Revealed)

	for name, run := range map[string]func(context.Context) error{
		"no such subnet": func(ctx context.Context) error {
			_, err := q.Weights(ctx, &types.QueryWeightsRequest{Netuid: 77})
			return err
		},
		"netuid out of range": func(ctx context.Context) error {
			_, err := q.Bonds(ctx, &types.QueryBondsRequest{Netuid: 70_000})
			return err
		},
		"not an address": func(ctx context.Context) error {
			_, err := q.Commitments(ctx, &types.QueryCommitmentsRequest{Netuid: uint32(netuid), Hotkey: "me"})
			return err
		},
		"not registered": func(ctx context.Context) error {
			_, err := q.Commitments(ctx, &types.QueryCommitmentsRequest{Netuid: uint32(netuid), Hotkey: addr.FormatAccount(hotkey(55))})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) { require.Error(t, run(c.ctx)) })
	}
}
