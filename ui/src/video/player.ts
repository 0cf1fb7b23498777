import type { DrawnFrame } from "../bindings/contract";
import type { Frame } from "../backend/frame";
import { startPump, type Pump } from "./pump";
import { fastestRenderer } from "./renderer";

/**
 * Draws a stream on a canvas for as long as it is in sight, and until the returned function is called: a picture out of sight
 * asks for nothing.
 */
export function play(
  canvas: HTMLCanvasElement,
  options: {
    next: (after: number, drawn: DrawnFrame | null) => Promise<ArrayBuffer>;
    onDrawn: (frame: Frame) => void;
    onError: () => void;
    onSight: (inSight: boolean) => void;
  },
): () => void {
  // Where nobody can say, it is.
  let inSight = typeof IntersectionObserver === "undefined";
  let pump: Pump | null = null;
  let gone = false;
  const settle = () => {
    const seen = inSight && document.visibilityState === "visible";
    options.onSight(seen);
    pump?.setActive(seen);
  };

  void fastestRenderer().then((renderer) => {
    if (gone) return;
    pump = startPump({
      next: options.next,
      draw: async (frame) => {
        const decodedMs = await renderer.draw(canvas, frame.jpeg);
        options.onDrawn(frame);
        return decodedMs;
      },
      onError: options.onError,
    });
    settle();
  });
  settle();

  const sight =
    typeof IntersectionObserver === "undefined"
      ? null
      : new IntersectionObserver((entries) => {
          inSight = entries.at(-1)?.isIntersecting ?? true;
          settle();
        });
  sight?.observe(canvas);
  document.addEventListener("visibilitychange", settle);
  return () => {
    gone = true;
    pump?.stop();
    sight?.disconnect();
    document.removeEventListener("visibilitychange", settle);
  };
}
