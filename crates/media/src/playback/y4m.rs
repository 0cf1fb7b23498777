//! Y4M (YUV4MPEG2): a line of parameters, then for each picture a line `FRAME` and its planes.

use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::num::NonZeroUsize;

use super::aspect::shown_size;
use super::reader::{Header, MAX_SIDE, PlaybackError, Take, VideoReader};
use crate::planes::{Plane, Planes, Range};

/// Parameter lines are some 80 bytes; a longer one is no Y4M.
const MAX_LINE: u64 = 512;

/// The first word of the line before a picture.
const FRAME: &str = "FRAME";

/// A Y4M stream, from a file or from a pipe.
pub(super) struct Y4m<R> {
    reader: BufReader<R>,
    parameters: Parameters,
    /// One picture as it stands in the stream.
    room: Vec<u8>,
    first_at: u64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Parameters {
    /// With the size at which it is shown.
    header: Header,
    /// The size at which its pictures are written.
    size: (u16, u16),
    chroma: Chroma,
    range: Range,
}

/// How many samples of luma share one of chroma, across and down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Chroma {
    None,
    Shared {
        across: NonZeroUsize,
        down: NonZeroUsize,
    },
}

impl<R: Read> Y4m<R> {
    /// Reads the parameters, and waits for the first picture to begin.
    ///
    /// # Errors
    /// [`PlaybackError::Foreign`] for samples of more than 8 bits and other kinds that only `ffmpeg` reads; [`PlaybackError::Damaged`] when no
    /// picture follows the parameters.
    pub(super) fn open(mut reader: BufReader<R>) -> Result<Y4m<R>, PlaybackError> {
        let line = read_line(&mut reader)?.ok_or(PlaybackError::Damaged("it has no parameters"))?;
        let parameters = parse(&line)?;
        let first_at = (line.len() as u64).saturating_add(1);
        let next = reader.fill_buf()?;
        if next.is_empty() || !next.iter().zip(FRAME.as_bytes()).all(|(a, b)| a == b) {
            return Err(PlaybackError::Damaged("there is no picture in it"));
        }
        Ok(Y4m {
            reader,
            parameters,
            room: Vec::new(),
            first_at,
        })
    }

    pub(super) fn header(&self) -> Header {
        self.parameters.header
    }

    /// The next picture, into `planes`; `false` at the end: where the stream was cut short, and where something else follows.
    pub(super) fn next_into(&mut self, planes: &mut Planes) -> Result<bool, PlaybackError> {
        match read_line(&mut self.reader) {
            Ok(Some(line)) if line.split(' ').next() == Some(FRAME) => {}
            Err(PlaybackError::Io(error)) => return Err(error.into()),
            _ => return Ok(false),
        }
        let Parameters {
            header,
            size,
            chroma,
            range,
        } = self.parameters;
        let luma = Side::of(size);
        let colour = chroma.of(luma);
        let Some(len) = colour
            .len()
            .checked_mul(2)
            .and_then(|both| both.checked_add(luma.len()))
        else {
            return Ok(false);
        };
        // Grows with what really arrives: parameters alone allocate nothing.
        self.room.clear();
        (&mut self.reader).take(len as u64).read_to_end(&mut self.room)?;
        let planes_of = || {
            let (y, rest) = self.room.split_at_checked(luma.len())?;
            let (u, v) = rest.split_at_checked(colour.len())?;
            (v.len() == colour.len()).then_some((luma.plane(y), colour.plane(u), colour.plane(v)))
        };
        let Some((y, u, v)) = planes_of() else {
            return Ok(false);
        };
        planes.resize(header.width, header.height);
        planes.fill_from_planar(y, (chroma != Chroma::None).then_some((u, v)), range);
        Ok(true)
    }
}

/// The size of a plane in samples.
#[derive(Clone, Copy)]
struct Side {
    width: usize,
    rows: usize,
}

impl Side {
    fn of((width, height): (u16, u16)) -> Side {
        Side {
            width: width.into(),
            rows: height.into(),
        }
    }

    /// Of sides that are at most 8192, so that it is exact.
    fn len(self) -> usize {
        self.width.saturating_mul(self.rows)
    }

    fn plane(self, data: &[u8]) -> Plane<'_> {
        Plane {
            data,
            width: self.width,
            rows: self.rows,
            stride: self.width,
        }
    }
}

impl Chroma {
    /// The size of its planes for this luma.
    fn of(self, luma: Side) -> Side {
        match self {
            Chroma::None => Side { width: 0, rows: 0 },
            Chroma::Shared { across, down } => Side {
                width: luma.width.div_ceil(across.get()),
                rows: luma.rows.div_ceil(down.get()),
            },
        }
    }
}

impl<R: Read + Seek> VideoReader for Y4m<R> {
    fn header(&self) -> Header {
        self.parameters.header
    }

    fn next(&mut self, planes: &mut Planes) -> Result<Take, PlaybackError> {
        Ok(if self.next_into(planes)? {
            Take::Planes
        } else {
            Take::End
        })
    }

    fn rewind(&mut self) -> Result<(), PlaybackError> {
        self.reader.seek(SeekFrom::Start(self.first_at))?;
        Ok(())
    }
}

/// `None` at the end of the stream.
fn read_line(reader: &mut impl BufRead) -> Result<Option<String>, PlaybackError> {
    let mut line = Vec::new();
    reader.take(MAX_LINE).read_until(b'\n', &mut line)?;
    match line.pop() {
        None => Ok(None),
        Some(b'\n') => String::from_utf8(line)
            .map(Some)
            .map_err(|_| PlaybackError::Damaged("a line of it is no text")),
        Some(_) if (line.len() as u64).saturating_add(1) < MAX_LINE => Ok(None),
        Some(_) => Err(PlaybackError::Damaged("a line of it is too long")),
    }
}

fn parse(line: &str) -> Result<Parameters, PlaybackError> {
    let mut words = line.split(' ');
    if words.next() != Some("YUV4MPEG2") {
        return Err(PlaybackError::Damaged("it has no parameters"));
    }
    let (mut width, mut height, mut rate) = (0, 0, 25.0);
    let (mut chroma, mut former_chroma) = (None, None);
    let mut aspect = (1, 1);
    let mut range = Range::Limited;
    for word in words {
        match word.split_at_checked(1) {
            Some(("W", value)) => width = value.parse().unwrap_or(0),
            Some(("H", value)) => height = value.parse().unwrap_or(0),
            Some(("F", value)) => rate = parse_rate(value).unwrap_or(rate),
            Some(("A", value)) => aspect = parse_aspect(value).unwrap_or(aspect),
            Some(("C", value)) => chroma = Some(value),
            Some(("X", "COLORRANGE=FULL")) => range = Range::Full,
            // Before there was C, programs said it like this.
            Some(("X", value)) => former_chroma = value.strip_prefix("YSCSS=").or(former_chroma),
            _ => {}
        }
    }
    let chroma = parse_chroma(chroma.or(former_chroma).unwrap_or("420"))?;
    if !(1..=MAX_SIDE).contains(&width) || !(1..=MAX_SIDE).contains(&height) {
        return Err(PlaybackError::Damaged("its pictures have no possible size"));
    }
    let size = (width, height);
    let (width, height) = shown_size(size, aspect);
    Ok(Parameters {
        header: Header {
            width,
            height,
            rate,
            steps_per_s: rate,
        },
        size,
        chroma,
        range,
    })
}

fn parse_rate(value: &str) -> Option<f32> {
    let (count, seconds) = value.split_once(':')?;
    let rate = count.parse::<f32>().ok()? / seconds.parse::<f32>().ok()?;
    (rate.is_finite() && rate > 0.0).then(|| rate.clamp(0.1, 240.0))
}

fn parse_aspect(value: &str) -> Option<(u32, u32)> {
    let (across, down) = value.split_once(':')?;
    Some((across.parse().ok()?, down.parse().ok()?))
}

fn parse_chroma(value: &str) -> Result<Chroma, PlaybackError> {
    const ONE: NonZeroUsize = NonZeroUsize::MIN;
    const TWO: NonZeroUsize = ONE.saturating_add(1);
    const FOUR: NonZeroUsize = ONE.saturating_add(3);
    let shared = |across, down| Ok(Chroma::Shared { across, down });
    match value.to_ascii_lowercase().as_str() {
        "mono" => Ok(Chroma::None),
        "420" | "420jpeg" | "420mpeg2" | "420paldv" => shared(TWO, TWO),
        "422" => shared(TWO, ONE),
        "444" => shared(ONE, ONE),
        "411" => shared(FOUR, ONE),
        _ => Err(PlaybackError::Foreign(format!("Y4M with samples as \"{value}\""))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    fn open(bytes: &[u8]) -> Result<Y4m<Cursor<Vec<u8>>>, PlaybackError> {
        Y4m::open(BufReader::new(Cursor::new(bytes.to_vec())))
    }

    fn video(parameters: &str, picture: &[u8], count: usize) -> Vec<u8> {
        let mut bytes = format!("YUV4MPEG2 {parameters}\n").into_bytes();
        for _ in 0..count {
            bytes.extend_from_slice(b"FRAME\n");
            bytes.extend_from_slice(picture);
        }
        bytes
    }

    #[test]
    fn every_division_of_colour_is_read() {
        // 4×2 pixels: luma 126 is grey in limited range, chroma 90 and 200.
        for (chroma, samples) in [
            ("", 2),
            ("C420jpeg", 2),
            ("C422", 4),
            ("C444", 8),
            ("C411", 2),
            ("XYSCSS=420JPEG", 2),
            ("XYSCSS=422", 4),
            ("XYSCSS=444", 8),
            ("C444 XYSCSS=411", 8),
        ] {
            let mut picture = vec![126; 8];
            picture.extend(vec![90; samples]);
            picture.extend(vec![200; samples]);
            let bytes = video(&format!("W4 H2 F30:1 {chroma}"), &picture, 2);
            let mut y4m = open(&bytes).unwrap();
            assert_eq!(
                y4m.header(),
                Header {
                    width: 4,
                    height: 2,
                    rate: 30.0,
                    steps_per_s: 30.0
                }
            );
            let mut planes = Planes::default();
            for _ in 0..2 {
                assert!(y4m.next_into(&mut planes).unwrap(), "{chroma}");
                assert_eq!(planes.at(3, 1), Some((128, 85, 210)), "{chroma}");
            }
            assert!(!y4m.next_into(&mut planes).unwrap());
            y4m.rewind().unwrap();
            assert!(y4m.next_into(&mut planes).unwrap());
        }
    }

    #[test]
    fn grey_is_grey_and_full_range_is_left_alone() {
        let mut y4m = open(&video("W2 H2 Cmono XCOLORRANGE=FULL", &[16, 235, 0, 255], 1)).unwrap();
        let mut planes = Planes::default();
        assert!(y4m.next_into(&mut planes).unwrap());
        assert_eq!(planes.at(0, 0), Some((16, 128, 128)));
        assert_eq!(planes.at(1, 1), Some((255, 128, 128)));
    }

    #[test]
    fn what_is_damaged_says_so_and_allocates_nothing() {
        for bad in ["W0 H2", "W9000 H2", "H2", "Wx Hy", "W99999999999 H2"] {
            assert!(
                matches!(open(&video(bad, &[], 1)), Err(PlaybackError::Damaged(_))),
                "{bad}"
            );
        }
        assert!(matches!(
            open(&video("W4 H2 C420p10", &[], 1)),
            Err(PlaybackError::Foreign(_))
        ));
        assert!(matches!(open(&[b'Y'; 4096]), Err(PlaybackError::Damaged(_))));
        assert!(matches!(open(b""), Err(PlaybackError::Damaged(_))));

        let mut huge = open(&video("W8192 H8192 C444", &[1; 100], 1)).unwrap();
        assert!(!huge.next_into(&mut Planes::default()).unwrap());
        assert!(huge.room.capacity() < 1 << 20, "{}", huge.room.capacity());
    }

    #[test]
    fn bytes_behind_the_last_picture_are_its_end() {
        for behind in [&b"NOISE\n"[..], &[0; 4096], b"FRAMES\n", b"\xFF\xFE\n", b"FRA"] {
            let bytes = [&video("W2 H2 Cmono", &[1; 4], 2)[..], behind].concat();
            let mut y4m = open(&bytes).unwrap();
            for _ in 0..3 {
                let mut planes = Planes::default();
                assert!(y4m.next_into(&mut planes).unwrap() && y4m.next_into(&mut planes).unwrap());
                assert!(!y4m.next_into(&mut planes).unwrap());
                y4m.rewind().unwrap();
            }
        }
        for first in [&b"NOISE\n"[..], &[0; 4096], b""] {
            let bytes = [b"YUV4MPEG2 W2 H2\n", first].concat();
            assert!(matches!(open(&bytes), Err(PlaybackError::Damaged(_))));
        }
    }

    #[test]
    fn pixels_that_are_not_square_are_stretched() {
        let mut y4m = open(&video("W6 H2 F25:1 A4:3 Cmono XCOLORRANGE=FULL", &[80; 12], 1)).unwrap();
        assert_eq!((y4m.header().width, y4m.header().height), (8, 2));
        let mut planes = Planes::default();
        assert!(y4m.next_into(&mut planes).unwrap());
        assert_eq!((planes.width(), planes.at(7, 1)), (8, Some((80, 128, 128))));
        for aspect in ["A0:0", "A99999999999:1", "A:", "A4294967295:1", "A-4:3"] {
            let y4m = open(&video(&format!("W6 H2 {aspect} Cmono"), &[80; 12], 1)).unwrap();
            assert_eq!((y4m.header().width, y4m.header().height), (6, 2), "{aspect}");
        }
    }
}
