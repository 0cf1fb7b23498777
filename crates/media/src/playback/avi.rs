//! MJPEG in AVI, read as it streams: the index is never needed, so files that were cut short or grew beyond 2 GB play too.
//!
//! Of its [chunks](super::riff) these matter: `strh` and `strf` describe a stream, `00dc` is a picture of stream 0, `01wb` sound of
//! stream 1.

use std::io::{BufReader, Read, Seek};

use super::aspect::{frame_to_pixel, shown_size};
use super::reader::{Header, MAX_SIDE, PlaybackError, Take, VideoReader};
use super::redraw::Redraw;
use super::riff::{Chunk, Chunks};
use crate::jpeg::{self, JpegInfo, Limits};
use crate::planes::Planes;

/// So many chunks that are no picture are passed over at a time, so that a file made of nothing else can be stopped.
const MAX_SKIPS: u32 = 1_000;

/// Headers with more chunks than this are none.
const MAX_HEADER_CHUNKS: u32 = 10_000;

/// More pictures than this each second are not claimed, in frames each second.
const MAX_RATE: f32 = 240.0;

/// Headers with more streams than this are no video.
const MAX_STREAMS: u8 = 16;

/// So many steps are looked at to see how often the picture changes.
const MEASURED_STEPS: u16 = 480;

/// So many pictures are looked at to find one that can be read.
const TRIED_PICTURES: u32 = 50;

pub(super) struct Avi<R> {
    chunks: Chunks<R>,
    header: Header,
    /// The two digits with which the chunks of its stream begin.
    stream: [u8; 2],
    movie_at: u64,
    /// A picture whose turn has not come: its chunk's body is next.
    pending: Option<Chunk>,
    /// How wide a pixel is for its height, where the headers say.
    aspect: Option<(u32, u32)>,
    /// `None` when its pictures are shown as they are.
    redraw: Option<Redraw>,
}

/// What follows in the stream.
enum Step {
    /// A chunk of it, its body being next.
    Chunk(Chunk),
    /// Much that is no part of it.
    Other,
    End,
}

impl<R: Read + Seek> Avi<R> {
    /// Reads the headers.
    ///
    /// # Errors
    /// [`PlaybackError::Foreign`] when the video in it is not MJPEG, or MJPEG of another kind; [`PlaybackError::Damaged`] when it has no pictures.
    pub(super) fn open(reader: BufReader<R>) -> Result<Avi<R>, PlaybackError> {
        let mut chunks = Chunks::new(reader)?;
        let Chosen {
            stream,
            header,
            aspect,
        } = read_headers(&mut chunks)?;
        let movie_at = chunks.position();
        let mut avi = Avi {
            chunks,
            header,
            stream,
            movie_at,
            pending: None,
            aspect,
            redraw: None,
        };
        avi.measure_pictures()?;
        avi.measure_rate()?;
        Ok(avi)
    }

    /// A video with frames of any length has short steps, most of which repeat the picture before; its rate is that of the pictures.
    fn measure_rate(&mut self) -> Result<(), PlaybackError> {
        let (mut pictures, mut first, mut last) = (0u16, 0u16, 0u16);
        for at in 0..MEASURED_STEPS {
            let Step::Chunk(chunk) = self.next_step()? else {
                break;
            };
            if chunk.size > 0 {
                (pictures, last) = (pictures.saturating_add(1), at);
                first = if pictures == 1 { at } else { first };
            }
            self.chunks.skip(chunk)?;
        }
        let steps = last.saturating_sub(first);
        if pictures > 1 && steps >= pictures {
            let share = (f32::from(pictures) - 1.0) / f32::from(steps);
            self.header.rate = (self.header.steps_per_s * share).clamp(0.1, MAX_RATE);
        }
        self.rewind()
    }

    /// The size in the headers may be that of a whole frame of which a picture is half, or nothing at all: the pictures know.
    fn measure_pictures(&mut self) -> Result<(), PlaybackError> {
        let mut tried = 0u32;
        for _ in 0..MEASURED_STEPS {
            match self.next_picture()? {
                Take::Jpeg(picture) => {
                    if let Ok((whole, info)) = jpeg::whole_jpeg(&picture, &Limits::SOURCE) {
                        self.take_measure(&picture, jpeg::pixel_aspect(&whole), &info)?;
                        return self.rewind();
                    }
                    tried = tried.saturating_add(1);
                    if tried >= TRIED_PICTURES {
                        break;
                    }
                }
                Take::End => break,
                _ => {}
            }
        }
        if tried == 0 {
            return Err(PlaybackError::Damaged("there is no picture in it"));
        }
        Err(PlaybackError::Foreign("its JPEGs are of another kind".to_owned()))
    }

    fn take_measure(
        &mut self,
        picture: &[u8],
        own_aspect: Option<(u32, u32)>,
        info: &JpegInfo,
    ) -> Result<(), PlaybackError> {
        let both = info.height.saturating_mul(2);
        let is_half = f32::from(info.height) < 0.75 * f32::from(self.header.height);
        let are_fields = is_half && both <= MAX_SIDE && jpeg::two_jpegs(picture, &Limits::SOURCE).is_some();
        let drawn = (info.width, if are_fields { both } else { info.height });
        let aspect = self.aspect.or(own_aspect);
        let shown = aspect.map_or(drawn, |aspect| shown_size(drawn, aspect));
        if are_fields || shown != drawn {
            let redraw = Redraw::new(shown, are_fields);
            self.redraw = Some(redraw.map_err(|_| PlaybackError::Damaged("its pictures cannot be decoded"))?);
        }
        (self.header.width, self.header.height) = shown;
        Ok(())
    }

    fn next_picture(&mut self) -> Result<Take, PlaybackError> {
        if let Some(chunk) = self.pending.take() {
            return self.read_picture(chunk);
        }
        let mut steps = 0u32;
        loop {
            match self.next_step()? {
                // Nothing changed since the picture before.
                Step::Chunk(chunk) if chunk.size == 0 && steps < MAX_SKIPS => {
                    steps = steps.saturating_add(1);
                }
                Step::Chunk(chunk) if steps == 0 => return self.read_picture(chunk),
                Step::Chunk(chunk) => {
                    self.pending = Some(chunk);
                    return Ok(Take::Still { steps });
                }
                Step::End if steps == 0 => return Ok(Take::End),
                Step::Other | Step::End => return Ok(Take::Still { steps: steps.max(1) }),
            }
        }
    }

    fn next_step(&mut self) -> Result<Step, PlaybackError> {
        for _ in 0..MAX_SKIPS {
            let Some(chunk) = self.chunks.next()? else {
                return Ok(Step::End);
            };
            match &chunk.id {
                b"LIST" | b"RIFF" => {
                    self.chunks.enter_list(chunk)?;
                }
                [a, b, b'd', b'c' | b'b'] if [*a, *b] == self.stream => return Ok(Step::Chunk(chunk)),
                _ => self.chunks.skip(chunk)?,
            }
        }
        Ok(Step::Other)
    }

    /// A picture that is longer than any is passed over.
    fn read_picture(&mut self, chunk: Chunk) -> Result<Take, PlaybackError> {
        if chunk.size as usize > Limits::SOURCE.max_bytes {
            self.chunks.skip(chunk)?;
            return Ok(Take::Still { steps: 1 });
        }
        let picture = self.chunks.read(chunk)?;
        if picture.len() < chunk.size as usize {
            return Ok(Take::End);
        }
        Ok(Take::Jpeg(picture.into()))
    }
}

impl<R: Read + Seek> VideoReader for Avi<R> {
    fn header(&self) -> Header {
        self.header
    }

    fn next(&mut self, planes: &mut Planes) -> Result<Take, PlaybackError> {
        let take = self.next_picture()?;
        let (Take::Jpeg(picture), Some(redraw)) = (&take, &mut self.redraw) else {
            return Ok(take);
        };
        Ok(match redraw.draw(picture, planes) {
            Some(()) => Take::Planes,
            // A damaged picture shows less than the one before.
            None => Take::Still { steps: 1 },
        })
    }

    fn rewind(&mut self) -> Result<(), PlaybackError> {
        self.pending = None;
        self.chunks.go_back(self.movie_at)?;
        Ok(())
    }
}

/// Reads up to the first picture.
fn read_headers<R: Read + Seek>(chunks: &mut Chunks<R>) -> Result<Chosen, PlaybackError> {
    let mut heads = Heads::default();
    for _ in 0..MAX_HEADER_CHUNKS {
        let Some(chunk) = chunks.next()? else {
            return Err(PlaybackError::Damaged("it ends within its headers"));
        };
        match &chunk.id {
            b"LIST" | b"RIFF" => {
                if chunks.enter_list(chunk)? == *b"movi" {
                    return heads.finish();
                }
            }
            b"avih" => heads.main(&chunks.read_head(chunk)?),
            b"strh" => heads.stream(&chunks.read_head(chunk)?)?,
            b"strf" => heads.format(&chunks.read_head(chunk)?),
            b"vprp" => heads.properties(&chunks.read_head(chunk)?),
            _ => chunks.skip(chunk)?,
        }
    }
    Err(PlaybackError::Damaged("its headers do not end"))
}

/// The headers, gathered while they come by.
#[derive(Default)]
struct Heads {
    us_per_frame: u32,
    streams: u8,
    current: Option<Stream>,
    /// The number of the stream that is played.
    number: u8,
    chosen: Option<Chosen>,
    other_codec: Option<[u8; 4]>,
}

/// The stream that is played.
struct Chosen {
    /// The two digits with which its chunks begin.
    stream: [u8; 2],
    header: Header,
    aspect: Option<(u32, u32)>,
}

struct Stream {
    codec: [u8; 4],
    rate: f32,
}

impl Heads {
    fn main(&mut self, head: &[u8; 64]) {
        self.us_per_frame = u32_at::<0>(head);
    }

    fn stream(&mut self, head: &[u8; 64]) -> Result<(), PlaybackError> {
        self.streams = self.streams.saturating_add(1);
        if self.streams > MAX_STREAMS {
            return Err(PlaybackError::Damaged("it claims too many streams"));
        }
        let (scale, rate) = (u32_at::<20>(head), u32_at::<24>(head));
        let rate = if scale == 0 {
            0.0
        } else {
            rate as f32 / scale as f32
        };
        self.current = head.starts_with(b"vids").then(|| Stream {
            codec: four_at::<4>(head),
            rate,
        });
        Ok(())
    }

    fn format(&mut self, head: &[u8; 64]) {
        let Some(stream) = self.current.take() else { return };
        // The first one is played; the others may be small pictures of it.
        if self.chosen.is_some() || self.other_codec.is_some() {
            return;
        }
        let compression = four_at::<16>(head);
        if !is_mjpeg(stream.codec) && !is_mjpeg(compression) {
            self.other_codec = Some(compression);
            return;
        }
        // Rows may be counted down from 0, which stands for another order of them in other codecs.
        let side = |side: u32| u16::try_from(side.cast_signed().unsigned_abs()).unwrap_or(0);
        let header = Header {
            width: side(u32_at::<4>(head)),
            height: side(u32_at::<8>(head)),
            rate: stream.rate,
            steps_per_s: stream.rate,
        };
        self.number = self.streams;
        self.chosen = Some(Chosen {
            stream: digits_of(self.streams.saturating_sub(1)),
            header,
            aspect: None,
        });
    }

    /// How the picture is to be shown (OpenDML AVI, 1996, "Video Properties Header"): its sides as a ratio, and in pixels.
    fn properties(&mut self, head: &[u8; 64]) {
        let [down_low, down_high, across_low, across_high] = four_at::<20>(head);
        let frame = [[across_low, across_high], [down_low, down_high]].map(u16::from_le_bytes);
        let pixels = [u32_at::<24>(head), u32_at::<28>(head)];
        if let Some(chosen) = &mut self.chosen
            && self.number == self.streams
        {
            chosen.aspect = frame_to_pixel(frame, pixels);
        }
    }

    fn finish(self) -> Result<Chosen, PlaybackError> {
        let Some(mut chosen) = self.chosen else {
            let codec = self
                .other_codec
                .map(|codec| String::from_utf8_lossy(&codec).into_owned());
            return Err(PlaybackError::Foreign(codec.unwrap_or_default()));
        };
        let header = &mut chosen.header;
        if header.rate <= 0.0 && self.us_per_frame > 0 {
            header.rate = 1e6 / self.us_per_frame as f32;
        }
        header.steps_per_s = if header.rate > 0.0 {
            header.rate.clamp(0.1, 1_000.0)
        } else {
            25.0
        };
        header.rate = header.steps_per_s.min(MAX_RATE);
        Ok(chosen)
    }
}

fn is_mjpeg(codec: [u8; 4]) -> bool {
    codec.eq_ignore_ascii_case(b"MJPG") || codec.eq_ignore_ascii_case(b"JPEG")
}

/// A stream's number in two digits.
fn digits_of(number: u8) -> [u8; 2] {
    let mut digits = *b"00";
    for (digit, character) in digits.iter_mut().zip(format!("{number:02}").bytes()) {
        *digit = character;
    }
    digits
}

fn u32_at<const AT: usize>(head: &[u8; 64]) -> u32 {
    u32::from_le_bytes(four_at::<AT>(head))
}

/// Four bytes of a header; zeros behind its end.
fn four_at<const AT: usize>(head: &[u8; 64]) -> [u8; 4] {
    let four = head.get(AT..).and_then(<[u8]>::first_chunk);
    four.copied().unwrap_or_default()
}
