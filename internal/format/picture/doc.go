// Package picture draws failures over time: a heat map as PNG (Trend.PNG),
// Slack's own chart (Trend.ChartBlock), and a stair as SVG for the page of a
// report (Chart.SVG). It is pure, and the only importer of x/image.
//
// A number stands in each cell and each picture has its text (Alt), so that
// nobody has to tell colours apart or see it at all. What was not measured
// never looks like nothing failed.
package picture
