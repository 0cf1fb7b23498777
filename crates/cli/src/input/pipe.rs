use std::io::{self, BufRead, Read};
use std::thread;

use tokio::sync::mpsc;

use super::Input;

/// A line longer than this comes in pieces. It is far above what a room takes as one message.
const MAX_LINE_BYTES: u64 = 1024 * 1024;

/// Reads lines until there are no more. The thread ends with the program, whatever it waits for.
pub(super) fn start(sender: mpsc::Sender<Input>) {
    let body = move || {
        let mut stdin = io::stdin().lock();
        while let Some(line) = next_line(&mut stdin) {
            if sender.blocking_send(Input::Line(line)).is_err() {
                return;
            }
        }
        let _ = sender.blocking_send(Input::End);
    };
    if let Err(error) = thread::Builder::new().name("input".into()).spawn(body) {
        tracing::error!(%error, "standard input cannot be read");
    }
}

fn next_line(stdin: &mut impl BufRead) -> Option<String> {
    let mut bytes = Vec::new();
    match stdin.by_ref().take(MAX_LINE_BYTES).read_until(b'\n', &mut bytes) {
        Ok(0) | Err(_) => None,
        Ok(_) => {
            let line = String::from_utf8_lossy(&bytes);
            Some(line.trim_end_matches(['\r', '\n']).to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_have_any_line_end_and_need_not_be_utf8() {
        let mut input: &[u8] = b"one\r\ntwo\n\xff\nlast";
        let lines: Vec<String> = std::iter::from_fn(|| next_line(&mut input)).collect();
        assert_eq!(lines, ["one", "two", "\u{fffd}", "last"]);
    }

    #[test]
    fn a_line_without_end_does_not_fill_the_memory() {
        let mut input = io::repeat(b'x').take(MAX_LINE_BYTES + 5);
        let mut input = io::BufReader::new(&mut input);
        assert_eq!(
            next_line(&mut input).map(|line| line.len() as u64),
            Some(MAX_LINE_BYTES)
        );
        assert_eq!(next_line(&mut input).map(|line| line.len()), Some(5));
        assert_eq!(next_line(&mut input), None);
    }
}
