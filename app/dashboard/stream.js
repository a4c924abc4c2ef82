// Server-sent events read through fetch(): EventSource can send no token, and hides its reconnecting.

import { ask } from "./client.js";

const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 10_000;
/** Figures come every second: after this long without any, the connection is as good as lost. */
const SILENCE_MS = 8_000;

/** Splits a stream of text into events, wherever it is cut. */
class Events {
  #rest = "";
  #event = "message";
  #data = [];

  /** @returns The events that this piece completes: `{event, data, retry}`. */
  push(piece) {
    const lines = (this.#rest + piece).split(/\r?\n/);
    this.#rest = lines.pop();
    return lines.map((line) => this.#line(line)).filter((event) => event !== null);
  }

  #line(line) {
    if (line === "") return this.#done();
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "event") this.#event = value;
    if (field === "data") this.#data.push(value);
    return field === "retry" && /^\d+$/.test(value) ? { retry: Number(value) } : null;
  }

  #done() {
    const event = { event: this.#event, data: this.#data.join("\n") };
    this.#event = "message";
    this.#data = [];
    return event.data === "" ? null : event;
  }
}

/**
 * Follow the events of a path for as long as the page lives.
 *
 * @param path Where they come from.
 * @param hear Called with each event's data.
 * @param lose Called with why the connection ended, and in how many ms it is tried again.
 * @returns A function that tries again now.
 */
export function follow(path, hear, lose) {
  let firstWaitMs = FIRST_WAIT_MS;
  let waitMs = FIRST_WAIT_MS;
  let wake = () => {};

  const heard = (event) => {
    if (event.retry !== undefined) firstWaitMs = event.retry;
    else if (event.event === "status") {
      waitMs = firstWaitMs;
      hear(event.data);
    }
  };

  const forever = async () => {
    for (;;) {
      const why = await once(path, heard);
      lose(why, waitMs);
      await new Promise((done) => {
        wake = done;
        setTimeout(done, waitMs);
      });
      waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS);
    }
  };
  forever();
  return () => wake();
}

/** Read until the connection ends; why it did. */
async function once(path, heard) {
  const abort = new AbortController();
  let silence;
  const listen = () => {
    clearTimeout(silence);
    silence = setTimeout(() => abort.abort(), SILENCE_MS);
  };
  try {
    // The token's question may stand open for long: silence counts from the answer on.
    const answer = await ask(path, { signal: abort.signal });
    if (!answer.ok) return `the server answered ${answer.status}`;
    listen();
    await read(answer.body.pipeThrough(new TextDecoderStream()).getReader(), heard, listen);
    return "the server ended it";
  } catch {
    return abort.signal.aborted ? "nothing came for a while" : "the server can't be reached";
  } finally {
    clearTimeout(silence);
    abort.abort();
  }
}

async function read(reader, heard, listen) {
  const events = new Events();
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    listen();
    events.push(value).forEach(heard);
  }
}
