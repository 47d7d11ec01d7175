package module

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cosmos/cosmos-sdk/codec"
	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/gotensor/gotensor/x/emission/types"
)

func TestGenesisBasics(t *testing.T) {
	registry := codectypes.NewInterfaceRegistry()
	m := AppModule{}
	m.RegisterInterfaces(registry)
	cdc := codec.NewProtoCodec(registry)
	require.Equal(t, types.ModuleName, m.Name())
	require.NoError(t, m.ValidateGenesis(cdc, nil, m.DefaultGenesis(cdc)))
	for name, raw := range map[string]string{
		"not JSON":      "{",
		"unknown field": `{"surprise": 1}`,
		"out of range":  `{"params": {"producer_ppm": 1000001}}`,
	} {
		t.Run(name, func(t *testing.T) {
			require.Error(t, m.ValidateGenesis(cdc, nil, json.RawMessage(raw)))
		})
	}
}

func TestMessagesAreRegistered(t *testing.T) {
	registry := codectypes.NewInterfaceRegistry()
	sdk.RegisterInterfaces(registry)
	AppModule{}.RegisterInterfaces(registry)
	require.Len(t, registry.ListImplementations(sdk.MsgInterfaceProtoName), 2)
}
