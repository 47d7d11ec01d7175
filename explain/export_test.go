package explain

import "github.com/gotensor/gotensor/yuma"

// Canonical is a replay's input taken apart and put together again.
func Canonical(r *Replay) *yuma.Input {
	p := r.canon(r.Input.N)
	return p.input()
}
