package yuma_test

import (
	"fmt"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/yuma"
)

// Two validators of equal stake judge two miners; the third validator, with little stake, praises a friend in vain.
func ExampleEpoch() {
	honest := yuma.Row{UIDs: []uint16{3, 4}, Values: []uint16{60_000, 20_000}}
	in := &yuma.Input{
		Params: yuma.Params{
			ActivityCutoff: 5_000, Kappa: 32_767, BondsPenalty: 65_535, BondsMovingAverage: 900_000, MaxValidators: 64,
		},
		N: 6, Block: 1_000, LastStep: 640, Emission: gotensor.RaoPerTAO,
		Alpha:      []gotensor.Rao{500, 500, 20, 0, 0, 0},
		LastUpdate: []gotensor.Block{900, 900, 900, 0, 0, 0},
		Registered: make([]gotensor.Block, 6),
		Permit:     []bool{true, true, true, false, false, false},
		Weights:    []yuma.Row{honest, honest, {UIDs: []uint16{5}, Values: []uint16{65_535}}, {}, {}, {}},
		Bonds:      make([]yuma.Row, 6),
	}
	out, err := yuma.Epoch(in)
	if err != nil {
		fmt.Println(err)
		return
	}
	for uid := range in.N {
		fmt.Printf("uid %d  vtrust %5d  consensus %5d  earns %v\n", uid, out.VTrust[uid], out.Consensus[uid], out.CombinedEmission[uid])
	}
	// Output:
	// uid 0  vtrust 65535  consensus     0  earns 0.250000000 TAO
	// uid 1  vtrust 65535  consensus     0  earns 0.250000000 TAO
	// uid 2  vtrust     0  consensus     0  earns 0.000000000 TAO
	// uid 3  vtrust     0  consensus 49151  earns 0.375000000 TAO
	// uid 4  vtrust     0  consensus 16383  earns 0.125000000 TAO
	// uid 5  vtrust     0  consensus     0  earns 0.000000000 TAO
}
