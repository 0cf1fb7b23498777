/** Short news that may be missed: where a snapshot went, that an address was copied. */
export type Toast = { id: number; text: string; tone: "ok" | "bad" };

const SHOWN_MS = 6000;

export class Toasts {
  list = $state.raw<Toast[]>([]);
  private next = 1;

  show(text: string, tone: Toast["tone"] = "ok"): void {
    const toast = { id: this.next++, text, tone };
    this.list = [...this.list.slice(-2), toast];
    setTimeout(() => this.dismiss(toast.id), SHOWN_MS);
  }

  dismiss(id: number): void {
    this.list = this.list.filter((toast) => toast.id !== id);
  }
}
