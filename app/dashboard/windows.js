// The newest windows, and how far stream time has come through each.

import { at, el, list, say, set } from "./dom.js";
import { bar } from "./charts.js";
import { between, count, duration, near, span } from "./format.js";

/**
 * Draw the windows; returns what updates them.
 *
 * @param chosen Called with a window's start when a person asks for its most clicks.
 */
export function windows(chosen) {
  const body = at("windows").tBodies[0];
  return (status) => {
    list(body, status.windows.map((w) => ({ w, status })), ({ w }) => w.windowStart, ({ w }) => row(w, chosen));
    const open = status.windows.filter((w) => w.state !== "closed").length;
    say(at("windows-sum"), `${count(open)} of the newest ${count(status.windows.length)} not closed`);
  };
}

function row({ windowStart }, chosen) {
  const button = el("button", { type: "button", class: "link", title: "Most clicks of this window" });
  button.addEventListener("click", () => chosen(windowStart));
  const progress = through();
  const state = el("td", { class: "state" });
  const figures = ["number", "number", "number", "number muted"].map((name) => el("td", { class: name }));
  const head = el("th", { scope: "row" }, button);
  const node = el("tr", {}, head, state, el("td", { class: "stretch" }, progress.node), ...figures);
  const update = ({ w, status: { at: now, streamTime } }) => {
    say(button, span(w.windowStart, w.windowEnd, now));
    say(state, w.state);
    set(node, "data-window", w.state);
    progress.update(w, streamTime);
    const texts = [count(w.clicks), count(w.users), count(w.late), closes(w, streamTime, now)];
    texts.forEach((text, i) => say(figures[i], text));
  };
  return { node, update };
}

/** How far stream time has come from a window's start to its closing; its grace shaded. */
function through() {
  const drawn = bar("bar through");
  const grace = drawn.rect.cloneNode();
  set(grace, "class", "grace");
  drawn.node.prepend(grace);
  const update = (w, streamTime) => {
    const whole = between(w.windowStart, w.closesAt);
    const size = between(w.windowStart, w.windowEnd) / whole;
    set(grace, "x", `${(100 * size).toFixed(2)}%`);
    set(grace, "width", `${(100 * (1 - size)).toFixed(2)}%`);
    drawn.update(streamTime === null ? 0 : between(w.windowStart, streamTime) / whole);
  };
  return { node: drawn.node, update };
}

function closes(w, streamTime, now) {
  if (w.state === "closed" || streamTime === null) return near(w.closesAt, now);
  return `in ${duration(Math.max(0, between(streamTime, w.closesAt)))}`;
}
