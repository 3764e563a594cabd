// The `data_visualization` block. Lines, areas and bars are drawn; the figures always stand in a table
// too, because a picture alone tells a reader of words nothing. A pie is its table, with the shares.

import { h } from "./dom.js";

const width = 560;
const height = 180;
const left = 48; // px for the labels of the scale
const bottom = 22; // px for the labels of the categories

function svg(tag, attributes, ...children) {
  const el = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [key, value] of Object.entries(attributes)) el.setAttribute(key, String(value));
  el.append(...children);
  return el;
}

export function chart(b) {
  const c = b.chart || {};
  const title = typeof b.title === "object" && b.title ? b.title.text : b.title;
  const caption = h("figcaption", { class: "chart-title" }, title || "");
  if (c.type === "pie") return h("figure", {}, caption, h("div", { class: "pie-row" }, pie(c.segments || [], title), shares(c.segments || [])));
  const categories = c.axis_config?.categories || [];
  const series = (c.series || []).map((s) => ({ name: s.name, values: categories.map((k) => s.data?.find((p) => p.label === k)?.value) }));
  if (!categories.length || !series.length) return h("figure", {}, caption, h("div", { class: "picture-missing" }, "A chart without figures"));
  const legend = h("div", { class: "legend" }, series.map((s, i) => h("span", {}, h("span", { class: `swatch series-${i % 6}`, "aria-hidden": "true" }), s.name)));
  const units = [c.axis_config.y_label, c.axis_config.x_label].filter(Boolean).join(" by ");
  const details = h("details", {}, h("summary", {}, "Figures" + (units ? `: ${units}` : "")), figures(categories, series));
  return h("figure", {}, caption, legend, draw(c.type, categories, series, title), details);
}

/** round raises a span to 1, 2, 2.5, 5 or 10 of its power of ten, so that the scale reads well. */
function round(span) {
  const power = 10 ** Math.floor(Math.log10(span));
  return power * [1, 2, 2.5, 5, 10].find((n) => n * power >= span * 0.999999);
}

function draw(type, categories, series, title) {
  const all = series.flatMap((s) => s.values).filter(Number.isFinite);
  const low = Math.min(0, ...all);
  const high = low + round(Math.max(...all, low + 1e-9) - low);
  const y = (v) => 8 + (height - bottom - 8) * (1 - (v - low) / (high - low));
  const step = (width - left - 8) / categories.length;
  const x = (i) => left + step * (i + 0.5);
  const root = svg("svg", { viewBox: `0 0 ${width} ${height}`, class: "chart", role: "img", "aria-label": `${title || "Chart"}; the figures follow` });
  for (const v of [low, (low + high) / 2, high]) {
    root.append(svg("line", { x1: left, x2: width - 8, y1: y(v), y2: y(v), class: "grid" }), svg("text", { x: left - 6, y: y(v) + 4, "text-anchor": "end" }, String(Number(v.toPrecision(3)))));
  }
  const every = Math.ceil(categories.length / 8);
  categories.forEach((k, i) => i % every === 0 && root.append(svg("text", { x: x(i), y: height - 5, "text-anchor": "middle" }, k)));
  series.forEach((s, n) => root.append(...(type === "bar" ? bars(s, n) : curve(s, n))));
  return root;

  function bars(s, n) {
    const w = (step * 0.7) / series.length;
    return s.values.flatMap((v, i) => (Number.isFinite(v) ? [svg("rect", { x: x(i) - step * 0.35 + w * n, y: Math.min(y(v), y(0)), width: w, height: Math.abs(y(v) - y(0)), class: `bar series-${n % 6}` })] : []));
  }

  function curve(s, n) {
    const points = s.values.flatMap((v, i) => (Number.isFinite(v) ? [[x(i), y(v)]] : []));
    const line = svg("polyline", { points: points.join(" "), class: `curve series-${n % 6}` });
    if (type !== "area" || !points.length) return [line];
    const ground = [...points, [points.at(-1)[0], y(low)], [points[0][0], y(low)]];
    return [svg("polygon", { points: ground.join(" "), class: `area series-${n % 6}` }), line];
  }
}

function figures(categories, series) {
  const head = h("tr", {}, h("th", { scope: "col" }, "Point"), series.map((s) => h("th", { scope: "col" }, s.name)));
  const row = (k, i) => h("tr", {}, h("th", { scope: "row" }, k), series.map((s) => h("td", { class: "align-right" }, String(s.values[i] ?? "–"))));
  return h("div", { class: "scroller", tabindex: "0" }, h("table", {}, h("thead", {}, head), h("tbody", {}, categories.map(row))));
}

/** pie draws a ring: its parts touch along the edge, where a share is easiest to compare. */
function pie(segments, title) {
  const sum = segments.reduce((total, s) => total + Math.max(0, Number(s.value) || 0), 0) || 1;
  const root = svg("svg", { viewBox: "0 0 120 120", class: "chart pie", role: "img", "aria-label": `${title || "Chart"}; the figures follow` });
  const radius = 42;
  const around = 2 * Math.PI * radius;
  let before = 0;
  segments.forEach((s, n) => {
    const share = Math.max(0, Number(s.value) || 0) / sum;
    root.append(svg("circle", { cx: 60, cy: 60, r: radius, class: `slice series-${n % 6}`, "stroke-dasharray": `${share * around} ${around}`, "stroke-dashoffset": -before * around, transform: "rotate(-90 60 60)" }));
    before += share;
  });
  return root;
}

function shares(segments) {
  const sum = segments.reduce((total, s) => total + (Number(s.value) || 0), 0) || 1;
  const row = (s, n) => h("tr", {}, h("th", { scope: "row" }, h("span", { class: `swatch series-${n % 6}`, "aria-hidden": "true" }), s.label), h("td", { class: "align-right" }, String(s.value)), h("td", { class: "align-right" }, `${((100 * s.value) / sum).toFixed(1)} %`));
  const head = h("tr", {}, ["Part", "Figure", "Share"].map((t) => h("th", { scope: "col" }, t)));
  return h("table", {}, h("thead", {}, head), h("tbody", {}, segments.map(row)));
}
