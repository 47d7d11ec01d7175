package price_test

import (
	"fmt"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/price"
)

// A registration makes the next one dearer; a half-life later the price has halved.
func ExampleCurve() {
	curve := price.Curve{Min: 500_000, Max: 100 * gotensor.RaoPerTAO, HalfLife: 2160, Factor: 1_260_000}
	p := curve.Jump(gotensor.RaoPerTAO)
	fmt.Println(p)
	fmt.Println(curve.After(p, 2160))
	fmt.Println(curve.Until(p, gotensor.RaoPerTAO))
	// Output:
	// 1.260000000 TAO
	// 0.630000000 TAO
	// 721 true
}
