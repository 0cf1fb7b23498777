import type { DragView, Pick } from "../../bindings/contract";

/** Reports a plain browser's dragged files as the shell reports the system's. */
export function followBrowserDrags(report: (drag: DragView) => void, pick: (name: string) => Pick): void {
  const holdsFiles = (event: DragEvent) => event.dataTransfer?.types.includes("Files") ?? false;
  let depth = 0;
  addEventListener("dragenter", (event) => {
    if (!holdsFiles(event)) return;
    event.preventDefault();
    depth += 1;
    if (depth === 1) report({ kind: "over" });
  });
  addEventListener("dragover", (event) => holdsFiles(event) && event.preventDefault());
  addEventListener("dragleave", (event) => {
    if (!holdsFiles(event)) return;
    depth -= 1;
    if (depth === 0) report({ kind: "away" });
  });
  addEventListener("drop", (event) => {
    if (!holdsFiles(event)) return;
    event.preventDefault();
    depth = 0;
    report({ kind: "dropped", picks: [...(event.dataTransfer?.files ?? [])].map((file) => pick(file.name)) });
  });
}
