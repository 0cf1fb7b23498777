/** What the menu of a text field does: as the keys do it, so that it can be undone and the field's listeners hear of it. */

export type TextField = HTMLInputElement | HTMLTextAreaElement;

/** What is selected in a field, and where. */
export function selectionOf(field: TextField): { from: number; to: number; text: string } {
  const from = field.selectionStart ?? 0;
  const to = field.selectionEnd ?? from;
  return { from, to, text: field.value.slice(from, to) };
}

/** @throws when the web view keeps the clipboard to itself */
export async function copyFrom(field: TextField): Promise<void> {
  await navigator.clipboard.writeText(selectionOf(field).text);
}

/** @throws when the web view keeps the clipboard to itself; the field is left as it was */
export async function cutFrom(field: TextField): Promise<void> {
  await copyFrom(field);
  replace(field, "");
}

/** @throws when the web view keeps the clipboard to itself */
export async function pasteInto(field: TextField): Promise<void> {
  replace(field, await navigator.clipboard.readText());
}

/** Puts `text` in the place of what is selected; no more than the field takes. */
function replace(field: TextField, text: string): void {
  field.focus();
  const { from, to } = selectionOf(field);
  const room = field.maxLength < 0 ? Infinity : field.maxLength - (field.value.length - (to - from));
  const fits = wholeLetters(field instanceof HTMLInputElement ? text.replace(/[\r\n]+/g, " ") : text, room);
  // The one command that a field can undo; where it is not known, the text is put there all the same.
  const command = fits === "" ? ["delete"] : ["insertText", fits];
  if (document.execCommand?.(command[0] ?? "", false, command[1])) return;
  field.setRangeText(fits, from, to, "end");
  field.dispatchEvent(new InputEvent("input", { bubbles: true }));
}

/** The beginning of a text, of at most `length` UTF-16 units, that cuts no letter in two. */
function wholeLetters(text: string, length: number): string {
  if (text.length <= length) return text;
  const cut = text.slice(0, Math.max(0, length));
  return /[\ud800-\udbff]$/.test(cut) ? cut.slice(0, -1) : cut;
}
