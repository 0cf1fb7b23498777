//! Y4M (YUV4MPEG2): a line of parameters, then for each picture a line `FRAME` and its planes.

use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};

use super::{Film, FilmError, Header, MAX_SIDE, Take};
use crate::planes::{Plane, Planes, Range};

/// Parameter lines are some 80 bytes; a longer one is no Y4M.
const MAX_LINE: u64 = 512;

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
    header: Header,
    chroma: Chroma,
    range: Range,
}

/// How many samples of luma share one of chroma, across and down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Chroma {
    None,
    Shared { across: usize, down: usize },
}

impl<R: Read> Y4m<R> {
    /// Reads the parameters.
    ///
    /// # Errors
    /// [`FilmError::Foreign`] for samples of more than 8 bits and other kinds that only `ffmpeg` reads.
    pub(super) fn open(mut reader: BufReader<R>) -> Result<Y4m<R>, FilmError> {
        let line = read_line(&mut reader)?.ok_or(FilmError::Damaged("it has no parameters"))?;
        let parameters = parse(&line)?;
        let first_at = line.len() as u64 + 1;
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

    /// The next picture, into `planes`; `false` at the end, and where the stream was cut short.
    pub(super) fn next_into(&mut self, planes: &mut Planes) -> Result<bool, FilmError> {
        let Some(line) = read_line(&mut self.reader)? else {
            return Ok(false);
        };
        if line != "FRAME" && !line.starts_with("FRAME ") {
            return Err(FilmError::Damaged("there is no picture where one should be"));
        }
        let Parameters {
            header,
            chroma,
            range,
        } = self.parameters;
        let (width, rows) = (usize::from(header.width), usize::from(header.height));
        let (chroma_width, chroma_rows) = match chroma {
            Chroma::None => (0, 0),
            Chroma::Shared { across, down } => (width.div_ceil(across), rows.div_ceil(down)),
        };
        let (luma_len, chroma_len) = (width * rows, chroma_width * chroma_rows);
        let len = luma_len + 2 * chroma_len;
        // Grows with what really arrives: parameters alone allocate nothing.
        self.room.clear();
        (&mut self.reader).take(len as u64).read_to_end(&mut self.room)?;
        if self.room.len() < len {
            return Ok(false);
        }
        let plane = |start: usize, width: usize, rows: usize| Plane {
            data: &self.room[start..start + width * rows],
            width,
            rows,
            stride: width,
        };
        let uv = (chroma != Chroma::None).then(|| {
            let second = luma_len + chroma_len;
            (
                plane(luma_len, chroma_width, chroma_rows),
                plane(second, chroma_width, chroma_rows),
            )
        });
        planes.resize(header.width, header.height);
        planes.fill_from_planar(plane(0, width, rows), uv, range);
        Ok(true)
    }
}

impl<R: Read + Seek> Film for Y4m<R> {
    fn header(&self) -> Header {
        self.parameters.header
    }

    fn next(&mut self, planes: &mut Planes) -> Result<Take, FilmError> {
        Ok(if self.next_into(planes)? {
            Take::Planes
        } else {
            Take::End
        })
    }

    fn rewind(&mut self) -> Result<(), FilmError> {
        self.reader.seek(SeekFrom::Start(self.first_at))?;
        Ok(())
    }
}

/// `None` at the end of the stream.
fn read_line(reader: &mut impl BufRead) -> Result<Option<String>, FilmError> {
    let mut line = Vec::new();
    reader.take(MAX_LINE).read_until(b'\n', &mut line)?;
    match line.pop() {
        None => Ok(None),
        Some(b'\n') => String::from_utf8(line)
            .map(Some)
            .map_err(|_| FilmError::Damaged("a line of it is no text")),
        Some(_) if line.len() as u64 + 1 < MAX_LINE => Ok(None),
        Some(_) => Err(FilmError::Damaged("a line of it is too long")),
    }
}

fn parse(line: &str) -> Result<Parameters, FilmError> {
    let mut words = line.split(' ');
    if words.next() != Some("YUV4MPEG2") {
        return Err(FilmError::Damaged("it has no parameters"));
    }
    let (mut width, mut height, mut rate) = (0, 0, 25.0);
    let mut chroma = Chroma::Shared { across: 2, down: 2 };
    let mut range = Range::Limited;
    for word in words {
        match word.split_at_checked(1) {
            Some(("W", value)) => width = value.parse().unwrap_or(0),
            Some(("H", value)) => height = value.parse().unwrap_or(0),
            Some(("F", value)) => rate = parse_rate(value).unwrap_or(rate),
            Some(("C", value)) => chroma = parse_chroma(value)?,
            Some(("X", "COLORRANGE=FULL")) => range = Range::Full,
            _ => {}
        }
    }
    if !(1..=MAX_SIDE).contains(&width) || !(1..=MAX_SIDE).contains(&height) {
        return Err(FilmError::Damaged("its pictures have no possible size"));
    }
    Ok(Parameters {
        header: Header {
            width,
            height,
            rate,
            steps_per_s: rate,
        },
        chroma,
        range,
    })
}

fn parse_rate(value: &str) -> Option<f32> {
    let (count, seconds) = value.split_once(':')?;
    let rate = count.parse::<f32>().ok()? / seconds.parse::<f32>().ok()?;
    (rate.is_finite() && rate > 0.0).then(|| rate.clamp(0.1, 240.0))
}

fn parse_chroma(value: &str) -> Result<Chroma, FilmError> {
    match value {
        "mono" => Ok(Chroma::None),
        "420" | "420jpeg" | "420mpeg2" | "420paldv" => Ok(Chroma::Shared { across: 2, down: 2 }),
        "422" => Ok(Chroma::Shared { across: 2, down: 1 }),
        "444" => Ok(Chroma::Shared { across: 1, down: 1 }),
        "411" => Ok(Chroma::Shared { across: 4, down: 1 }),
        other => Err(FilmError::Foreign(format!("Y4M with samples as \"{other}\""))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    fn open(bytes: &[u8]) -> Result<Y4m<Cursor<Vec<u8>>>, FilmError> {
        Y4m::open(BufReader::new(Cursor::new(bytes.to_vec())))
    }

    fn film(parameters: &str, picture: &[u8], count: usize) -> Vec<u8> {
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
        for (chroma, samples) in [("", 2), ("C420jpeg", 2), ("C422", 4), ("C444", 8), ("C411", 2)] {
            let mut picture = vec![126; 8];
            picture.extend(vec![90; samples]);
            picture.extend(vec![200; samples]);
            let bytes = film(&format!("W4 H2 F30:1 {chroma}"), &picture, 2);
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
        let mut y4m = open(&film("W2 H2 Cmono XCOLORRANGE=FULL", &[16, 235, 0, 255], 1)).unwrap();
        let mut planes = Planes::default();
        assert!(y4m.next_into(&mut planes).unwrap());
        assert_eq!(planes.at(0, 0), Some((16, 128, 128)));
        assert_eq!(planes.at(1, 1), Some((255, 128, 128)));
    }

    #[test]
    fn what_is_damaged_says_so_and_allocates_nothing() {
        for bad in ["W0 H2", "W9000 H2", "H2", "Wx Hy", "W99999999999 H2"] {
            assert!(
                matches!(open(&film(bad, &[], 1)), Err(FilmError::Damaged(_))),
                "{bad}"
            );
        }
        assert!(matches!(
            open(&film("W4 H2 C420p10", &[], 1)),
            Err(FilmError::Foreign(_))
        ));
        assert!(matches!(open(&[b'Y'; 4096]), Err(FilmError::Damaged(_))));
        assert!(matches!(open(b""), Err(FilmError::Damaged(_))));

        let mut huge = open(&film("W8192 H8192 C444", &[1; 100], 1)).unwrap();
        assert!(!huge.next_into(&mut Planes::default()).unwrap());
        assert!(huge.room.capacity() < 1 << 20, "{}", huge.room.capacity());

        let mut bytes = film("W2 H2 Cmono", &[1; 4], 1);
        bytes.extend_from_slice(b"NOISE\n");
        let mut y4m = open(&bytes).unwrap();
        assert!(y4m.next_into(&mut Planes::default()).unwrap());
        assert!(matches!(
            y4m.next_into(&mut Planes::default()),
            Err(FilmError::Damaged(_))
        ));
    }
}
