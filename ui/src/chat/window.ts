/**
 * Which part of a long conversation is in the page. Ten thousand entries are kept and at most {@link MOST} are drawn:
 * the part grows at the edge that is scrolled to and is cut at the other.
 */
export type Range = { start: number; end: number };

export const MOST = 240;
export const STEP = 80;

/** The newest part of `count` entries. */
export function newest(count: number): Range {
  return { start: Math.max(0, count - STEP * 2), end: count };
}

/** One step towards older entries. */
export function older(range: Range): Range {
  const start = Math.max(0, range.start - STEP);
  return { start, end: Math.min(range.end, start + MOST) };
}

/** One step towards newer entries. */
export function newer(range: Range, count: number): Range {
  const end = Math.min(count, range.end + STEP);
  return { start: Math.max(range.start, end - MOST), end };
}
