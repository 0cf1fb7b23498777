//! Planar YUV 4:2:0, full range: the one raw form of pictures inside this crate, and how others become it.

mod picture;
mod plane;
mod raw;
mod scale;
mod unpack;

pub use picture::Planes;
pub(crate) use picture::PlanesMut;
pub(crate) use plane::Plane;
pub use plane::Range;
pub(crate) use scale::scale_packed;
