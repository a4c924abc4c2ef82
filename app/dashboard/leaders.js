// Users, products or pages with the most clicks in a window.

import { at, choice, list, say, userLink } from "./dom.js";
import { barRow } from "./charts.js";
import { askJson } from "./client.js";
import { count, several, span } from "./format.js";

const SHOWN = 10;
/** A window that is not final is asked about again after this long. */
const AGAIN_MS = 5_000;
const NAMES = { users: "userId", products: "productId", pages: "page" };

/** Draw the panel; returns what updates it by the status, and what chooses a window. */
export function leaders() {
  const body = at("leaders").tBodies[0];
  let by = "users";
  let chosen = null;
  let newest = null;
  let now = "";
  let askedAt = -Infinity;
  let again = true;

  const press = choice(at("leaders-by"), Object.keys(NAMES), (name) => {
    press((by = name));
    quietly();
  });
  press(by);

  async function load() {
    askedAt = performance.now();
    const asked = { by, chosen };
    const window = chosen === null ? "" : `&window=${encodeURIComponent(chosen)}`;
    const { status, body: found } = await askJson(`top?by=${by}&limit=${SHOWN}${window}`);
    // Something else was chosen meanwhile: its own answer comes.
    if (asked.by !== by || asked.chosen !== chosen) return;
    again = status !== 200 || !found.final;
    say(at("leaders-of"), status === 200 ? titleOf(found, now) : "");
    say(at("leaders-said"), status === 200 ? restOf(found) : found.error);
    draw(body, by, status === 200 ? found.top : []);
  }

  const quietly = () => load().catch(() => say(at("leaders-said"), "The server did not answer."));
  const update = (status) => {
    now = status.at;
    const closed = status.windows.find((w) => w.state === "closed")?.windowStart ?? null;
    const moved = chosen === null && closed !== newest;
    newest = closed;
    if (moved || (again && performance.now() - askedAt > AGAIN_MS)) quietly();
  };
  const choose = (windowStart) => {
    chosen = windowStart;
    quietly();
  };
  return { update, choose };
}

const titleOf = ({ windowStart, windowEnd, final }, now) =>
  `${span(windowStart, windowEnd, now)}${final ? "" : ", not final"}`;

function restOf({ top, others }) {
  if (!top.length) return "No clicks in this window.";
  return others?.count ? `and ${several(others.count, "other")} with ${several(others.clicks, "click")}` : "";
}

function draw(body, by, top) {
  const most = Math.max(...top.map((t) => t.clicks), 1);
  const rows = top.map((t) => ({ name: t[NAMES[by]], clicks: t.clicks, part: t.clicks / most }));
  list(body, rows, (row) => `${by} ${row.name}`, ({ name }) => leader(by, name));
}

function leader(by, name) {
  const link = userLink();
  if (by === "users") link.update(name);
  const row = barRow(by === "users" ? link.node : name);
  const update = ({ clicks, part }) => {
    say(row.figure, count(clicks));
    row.update(part);
  };
  return { node: row.node, update };
}
