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
//	L4  fair, synapse, axon, dendrite            neuron to neuron: fair queue, server, client, one proof per connection
//	    telemetry                                metrics, profiles and traces
//	L5  mechanism                                what is served, judged and offered: start at mechanism.Judge, mechanism.Front
//	    mechanism/text, .../front, .../mixture   texts: miner and judge; OpenAI's API; several miners as one model
//	    mechanism/custom                         plug-ins in any language
//	    dataset, model, model/{ngram, openai,    where questions come from; models and what they share
//	    hash, plain, promptlog, ...}
//	L6  miner, validator, localnet               roles
//	    gateway, gateway/route, gateway/store    applications ask the network: requests, whom to ask, keys and limits
//	    bench, doctor                            how fast; what is wrong
//	    explain                                  why a neuron earned what it earned, as a pure function of an epoch
//	L7  cli, cmd/gotensor, cmd/gotensord         what people run: every role; the node
//
// Beside the layers: web is the website that a gateway serves, sim plays the network's games for research, internal holds what several rooms
// share and nobody else needs, templates and test are programs to start from and tests across rooms, deploy
// holds dashboards.
//
// Read docs/architecture.md for the flow of one epoch from question to pay, and docs/adr for the choices that are hard to undo.
package gotensor
