/**
 * What `next_frame` answers: a header of 40 bytes in network byte order and then the JPEG.
 *
 * ```text
 *  0 u32 stream | 4 u32 frame | 8 u16 width | 10 u16 height | 12 u8 transport | 13 u8[3] zero
 * 16 u64 captured_us | 24 u64 received_us | 32 u32 jpeg length | 36 u32 drops so far
 * ```
 */
export const HEADER_BYTES = 40;

/** How a frame came here; `local` is my own, which crossed no network. */
export type Carrier = "tcp" | "udp" | "local";

export type Frame = {
  stream: number;
  frame: number;
  width: number;
  height: number;
  carrier: Carrier;
  /** By the sender's clock, in microseconds. */
  capturedUs: bigint;
  /** By this computer's clock, in microseconds. */
  receivedUs: bigint;
  /** Frames of this stream that were dropped so far. */
  drops: number;
  jpeg: Uint8Array<ArrayBuffer>;
};

/** A frame, or why there is none: nothing came for a second, or the stream is over. */
export type Answer = Frame | "nothing yet" | "over";

const CARRIERS: Carrier[] = ["tcp", "udp", "local"];

/** Reads an answer. Throws a RangeError for bytes that are not one: the shell and this page do not fit together. */
export function parseAnswer(bytes: ArrayBuffer): Answer {
  if (bytes.byteLength === 0) return "over";
  if (bytes.byteLength === 1) return "nothing yet";
  if (bytes.byteLength < HEADER_BYTES) throw new RangeError(`a frame of ${bytes.byteLength} bytes has no whole header`);
  const view = new DataView(bytes);
  const length = view.getUint32(32);
  if (HEADER_BYTES + length !== bytes.byteLength) {
    throw new RangeError(`a frame says ${length} bytes and has ${bytes.byteLength - HEADER_BYTES}`);
  }
  const carrier = CARRIERS[view.getUint8(12)];
  if (carrier === undefined) throw new RangeError(`a frame came over ${view.getUint8(12)}, which is no transport`);
  return {
    stream: view.getUint32(0),
    frame: view.getUint32(4),
    width: view.getUint16(8),
    height: view.getUint16(10),
    carrier,
    capturedUs: view.getBigUint64(16),
    receivedUs: view.getBigUint64(24),
    drops: view.getUint32(36),
    jpeg: new Uint8Array(bytes, HEADER_BYTES, length),
  };
}

/** The bytes that {@link parseAnswer} reads: for the simulated backend and tests. */
export function buildAnswer(frame: Frame): ArrayBuffer {
  const out = new Uint8Array(HEADER_BYTES + frame.jpeg.length);
  const view = new DataView(out.buffer);
  view.setUint32(0, frame.stream);
  view.setUint32(4, frame.frame);
  view.setUint16(8, frame.width);
  view.setUint16(10, frame.height);
  view.setUint8(12, CARRIERS.indexOf(frame.carrier));
  view.setBigUint64(16, frame.capturedUs);
  view.setBigUint64(24, frame.receivedUs);
  view.setUint32(32, frame.jpeg.length);
  view.setUint32(36, frame.drops);
  out.set(frame.jpeg, HEADER_BYTES);
  return out.buffer;
}
