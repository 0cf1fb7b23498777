//! Recordings: any stream's pictures in files that other programs play, each at its time.
//!
//! A recording is MJPEG in AVI, a new file being begun when the pictures change their size, when a file has a gibibyte or an
//! hour, and after a gap; and beside them, as comma-separated values, the exact time of each frame, which AVI cannot hold.

mod avi;
mod background;
mod error;
mod files;
mod recorder;
mod times;

pub use background::BackgroundRecorder;
pub use error::RecordError;
pub use recorder::{RecordFrame, Recorded, Recorder};

#[cfg(test)]
mod tests;
