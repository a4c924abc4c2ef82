// Asking the server, with the token where it wants one.

import { at, say } from "./dom.js";

const KEY = "clickstream-token";
let asking = null;

/**
 * Fetch a path of this server; ask the person for the token when the answer is 401.
 *
 * @returns The answer, of whatever other status.
 */
export async function ask(path, options = {}) {
  for (;;) {
    const token = sessionStorage.getItem(KEY);
    const headers = token === null ? {} : { Authorization: `Bearer ${token}` };
    const answer = await fetch(path, { cache: "no-store", ...options, headers });
    if (answer.status !== 401) return answer;
    if (token === sessionStorage.getItem(KEY)) await newToken(token !== null);
  }
}

/** Fetch JSON: `{status, body, retryAfter}`, retryAfter in seconds or null. */
export async function askJson(path, options) {
  const answer = await ask(path, options);
  const retryAfter = Number(answer.headers.get("Retry-After")) || null;
  return { status: answer.status, body: await answer.json(), retryAfter };
}

/** One question for however many answers were 401. */
function newToken(refused) {
  asking ??= question(refused).finally(() => (asking = null));
  return asking;
}

function question(refused) {
  const dialog = at("token");
  const text = at("token-text");
  if (refused) say(at("token-said"), "The server did not accept this token.");
  text.value = "";
  dialog.showModal();
  return new Promise((given) => {
    at("token-form").onsubmit = (event) => {
      event.preventDefault();
      sessionStorage.setItem(KEY, text.value);
      dialog.onclose = given;
      dialog.close();
    };
    // Escaped from, it comes again: nothing can be shown without a token.
    dialog.onclose = () => dialog.showModal();
  });
}
