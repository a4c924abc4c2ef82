// Workers by letter and colour: the same all over the page, for as long as the page lives.

import { el, say, set } from "./dom.js";

const COLOURS = 8;
const LETTERS = 26;
const slots = new Map();

/** Give letters to workers that have none yet. */
export function seat(urls) {
  for (const url of [...urls].sort()) if (!slots.has(url)) slots.set(url, slots.size);
}

/** A worker's letter: A, B, …, Z, AA, AB, …; a sign for nobody. */
export function letterOf(url) {
  const slot = slots.get(url);
  if (slot === undefined) return "?";
  const last = String.fromCharCode(65 + (slot % LETTERS));
  return slot < LETTERS ? last : String.fromCharCode(64 + Math.floor(slot / LETTERS)) + last;
}

/** The class that colours what is a worker's. */
export const colourOf = (url) => (slots.has(url) ? `owner-${slots.get(url) % COLOURS}` : "owner-none");

/** A worker's letter on its colour; `update(url)`. */
export function chip() {
  const node = el("span", { class: "chip" });
  return {
    node,
    update(url) {
      say(node, letterOf(url));
      set(node, "class", `chip ${colourOf(url)}`);
      set(node, "title", url ?? "nobody");
    },
  };
}

/** A worker's address without the scheme, which all share. */
export const addressOf = (url) => url.replace(/^https?:\/\//, "");
