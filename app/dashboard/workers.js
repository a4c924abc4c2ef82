// The workers, and a map of who owns which partition of which stage.

import { at, el, list, say, set, textRow } from "./dom.js";
import { between, bytes, count, duration, roughly, several } from "./format.js";
import { addressOf, chip, colourOf, letterOf, seat } from "./owners.js";
import { byStage } from "./stages.js";

/** CPU is the mean over this long. */
const CPU_MS = 5_000;
const NAMES = ["", ...Array(6).fill("number"), "muted"];
const cpu = new Map();

/** Draw workers and map; returns what updates them. */
export function workers() {
  const body = at("workers").tBodies[0];
  return (status) => {
    seat(status.workers.map((w) => w.url));
    const rows = status.workers.map((worker) => ({ worker, now: status.at }));
    list(body, rows, (row) => row.worker.url, workerRow);
    list(at("map"), byStage(status), (stage) => stage.name, mapRow);
    const rebalances = status.workers.reduce((sum, w) => sum + (w.rebalances ?? 0), 0);
    say(at("workers-sum"), `${several(status.workers.length, "worker")}, ${several(rebalances, "rebalance")}`);
  };
}

function workerRow() {
  const letter = chip();
  const address = el("span");
  const head = el("th", { scope: "row" }, letter.node, " ", address);
  const row = textRow(NAMES);
  row.node.prepend(head);
  const update = ({ worker, now }) => {
    letter.update(worker.url);
    say(address, addressOf(worker.url));
    set(row.node, "data-state", worker.state);
    row.say(
      worker.error ? `${worker.state}: ${worker.error}` : worker.state,
      count(sizes(worker.partitions)),
      count(sizes(worker.standbys)),
      bytes(worker.memoryBytes),
      cpuOf(worker, now),
      roughly(between(worker.startedAt, now)),
      count(worker.rebalances),
      rebalanced(worker, now),
    );
  };
  return { node: row.node, update };
}

const sizes = (lists) => Object.values(lists ?? {}).reduce((sum, l) => sum + l.length, 0);

function cpuOf({ url, cpuSeconds }, now) {
  if (cpuSeconds == null) return "–";
  const ms = Date.parse(now);
  const heard = (cpu.get(url) ?? []).filter((s) => s.ms >= ms - CPU_MS && s.seconds <= cpuSeconds);
  cpu.set(url, [...heard, { ms, seconds: cpuSeconds }]);
  if (!heard.length || heard[0].ms === ms) return "–";
  return `${Math.round((100_000 * (cpuSeconds - heard[0].seconds)) / (ms - heard[0].ms))} %`;
}

function rebalanced({ lastRebalance: last }, now) {
  if (last == null) return "none yet";
  const restored = last.restored ? `, ${count(last.restored)} restored` : "";
  return `${roughly(between(last.at, now))} ago in ${duration(last.seconds)}${restored}`;
}

function mapRow({ name }) {
  const cells = el("ul", { class: "cells", "aria-label": name });
  const node = el("div", { class: "map-row" }, el("span", { class: "map-name" }, name), cells);
  return { node, update: ({ partitions }) => list(cells, partitions, (p) => p.partition, cell) };
}

function cell({ partition }) {
  const letter = el("b");
  const node = el("li", {}, el("small", {}, String(partition)), " ", letter);
  const update = ({ worker, state, stage }) => {
    say(letter, letterOf(worker));
    set(node, "class", `cell ${colourOf(worker)}`);
    set(node, "data-state", state);
    set(node, "title", `${stage} ${partition}: ${worker ?? "nobody"}, ${state}`);
  };
  return { node, update };
}
