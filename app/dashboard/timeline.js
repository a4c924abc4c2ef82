// A user's time line: windows as columns, clicks and purchases as marks, a line for each conversion.

import { el, list, say, set, svg } from "./dom.js";
import { duration, several, span, stamp } from "./format.js";
import { KINDS } from "./life.js";
import { timesOf } from "./ticks.js";

/** Heights in pixels: windows, clicks, purchases, the axis; room for the lanes' names. */
const LANE = { windows: [14, 70], clicks: 96, purchases: 132, axis: 156 };
const HEIGHT = 172;
const LEFT = 76;
const RIGHT = 28;
/** Room for a time on the axis. */
const TICK = 76;
/** More marks than this hide each other: the latest are drawn. */
const DRAWN = 1_000;

const SHAPES = {
  click: "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0Z",
  conversion: "M0-6.5L6.5 0L0 6.5L-6.5 0Z",
  unattributed: "M-5-5L5 5M-5 5L5-5",
  pending: "M-5 0a5 5 0 1 0 10 0a5 5 0 1 0-10 0Z",
};

/**
 * Make a time line in a box; returns `draw(windows, events)`.
 *
 * It is one stop of the Tab key; the arrows go from mark to mark, and what has the focus or the
 * pointer is told below.
 */
export function timeline(box) {
  const axis = svg("g", { class: "axis" });
  const lines = svg("g", { class: "links" });
  const marks = svg("g");
  const names = svg("g", { class: "lanes" }, ...laneNames());
  const root = svg("svg", { role: "group", "aria-label": "Time line; arrow keys go from mark to mark" });
  root.append(axis, names, lines, marks);
  const told = el("p", { class: "told" }, "Arrow keys, or the pointer, tell of each mark.");
  box.replaceChildren(root, told);
  walk(marks, told);

  let last = null;
  const draw = () => {
    if (last === null || box.clientWidth === 0) return;
    const width = box.clientWidth;
    set(root, "width", width);
    set(root, "height", HEIGHT);
    const items = itemsOf(...last);
    const x = scale(items, width);
    drawAxis(axis, x, width);
    drawLinks(lines, items, x);
    const top = Math.max(...items.map((i) => i.clicks ?? 0), 1);
    list(marks, items.map((item) => ({ item, x, top })), ({ item }) => item.key, makeMark);
    rove(marks, marks.querySelector("[tabindex='0']") ?? marks.lastElementChild);
  };
  new ResizeObserver(draw).observe(box);
  return (windows, events) => {
    last = [windows, events];
    draw();
  };
}

const laneNames = () =>
  [["windows", 46], ["clicks", LANE.clicks + 4], ["purchases", LANE.purchases + 4]].map(([name, y]) =>
    svg("text", { x: 0, y }, name),
  );

/** Windows and events as marks in order of time. */
function itemsOf(windows, events) {
  const columns = windows.map((w) => ({
    key: w.windowStart,
    kind: w.final ? "final" : "open",
    ms: Date.parse(w.windowStart),
    toMs: Date.parse(w.windowEnd),
    clicks: w.clickCount,
    label: `${span(w.windowStart, w.windowEnd, "")}: ${several(w.clickCount, "click")}, ${w.final ? "final" : "not closed"}`,
  }));
  const points = events.slice(-DRAWN).map((e) => ({ ...e, label: labelOf(e) }));
  return [...columns, ...points].sort((a, b) => a.ms - b.ms);
}

function labelOf(e) {
  const product = e.product === undefined ? "" : `, ${e.product}`;
  const after = e.after === undefined ? "" : `, ${duration(e.after)} after its click`;
  return `${stamp(e.at)}: ${KINDS[e.kind]}${product}${after}${e.source ? ` (${e.source})` : ""}`;
}

function scale(items, width) {
  const from = Math.min(...items.map((i) => i.from ?? i.ms));
  const to = Math.max(...items.map((i) => i.toMs ?? i.ms), from + 1);
  const x = (ms) => LEFT + ((ms - from) / (to - from)) * (width - LEFT - RIGHT);
  return Object.assign(x, { from, to });
}

function drawAxis(axis, x, width) {
  const times = timesOf(x.from, x.to, (width - LEFT) / TICK);
  list(axis, times.map((t) => ({ ...t, px: x(t.ms).toFixed(1) })), (t) => t.ms, () => {
    const text = svg("text", { y: HEIGHT - 2, "text-anchor": "middle" });
    const line = svg("path");
    const update = ({ px, name }) => {
      say(text, name);
      set(text, "x", px);
      set(line, "d", `M${px} 8V${LANE.axis}`);
    };
    return { node: svg("g", {}, line, text), update };
  });
}

/** A line from each conversion's click to its purchase. */
function drawLinks(lines, items, x) {
  const found = items.filter((i) => i.from !== undefined);
  const links = found.map((i) => ({ key: i.key, ends: [x(i.from).toFixed(1), x(i.ms).toFixed(1)] }));
  list(lines, links, (link) => link.key, () => {
    const node = svg("path");
    const update = ({ ends: [from, to] }) => set(node, "d", `M${from} ${LANE.clicks}L${to} ${LANE.purchases}`);
    return { node, update };
  });
}

function makeMark({ item }) {
  const column = item.toMs !== undefined;
  const node = svg(column ? "rect" : "path", { role: "img", tabindex: "-1" });
  if (!column) set(node, "d", SHAPES[item.kind]);
  const update = ({ item: i, x, top }) => {
    set(node, "class", `mark ${i.kind}`);
    set(node, "aria-label", i.label);
    if (column) placeColumn(node, i, x, i.clicks / top);
    else set(node, "transform", `translate(${x(i.ms).toFixed(1)} ${i.kind === "click" ? LANE.clicks : LANE.purchases})`);
  };
  return { node, update };
}

function placeColumn(node, { ms, toMs }, x, part) {
  const [top, bottom] = LANE.windows;
  const height = Math.max(2, part * (bottom - top));
  set(node, "x", x(ms).toFixed(1));
  set(node, "width", Math.max(1.5, x(toMs) - x(ms) - 1).toFixed(1));
  set(node, "y", (bottom - height).toFixed(1));
  set(node, "height", height.toFixed(1));
}

/** Let one mark alone be reached by Tab. */
function rove(marks, mark) {
  if (mark === null) return;
  for (const other of marks.querySelectorAll("[tabindex='0']")) set(other, "tabindex", "-1");
  set(mark, "tabindex", "0");
}

function walk(marks, told) {
  const tell = (event) => {
    const label = event.target.getAttribute("aria-label");
    if (label !== null) say(told, label);
  };
  marks.addEventListener("pointerover", tell);
  marks.addEventListener("focusin", tell);
  marks.addEventListener("keydown", (event) => {
    const next = STEPS[event.key]?.(event.target, marks);
    if (!next) return;
    event.preventDefault();
    rove(marks, next);
    next.focus();
  });
}

const STEPS = {
  ArrowRight: (mark) => mark.nextElementSibling,
  ArrowLeft: (mark) => mark.previousElementSibling,
  Home: (_, marks) => marks.firstElementChild,
  End: (_, marks) => marks.lastElementChild,
};
