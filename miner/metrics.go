package miner

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/gotensor/gotensor/telemetry"
)

// collector shows what the miner knows of itself: last is its newest status, nil before the first.
func collector(last func() *Status) prometheus.Collector {
	s := &telemetry.Set{}
	registered := s.Gauge("gotensor_miner_registered", "1 while the hotkey has a uid.")
	uid := s.Gauge("gotensor_miner_uid", "The uid; -1 while there is none.")
	published := s.Gauge("gotensor_miner_published", "1 while the chain lists the address at which this miner serves.")
	incentive := s.Gauge("gotensor_miner_incentive_ratio", "Share of the subnet's incentive in the latest epoch.")
	emission := s.Gauge("gotensor_miner_emission_rao", "Pay of the latest epoch.")
	height := s.Gauge("gotensor_miner_chain_height", "Block of the newest snapshot, 0 before the first.")
	at := s.Gauge("gotensor_miner_status_timestamp_seconds", "When that snapshot was taken in.")
	return s.Reads(func(emit telemetry.Emit) {
		st := last()
		if st == nil {
			st = &Status{}
		}
		id := -1.0
		if st.UID != nil {
			id = float64(*st.UID)
		}
		emit(registered, telemetry.Truth(st.UID != nil))
		emit(uid, id)
		emit(published, telemetry.Truth(st.Published))
		emit(incentive, float64(st.Incentive)/65535)
		emit(emission, float64(st.Emission))
		emit(height, float64(st.Height))
		emit(at, telemetry.Unix(st.Time))
	})
}
