// One user: looked up by the search box or a link, kept in the address as #user=…, drawn over time.

import { at, choice, list, say, set, textRow } from "./dom.js";
import { askJson } from "./client.js";
import { count, duration, near, several, span } from "./format.js";
import { KINDS, eventsOf, spanOf } from "./life.js";
import { timeline } from "./timeline.js";

/** What is shown is asked for again after this long. */
const AGAIN_MS = 5_000;
const SPANS = { all: Infinity, "6 h": 6 * 3_600_000, "1 h": 3_600_000 };
const LISTED = 200;

let shown = null;
let spanName = "all";
let found = null;
let now = new Date().toISOString();
let askedAt = 0;
let loading = false;

/** Make the search box and the panel work; returns what updates the panel by the status. */
export function user() {
  const line = timeline(at("user-line"));
  const press = choice(at("user-span"), Object.keys(SPANS), (name) => {
    press((spanName = name));
    draw(line);
  });
  press(spanName);
  listen(line);
  open(line);
  return { update: (status) => again(status, line) };
}

function listen(line) {
  const box = at("user-id");
  at("search").addEventListener("submit", (event) => {
    event.preventDefault();
    if (box.value !== "") go(box.value, line);
  });
  addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, textarea, dialog") !== null;
    if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    box.focus();
    box.select();
  });
  addEventListener("hashchange", () => open(line));
  at("user-close").addEventListener("click", () => {
    history.pushState(null, "", location.pathname + location.search);
    open(line);
    box.focus();
  });
}

function go(id, line) {
  const hash = `#user=${encodeURIComponent(id)}`;
  if (location.hash === hash) open(line);
  else location.hash = hash;
}

function asked() {
  const match = /^#user=(.+)$/.exec(location.hash);
  try {
    return match && decodeURIComponent(match[1]);
  } catch {
    return null; // Somebody's own percent signs.
  }
}

/** Show the user of the address, or none. */
function open(line) {
  const id = asked();
  const before = shown;
  shown = id;
  at("user").hidden = id === null;
  at("user-id").value = id ?? "";
  if (id === null) return;
  say(at("user-title"), id);
  if (before !== id) {
    found = null;
    at("user-found").hidden = true;
    say(at("user-said"), "Looking …");
    say(at("user-fresh"), "");
  }
  at("user-head").focus({ preventScroll: true });
  at("user").scrollIntoView({ block: "nearest" });
  load(line);
}

async function load(line) {
  const id = shown;
  askedAt = performance.now();
  loading = true;
  const path = encodeURIComponent(id);
  const paths = ["counts", "conversions", "clicks"].map((view) => `${view}/${path}`);
  try {
    const answers = await Promise.all(paths.map((p) => askJson(p)));
    if (id === shown) take(answers, line);
  } catch {
    if (id === shown) say(at("user-said"), "The server's answer did not come, or can't be read.");
  } finally {
    loading = false;
  }
}

/** Known is who any of the three knows; a partition that moves is asked again. */
function take(answers, line) {
  const off = answers.find((a) => a.status !== 200 && a.status !== 404);
  if (off !== undefined) {
    say(at("user-said"), off.body.error ?? `The server answered ${off.status}.`);
  } else if (answers.every((a) => a.status === 404)) {
    found = null;
    at("user-found").hidden = true;
    say(at("user-said"), "Unknown user: no clicks or purchases of this id are kept.");
  } else {
    const [counts, conversions, clicks] = answers.map((a) => (a.status === 200 ? a.body : {}));
    found = { windows: counts.windows ?? [], events: eventsOf(conversions, clicks) };
    say(at("user-fresh"), freshness(counts.freshness ?? conversions.freshness));
    draw(line);
  }
}

function again(status, line) {
  now = status.at;
  if (shown !== null && !loading && performance.now() - askedAt > AGAIN_MS) load(line);
}

function freshness(fresh) {
  if (!fresh) return "";
  return `as of stream time ${near(fresh.streamTime, now)}, ${several(fresh.lag ?? 0, "record")} waiting`;
}

function draw(line) {
  if (found === null) return;
  const { windows, events } = spanOf(found, SPANS[spanName]);
  at("user-found").hidden = false;
  say(at("user-said"), summary(windows, events));
  line(windows, events);
  list(at("user-events").tBodies[0], events.slice(-LISTED).reverse(), (e) => e.key, eventRow);
  list(at("user-windows").tBodies[0], windows.slice(-LISTED).reverse(), (w) => w.windowStart, windowRow);
}

function summary(windows, events) {
  const clicks = windows.reduce((sum, w) => sum + w.clickCount, 0);
  const of = (kind) => events.filter((e) => e.kind === kind).length;
  const bought = `${several(of("conversion"), "conversion")}, ${count(of("unattributed"))} unattributed`;
  return `${several(clicks, "click")} in ${several(windows.length, "window")}; ${bought}, ${count(of("pending"))} pending.`;
}

function eventRow() {
  const row = textRow(["muted", "", "id", "muted"]);
  const update = (e) => {
    set(row.node, "data-kind", e.kind);
    row.say(near(e.at, now), KINDS[e.kind], e.product ?? "", e.after === undefined ? e.source : `${duration(e.after)} after its click`);
  };
  return { node: row.node, update };
}

function windowRow() {
  const row = textRow(["", "number", "muted"]);
  const update = (w) =>
    row.say(span(w.windowStart, w.windowEnd, now), count(w.clickCount), w.final ? "final" : "not closed");
  return { node: row.node, update };
}
