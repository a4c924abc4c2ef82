// The only ways in which the page is changed. Text goes in as text: nothing is ever parsed as HTML.

const SVG = "http://www.w3.org/2000/svg";

/** Make an element: `el("td", {class: "number"}, "12")`. */
export function el(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

/** Make an element of SVG. */
export function svg(tag, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

function filled(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) set(node, name, value);
  node.append(...children);
  return node;
}

/** The element of an id. */
export const at = (id) => document.getElementById(id);

/** Set an attribute if it changed; null takes it away. */
export function set(node, name, value) {
  if (value === null) node.removeAttribute(name);
  else if (node.getAttribute(name) !== String(value)) node.setAttribute(name, value);
}

/** Set the text of an element that holds text alone, if it changed. */
export function say(node, text) {
  const held = node.firstChild;
  if (held === null) node.textContent = text;
  else if (held.data !== String(text)) held.data = text;
}

const kept = new WeakMap();

/**
 * Make an element's children those of a list, keeping what stands for the same key.
 *
 * A child that stays is neither made anew nor moved, so that focus and selection survive.
 *
 * @param parent The element.
 * @param items In order.
 * @param keyOf An item's key; a second item of one key is left out.
 * @param make Makes `{node, update(item)}` for an item that is new.
 */
export function list(parent, items, keyOf, make) {
  const before = kept.get(parent) ?? new Map();
  const wanted = new Map(items.map((item) => [keyOf(item), item]));
  for (const [key, row] of before) if (!wanted.has(key)) row.node.remove();
  const now = new Map();
  let place = parent.firstChild;
  for (const [key, item] of wanted) {
    const row = before.get(key) ?? make(item);
    row.update(item);
    now.set(key, row);
    if (row.node === place) place = place.nextSibling;
    else parent.insertBefore(row.node, place);
  }
  kept.set(parent, now);
}

/** A table's row of text cells; `update` takes the texts in order. */
export function textRow(classes, attributes = {}) {
  const cells = classes.map((name) => el("td", name ? { class: name } : {}));
  const node = el("tr", attributes, ...cells);
  return { node, cells, say: (...texts) => texts.forEach((text, i) => say(cells[i], text)) };
}

/** A group of buttons of which one is pressed; returns a function that presses one. */
export function choice(group, names, chosen) {
  const buttons = names.map((name) => {
    const button = el("button", { type: "button", "aria-pressed": "false" }, name);
    button.addEventListener("click", () => chosen(name));
    return button;
  });
  group.replaceChildren(...buttons);
  return (name) => buttons.forEach((b, i) => set(b, "aria-pressed", names[i] === name));
}

/** A link to a user's time line. */
export function userLink() {
  const node = el("a", { class: "id" });
  return {
    node,
    update(user) {
      say(node, user);
      set(node, "href", `#user=${encodeURIComponent(user)}`);
    },
  };
}
