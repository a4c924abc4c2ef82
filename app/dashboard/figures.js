// The key figures: one tile each, with a line of the last minutes where it moves.

import { at, el, say, set } from "./dom.js";
import { spark } from "./charts.js";
import { clock, count, duration, rate, stamp } from "./format.js";

const perSecond = (n) => `${rate(n)}/s`;

/** Totals are of the partitions that answer: they fall while some don't, and come back. */
const partly = (s) => (s.missing.length ? " where answered" : "");

const TILES = [
  {
    name: "Stream time",
    value: (s) => clock(s.streamTime),
    more: (s) => (s.streamTime === null ? "nothing heard of yet" : `${stamp(s.streamTime).slice(0, 10)}, of counting`),
  },
  {
    name: "Event-time lag",
    value: (s) => duration(s.eventTimeLagSeconds),
    more: () => "behind the clock",
    series: "behind",
    format: duration,
  },
  {
    name: "Records waiting",
    value: (s) => count(s.lag),
    more: () => "not yet read, all stages",
    series: "lag",
    format: count,
  },
  {
    name: "Throughput",
    value: (s) => perSecond(s.rates.clicks + s.rates.purchases),
    more: (s) => `clicks ${rate(s.rates.clicks)}, purchases ${rate(s.rates.purchases)}`,
    series: "throughput",
    format: perSecond,
  },
  {
    name: "Conversions",
    value: (s) => perSecond(s.rates.conversions),
    more: (s) => `${count(s.totals.conversions)} in all${partly(s)}`,
    series: "conversions",
    format: perSecond,
  },
  {
    name: "Ledger",
    value: (s) => (s.balanced ? "balances" : "does not balance"),
    more: (s) => `${count(s.totals.clicks + s.totals.purchases)} read, ${count(s.totals.lost)} lost${partly(s)}`,
    tone: (s) => (s.balanced ? "good" : "bad"),
  },
];

/** Draw the tiles; returns what updates them. */
export function figures() {
  const tiles = TILES.map(tile);
  at("figures").replaceChildren(...tiles.map((t) => t.node));
  return (status, history) => tiles.forEach((t) => t.update(status, history));
}

function tile({ name, value, more, series, format, tone }) {
  const figure = el("dd", { class: "figure" });
  const line = el("dd", { class: "muted" });
  const drawn = series ? spark(name) : null;
  const node = el("div", { class: "tile" }, el("dt", {}, name), figure, line);
  if (drawn) figure.after(el("dd", { class: "drawn" }, drawn.node));
  const update = (status, history) => {
    say(figure, value(status));
    say(line, more(status));
    if (tone) set(figure, "data-tone", tone(status));
    drawn?.update(history.of(series), format);
  };
  return { node, update };
}
