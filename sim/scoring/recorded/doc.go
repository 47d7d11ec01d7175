// Package recorded is a bank of recorded answers: what language models of several families said about the same places of several
// texts, so that experiments can be played on models that are too slow, too large or too rare to run in a test.
//
// Flow: program test/record draws items, asks models and writes a bank (Bank.Write). Read checks every line of one; Embedded is the
// bank in the binary, whose provenance is in testdata/README.md.
//
// # Format
//
// A bank is gzip over JSON lines. The first line is the header:
//
//	{"format":"gotensor-answers-1","context":192,"k":64}
//
// Then come one line for each source of text, one for each item, and for each model one line and then its answers, one an item:
//
//	{"source":{"name":"opticks","about":"...","reference":"..."}}
//	{"item":{"source":0,"context":"...","truth":"..."}}
//	{"model":{"name":"gru-a","family":"gru","about":"...","license":"...","kin":""}}
//	{"answer":{"item":0,"c":[" a"," and"," the"],"p":[2303,3507,1386],"floor":693}}
//
// Texts are bytes, each written as the code point of its number (ISO 8859-1 in JSON). Probabilities are thousandths of a nat below
// 1: 2303 is exp(-2.303); what is less likely than exp(-30) is 30000. Rounding moves a probability by at most 0.05 %; readers make the
// probabilities of an answer sum to 1 again.
//
// Start at Embedded and Bank.
package recorded
