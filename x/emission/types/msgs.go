package types

// ValidateBasic checks the parameters; the authority is checked by the handler.
func (m *MsgUpdateParams) ValidateBasic() error { return m.Params.Validate() }

// ValidateBasic checks the netuid; the authority is checked by the handler.
func (m *MsgResume) ValidateBasic() error {
	_, err := NetUID(m.Netuid)
	return err
}
