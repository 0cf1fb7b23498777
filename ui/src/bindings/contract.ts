/* eslint-disable max-lines -- it is generated whole */
// What crosses between the desktop shell and the interface: generated from the shell's types, never edited by hand.
// Every number that is a time says its unit in its name.

// ---------- common ----------
/**
 * The words for what can go wrong. Each has a sentence in every language of the interface.
 */
export type ErrorCode =
  | "port_in_use"
  | "address_invalid"
  | "unreachable"
  | "refused"
  | "not_a_room"
  | "version_mismatch"
  | "identity_changed"
  | "known_rooms_unreadable"
  | "host_gone"
  | "timed_out"
  | "too_long"
  | "empty"
  | "no_room"
  | "already_in_room"
  | "file_unreadable"
  | "is_folder"
  | "not_picked"
  | "disk_full"
  | "file_gone"
  | "file_corrupt"
  | "file_too_long"
  | "file_not_placed"
  | "file_changed"
  | "too_many_open"
  | "cancelled"
  | "camera_busy"
  | "camera_forbidden"
  | "camera_unplugged"
  | "camera_absent"
  | "camera_stalled"
  | "screen_absent"
  | "window_closed"
  | "format_unsupported"
  | "ffmpeg_missing"
  | "video_unreadable"
  | "recording_failed"
  | "already_live"
  | "not_live"
  | "storage"
  | "internal";
/**
 * An error a person can act on: the interface makes a sentence of the code and the context, in the language in force.
 */
export type IpcError = {
  /**
   * A stable word.
   */
  code: ErrorCode;
  /**
   * The same in English, for a log.
   */
  message: string;
  /**
   * The values for a translated sentence.
   */
  context: Record<string, string>;
};
/**
 * Something that was picked, as the page knows it.
 */
export type Pick = {
  /**
   * What the page names it by.
   */
  handle: number;
  /**
   * Its name without its folder, to be shown.
   */
  name: string;
};

// ---------- session ----------
/**
 * The interface's languages.
 */
export type Language = "en" | "zh";
/**
 * What was used last, to begin with the next time.
 */
export type LastUsed = {
  /**
   * The name of the room that was hosted; empty: none was.
   */
  roomName: string;
  /**
   * The camera or pattern that was live; empty: none was.
   */
  source: string;
  /**
   * The size and rate it was asked for.
   */
  format: SourceFormat | null;
};
/**
 * Why a person is no longer here.
 */
export type LeaveReason = "left" | "lost" | "removed";
/**
 * State of this computer's connection to the room. A host's is always up.
 */
export type LinkState =
  | { kind: "up" }
  | {
      kind: "lost";
      /**
       * How often it has been tried.
       */
      attempt: number;
      /**
       * Until the next attempt, in milliseconds.
       */
      retryInMs: number;
      /**
       * When it was lost, in milliseconds since 1970.
       */
      atMs: number;
      /**
       * Why.
       */
      reason: IpcError;
    };
/**
 * A person in the room.
 */
export type Person = {
  /**
   * 0 is the host.
   */
  id: number;
  /**
   * What they say about themselves.
   */
  profile: Profile;
  /**
   * The address the host sees them at, such as "192.168.1.31:53412".
   */
  address: string;
  /**
   * 64 hexadecimal digits of the certificate's SHA-256.
   */
  fingerprint: string;
  /**
   * Whether they host the room.
   */
  isHost: boolean;
  /**
   * Whether it is this window's person.
   */
  isMe: boolean;
  /**
   * Whether they can be reached right now.
   */
  presence: Presence;
};
/**
 * Whether a person can be reached right now.
 */
export type Presence = "here" | "reconnecting";
/**
 * What a person says about themselves.
 */
export type Profile = {
  /**
   * The name others see.
   */
  name: string;
  /**
   * Whatever the person adds.
   */
  about: string;
  /**
   * "#rrggbb"
   */
  colour: string;
  /**
   * The computer's name.
   */
  device: string;
};
/**
 * An address that others may reach this computer at.
 */
export type ReachableAt = {
  /**
   * With the port, such as "192.168.1.24:27182".
   */
  address: string;
  /**
   * The network interface's name, such as "wlan0".
   */
  network: string;
  /**
   * Whether only this computer can reach it.
   */
  loopback: boolean;
};
/**
 * A room joined before.
 */
export type RecentRoom = {
  /**
   * The room's name.
   */
  name: string;
  /**
   * Where it was.
   */
  address: string;
  /**
   * The host's identity.
   */
  fingerprint: string;
  /**
   * Its other addresses.
   */
  alsoAt: Array<string>;
  /**
   * In milliseconds since 1970.
   */
  lastSeenMs: number;
};
/**
 * Server or client.
 */
export type Role = "host" | "member";
/**
 * The whole room, when it is entered or looked at anew.
 */
export type RoomView = {
  /**
   * Server or client.
   */
  role: Role;
  /**
   * The room's name.
   */
  name: string;
  /**
   * As joined, or for a host the first address that others can reach.
   */
  address: string;
  /**
   * For a host; empty for a member.
   */
  reachableAt: Array<ReachableAt>;
  /**
   * The host's identity.
   */
  fingerprint: string;
  /**
   * This window's person.
   */
  me: number;
  /**
   * State of the connection to the host.
   */
  link: LinkState;
  /**
   * Who is here.
   */
  people: Array<Person>;
  /**
   * What was said.
   */
  chat: Array<ChatEntry>;
  /**
   * What is offered.
   */
  files: Array<FileView>;
  /**
   * What is live.
   */
  streams: Array<StreamView>;
  /**
   * This window's own video.
   */
  live: LiveView | null;
};
/**
 * What happens to who is here.
 */
export type SessionEvent =
  | {
      kind: "joined";
      /**
       * Who.
       */
      person: Person;
    }
  | {
      kind: "left";
      /**
       * Who it was.
       */
      person: Person;
      /**
       * Why.
       */
      reason: LeaveReason;
    }
  | {
      kind: "person_changed";
      /**
       * As they are now.
       */
      person: Person;
    }
  | {
      kind: "link_changed";
      /**
       * As it is now.
       */
      link: LinkState;
    }
  | {
      kind: "addresses_changed";
      /**
       * All there are, the likeliest first.
       */
      addresses: Array<ReachableAt>;
    }
  | {
      kind: "close_asked";
      /**
       * How many others lose their room by it: 0 on a member's computer.
       */
      others: number;
      /**
       * How many files are on the move here.
       */
      moving: number;
    }
  | {
      kind: "closed";
      /**
       * `null` when this window's person ended it.
       */
      reason: IpcError | null;
    };
/**
 * What a person chose, stored from start to start.
 */
export type Settings = {
  /**
   * The interface's language.
   */
  language: Language;
  /**
   * Light or dark.
   */
  theme: Theme;
  /**
   * The port a room is opened on.
   */
  port: number;
  /**
   * What my video starts with.
   */
  transport: Transport;
  /**
   * The folder that received files go to.
   */
  downloads: string;
  /**
   * JPEG quality, 1 to 100: the most, unless it is fixed.
   */
  quality: number;
  /**
   * The least JPEG quality when the network does not take more.
   */
  leastQuality: number;
  /**
   * The least bitrate that is aimed at whatever the network takes; `null`: as the network has it.
   */
  leastKbps: number | null;
  /**
   * The most; `null`: as the network has it.
   */
  mostKbps: number | null;
  /**
   * Whether the pictures stay as they are asked for, whatever the network takes.
   */
  isFixed: boolean;
  /**
   * Whether my video over UDP stays there though nothing answers; otherwise it goes over TCP meanwhile.
   */
  staysOnUdp: boolean;
};
/**
 * What the start screen shows.
 */
export type StartView = {
  /**
   * Who I am.
   */
  profile: Profile;
  /**
   * The name given by `--profile`.
   */
  profileName: string | null;
  /**
   * What was chosen.
   */
  settings: Settings;
  /**
   * What was used last.
   */
  last: LastUsed;
  /**
   * This computer's addresses, with the settings' port.
   */
  addresses: Array<ReachableAt>;
  /**
   * Rooms joined before, the latest first.
   */
  recent: Array<RecentRoom>;
  /**
   * This program's version.
   */
  version: string;
  /**
   * Free room where downloads go, in bytes.
   */
  downloadsFree: number | null;
  /**
   * Whether the name has never been confirmed yet.
   */
  firstRun: boolean;
  /**
   * An address to join at once.
   */
  autoJoin: string | null;
  /**
   * An address that a link names, to be joined when the person asks; what is none is as it was.
   */
  linked: string | null;
};
/**
 * Light or dark.
 */
export type Theme = "auto" | "light" | "dark";

// ---------- chat ----------
/**
 * What a [`ChatEntry`] says.
 */
export type ChatBody =
  | {
      kind: "text";
      /**
       * The words.
       */
      text: string;
    }
  | { kind: "joined" }
  | {
      kind: "left";
      /**
       * Why.
       */
      reason: LeaveReason;
    }
  | { kind: "opened" }
  | { kind: "anew" };
/**
 * A line of the chat.
 */
export type ChatEntry = {
  /**
   * Unique and stable in this window. Order of appearance is by `era`, then by `seq`, unsent ones last, then by `key`.
   */
  key: number;
  /**
   * Counts the rooms at this address: it grows when the host begins anew.
   */
  era: number;
  /**
   * The host's number; `null` until the receipt has come.
   */
  seq: number | null;
  /**
   * What it says.
   */
  body: ChatBody;
  /**
   * Who it is from or about.
   */
  from: number;
  /**
   * Their name when it was said.
   */
  name: string;
  /**
   * Their colour when it was said.
   */
  colour: string;
  /**
   * Their address when it was said.
   */
  address: string;
  /**
   * Whether this window's person said it.
   */
  mine: boolean;
  /**
   * In milliseconds since 1970, by the host's clock, or by this computer's while unsent.
   */
  atMs: number;
  /**
   * How far it came.
   */
  state: ChatState;
  /**
   * Why it failed.
   */
  error: IpcError | null;
};
/**
 * What happens to what is said.
 */
export type ChatEvent =
  | {
      kind: "entry";
      /**
       * As it is now.
       */
      entry: ChatEntry;
    }
  | {
      kind: "replaced";
      /**
       * All there is.
       */
      entries: Array<ChatEntry>;
    };
/**
 * How far a message came.
 */
export type ChatState = "waiting" | "delivered" | "failed";

// ---------- files ----------
/**
 * Files that are dragged over the window.
 */
export type DragView =
  | { kind: "over" }
  | { kind: "away" }
  | {
      kind: "dropped";
      /**
       * What was dropped.
       */
      picks: Array<Pick>;
    };
/**
 * How far a file is, for this window's person.
 */
export type FileState =
  | { kind: "offered" }
  | {
      kind: "transferring";
      /**
       * Bytes that are through.
       */
      done: number;
      /**
       * Bytes per second.
       */
      rate: number | null;
      /**
       * At this rate.
       */
      secondsLeft: number | null;
    }
  | {
      kind: "paused";
      /**
       * Bytes that are through.
       */
      done: number;
      /**
       * Whether it goes on by itself, once the connection is back.
       */
      isInterrupted: boolean;
    }
  | {
      kind: "done";
      /**
       * Where it is on this computer.
       */
      path: string | null;
      /**
       * Whether its BLAKE3 hash agreed.
       */
      checked: boolean;
    }
  | {
      kind: "failed";
      /**
       * Bytes that were through.
       */
      done: number;
      /**
       * Why.
       */
      error: IpcError;
    }
  | { kind: "declined" }
  | { kind: "cancelled" };
/**
 * A file on offer.
 */
export type FileView = {
  /**
   * Its number in this room.
   */
  id: number;
  /**
   * A plain, safe name.
   */
  name: string;
  /**
   * In bytes.
   */
  size: number;
  /**
   * Its kind, such as "image/png".
   */
  mime: string;
  /**
   * Whose it is.
   */
  owner: number;
  /**
   * Their name when they offered it.
   */
  ownerName: string;
  /**
   * Whether it is this window's person's.
   */
  mine: boolean;
  /**
   * Whom it is for; empty: everyone.
   */
  to: Array<number>;
  /**
   * Who has it whole and checked.
   */
  receivedBy: Array<number>;
  /**
   * 64 hexadecimal digits of its BLAKE3 hash, once the host has it whole or it is whole here.
   */
  blake3: string | null;
  /**
   * When it was offered, in milliseconds since 1970.
   */
  atMs: number;
  /**
   * How far it is, for this window's person.
   */
  state: FileState;
  /**
   * A data: URL of a small picture, for pictures that are on this computer.
   */
  preview: string | null;
};
/**
 * What happens to what is offered.
 */
export type FilesEvent =
  | {
      kind: "file";
      /**
       * As it is now.
       */
      file: FileView;
    }
  | {
      kind: "removed";
      /**
       * Which.
       */
      id: number;
    }
  | {
      kind: "drag";
      /**
       * How far they are.
       */
      drag: DragView;
    };
/**
 * A pick that could not be offered.
 */
export type NotOffered = {
  /**
   * Its name without its folder.
   */
  name: string;
  /**
   * Why.
   */
  error: IpcError;
};
/**
 * What became of picks that were to be offered.
 */
export type OfferedView = {
  /**
   * Those that are on offer now.
   */
  files: Array<FileView>;
  /**
   * Those that are not.
   */
  failed: Array<NotOffered>;
};
/**
 * What opening a file came to.
 */
export type OpenedFile = "opened" | "shown";

// ---------- video ----------
/**
 * A frame that the page has drawn since it asked last. Both times are lengths on the page's clock, up to the moment it asked.
 */
export type DrawnFrame = {
  /**
   * Its number.
   */
  frame: number;
  /**
   * How long ago its JPEG was taken apart.
   */
  decodedAgoUs: number;
  /**
   * How long ago it was on the window's surface when that was painted.
   */
  drawnAgoUs: number;
};
/**
 * My video, while it is live.
 */
export type LiveView = {
  /**
   * Its number in the room.
   */
  stream: number;
  /**
   * What it is, with the size and rate that the source settled on.
   */
  spec: PublishOptionsView;
  /**
   * The source's name in words.
   */
  sourceName: string;
  /**
   * Whether its frames stay on UDP though nothing answers; otherwise they go over TCP meanwhile.
   */
  staysOnUdp: boolean;
  /**
   * Since when, in milliseconds since 1970.
   */
  sinceMs: number;
  /**
   * How its pictures are made at present.
   */
  made: MadeView;
};
/**
 * How pictures are made at present, so that they fit the network.
 */
export type MadeView = {
  /**
   * JPEG quality.
   */
  quality: number;
  /**
   * In pixels.
   */
  width: number;
  /**
   * In pixels.
   */
  height: number;
  /**
   * Frames per second at most.
   */
  rate: number;
};
/**
 * What my video is to be.
 */
export type PublishOptionsView = {
  /**
   * A [`SourceView::id`].
   */
  source: string;
  /**
   * In pixels; 0: the source's own.
   */
  width: number;
  /**
   * In pixels; 0: the source's own.
   */
  height: number;
  /**
   * Frames per second at most; 0: the source's own.
   */
  rate: number;
  /**
   * JPEG quality, 1 to 100: the most, unless it is fixed.
   */
  quality: number;
  /**
   * The least JPEG quality when the network does not take more.
   */
  leastQuality: number;
  /**
   * The least bitrate that is aimed at whatever the network takes; `null`: as the network has it.
   */
  leastKbps: number | null;
  /**
   * The most; `null`: as the network has it.
   */
  mostKbps: number | null;
  /**
   * Whether the pictures stay as they are asked for, whatever the network takes.
   */
  isFixed: boolean;
  /**
   * What carries the frames.
   */
  transport: Transport;
};
/**
 * What a recording has become.
 */
export type RecordedView = {
  /**
   * Its files, in order: a new one begins when the pictures change their size. None when not one frame came.
   */
  files: Array<string>;
  /**
   * The list of each frame's exact time, comma-separated; `null` when not one frame came.
   */
  times: string | null;
  /**
   * Frames in them.
   */
  frames: number;
  /**
   * Frames left out, as when the disk is too slow.
   */
  leftOut: number;
  /**
   * Bytes of the files.
   */
  bytes: number;
  /**
   * From the first frame to the last.
   */
  lengthMs: number;
};
/**
 * A size and a rate that a source offers.
 */
export type SourceFormat = {
  /**
   * In pixels.
   */
  width: number;
  /**
   * In pixels.
   */
  height: number;
  /**
   * Frames per second.
   */
  rate: number;
};
/**
 * What kind of thing gives the pictures.
 */
export type SourceKind = "camera" | "file" | "pattern" | "screen";
/**
 * What pictures can come from.
 */
export type SourceView = {
  /**
   * "pattern", "camera:/dev/video0", "screen", "screen:2", "screen:Title of a window", "file:7" for a file that was picked
   */
  id: string;
  /**
   * What kind of thing it is.
   */
  kind: SourceKind;
  /**
   * Its name in words.
   */
  name: string;
  /**
   * What it offers; empty when that is not known.
   */
  formats: Array<SourceFormat>;
};
/**
 * A live stream.
 */
export type StreamView = {
  /**
   * Its number in the room.
   */
  id: number;
  /**
   * Who sends it.
   */
  owner: number;
  /**
   * Their name.
   */
  ownerName: string;
  /**
   * Whether it is this window's person's.
   */
  mine: boolean;
  /**
   * What kind of thing gives the pictures.
   */
  source: SourceKind;
  /**
   * The source's name in words.
   */
  title: string;
  /**
   * In pixels.
   */
  width: number;
  /**
   * In pixels.
   */
  height: number;
  /**
   * Frames per second as intended.
   */
  rate: number;
  /**
   * What carries it from its sender to the host.
   */
  transport: Transport;
  /**
   * Whether its frames come to this computer.
   */
  watching: boolean;
  /**
   * Since when it is being recorded, in milliseconds since 1970; `null`: it is not.
   */
  recordingSinceMs: number | null;
};
/**
 * What carries frames.
 */
export type Transport = "tcp" | "udp";
/**
 * What happens to live pictures.
 */
export type VideoEvent =
  | {
      kind: "started";
      /**
       * Which.
       */
      stream: StreamView;
    }
  | {
      kind: "changed";
      /**
       * As it is now.
       */
      stream: StreamView;
    }
  | {
      kind: "stopped";
      /**
       * Which.
       */
      stream: number;
      /**
       * Why, when it was not by choice.
       */
      reason: IpcError | null;
    }
  | {
      kind: "live";
      /**
       * `null`: it ended.
       */
      live: LiveView | null;
      /**
       * Why it ended, when it was not by choice.
       */
      error: IpcError | null;
    }
  | {
      kind: "recorded";
      /**
       * Of which stream.
       */
      stream: number;
      /**
       * What it has become.
       */
      recorded: RecordedView;
      /**
       * Why it ended, when it was not by choice.
       */
      error: IpcError | null;
    };

// ---------- metrics ----------
/**
 * What one transport did, over all links on which the stream went out.
 */
export type CompareRow = {
  /**
   * Which.
   */
  transport: Transport;
  /**
   * Peers that the stream went to.
   */
  links: number;
  /**
   * Frames whose end is known.
   */
  frames: number;
  /**
   * Frames that arrived.
   */
  arrived: number;
  /**
   * Frames sent that did not.
   */
  lost: number;
  /**
   * Frames not sent.
   */
  dropped: number;
  /**
   * Fragments sent again.
   */
  resent: number;
  /**
   * Bytes of the frames that arrived.
   */
  bytes: number;
  /**
   * First byte out to acknowledgement, the receiver's hold time taken off: median.
   */
  ackP50Us: number | null;
  /**
   * 95th percentile of the same.
   */
  ackP95Us: number | null;
  /**
   * 99th percentile of the same.
   */
  ackP99Us: number | null;
  /**
   * The longest time on one link without a frame that arrived.
   */
  longestGapUs: number | null;
};
/**
 * A comparison, in progress or done.
 */
export type CompareView = {
  /**
   * What is being measured now; `null` when it is over.
   */
  running: Transport | null;
  /**
   * How long each is measured.
   */
  seconds: number;
  /**
   * When it began, in milliseconds since 1970.
   */
  sinceMs: number;
  /**
   * When what is being measured now began.
   */
  runningSinceMs: number;
  /**
   * The source's name in words.
   */
  source: string;
  /**
   * Which source that is: a [`SourceView::id`](crate::video::view::SourceView::id).
   */
  sourceId: string;
  /**
   * Each transport that was measured to its end, in order.
   */
  rows: Array<CompareRow>;
  /**
   * Why it ended early.
   */
  error: IpcError | null;
};
/**
 * What became of packets out and in since the conditions were set.
 */
export type ConditionedView = {
  /**
   * Packets in all.
   */
  packets: number;
  /**
   * Those that were lost, or found the queue full.
   */
  lost: number;
};
/**
 * What the network is made like, in each direction.
 */
export type ConditionsView = {
  /**
   * Packets lost independently, in percent.
   */
  lossPct: number;
  /**
   * Packets lost in bursts of eight on average, in percent.
   */
  burstPct: number;
  /**
   * Everything comes this much later.
   */
  delayMs: number;
  /**
   * And up to this much later still.
   */
  jitterMs: number;
  /**
   * Packets that are overtaken by others, in percent.
   */
  reorderPct: number;
  /**
   * The narrowest place; `null`: no limit.
   */
  rateKbps: number | null;
  /**
   * Equal seeds draw equal chances.
   */
  seed: number;
};
/**
 * One count.
 */
export type CountView = {
  /**
   * A stable word, such as `lost-overtaken`.
   */
  word: string;
  /**
   * What it counts, in English.
   */
  meaning: string;
  /**
   * How many.
   */
  count: number;
};
/**
 * Everything that is counted of one link, over whatever carried it.
 */
export type CountsView = {
  /**
   * The stream.
   */
  stream: number;
  /**
   * The peer.
   */
  peer: number;
  /**
   * In which direction.
   */
  direction: Direction;
  /**
   * What this end can know, in the order of a table.
   */
  counts: Array<CountView>;
};
/**
 * In which direction a link's frames go.
 */
export type Direction = "out" | "in";
/**
 * What is measured is written as.
 */
export type ExportFormat = "csv" | "json" | "html";
/**
 * A TCP connection as the operating system sees it. What a system does not report is `null`.
 */
export type KernelView = {
  /**
   * Smoothed round trip.
   */
  rttUs: number | null;
  /**
   * How much it varies (RFC 6298).
   */
  rttVariationUs: number | null;
  /**
   * The shortest seen.
   */
  leastRttUs: number | null;
  /**
   * The congestion window.
   */
  windowBytes: number | null;
  /**
   * Sent again since the connection began.
   */
  retransmittedBytes: number | null;
  /**
   * Waiting in the socket.
   */
  unsentBytes: number | null;
  /**
   * How fast bytes arrive, by the receiver's acknowledgements.
   */
  deliveryRateBps: number | null;
  /**
   * A full segment.
   */
  segmentBytes: number | null;
};
/**
 * One stream between this computer and one peer, in one direction. Figures are over the last 10 s, counts since the
 * stream began.
 */
export type LinkView = {
  /**
   * The stream.
   */
  stream: number;
  /**
   * The peer.
   */
  peer: number;
  /**
   * Their name.
   */
  peerName: string;
  /**
   * In which direction.
   */
  direction: Direction;
  /**
   * What carries it now.
   */
  transport: Transport;
  /**
   * Delay from first byte out to acknowledgement, the receiver's hold time taken off: median.
   */
  ackP50Us: number | null;
  /**
   * 95th percentile of the same.
   */
  ackP95Us: number | null;
  /**
   * 99th percentile of the same.
   */
  ackP99Us: number | null;
  /**
   * Interarrival jitter (RFC 3550).
   */
  jitterUs: number | null;
  /**
   * Frames acknowledged or received.
   */
  framesPerS: number | null;
  /**
   * Bits per second of picture bytes in the last second.
   */
  goodputBps: number | null;
  /**
   * Bytes of the frame / delay, as the classic lab computes it, in bits per second; median.
   */
  classicRateBps: number | null;
  /**
   * Frames lost of those sent, in percent.
   */
  lossPct: number | null;
  /**
   * Frames lost or dropped.
   */
  drops: number;
  /**
   * Fragments sent again.
   */
  retransmits: number;
  /**
   * Frames in all.
   */
  frames: number;
  /**
   * From camera to this window's screen, of a stream that comes in: median.
   */
  screenP50Us: number | null;
  /**
   * 95th percentile of the same.
   */
  screenP95Us: number | null;
  /**
   * How wrong the two may be, since the sender's clock is another one.
   */
  clockErrorUs: number | null;
  /**
   * The system's own view of the connection; `null` while frames do not go over TCP, and where they come in.
   */
  kernel: KernelView | null;
  /**
   * Size of a full datagram.
   */
  datagramBytes: number | null;
  /**
   * What the system granted for receiving.
   */
  receiveBufferBytes: number | null;
};
/**
 * What an entry of the event log is about.
 */
export type LogEntryIcon = "info" | "session" | "chat" | "file" | "video" | "warn" | "lock";
/**
 * An entry of the event log.
 */
export type LogEntryView = {
  /**
   * In milliseconds since 1970.
   */
  atMs: number;
  /**
   * What it is about.
   */
  icon: LogEntryIcon;
  /**
   * In English.
   */
  text: string;
  /**
   * A stable word, for a translated sentence.
   */
  code: string;
  /**
   * The values for that sentence.
   */
  context: Record<string, string>;
};
/**
 * One point a second for the charts. Drops and retransmits are counts within that second.
 */
export type MetricPoint = {
  /**
   * The end of that second, in milliseconds since 1970.
   */
  atMs: number;
  /**
   * The stream.
   */
  stream: number;
  /**
   * The peer.
   */
  peer: number;
  /**
   * What carried it.
   */
  transport: Transport;
  /**
   * Median delay.
   */
  ackP50Us: number | null;
  /**
   * 95th percentile of the delay.
   */
  ackP95Us: number | null;
  /**
   * Bits per second of picture bytes.
   */
  goodputBps: number | null;
  /**
   * Frames acknowledged or received.
   */
  framesPerS: number | null;
  /**
   * Frames lost or dropped.
   */
  drops: number;
  /**
   * Fragments sent again.
   */
  retransmits: number;
};
/**
 * What is measured, as it comes.
 */
export type MetricsEvent =
  | {
      kind: "points";
      /**
       * That second.
       */
      points: Array<MetricPoint>;
      /**
       * All links as of now.
       */
      links: Array<LinkView>;
      /**
       * What became of packets, while the network is made worse on purpose.
       */
      conditioned: ConditionedView | null;
    }
  | {
      kind: "compared";
      /**
       * As it is now.
       */
      comparison: CompareView;
    }
  | {
      kind: "logged";
      /**
       * The entry.
       */
      entry: LogEntryView;
    };
/**
 * What was measured so far, at most 10 minutes of it.
 */
export type MetricsHistory = {
  /**
   * Oldest first.
   */
  points: Array<MetricPoint>;
  /**
   * All links as of now.
   */
  links: Array<LinkView>;
  /**
   * The event log, oldest first.
   */
  log: Array<LogEntryView>;
  /**
   * What the network is made like on purpose.
   */
  conditions: ConditionsView | null;
  /**
   * The last comparison.
   */
  comparison: CompareView | null;
};
/**
 * One frame's trip, as far as it is known here. Moments are microseconds after the first one that is known; since a time
 * taken on another computer may be wrong by `clock_error_us`, one may lie before it. What is not known is `null`.
 */
export type TripView = {
  /**
   * Which frame.
   */
  frame: number;
  /**
   * Its bytes, header included.
   */
  bytes: number;
  /**
   * When it was whole here, or acknowledged, in milliseconds since 1970.
   */
  atMs: number;
  /**
   * The picture was taken.
   */
  capturedUs: number | null;
  /**
   * Its JPEG was made.
   */
  encodedUs: number | null;
  /**
   * It was handed to the link.
   */
  queuedUs: number | null;
  /**
   * Its first byte was given to the system.
   */
  firstOutUs: number | null;
  /**
   * Its last byte was.
   */
  lastOutUs: number | null;
  /**
   * It was whole at the receiving end.
   */
  receivedUs: number | null;
  /**
   * Its acknowledgement was here.
   */
  ackedUs: number | null;
  /**
   * The page had taken the JPEG apart.
   */
  decodedUs: number | null;
  /**
   * It was on the window's surface when that was painted.
   */
  drawnUs: number | null;
  /**
   * How wrong a moment of another computer's clock may be.
   */
  clockErrorUs: number | null;
};

// ---------- commands and events ----------
/** Every command: what it takes and what it answers. The name before the bar is the capability. */
export type Commands = {
  "session|start": [Record<string, never>, StartView];
  "session|save_profile": [{ profile: Profile }, Profile];
  "session|save_settings": [{ settings: Settings }, Settings];
  "session|choose_downloads": [Record<string, never>, Settings | null];
  "session|host_room": [{ name: string; port: number }, RoomView];
  "session|join_room": [{ address: string }, RoomView];
  "session|join_confirmed": [{ address: string; fingerprint: string }, RoomView];
  "session|forget_room": [{ address: string }, null];
  "session|start_rooms_anew": [Record<string, never>, string | null];
  "session|room": [Record<string, never>, RoomView | null];
  "session|leave_room": [Record<string, never>, null];
  "session|answer_close": [{ close: boolean }, null];
  "session|reconnect_now": [Record<string, never>, null];
  "session|open_beside": [{ address: string }, null];
  "chat|say": [{ text: string }, ChatEntry];
  "chat|resend": [{ key: number }, ChatEntry];
  "chat|save_conversation": [{ text: string }, string | null];
  "files|choose_files": [Record<string, never>, Array<Pick>];
  "files|offer_files": [{ picks: Array<number>; to: Array<number> }, OfferedView];
  "files|accept_file": [{ id: number }, null];
  "files|decline_file": [{ id: number }, null];
  "files|cancel_file": [{ id: number }, null];
  "files|pause_file": [{ id: number }, null];
  "files|resume_file": [{ id: number }, null];
  "files|open_file": [{ id: number }, OpenedFile];
  "files|show_file": [{ id: number }, null];
  "video|sources": [Record<string, never>, Array<SourceView>];
  "video|choose_video_file": [Record<string, never>, SourceView | null];
  "video|start_video": [{ spec: PublishOptionsView }, LiveView];
  "video|change_video": [{ spec: PublishOptionsView }, LiveView];
  "video|set_transport": [{ transport: Transport }, LiveView];
  "video|stop_video": [Record<string, never>, null];
  "video|watch": [{ stream: number; on: boolean }, null];
  "video|next_frame": [{ stream: number; after: number; drawn: DrawnFrame | null }, ArrayBuffer];
  "video|save_snapshot": [{ stream: number }, string];
  "video|start_recording": [{ stream: number }, string];
  "video|stop_recording": [{ stream: number }, null];
  "metrics|history": [Record<string, never>, MetricsHistory];
  "metrics|trips": [{ stream: number; to: number | null }, Array<TripView>];
  "metrics|counts": [Record<string, never>, Array<CountsView>];
  "metrics|set_conditions": [{ conditions: ConditionsView | null }, ConditionsView | null];
  "metrics|start_comparison": [{ seconds: number }, CompareView];
  "metrics|stop_comparison": [Record<string, never>, null];
  "metrics|export_comparison": [{ format: ExportFormat }, string | null];
  "metrics|export_results": [{ format: ExportFormat }, string | null];
};
/** Every event that the shell sends unasked. */
export type Events = {
  "session:event": SessionEvent;
  "chat:event": ChatEvent;
  "files:event": FilesEvent;
  "video:event": VideoEvent;
  "metrics:event": MetricsEvent;
};
