package recorded

import "errors"

// ErrBank says that a bank cannot be read or must not be written: the error names the line or the field.
var ErrBank = errors.New("bank of recorded answers")
