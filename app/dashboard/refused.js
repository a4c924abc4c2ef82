// What was not taken: late records and dead letters, how many, and the latest of them.

import { at, el, list, say, set, textRow, userLink } from "./dom.js";
import { spark } from "./charts.js";
import { count, duration, near, rate } from "./format.js";

const SHOWN = 5;
const perSecond = (n) => `${rate(n)}/s`;

/** Draw both; returns what updates them. */
export function refused() {
  const both = [
    kind("Late records", "late", "late", lateRow, ({ sourceRecord, stage }) => `${stage} ${sourceRecord}`),
    kind("Dead letters", "deadLetters", "deadLetters", letterRow, ({ source }) => source),
  ];
  at("refused").replaceChildren(...both.map((b) => b.node));
  return (status, history) => both.forEach((b) => b.update(status, history));
}

function kind(title, series, name, make, keyOf) {
  const line = spark(title);
  const now = el("span", { class: "figure small" });
  const sum = el("span", { class: "muted" });
  const body = el("tbody");
  const head = el("div", { class: "kind" }, el("h3", {}, title), now, sum, line.node);
  const region = { class: "scroll", tabindex: "0", role: "region", "aria-label": `Latest ${title}` };
  const table = el("div", region, el("table", {}, body));
  const node = el("div", {}, head, table);
  const update = (status, history) => {
    say(now, perSecond(status.rates[series]));
    say(sum, `${count(status.totals[series])} in all`);
    line.update(history.of(series), perSecond);
    set(table, "hidden", status[name].length ? null : "");
    const rows = status[name].slice(0, SHOWN).map((record) => ({ ...record, now: status.at }));
    list(body, rows, keyOf, make);
  };
  return { node, update };
}

function lateRow() {
  const user = userLink();
  const row = textRow(["muted", "", "number", "muted"]);
  row.node.insertBefore(el("td", {}, user.node), row.cells[1]);
  const update = (r) => {
    user.update(r.userId);
    row.say(near(r.at, r.now), `for the ${r.stage}`, `${duration(r.lateBy)} too late`, r.sourceRecord);
  };
  return { node: row.node, update };
}

function letterRow() {
  const code = el("code");
  const message = el("span", { class: "message" });
  const row = textRow(["muted", "muted"]);
  row.cells[0].after(el("td", {}, code), el("td", { class: "wrap" }, message));
  const update = (r) => {
    say(code, r.code);
    say(message, r.message);
    set(message, "title", r.message);
    row.say(near(r.at, r.now), r.source);
  };
  return { node: row.node, update };
}
