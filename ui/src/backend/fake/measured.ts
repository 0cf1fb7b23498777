/** Figures as a link with some loss gives them: UDP even, TCP with the stalls of lost segments. */
import type {
  CompareRow,
  CountsView,
  KernelView,
  LinkView,
  LogEntryView,
  MetricPoint,
  Transport,
  TripView,
} from "../../bindings/contract";

export type Flow = {
  stream: number;
  peer: number;
  peerName: string;
  direction: "out" | "in";
  transport: Transport;
  rate: number;
  bitsPerFrame: number;
};

const CLOCK_ERROR_US = 210;

/** The trips of the frames of the last ten seconds: to a peer, or to the screen. */
export function tripsOf(
  stream: number,
  rate: number,
  bits: number,
  to: Flow | null,
  owner: "mine" | "theirs",
  now: number,
): TripView[] {
  const newest = Math.floor((now / 1000) * rate);
  return Array.from({ length: Math.floor(rate * 10) }, (_, i): TripView => {
    const n = newest - Math.floor(rate * 10) + i + 1;
    const [a, b, c] = [noise(n + stream), noise(n * 3 + stream), noise(n * 7 + stream)];
    const encoded = 3400 + Math.round(a * 900);
    const flight = (to?.transport ?? "tcp") === "tcp" && c > 0.97 ? 28_000 : 3600 + Math.round(b * 2200);
    const queued = encoded + 60;
    const firstOut = queued + Math.round(c * 900);
    const lastOut = firstOut + 1900;
    const received = owner === "mine" && !to ? encoded + 20 : lastOut + flight;
    const decoded = received + 3400 + Math.round(b * 1500);
    return {
      frame: n % 100_000,
      bytes: Math.round((bits / 8) * (0.9 + a * 0.2)),
      atMs: Math.round((n / rate) * 1000),
      capturedUs: 0,
      encodedUs: encoded,
      queuedUs: to && queued,
      firstOutUs: to && firstOut,
      lastOutUs: to && lastOut,
      receivedUs: received,
      ackedUs: to && received + 2700,
      decodedUs: to ? null : decoded,
      drawnUs: to ? null : decoded + 4200 + Math.round(c * 8000),
      clockErrorUs: owner === "mine" && !to ? 0 : CLOCK_ERROR_US,
    };
  });
}

/** Numbers that look like chance and are the same in every run. */
export function noise(seed: number): number {
  const x = Math.sin(seed * 127.1 + 311.7) * 43758.5453;
  return x - Math.floor(x);
}

export function pointAt(flow: Flow, atMs: number): MetricPoint {
  const second = Math.floor(atMs / 1000);
  const dice = noise(second + flow.stream * 17 + flow.peer * 3 + (flow.transport === "tcp" ? 0 : 991));
  const again = noise(second * 3 + flow.stream);
  const stall = flow.transport === "tcp" && dice > 0.9;
  const p50 = flow.transport === "tcp" ? 6 + dice * 4 + (stall ? 20 + again * 22 : 0) : 4 + dice * 1.6;
  const p95 = p50 * (1.3 + again * 0.6) + (flow.transport === "tcp" ? 4 : 1);
  const dropped = flow.transport === "udp" && dice > 0.95 ? 1 : 0;
  const fps = flow.rate * (stall ? 0.7 : 0.97 + dice * 0.03);
  return {
    atMs,
    stream: flow.stream,
    peer: flow.peer,
    transport: flow.transport,
    ackP50Us: p50 * 1000,
    ackP95Us: p95 * 1000,
    goodputBps: fps * flow.bitsPerFrame * (0.96 + again * 0.08),
    framesPerS: fps,
    drops: dropped,
    retransmits: stall ? 2 : dice > 0.9 ? 1 : 0,
  };
}

/** The link's figures over the last ten points of the transport in use; what is counted is counted over both. */
export function linkFrom(flow: Flow, points: MetricPoint[]): LinkView {
  const last = points.filter((p) => p.transport === flow.transport).slice(-10);
  const sorted = last.flatMap((p) => (p.ackP50Us === null ? [] : [p.ackP50Us])).sort((a, b) => a - b);
  const mean = (pick: (p: MetricPoint) => number | null) =>
    last.length === 0 ? null : last.reduce((sum, p) => sum + (pick(p) ?? 0), 0) / last.length;
  const p95 = last.reduce((max, p) => Math.max(max, p.ackP95Us ?? 0), 0);
  const sum = (pick: (p: MetricPoint) => number) => points.reduce((total, p) => total + pick(p), 0);
  return {
    stream: flow.stream,
    peer: flow.peer,
    peerName: flow.peerName,
    direction: flow.direction,
    transport: flow.transport,
    ackP50Us: sorted[Math.floor(sorted.length / 2)] ?? null,
    ackP95Us: last.length ? p95 : null,
    ackP99Us: last.length ? p95 * 1.25 : null,
    jitterUs: flow.transport === "tcp" ? 6300 : 900,
    framesPerS: mean((p) => p.framesPerS),
    goodputBps: last.at(-1)?.goodputBps ?? null,
    classicRateBps: sorted.length ? flow.bitsPerFrame / ((sorted[0] ?? 1) / 1e6) : null,
    lossPct: flow.transport === "tcp" ? 0 : 1.9,
    drops: sum((p) => p.drops),
    retransmits: sum((p) => p.retransmits),
    frames: Math.round(sum((p) => p.framesPerS ?? 0)),
    screenP50Us: flow.direction === "in" ? (sorted[Math.floor(sorted.length / 2)] ?? 0) + 14_600 : null,
    screenP95Us: flow.direction === "in" && last.length ? p95 + 19_800 : null,
    clockErrorUs: flow.direction === "in" ? CLOCK_ERROR_US : null,
    kernel:
      flow.transport === "tcp" && flow.direction === "out"
        ? kernel(
            mean((p) => p.ackP50Us),
            mean((p) => p.goodputBps),
          )
        : null,
    datagramBytes: flow.direction === "out" ? 1452 : null,
    receiveBufferBytes: 8_388_608,
  };
}

function kernel(delayUs: number | null, rateBps: number | null): KernelView {
  const rttUs = delayUs === null ? null : Math.round(delayUs * 0.4);
  return {
    rttUs,
    rttVariationUs: rttUs && Math.round(rttUs / 5),
    leastRttUs: 410,
    windowBytes: 24 * 1448,
    retransmittedBytes: 214 * 1448,
    unsentBytes: 0,
    deliveryRateBps: rateBps === null ? null : Math.round(rateBps * 6),
    segmentBytes: 1448,
  };
}

/** What one transport did in a comparison with this loss, in percent. */
export function compared(transport: Transport, seconds: number, lossPct: number): CompareRow {
  const frames = seconds * 30;
  const tcp = transport === "tcp";
  const dropped = tcp ? Math.round(frames * lossPct * 0.1) : 0;
  const lost = tcp ? 0 : Math.round(frames * lossPct * 0.01);
  return {
    transport,
    links: 2,
    frames,
    arrived: frames - dropped - lost,
    lost,
    dropped,
    resent: Math.round(frames * lossPct * (tcp ? 0.3 : 0.4)),
    bytes: (frames - dropped - lost) * 61_400,
    ackP50Us: tcp ? 8200 : 4800,
    ackP95Us: tcp ? 9900 + lossPct * 14_000 : 7600,
    ackP99Us: tcp ? 14_100 + lossPct * 22_000 : 9800,
    longestGapUs: tcp ? 48_000 + lossPct * 80_000 : 67_000,
  };
}

export function countsOf(flow: Flow): CountsView {
  const counted: [string, string, number][] =
    flow.direction === "out"
      ? [
          ["acked", "frames acknowledged", 2804],
          ["lost-overtaken", "frames lost: a newer one was whole first", 11],
          ["dropped-superseded", "frames not sent: a newer one came while they waited", 3],
          ["resent", "fragments sent again", 214],
        ]
      : [
          ["received", "frames received whole, each the newest", 2790],
          ["missed", "frames missing between those received", 14],
          ["asked-again", "fragments asked for again", 37],
          ["repaired", "fragments computed from parity", 5],
        ];
  return {
    stream: flow.stream,
    peer: flow.peer,
    direction: flow.direction,
    counts: counted.map(([word, meaning, count]) => ({ word, meaning, count })),
  };
}

export function eventLog(now: number): LogEntryView[] {
  const at = (
    s: number,
    icon: LogEntryView["icon"],
    code: string,
    text: string,
    context: LogEntryView["context"] = {},
  ): LogEntryView => ({
    atMs: now - s * 1000,
    icon,
    code,
    text,
    context,
  });
  return [
    at(300, "session", "listening", "listening on port 27182 for TCP and UDP", { port: "27182" }),
    at(244, "lock", "connected", "TLS 1.3 with 192.168.1.31:53412, identity 7f3a90c14bc2…", {
      peer: "192.168.1.31:53412",
    }),
    at(180, "video", "stream_started", "stream 3 is live: 1280×720 at 30 frames/s over UDP", {
      stream: "3",
      transport: "UDP",
    }),
    at(62, "file", "file_done", 'file 1, "rack-photo.jpg", was received completely, and its checksum agrees', {
      file: "1",
      name: "rack-photo.jpg",
    }),
    at(
      12,
      "warn",
      "datagrams_blocked",
      "datagrams do not get through to the host: a firewall may keep UDP; video over TCP works",
    ),
  ];
}
