/** How large the window's contents are drawn, as browsers have it: by Ctrl and +, − or 0. */

/** From the usual size, which is 1, in the steps of browsers. */
const STEPS = [0.67, 0.8, 0.9, 1, 1.1, 1.25, 1.5, 1.75, 2];
const KEPT_AS = "zoom";

export type ZoomStep = "in" | "out" | "reset";

/** What a key does to the zoom, if anything. */
export function zoomStep(event: KeyboardEvent): ZoomStep | null {
  if (!(event.ctrlKey || event.metaKey) || event.altKey) return null;
  switch (event.key) {
    case "+":
    case "=":
      return "in";
    case "-":
    case "_":
      return "out";
    case "0":
      return "reset";
    default:
      return null;
  }
}

/** The zoom in force. It belongs to a screen and a pair of eyes, so every profile of this computer has the same. */
export class Zoom {
  private factor = stored();

  constructor(private readonly set: (factor: number) => Promise<void>) {
    if (this.factor !== 1) void this.apply();
  }

  change(step: ZoomStep): void {
    const at = STEPS.reduce(
      (best, size, i) => (Math.abs(size - this.factor) < Math.abs((STEPS[best] ?? 1) - this.factor) ? i : best),
      0,
    );
    const to = step === "reset" ? STEPS.indexOf(1) : at + (step === "in" ? 1 : -1);
    this.factor = STEPS[Math.min(STEPS.length - 1, Math.max(0, to))] ?? 1;
    try {
      localStorage.setItem(KEPT_AS, String(this.factor));
    } catch {
      // A web view may keep nothing; the zoom holds until the window closes.
    }
    void this.apply();
  }

  private async apply(): Promise<void> {
    await this.set(this.factor).catch(() => undefined); // where a web view cannot zoom, nothing else is harmed
  }
}

function stored(): number {
  try {
    const factor = Number(localStorage.getItem(KEPT_AS));
    return STEPS.includes(factor) ? factor : 1;
  } catch {
    return 1;
  }
}
