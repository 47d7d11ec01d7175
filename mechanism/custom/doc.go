// Package custom is the mechanism whose miner and validator are plug-ins: HTTP servers in any language beside `gotensor miner run`
// and `gotensor validator run`. What a subnet is about is then what its validators' plug-ins ask and how they score the answers.
//
// Flow: a miner's plug-in declares its operations with a JSON Schema each (GET /schema) and is called with JSON (POST /call/NAME).
// Server puts it on the axon and lets nothing through that does not fit the schema. A validator's plug-in draws requests (POST /round)
// and scores what miners answered (POST /score); Judge asks, remembers a moving mean of the scores and turns it into weights. Front
// offers the operations that the largest share of pay declares to applications, and checks every answer.
//
// A plug-in is trusted by whoever runs it and by nobody else: schemas and answers of other neurons are bounded before they are read.
//
// Start at Server, Judge and Front; the form of each message is in docs/guide-subnet.md.
package custom
