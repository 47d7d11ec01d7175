// Package chart draws what package figure describes, as SVG for pages and as PNG for everything else: dark ink on warm paper, as
// docs/design.md has it. The same figure gives the same bytes. Axes and backends are gonum.org/v1/plot's; what is drawn between
// the axes, the legend above them and the colours are ours.
//
// A series is told apart by its colour, by its marker and, where it is dashed, by that: colours differ for eyes of any colour
// sense, and a print in grey still has the markers.
//
// Start at SVG, PNG and Sheet.
package chart
