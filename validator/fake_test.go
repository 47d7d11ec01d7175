package validator

import (
	"context"
	"encoding/json"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/chain"
	"github.com/gotensor/gotensor/internal/fakenode"
	"github.com/gotensor/gotensor/internal/logbook"
	"github.com/gotensor/gotensor/keys"
	"github.com/gotensor/gotensor/mechanism"
	"github.com/gotensor/gotensor/metagraph"
	neuron "github.com/gotensor/gotensor/x/neuron/types"
	weights "github.com/gotensor/gotensor/x/weights/types"
)

// dummyJudge finds uid 1 three times as good as uid 2.
type dummyJudge struct {
	Count   int           `json:"count"`
	Failed  int           `json:"failed"` // rounds that failed
	every   time.Duration // between rounds
	fail    int           // how many of the next rounds fail
	asked   []int         // neurons of each round
	periods []mechanism.Period
	none    bool // no weights
}

func (j *dummyJudge) Every() time.Duration { return j.every }

func (j *dummyJudge) Round(_ context.Context, _ mechanism.Asker, period mechanism.Period, neurons []metagraph.Neuron) error {
	if j.fail > 0 {
		j.fail--
		j.Failed++
		return errors.New("nobody has a question")
	}
	j.Count++
	j.asked = append(j.asked, len(neurons))
	j.periods = append(j.periods, period)
	return nil
}

func (j *dummyJudge) Rounds() int { return j.Count }

func (j *dummyJudge) Weights(*metagraph.Metagraph) (mechanism.Row, error) {
	if j.none {
		return mechanism.Row{}, mechanism.ErrNoWeights
	}
	return mechanism.Row{UIDs: []gotensor.UID{1, 2}, Weights: []uint16{65535, 21845}}, nil
}

func (j *dummyJudge) Standings(*metagraph.Metagraph) mechanism.Overview {
	return mechanism.Overview{Round: j.Count, MixtureGain: 0.5, Neurons: []mechanism.Standing{{UID: 1, Rounds: j.Count, Gain: 0.25}}}
}

func (j *dummyJudge) Encode() ([]byte, error) { return json.Marshal(j) }

// stage is a fake chain with the validator "judge" on it, who is started again and again with the same home.
type stage struct {
	t      *testing.T
	chain  *fakenode.Node
	client *chain.Client
	home   string
	log    *logbook.Book
}

// newStage starts a chain that stands at block 12, the second of period 1, which ends at block 20.
func newStage(t *testing.T) *stage {
	t.Helper()
	w := fakenode.Sample()
	for uid := 1; uid < len(w.Neurons); uid++ {
		w.Neurons[uid].Endpoint = neuron.Endpoint{Host: "127.0.0.1", Port: 1, CertificatePin: make([]byte, 32)} // nobody is there
	}
	n, err := fakenode.Start("127.0.0.1:0", w)
	require.NoError(t, err)
	t.Cleanup(n.Stop)
	log := &logbook.Book{}
	c, err := chain.Dial(n.Addr(), chain.Options{Logger: log.Logger()})
	require.NoError(t, err)
	t.Cleanup(func() { c.Close() })
	return &stage{t: t, chain: n, client: c, home: t.TempDir(), log: log}
}

func (s *stage) config(j mechanism.Judge) Config {
	return Config{Chain: s.client, Key: fakenode.Key("judge"), NetUID: 1, Judge: j, Home: s.home, MinRounds: 3, Log: s.log.Logger()}
}

// life is a validator between its start and its end.
type life struct {
	*node
	file *commitments
}

// begin starts the half of a validator that sets weights, with a row that has enough rounds behind it.
func (s *stage) begin() *life {
	s.t.Helper()
	file, err := openCommitments(s.file(), "fake-1", 1, fakenode.Addr("judge"))
	require.NoError(s.t, err)
	n := &node{
		cfg: s.config(&dummyJudge{Count: 3}), log: s.log.Logger(), block: 100 * time.Millisecond,
		state: statusFile{path: filepath.Join(s.home, "status.json")}, counts: newMetrics(),
	}
	n.state.resume(file)
	n.row.Store(&judgement{row: mechanism.Row{UIDs: []gotensor.UID{1, 2}, Weights: []uint16{65535, 21845}}, rounds: 3})
	return &life{n, file}
}

func (s *stage) file() string { return filepath.Join(s.home, "commitments.json") }

// at moves the chain to a height and lets a validator do what is due there.
func (s *stage) at(height int64, v *life) {
	s.t.Helper()
	s.chain.Edit(func(w *fakenode.World) { w.Height = height })
	m, err := s.client.Metagraph(s.t.Context(), 1)
	require.NoError(s.t, err)
	me, ok := m.ByHotkey(fakenode.Addr("judge"))
	require.True(s.t, ok)
	require.NoError(s.t, v.due(s.t.Context(), v.file, m, me))
}

// onChain is what the chain has of the validator.
func (s *stage) onChain() (out []weights.Commitment, row []weights.Entry) {
	s.chain.Edit(func(w *fakenode.World) {
		out = append(out, w.Neurons[0].Commitments...)
		row = append(row, w.Neurons[0].Row...)
	})
	return out, row
}

func (s *stage) clearRow() { s.chain.Edit(func(w *fakenode.World) { w.Neurons[0].Row = nil }) }

func (s *stage) broadcasts() int { return s.chain.Calls("/cosmos.tx.v1beta1.Service/BroadcastTx") }

// ours is the row of the dummy judge.
var ours = []weights.Entry{{UID: 1, Value: 65535}, {UID: 2, Value: 21845}}

func account(name string) string { return keys.Account(fakenode.Addr(name)) }
