package yuma

import "errors"

// Errors of an Input that the epoch refuses; they are wrapped with the field, the value and what is wanted.
var (
	// ErrShape says that two lengths which belong together differ.
	ErrShape = errors.New("yuma: wrong shape")
	// ErrRange says that a value is outside its range.
	ErrRange = errors.New("yuma: out of range")
	// ErrDuplicate says that a row names a uid twice.
	ErrDuplicate = errors.New("yuma: duplicate uid")
)
