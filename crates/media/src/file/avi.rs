//! MJPEG in AVI, read as it streams: the index is never needed, so files that were cut short or grew beyond 2 GB play too.
//!
//! A RIFF file is a row of chunks: four letters, a length of four bytes (little-endian), that many bytes, and one more to make the
//! length even. Lists are chunks with chunks inside; their own lengths are ignored here, since a recording that was interrupted has
//! none. What matters: `strh` and `strf` describe a stream, `00dc` is a picture of stream 0, `01wb` sound of stream 1.

use std::io::{self, BufReader, Read, Seek, SeekFrom};

use super::{Film, FilmError, Header, MAX_SIDE, Take, read_up_to};
use crate::jpeg::{self, Limits};
use crate::planes::Planes;

/// Lists whose chunks are read as if they stood outside: header, stream, pictures, interleaved groups, the file and its continuations.
const OPENED_LISTS: [&[u8; 4]; 6] = [b"hdrl", b"strl", b"movi", b"rec ", b"AVI ", b"AVIX"];

/// So many chunks that are no picture are passed over at a time, so that a file made of nothing else can be stopped.
const MAX_SKIPS: u32 = 1_000;

/// More pictures than this each second are not claimed, in frames each second.
const MAX_RATE: f32 = 240.0;

/// Headers with more streams than this are no video.
const MAX_STREAMS: u8 = 16;

/// So many steps are looked at to see how often the picture changes.
const MEASURED_STEPS: u32 = 480;

pub(super) struct Avi<R> {
    reader: BufReader<R>,
    header: Header,
    /// The two digits with which the chunks of its stream begin.
    stream: [u8; 2],
    movie_at: u64,
    /// A picture whose turn has not come: its chunk's body is next.
    pending: Option<Chunk>,
}

/// What follows in the stream.
enum Step {
    /// A chunk of it, its body being next.
    Chunk(Chunk),
    /// Much that is no part of it.
    Other,
    End,
}

struct Chunk {
    id: [u8; 4],
    size: u32,
}

impl<R: Read + Seek> Avi<R> {
    /// Reads the headers.
    ///
    /// # Errors
    /// [`FilmError::Foreign`] when the video in it is not MJPEG.
    pub(super) fn open(mut reader: BufReader<R>) -> Result<Avi<R>, FilmError> {
        let mut heads = Heads::default();
        loop {
            let Some(chunk) = next_chunk(&mut reader)? else {
                return Err(FilmError::Damaged("it ends within its headers"));
            };
            match &chunk.id {
                b"LIST" | b"RIFF" => {
                    if enter_list(&mut reader, &chunk)? == *b"movi" {
                        break;
                    }
                }
                b"avih" => heads.main(&read_head(&mut reader, &chunk)?),
                b"strh" => heads.stream(&read_head(&mut reader, &chunk)?)?,
                b"strf" => heads.format(&read_head(&mut reader, &chunk)?),
                _ => skip(&mut reader, &chunk)?,
            }
        }
        let movie_at = reader.stream_position()?;
        let (stream, header) = heads.finish()?;
        let mut avi = Avi {
            reader,
            header,
            stream,
            movie_at,
            pending: None,
        };
        avi.measure_first_picture()?;
        avi.measure_rate()?;
        Ok(avi)
    }

    /// A film with frames of any length has short steps, most of which repeat the picture before; its rate is that of the pictures.
    fn measure_rate(&mut self) -> Result<(), FilmError> {
        let (mut pictures, mut first, mut last) = (0u32, 0, 0);
        for at in 0..MEASURED_STEPS {
            let Step::Chunk(chunk) = self.next_step()? else {
                break;
            };
            if chunk.size > 0 {
                (pictures, last) = (pictures + 1, at);
                first = if pictures == 1 { at } else { first };
            }
            skip(&mut self.reader, &chunk)?;
        }
        let steps = last - first;
        if pictures > 1 && steps >= pictures {
            let share = (pictures - 1) as f32 / steps as f32;
            self.header.rate = (self.header.steps_per_s * share).clamp(0.1, MAX_RATE);
        }
        self.rewind()
    }

    /// The size in the headers may be that of a whole frame of which a picture is half, or nothing at all: the picture knows.
    fn measure_first_picture(&mut self) -> Result<(), FilmError> {
        if let Take::Jpeg(picture) = self.next_picture()?
            && let Ok(info) = jpeg::inspect(&picture, &Limits::default())
        {
            (self.header.width, self.header.height) = (info.width, info.height);
        }
        self.rewind()?;
        match self.header {
            Header {
                width: 1..=MAX_SIDE,
                height: 1..=MAX_SIDE,
                ..
            } => Ok(()),
            _ => Err(FilmError::Damaged("its pictures have no possible size")),
        }
    }

    fn next_picture(&mut self) -> Result<Take, FilmError> {
        if let Some(chunk) = self.pending.take() {
            return self.read_picture(&chunk);
        }
        let mut steps = 0;
        loop {
            match self.next_step()? {
                // Nothing changed since the picture before.
                Step::Chunk(chunk) if chunk.size == 0 && steps < MAX_SKIPS => steps += 1,
                Step::Chunk(chunk) if steps == 0 => return self.read_picture(&chunk),
                Step::Chunk(chunk) => {
                    self.pending = Some(chunk);
                    return Ok(Take::Still { steps });
                }
                Step::End if steps == 0 => return Ok(Take::End),
                Step::Other | Step::End => return Ok(Take::Still { steps: steps.max(1) }),
            }
        }
    }

    fn next_step(&mut self) -> Result<Step, FilmError> {
        for _ in 0..MAX_SKIPS {
            let Some(chunk) = next_chunk(&mut self.reader)? else {
                return Ok(Step::End);
            };
            match &chunk.id {
                b"LIST" | b"RIFF" => {
                    enter_list(&mut self.reader, &chunk)?;
                }
                [a, b, b'd', b'c' | b'b'] if [*a, *b] == self.stream => return Ok(Step::Chunk(chunk)),
                _ => skip(&mut self.reader, &chunk)?,
            }
        }
        Ok(Step::Other)
    }

    fn read_picture(&mut self, chunk: &Chunk) -> Result<Take, FilmError> {
        let size = chunk.size as usize;
        if size > Limits::default().max_bytes {
            return Err(FilmError::Damaged("a picture in it is longer than 16 MiB"));
        }
        let mut picture = Vec::new();
        let padded = u64::from(chunk.size) + u64::from(chunk.size % 2);
        (&mut self.reader).take(padded).read_to_end(&mut picture)?;
        if picture.len() < size {
            return Ok(Take::End);
        }
        picture.truncate(size);
        Ok(Take::Jpeg(picture.into()))
    }
}

impl<R: Read + Seek> Film for Avi<R> {
    fn header(&self) -> Header {
        self.header
    }

    fn next(&mut self, _planes: &mut Planes) -> Result<Take, FilmError> {
        self.next_picture()
    }

    fn rewind(&mut self) -> Result<(), FilmError> {
        self.pending = None;
        self.reader.seek(SeekFrom::Start(self.movie_at))?;
        Ok(())
    }
}

/// `None` at the end, also where it is not between two chunks: a recording that was cut short ends anywhere.
fn next_chunk(reader: &mut impl Read) -> Result<Option<Chunk>, FilmError> {
    let mut head = [0; 8];
    if read_up_to(reader, &mut head)? < head.len() {
        return Ok(None);
    }
    let [a, b, c, d, size @ ..] = head;
    let id = [a, b, c, d];
    if !id.iter().all(|letter| (0x20..0x7F).contains(letter)) {
        return Err(FilmError::Damaged("there are no chunks where they should be"));
    }
    Ok(Some(Chunk {
        id,
        size: u32::from_le_bytes(size),
    }))
}

/// Goes on inside the list when it is one whose chunks matter, else behind it.
fn enter_list<R: Read + Seek>(reader: &mut BufReader<R>, list: &Chunk) -> Result<[u8; 4], FilmError> {
    let mut kind = [0; 4];
    reader
        .read_exact(&mut kind)
        .map_err(|_| FilmError::Damaged("it ends within a list"))?;
    if !OPENED_LISTS.contains(&&kind) {
        skip(
            reader,
            &Chunk {
                id: kind,
                size: list.size.saturating_sub(4),
            },
        )?;
    }
    Ok(kind)
}

fn skip<R: Read + Seek>(reader: &mut BufReader<R>, chunk: &Chunk) -> io::Result<()> {
    reader.seek_relative(i64::from(chunk.size) + i64::from(chunk.size % 2))
}

/// The first bytes of a header chunk; whatever follows them is passed over.
fn read_head<R: Read + Seek>(reader: &mut BufReader<R>, chunk: &Chunk) -> Result<[u8; 64], FilmError> {
    let mut head = [0; 64];
    let len = head.len().min(chunk.size as usize);
    reader
        .read_exact(&mut head[..len])
        .map_err(|_| FilmError::Damaged("it ends within its headers"))?;
    let padded = i64::from(chunk.size) + i64::from(chunk.size % 2);
    reader.seek_relative(padded - len as i64)?;
    Ok(head)
}

/// The headers, gathered while they come by.
#[derive(Default)]
struct Heads {
    us_per_frame: u32,
    streams: u8,
    current: Option<Stream>,
    chosen: Option<([u8; 2], Header)>,
    other_codec: Option<[u8; 4]>,
}

struct Stream {
    codec: [u8; 4],
    rate: f32,
}

impl Heads {
    fn main(&mut self, head: &[u8; 64]) {
        self.us_per_frame = u32_at(head, 0);
    }

    fn stream(&mut self, head: &[u8; 64]) -> Result<(), FilmError> {
        self.streams += 1;
        if self.streams > MAX_STREAMS {
            return Err(FilmError::Damaged("it claims too many streams"));
        }
        let (scale, rate) = (u32_at(head, 20), u32_at(head, 24));
        let rate = if scale == 0 {
            0.0
        } else {
            rate as f32 / scale as f32
        };
        self.current = head.starts_with(b"vids").then(|| Stream {
            codec: four_at(head, 4),
            rate,
        });
        Ok(())
    }

    fn format(&mut self, head: &[u8; 64]) {
        let Some(stream) = self.current.take() else { return };
        if self.chosen.is_some() {
            return;
        }
        let compression = four_at(head, 16);
        if !is_mjpeg(stream.codec) && !is_mjpeg(compression) {
            self.other_codec = Some(compression);
            return;
        }
        let number = self.streams - 1;
        let side = |at: usize| u16::try_from((u32_at(head, at) as i32).unsigned_abs()).unwrap_or(0);
        let header = Header {
            width: side(4),
            height: side(8),
            rate: stream.rate,
            steps_per_s: stream.rate,
        };
        self.chosen = Some(([b'0' + number / 10, b'0' + number % 10], header));
    }

    fn finish(self) -> Result<([u8; 2], Header), FilmError> {
        let Some((stream, mut header)) = self.chosen else {
            let codec = self
                .other_codec
                .map(|codec| String::from_utf8_lossy(&codec).into_owned());
            return Err(FilmError::Foreign(codec.unwrap_or_default()));
        };
        if header.rate <= 0.0 && self.us_per_frame > 0 {
            header.rate = 1e6 / self.us_per_frame as f32;
        }
        header.steps_per_s = if header.rate > 0.0 {
            header.rate.clamp(0.1, 1_000.0)
        } else {
            25.0
        };
        header.rate = header.steps_per_s.min(MAX_RATE);
        Ok((stream, header))
    }
}

fn is_mjpeg(codec: [u8; 4]) -> bool {
    codec.eq_ignore_ascii_case(b"MJPG") || codec.eq_ignore_ascii_case(b"JPEG")
}

fn u32_at(head: &[u8; 64], at: usize) -> u32 {
    u32::from_le_bytes(four_at(head, at))
}

fn four_at(head: &[u8; 64], at: usize) -> [u8; 4] {
    std::array::from_fn(|i| head[at + i])
}
