package gateway

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/gateway/store"
	"github.com/gotensor/gotensor/keys"
)

const (
	// keepEpochs is how many epochs of a subnet are kept: three weeks of epochs of 72 minutes.
	keepEpochs = 420
	// lookEvery is how often snapshots are looked at for a new epoch.
	lookEvery = time.Second
)

// collect stores the incentive of each epoch that this gateway sees, until ctx ends.
func (a *api) collect(ctx context.Context) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	seen := map[gotensor.NetUID]gotensor.Block{}
	for {
		for _, s := range a.g.cfg.Networks {
			a.collectOne(ctx, s, seen)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (a *api) collectOne(ctx context.Context, s Subnet, seen map[gotensor.NetUID]gotensor.Block) {
	m := s.Network.Metagraph()
	if m == nil || m.LastBoundary == 0 || seen[s.NetUID] == m.LastBoundary {
		return
	}
	e := store.Epoch{Height: m.LastBoundary}
	for n := range m.All() {
		if n.Incentive > 0 {
			e.Shares = append(e.Shares, store.Share{UID: n.UID, Hotkey: n.Hotkey, Value: n.Incentive})
		}
	}
	if err := a.g.cfg.Store.AddEpoch(ctx, s.NetUID, e, keepEpochs); err != nil {
		if ctx.Err() == nil {
			a.g.log.Warn("the incentive of an epoch could not be stored", "netuid", s.NetUID, "boundary", e.Height, "error", err)
		}
		return
	}
	seen[s.NetUID] = m.LastBoundary
}

// seriesView is the incentive of one neuron at each of the heights; 0 where it had none or was not there.
type seriesView struct {
	UID    gotensor.UID `json:"uid"`
	Hotkey string       `json:"hotkey"`
	Values []uint16     `json:"values"`
}

func (a *api) incentive(r *http.Request) (any, error) {
	_, m, err := a.subnet(r)
	if err != nil {
		return nil, err
	}
	text, _, err := a.series.get(r.Context(), m.NetUID)
	return text, err
}

func (a *api) writeIncentive(ctx context.Context, netuid gotensor.NetUID) (json.RawMessage, error) {
	m := a.offered(netuid).Network.Metagraph()
	epochs, err := a.g.cfg.Store.Epochs(ctx, netuid)
	if err != nil {
		return nil, err
	}
	v := struct {
		moment
		NetUID  gotensor.NetUID  `json:"netuid"`
		Heights []gotensor.Block `json:"heights"`
		Series  []seriesView     `json:"series"`
	}{a.moment(m.Height, m.Time), netuid, make([]gotensor.Block, 0, len(epochs)), series(epochs)}
	for _, e := range epochs {
		v.Heights = append(v.Heights, e.Height)
	}
	return json.Marshal(v)
}

// series turns epochs into one line for each neuron: another hotkey at a uid is another neuron.
func series(epochs []store.Epoch) []seriesView {
	type neuron struct {
		uid    gotensor.UID
		hotkey gotensor.Address
	}
	at := map[neuron]int{}
	out := []seriesView{}
	for i, e := range epochs {
		for _, s := range e.Shares {
			who := neuron{s.UID, s.Hotkey}
			j, known := at[who]
			if !known {
				j = len(out)
				at[who] = j
				out = append(out, seriesView{UID: s.UID, Hotkey: keys.Account(s.Hotkey), Values: make([]uint16, len(epochs))})
			}
			out[j].Values[i] = s.Value
		}
	}
	slices.SortFunc(out, func(x, y seriesView) int { return cmp.Or(cmp.Compare(x.UID, y.UID), cmp.Compare(x.Hotkey, y.Hotkey)) })
	return out
}
