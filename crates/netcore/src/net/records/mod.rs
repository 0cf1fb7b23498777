//! TLS 1.3 records (RFC 8446, section 5) sealed and opened by ourselves.
//!
//! Rustls shakes hands, one record at a time, so that it sees none of what comes behind the handshake; then its session is
//! taken apart. The first keys are used here, and rustls keeps what later ones come from. What goes over the wire stays
//! TLS 1.3. A rustls session asks for 4 KiB at a time and hands every byte through two buffers of its own, which on a processor
//! that has just woken up costs more than ciphering does; here a frame is copied once on its path out and once on its path in,
//! and the two directions share no lock.
//!
//! A key is replaced after [`RECORDS_PER_KEY`](crate::net::record::RECORDS_PER_KEY) records, and when the other end asks for a new one
//! (RFC 8446, section 4.6.3).

mod buffer;
mod handshake;
mod keys;
mod reader;

mod writer;

pub(crate) use handshake::{Agreed, shake_hands};
pub(crate) use reader::RecordReader;
pub(crate) use writer::RecordWriter;

#[cfg(test)]
mod tests;
