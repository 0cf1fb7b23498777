//! One file of a recording: MJPEG in AVI 1.0, as every player knows it.
//!
//! AVI knows no times, only steps of equal length. A step without a new picture is a chunk of length zero, which players take
//! as "the picture before, once more": so that a step of a few milliseconds holds frames that come when they come.
//!
//! Every picture is whole in the file as soon as it is written. The lengths at the beginning are brought up to date now and
//! then, the index is written at the end: a file without either still plays, since its pictures follow one another.

use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};

/// Length of everything before the first picture, and where the list of pictures begins.
const HEAD_BYTES: u32 = 224;
const MOVIE_AT: u32 = HEAD_BYTES - 4;

const VIDEO_CHUNK: &[u8; 4] = b"00dc";
const HAS_INDEX: u32 = 0x10;
const KEY_FRAME: u32 = 0x10;

/// Where a recording is written to.
pub(super) trait Sink: Write + Seek {
    /// Makes it `len` bytes long.
    fn cut(&mut self, len: u64) -> io::Result<()>;
}

impl Sink for File {
    fn cut(&mut self, len: u64) -> io::Result<()> {
        self.set_len(len)
    }
}

/// Steps each second, as a fraction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Steps {
    pub(super) rate: u32,
    pub(super) scale: u32,
}

impl Steps {
    /// The step nearest to a moment, in microseconds since the first picture.
    pub(super) fn at(self, us: u64) -> u64 {
        // Of numbers of 64 and 32 bits, 128 hold every product.
        let length = u128::from(self.scale).saturating_mul(1_000_000);
        let steps = u128::from(us).saturating_mul(self.rate.into());
        let half_more = steps.saturating_add(length >> 1);
        half_more.checked_div(length).unwrap_or(0) as u64
    }

    /// When a step begins, in microseconds since the first picture.
    pub(super) fn begin_us(self, step: u64) -> u64 {
        let us = u128::from(step)
            .saturating_mul(1_000_000)
            .saturating_mul(self.scale.into());
        us.checked_div(self.rate.into()).unwrap_or(0) as u64
    }
}

/// A file that is being written.
pub(super) struct AviWriter<S> {
    sink: S,
    size: (u16, u16),
    steps: Steps,
    /// Steps so far, each of which is one chunk.
    count: u32,
    longest: u32,
    /// Where the next chunk goes: everything before is whole.
    end: u32,
    index: Vec<u8>,
    /// What goes to the file in one write.
    room: Vec<u8>,
}

impl<S: Sink> AviWriter<S> {
    pub(super) fn begin(sink: S, size: (u16, u16), steps: Steps) -> io::Result<AviWriter<S>> {
        let mut avi = AviWriter {
            sink,
            size,
            steps,
            count: 0,
            longest: 0,
            end: HEAD_BYTES,
            index: Vec::new(),
            room: Vec::new(),
        };
        let head = avi.head(false);
        avi.sink.write_all(&head)?;
        Ok(avi)
    }

    /// Bytes so far, without the index.
    pub(super) fn bytes(&self) -> u32 {
        self.end
    }

    /// The step that has no picture yet.
    pub(super) fn next_step(&self) -> u32 {
        self.count
    }

    pub(super) fn size(&self) -> (u16, u16) {
        self.size
    }

    /// Puts a picture at a step that is not past; the steps in between repeat the picture before.
    ///
    /// After an error the file ends as it did before.
    pub(super) fn put(&mut self, jpeg: &[u8], step: u32) -> io::Result<()> {
        let repeats = step.saturating_sub(self.count);
        self.room.clear();
        for _ in 0..repeats {
            self.room.extend_from_slice(VIDEO_CHUNK);
            self.room.extend_from_slice(&0u32.to_le_bytes());
        }
        let length = jpeg.len() as u32;
        self.room.extend_from_slice(VIDEO_CHUNK);
        self.room.extend_from_slice(&length.to_le_bytes());
        self.room.extend_from_slice(jpeg);
        if !length.is_multiple_of(2) {
            self.room.push(0);
        }
        if let Err(error) = self.sink.write_all(&self.room) {
            // What of it is in the file would be taken for damage. Should this fail as well, the file still plays up to there.
            let _ = self.cut_to_end();
            return Err(error);
        }
        for _ in 0..repeats {
            self.enter(0);
        }
        self.enter(length);
        Ok(())
    }

    /// Brings the lengths at the beginning up to date.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.write_head(false)
    }

    /// Writes the index and the last lengths. Without room for the index the file is whole without it.
    pub(super) fn finish(mut self) -> io::Result<()> {
        let mut index = Vec::with_capacity(self.index.len().saturating_add(8));
        index.extend_from_slice(b"idx1");
        index.extend_from_slice(&(self.index.len() as u32).to_le_bytes());
        index.extend_from_slice(&self.index);
        match self.sink.write_all(&index) {
            Ok(()) => self.write_head(true),
            Err(error) => {
                self.cut_to_end()?;
                self.write_head(false)?;
                Err(error)
            }
        }
    }

    fn cut_to_end(&mut self) -> io::Result<()> {
        self.sink.cut(self.end.into())?;
        self.sink.seek(SeekFrom::Start(self.end.into()))?;
        Ok(())
    }

    fn enter(&mut self, length: u32) {
        let entry = [
            u32::from_le_bytes(*VIDEO_CHUNK),
            KEY_FRAME,
            self.end.saturating_sub(MOVIE_AT),
            length,
        ];
        self.index
            .extend(entry.iter().flat_map(|field| field.to_le_bytes()));
        // A file is much shorter than 4 GiB: the recorder begins another in time.
        self.end = self
            .end
            .saturating_add(8)
            .saturating_add(length.next_multiple_of(2));
        self.count = self.count.saturating_add(1);
        self.longest = self.longest.max(length);
    }

    fn write_head(&mut self, indexed: bool) -> io::Result<()> {
        let head = self.head(indexed);
        self.sink.seek(SeekFrom::Start(0))?;
        self.sink.write_all(&head)?;
        self.sink.seek(SeekFrom::Start(self.end.into()))?;
        Ok(())
    }

    /// The headers, as they are for what is in the file now.
    fn head(&self, indexed: bool) -> Vec<u8> {
        let (width, height) = (u32::from(self.size.0), u32::from(self.size.1));
        let Steps { rate, scale } = self.steps;
        let us_per_step = self.steps.begin_us(1) as u32;
        let (flags, index_bytes) = match indexed {
            true => (HAS_INDEX, (self.index.len() as u32).saturating_add(8)),
            false => (0, 0),
        };
        let mut head = Head::default();
        head.four(b"RIFF")
            .number(self.end.saturating_sub(8).saturating_add(index_bytes))
            .four(b"AVI ");
        head.four(b"LIST").number(MOVIE_AT - 28).four(b"hdrl");
        head.four(b"avih").number(56);
        head.numbers(&[
            us_per_step,
            0,
            0,
            flags,
            self.count,
            0,
            1,
            self.longest,
            width,
            height,
        ]);
        head.numbers(&[0; 4]);
        head.four(b"LIST").number(116).four(b"strl");
        head.four(b"strh").number(56).four(b"vids").four(b"MJPG");
        // Flags, priority and language, initial frames; scale, rate; start, length; longest; quality (unknown); no sample size.
        head.numbers(&[0, 0, 0, scale, rate, 0, self.count, self.longest, u32::MAX, 0, 0]);
        head.number(width | (height << 16));
        head.four(b"strf").number(40);
        head.numbers(&[40, width, height, 1 | (24 << 16)]).four(b"MJPG");
        head.numbers(&[width.saturating_mul(height).saturating_mul(3), 0, 0, 0, 0]);
        head.four(b"LIST")
            .number(self.end.saturating_sub(MOVIE_AT))
            .four(b"movi");
        head.0
    }
}

/// Numbers in Intel's order, as RIFF has them.
#[derive(Default)]
struct Head(Vec<u8>);

impl Head {
    fn four(&mut self, letters: &[u8; 4]) -> &mut Head {
        self.0.extend_from_slice(letters);
        self
    }

    fn number(&mut self, number: u32) -> &mut Head {
        self.0.extend_from_slice(&number.to_le_bytes());
        self
    }

    fn numbers(&mut self, numbers: &[u32]) -> &mut Head {
        numbers.iter().fold(self, |head, number| head.number(*number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    const STEPS: Steps = Steps { rate: 240, scale: 1 };

    impl Sink for Cursor<Vec<u8>> {
        fn cut(&mut self, len: u64) -> io::Result<()> {
            self.get_mut().truncate(len as usize);
            Ok(())
        }
    }

    fn number_at(bytes: &[u8], at: usize) -> u32 {
        u32::from_le_bytes(std::array::from_fn(|i| bytes[at + i]))
    }

    #[test]
    fn lengths_and_index_agree_with_what_is_there() {
        let mut avi = AviWriter::begin(Cursor::new(Vec::new()), (64, 48), STEPS).unwrap();
        assert_eq!(avi.head(false).len(), HEAD_BYTES as usize);
        avi.put(b"first", 0).unwrap();
        avi.put(b"second", 3).unwrap();
        assert_eq!(avi.next_step(), 4);
        let (head, index) = (avi.head(true), avi.index.clone());
        let end = avi.end as usize;
        let bytes = avi.sink.get_ref().clone();
        assert_eq!(bytes.len(), end, "every picture is in the file at once");
        assert_eq!(number_at(&head, 4) as usize, end - 8 + 8 + index.len());
        assert_eq!(
            number_at(&head, MOVIE_AT as usize - 4) as usize,
            end - MOVIE_AT as usize
        );
        for (at, expected) in [(0, &b"first"[..]), (1, b""), (2, b""), (3, b"second")] {
            let offset = MOVIE_AT as usize + number_at(&index, 16 * at + 8) as usize;
            assert_eq!(bytes[offset..offset + 4], *VIDEO_CHUNK);
            assert_eq!(number_at(&index, 16 * at + 12) as usize, expected.len());
            assert_eq!(bytes[offset + 8..][..expected.len()], *expected);
        }
    }

    /// A disk that has room for some bytes, and says so in the middle of a write as disks do.
    struct Small {
        file: Cursor<Vec<u8>>,
        room: usize,
    }

    impl Write for Small {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let left = self.room.saturating_sub(self.file.position() as usize);
            match bytes.len().min(left) {
                0 => Err(io::ErrorKind::StorageFull.into()),
                fits => self.file.write(&bytes[..fits]),
            }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Seek for Small {
        fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
            self.file.seek(to)
        }
    }

    impl Sink for Small {
        fn cut(&mut self, len: u64) -> io::Result<()> {
            self.file.cut(len)
        }
    }

    #[test]
    fn a_picture_without_room_leaves_nothing_behind() {
        let room = HEAD_BYTES as usize + 100;
        let small = Small {
            file: Cursor::default(),
            room,
        };
        let mut avi = AviWriter::begin(small, (64, 48), STEPS).unwrap();
        avi.put(&[1; 40], 0).unwrap();
        let whole = avi.sink.file.get_ref().clone();
        let error = avi.put(&[2; 90], 5).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        assert_eq!(*avi.sink.file.get_ref(), whole);
        avi.sink.room = 1_000;
        avi.put(&[3; 40], 1).unwrap();
        assert_eq!(avi.sink.file.get_ref().len(), avi.end as usize);
        assert_eq!(avi.next_step(), 2);
    }

    #[test]
    fn moments_are_rounded_to_the_nearest_step() {
        assert_eq!(
            [0, 2_000, 2_100, 33_333, 1_000_000].map(|us| STEPS.at(us)),
            [0, 0, 1, 8, 240]
        );
        assert_eq!(STEPS.begin_us(8), 33_333);
        let ntsc = Steps {
            rate: 269_730,
            scale: 1_000,
        };
        assert_eq!(ntsc.at(1_000_000_000), 269_730);
    }
}
