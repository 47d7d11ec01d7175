package keeper_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/gotensor/gotensor/x/subnet/types"
)

func TestSetHyperparameter(t *testing.T) {
	cases := []struct {
		name string
		msg  types.MsgSetHyperparameter
		err  error
		want string
	}{
		{"owner", types.MsgSetHyperparameter{Sender: owner, Netuid: 1, Name: "alpha_low", Value: 2_000}, nil, ""},
		{"governance", types.MsgSetHyperparameter{Sender: gov, Netuid: 1, Name: "kappa", Value: 40_000}, nil, ""},
		{"governance where nobody owns", types.MsgSetHyperparameter{Sender: gov, Netuid: 5, Name: "alpha_low", Value: 2_000}, nil, ""},
		{"stranger", types.MsgSetHyperparameter{Sender: other, Netuid: 1, Name: "alpha_low", Value: 2_000}, types.ErrUnauthorized, "neither the owner of subnet 1"},
		{"stranger where nobody owns", types.MsgSetHyperparameter{Sender: other, Netuid: 5, Name: "alpha_low", Value: 2_000}, types.ErrUnauthorized, "neither"},
		{"owner of another", types.MsgSetHyperparameter{Sender: owner, Netuid: 5, Name: "alpha_low", Value: 2_000}, types.ErrUnauthorized, "subnet 5"},
		{"owner, not his", types.MsgSetHyperparameter{Sender: owner, Netuid: 1, Name: "kappa", Value: 1}, types.ErrUnauthorized, "governance alone"},
		{"no subnet", types.MsgSetHyperparameter{Sender: gov, Netuid: 2, Name: "kappa", Value: 1}, types.ErrNotFound, "netuid 2"},
		{"netuid out of range", types.MsgSetHyperparameter{Sender: gov, Netuid: 65_535, Name: "kappa", Value: 1}, types.ErrNotFound, "want 1..65534"},
		{"unknown", types.MsgSetHyperparameter{Sender: gov, Netuid: 1, Name: "rho", Value: 1}, types.ErrUnknownParameter, `"rho"`},
		{"range", types.MsgSetHyperparameter{Sender: gov, Netuid: 1, Name: "kappa", Value: 65_536}, types.ErrOutOfRange, "kappa is 65536 u16, want 0..65535"},
		{"conflict", types.MsgSetHyperparameter{Sender: owner, Netuid: 1, Name: "alpha_low", Value: 65_000}, types.ErrConflict, "alpha_low 65000"},
		{"immunity against tempo", types.MsgSetHyperparameter{Sender: owner, Netuid: 1, Name: "immunity_period", Value: 10_000}, types.ErrConflict, "immunity_period"},
		{"sender", types.MsgSetHyperparameter{Sender: "tao1", Netuid: 1, Name: "kappa", Value: 1}, types.ErrInvalidMessage, "sender"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			f := newFixture(t, genesis(1, 5))
			_, err := f.msgs.SetHyperparameter(f.ctx, &c.msg)
			h, getErr := f.k.Hyperparameters(f.ctx, 1)
			require.NoError(t, getErr)
			if c.err != nil {
				require.ErrorIs(t, err, c.err)
				require.ErrorContains(t, err, c.want)
				require.Equal(t, uint16(32_767), h.Kappa)
				require.Empty(t, f.ctx.EventManager().Events())
				return
			}
			require.NoError(t, err)
			res, err := f.query.Hyperparameters(f.ctx, &types.QueryHyperparametersRequest{Netuid: c.msg.Netuid})
			require.NoError(t, err)
			require.Contains(t, res.Values, types.HyperparameterValue{Name: c.msg.Name, Value: c.msg.Value})
			require.Len(t, f.ctx.EventManager().Events(), 1)
		})
	}
}

func TestCooldownHoldsTheOwnerButNotGovernance(t *testing.T) {
	f := newFixture(t, genesis(1))
	set := func(sender, name string, v int64) error {
		_, err := f.msgs.SetHyperparameter(f.ctx, &types.MsgSetHyperparameter{Sender: sender, Netuid: 1, Name: name, Value: v})
		return err
	}
	f.ctx = f.ctx.WithBlockHeight(100)
	require.NoError(t, set(owner, "alpha_low", 2_000))
	require.NoError(t, set(owner, "alpha_high", 60_000), "each has its own")
	f.ctx = f.ctx.WithBlockHeight(100 + 4_319)
	err := set(owner, "alpha_low", 3_000)
	require.ErrorIs(t, err, types.ErrCooldown)
	require.ErrorContains(t, err, "alpha_low was changed at height 100: try again at height 4420, in 1 blocks")
	require.NoError(t, set(gov, "alpha_high", 61_000))
	f.ctx = f.ctx.WithBlockHeight(4_420)
	require.NoError(t, set(owner, "alpha_low", 3_000))
	require.ErrorIs(t, set(owner, "alpha_high", 62_000), types.ErrCooldown, "governance's change starts it too")
}

func TestUpdateParams(t *testing.T) {
	f := newFixture(t, genesis(1))
	good := types.Params{TargetBlockMs: 500, MaxEpochsPerBlock: 1}
	_, err := f.msgs.UpdateParams(f.ctx, &types.MsgUpdateParams{Authority: owner, Params: good})
	require.ErrorIs(t, err, types.ErrUnauthorized)
	_, err = f.msgs.UpdateParams(f.ctx, &types.MsgUpdateParams{Authority: gov})
	require.ErrorIs(t, err, types.ErrInvalidParams)
	_, err = f.msgs.UpdateParams(f.ctx, &types.MsgUpdateParams{Authority: gov, Params: good})
	require.NoError(t, err)
	h, err := f.k.Hyperparameters(f.ctx, 1)
	require.NoError(t, err)
	require.Equal(t, uint64(36), h.TempoBlocks())
	require.Error(t, (&types.MsgUpdateParams{Params: good}).ValidateBasic())
	require.NoError(t, (&types.MsgUpdateParams{Authority: gov, Params: good}).ValidateBasic())

	// 19 s of immunity are more than two periods of 8 s and a block at 1 s, not at 20 s blocks, where all round up.
	g := genesis(1)
	g.Params.TargetBlockMs = 1_000
	g.Subnets[0].Hyperparameters = []types.HyperparameterValue{{Name: "tempo", Value: 8_000}, {Name: "immunity_period", Value: 19_000}}
	f = newFixture(t, g)
	_, err = f.msgs.UpdateParams(f.ctx, &types.MsgUpdateParams{Authority: gov, Params: types.Params{TargetBlockMs: 20_000, MaxEpochsPerBlock: 1}})
	require.ErrorIs(t, err, types.ErrConflict)
	require.ErrorContains(t, err, "target_block_ms 20000 does not suit subnet 1")
}

func TestQueries(t *testing.T) {
	f := newFixture(t, genesis(1, 5))
	f.to(t, 8)
	st, err := f.query.Status(f.ctx, &types.QueryStatusRequest{})
	require.NoError(t, err)
	require.Equal(t, &types.QueryStatusResponse{ChainId: "test-1", Height: 8, TimeUnixMs: 1_700_000_000_123, TargetBlockMs: 2_000}, st)
	all, err := f.query.Subnets(f.ctx, &types.QuerySubnetsRequest{})
	require.NoError(t, err)
	require.Equal(t, int64(8), all.Height)
	require.Len(t, all.Subnets, 2)
	one, err := f.query.Subnet(f.ctx, &types.QuerySubnetRequest{Netuid: 1})
	require.NoError(t, err)
	require.Equal(t, all.Subnets[0], one.Subnet)
	require.Equal(t, int64(18), one.Subnet.Clock.NextBoundary)
	h, err := f.query.Hyperparameters(f.ctx, &types.QueryHyperparametersRequest{Netuid: 5})
	require.NoError(t, err)
	require.Len(t, h.Values, len(types.Schema()))
	for i, p := range types.Schema() {
		require.Equal(t, p.Name, h.Values[i].Name)
		require.Equal(t, p.HyperparameterSchema, h.Schema[i])
	}
	for _, netuid := range []uint32{0, 2, 65_536} {
		_, err = f.query.Subnet(f.ctx, &types.QuerySubnetRequest{Netuid: netuid})
		require.Equal(t, codes.NotFound, status.Code(err))
		_, err = f.query.Hyperparameters(f.ctx, &types.QueryHyperparametersRequest{Netuid: netuid})
		require.Equal(t, codes.NotFound, status.Code(err))
	}
}
