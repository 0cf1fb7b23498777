//! Pictures that are shown otherwise than their JPEGs have them: two fields as one, and pixels that are not square.

use super::fields::Fields;
use crate::jpeg::{Decoder, JpegError, Limits, whole_jpeg};
use crate::planes::Planes;

/// Draws the pictures of a video at the size at which it is shown.
pub(super) struct Redraw {
    size: (u16, u16),
    kind: Kind,
}

enum Kind {
    One(Decoder),
    /// And the picture that they make, before it has its size.
    TwoFields(Fields, Planes),
}

impl Redraw {
    /// For pictures that are shown at `size` and, when `are_fields`, are two fields each.
    ///
    /// # Errors
    /// As [`Decoder::new`].
    pub(super) fn new(size: (u16, u16), are_fields: bool) -> Result<Redraw, JpegError> {
        let kind = if are_fields {
            Kind::TwoFields(Fields::new()?, Planes::default())
        } else {
            Kind::One(Decoder::new(Limits::SOURCE)?)
        };
        Ok(Redraw { size, kind })
    }

    /// Fills `planes` with the picture in `bytes`; `None` when it is damaged.
    pub(super) fn draw(&mut self, bytes: &[u8], planes: &mut Planes) -> Option<()> {
        let (width, height) = self.size;
        match &mut self.kind {
            Kind::One(decoder) => {
                let (jpeg, _) = whole_jpeg(bytes, &Limits::SOURCE).ok()?;
                planes.resize(width, height);
                decoder.planes(&jpeg, planes).ok()
            }
            Kind::TwoFields(fields, woven) => {
                fields.weave(bytes, woven)?;
                planes.resize(width, height);
                woven.scale_into(planes);
                Some(())
            }
        }
    }
}
