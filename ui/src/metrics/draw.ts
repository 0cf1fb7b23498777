/** uPlot's options for a chart of lines: TCP solid, UDP broken, and the marks on the ground line. */
import type uPlot from "uplot";
import { agoLabel, apart, isNamed, niceTop, type Chart, type Line, type Marks } from "./lines";

export type Colours = {
  tcp: string;
  udp: string;
  ink: string;
  grid: string;
  line: string;
  strong: string;
  panel: string;
  font: string;
};

/** Lines of one colour differ in their shade, and the broken ones in their dashes. */
const SHADES = [100, 66, 40];
const DASHES = [
  [5, 2.5],
  [10, 3],
  [2, 2],
];
/** More names than this would hide the lines; the pointer's figures name all of them. */
const MOST_NAMES = 4;
const NAME_PX = 11;
/** How far above the ground line the lowest name stands, in pixels: the marks are below it. */
const ABOVE_MARKS_PX = 26;

/** Gaps up to this are a late point and not a pause, in seconds. */
const BRIDGED_S = 2.5;

export function options(
  chart: Chart,
  colours: Colours,
  input: {
    spanS: () => number;
    nowS: () => number;
    now: () => string;
    pinS: () => number | null;
    marks: () => Marks;
    chart: () => Chart;
    nameOf: (line: Line) => string;
    band: boolean;
    syncKey: string;
    onCursor: (u: uPlot) => void;
  },
): uPlot.Options {
  const bands: uPlot.Band[] = [];
  const series: uPlot.Series[] = [{}];
  for (const line of chart.lines) {
    const colour = colourOf(line, colours);
    const at = series.length;
    series.push({
      stroke: colour,
      width: 1.5,
      dash: line.transport === "udp" ? (DASHES[line.nth % DASHES.length] ?? []) : [],
      points: { show: false },
      gaps: longGaps,
    });
    series.push({ stroke: "transparent", width: 0, points: { show: false }, show: input.band, gaps: longGaps });
    if (input.band) bands.push({ series: [at + 1, at], fill: `color-mix(in srgb, ${colour} 18%, transparent)` });
  }
  const font = `11px ${colours.font}`;
  return {
    width: 100,
    height: 100,
    padding: [8, 12, 0, 0],
    legend: { show: false },
    cursor: {
      y: false,
      points: { size: 7 },
      drag: { setScale: false, x: false, y: false },
      sync: { key: input.syncKey, setSeries: false },
    },
    scales: {
      x: { time: false, range: () => [input.nowS() - input.spanS(), input.nowS()] },
      y: { range: (_, __, max) => [0, niceTop(max ?? 1)] },
    },
    axes: [
      {
        stroke: colours.ink,
        font,
        size: 18,
        gap: 2,
        grid: { show: false },
        ticks: { show: false },
        border: { show: true, stroke: colours.line, width: 1 },
        // Drawn below: the first and last label keep inside the chart, which one alignment for all cannot do.
        values: (_, splits) => splits.map(() => ""),
      },
      {
        stroke: colours.ink,
        font,
        size: 34,
        gap: 4,
        grid: { stroke: colours.grid, width: 1 },
        ticks: { show: false },
        splits: (u, _, __, max) => (u.height < 190 ? [0, max / 2, max] : [0, max / 4, max / 2, (max * 3) / 4, max]),
        values: (_, splits) =>
          splits.map((v) => (v === 0 ? "0" : v < 1 ? v.toFixed(2) : Number.isInteger(v) ? String(v) : v.toFixed(1))),
      },
    ],
    series,
    bands,
    hooks: {
      draw: [
        (u) => drawPin(u, input.pinS(), colours),
        (u) => drawMarks(u, input.marks(), colours),
        (u) => drawNames(u, input.chart(), input.nameOf, colours),
        (u) => drawTimes(u, input, colours),
      ],
      setCursor: [input.onCursor],
    },
  };
}

export function data(chart: Chart): uPlot.AlignedData {
  return [chart.seconds, ...chart.lines.flatMap((line) => [line.low, line.high])] as uPlot.AlignedData;
}

function longGaps(u: uPlot, _: number, __: number, ___: number, gaps: uPlot.Series.Gaps): uPlot.Series.Gaps {
  const least = Math.abs(u.valToPos(BRIDGED_S, "x", true) - u.valToPos(0, "x", true));
  return gaps.filter(([from, to]) => to - from > least);
}

function colourOf(line: Line, colours: Colours): string {
  const shade = SHADES[line.nth % SHADES.length];
  return line.nth === 0
    ? colours[line.transport]
    : `color-mix(in srgb, ${colours[line.transport]} ${shade}%, ${colours.strong})`;
}

/** The names of lines that share a colour, at their ends. */
function drawNames(u: uPlot, chart: Chart, nameOf: (line: Line) => string, colours: Colours): void {
  const named = chart.lines.filter((line) => isNamed(line, chart.lines));
  if (named.length > MOST_NAMES) return;
  const px = devicePixelRatio;
  const ends = named.flatMap((line) => {
    const i = line.low.findLastIndex((value) => value !== null);
    const value = line.low[i];
    const at = chart.seconds[i];
    return value === null || value === undefined || at === undefined
      ? []
      : [{ line, x: u.valToPos(at, "x", true), y: u.valToPos(value, "y", true) }];
  });
  const step = NAME_PX * px;
  const heights = apart(
    ends.map((end) => end.y - step),
    step,
    u.bbox.top + step / 2,
    u.bbox.top + u.bbox.height - ABOVE_MARKS_PX * px,
  );
  const context = u.ctx;
  context.save();
  context.setLineDash([]);
  context.font = `${NAME_PX * px}px ${colours.font}`;
  context.textBaseline = "middle";
  context.textAlign = "right";
  context.lineJoin = "round";
  ends.forEach(({ line, x }, i) => {
    const text = cut(nameOf(line), u.bbox.width / 3, (words) => context.measureText(words).width);
    const right = Math.max(x - 2 * px, u.bbox.left + context.measureText(text).width);
    context.lineWidth = 3 * px;
    context.strokeStyle = colours.panel;
    context.strokeText(text, right, heights[i] ?? 0);
    context.fillStyle = colourOf(line, colours);
    context.fillText(text, right, heights[i] ?? 0);
  });
  context.restore();
}

/** As much of a text as is no wider than `width`. */
function cut(text: string, width: number, widthOf: (text: string) => number): string {
  if (widthOf(text) <= width) return text;
  const letters = [...text];
  while (letters.length > 1 && widthOf(`${letters.join("")}…`) > width) letters.pop();
  return `${letters.join("")}…`;
}

function drawTimes(
  u: uPlot,
  input: { spanS: () => number; nowS: () => number; now: () => string },
  colours: Colours,
): void {
  const context = u.ctx;
  const parts = u.width < 460 ? [0, 0.5, 1] : [0, 0.25, 0.5, 0.75, 1];
  context.save();
  context.fillStyle = colours.ink;
  context.font = `${11 * devicePixelRatio}px ${colours.font}`;
  context.textBaseline = "top";
  for (const part of parts) {
    context.textAlign = part === 0 ? "left" : part === 1 ? "right" : "center";
    const text = agoLabel(input.spanS() * (1 - part), input.now());
    context.fillText(text, u.bbox.left + u.bbox.width * part, u.bbox.top + u.bbox.height + 4 * devicePixelRatio);
  }
  context.restore();
}

/** A line from top to ground where a frame is looked at. */
function drawPin(u: uPlot, pinS: number | null, colours: Colours): void {
  if (pinS === null) return;
  const x = u.valToPos(pinS, "x", true);
  if (x < u.bbox.left || x > u.bbox.left + u.bbox.width) return;
  const context = u.ctx;
  context.save();
  context.setLineDash([]);
  context.strokeStyle = colours.strong;
  context.lineWidth = devicePixelRatio;
  context.beginPath();
  context.moveTo(x, u.bbox.top);
  context.lineTo(x, u.bbox.top + u.bbox.height);
  context.stroke();
  context.restore();
}

/** A triangle for frames or segments sent again, a cross for dropped frames: their shapes distinguish them. */
function drawMarks(u: uPlot, marks: Marks, colours: Colours): void {
  const context = u.ctx;
  const px = devicePixelRatio;
  const size = 4 * px;
  const ground = u.bbox.top + u.bbox.height;
  context.save();
  for (const mark of marks) {
    const x = u.valToPos(mark.atS, "x", true);
    if (x < u.bbox.left || x > u.bbox.left + u.bbox.width) continue;
    context.strokeStyle = colours[mark.transport];
    context.fillStyle = colours[mark.transport];
    context.lineWidth = 1.5 * px;
    context.beginPath();
    if (mark.kind === "retransmit") {
      const y = ground - 5 * px;
      context.moveTo(x, y - size);
      context.lineTo(x + size, y + size);
      context.lineTo(x - size, y + size);
      context.closePath();
      context.fill();
    } else {
      const y = ground - 15 * px;
      const arm = size * 0.75;
      context.moveTo(x - arm, y - arm);
      context.lineTo(x + arm, y + arm);
      context.moveTo(x + arm, y - arm);
      context.lineTo(x - arm, y + arm);
      context.stroke();
    }
  }
  context.restore();
}
