//! The pointer, which the server leaves out of its pictures and a viewer wants to see.

use x11rb::protocol::xfixes::ConnectionExt as _;
use x11rb::rust_connection::RustConnection;

use super::display::Region;
use super::error::GrabError;

/// Bytes of a pixel.
const PIXEL: usize = 4;

/// Draws the pointer over `data`, the pixels of `region`, whose upper left corner is at `on_root` on the root window.
pub(super) fn draw(
    connection: &RustConnection,
    data: &mut [u8],
    region: Region,
    on_root: (i16, i16),
) -> Result<(), GrabError> {
    let asked = connection.xfixes_get_cursor_image()?;
    let Ok(pointer) = asked.reply() else { return Ok(()) };
    let corner = |place: i16, hot: u16, origin: i16| {
        // Numbers of 16 bits: their sum is exact.
        i32::from(place)
            .saturating_sub(hot.into())
            .saturating_sub(origin.into())
    };
    let corner = (
        corner(pointer.x, pointer.xhot, on_root.0),
        corner(pointer.y, pointer.yhot, on_root.1),
    );
    lay_over(data, region.width, &pointer.cursor_image, pointer.width, corner);
    Ok(())
}

/// Lays `pointer`, in rows of `pointer_width` pixels, over `data`, in rows of `width` pixels; its corner may be outside. What is
/// beyond an edge is cut off.
fn lay_over(data: &mut [u8], width: u16, pointer: &[u32], pointer_width: u16, (left, top): (i32, i32)) {
    // So many pixels of the pointer are before the edge.
    let cut = |corner: i32| usize::try_from(corner.saturating_neg()).unwrap_or(0);
    let start = |corner: i32| usize::try_from(corner).unwrap_or(0);
    let row_bytes = usize::from(width).saturating_mul(PIXEL).max(1);
    let rows = data.chunks_exact_mut(row_bytes).skip(start(top));
    let pointer_rows = pointer
        .chunks_exact(usize::from(pointer_width).max(1))
        .skip(cut(top));
    for (row, over) in rows.zip(pointer_rows) {
        let pixels = row.as_chunks_mut::<PIXEL>().0.iter_mut().skip(start(left));
        for (pixel, over) in pixels.zip(over.iter().skip(cut(left))) {
            blend(pixel, *over);
        }
    }
}

/// Lays a pixel of a pointer (alpha, red, green, blue; the colours times alpha already) over one of the screen (blue, green, red).
fn blend(under: &mut [u8; PIXEL], over: u32) {
    let [alpha, red, green, blue] = over.to_be_bytes();
    let rest = u16::from(u8::MAX.saturating_sub(alpha));
    for (under, over) in under.iter_mut().zip([blue, green, red]) {
        // At most 255 times 255, which 16 bits hold; a 255th of it is at most 255.
        let seen = u16::from(*under).saturating_mul(rest).div_euclid(255);
        *under = over.saturating_add(seen as u8);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_is_laid_over_as_much_as_it_covers() {
        let mut under = [100, 100, 100, 7];
        blend(&mut under, 0x0000_0000);
        assert_eq!(under, [100, 100, 100, 7]);
        blend(&mut under, 0x8000_4080);
        assert_eq!(under, [128 + 49, 64 + 49, 49, 7]);
        blend(&mut under, 0xFF01_0203);
        assert_eq!(under, [3, 2, 1, 7]);
    }

    /// Which pixels of a 3×2 picture a pointer covers that has 2×2 pixels and this corner.
    fn covered(corner: (i32, i32)) -> Vec<usize> {
        let mut data = [0; 3 * 2 * PIXEL];
        lay_over(&mut data, 3, &[u32::MAX; 4], 2, corner);
        let pixels = data.as_chunks::<PIXEL>().0.iter().enumerate();
        pixels
            .filter(|(_, pixel)| pixel[0] == 255)
            .map(|(at, _)| at)
            .collect()
    }

    #[test]
    fn a_pointer_beyond_an_edge_is_cut_off() {
        assert_eq!(covered((0, 0)), [0, 1, 3, 4]);
        assert_eq!(covered((-1, -1)), [0]);
        assert_eq!(covered((2, 1)), [5]);
        assert_eq!(covered((1, -1)), [1, 2]);
        for outside in [(3, 0), (0, 2), (-2, 0), (0, -2), (i32::MIN, 0), (0, i32::MAX)] {
            assert!(covered(outside).is_empty(), "{outside:?}");
        }
    }

    #[test]
    fn a_server_whose_numbers_do_not_fit_its_pixels_does_no_harm() {
        let mut data = [0; 3 * 2 * PIXEL];
        for (pointer, pointer_width) in [
            (&[u32::MAX; 3][..], 2),
            (&[], 9),
            (&[u32::MAX; 3], 0),
            (&[1], u16::MAX),
        ] {
            lay_over(&mut data, 3, pointer, pointer_width, (0, 0));
        }
        lay_over(&mut [], 0, &[u32::MAX; 4], 2, (0, 0));
    }
}
