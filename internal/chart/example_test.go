package chart_test

import (
	"bytes"
	"fmt"

	"github.com/gotensor/gotensor/internal/chart"
	"github.com/gotensor/gotensor/internal/figure"
)

func ExampleSVG() {
	f := &figure.Figure{
		Name: "price", Title: "A price that decays", X: "block", Y: "TAO",
		Series: []figure.Series{{Kind: figure.Line, X: []float64{0, 1, 2}, Y: []float64{1, 0.5, 0.25}}},
	}
	var out bytes.Buffer
	if err := chart.SVG(&out, f); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(bytes.Contains(out.Bytes(), []byte("A price that decays</text>")))
	// Output: true
}
