/**
 * Keys of an input method, by which most people write Chinese: while a word is composed, Enter takes it and Esc drops it, and
 * neither means anything else.
 */

/** What a key of an input method is numbered (UI Events, section 7.3.1). */
const PROCESSED = 229;

let last = false;

/**
 * Whether a key belongs to an input method. WebKit ends the composition before it reports the key that ended it: only the
 * number says so then.
 */
function isComposing(event: KeyboardEvent): boolean {
  return event.isComposing || event.keyCode === PROCESSED;
}

/** Keeps an input method's keys from everything in the window. The field that is written in gets them by itself. */
export function keepCompositionApart(event: KeyboardEvent): void {
  last = isComposing(event);
  if (last) event.stopImmediatePropagation();
}

/** Whether the last key was an input method's: for what a browser makes of a key by itself, such as a dialog's `cancel`. */
export function wasComposing(): boolean {
  return last;
}
