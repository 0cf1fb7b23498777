//! How wide the pixels of a picture are for their height: the densities of JFIF (ITU-T T.871, 10.1), in a JPEG's segment APP0.

use super::markers::first_segment;

const APP0: u8 = 0xE0;

/// A pixel's width and height as a ratio; `None` where no JFIF says it.
///
/// JFIF means a ratio where the densities have no unit. Video files have it there whatever the unit is, and `ffmpeg` reads them so.
pub(crate) fn pixel_aspect(jpeg: &[u8]) -> Option<(u32, u32)> {
    first_segment(jpeg, |marker, body| {
        let jfif = body.strip_prefix(b"JFIF\0").filter(|_| marker == APP0)?;
        let [_, _, _unit, x_high, x_low, y_high, y_low, ..] = jfif else {
            return None;
        };
        let [x, y] = [[*x_high, *x_low], [*y_high, *y_low]].map(u16::from_be_bytes);
        (x > 0 && y > 0).then_some((x.into(), y.into()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Planes;
    use crate::jpeg::Encoder;

    #[test]
    fn densities_are_read_from_jfif_alone() {
        let of = |identifier: &[u8], densities: [u8; 4]| {
            let jpeg = Encoder::new().unwrap().planes(&Planes::new(16, 16), 50).unwrap();
            let body = [identifier, &[1, 2, 0], &densities, &[0, 0]].concat();
            let length = (body.len() as u16 + 2).to_be_bytes();
            // The encoder's own segment follows, and is not the first any more.
            pixel_aspect(&[&[0xFF, 0xD8, 0xFF, APP0][..], &length, &body, &jpeg[2..]].concat())
        };
        assert_eq!(of(b"JFIF\0", [0, 64, 0, 45]), Some((64, 45)));
        assert_eq!(of(b"JFIF\0", [1, 0, 0, 72]), Some((256, 72)));
        assert_eq!(of(b"AVI1\0", [0, 64, 0, 45]), Some((1, 1)), "the encoder's own");
        assert_eq!(of(b"JFIF\0", [0, 0, 0, 45]), Some((1, 1)), "the encoder's own");
        assert_eq!(pixel_aspect(b"\xFF\xD8\xFF\xE0\0\x07JFIF\0"), None);
        assert_eq!(pixel_aspect(b"JFIF"), None);
    }
}
