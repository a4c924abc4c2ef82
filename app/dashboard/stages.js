// Every stage as a line of sums with a column for each partition; opened, a line for each partition.

import { at, el, list, say, set } from "./dom.js";
import { columns } from "./charts.js";
import { between, bytes, count, duration, millis, rate, several } from "./format.js";
import { chip } from "./owners.js";

const ORDER = ["enrichment", "admission", "counting", "joining"];
/** Opened from the start: the stage whose stream time is the application's. */
const open = new Set(["counting"]);

const known = (values) => values.filter((v) => v !== null);
const sum = (values) => (known(values).length ? known(values).reduce((a, b) => a + b) : null);
const worst = (values) => (known(values).length ? Math.max(...known(values)) : null);

const MEASURES = [
  { of: (p) => p.lag, format: count, over: sum },
  { of: (p, now) => between(p.streamTime, now), format: duration, over: worst },
  { of: (p) => p.recordsPerSecond, format: rate, over: sum },
  { of: (p) => p.commitMs, format: millis, over: worst },
  { of: (p) => p.stateBytes, format: bytes, over: sum },
];
const BLANK = { streamTime: null, lag: null, recordsPerSecond: null, commitMs: null, stateBytes: null };

/** Draw the stages; returns what updates them. */
export function stages() {
  const body = at("stages").tBodies[0];
  const draw = (status) =>
    list(body, lines(byStage(status), status.at), (line) => line.key, (line) =>
      line.stage ? stageRow(line.stage, () => draw(shown)) : partitionRow(line.partition),
    );
  let shown;
  return (status) => draw((shown = status));
}

/** @returns Each stage that has partitions: its name, and they in order. */
export function byStage({ stages: answered, missing }) {
  const unowned = missing.map((m) => ({ ...BLANK, ...m, worker: null, state: "nobody answers" }));
  const found = [...answered, ...unowned].sort((a, b) => a.partition - b.partition);
  const names = new Set([...ORDER, ...found.map((p) => p.stage)]);
  return [...names]
    .map((name) => ({ name, partitions: found.filter((p) => p.stage === name) }))
    .filter((stage) => stage.partitions.length);
}

function lines(found, now) {
  return found.flatMap((stage) => [
    { key: stage.name, stage: stage.name, partitions: stage.partitions, now },
    ...(open.has(stage.name) ? stage.partitions.map((p) => partitionLine(p, now)) : []),
  ]);
}

const partitionLine = (p, now) => ({ key: `${p.stage}/${p.partition}`, partition: p, now });

function stageRow(name, redraw) {
  const button = el("button", { type: "button", class: "fold" }, name);
  button.addEventListener("click", () => {
    if (!open.delete(name)) open.add(name);
    redraw();
  });
  const cells = MEASURES.map(sumCell);
  const state = el("td", { class: "muted" });
  const head = el("th", { scope: "row" }, button);
  const node = el("tr", { class: "sum" }, head, ...cells.map((c) => c.node), state);
  const update = ({ partitions, now }) => {
    set(button, "aria-expanded", open.has(name));
    cells.forEach((cell) => cell.update(partitions, now));
    say(state, stateOf(partitions));
  };
  return { node, update };
}

function sumCell({ of, format, over }) {
  const chart = columns();
  const figure = el("span");
  const node = el("td", { class: "number" }, chart.node, figure);
  const update = (partitions, now) => {
    const values = partitions.map((p) => of(p, now));
    say(figure, format(over(values)));
    chart.update(values);
  };
  return { node, update };
}

function stateOf(partitions) {
  const off = partitions.filter((p) => p.state !== "working").length;
  return off ? `${off} of ${partitions.length} not working` : several(partitions.length, "partition");
}

function partitionRow({ partition }) {
  const cells = MEASURES.map(() => el("td", { class: "number" }));
  const owner = chip();
  const state = el("span", { class: "muted" });
  const head = el("th", { scope: "row", class: "partition" }, String(partition));
  const node = el("tr", {}, head, ...cells, el("td", {}, owner.node, " ", state));
  const update = ({ partition: p, now }) => {
    MEASURES.forEach(({ of, format }, i) => say(cells[i], format(of(p, now))));
    owner.update(p.worker);
    say(state, p.state === "working" ? "" : p.state);
    set(node, "data-state", p.state);
  };
  return { node, update };
}
