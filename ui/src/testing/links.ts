/** A link's figures, for tests that are about some of them. */
import type { KernelView, LinkView } from "../bindings/contract";

export const KERNEL: KernelView = {
  rttUs: 90,
  rttVariationUs: 20,
  leastRttUs: null,
  windowBytes: 14_480,
  retransmittedBytes: 0,
  unsentBytes: 0,
  deliveryRateBps: 90e6,
  segmentBytes: 1448,
};

export function linkView(more: Partial<LinkView> = {}): LinkView {
  return {
    stream: 1,
    peer: 0,
    peerName: "Ada",
    direction: "out",
    transport: "tcp",
    ackP50Us: 5000,
    ackP95Us: 9000,
    ackP99Us: 9900,
    jitterUs: 100,
    framesPerS: 30,
    goodputBps: 4e6,
    classicRateBps: 8e6,
    lossPct: 0,
    drops: 1,
    retransmits: 2,
    frames: 300,
    kernel: null,
    screenP50Us: null,
    screenP95Us: null,
    clockErrorUs: null,
    datagramBytes: 1452,
    receiveBufferBytes: null,
    ...more,
  };
}
