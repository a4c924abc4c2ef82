// What is known of a user, as events in time: pure, from the answers of the views.

/** What an event is called. */
export const KINDS = {
  click: "click",
  conversion: "conversion",
  unattributed: "unattributed purchase",
  pending: "pending purchase",
};

/**
 * A user's clicks and purchases, oldest first, each once.
 *
 * A click of a conversion is an event of its own, though the join may have dropped it by now. A
 * purchase that several clicks match is several conversions.
 *
 * @returns `{key, kind, at, ms, product, source, after, from}`: `after` is seconds since the click
 *   of a conversion, `from` that click's time in ms.
 */
export function eventsOf({ conversions = [], unattributed = [], pending = [] }, { products = [] }) {
  const found = [
    ...products.flatMap((p) => p.clicks.map((c) => click(c.timestamp, p.productId, c.source))),
    ...conversions.map((c) => click(c.clickTimestamp, c.productId, c.click)),
    ...conversions.map(conversion),
    ...unattributed.map((u) => purchase("unattributed", u.purchaseTimestamp, u.productId, u.purchase)),
    ...pending
      .filter((p) => !p.matched)
      .map((p) => purchase("pending", p.timestamp, p.productId, p.purchase)),
  ];
  const once = new Map(found.map((event) => [event.key, event]));
  return [...once.values()].sort((a, b) => a.ms - b.ms);
}

function event(kind, at, product, source, more = {}) {
  const text = typeof source === "string" ? source : Object.values(source ?? {}).join("-");
  return { key: `${kind} ${at} ${product} ${text}`, kind, at, ms: Date.parse(at), product, source: text, ...more };
}

const click = (at, product, source) => event("click", at, product, source);
const purchase = event;

function conversion(c) {
  const more = { key: c.id, after: c.timeToPurchase, from: Date.parse(c.clickTimestamp) };
  return event("conversion", c.purchaseTimestamp, c.productId, c.purchase, more);
}

/** The latest `ms` of a user's life. */
export function spanOf({ windows, events }, ms) {
  const ends = [...events.map((e) => e.ms), ...windows.map((w) => Date.parse(w.windowEnd))];
  const from = Math.max(...ends) - ms;
  return {
    windows: windows.filter((w) => Date.parse(w.windowEnd) > from),
    events: events.filter((e) => e.ms >= from),
  };
}
