/** Drawn pictures in place of cameras: JPEG frames with their number in them. */
import { buildAnswer, type Carrier } from "../frame";

const BARS = ["#bfbfbf", "#bfbf00", "#00bfbf", "#00bf00", "#bf00bf", "#bf0000", "#0000bf"];

export type Motif = "pattern" | "board" | "rack";

/** Draws frame number `n`. Its colour bars are at the same places at every size: a test can read them back. */
export function draw(context: CanvasRenderingContext2D, motif: Motif, n: number, width: number, height: number): void {
  context.setTransform(width / 320, 0, 0, height / 180, 0, 0);
  if (motif === "pattern") bars(context, n);
  else if (motif === "board") board(context, n);
  else rack(context, n);
  context.setTransform(1, 0, 0, 1, 0, 0);
}

function bars(context: CanvasRenderingContext2D, n: number): void {
  BARS.forEach((colour, i) => {
    context.fillStyle = colour;
    context.fillRect((i * 320) / 7, 0, 320 / 7 + 1, 122);
  });
  for (let i = 0; i < 8; i += 1) {
    context.fillStyle = `hsl(0 0% ${i * 14}%)`;
    context.fillRect(i * 40, 122, 41, 22);
  }
  context.fillStyle = "#101418";
  context.fillRect(0, 144, 320, 36);
  context.fillStyle = "#fff";
  context.fillRect((n * 4) % 320, 144, 4, 36);
  label(context, n.toString().padStart(5, "0"), 160, 61);
}

function board(context: CanvasRenderingContext2D, n: number): void {
  context.fillStyle = "#8f9a97";
  context.fillRect(0, 0, 320, 180);
  context.fillStyle = "#7f8a87";
  context.fillRect(0, 150, 320, 30);
  context.fillStyle = "#dfe5e3";
  context.fillRect(38, 22, 176, 104);
  context.strokeStyle = "#2b4a6b";
  context.lineWidth = 1.6;
  for (const [x, y] of [
    [60, 44],
    [60, 88],
    [128, 66],
    [178, 66],
  ] as const)
    context.strokeRect(x, y, 30, 18);
  const sway = Math.sin(n / 20) * 3;
  context.fillStyle = "#2f3a44";
  context.beginPath();
  context.ellipse(256 + sway, 176, 40, 52, 0, Math.PI, 0);
  context.fill();
  context.fillStyle = "#d6ab8e";
  context.beginPath();
  context.ellipse(256 + sway, 94, 17, 21, 0, 0, 7);
  context.fill();
  context.fillStyle = "#23201f";
  context.beginPath();
  context.ellipse(256 + sway, 82, 19, 16, 0, Math.PI, 0);
  context.fill();
}

function rack(context: CanvasRenderingContext2D, n: number): void {
  context.fillStyle = "#3c4247";
  context.fillRect(0, 0, 320, 180);
  context.fillStyle = "#121518";
  context.fillRect(70, 0, 180, 180);
  context.fillStyle = "#4a5258";
  for (const [y, h] of [
    [32, 36],
    [86, 36],
    [136, 20],
  ] as const)
    context.fillRect(84, y, 152, h);
  context.fillStyle = "#7be08c";
  for (let i = 0; i < 12; i += 1) if ((n >> 2) % (i + 2) !== 0) context.fillRect(96 + i * 11, 38, 3, 2.5);
  context.lineWidth = 3.5;
  ["#d8a531", "#4f87c7", "#c4573b", "#4f87c7", "#6d9a4a", "#d8a531"].forEach((colour, i) => {
    context.strokeStyle = colour;
    context.beginPath();
    context.moveTo(100 + i * 22, 62);
    context.bezierCurveTo(90 + i * 22, 92, 114 + i * 20, 102, 94 + i * 24, 114);
    context.stroke();
  });
}

function label(context: CanvasRenderingContext2D, text: string, x: number, y: number): void {
  context.fillStyle = "#101418";
  context.fillRect(x - 50, y - 15, 100, 30);
  context.fillStyle = "#fff";
  context.font = "17px monospace";
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.fillText(text, x, y);
}

/** A stream that makes its frames when they are asked for. */
export class Camera {
  private canvas: HTMLCanvasElement | null = null;
  private readonly since = performance.now();

  constructor(
    readonly stream: number,
    readonly motif: Motif,
    public width: number,
    public height: number,
    public rate: number,
    public carrier: Carrier,
  ) {}

  /** The newest frame after number `after`, as the shell would answer it. */
  async next(after: number): Promise<ArrayBuffer> {
    const now = () => Math.floor(((performance.now() - this.since) / 1000) * this.rate);
    while (now() <= after) await new Promise((resolve) => setTimeout(resolve, 4));
    return await this.frame(now());
  }

  private async frame(n: number): Promise<ArrayBuffer> {
    this.canvas ??= document.createElement("canvas");
    if (this.canvas.width !== this.width) this.canvas.width = this.width;
    if (this.canvas.height !== this.height) this.canvas.height = this.height;
    const context = this.canvas.getContext("2d", { willReadFrequently: true });
    if (!context) return new Uint8Array(1).buffer;
    draw(context, this.motif, n, this.width, this.height);
    const canvas = this.canvas;
    const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.6));
    const jpeg = new Uint8Array(blob ? await blob.arrayBuffer() : new ArrayBuffer(0));
    const nowUs = BigInt(Math.round(performance.now() * 1000));
    return buildAnswer({
      stream: this.stream,
      frame: n,
      width: this.width,
      height: this.height,
      carrier: this.carrier,
      capturedUs: nowUs,
      receivedUs: nowUs,
      drops: 0,
      jpeg,
    });
  }
}
