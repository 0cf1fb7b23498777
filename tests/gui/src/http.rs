//! As much of HTTP as WebDriver needs: one request, one answer, both JSON.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

use serde_json::Value;

use crate::{Result, Trouble};

/// A command of WebDriver may hold its answer for as long as a page takes.
const ANSWER: Duration = Duration::from_secs(60);
/// A screenshot of a large window in base64.
const MAX_ANSWER_BYTES: u64 = 64 << 20;

/// Sends `body` to `path` on this computer's `port`, and returns WebDriver's `value`.
pub(crate) fn ask(port: u16, method: &str, path: &str, body: Option<&Value>) -> Result<Value> {
    ask_within(ANSWER, port, method, path, body)
}

/// As [`ask`], with less patience.
pub(crate) fn ask_within(
    answer: Duration,
    port: u16,
    method: &str,
    path: &str,
    body: Option<&Value>,
) -> Result<Value> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_read_timeout(Some(answer))?;
    let body = body.map(Value::to_string).unwrap_or_default();
    let length = body.len();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\
         Connection: close\r\n\r\n{body}"
    )?;
    let mut received = Vec::new();
    stream.take(MAX_ANSWER_BYTES).read_to_end(&mut received)?;
    let head_end = received.windows(4).position(|bytes| bytes == b"\r\n\r\n");
    let (head, body) = received.split_at(head_end.map_or(received.len(), |at| at + 4));
    let is_good = head.starts_with(b"HTTP/1.1 200") || head.starts_with(b"HTTP/1.0 200");
    let mut json: Value = serde_json::from_slice(body).unwrap_or_default();
    if is_good {
        return Ok(json["value"].take());
    }
    Err(Trouble(format!(
        "{method} {path}: {}",
        String::from_utf8_lossy(body)
    )))
}
