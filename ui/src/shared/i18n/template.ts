/**
 * Message templates.
 *
 * - `{name}`: the parameter `name`.
 * - `{n|message|messages}`: the number `n` and the word that fits it; a language without plurals gives one word.
 * - `[ at {address}]`: left out as a whole when one of its parameters is not known.
 */
export type Params = Record<string, string | number | null | undefined>;

/** A piece of a message: plain words, or a parameter's value (`user` is true where it may be text that people wrote). */
export type Part = { text: string; user: boolean };

const OPTIONAL = /\[([^[\]]*)\]/g;
const PLACE = /\{(\w+)(?:\|([^{}|]*))?(?:\|([^{}|]*))?\}/g;

/** The message as its pieces, so that people's names can be set apart from the sentence around them. */
export function parts(template: string, params: Params = {}): Part[] {
  const filled = template.replace(OPTIONAL, (_, inner: string) => (allKnown(inner, params) ? inner : ""));
  const out: Part[] = [];
  let from = 0;
  for (const place of filled.matchAll(PLACE)) {
    if (place.index > from) out.push({ text: filled.slice(from, place.index), user: false });
    out.push(value(place, params));
    from = place.index + place[0].length;
  }
  if (from < filled.length) out.push({ text: filled.slice(from), user: false });
  return out;
}

/** The message as one string. */
export function fill(template: string, params?: Params): string {
  return parts(template, params)
    .map((part) => part.text)
    .join("");
}

function allKnown(inner: string, params: Params): boolean {
  return [...inner.matchAll(PLACE)].every((place) => known(params[place[1] ?? ""]));
}

function known(value: Params[string]): value is string | number {
  return value !== undefined && value !== null && value !== "";
}

function value(place: RegExpMatchArray, params: Params): Part {
  const [, name = "", one, other = one] = place;
  const given = params[name];
  if (!known(given)) return { text: "—", user: false };
  if (one === undefined) return { text: String(given), user: typeof given === "string" };
  return { text: `${given} ${Number(given) === 1 ? one : other}`, user: false };
}
