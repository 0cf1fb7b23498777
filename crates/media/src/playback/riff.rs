//! RIFF (Microsoft, 1991): a row of chunks, each of which is four letters, a length of four bytes (little-endian), that many bytes,
//! and one more to make the length even. Lists are chunks with chunks inside.
//!
//! Files as they are found keep to this only so far: some have bytes between chunks that are none, room behind them that was never
//! written, lengths that are wrong, or no byte that makes a length even. So a chunk is taken for one only when it looks like one
//! and ends within the file; where none is, the next is searched for.

use std::io::{self, BufReader, Read, Seek, SeekFrom};

use super::reader::read_up_to;

/// Lists whose chunks are read as if they stood outside: header, stream, pictures, interleaved groups, the file and its continuations.
/// Their own lengths are ignored, since a recording that was interrupted has none.
const OPENED_LISTS: [&[u8; 4]; 6] = [b"hdrl", b"strl", b"movi", b"rec ", b"AVI ", b"AVIX"];

/// Letters and length of a chunk.
const HEAD_BYTES: u64 = 8;

/// Bytes that are looked at to see whether a chunk begins there: its head, and a list's kind.
const LOOK: usize = 12;

/// The next chunk is searched for within so many bytes. Where none is within them, the chunks are over.
const MAX_SEARCH: u64 = 16 << 20;

/// Bytes searched at a time.
const SEARCH_PIECE: usize = 64 << 10;

/// A chunk whose body is next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Chunk {
    pub(super) id: [u8; 4],
    /// Bytes of its body.
    pub(super) size: u32,
}

/// Walks the chunks of a file.
pub(super) struct Chunks<R> {
    reader: BufReader<R>,
    /// Where the reader is.
    at: u64,
    /// A byte that makes the length of the chunk before even should come first.
    is_padding_due: bool,
    /// The file's length when it was opened.
    len: u64,
    /// There are no chunks from here on.
    ends_at: u64,
}

impl<R: Read + Seek> Chunks<R> {
    /// Begins with the file's first chunk.
    pub(super) fn new(mut reader: BufReader<R>) -> io::Result<Chunks<R>> {
        let len = reader.seek(SeekFrom::End(0))?;
        reader.rewind()?;
        Ok(Chunks {
            reader,
            at: 0,
            is_padding_due: false,
            len,
            ends_at: len,
        })
    }

    /// Where the next chunk, or its padding, begins.
    pub(super) fn position(&self) -> u64 {
        self.at
    }

    /// Goes back to a position that [`Chunks::position`] gave between two chunks.
    pub(super) fn go_back(&mut self, to: u64) -> io::Result<()> {
        self.is_padding_due = false;
        self.go_to(to)
    }

    /// The next chunk, whose body is to be read or skipped before the one after it; `None` at the end, also where it is not between
    /// two chunks: a recording that was cut short ends anywhere.
    pub(super) fn next(&mut self) -> io::Result<Option<Chunk>> {
        let from = self.at;
        if from >= self.ends_at {
            return Ok(None);
        }
        let padded = from.saturating_add(self.is_padding_due.into());
        self.is_padding_due = false;
        for start in [padded, from] {
            if let Some(chunk) = self.chunk_at(start)? {
                return self.enter(start, chunk).map(Some);
            }
        }
        let found = self.search(from)?;
        if found.is_none() {
            self.ends_at = from;
        }
        found.map_or(Ok(None), |(start, chunk)| self.enter(start, chunk).map(Some))
    }

    /// Passes over a chunk's body.
    pub(super) fn skip(&mut self, chunk: Chunk) -> io::Result<()> {
        self.go_to(self.at.saturating_add(chunk.size.into()))?;
        self.is_padding_due = chunk.size % 2 == 1;
        Ok(())
    }

    /// Reads a chunk's body.
    pub(super) fn read(&mut self, chunk: Chunk) -> io::Result<Vec<u8>> {
        let mut body = Vec::new();
        let read = (&mut self.reader)
            .take(chunk.size.into())
            .read_to_end(&mut body)?;
        self.at = self.at.saturating_add(read as u64);
        self.is_padding_due = chunk.size % 2 == 1;
        Ok(body)
    }

    /// The first bytes of a chunk's body, or zeros where it has fewer; what follows them is passed over.
    pub(super) fn read_head(&mut self, chunk: Chunk) -> io::Result<[u8; 64]> {
        let end = self.at.saturating_add(chunk.size.into());
        let mut head = [0; 64];
        let wanted = head.len().min(chunk.size as usize);
        let read = read_up_to(&mut self.reader, head.get_mut(..wanted).unwrap_or_default())?;
        self.at = self.at.saturating_add(read as u64);
        self.go_to(end)?;
        self.is_padding_due = chunk.size % 2 == 1;
        Ok(head)
    }

    /// Goes on inside a list when it is one whose chunks matter, else behind it; its kind.
    pub(super) fn enter_list(&mut self, list: Chunk) -> io::Result<[u8; 4]> {
        let mut kind = [0; 4];
        let read = read_up_to(&mut self.reader, &mut kind)?;
        self.at = self.at.saturating_add(read as u64);
        if !OPENED_LISTS.contains(&&kind) {
            let size = list.size.saturating_sub(4);
            self.skip(Chunk { id: kind, size })?;
        }
        Ok(kind)
    }

    fn enter(&mut self, start: u64, chunk: Chunk) -> io::Result<Chunk> {
        self.go_to(start.saturating_add(HEAD_BYTES))?;
        Ok(chunk)
    }

    fn go_to(&mut self, to: u64) -> io::Result<()> {
        match to.checked_signed_diff(self.at) {
            Some(by) => self.reader.seek_relative(by)?,
            None => drop(self.reader.seek(SeekFrom::Start(to))?),
        }
        self.at = to;
        Ok(())
    }

    /// The chunk that begins at `start`. Letters that are no chunk's of AVI count when a chunk of it, or the end, is behind them.
    fn chunk_at(&mut self, start: u64) -> io::Result<Option<Chunk>> {
        let Some(look) = self.look_at(start)? else {
            return Ok(None);
        };
        if let Some(chunk) = self.known(&look, start) {
            return Ok(Some(chunk));
        }
        let chunk = chunk_of(&look);
        let end = end_of(start, chunk);
        if !chunk.id.iter().all(|letter| (0x20..0x7F).contains(letter)) || end > self.len {
            return Ok(None);
        }
        let padded = end.saturating_add((chunk.size % 2).into());
        let mut is_followed = padded >= self.len;
        for behind in [padded, end] {
            let look = self.look_at(behind)?;
            is_followed |= look.is_some_and(|look| self.known(&look, behind).is_some());
        }
        Ok(is_followed.then_some(chunk))
    }

    /// The first bytes of what is at `start`, zeros standing for those behind the end; `None` when there is not even a head.
    fn look_at(&mut self, start: u64) -> io::Result<Option<[u8; LOOK]>> {
        self.go_to(start)?;
        let mut look = [0; LOOK];
        let read = read_up_to(&mut self.reader, &mut look)? as u64;
        self.at = self.at.saturating_add(read);
        Ok((read >= HEAD_BYTES).then_some(look))
    }

    /// The chunk that `look` begins with, when it is one of AVI's and ends within the file.
    fn known(&self, look: &[u8; LOOK], start: u64) -> Option<Chunk> {
        let chunk = chunk_of(look);
        let is_list = matches!(&chunk.id, b"LIST" | b"RIFF");
        let is_opened = is_list && OPENED_LISTS.iter().any(|kind| look.ends_with(*kind));
        let is_whole = is_opened || end_of(start, chunk) <= self.len;
        ((is_list || is_of_avi(chunk.id)) && is_whole).then_some(chunk)
    }

    /// The first chunk of AVI's behind `from`, within bounds.
    fn search(&mut self, from: u64) -> io::Result<Option<(u64, Chunk)>> {
        let until = from.saturating_add(MAX_SEARCH);
        let mut piece = vec![0; SEARCH_PIECE];
        let mut at = from;
        while at < until {
            self.go_to(at)?;
            let read = read_up_to(&mut self.reader, &mut piece)?;
            self.at = self.at.saturating_add(read as u64);
            let bytes = piece.get(..read).unwrap_or_default();
            for (start, look) in (at..).zip(bytes.windows(LOOK)) {
                let look = look.first_chunk().filter(|look| may_begin(look));
                if let Some(chunk) = look.and_then(|look| self.known(look, start)) {
                    return Ok(Some((start, chunk)));
                }
            }
            // The last bytes of a piece are the first of the next one, too short to have been looked at.
            let step = read.saturating_sub(LOOK.saturating_sub(1));
            if step == 0 || read < SEARCH_PIECE {
                break;
            }
            at = at.saturating_add(step as u64);
        }
        Ok(None)
    }
}

/// A quick look that leaves out nearly all of what is no chunk.
fn may_begin([first, second, ..]: &[u8; LOOK]) -> bool {
    first.is_ascii_alphanumeric() && second.is_ascii_alphanumeric()
}

fn chunk_of([a, b, c, d, e, f, g, h, ..]: &[u8; LOOK]) -> Chunk {
    Chunk {
        id: [*a, *b, *c, *d],
        size: u32::from_le_bytes([*e, *f, *g, *h]),
    }
}

fn end_of(start: u64, chunk: Chunk) -> u64 {
    start.saturating_add(HEAD_BYTES).saturating_add(chunk.size.into())
}

/// Whether a chunk in an AVI is named like this.
fn is_of_avi(id: [u8; 4]) -> bool {
    match id {
        [a, b, kind @ ..] if a.is_ascii_digit() && b.is_ascii_digit() => {
            matches!(&kind, b"dc" | b"db" | b"wb" | b"tx" | b"pc")
        }
        [b'i', b'x', a, b] => a.is_ascii_digit() && b.is_ascii_digit(),
        id => matches!(
            &id,
            b"JUNK" | b"junk" | b"idx1" | b"avih" | b"strh" | b"strf" | b"strd" | b"strn" | b"indx" | b"vprp"
        ),
    }
}
