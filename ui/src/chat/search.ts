/** A stretch of a text, and whether it is what is searched for. */
export type Piece = { text: string; hit: boolean };

/** What finds `query` in a text, in whatever case; null for a query of nothing but spaces, which finds nothing. */
export function finder(query: string): RegExp | null {
  const words = query.trim();
  return words === "" ? null : new RegExp(words.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&"), "giu");
}

/** The text in pieces, with what was found apart. Together they are the text. */
export function pieces(text: string, find: RegExp | null): Piece[] {
  if (!find) return [{ text, hit: false }];
  const out: Piece[] = [];
  let from = 0;
  for (const { index, 0: hit } of text.matchAll(find)) {
    if (index > from) out.push({ text: text.slice(from, index), hit: false });
    out.push({ text: hit, hit: true });
    from = index + hit.length;
  }
  if (from < text.length || out.length === 0) out.push({ text: text.slice(from), hit: false });
  return out;
}

/** About `length` signs of a long text, from a little before the first hit on. */
export function around(text: string, find: RegExp, length: number): string {
  const lead = Math.floor(length / 6);
  const from = whole(text, Math.max(0, text.search(find) - lead));
  const to = whole(text, Math.min(text.length, from + length));
  return `${from > 0 ? "…" : ""}${text.slice(from, to)}${to < text.length ? "…" : ""}`;
}

/** A place in a text that is not within a pair of surrogates. */
export function whole(text: string, at: number): number {
  return /[\uD800-\uDBFF]/.test(text[at - 1] ?? "") ? at - 1 : at;
}
