// What crosses between the desktop shell and the interface: generated from the shell's types, never edited by hand.
// Every number that is a time says its unit in its name.

// ---------- common ----------
export type Transport = "tcp" | "udp";
/** An error a person can act on. code is a stable word; message is English; context has the values for a translated sentence. */
export type IpcError = { code: ErrorCode; message: string; context: Record<string, string> };
export type ErrorCode =
  | "port_in_use" | "address_invalid" | "unreachable" | "refused" | "not_a_room" | "version_mismatch" | "identity_changed"
  | "host_gone" | "timed_out" | "too_long" | "empty" | "no_room" | "already_in_room"
  | "file_unreadable" | "disk_full" | "file_gone" | "file_corrupt" | "cancelled"
  | "camera_busy" | "camera_forbidden" | "camera_unplugged" | "camera_absent" | "camera_stalled" | "format_unsupported"
  | "ffmpeg_missing" | "video_unreadable" | "already_live" | "not_live" | "storage" | "internal";

// ---------- session ----------
export type Profile = { name: string; about: string; colour: string /* "#rrggbb" */; device: string /* host name */ };
export type Presence = "here" | "reconnecting";
export type Person = {
  id: number;              // 0 is the host
  profile: Profile;
  address: string;         // "192.168.1.31:53412"
  fingerprint: string;     // 64 hex digits of the certificate's SHA-256
  isHost: boolean; isMe: boolean;
  presence: Presence;
};
export type Role = "host" | "member";
/** State of this computer's connection to the room. A host's is always up. */
export type LinkState =
  | { kind: "up" }
  | { kind: "lost"; attempt: number; retryInMs: number; atMs: number /* Unix ms when it was lost */; reason: IpcError };
export type RoomView = {
  role: Role;
  name: string;
  address: string;         // host:port joined, or for a host the first reachable address
  reachableAt: ReachableAt[]; // for a host; empty for a member
  fingerprint: string;     // of the host
  me: number;
  link: LinkState;
  people: Person[];
  chat: ChatEntry[];
  files: FileView[];
  streams: StreamView[];
  live: LiveView | null;   // my own video
};
export type ReachableAt = { address: string /* "192.168.1.24:27182" */; network: string /* interface name, e.g. "wlan0" */; loopback: boolean };
export type RecentRoom = { name: string; address: string; fingerprint: string; lastSeenMs: number };
export type Language = "en" | "zh";
export type Theme = "auto" | "light" | "dark";
export type Settings = {
  language: Language; theme: Theme; port: number;
  transport: Transport;         // what my video starts with
  downloads: string;            // folder
  quality: number;              // JPEG quality 1..100, default 50
};
export type StartView = {
  profile: Profile; profileName: string | null; // --profile NAME
  settings: Settings; addresses: ReachableAt[]; recent: RecentRoom[];
  version: string; downloadsFree: number | null; // bytes
  firstRun: boolean; // name never confirmed yet
  autoJoin: string | null; // an address to join at once (second window opened by "Try it on this computer")
};
export type SessionEvent =
  | { kind: "joined"; person: Person }
  | { kind: "left"; person: Person; reason: LeaveReason }
  | { kind: "person_changed"; person: Person }
  | { kind: "link_changed"; link: LinkState }
  | { kind: "closed"; reason: IpcError | null };   // the room is over for this computer; null: I closed or left it myself
export type LeaveReason = "left" | "lost" | "removed";

// ---------- chat ----------
export type ChatEntry = {
  key: number;                 // unique and stable in this window, order of appearance is by seq, then unsent ones last
  seq: number | null;          // the host's number; null until the receipt has come
  body:
    | { kind: "text"; text: string }
    | { kind: "joined" } | { kind: "left"; reason: LeaveReason }
    | { kind: "opened" };
  from: number; name: string; colour: string; address: string; // as they were when it was said
  mine: boolean;
  atMs: number;                // Unix ms by the host's clock (or mine while unsent)
  state: "waiting" | "delivered" | "failed";
  error: IpcError | null;
};
export type ChatEvent = { kind: "entry"; entry: ChatEntry } // new or changed (same key)
  | { kind: "replaced"; entries: ChatEntry[] };             // whole history anew after a reconnect

// ---------- files ----------
export type FileState =
  | { kind: "offered" }                                  // someone offers, I have not decided
  | { kind: "transferring"; done: number; rate: number | null /* bytes/s */; secondsLeft: number | null }
  | { kind: "paused"; done: number }
  | { kind: "done"; path: string | null; checked: boolean } // checked: BLAKE3 agreed
  | { kind: "failed"; done: number; error: IpcError }
  | { kind: "declined" } | { kind: "cancelled" };
export type FileView = {
  id: number; name: string; size: number; mime: string;
  owner: number; ownerName: string; mine: boolean;
  to: number[];              // empty: everyone
  receivedBy: number[];      // who has it whole and checked
  atMs: number; state: FileState;
  preview: string | null;    // data: URL of a small picture, for pictures only
};
export type FilesEvent = { kind: "file"; file: FileView } | { kind: "removed"; id: number };

// ---------- video ----------
export type SourceKind = "camera" | "file" | "pattern";
export type SourceFormat = { width: number; height: number; rate: number /* frames/s */ };
export type SourceView = { id: string /* "pattern", "camera:/dev/video0", "file:/path" */; kind: SourceKind; name: string; formats: SourceFormat[] };
export type VideoSpec = { source: string /* SourceView.id */; width: number; height: number; rate: number; quality: number; transport: Transport };
export type LiveView = { stream: number; spec: VideoSpec; sourceName: string; sinceMs: number };
export type StreamView = {
  id: number; owner: number; ownerName: string; mine: boolean;
  source: SourceKind; title: string; width: number; height: number; rate: number;
  transport: Transport; watching: boolean;
};
export type VideoEvent =
  | { kind: "started"; stream: StreamView } | { kind: "changed"; stream: StreamView }
  | { kind: "stopped"; stream: number; reason: IpcError | null }
  | { kind: "live"; live: LiveView | null; error: IpcError | null }; // my video began, changed, or ended (error: why, e.g. camera unplugged)
// next_frame answers raw bytes, network byte order, 40-byte header and then the JPEG:
//   0 u32 stream | 4 u32 frame | 8 u16 width | 10 u16 height | 12 u8 transport (0 tcp, 1 udp, 2 local) | 13 u8[3] zero
//   16 u64 captured_us (sender's clock) | 24 u64 received_us (this computer's clock, process time) | 32 u32 jpeg length | 36 u32 drops so far
// An empty answer means: the stream is over, stop asking. It is held until a newer frame than `after` exists (after = -1 at first);
// one request in flight per tile. A 1-byte answer means: nothing for a second, ask again.

// ---------- metrics ----------
/** A link is one stream between this computer and one neighbour, in one direction. */
export type LinkView = {
  stream: number; peer: number; peerName: string; direction: "out" | "in"; transport: Transport;
  // over the last 10 s; null: unknown
  ackP50Us: number | null; ackP95Us: number | null; ackP99Us: number | null;
  jitterUs: number | null; framesPerS: number | null; goodputBps: number | null /* bits/s of picture bytes in the last second */;
  classicRateBps: number | null; // bytes of the frame / delay, as the classic lab computes it, bits/s, median
  lossPct: number | null; drops: number; retransmits: number; frames: number;
  kernelRttUs: number | null; datagramBytes: number | null; receiveBufferBytes: number | null;
};
/** One point a second for the charts. Drops and retransmits are counts within that second. */
export type MetricPoint = { atMs: number; stream: number; peer: number; transport: Transport;
  ackP50Us: number | null; ackP95Us: number | null; goodputBps: number | null; framesPerS: number | null; drops: number; retransmits: number };
export type StepIcon = "info" | "session" | "chat" | "file" | "video" | "warn" | "lock";
export type Step = { atMs: number; icon: StepIcon; text: string /* English */; code: string; context: Record<string, string> };
export type MetricsEvent =
  | { kind: "points"; points: MetricPoint[]; links: LinkView[] } // once a second
  | { kind: "step"; step: Step };
export type MetricsHistory = { points: MetricPoint[]; links: LinkView[]; steps: Step[] }; // last 10 minutes at most

// ---------- commands and events ----------
/** Every command: what it takes and what it answers. The name before the bar is the capability. */
export type Commands = {
  "session|start": [Record<string, never>, StartView];
  "session|save_profile": [{ profile: Profile }, Profile];
  "session|save_settings": [{ settings: Settings }, Settings];
  "session|addresses": [Record<string, never>, ReachableAt[]];
  "session|host_room": [{ name: string; port: number }, RoomView];
  "session|join_room": [{ address: string }, RoomView];
  "session|room": [Record<string, never>, RoomView | null];
  "session|leave_room": [Record<string, never>, null];
  "session|reconnect_now": [Record<string, never>, null];
  "session|open_beside": [{ address: string }, null];
  "chat|say": [{ text: string }, ChatEntry];
  "chat|resend": [{ key: number }, ChatEntry];
  "files|choose_files": [Record<string, never>, string[]];
  "files|offer_files": [{ paths: string[]; to: number[] }, FileView[]];
  "files|accept_file": [{ id: number }, null];
  "files|decline_file": [{ id: number }, null];
  "files|cancel_file": [{ id: number }, null];
  "files|pause_file": [{ id: number }, null];
  "files|resume_file": [{ id: number }, null];
  "files|open_file": [{ id: number }, null];
  "files|show_file": [{ id: number }, null];
  "files|choose_folder": [Record<string, never>, string | null];
  "video|sources": [Record<string, never>, SourceView[]];
  "video|choose_video_file": [Record<string, never>, SourceView | null];
  "video|start_video": [{ spec: VideoSpec }, LiveView];
  "video|change_video": [{ spec: VideoSpec }, LiveView];
  "video|set_transport": [{ transport: Transport }, LiveView];
  "video|stop_video": [Record<string, never>, null];
  "video|watch": [{ stream: number; on: boolean }, null];
  "video|next_frame": [{ stream: number; after: number }, ArrayBuffer];
  "video|save_snapshot": [{ stream: number }, string];
  "metrics|history": [Record<string, never>, MetricsHistory];
  "metrics|export_results": [{ format: "csv" | "json" }, string | null];
};

/** Every event the backend sends unasked. */
export type Events = {
  "session:event": SessionEvent;
  "chat:event": ChatEvent;
  "files:event": FilesEvent;
  "video:event": VideoEvent;
  "metrics:event": MetricsEvent;
};
