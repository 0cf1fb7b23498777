//! Interlaced pictures: each is two fields, one of which has every second row.

use crate::jpeg::{Decoder, Limits, two_jpegs};
use crate::planes::Planes;

/// How the first field of an AVI's picture says that it has the lower rows: in its first segment (OpenDML AVI, 1996, "Motion JPEG
/// DIB").
const LOWER_FIRST: &[u8] = b"AVI1\x02";
/// Behind the marker that begins a picture, and the head of its first segment.
const FIRST_SEGMENT_AT: usize = 6;

/// Makes one picture of two fields.
pub(super) struct Fields {
    decoder: Decoder,
    upper: Planes,
    lower: Planes,
}

impl Fields {
    pub(super) fn new() -> Result<Fields, crate::jpeg::JpegError> {
        Ok(Fields {
            decoder: Decoder::new(Limits::SOURCE)?,
            upper: Planes::default(),
            lower: Planes::default(),
        })
    }

    /// Fills `planes` with the picture whose fields stand in `jpegs` one after the other; `None` when they are not two, or damaged.
    pub(super) fn weave(&mut self, jpegs: &[u8], planes: &mut Planes) -> Option<()> {
        let ([first, second], (width, height)) = two_jpegs(jpegs, &Limits::SOURCE)?;
        let is_lower_first = first
            .get(FIRST_SEGMENT_AT..)
            .is_some_and(|segment| segment.starts_with(LOWER_FIRST));
        let (upper, lower) = if is_lower_first {
            (second, first)
        } else {
            (first, second)
        };
        for (jpeg, field) in [(upper, &mut self.upper), (lower, &mut self.lower)] {
            field.resize(width, height);
            self.decoder.planes(&jpeg, field).ok()?;
        }
        planes.weave(&self.upper, &self.lower);
        Some(())
    }
}
