//! Pictures in: cameras, screens, video files and the test pattern, each as a stream of JPEGs; pictures out: recordings and
//! snapshots; and JPEG itself.
//!
//! [`sources`] lists what this computer offers; [`Capture::start`] turns one of them into [`CaptureEvent`]s on a thread of
//! its own:
//!
//! ```
//! use std::sync::{Arc, mpsc};
//! use media::{Capture, CaptureEvent, CaptureSpec, SourceId};
//! use netcore_proto::Time;
//!
//! let began = std::time::Instant::now();
//! let clock: media::Clock = Arc::new(move || Time::from_micros(began.elapsed().as_micros() as u64));
//! let spec = CaptureSpec { source: SourceId::Pattern, width: 320, height: 180, rate: 30.0, quality: 50 };
//! let (tx, rx) = mpsc::channel();
//! let capture = Capture::start(spec, clock, move |event| drop(tx.send(event)));
//! assert!(matches!(rx.recv(), Ok(CaptureEvent::Started { width: 320, .. })));
//! let Ok(CaptureEvent::Frame(frame)) = rx.recv() else { panic!("a pattern has frames") };
//! assert!(media::jpeg::inspect(&frame.jpeg, &media::jpeg::Limits::default()).is_ok());
//! capture.stop();
//! ```
//!
//! What is deliberately absent: this crate reads no clock (it is given a [`Clock`]), opens no socket, and keeps no queue of
//! frames: a camera's newest picture wins, and a sink that is slow sees fewer of them.
//!
//! A picture that is broken is an error or is left out, never a panic; the only panics are broken invariants of this crate.

// Bytes and numbers come from cameras, files, screens and others: neither computing with them nor looking something up by them may
// panic or wrap.
#![cfg_attr(
    not(test),
    warn(
        clippy::arithmetic_side_effects,
        clippy::integer_division,
        clippy::indexing_slicing
    )
)]

mod camera;
mod capture;
mod clock;
mod error;
mod feed;
pub mod jpeg;
mod listing;
pub mod pattern;
mod pixels;
mod planes;
mod playback;
mod recording;
mod screen;
mod snapshot;
mod source;
mod spec;

pub use capture::{Capture, CaptureControl, CaptureEvent, CaptureTarget, CapturedFrame, Scale};
pub use clock::Clock;
pub use error::CaptureError;
pub use listing::{probe_file, screens, sources};
pub use pixels::{PixelOrder, Pixels};
pub use planes::{Planes, Range};
pub use recording::{BackgroundRecorder, RecordError, RecordFrame, Recorded, Recorder};
pub use snapshot::save_snapshot;
pub use source::{Format, ScreenArea, SourceId, SourceIdError, SourceInfo};
pub use spec::{Backend, CaptureOptions, CaptureSpec};
