// Package route decides which neuron answers: it is a gateway's mechanism.Network over one subnet.
//
// Flow: Router.Run follows the chain and asks every neuron that serves what it can do (Axon.Info). Router.Open picks a neuron by
// what the chain pays it and by what this gateway saw of it, asks it, asks a second one in parallel where the first is slow, goes
// on to others where one fails, and hands the first that answers to the caller as a lease. When the lease ends, what was seen
// weighs in the next choice.
//
// How a neuron is picked. With share_i its part of the incentive of the n that would do,
//
//	cost_i = latency_i * (1 + running_i/8) + (1/success_i - 1) * 2 s        expected seconds to an answer
//	p_i    ~ 0.98 * [share_i / cost_i^2] + 0.02 * [1 / cost_i^2]            each bracket divided by its sum over the n
//
// so that good neurons get most, a neuron that is busy from here gets less, and new ones, for whom the subnet's typical latency
// is assumed until they are known, get a little. All whom the chain pays nothing get those 0.02 together at most, however fast they
// are, while anybody whom it pays can answer; and a latency below 100 ms counts as 100 ms: nonsense is quickly written. In one pick of
// fifty the neuron of which the least is known is asked instead: that is also how neurons come back from a failure. Nothing is sorted and no list is walked per call: beyond 16 neurons, 16 are drawn
// by their shares and one of these by 1/cost^2, which gives nearly the same p_i. What was seen is forgotten by halves every two minutes.
//
// What a failure does. Where the caller or this gateway broke off, and where the request was too large, the neuron is not to blame; where it
// refuses a request, only if another one then takes it, or else anybody could send nonsense to one neuron to take its traffic away. One that
// is overloaded rests for as long as it said. Others make its breaker open: at once where it failed several times running, or where
// half of its recent answers failed; it is then left alone for a second, twice as long each time up to two minutes, and let back
// in by one call, or by Axon.Info where it could not be reached at all.
//
// Where every neuron that would do has no room, a call waits for some, Config.Patience at most.
//
// Start at New, Router.Run and Router.Open; score.go has the formulas, breaker.go the breaker.
package route
