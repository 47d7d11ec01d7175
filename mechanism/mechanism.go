// Package mechanism is the border between roles and what a subnet is about. A mechanism (text, images, a plug-in) is a package
// below this one with three parts: a Server, which a miner puts on its axon; a Judge, with which a validator asks miners and
// turns their answers into weights; and a Front, with which a gateway offers the subnet to applications. Neither the chain, nor
// the protocol, nor the roles know which mechanism they carry.
//
// Flow: a miner registers Server.Service on its axon and serves. A validator calls Judge.Round every Judge.Every, keeps
// Judge.Encode on disk, and commits Judge.Weights once per period. A gateway serves Front.Routes and hands the Front a Network, by
// which it asks the neurons that are best at the moment.
//
// Start at Judge, and at Network for the gateway's side; mechanism/text is the example to read.
package mechanism

import (
	"context"
	"errors"
	"time"

	"google.golang.org/grpc"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/metagraph"
)

// ErrNoWeights is returned by Judge.Weights while there is nothing to say: then nothing is committed and the row before stays.
var ErrNoWeights = errors.New("no weights to set")

// Server is what a miner serves.
type Server interface {
	// Service is the generated description of the mechanism's gRPC service and its implementation, for axon.Server.Register.
	Service() (desc *grpc.ServiceDesc, impl any)
	// Describe says what is served; it does not change while the miner runs.
	Describe() Description
}

// Description is what a Server says of itself and what it needs of its axon.
type Description struct {
	// Model names what answers, for people: at most 64 bytes.
	Model string
	// MaxRequest is the most bytes that an honest call takes, in gRPC or JSON: an axon reads no more, since what is small on the wire
	// can be large in memory. 0: the axon's default.
	MaxRequest int
	// Parallel is how many calls the model can work on at the same time; the others wait in the axon's fair queue. 0: the axon's
	// default, the number of processors.
	Parallel int
	// Hold is the longest for which an answer that is ready waits before it is told; an axon that stops waits for such answers. 0: none does.
	Hold time.Duration
	// Capabilities are told to every caller: what of the mechanism this server can do beyond the least, ascending, see the mechanism.
	Capabilities []string
	// Schema is told to every caller where a mechanism is called by it: a JSON document of at most 64 KiB; nil: none.
	Schema []byte
}

// Asker connects to neurons. The connection is pinned to the neuron's published key, calls carry the validator's proof, and a
// failed call is an error of package dendrite.
type Asker interface {
	To(n metagraph.Neuron) grpc.ClientConnInterface
}

// Judge asks miners and remembers how useful their answers were. It is used by one goroutine at a time.
type Judge interface {
	// Every is the time from the start of one round to the start of the next.
	Every() time.Duration
	// Round asks neurons that serve, all about the same, and takes in what came before the deadline. Whatever they answer, late,
	// wrong or nothing, is judged and is no error; an error means that the round did not count. A judge may go on asking after Round has
	// returned, until the next Round or the end of ctx: it must live as long as the judge is used. The period is the present one of the
	// subnet; periods only go forward.
	Round(ctx context.Context, ask Asker, period Period, neurons []metagraph.Neuron) error
	// Rounds that counted, those before a restart included.
	Rounds() int
	// Weights judges the neurons of a snapshot, or ErrNoWeights. Neurons that are new, or new under an old uid, weigh nothing.
	Weights(m *metagraph.Metagraph) (Row, error)
	// Standings is what people are shown, in order of uid. It decides nothing.
	Standings(m *metagraph.Metagraph) Overview
	// Encode is the whole state; the constructor of the mechanism takes it back.
	Encode() ([]byte, error)
}

// Period is the time between two epochs of a subnet, as a judge needs it.
type Period struct {
	Number uint64 // 0 for the subnet's first
	// Beacon is the same for all validators of the subnet, and nobody knew it before the period began: whatever all are to choose alike
	// and nobody in advance follows from it. Zeros: not known.
	Beacon [32]byte
}

// Row is a validator's judgement: uids ascending, and as many weights, of which only proportions count. The largest is 65535.
type Row struct {
	UIDs    []gotensor.UID
	Weights []uint16
}

// Overview is what a Judge shows about the latest round and about each neuron.
type Overview struct {
	Round       int        `json:"round"`
	MixtureGain float64    `json:"mixture_gain"` // of the equal mixture of all answers of the latest round
	Neurons     []Standing `json:"neurons"`
}

// Standing is what a Judge shows about one neuron. Units of Gain, LCB and Shapley are the mechanism's own; for text, nats.
type Standing struct {
	UID        gotensor.UID `json:"uid"`
	Hotkey     string       `json:"hotkey"`
	Rounds     int          `json:"rounds"`
	Gain       float64      `json:"gain"`              // moving mean
	LCB        float64      `json:"lcb"`               // lower confidence bound, what is paid
	CopyFactor float64      `json:"copy_factor"`       // 1: nobody answers alike
	Weight     float64      `json:"weight"`            // share of the pay that this judge gives, 0..1
	Silent     int          `json:"silent"`            // consecutive silent rounds
	Muted      bool         `json:"muted"`             // silent for so long that it weighs nothing
	Service    *Service     `json:"service,omitempty"` // what people get of it; nil where the mechanism does not pay for it
	Shapley    *float64     `json:"shapley,omitempty"`
	ModelSize  *float64     `json:"model_size_2022,omitempty"` // parameters by the law of 2022
	Pay2022    *float64     `json:"pay_2022,omitempty"`        // share that the rule of 2022 would have paid
}

// Service is how a neuron serves people, as the judge's requests showed, which look like any user's. All but Probes are 0..1.
type Service struct {
	Service   float64 `json:"service"`          // Success times Speed times Honesty, held back while little is known
	Factor    float64 `json:"factor"`           // by which the pay is multiplied for it
	Probes    float64 `json:"probes"`           // effective number of requests behind it
	Success   float64 `json:"success"`          // share of requests that were answered well and in time
	Speed     float64 `json:"speed"`            // of those; 1 is quick enough
	Honesty   float64 `json:"honesty"`          // whether people get what the pay is for: Agreement squared times Care cubed, held back
	Agreement float64 `json:"agreement"`        // answers to people are what the neuron's paid answers say
	Care      float64 `json:"care"`             // paid answers are no worse where people asked the same
	Unable    bool    `json:"unable,omitempty"` // the neuron says that it does not serve people
}
