//! The link to a peer: what every stream between two computers shares, whatever the stream carries.
//!
//! What a [datagram](Datagram) is, its first byte says: the link's own questions and answers, or what a stream sends. The link finds out
//!
//! | what | by | file |
//! |---|---|---|
//! | where datagrams may be sent | a token that returns from the address it was sent to | `path_validation.rs` |
//! | how large they may be | probes, and pairs of probes when large ones fall silent | `path_mtu.rs` |
//! | whether they arrive at all | two seconds without any answer | `carrier.rs` |
//! | how much the path takes | queueing delay, dispersion and loss of acknowledged frames | `rate_control/` |
//! | how fast they leave | bursts at that rate | `pacing.rs` |
//! | how long an answer takes | samples, smoothed | `round_trip.rs` |
//!
//! ```text
//! member                                       host
//!   │── hello(token) ───────────────────────────>│  every 10 s, and when a stream falls silent
//!   │<─────────────────────── hello back(token) ─│
//!   │<─ hello(token) ────────────────────────────│  to an address that has not answered: at most three times
//!   │── hello back(token) ──────────────────────>│  the bytes that came from there
//!   │── probe(size, token, zeros) ──────────────>│  both sides, each for its own direction
//!   │<─────────────────── probe ack(size, token) │
//! ```
//!
//! Nothing here knows video, files or any other capability.

mod carrier;
mod datagram_header;
mod pacing;
mod path_mtu;
mod path_validation;
mod rate_control;
mod round_trip;
mod sliding_min;

pub use carrier::{Carrier, CarrierAction};
pub use datagram_header::{Datagram, Probe};
pub(crate) use pacing::Pacer;
pub use path_mtu::{BASE_PAYLOAD, PathMtu, ProbeOut};
pub use path_validation::{Challenge, PathValidation};
pub(crate) use rate_control::{Acked, RateControl};
pub use rate_control::{RateControlConfig, RateMode};
pub(crate) use round_trip::RoundTrip;
