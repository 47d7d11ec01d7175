// Package gotensor is the vocabulary of an incentivised neural network and the map of its repository.
//
// People run models (miners), other people judge those models (validators), a chain turns the judgements into pay in TAO,
// and anyone who holds TAO can ask the network. This package holds only the words that every room shares: Rao, NetUID, UID,
// Block and Address. Imports point downwards only:
//
//	L0  fixed, yuma, issuance, pow, price,       pure maths, standard library only: start at yuma.Epoch
//	    shapley
//	    mechanism/text/score, .../compat         how text is scored, pure: start at score.Gain
//	L1  proto, genesis                           wire types and the description of a new chain
//	L2  x/subnet, x/neuron, x/weights,
//	    x/emission, x/producer, app              the chain, one noun a module: start at app.New
//	L3  keys, chain, metagraph                   the client's side: keys, typed node client, snapshots
//	L4  fair, synapse, axon, dendrite            neuron to neuron: server, client, one proof per connection, fair queue
//	L5  mechanism, mechanism/text, dataset,      what is served and how it is judged: start at
//	    model/...                                mechanism.Judge
//	L6  miner, validator, localnet               roles
//	L7  cli, cmd/gotensor, cmd/gotensord         what people run: every role; the node
//
// Read docs/architecture.md for the flow of one epoch from question to pay, and docs/adr for the choices that are hard to undo.
package gotensor
