package types

import (
	"fmt"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/gotensor/gotensor/internal/codes"
	"github.com/gotensor/gotensor/x/internal/addr"
)

var (
	_ sdk.HasValidateBasic = (*MsgSetHyperparameter)(nil)
	_ sdk.HasValidateBasic = (*MsgUpdateParams)(nil)
)

// ValidateBasic checks the fields against the schema, without state.
func (m *MsgSetHyperparameter) ValidateBasic() error { return codes.Of(m.validate()) }

func (m *MsgSetHyperparameter) validate() error {
	if _, err := addr.Account(m.Sender); err != nil {
		return fmt.Errorf("sender: %w: %w", err, ErrInvalidMessage)
	}
	if _, err := NetUIDOf(m.Netuid); err != nil {
		return err
	}
	var h Hyperparameters
	return h.Set(m.Name, m.Value)
}

// ValidateBasic checks the fields, without state.
func (m *MsgUpdateParams) ValidateBasic() error { return codes.Of(m.validate()) }

func (m *MsgUpdateParams) validate() error {
	if _, err := addr.Account(m.Authority); err != nil {
		return fmt.Errorf("authority: %w: %w", err, ErrInvalidMessage)
	}
	return m.Params.Validate()
}
