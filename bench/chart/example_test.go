package chart_test

import (
	"bytes"
	"fmt"
	"image/png"

	"github.com/gotensor/gotensor/bench"
	"github.com/gotensor/gotensor/bench/chart"
)

func ExampleWrite() {
	report := bench.Report{Seconds: 2, Callers: []bench.CallerReport{{
		Name: "me", Figures: bench.Figures{SuccessRate: 1, QueriesPerSecond: 95, P50: 180, P90: 320, P99: 1210, Max: 2890},
		Series: []bench.Point{{Seconds: 1, QueriesPerSecond: 93}, {Seconds: 2, QueriesPerSecond: 97}},
	}}}
	var out bytes.Buffer
	if err := chart.Write(&out, report, "Subnet 1", "5 miners"); err != nil {
		fmt.Println(err)
		return
	}
	picture, err := png.Decode(&out)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(picture.Bounds().Size())
	// Output: (1200,573)
}
