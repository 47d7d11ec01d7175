package gateway

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/internal/apierror"
	"github.com/gotensor/gotensor/keys"
	"github.com/gotensor/gotensor/mechanism"
	"github.com/gotensor/gotensor/metagraph"
	weights "github.com/gotensor/gotensor/x/weights/types"
)

// neuronView is a neuron as pages see it. Shares are u16 of 65535. What comes after serves is this gateway's own observation, absent
// where it has none.
type neuronView struct {
	UID          gotensor.UID   `json:"uid"`
	Hotkey       string         `json:"hotkey"`
	Coldkey      string         `json:"coldkey"`
	Registered   gotensor.Block `json:"registered"`
	Stake        rao            `json:"stake_rao"`
	Incentive    uint16         `json:"incentive"`
	Dividends    uint16         `json:"dividends"`
	Consensus    uint16         `json:"consensus"`
	Trust        uint16         `json:"trust"`
	Permit       bool           `json:"permit"`
	Active       bool           `json:"active"`
	Emission     rao            `json:"emission_rao"`
	Accrued      rao            `json:"accrued_rao"`
	Serves       bool           `json:"serves"`
	Model        string         `json:"model"`
	Capabilities []string       `json:"capabilities"`
	LatencyMs    float64        `json:"latency_ms"`
	Success      float64        `json:"success"`
	Running      int            `json:"running"`
	State        string         `json:"state"`
}

func viewNeuron(n metagraph.Neuron, p mechanism.Peer) neuronView {
	v := neuronView{
		UID: n.UID, Hotkey: keys.Account(n.Hotkey), Coldkey: keys.Account(n.Coldkey), Registered: n.Registered,
		Stake: rao(n.Stake), Incentive: n.Incentive, Dividends: n.Dividends, Consensus: n.Consensus, Trust: n.Trust, Permit: n.Permit, Active: n.Active,
		Emission: rao(n.Emission), Accrued: rao(n.Accrued), Serves: n.Endpoint.Serves(),
		Model: p.Model, Capabilities: p.Capabilities, LatencyMs: float64(p.Latency.Microseconds()) / 1000, Success: p.Success,
		Running: p.Running, State: p.State,
	}
	if v.Capabilities == nil {
		v.Capabilities = []string{}
	}
	return v
}

// subnet finds the subnet that a request names, and its newest snapshot.
func (a *api) subnet(r *http.Request) (*Subnet, *metagraph.Metagraph, error) {
	text := r.PathValue("netuid")
	n, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return nil, nil, apierror.Invalid("netuid", fmt.Sprintf("netuid is %q, want a number such as 1", text))
	}
	s := a.offered(gotensor.NetUID(n))
	if s == nil {
		return nil, nil, notFound("netuid", fmt.Sprintf("this gateway does not offer subnet %d", n))
	}
	m := s.Network.Metagraph()
	if m == nil {
		return nil, nil, &apierror.Error{
			Status: http.StatusServiceUnavailable, Type: apierror.Server, Code: "chain_unavailable", Retry: statusFor,
			Message: fmt.Sprintf("there is no snapshot of subnet %d yet", n),
		}
	}
	return s, m, nil
}

func peers(s *Subnet) map[gotensor.UID]mechanism.Peer {
	out := map[gotensor.UID]mechanism.Peer{}
	for _, p := range s.Network.Peers("") {
		out[p.UID] = p
	}
	return out
}

func (a *api) metagraph(r *http.Request) (any, error) {
	_, m, err := a.subnet(r)
	if err != nil {
		return nil, err
	}
	text, _, err := a.graphs.get(r.Context(), m.NetUID)
	return text, err
}

func (a *api) writeMetagraph(_ context.Context, netuid gotensor.NetUID) (json.RawMessage, error) {
	s := a.offered(netuid)
	m := s.Network.Metagraph()
	v := struct {
		moment
		NetUID  gotensor.NetUID `json:"netuid"`
		Epoch   uint64          `json:"epoch"`
		Neurons []neuronView    `json:"neurons"`
	}{a.moment(m.Height, m.Time), m.NetUID, m.Epoch, make([]neuronView, 0, m.N())}
	known := peers(s)
	for n := range m.All() {
		v.Neurons = append(v.Neurons, viewNeuron(n, known[n.UID]))
	}
	return json.Marshal(v)
}

// weightView is a validator's weight for a uid: in weights the uid is the validator's, in row the judged neuron's.
type weightView struct {
	UID    gotensor.UID `json:"uid"`
	Weight uint16       `json:"weight"`
}

func (a *api) neuron(r *http.Request) (any, error) {
	s, m, err := a.subnet(r)
	if err != nil {
		return nil, err
	}
	uid, err := strconv.ParseUint(r.PathValue("uid"), 10, 16)
	if err != nil {
		return nil, apierror.Invalid("uid", fmt.Sprintf("uid is %q, want a number such as 7", r.PathValue("uid")))
	}
	n, ok := m.At(gotensor.UID(uid))
	if !ok {
		return nil, notFound("uid", fmt.Sprintf("subnet %d has uids 0 to %d, no %d", m.NetUID, m.N()-1, uid))
	}
	v := struct {
		moment
		NetUID gotensor.NetUID `json:"netuid"`
		neuronView
		Weights []weightView `json:"weights"`
		Row     []weightView `json:"row"`
	}{a.moment(m.Height, m.Time), m.NetUID, viewNeuron(n, peers(s)[n.UID]), []weightView{}, []weightView{}}
	rows, _, err := a.weights.get(r.Context(), m.NetUID)
	if err != nil {
		a.g.log.Debug("the node gave no weights", "error", err)
		return v, nil // everything else is known
	}
	for _, row := range rows {
		entries, err := row.Row.Entries(weights.MaxEntries)
		if err != nil {
			continue // a node that speaks nonsense
		}
		for _, e := range entries {
			if uint64(row.Uid) == uid {
				v.Row = append(v.Row, weightView{gotensor.UID(e.UID), e.Value})
			}
			if uint64(e.UID) == uid {
				v.Weights = append(v.Weights, weightView{gotensor.UID(row.Uid), e.Value})
			}
		}
	}
	return v, nil
}
