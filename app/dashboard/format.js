// Numbers, durations and times as a person reads them. Times are UTC, as in the logs.

/** What stands where there is nothing to say. */
const NONE = "–";

const WHOLE = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const ONE = new Intl.NumberFormat("en", { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const TWO = new Intl.NumberFormat("en", { maximumFractionDigits: 2 });
const KIB = 1024;
const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"];
const MINUTE = 60;
const HOUR = 3600;
const DAY = 86_400;

/** A whole number: 12,345. */
export const count = (n) => (n == null ? NONE : WHOLE.format(n));

/** A number of something each second: 1,200 or 12.5 or 0.25. */
export function rate(n) {
  if (n == null) return NONE;
  if (n >= 100) return WHOLE.format(n);
  return n >= 10 ? ONE.format(n) : TWO.format(n);
}

/** Bytes: 12.5 MiB. */
export function bytes(n) {
  if (n == null) return NONE;
  const power = n < KIB ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log2(n) / 10));
  return `${power ? ONE.format(n / KIB ** power) : n} ${UNITS[power]}`;
}

/** Milliseconds: 12.5 ms, 1.3 s. */
export function millis(n) {
  if (n == null) return NONE;
  return n < 1_000 ? `${ONE.format(n)} ms` : duration(n / 1_000);
}

/** Seconds: 0.4 s, 42 s, 2 m 05 s, 3 h 12 m, 2 d 4 h. */
export function duration(seconds) {
  if (seconds == null) return NONE;
  const s = Math.abs(seconds);
  const sign = seconds < 0 ? "−" : "";
  const whole = Math.floor(s);
  if (s < 10) return `${sign}${ONE.format(s)} s`;
  if (s < MINUTE) return `${sign}${whole} s`;
  if (s < HOUR) return `${sign}${parts(whole, MINUTE, "m", 1, "s")}`;
  if (s < DAY) return `${sign}${parts(whole, HOUR, "h", MINUTE, "m")}`;
  return `${sign}${parts(whole, DAY, "d", HOUR, "h")}`;
}

/** A duration in its largest unit alone: 42 s, 31 m, 2 h, 4 d. */
export function roughly(seconds) {
  if (seconds == null) return NONE;
  const [unit, name] = [[DAY, "d"], [HOUR, "h"], [MINUTE, "m"]].find(([u]) => seconds >= u) ?? [1, "s"];
  return `${WHOLE.format(Math.floor(Math.max(0, seconds) / unit))} ${name}`;
}

function parts(whole, large, largeName, small, smallName) {
  const rest = Math.floor((whole % large) / small);
  const digits = large === DAY ? rest : String(rest).padStart(2, "0");
  return `${WHOLE.format(Math.floor(whole / large))} ${largeName} ${digits} ${smallName}`;
}

/** A bound in its largest even unit: 60 -> 1 m, 90 -> 90 s, 3600 -> 1 h. */
export function bound(seconds) {
  for (const [unit, name] of [[DAY, "d"], [HOUR, "h"], [MINUTE, "m"]]) {
    if (seconds >= unit && seconds % unit === 0) return `${seconds / unit} ${name}`;
  }
  return `${seconds} s`;
}

/** Time of day of an ISO text: 10:05:00. */
export const clock = (iso) => (iso == null ? NONE : iso.slice(11, 19));

/** Day and time of day of an ISO text: 2026-11-23 10:05:00. */
export const stamp = (iso) => (iso == null ? NONE : `${iso.slice(0, 10)} ${clock(iso)}`);

/** The time of day, with the day before it when that is not the day of `now`. */
export function near(iso, now) {
  if (iso == null) return NONE;
  return iso.slice(0, 10) === now.slice(0, 10) ? clock(iso) : `${iso.slice(0, 10)} ${clock(iso)}`;
}

/** A window: 10:00–10:05, with seconds where it has some, with the day where it is another. */
export function span(startIso, endIso, now) {
  const even = startIso.endsWith(":00.000Z") && endIso.endsWith(":00.000Z");
  const times = [startIso, endIso].map((iso) => iso.slice(11, even ? 16 : 19));
  const day = startIso.slice(0, 10);
  return `${day === now.slice(0, 10) ? "" : `${day} `}${times.join("–")}`;
}

/** One thing or several: 1 worker, 3 workers. */
export const several = (n, one) => `${count(n)} ${one}${n === 1 ? "" : "s"}`;

/** Seconds between two ISO texts; null when one is missing. */
export const between = (from, to) =>
  from == null || to == null ? null : (Date.parse(to) - Date.parse(from)) / 1000;
