package scoring

// span is a length of time in nanoseconds. Simulations do without package time, so that none can look at a clock.
type span int64

const (
	millisecond span = 1_000_000
	second           = 1000 * millisecond
)
