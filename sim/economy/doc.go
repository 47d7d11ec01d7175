// Package economy lets owners of miners follow their profit and looks at what that makes of a network: how good its answers are,
// who serves them and what they cost. It is a test of the founders' thesis that pay produces intelligence.
//
// Owners choose how large a model they run, under how many uids, whether they relay another's answers instead, and whether they are
// there at all. They learn by trying: each epoch some try a change and keep it if their profit rose. How good a model is follows
// from its size by a scaling law (Law). Validators ask real questions' worth of gains, judge them by a rule (Rules names them),
// and real yuma turns their rows into pay.
//
// Flow of an epoch, in world.go: gains of all uids on the validators' items, the rule's weights, yuma, pay; then, in owner.go,
// profit, decisions, registrations at the price of package price.
//
// Start at Rules and Supply, the two experiments.
package economy
