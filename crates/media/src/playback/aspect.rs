//! Pixels that are not square, as television and camcorders have them.

use super::reader::MAX_SIDE;

/// A pixel is taken for square when it claims to be more times as wide as high, or as high as wide, than this.
pub(super) const MAX_ASPECT: f64 = 10.0;

/// The size in square pixels at which a picture of `width` × `height` is shown whose pixels are `across` : `down`. Only the width
/// changes, to an even number, unless it would become more than a side may have.
pub(super) fn shown_size((width, height): (u16, u16), (across, down): (u32, u32)) -> (u16, u16) {
    let aspect = f64::from(across) / f64::from(down);
    // Not so for what is no number, or none that can be meant.
    if aspect == 1.0 || !(1.0 / MAX_ASPECT..=MAX_ASPECT).contains(&aspect) {
        return (width, height);
    }
    let stretched = f64::from(width) * aspect;
    let shrink = (f64::from(MAX_SIDE) / stretched).min(1.0);
    let even = |side: f64| (2.0 * (side / 2.0).round()).max(2.0) as u16;
    let shown_height = if shrink < 1.0 {
        even(f64::from(height) * shrink)
    } else {
        height
    };
    (even(stretched * shrink), shown_height)
}

/// The aspect of a pixel in a picture of these sides in pixels that is shown with sides of the ratio `frame`; `None` when either is
/// not said.
pub(super) fn frame_to_pixel(frame: [u16; 2], pixels: [u32; 2]) -> Option<(u32, u32)> {
    let [across, down] = frame;
    let [Ok(width), Ok(height)] = pixels.map(u16::try_from) else {
        return None;
    };
    if [across, down, width, height].contains(&0) {
        return None;
    }
    // Two factors of 16 bits fit.
    let product = |a: u16, b: u16| u32::from(a).saturating_mul(b.into());
    Some((product(across, height), product(down, width)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_pixels_give_usual_sizes() {
        assert_eq!(shown_size((720, 576), (64, 45)), (1024, 576));
        assert_eq!(shown_size((720, 576), (16, 15)), (768, 576));
        assert_eq!(shown_size((720, 480), (8, 9)), (640, 480));
        assert_eq!(shown_size((1440, 1080), (4, 3)), (1920, 1080));
        assert_eq!(shown_size((333, 111), (1, 1)), (333, 111));
    }

    #[test]
    fn a_frames_sides_give_the_pixels() {
        let shown =
            |frame, pixels| frame_to_pixel(frame, pixels).map(|aspect| shown_size((720, 576), aspect));
        assert_eq!(shown([16, 9], [720, 576]), Some((1024, 576)));
        assert_eq!(shown([4, 3], [720, 576]), Some((768, 576)));
        assert_eq!(shown([5, 4], [720, 576]), Some((720, 576)));
        assert_eq!(shown([u16::MAX, 1], [1, 65_535]), Some((720, 576)));
        for (frame, pixels) in [
            ([0, 9], [720, 576]),
            ([16, 0], [720, 576]),
            ([16, 9], [0, 576]),
            ([16, 9], [720, 65_536]),
        ] {
            assert_eq!(shown(frame, pixels), None);
        }
    }

    #[test]
    fn what_cannot_be_meant_is_square_and_no_side_is_too_long() {
        for aspect in [(0, 0), (0, 1), (1, 0), (u32::MAX, 1), (1, u32::MAX), (11, 1)] {
            assert_eq!(shown_size((720, 576), aspect), (720, 576), "{aspect:?}");
        }
        assert_eq!(shown_size((8192, 4096), (2, 1)), (8192, 2048));
        assert_eq!(shown_size((8192, 1), (10, 1)), (8192, 2));
        assert_eq!(shown_size((1, 8192), (1, 10)), (2, 8192));
    }
}
