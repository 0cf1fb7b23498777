use std::io::{self, BufRead, Read};
use std::thread;

use tokio::sync::mpsc;

use super::event::Input;

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
            let line = text(bytes);
            Some(line.trim_end_matches(['\r', '\n']).to_owned())
        }
    }
}

/// What another program has written: UTF-8, or what its system writes else.
fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|error| {
        let bytes = error.into_bytes();
        system_text(&bytes).unwrap_or_else(|| String::from_utf8_lossy(&bytes).into_owned())
    })
}

/// In the console's code page, such as 936 (GBK) on a Chinese Windows, in which `echo` and most others write into a pipe.
#[cfg(windows)]
#[allow(unsafe_code)]
fn system_text(bytes: &[u8]) -> Option<String> {
    use windows_sys::Win32::Globalization::GetOEMCP;
    use windows_sys::Win32::System::Console::GetConsoleOutputCP;
    // SAFETY: both return a number and touch no memory of ours.
    let (console, system) = unsafe { (GetConsoleOutputCP(), GetOEMCP()) };
    // Without a console it has none.
    in_code_page(if console == 0 { system } else { console }, bytes)
}

#[cfg(not(windows))]
fn system_text(_bytes: &[u8]) -> Option<String> {
    None
}

/// `None` when that is not what `bytes` are.
#[cfg(windows)]
#[allow(unsafe_code)]
fn in_code_page(page: u32, bytes: &[u8]) -> Option<String> {
    use windows_sys::Win32::Globalization::{MB_ERR_INVALID_CHARS, MultiByteToWideChar};
    let length = i32::try_from(bytes.len()).ok()?;
    // No code page has more UTF-16 units than bytes.
    let mut wide = vec![0_u16; bytes.len()];
    // SAFETY: the system reads `length` bytes and writes at most as many units, for which there is room.
    let units = unsafe {
        MultiByteToWideChar(
            page,
            MB_ERR_INVALID_CHARS,
            bytes.as_ptr(),
            length,
            wide.as_mut_ptr(),
            length,
        )
    };
    let wide = wide.get(..usize::try_from(units).ok()?)?;
    String::from_utf16(wide).ok().filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_have_any_line_end_and_need_not_be_utf8() {
        let mut input: &[u8] = b"one\r\n\xe4\xbd\xa0\n\xff\nlast";
        let lines: Vec<String> = std::iter::from_fn(|| next_line(&mut input)).collect();
        assert_eq!(
            (lines.len(), &*lines[0], &*lines[1], &*lines[3]),
            (4, "one", "你", "last")
        );
        // Windows has a code page for what is not UTF-8.
        assert!(cfg!(windows) || lines[2] == "\u{fffd}", "{lines:?}");
    }

    #[cfg(windows)]
    #[test]
    fn what_a_chinese_console_writes_is_read() {
        assert_eq!(
            in_code_page(936, b"\xc4\xe3\xba\xc3\r\n").as_deref(),
            Some("你好\r\n")
        );
        assert_eq!(in_code_page(65_001, b"\xff"), None);
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
