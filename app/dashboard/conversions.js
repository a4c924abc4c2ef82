// Conversions as they come, and how long people took from the click to the purchase.

import { at, el, list, say, textRow, userLink } from "./dom.js";
import { barRow } from "./charts.js";
import { bound, count, duration, near, rate } from "./format.js";

const SHOWN = 14;

/** Draw the panel; returns what updates it. */
export function conversions() {
  const body = at("conversions").tBodies[0];
  const bars = at("histogram").tBodies[0];
  let first = true;
  return (status) => {
    const rows = status.conversions.slice(0, SHOWN).map((c) => ({ ...c, now: status.at }));
    list(body, rows, (c) => c.id, () => conversionRow(!first));
    first = first && !rows.length;
    list(bars, slices(status.timeToPurchase), (slice) => slice.name, histogramRow);
    const { conversions: all, unattributed } = status.totals;
    const still = `${rate(status.rates.unattributed)}/s unattributed`;
    say(at("conversions-sum"), `${count(all)} in all, ${count(unattributed)} unattributed, ${still}`);
  };
}

function conversionRow(fresh) {
  const user = userLink();
  const row = textRow(["muted", "id", "number"], fresh ? { class: "fresh" } : {});
  row.node.insertBefore(el("td", {}, user.node), row.cells[1]);
  const update = (c) => {
    user.update(c.userId);
    row.say(near(c.at, c.now), c.productId, duration(c.timeToPurchase));
  };
  return { node: row.node, update };
}

/** @returns The histogram's bars: name, count, part of the highest. */
function slices({ boundsSeconds, counts }) {
  const most = Math.max(...counts, 1);
  return counts.map((n, i) => ({
    name: nameOf(boundsSeconds[i - 1] ?? 0, boundsSeconds[i]),
    n,
    part: n / most,
  }));
}

function nameOf(from, to) {
  if (to === undefined) return `over ${bound(from)}`;
  return from === 0 ? `to ${bound(to)}` : `${bound(from)} – ${bound(to)}`;
}

function histogramRow({ name }) {
  const row = barRow(name);
  const update = ({ n, part }) => {
    say(row.figure, count(n));
    row.update(part);
  };
  return { node: row.node, update };
}
