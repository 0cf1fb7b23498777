//! A plane as it comes in.

/// One plane of a picture that comes in: `rows` rows of `width` samples, each row `stride` bytes after the one before.
#[derive(Clone, Copy)]
pub(crate) struct Plane<'a> {
    pub(crate) data: &'a [u8],
    pub(crate) width: usize,
    pub(crate) rows: usize,
    pub(crate) stride: usize,
}

impl<'a> Plane<'a> {
    /// The samples of a row; none of one that is not there.
    pub(super) fn row(&self, at: usize) -> &'a [u8] {
        let rows = self.data.get(at.saturating_mul(self.stride)..);
        rows.and_then(|rows| rows.get(..self.width)).unwrap_or_default()
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

/// The plane that `data` begins with, and what is behind it. Its last row may lack what pads it.
pub(super) fn first_plane(
    data: &[u8],
    (width, rows): (usize, usize),
    stride: usize,
) -> Option<(Plane<'_>, &[u8])> {
    let least = stride.checked_mul(rows.checked_sub(1)?)?.checked_add(width)?;
    if stride < width || data.len() < least {
        return None;
    }
    let (data, rest) = data
        .split_at_checked(stride.checked_mul(rows)?)
        .unwrap_or((data, &[]));
    Some((
        Plane {
            data,
            width,
            rows,
            stride,
        },
        rest,
    ))
}

/// As many of the samples as there are and as there is room for.
pub(super) fn copy(from: &[u8], to: &mut [u8]) {
    to.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
}
