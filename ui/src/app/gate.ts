/**
 * Holds back events while a room is being entered or read anew, and lets them through afterwards. The answer that
 * carries the room and the events around it travel separately and overtake each other; without this an event
 * that is newer than the answer would be overwritten by it.
 */
export class Gate {
  private holders = 0;
  private held: (() => void)[] = [];

  /** Runs `apply` now, or once the gate is open again. */
  pass(apply: () => void): void {
    if (this.holders > 0) this.held.push(apply);
    else apply();
  }

  /** Runs `task` with the gate shut. */
  async during<T>(task: () => Promise<T>): Promise<T> {
    this.holders += 1;
    try {
      return await task();
    } finally {
      this.holders -= 1;
      if (this.holders === 0) for (const apply of this.held.splice(0)) apply();
    }
  }
}
