//! JPEG: reading what a header claims before believing it, and the codec.
//!
//! [`inspect`] touches headers only, so that a bad JPEG is refused for the price of a few hundred bytes. [`received`] is for
//! JPEGs from the network: it reads to the end, and what it gives may be shown. [`Encoder`] and [`Decoder`] are
//! libjpeg-turbo, one of each for many pictures.

mod codec;
mod density;
mod error;
mod exif;
mod limits;
mod markers;
mod whole;

pub use codec::{Decoder, Encoder, Rgb};
pub(crate) use density::pixel_aspect;
pub use error::JpegError;
pub use exif::Orientation;
pub use limits::{Limits, MAX_SENT_SIDE};
pub use markers::{JpegInfo, inspect};
pub(crate) use whole::two_jpegs;
pub use whole::{received, whole_jpeg};
