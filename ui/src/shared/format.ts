/** How figures are written. A figure that is not known is written `—`, never as a zero. */
export const UNKNOWN = "—";

const SIZE_UNITS = ["B", "kB", "MB", "GB", "TB"] as const;

/** A size in bytes with its unit, by powers of 1,000 as file managers write it: `184.2 MB`. */
export function bytes(count: number | null): string {
  if (count === null || !Number.isFinite(count)) return UNKNOWN;
  let value = count;
  let unit = 0;
  while (value >= 999.95 && unit < SIZE_UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? Math.round(value) : value.toFixed(1)} ${SIZE_UNITS[unit]}`;
}

/** A figure and its unit, where they stand apart. */
export type Measure = { value: string; unit: string };

const BINARY_UNITS = ["B", "KiB", "MiB", "GiB"] as const;

/** A size of memory in bytes, by powers of 1,024, in the unit that suits it or in the given one: `8` and `MiB`. */
export function binary(count: number | null, unit?: (typeof BINARY_UNITS)[number]): Measure {
  if (count === null || !Number.isFinite(count)) return { value: UNKNOWN, unit: unit ?? "" };
  const units = BINARY_UNITS;
  const fitting = count < 1024 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(count) / 10));
  const power = unit ? units.indexOf(unit) : fitting;
  const value = count / 1024 ** power;
  return { value: Number.isInteger(value) ? String(value) : value.toFixed(1), unit: units[power] ?? "" };
}

/** Bytes a second with the unit: `11.6 MB/s`. */
export function byteRate(bytesPerS: number | null): string {
  return bytesPerS === null || !Number.isFinite(bytesPerS) ? UNKNOWN : `${bytes(bytesPerS)}/s`;
}

/** Microseconds as milliseconds without unit, with as many digits as say something: `0.18`, `4.9`, `112`. */
export function msFromUs(us: number | null): string {
  if (us === null || !Number.isFinite(us)) return UNKNOWN;
  const ms = us / 1000;
  if (ms < 1) return ms.toFixed(2);
  return ms < 100 ? ms.toFixed(1) : Math.round(ms).toString();
}

/** A short length of time with its unit: `60 µs`, `3.84 ms`, `112.4 ms`. */
export function span(us: number | null): string {
  if (us === null || !Number.isFinite(us)) return UNKNOWN;
  return us < 1000 ? `${Math.round(us)} µs` : `${(us / 1000).toFixed(us < 99_995 ? 2 : 1)} ms`;
}

/** Microseconds as milliseconds without unit, in as many places whatever their size: `0.060`, `3.840`, `13.65`, `112.4`. */
export function msFixed(us: number | null): string {
  if (us === null || !Number.isFinite(us)) return UNKNOWN;
  const ms = us / 1000;
  return ms.toFixed(ms < 9.9995 ? 3 : ms < 99.995 ? 2 : 1);
}

/** Bits a second as Mbit/s without unit. */
export function mbit(bps: number | null): string {
  if (bps === null || !Number.isFinite(bps)) return UNKNOWN;
  const value = bps / 1e6;
  if (value < 1) return value.toFixed(2);
  return value < 100 ? value.toFixed(1) : Math.round(value).toString();
}

/** A figure with a fixed number of decimals, or `—`. */
export function figure(value: number | null, decimals = 1): string {
  return value === null || !Number.isFinite(value) ? UNKNOWN : value.toFixed(decimals);
}

/** A whole number with thousands set apart: `61,412`. */
export function whole(value: number | null): string {
  return value === null || !Number.isFinite(value) ? UNKNOWN : Math.round(value).toLocaleString("en-US");
}

const two = (n: number): string => n.toString().padStart(2, "0");

/** The last moment that a calendar of four digits has everywhere: a day before the year 10000. */
const LAST_MS = Date.UTC(9999, 11, 31);

/**
 * The moment of a Unix time in milliseconds; null for what no calendar here has. Times come from other computers, and a
 * number that is too large for a date makes every function of dates throw.
 */
function moment(atMs: number): Date | null {
  return atMs >= 0 && atMs < LAST_MS ? new Date(atMs) : null;
}

/** A Unix time in milliseconds for `<time datetime>`. */
export function isoTime(atMs: number): string | undefined {
  return moment(atMs)?.toISOString();
}

/** The time of day of a Unix time in milliseconds: `09:41`. */
export function clock(atMs: number): string {
  const at = moment(atMs);
  return at ? `${two(at.getHours())}:${two(at.getMinutes())}` : UNKNOWN;
}

/** The time of day with seconds: `09:46:31`. */
export function clockSeconds(atMs: number): string {
  const at = moment(atMs);
  return at ? `${clock(atMs)}:${two(at.getSeconds())}` : UNKNOWN;
}

/** The time of day to the millisecond: `09:45:12.410`. */
export function clockMillis(atMs: number): string {
  const at = moment(atMs);
  return at ? `${clockSeconds(atMs)}.${at.getMilliseconds().toString().padStart(3, "0")}` : UNKNOWN;
}

/** A local day and time as files have it: `2026-11-28 09:46:31`. */
export function dayAndTime(atMs: number): string {
  const at = moment(atMs);
  return at ? `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${clockSeconds(atMs)}` : UNKNOWN;
}

/** A length of time: `04:12`, or `1:04:12` from an hour on. */
export function elapsed(ms: number): string {
  if (!Number.isFinite(ms)) return UNKNOWN;
  const s = Math.max(0, Math.floor(ms / 1000));
  const tail = `${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`;
  return s >= 3600 ? `${Math.floor(s / 3600)}:${tail}` : tail;
}

/** Whether two Unix times in milliseconds are on the same local day. */
export function sameDay(a: number, b: number): boolean {
  return moment(a)?.toDateString() === moment(b)?.toDateString();
}

/** A local date: `22 Nov 2026`, `2026年11月22日`. */
export function date(atMs: number, language: "en" | "zh"): string {
  const at = moment(atMs);
  return at
    ? new Intl.DateTimeFormat(language === "zh" ? "zh-CN" : "en-GB", { dateStyle: "medium" }).format(at)
    : UNKNOWN;
}

/** The one or two signs that stand for a name: the first letters of its first two words, or one of a script without case. */
export function initials(name: string): string {
  const words = name.trim().split(/\s+/u).filter(Boolean);
  const first = [...(words[0] ?? "?")];
  const letter = first[0] ?? "?";
  if (!/\p{Lu}|\p{Ll}/u.test(letter)) return letter;
  const second = words[1] ? [...words[1]][0] : first[1];
  const pair = second && /\p{Lu}|\p{Ll}|\p{Nd}/u.test(second) ? letter + second : letter;
  return pair.toLocaleUpperCase("en");
}

/** A file's name as what may be cut short and what may not: `["实验二_抓包数据.pcapng", ".zip"]`. */
export function splitName(name: string): [string, string] {
  const dot = name.lastIndexOf(".");
  return dot > 0 && name.length - dot <= 8 ? [name.slice(0, dot), name.slice(dot)] : [name, ""];
}

/** The bytes that a text takes in UTF-8. */
export function utf8Length(text: string): number {
  return new TextEncoder().encode(text).length;
}

/** `192.168.1.31` of `192.168.1.31:53412`, and `::1` of `[::1]:53412`. */
export function hostPart(address: string): string {
  const six = /^\[([^\]]*)\]/.exec(address);
  if (six) return six[1] ?? address;
  const colon = address.lastIndexOf(":");
  return colon > 0 ? address.slice(0, colon) : address;
}
