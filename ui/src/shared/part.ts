import type { RoomView } from "../bindings/contract";

/** What a capability's store does about a room as a whole. */
export interface Part {
  /** Listens to the capability's events. Each is applied through `pass`, which holds it back while a room is read. */
  listen(pass: (apply: () => void) => void): Promise<unknown>;
  /** A room is entered, or read anew. */
  enter?(room: RoomView): void;
  /** There is no room any more. */
  clear(): void;
}
