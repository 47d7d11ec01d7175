package keys

import "errors"

var (
	// ErrMnemonic is returned for words that are no mnemonic.
	ErrMnemonic = errors.New("invalid mnemonic")
	// ErrKey is returned for bytes that are no private or public key.
	ErrKey = errors.New("invalid key")
	// ErrSignature is returned for a signature that does not fit the message and the key.
	ErrSignature = errors.New("invalid signature")
	// ErrTag is returned for a message tag that is empty or longer than 255 bytes.
	ErrTag = errors.New("invalid message tag")
	// ErrName is returned for a wallet or hotkey name that is not safe as a file name.
	ErrName = errors.New("invalid name")
	// ErrExists is returned instead of overwriting a key.
	ErrExists = errors.New("key exists already")
	// ErrNotFound is returned for a wallet or hotkey that has no file.
	ErrNotFound = errors.New("key not found")
	// ErrPassword is returned for a password that is missing or wrong.
	ErrPassword = errors.New("wrong password")
	// ErrFile is returned for a key file that is damaged, truncated or open to other users.
	ErrFile = errors.New("bad key file")
)
