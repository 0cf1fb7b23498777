//! Planar YUV 4:2:0, full range: the one raw form in which pictures travel inside this crate, and the ways into it.

mod raw;
mod scale;
mod unpack;

use scale::scale;
pub(crate) use scale::scale_packed;
use unpack::{expand_chroma, expand_luma};

/// A picture in planar YUV 4:2:0 with the full range of JFIF (luma 0 to 255), as the JPEG encoder takes it.
///
/// Rows of luma are padded to an even length and luma has an even number of rows, so that each chroma sample belongs to
/// exactly four luma samples.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Planes {
    width: u16,
    height: u16,
    data: Vec<u8>,
}

/// The three planes of a picture, to be written.
pub(crate) struct PlanesMut<'a> {
    pub(crate) y: &'a mut [u8],
    pub(crate) u: &'a mut [u8],
    pub(crate) v: &'a mut [u8],
}

/// The three planes of a picture, to be read.
struct PlanesRef<'a> {
    y: &'a [u8],
    u: &'a [u8],
    v: &'a [u8],
}

/// One plane of somebody else's picture: `rows` rows of `width` samples, each row `stride` bytes after the one before.
#[derive(Clone, Copy)]
pub(crate) struct Plane<'a> {
    pub(crate) data: &'a [u8],
    pub(crate) width: usize,
    pub(crate) rows: usize,
    pub(crate) stride: usize,
}

impl<'a> Plane<'a> {
    fn row(&self, at: usize) -> &'a [u8] {
        &self.data[at * self.stride..][..self.width]
    }
}

/// Which numbers stand for black and white in a picture that comes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Range {
    /// 16 to 235 (chroma 16 to 240), as television and most cameras have it.
    Limited,
    /// 0 to 255, as JFIF has it.
    Full,
}

impl Planes {
    /// A black picture.
    pub fn new(width: u16, height: u16) -> Planes {
        let mut planes = Planes::default();
        planes.resize(width, height);
        planes
    }

    /// Width in pixels.
    pub fn width(&self) -> u16 {
        self.width
    }

    /// Height in pixels.
    pub fn height(&self) -> u16 {
        self.height
    }

    /// All three planes, one after the other without gaps: luma, U, V.
    pub fn bytes(&self) -> &[u8] {
        &self.data
    }

    /// Luma and the length of its rows.
    pub fn luma(&self) -> (&[u8], usize) {
        let stride = self.luma_stride();
        (&self.data[..stride * self.luma_rows()], stride)
    }

    /// The colour of the pixel at `x`, `y` as (Y, U, V); `None` outside of the picture.
    pub fn at(&self, x: u16, y: u16) -> Option<(u8, u8, u8)> {
        if x >= self.width || y >= self.height {
            return None;
        }
        let (x, y) = (usize::from(x), usize::from(y));
        let luma_len = self.luma_stride() * self.luma_rows();
        let chroma = (y / 2) * self.chroma_stride() + x / 2;
        let chroma_len = luma_len / 4;
        Some((
            self.data[y * self.luma_stride() + x],
            self.data[luma_len + chroma],
            self.data[luma_len + chroma_len + chroma],
        ))
    }

    /// Makes the picture this size, and black wherever it was not of this size already.
    pub(crate) fn resize(&mut self, width: u16, height: u16) {
        if (self.width, self.height) == (width, height) {
            return;
        }
        (self.width, self.height) = (width, height);
        let luma_len = self.luma_stride() * self.luma_rows();
        self.data.clear();
        self.data.resize(luma_len, 0);
        self.data.resize(luma_len + luma_len / 2, 128);
    }

    pub(crate) fn luma_stride(&self) -> usize {
        usize::from(self.width).next_multiple_of(2)
    }

    pub(crate) fn chroma_stride(&self) -> usize {
        self.luma_stride() / 2
    }

    fn luma_rows(&self) -> usize {
        usize::from(self.height).next_multiple_of(2)
    }

    pub(crate) fn split_mut(&mut self) -> PlanesMut<'_> {
        let luma_len = self.luma_stride() * self.luma_rows();
        let (y, chroma) = self.data.split_at_mut(luma_len);
        let (u, v) = chroma.split_at_mut(luma_len / 4);
        PlanesMut { y, u, v }
    }

    /// Fills this picture from packed `Y U Y V`, each row `stride` bytes after the one before. Chroma of two rows becomes one.
    ///
    /// Returns `false`, and leaves the picture as it was, when `data` is too short for that.
    pub fn fill_from_yuyv(&mut self, data: &[u8], stride: usize, range: Range) -> bool {
        let (row_len, rows) = (
            2 * usize::from(self.width).next_multiple_of(2),
            usize::from(self.height),
        );
        if stride < row_len || rows == 0 || data.len() < stride * (rows - 1) + row_len {
            return false;
        }
        let (luma_stride, chroma_stride) = (self.luma_stride(), self.chroma_stride());
        let planes = self.split_mut();
        let mut pairs = vec![0; luma_stride];
        for pair in 0..rows.div_ceil(2) {
            let upper = &data[2 * pair * stride..][..row_len];
            // The last row of an odd height stands for its missing neighbour too.
            let lower_row = (2 * pair + 1).min(rows - 1);
            let lower = &data[lower_row * stride..][..row_len];
            let y = &mut planes.y[2 * pair * luma_stride..][..2 * luma_stride];
            let (y_upper, y_lower) = y.split_at_mut(luma_stride);
            unpack::luma_of_yuyv(upper, y_upper, range);
            unpack::luma_of_yuyv(lower, y_lower, range);
            unpack::chroma_of_yuyv(upper, lower, &mut pairs, range);
            let u = &mut planes.u[pair * chroma_stride..][..chroma_stride];
            let v = &mut planes.v[pair * chroma_stride..][..chroma_stride];
            unpack::part_pairs(&pairs, u, v);
        }
        true
    }

    /// Fills this picture from luma rows followed by rows of `U V` pairs at half the height.
    ///
    /// Returns `false`, and leaves the picture as it was, when `data` is too short for that.
    pub fn fill_from_nv12(&mut self, data: &[u8], stride: usize, range: Range) -> bool {
        let (width, rows) = (usize::from(self.width), usize::from(self.height));
        let (luma_stride, chroma_stride) = (self.luma_stride(), self.chroma_stride());
        let chroma_rows = rows.div_ceil(2);
        let needed = stride * rows + stride * chroma_rows.saturating_sub(1) + 2 * chroma_stride;
        if stride < 2 * chroma_stride || rows == 0 || data.len() < needed {
            return false;
        }
        let planes = self.split_mut();
        for (row, y) in planes.y.chunks_exact_mut(luma_stride).enumerate() {
            y[..width].copy_from_slice(&data[row.min(rows - 1) * stride..][..width]);
            expand_luma(y, range);
        }
        let pairs = &data[stride * rows..];
        for row in 0..chroma_rows {
            let u = &mut planes.u[row * chroma_stride..][..chroma_stride];
            let v = &mut planes.v[row * chroma_stride..][..chroma_stride];
            unpack::part_pairs(&pairs[row * stride..][..2 * chroma_stride], u, v);
            expand_chroma(u, range);
            expand_chroma(v, range);
        }
        true
    }

    /// Fills this picture from three planes of any size, scaling each by averaging. Without chroma the picture is grey.
    pub(crate) fn fill_from_planar(
        &mut self,
        y: Plane<'_>,
        uv: Option<(Plane<'_>, Plane<'_>)>,
        range: Range,
    ) {
        let (width, height) = (usize::from(self.width), usize::from(self.height));
        let (luma_stride, chroma_stride) = (self.luma_stride(), self.chroma_stride());
        let planes = self.split_mut();
        scale(y, planes.y, (width, height, luma_stride));
        let chroma_size = (width.div_ceil(2), height.div_ceil(2), chroma_stride);
        match uv {
            Some((u, v)) => {
                scale(u, planes.u, chroma_size);
                scale(v, planes.v, chroma_size);
            }
            None => {
                planes.u.fill(128);
                planes.v.fill(128);
            }
        }
        expand_luma(planes.y, range);
        expand_chroma(planes.u, range);
        expand_chroma(planes.v, range);
    }

    /// Becomes the picture of two fields of one size, each of which has every second row; the first row is the upper one's.
    pub(crate) fn weave(&mut self, upper: &Planes, lower: &Planes) {
        self.resize(upper.width, upper.height.saturating_mul(2));
        let (luma_stride, chroma_stride) = (self.luma_stride(), self.chroma_stride());
        let (to, upper, lower) = (self.split_mut(), upper.split(), lower.split());
        weave_rows(to.y, [upper.y, lower.y], luma_stride);
        weave_rows(to.u, [upper.u, lower.u], chroma_stride);
        weave_rows(to.v, [upper.v, lower.v], chroma_stride);
    }

    fn split(&self) -> PlanesRef<'_> {
        let luma_len = self.luma_stride() * self.luma_rows();
        let (y, chroma) = self.data.split_at(luma_len);
        let (u, v) = chroma.split_at(luma_len / 4);
        PlanesRef { y, u, v }
    }

    /// This picture at another size, into `to`, whose size says which.
    pub fn scale_into(&self, to: &mut Planes) {
        let (width, height) = (usize::from(self.width), usize::from(self.height));
        let luma_len = self.luma_stride() * self.luma_rows();
        let (chroma_width, chroma_rows) = (width.div_ceil(2), height.div_ceil(2));
        let chroma = |at: usize| Plane {
            data: &self.data[luma_len + at * (luma_len / 4)..][..luma_len / 4],
            width: chroma_width,
            rows: chroma_rows,
            stride: self.chroma_stride(),
        };
        let y = Plane {
            data: &self.data[..luma_len],
            width,
            rows: height,
            stride: self.luma_stride(),
        };
        to.fill_from_planar(y, Some((chroma(0), chroma(1))), Range::Full);
    }
}

/// Rows of both planes in turn, as many as there is room for.
fn weave_rows(to: &mut [u8], [upper, lower]: [&[u8]; 2], stride: usize) {
    let stride = stride.max(1);
    let pairs = upper.chunks_exact(stride).zip(lower.chunks_exact(stride));
    let rows = pairs.flat_map(|(upper, lower)| [upper, lower]);
    to.chunks_exact_mut(stride)
        .zip(rows)
        .for_each(|(to, row)| to.copy_from_slice(row));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yuyv_with_padded_rows_and_odd_height_becomes_planes() {
        let mut planes = Planes::new(2, 3);
        // Two pixels a row (Y U Y V) and two bytes of padding.
        let data = [10, 100, 20, 200, 9, 9, 30, 110, 40, 210, 9, 9, 50, 60, 70, 80];
        assert!(planes.fill_from_yuyv(&data, 6, Range::Full));
        assert_eq!(planes.at(0, 0), Some((10, 105, 205)));
        assert_eq!(planes.at(1, 1), Some((40, 105, 205)));
        assert_eq!(planes.at(1, 2), Some((70, 60, 80)));
        assert_eq!(planes.at(0, 3), None);
    }

    #[test]
    fn nv12_becomes_planes() {
        let mut planes = Planes::new(2, 2);
        assert!(planes.fill_from_nv12(&[1, 2, 0, 3, 4, 0, 90, 160], 3, Range::Full));
        assert_eq!(planes.at(1, 0), Some((2, 90, 160)));
        assert_eq!(planes.at(0, 1), Some((3, 90, 160)));
    }

    #[test]
    fn a_buffer_that_is_too_short_is_refused() {
        let mut planes = Planes::new(4, 4);
        assert!(!planes.fill_from_yuyv(&[0; 31], 8, Range::Full));
        assert!(!planes.fill_from_yuyv(&[0; 64], 7, Range::Full));
        assert!(!planes.fill_from_nv12(&[0; 23], 4, Range::Full));
        assert!(!planes.fill_from_nv12(&[0; 64], 3, Range::Full));
        assert_eq!(planes, Planes::new(4, 4));
    }

    #[test]
    fn scaling_down_averages_and_keeps_colours_in_place() {
        let mut big = Planes::new(8, 4);
        let planes = big.split_mut();
        for row in planes.y.chunks_exact_mut(8) {
            row.copy_from_slice(&[0, 100, 0, 100, 200, 240, 200, 240]);
        }
        planes
            .u
            .chunks_exact_mut(4)
            .for_each(|row| row.copy_from_slice(&[10, 10, 90, 90]));
        let mut small = Planes::new(4, 2);
        big.scale_into(&mut small);
        assert_eq!(small.at(0, 0), Some((50, 10, 128)));
        assert_eq!(small.at(3, 1), Some((220, 90, 128)));
    }

    #[test]
    fn two_fields_of_odd_height_become_one_picture() {
        let field = |y: u8, u: u8| {
            let mut field = Planes::new(3, 3);
            let planes = field.split_mut();
            planes.y.fill(y);
            planes.u.fill(u);
            field
        };
        let mut whole = Planes::default();
        whole.weave(&field(10, 100), &field(20, 200));
        assert_eq!((whole.width(), whole.height()), (3, 6));
        let column = |y| whole.at(2, y).unwrap();
        assert_eq!([0, 1, 4, 5].map(|y| column(y).0), [10, 20, 10, 20]);
        assert_eq!(
            [0, 1, 2, 3, 4, 5].map(|y| column(y).1),
            [100, 100, 200, 200, 100, 100]
        );
    }

    #[test]
    fn sizes_without_pixels_do_no_harm() {
        let mut none = Planes::new(0, 0);
        Planes::new(4, 4).scale_into(&mut none);
        assert!(none.bytes().is_empty());
        assert!(!none.fill_from_yuyv(&[], 0, Range::Full));
        none.scale_into(&mut Planes::new(2, 2));
    }
}
