// Small charts without axes: what they show stands beside them as text.

import { el, set, svg } from "./dom.js";
import { KEPT_MS } from "./history.js";

const HEIGHT = 28;
const WIDTH = 300;
/** Samples further apart than this have a gap between them: the connection was lost. */
const GAP_MS = 5_000;

/** A line over the last minutes; `update(series, format)`. */
export function spark(name) {
  const area = svg("path", { class: "area" });
  const line = svg("path", { class: "line" });
  const box = { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img" };
  const node = svg("svg", { class: "spark", ...box }, area, line);
  const update = (series, format) => {
    const known = series.filter((s) => s.value != null);
    const runs = known.length ? runsOf(known) : [];
    set(line, "d", runs.map(lineOf).join(""));
    set(area, "d", runs.map(areaOf).join(""));
    set(node, "aria-label", spoken(name, known, format));
  };
  return { node, update };
}

function runsOf(known) {
  const end = known[known.length - 1].ms;
  const top = Math.max(...known.map((s) => s.value), Number.MIN_VALUE);
  const runs = [];
  let before = -Infinity;
  for (const { ms, value } of known) {
    if (ms - before > GAP_MS) runs.push([]);
    const x = WIDTH * (1 - (end - ms) / KEPT_MS);
    runs[runs.length - 1].push([x.toFixed(1), (HEIGHT - 1 - (HEIGHT - 3) * (value / top)).toFixed(1)]);
    before = ms;
  }
  return runs;
}

const lineOf = (run) => `M${run.map((p) => p.join(" ")).join("L")}`;
const areaOf = (run) => `${lineOf(run)}V${HEIGHT}H${run[0][0]}Z`;

function spoken(name, known, format) {
  if (!known.length) return `${name}: nothing yet`;
  const values = known.map((s) => s.value);
  const ends = [Math.min(...values), Math.max(...values)].map(format);
  return `${name} over the last five minutes: lowest ${ends[0]}, highest ${ends[1]}`;
}

/** A column for each of some values, the highest full; `update(values)`. */
export function columns() {
  const path = svg("path");
  const node = svg("svg", { class: "columns-chart", preserveAspectRatio: "none", "aria-hidden": "true" }, path);
  const update = (values) => {
    const top = Math.max(...values.map((v) => v ?? 0), Number.MIN_VALUE);
    set(node, "visibility", values.every((v) => v === null) ? "hidden" : "visible");
    set(node, "viewBox", `0 0 ${values.length * 4} 16`);
    set(path, "d", values.map((v, i) => columnOf(i * 4, (v ?? 0) / top)).join(""));
  };
  return { node, update };
}

const columnOf = (x, part) => `M${x} 16V${(15.2 - 15.2 * part).toFixed(1)}h3V16Z`;

/** A horizontal bar; `update(part)`, 0 to 1. */
export function bar(name = "bar") {
  const rect = svg("rect", { height: "100%", width: "0" });
  const node = svg("svg", { class: name, "aria-hidden": "true" }, rect);
  return { node, rect, update: (part) => set(rect, "width", `${(100 * clamp(part)).toFixed(1)}%`) };
}

const clamp = (part) => Math.min(1, Math.max(0, part));

/** A row of a table of bars: name, bar, figure. */
export function barRow(name) {
  const drawn = bar();
  const figure = el("td", { class: "number" });
  const node = el("tr", {}, el("th", { scope: "row" }, name), el("td", { class: "stretch" }, drawn.node), figure);
  return { node, figure, update: drawn.update };
}
