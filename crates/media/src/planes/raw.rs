//! Pictures as cameras write them when they are neither YUYV nor NV12.

use super::picture::Planes;
use super::plane::{Plane, Range, first_plane};

impl Planes {
    /// Fills this picture from packed `U Y V Y`, each row `stride` bytes after the one before.
    ///
    /// Returns `false`, and leaves the picture as it was, when `data` is too short for that.
    pub fn fill_from_uyvy(&mut self, data: &[u8], stride: usize, range: Range) -> bool {
        // Rows of an odd length would come apart in the middle of a pair.
        if !stride.is_multiple_of(2) {
            return false;
        }
        let pairs = data.as_chunks().0.iter();
        let yuyv: Vec<u8> = pairs.flat_map(|[chroma, luma]| [*luma, *chroma]).collect();
        self.fill_from_yuyv(&yuyv, stride, range)
    }

    /// Fills this picture from luma rows followed by those of U and of V, half as many and half as long, with half the `stride`.
    ///
    /// Returns `false`, and leaves the picture as it was, when `data` is too short for that.
    pub fn fill_from_yu12(&mut self, data: &[u8], stride: usize, range: Range) -> bool {
        let Some([y, u, v]) = self.three_planes(data, stride) else {
            return false;
        };
        self.fill_from_planar(y, Some((u, v)), range);
        true
    }

    /// As [`Planes::fill_from_yu12`], with V before U.
    pub fn fill_from_yv12(&mut self, data: &[u8], stride: usize, range: Range) -> bool {
        let Some([y, v, u]) = self.three_planes(data, stride) else {
            return false;
        };
        self.fill_from_planar(y, Some((u, v)), range);
        true
    }

    /// Fills this picture from luma rows alone.
    ///
    /// Returns `false`, and leaves the picture as it was, when `data` is too short for that.
    pub fn fill_from_grey(&mut self, data: &[u8], stride: usize, range: Range) -> bool {
        let size = (self.width.into(), self.height.into());
        let Some((y, _)) = first_plane(data, size, stride) else {
            return false;
        };
        self.fill_from_planar(y, None, range);
        true
    }

    fn three_planes<'a>(&self, data: &'a [u8], stride: usize) -> Option<[Plane<'a>; 3]> {
        let (width, rows) = (usize::from(self.width), usize::from(self.height));
        let half = (width.div_ceil(2), rows.div_ceil(2));
        let (y, rest) = first_plane(data, (width, rows), stride)?;
        let (second, rest) = first_plane(rest, half, stride.div_ceil(2))?;
        let (third, _) = first_plane(rest, half, stride.div_ceil(2))?;
        Some([y, second, third])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uyvy_becomes_planes() {
        let mut planes = Planes::new(2, 2);
        let data = [100, 10, 200, 20, 9, 9, 110, 30, 210, 40];
        assert!(planes.fill_from_uyvy(&data, 6, Range::Full));
        assert_eq!(planes.at(0, 0), Some((10, 105, 205)));
        assert_eq!(planes.at(1, 1), Some((40, 105, 205)));
    }

    #[test]
    fn yu12_and_yv12_become_planes() {
        // Four pixels a row in six bytes, three rows: chroma has two rows of two samples in three bytes.
        let luma = [1, 2, 3, 4, 0, 0, 5, 6, 7, 8, 0, 0, 9, 10, 11, 12, 0, 0];
        let (second, third) = ([50, 60, 0, 70, 80, 0], [150, 160, 0, 170, 180]);
        let data = [&luma[..], &second, &third].concat();
        let mut planes = Planes::new(4, 3);
        assert!(planes.fill_from_yu12(&data, 6, Range::Full));
        assert_eq!(planes.at(3, 0), Some((4, 60, 160)));
        assert_eq!(planes.at(0, 2), Some((9, 70, 170)));
        assert!(planes.fill_from_yv12(&data, 6, Range::Full));
        assert_eq!(planes.at(3, 0), Some((4, 160, 60)));
    }

    #[test]
    fn grey_becomes_planes_without_colour() {
        let mut planes = Planes::new(3, 2);
        assert!(planes.fill_from_grey(&[16, 126, 235, 0, 235, 126, 16], 4, Range::Limited));
        assert_eq!(planes.at(1, 0), Some((128, 128, 128)));
        assert_eq!(
            [planes.at(0, 1), planes.at(2, 1)].map(|at| at.unwrap().0),
            [255, 0]
        );
    }

    #[test]
    fn what_is_too_short_is_refused() {
        let mut planes = Planes::new(4, 4);
        assert!(!planes.fill_from_yu12(&[0; 23], 4, Range::Full));
        assert!(!planes.fill_from_yv12(&[0; 64], 3, Range::Full));
        assert!(!planes.fill_from_grey(&[0; 15], 4, Range::Full));
        assert!(!planes.fill_from_grey(&[0; 64], usize::MAX, Range::Full));
        assert!(!planes.fill_from_uyvy(&[0; 31], 8, Range::Full));
        assert!(!planes.fill_from_uyvy(&[0; 64], 9, Range::Full));
        assert!(!Planes::new(0, 0).fill_from_yu12(&[], 0, Range::Full));
        assert_eq!(planes, Planes::new(4, 4));
    }
}
