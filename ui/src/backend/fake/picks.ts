import type { FileView, OfferedView, Pick } from "../../bindings/contract";
import { refused } from "./views";

/** What was picked in the simulated window: names by their handles. A name that ends in a slash is a folder's. */
export class FakePicks {
  private readonly names = new Map<number, string>();

  /** Something is picked by a dialog, or dropped. */
  pick(name: string): Pick {
    const handle = this.names.size + 1;
    this.names.set(handle, name);
    return { handle, name };
  }

  /** The name behind a handle, as the page says it. */
  name(handle: number): string {
    const name = this.names.get(handle);
    if (name === undefined) throw refused("not_picked");
    return name;
  }

  /** Offers those of `picks` that are files, and says of the others that they are not. */
  offered(picks: number[], offer: (name: string) => FileView): OfferedView {
    const names = picks.map((pick) => this.name(pick));
    const isFolder = (name: string) => name.endsWith("/");
    const folders = names.filter(isFolder).map((folder) => folder.slice(0, -1));
    return {
      files: names.filter((name) => !isFolder(name)).map(offer),
      failed: folders.map((name) => ({ name, error: refused("is_folder", { name }).ipc })),
    };
  }
}
