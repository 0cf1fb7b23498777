/**
 * How a JPEG gets onto a tile's canvas. Which method is fastest depends on the web view and on whether there is a graphics
 * card, so the methods are tried once at the start. All of them leave a 2d canvas whose pixels can be read; a
 * `bitmaprenderer` canvas measures no faster than `bitmap` and cannot be read, so it is not among them.
 */
export type Method = "bitmap" | "bitmap-cpu" | "image";

export type Renderer = {
  method: Method;
  /**
   * Decodes the JPEG and draws it; the canvas takes the picture's size. Resolves with the time when it was decoded, by
   * `performance.now()`; rejects when it is not a picture.
   */
  draw: (canvas: HTMLCanvasElement, jpeg: Uint8Array<ArrayBuffer>) => Promise<number>;
};

const RENDERERS: Record<Method, Renderer["draw"]> = {
  bitmap: (canvas, jpeg) => drawBitmap(canvas, jpeg, false),
  // Keeps the canvas in main memory: without a graphics card this saves reading every picture back.
  "bitmap-cpu": (canvas, jpeg) => drawBitmap(canvas, jpeg, true),
  image: drawImage,
};

async function drawBitmap(
  canvas: HTMLCanvasElement,
  jpeg: Uint8Array<ArrayBuffer>,
  inMemory: boolean,
): Promise<number> {
  const bitmap = await createImageBitmap(new Blob([jpeg], { type: "image/jpeg" }));
  try {
    const decodedMs = performance.now();
    paint(canvas, bitmap, bitmap.width, bitmap.height, inMemory);
    return decodedMs;
  } finally {
    bitmap.close();
  }
}

async function drawImage(canvas: HTMLCanvasElement, jpeg: Uint8Array<ArrayBuffer>): Promise<number> {
  const url = URL.createObjectURL(new Blob([jpeg], { type: "image/jpeg" }));
  try {
    const image = new Image();
    image.src = url;
    await image.decode();
    const decodedMs = performance.now();
    paint(canvas, image, image.naturalWidth, image.naturalHeight, false);
    return decodedMs;
  } finally {
    URL.revokeObjectURL(url);
  }
}

function paint(
  canvas: HTMLCanvasElement,
  picture: CanvasImageSource,
  width: number,
  height: number,
  inMemory: boolean,
) {
  // Setting a size clears the canvas, so it is set only when it changes.
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  const context = canvas.getContext("2d", { alpha: false, willReadFrequently: inMemory });
  context?.drawImage(picture, 0, 0);
}

/** The renderer of this name. */
export function renderer(method: Method): Renderer {
  return { method, draw: RENDERERS[method] };
}

const PROBE_SIZE = { width: 1280, height: 720 };
const PROBE_FRAMES = 8;
/** A window that is not in front draws nothing; the probe then gives up and the first method stands. */
const PROBE_LIMIT_MS = 2000;

let probed: Promise<Renderer> | null = null;

/** The fastest renderer of this machine, found once by drawing the same picture by each method. */
export function fastestRenderer(): Promise<Renderer> {
  probed ??= probe().catch(() => renderer("bitmap"));
  return probed;
}

async function probe(): Promise<Renderer> {
  const jpeg = await samplePicture();
  let best: { method: Method; ms: number } | null = null;
  for (const method of Object.keys(RENDERERS) as Method[]) {
    const ms = await measure(method, jpeg);
    // Another method has to be clearly faster: the first one holds most headroom on ordinary machines.
    if (ms !== null && (best === null || ms < best.ms * 0.85)) best = { method, ms };
  }
  return renderer(best?.method ?? "bitmap");
}

async function measure(method: Method, jpeg: Uint8Array<ArrayBuffer>): Promise<number | null> {
  const canvas = document.createElement("canvas");
  // In the page, so that what it costs to show the canvas is counted too; too small and faint to be seen.
  canvas.className = "probe";
  canvas.setAttribute("aria-hidden", "true");
  document.body.append(canvas);
  const limit = new Promise<null>((resolve) => setTimeout(() => resolve(null), PROBE_LIMIT_MS));
  const run = async () => {
    await RENDERERS[method](canvas, jpeg); // the first picture pays for setting up
    const from = performance.now();
    for (let i = 0; i < PROBE_FRAMES; i += 1) {
      await RENDERERS[method](canvas, jpeg);
      await new Promise((resolve) => requestAnimationFrame(resolve));
    }
    return performance.now() - from;
  };
  try {
    return await Promise.race([run(), limit]);
  } catch {
    return null;
  } finally {
    canvas.remove();
  }
}

async function samplePicture(): Promise<Uint8Array<ArrayBuffer>> {
  const canvas = document.createElement("canvas");
  Object.assign(canvas, PROBE_SIZE);
  const context = canvas.getContext("2d");
  if (!context) throw new Error("no 2d canvas");
  // Stripes and squares of many colours: as hard to decode as a real picture.
  for (let y = 0; y < PROBE_SIZE.height; y += 12) {
    for (let x = 0; x < PROBE_SIZE.width; x += 12) {
      context.fillStyle = `hsl(${(x * 7 + y * 13) % 360} 70% ${20 + ((x * y) % 60)}%)`;
      context.fillRect(x, y, 12, 12);
    }
  }
  const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.5));
  if (!blob) throw new Error("no JPEG encoder");
  return new Uint8Array(await blob.arrayBuffer());
}
