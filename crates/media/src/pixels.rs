//! Packed pixels, as screens have them.

use crate::planes::scale_packed;

/// A picture of four bytes a pixel, rows from the top without gaps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pixels {
    width: u16,
    height: u16,
    order: PixelOrder,
    data: Vec<u8>,
}

/// What the four bytes of a pixel are, the last of which counts for nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PixelOrder {
    /// Blue, green, red: X11 and Windows.
    #[default]
    Bgrx,
    /// Red, green, blue.
    Rgbx,
}

impl Pixels {
    /// Width in pixels.
    pub fn width(&self) -> u16 {
        self.width
    }

    /// Height in pixels.
    pub fn height(&self) -> u16 {
        self.height
    }

    /// What the bytes are.
    pub fn order(&self) -> PixelOrder {
        self.order
    }

    /// All of them.
    pub fn bytes(&self) -> &[u8] {
        &self.data
    }

    /// Takes `data` for the pixels of a picture; `None` when it is not of this size.
    pub fn new(width: u16, height: u16, order: PixelOrder, data: Vec<u8>) -> Option<Pixels> {
        let is_whole = data.len() == bytes_of(width, height);
        is_whole.then_some(Pixels {
            width,
            height,
            order,
            data,
        })
    }

    /// Makes the picture this size; what it shows then is to be written.
    pub(crate) fn resize(&mut self, width: u16, height: u16, order: PixelOrder) -> &mut [u8] {
        (self.width, self.height, self.order) = (width, height, order);
        self.data.resize(bytes_of(width, height), 0);
        &mut self.data
    }

    /// This picture at another size, into `to`; each new pixel is the mean of what it covers.
    pub fn scale_into(&self, to: &mut Pixels, (width, height): (u16, u16)) {
        let size = |width: u16, height: u16| (usize::from(width), usize::from(height));
        let out = to.resize(width, height, self.order);
        scale_packed(
            &self.data,
            size(self.width, self.height),
            out,
            size(width, height),
        );
    }
}

/// Four for each pixel; exact, since sides have 16 bits.
fn bytes_of(width: u16, height: u16) -> usize {
    let pixels = usize::from(width).saturating_mul(height.into());
    pixels.saturating_mul(4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scaling_keeps_each_colour_apart() {
        let row: Vec<u8> = (0..8u8).flat_map(|x| [x * 10, 100 + x * 10, 255, 0]).collect();
        let pixels = Pixels::new(8, 4, PixelOrder::Bgrx, row.repeat(4)).unwrap();
        let mut to = Pixels::default();
        pixels.scale_into(&mut to, (4, 2));
        assert_eq!(to.bytes()[..8], [5, 105, 255, 0, 25, 125, 255, 0]);
        pixels.scale_into(&mut to, (6, 3));
        assert_eq!((to.width(), to.height(), to.bytes().len()), (6, 3, 72));
        // The first covers one and a third: (3 × 0 + 10) / 4.
        assert_eq!(to.bytes()[..4], [3, 103, 255, 0]);
        pixels.scale_into(&mut to, (8, 4));
        assert_eq!(to, pixels);
        let white = Pixels::new(9, 7, PixelOrder::Bgrx, vec![255; 9 * 7 * 4]).unwrap();
        for size in [(6, 5), (2, 1), (18, 14)] {
            white.scale_into(&mut to, size);
            assert!(to.bytes().iter().all(|byte| *byte == 255), "{size:?}");
        }
    }

    #[test]
    fn too_few_bytes_are_no_picture() {
        assert_eq!(Pixels::new(2, 2, PixelOrder::Rgbx, vec![0; 15]), None);
    }
}
