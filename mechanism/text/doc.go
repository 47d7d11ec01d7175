// Package text is the mechanism of November 2022 made honest: miners predict how a text goes on, validators hold the
// continuation back and pay for what an answer gains over their own small reference model.
//
// Flow: Settings come from the subnet. A miner wraps its model.Predictor with NewServer. A validator makes a Judge, whose Round
// draws secret passages, asks every neuron about all of them in an order of its own, decodes and checks the answers as they
// arrive, scores them (package score) and keeps the board; Judge.Weights is what the validator commits. What the rule of 2022
// would have paid, the model size it would have guessed and Shapley values are shown beside it and decide nothing.
//
// A server also writes texts (Generate) and makes vectors (Embed) for people, where the miner has models that can. Between two rounds a
// Judge asks for texts as people do, through gateways if it is given some (probe.go, through.go), about what it asks predictions of in
// the next round; how well they are served, and whether they are what the predictions say, decides a part of the pay. Vectors are not
// paid for. Where the subnet wants it, all validators ask about one small part of the text in a period, which a beacon chooses (shard.go).
// What a caller asks is in no log and no error, yet the miner's operator can read it: nothing hides a text from
// the model that goes on with it.
//
// Start at NewJudge and NewServer. The rule itself is in mechanism/text/score.
package text
