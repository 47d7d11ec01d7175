package store

import "errors"

var (
	// ErrNotFound is returned for a key that is not there.
	ErrNotFound = errors.New("no such API key")
	// ErrTooMany is returned for another key of an account that has as many as it may.
	ErrTooMany = errors.New("too many API keys")
	// ErrUsed is returned for a nonce that was used before.
	ErrUsed = errors.New("this sign-in was used before: sign a new one")
	// ErrSecret is returned for a text that has not the form of an API key.
	ErrSecret = errors.New("malformed API key")
	// ErrKey is returned for a key that cannot be stored.
	ErrKey = errors.New("API key cannot be stored")
	// ErrNewer is returned for a database that a later version of this software has changed.
	ErrNewer = errors.New("the database is of a newer version: update gotensor")
	// ErrOpen is returned for a database that cannot be used.
	ErrOpen = errors.New("cannot open the gateway's database")
)
