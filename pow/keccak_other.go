//go:build !amd64

package pow

// wide: other processors hash one message at a time.
const wide = false

func keccak256x8(_, _ *lanes) { panic("pow: eight at once on a processor that cannot") }
