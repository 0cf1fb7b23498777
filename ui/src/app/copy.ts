import { t } from "../shared/i18n/index.svelte";
import type { Model } from "./model.svelte";

/** Puts an address on the clipboard and says so. */
export async function copyAddress(model: Model, address: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(address);
    model.toasts.show(t("room.copied", { address }));
  } catch {
    // A web view may keep the clipboard to itself; the address can still be read and typed.
    model.toasts.show(t("room.copyFailed", { address }), "bad");
  }
}
