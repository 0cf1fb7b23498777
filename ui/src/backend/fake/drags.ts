import type { DragView, Pick } from "../../bindings/contract";

/** Tells of a plain browser's dragged files as the shell tells of the system's. */
export function followBrowserDrags(tell: (drag: DragView) => void, pick: (name: string) => Pick): void {
  const holdsFiles = (event: DragEvent) => event.dataTransfer?.types.includes("Files") ?? false;
  let depth = 0;
  addEventListener("dragenter", (event) => {
    if (!holdsFiles(event)) return;
    event.preventDefault();
    depth += 1;
    if (depth === 1) tell({ kind: "over" });
  });
  addEventListener("dragover", (event) => holdsFiles(event) && event.preventDefault());
  addEventListener("dragleave", (event) => {
    if (!holdsFiles(event)) return;
    depth -= 1;
    if (depth === 0) tell({ kind: "away" });
  });
  addEventListener("drop", (event) => {
    if (!holdsFiles(event)) return;
    event.preventDefault();
    depth = 0;
    tell({ kind: "dropped", picks: [...(event.dataTransfer?.files ?? [])].map((file) => pick(file.name)) });
  });
}
