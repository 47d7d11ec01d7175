// Package scoring plays attacks on what validators of text pay for, with the very rule that they run (package
// mechanism/text/score): miners that are good for validators and bad for users, and others.
//
// Flow: an experiment draws questions, lets honest and dishonest miners answer, scores both as a validator does, and reports what
// dishonesty earned, without and with the defence.
//
// Start at TwoFaced.
package scoring
