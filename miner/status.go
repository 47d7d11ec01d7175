package miner

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"time"

	"github.com/google/renameio/v2"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/keys"
	"github.com/gotensor/gotensor/metagraph"
)

// Status is what a running miner shows of itself in Home/status.json, after each block.
type Status struct {
	Hotkey    string         `json:"hotkey"`
	Model     string         `json:"model"`
	Endpoint  string         `json:"endpoint"`
	Height    gotensor.Block `json:"height"`
	Time      time.Time      `json:"time"`
	UID       *gotensor.UID  `json:"uid"` // absent while not registered
	Published bool           `json:"published"`
	Incentive uint16         `json:"incentive"` // of 65535
	Emission  gotensor.Rao   `json:"emission"`  // rao of the latest epoch
	Served    uint64         `json:"served"`
	Refused   uint64         `json:"refused"` // for lack of a proof, a right or room
	Failed    uint64         `json:"failed"`
}

func (m *miner) showStatus(g *metagraph.Metagraph) error {
	st := m.axon.Stats()
	s := Status{
		Hotkey: keys.Account(m.cfg.Key.Address()), Model: m.cfg.Server.Describe().Model, Endpoint: m.endpoint.Addr.String(), Height: g.Height,
		Time: time.Now().UTC(), Served: st.Served, Refused: st.BadProofs + st.Denied + st.Overloaded, Failed: st.Failed,
	}
	if me, ok := g.ByHotkey(m.cfg.Key.Address()); ok {
		s.UID, s.Published, s.Incentive, s.Emission = &me.UID, me.Endpoint == m.endpoint, me.Incentive, me.Emission
	}
	m.shown.Store(&s)
	data, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("encode status: %w", err)
	}
	if err := renameio.WriteFile(filepath.Join(m.cfg.Home, "status.json"), data, 0o644); err != nil {
		return fmt.Errorf("write status: %w", err)
	}
	return nil
}
