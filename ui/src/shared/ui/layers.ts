/**
 * What lies on top of the window (dialogs, a tile in full screen), newest last. Esc closes the topmost before it means
 * anything else.
 */
const open: (() => void)[] = [];

/** Puts a layer on top; `close` is called when Esc is meant for it. Call the answer when the layer is gone. */
export function pushLayer(close: () => void): () => void {
  open.push(close);
  return () => {
    const at = open.lastIndexOf(close);
    if (at >= 0) open.splice(at, 1);
  };
}

/** Closes the topmost layer and says whether there was one. */
export function closeTopLayer(): boolean {
  const close = open.at(-1);
  close?.();
  return close !== undefined;
}
