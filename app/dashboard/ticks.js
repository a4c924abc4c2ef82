// Where an axis of time has its marks: even times, no more than fit.

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const STEPS = [1_000, 5_000, 15_000, MINUTE / 2, MINUTE, 2 * MINUTE, 5 * MINUTE,
  10 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY, 7 * DAY, 30 * DAY, 365 * DAY];

/**
 * Even times from `fromMs` to `toMs`.
 *
 * @param most How many there may be; at least one step is made.
 * @returns `[{ms, name}]`: a day where a day begins, else the time of day.
 */
export function timesOf(fromMs, toMs, most) {
  const step = STEPS.find((s) => (toMs - fromMs) / s <= most) ?? STEPS[STEPS.length - 1];
  const times = [];
  for (let ms = Math.ceil(fromMs / step) * step; ms <= toMs; ms += step) times.push({ ms, name: nameOf(ms, step) });
  return times;
}

function nameOf(ms, step) {
  const iso = new Date(ms).toISOString();
  if (ms % DAY === 0) return iso.slice(0, 10);
  return iso.slice(11, step < MINUTE ? 19 : 16);
}
