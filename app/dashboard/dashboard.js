// The page: the server's figures, every second, into each of its parts.

import { at, list, el, say, set } from "./dom.js";
import { conversions } from "./conversions.js";
import { figures } from "./figures.js";
import { clock, duration, bound, several } from "./format.js";
import { History } from "./history.js";
import { leaders } from "./leaders.js";
import { refused } from "./refused.js";
import { stages } from "./stages.js";
import { follow } from "./stream.js";
import { user } from "./user.js";
import { windows } from "./windows.js";
import { workers } from "./workers.js";

const history = new History();
const top = leaders();
const person = user();
// Workers first: they get their letters there.
const parts = [workers(), figures(), stages(), windows(top.choose), refused(), conversions(), top.update, person.update];

let status = null;
let lostSince = null;
let nextTry = 0;
let drawing = false;

/** Draw the newest figures once a frame at most, and not at all while nobody looks. */
function draw() {
  drawing = false;
  const start = performance.now();
  heading();
  problems();
  for (const update of parts) update(status, history);
  // The last update alone is kept: what it took shows in the browser's tools.
  performance.clearMeasures("update");
  performance.measure("update", { start });
}

function heading() {
  const { appId, version, state, settings } = status;
  say(at("app"), appId);
  document.title = state === "working" ? appId : `${state}: ${appId}`;
  say(at("state"), state);
  set(at("state"), "data-state", state);
  const { windowSizeSeconds: size, graceSeconds: grace, retentionSeconds: kept } = settings;
  const windowed = `windows of ${bound(size)}, grace ${bound(grace)}, kept ${bound(kept)}`;
  const joined = `join within ${bound(settings.joinWithinSeconds)}, attribution ${settings.attribution}`;
  say(at("about"), `Times are UTC. clickstream ${version}: ${several(settings.partitions, "partition")}, ${windowed}; ${joined}.`);
}

function problems() {
  at("problems").hidden = status.problems.length === 0;
  list(at("problem-list"), status.problems, (text) => text, problem);
  const news = [`State: ${status.state}.`];
  if (status.problems.length) news.push(`${several(status.problems.length, "problem")}.`);
  if (lostSince === null) say(at("news"), news.join(" "));
}

const problem = (text) => ({ node: el("li", {}, text), update: () => {} });

function heard(data) {
  status = JSON.parse(data);
  history.add(status);
  found();
  if (!drawing) requestAnimationFrame(draw);
  drawing = true;
}

function found() {
  lostSince = null;
  at("lost").hidden = true;
  document.body.classList.remove("stale");
  say(at("connection"), `live, ${clock(status.at)}`);
}

function lost(why, waitMs) {
  lostSince ??= new Date().toISOString();
  nextTry = performance.now() + waitMs;
  at("lost").hidden = false;
  document.body.classList.add("stale");
  say(at("connection"), "not connected");
  say(at("news"), `Connection lost: ${why}.`);
  tick(why);
}

let ticking;
function tick(why) {
  clearTimeout(ticking);
  if (lostSince === null) return;
  const since = status === null ? "No connection" : `Connection lost since ${clock(lostSince)}`;
  const left = duration(Math.max(0, Math.ceil((nextTry - performance.now()) / 1_000)));
  say(at("lost-text"), `${since}: ${why}. ${status === null ? "" : "The figures are from then. "}Next try in ${left}.`);
  ticking = setTimeout(tick, 1_000, why);
}

const tryNow = follow("events", heard, lost);
at("lost-now").addEventListener("click", tryNow);
addEventListener("online", tryNow);
