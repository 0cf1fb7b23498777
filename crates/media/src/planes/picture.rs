//! The picture itself, and how it is filled.

use super::plane::{Plane, Range, copy, first_plane};
use super::scale::scale;
use super::unpack::{self, expand_chroma, expand_luma};

/// A picture in planar YUV 4:2:0 with the full range of JFIF (luma 0 to 255), as the JPEG encoder takes it.
///
/// Rows of luma are padded to an even length and luma has an even number of rows, so that each chroma sample belongs to
/// exactly four luma samples.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Planes {
    pub(super) width: u16,
    pub(super) height: u16,
    data: Vec<u8>,
}

/// The three planes of a picture, to be written.
pub(crate) struct PlanesMut<'a> {
    pub(crate) y: &'a mut [u8],
    pub(crate) u: &'a mut [u8],
    pub(crate) v: &'a mut [u8],
}

/// The three planes of a picture, to be read.
struct PlanesRef<T> {
    y: T,
    u: T,
    v: T,
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
        (self.split().y, self.luma_stride())
    }

    /// The colour of the pixel at `x`, `y` as (Y, U, V); `None` outside of the picture.
    pub fn at(&self, x: u16, y: u16) -> Option<(u8, u8, u8)> {
        if x >= self.width || y >= self.height {
            return None;
        }
        let sample = |plane: Plane<'_>, x: u16, y: u16| plane.row(y.into()).get(usize::from(x)).copied();
        let PlanesRef { y: luma, u, v } = self.planes();
        Some((
            sample(luma, x, y)?,
            sample(u, x >> 1, y >> 1)?,
            sample(v, x >> 1, y >> 1)?,
        ))
    }

    /// Makes the picture this size, and black wherever it was not of this size already.
    pub(crate) fn resize(&mut self, width: u16, height: u16) {
        if (self.width, self.height) == (width, height) {
            return;
        }
        (self.width, self.height) = (width, height);
        let (luma_len, chroma_len) = (self.luma_len(), self.chroma_len());
        self.data.clear();
        self.data.resize(luma_len, 0);
        self.data
            .resize(luma_len.saturating_add(chroma_len.saturating_mul(2)), 128);
    }

    pub(crate) fn luma_stride(&self) -> usize {
        usize::from(self.width).next_multiple_of(2)
    }

    pub(crate) fn chroma_stride(&self) -> usize {
        self.luma_stride() >> 1
    }

    fn luma_rows(&self) -> usize {
        usize::from(self.height).next_multiple_of(2)
    }

    /// Exact, as all products of sides, which have 16 bits.
    fn luma_len(&self) -> usize {
        self.luma_stride().saturating_mul(self.luma_rows())
    }

    /// A quarter of luma's, which is whole since both of its sides are even.
    fn chroma_len(&self) -> usize {
        self.luma_len() >> 2
    }

    pub(crate) fn split_mut(&mut self) -> PlanesMut<'_> {
        let (luma_len, chroma_len) = (self.luma_len(), self.chroma_len());
        let (y, chroma) = self.data.split_at_mut(luma_len);
        let (u, v) = chroma.split_at_mut(chroma_len);
        PlanesMut { y, u, v }
    }

    fn split(&self) -> PlanesRef<&[u8]> {
        let (y, chroma) = self.data.split_at(self.luma_len());
        let (u, v) = chroma.split_at(self.chroma_len());
        PlanesRef { y, u, v }
    }

    fn planes(&self) -> PlanesRef<Plane<'_>> {
        let (width, rows) = (usize::from(self.width), usize::from(self.height));
        let chroma = |data| Plane {
            data,
            width: width.div_ceil(2),
            rows: rows.div_ceil(2),
            stride: self.chroma_stride(),
        };
        let PlanesRef { y, u, v } = self.split();
        PlanesRef {
            y: Plane {
                data: y,
                width,
                rows,
                stride: self.luma_stride(),
            },
            u: chroma(u),
            v: chroma(v),
        }
    }

    /// Fills this picture from packed `Y U Y V`, each row `stride` bytes after the one before. Chroma of two rows becomes one.
    ///
    /// Returns `false`, and leaves the picture as it was, when `data` is too short for that.
    pub fn fill_from_yuyv(&mut self, data: &[u8], stride: usize, range: Range) -> bool {
        let (luma_stride, chroma_stride) = (self.luma_stride(), self.chroma_stride());
        let size = (luma_stride.saturating_mul(2), usize::from(self.height));
        let Some((from, _)) = first_plane(data, size, stride) else {
            return false;
        };
        let planes = self.split_mut();
        let mut pairs = vec![0; luma_stride];
        let luma = planes.y.chunks_exact_mut(luma_stride.saturating_mul(2).max(1));
        let u = planes.u.chunks_exact_mut(chroma_stride.max(1));
        let v = planes.v.chunks_exact_mut(chroma_stride.max(1));
        for (at, ((y, u), v)) in (0..).step_by(2).zip(luma.zip(u).zip(v)) {
            let upper = from.row(at);
            // The last row of an odd height stands for the missing one below it too.
            let lower = from.row(at.saturating_add(1).min(from.rows.saturating_sub(1)));
            let (y_upper, y_lower) = y.split_at_mut(luma_stride);
            unpack::luma_of_yuyv(upper, y_upper, range);
            unpack::luma_of_yuyv(lower, y_lower, range);
            unpack::chroma_of_yuyv(upper, lower, &mut pairs, range);
            unpack::split_pairs(&pairs, u, v);
        }
        true
    }

    /// Fills this picture from luma rows followed by rows of `U V` pairs at half the height.
    ///
    /// Returns `false`, and leaves the picture as it was, when `data` is too short for that.
    pub fn fill_from_nv12(&mut self, data: &[u8], stride: usize, range: Range) -> bool {
        let (luma_stride, chroma_stride) = (self.luma_stride(), self.chroma_stride());
        let (width, rows) = (usize::from(self.width), usize::from(self.height));
        let Some((luma, rest)) = first_plane(data, (width, rows), stride) else {
            return false;
        };
        let size = (chroma_stride.saturating_mul(2), rows.div_ceil(2));
        let Some((pairs, _)) = first_plane(rest, size, stride) else {
            return false;
        };
        let planes = self.split_mut();
        for (at, y) in planes.y.chunks_exact_mut(luma_stride.max(1)).enumerate() {
            copy(luma.row(at.min(rows.saturating_sub(1))), y);
            expand_luma(y, range);
        }
        let u = planes.u.chunks_exact_mut(chroma_stride.max(1));
        let v = planes.v.chunks_exact_mut(chroma_stride.max(1));
        for (at, (u, v)) in u.zip(v).enumerate() {
            unpack::split_pairs(pairs.row(at), u, v);
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

    /// This picture at another size, into `to`, whose size says which.
    pub fn scale_into(&self, to: &mut Planes) {
        let PlanesRef { y, u, v } = self.planes();
        to.fill_from_planar(y, Some((u, v)), Range::Full);
    }
}

/// Rows of both planes in turn, as many as there is room for.
fn weave_rows(to: &mut [u8], [upper, lower]: [&[u8]; 2], stride: usize) {
    let stride = stride.max(1);
    let pairs = upper.chunks_exact(stride).zip(lower.chunks_exact(stride));
    let rows = pairs.flat_map(|(upper, lower)| [upper, lower]);
    to.chunks_exact_mut(stride)
        .zip(rows)
        .for_each(|(to, row)| copy(row, to));
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

    /// Sizes in pixels with a length of rows that has room for `per_pixel` bytes of each pair's pixels.
    fn sizes(per_pixel: usize) -> impl Iterator<Item = (u16, u16, usize)> {
        let padded = move |width: u16, more| per_pixel * usize::from(width).next_multiple_of(2) + more;
        (1..=9)
            .flat_map(|width| (1..=5).map(move |height| (width, height)))
            .flat_map(move |(width, height)| [0, 2, 14].map(|more| (width, height, padded(width, more))))
    }

    fn noise(len: usize) -> Vec<u8> {
        (0..len).map(|at| (at * at * 31 + at * 7) as u8).collect()
    }

    #[test]
    fn yuyv_of_every_size_is_read_where_it_stands() {
        for (width, height, stride) in sizes(2) {
            let (rows, row_len) = (usize::from(height), 2 * usize::from(width).next_multiple_of(2));
            let data = noise(stride * (rows - 1) + row_len);
            let mut planes = Planes::new(width, height);
            assert!(!planes.fill_from_yuyv(&data[1..], stride, Range::Full));
            assert!(planes.fill_from_yuyv(&data, stride, Range::Full));
            for (x, y) in (0..width).flat_map(|x| (0..height).map(move |y| (x, y))) {
                let (column, row) = (usize::from(x), usize::from(y));
                let (upper, lower) = (row & !1, (row | 1).min(rows - 1));
                let mean = |at: usize| {
                    let both = u16::from(data[upper * stride + at]) + u16::from(data[lower * stride + at]);
                    both.div_ceil(2) as u8
                };
                let pair = 4 * (column / 2);
                let expected = (data[row * stride + 2 * column], mean(pair + 1), mean(pair + 3));
                assert_eq!(planes.at(x, y), Some(expected), "{width}×{height} at {x}, {y}");
            }
        }
    }

    #[test]
    fn nv12_and_yu12_of_every_size_are_read_where_they_stand() {
        for (width, height, stride) in sizes(1) {
            let (columns, rows) = (usize::from(width), usize::from(height));
            let (half, half_rows) = (columns.div_ceil(2), rows.div_ceil(2));
            let luma_len = stride * rows;
            let chroma_len = stride / 2 * half_rows;
            let ends = [
                luma_len + stride * (half_rows - 1) + 2 * half,
                luma_len + chroma_len + stride / 2 * (half_rows - 1) + half,
            ];
            for (is_yu12, end) in [false, true].into_iter().zip(ends) {
                let data = noise(end);
                let mut planes = Planes::new(width, height);
                let mut fill = |data: &[u8]| match is_yu12 {
                    true => planes.fill_from_yu12(data, stride, Range::Full),
                    false => planes.fill_from_nv12(data, stride, Range::Full),
                };
                assert!(!fill(&data[1..]) && fill(&data));
                for (x, y) in (0..width).flat_map(|x| (0..height).map(move |y| (x, y))) {
                    let (column, row) = (usize::from(x), usize::from(y));
                    let (u, v) = if is_yu12 {
                        let u = luma_len + row / 2 * (stride / 2) + column / 2;
                        (u, u + chroma_len)
                    } else {
                        let u = luma_len + row / 2 * stride + column / 2 * 2;
                        (u, u + 1)
                    };
                    let expected = (data[row * stride + column], data[u], data[v]);
                    assert_eq!(planes.at(x, y), Some(expected), "{width}×{height} at {x}, {y}");
                }
            }
        }
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
