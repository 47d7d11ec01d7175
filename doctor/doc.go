// Package doctor looks at a neuron or a gateway as its operator would if he had the time: is the node in sync, is the clock right,
// can miners be reached, how long until the uid is lost, were weights revealed. Each finding has a state and says what to do next.
//
// Flow of Run: Gather asks everything at once, each question with a deadline of its own, so that nothing that hangs holds up the rest;
// Judge turns the facts into findings. Judge and all its checks are pure: what they know stands in Facts.
//
// The role knows no other role and no mechanism. What only those can tell (how quick the model is, what the gateway's store holds,
// whether stake is at risk) is handed in by Config.
//
// Start at Run.
package doctor
