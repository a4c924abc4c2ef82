// The last minutes of the figures, kept in the page: the server is asked for nothing old.

export const KEPT_MS = 5 * 60_000;

/** Samples of the figures that are drawn over time. */
export class History {
  #samples = [];

  /** Add what a status says. */
  add(status) {
    const ms = Date.parse(status.at);
    const { rates } = status;
    const sample = {
      ms,
      throughput: sum(rates.clicks, rates.purchases),
      behind: status.eventTimeLagSeconds,
      lag: status.lag,
      conversions: rates.conversions,
      late: rates.late,
      deadLetters: rates.deadLetters,
    };
    // A clock that was set back would draw lines backwards.
    this.#samples = this.#samples.filter((s) => s.ms > ms - KEPT_MS && s.ms < ms);
    this.#samples.push(sample);
  }

  /** @returns One figure over time, oldest first: `[{ms, value}]`. */
  of(name) {
    return this.#samples.map((s) => ({ ms: s.ms, value: s[name] }));
  }
}

function sum(...values) {
  const known = values.filter((v) => v != null);
  return known.length ? known.reduce((a, b) => a + b) : null;
}
