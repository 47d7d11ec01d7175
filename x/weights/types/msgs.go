package types

import (
	errorsmod "cosmossdk.io/errors"

	"github.com/gotensor/gotensor/x/internal/addr"
)

// ValidateBasic checks the fields that need no state.
func (m *MsgCommit) ValidateBasic() error {
	if _, err := NetUID(m.Netuid); err != nil {
		return err
	}
	if _, err := addr.Account(m.Hotkey); err != nil {
		return errorsmod.Wrapf(ErrField, "hotkey: %s", err)
	}
	if len(m.Hash) != HashLen {
		return errorsmod.Wrapf(ErrField, "hash has %d bytes, want %d", len(m.Hash), HashLen)
	}
	return nil
}

// ValidateBasic checks the fields that need no state: lengths, and the order of the row.
func (m *MsgReveal) ValidateBasic() error {
	if _, err := NetUID(m.Netuid); err != nil {
		return err
	}
	if _, err := addr.Account(m.Hotkey); err != nil {
		return errorsmod.Wrapf(ErrField, "hotkey: %s", err)
	}
	if len(m.Salt) != SaltLen {
		return errorsmod.Wrapf(ErrField, "salt has %d bytes, want %d", len(m.Salt), SaltLen)
	}
	return m.Row.Validate()
}
