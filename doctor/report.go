package doctor

import (
	"fmt"

	"github.com/gotensor/gotensor"
)

// State is how a check came out.
type State string

// States of a check.
const (
	OK   State = "ok"
	Warn State = "warn" // works, but not for long or not well
	Fail State = "fail" // does not work: no pay, or nobody is served
	Skip State = "skip" // could not be looked at, or does not apply; Seen says why
)

// Role is what a hotkey is looked at as.
type Role string

// Roles. General checks belong to whoever runs anything.
const (
	General   Role = "general"
	Miner     Role = "miner"
	Validator Role = "validator"
	Gateway   Role = "gateway"
)

// Check is one finding.
type Check struct {
	Role  Role   `json:"role"`
	Name  string `json:"name"`
	State State  `json:"state"`
	Seen  string `json:"seen"`           // what was found, with numbers
	Next  string `json:"next,omitempty"` // what to do, where something is to be done
}

// Report is what Run returns.
type Report struct {
	ChainID string          `json:"chain_id"`
	NetUID  gotensor.NetUID `json:"netuid"`
	Height  gotensor.Block  `json:"height"` // 0: the node did not answer
	Hotkey  string          `json:"hotkey"`
	UID     *gotensor.UID   `json:"uid"` // null while not registered
	Roles   []Role          `json:"roles"`
	Checks  []Check         `json:"checks"`
}

// Count is how many checks came out so.
func (r Report) Count(s State) int {
	n := 0
	for _, c := range r.Checks {
		if c.State == s {
			n++
		}
	}
	return n
}

func ok(format string, args ...any) Check {
	return Check{State: OK, Seen: fmt.Sprintf(format, args...)}
}

func skip(format string, args ...any) Check {
	return Check{State: Skip, Seen: fmt.Sprintf(format, args...)}
}

// warn and fail are followed by next.
func warn(format string, args ...any) Check {
	return Check{State: Warn, Seen: fmt.Sprintf(format, args...)}
}

func fail(format string, args ...any) Check {
	return Check{State: Fail, Seen: fmt.Sprintf(format, args...)}
}

// next says what to do.
func (c Check) next(format string, args ...any) Check {
	c.Next = fmt.Sprintf(format, args...)
	return c
}
