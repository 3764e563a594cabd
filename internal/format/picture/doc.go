// Package picture shows failures over time: what a picture is drawn from (Trend,
// drawn by picture/lines), Slack's own chart (Trend.ChartBlock), and a stair
// as SVG for the page of a report (Chart.SVG).
//
// A number stands in each cell and each picture has its text (Alt), so that
// nobody has to tell colours apart or see it at all. What was not measured
// never looks like nothing failed.
package picture
