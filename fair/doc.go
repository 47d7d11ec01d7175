// Package fair shares a bounded number of slots among callers by their weight: under overload every caller is served in proportion
// to it, whatever the others send.
//
// Flow of a call: a free slot is taken at once; else the call waits in its caller's line, and the next to be served is the one whose
// caller has had least for its weight; what cannot be served in time is refused at once with a hint when to come again. Nobody
// with a validator's permit falls below a thousandth of the heaviest caller's weight, and slots may be kept for them.
//
// Start at New, then Queue.Acquire and Ticket.Release. The queue knows nothing of networks or of chains: axons and gateways put
// their own errors around an *Overload.
package fair
