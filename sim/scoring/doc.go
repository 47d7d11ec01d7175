// Package scoring plays attacks on what validators of text pay for, with the very rule that they run (package
// mechanism/text/score): miners that are good for validators and bad for users, and others.
//
// Flow: an experiment draws questions, lets honest and dishonest miners answer, scores both as a validator does, and reports what
// dishonesty earned, without and with the defence.
//
// Relay plays with time: a wire carries a question from the validator to a relay, on to its victim and back, and says whether the answer
// of another came before the relay's own was due. Its sampler asks a victim for texts instead.
//
// Start at Attack, Relay or TwoFaced.
package scoring
