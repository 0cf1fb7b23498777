//! Files on offer and in transfer.

use std::mem::discriminant;

use app::files::view::{FileState, FileView};

use super::style::{bad, bytes, bytes_per_second, dim, mark};
use crate::output::line::{Line, Style};
use crate::output::table::Table;
use crate::output::text::Text;

/// What is new about a file, and of interest to a person; `before` is how it was shown last.
pub(super) fn file(before: Option<&FileView>, file: &FileView) -> Option<String> {
    let is_new = before.is_none_or(|before| discriminant(&before.state) != discriminant(&file.state));
    let received_before = before.map_or(0, |before| before.received_by.len());
    let title = format!("file {} · {}", file.id, Text::from(&file.name));
    match &file.state {
        FileState::Transferring {
            done,
            rate,
            seconds_left,
        } => Some(progress(file, &title, *done, *rate, *seconds_left)),
        FileState::Paused { done, is_interrupted }
            if before.is_none_or(|before| before.state != file.state) =>
        {
            let percent = percent(*done, file.size);
            Some(match is_interrupted {
                true => format!("{title} waits at {percent}% for the connection to come back"),
                false => dim(&format!("{title} is paused at {percent}%")),
            })
        }
        state if is_new => ended(before, file, state, &title),
        _ if file.mine && file.received_by.len() > received_before => {
            let received = file.received_by.len();
            Some(dim(&format!(
                "{} has been received by {received}",
                sized(&title, file)
            )))
        }
        _ => None,
    }
}

/// A file that came to be in another state than moving.
fn ended(before: Option<&FileView>, file: &FileView, state: &FileState, title: &str) -> Option<String> {
    let has_moved = before.is_some_and(|before| {
        matches!(
            before.state,
            FileState::Transferring { .. } | FileState::Paused { .. }
        )
    });
    match state {
        FileState::Offered if !file.mine && before.is_none() => Some(format!(
            "{} offers {} {}. /get {} fetches it.",
            Style::Person.of(Text::from(&file.owner_name)),
            sized(title, file),
            dim(&Text::from(&file.mime).to_string()),
            file.id
        )),
        FileState::Done { path, .. } => {
            let place = match path {
                _ if file.mine => "has arrived at the host".to_owned(),
                Some(path) => format!("is in {}", Text::from(path)),
                None => return None,
            };
            let hash = file.blake3.as_deref().unwrap_or_default();
            let short = hash.get(..16).unwrap_or(hash);
            let checked = dim(&format!("BLAKE3 {short}… is right"));
            Some(format!("{} {title} {place} · {checked}", mark()))
        }
        FileState::Failed { error, .. } => Some(bad(&format!("{title}: {}", Text::from(&error.message)))),
        FileState::Cancelled if has_moved => Some(dim(&format!("{title} was cancelled"))),
        FileState::Cancelled => Some(dim(&format!("{} was taken back", sized(title, file)))),
        _ => None,
    }
}

fn progress(file: &FileView, title: &str, done: u64, rate: Option<f64>, seconds_left: Option<f64>) -> String {
    let rate = rate.map(bytes_per_second).unwrap_or_default();
    let left = seconds_left
        .map(|left| format!(" · {left:.0} s left"))
        .unwrap_or_default();
    let arrow = if file.mine { "↑" } else { "↓" };
    let percent = percent(done, file.size);
    dim(&format!("{arrow} {title} {percent}% {rate}{left}"))
}

fn sized(title: &str, file: &FileView) -> String {
    format!("{title} ({})", bytes(file.size))
}

pub(super) fn offers(files: &[FileView]) -> Vec<Line> {
    if files.is_empty() {
        return vec!["No files are on offer.".into()];
    }
    let mut table = Table::new("rrllrl", &["#", "size", "from", "state", "received by", "name"]);
    for file in files {
        table.row([
            file.id.to_string(),
            bytes(file.size),
            if file.mine {
                "you".into()
            } else {
                Text::from(&file.owner_name).to_string()
            },
            word(&file.state).into(),
            file.received_by.len().to_string(),
            Text::from(&file.name).to_string(),
        ]);
    }
    table.render().into_iter().map(Line::from).collect()
}

fn word(state: &FileState) -> &'static str {
    match state {
        FileState::Offered => "offered",
        FileState::Transferring { .. } => "in transfer",
        FileState::Paused { .. } => "paused",
        FileState::Done { .. } => "done",
        FileState::Failed { .. } => "failed",
        FileState::Declined => "declined",
        FileState::Cancelled => "cancelled",
    }
}

/// How much of it is there, rounded down; all of nothing.
fn percent(done: u64, size: u64) -> u64 {
    let percent = (u128::from(done) * 100).checked_div(u128::from(size));
    percent.and_then(|percent| percent.try_into().ok()).unwrap_or(100)
}

#[cfg(test)]
mod tests {
    use app::{ErrorCode, IpcError};

    use super::*;

    fn view(mine: bool, state: FileState) -> FileView {
        FileView {
            id: 1,
            name: "notes.txt".into(),
            size: 2_000,
            mime: "text/plain".into(),
            owner: 0,
            owner_name: "Ada".into(),
            mine,
            to: Vec::new(),
            received_by: Vec::new(),
            blake3: Some("0bdada0515e11f52aa".into()),
            at_ms: 0,
            state,
            preview: None,
        }
    }

    fn moving(done: u64) -> FileState {
        FileState::Transferring {
            done,
            rate: None,
            seconds_left: None,
        }
    }

    fn done(path: Option<&str>) -> FileState {
        FileState::Done {
            path: path.map(str::to_owned),
            checked: true,
        }
    }

    #[test]
    fn each_news_of_a_file_is_said_once() {
        let failed = || FileState::Failed {
            done: 0,
            error: IpcError::new(ErrorCode::FileGone, "it was changed"),
        };
        for (before, now, mine, words) in [
            (
                None,
                FileState::Offered,
                false,
                Some(" offers file 1 · notes.txt (2.0 kB)"),
            ),
            (None, FileState::Offered, true, None),
            (Some(FileState::Offered), FileState::Offered, false, None),
            (
                Some(moving(0)),
                moving(1_000),
                false,
                Some("↓ file 1 · notes.txt 50%"),
            ),
            (
                Some(moving(9)),
                done(Some("/in/notes.txt")),
                false,
                Some("is in /in/notes.txt"),
            ),
            (Some(moving(9)), done(None), true, Some("has arrived at the host")),
            (Some(done(None)), done(None), true, None),
            (
                Some(done(None)),
                failed(),
                true,
                Some("file 1 · notes.txt: it was changed"),
            ),
            (Some(failed()), failed(), true, None),
            (
                Some(moving(9)),
                FileState::Cancelled,
                false,
                Some("was cancelled"),
            ),
            (
                Some(FileState::Offered),
                FileState::Cancelled,
                false,
                Some("was taken back"),
            ),
        ] {
            let before = before.map(|state| view(mine, state));
            let said = file(before.as_ref(), &view(mine, now));
            match (&said, words) {
                (Some(said), Some(words)) => assert!(said.contains(words), "{said}"),
                (said, words) => assert_eq!((said.is_some(), words), (false, None), "{said:?}"),
            }
        }
        let mut received = view(true, done(None));
        received.received_by = vec![1, 2];
        let said = file(Some(&view(true, done(None))), &received).unwrap();
        assert!(said.contains("has been received by 2"), "{said}");
    }

    #[test]
    fn a_percentage_is_known_of_any_size() {
        assert_eq!((percent(0, 0), percent(1, 3), percent(3, 3)), (100, 33, 100));
        assert_eq!(percent(u64::MAX, u64::MAX), 100);
        assert_eq!(percent(u64::MAX / 2, u64::MAX), 49);
    }
}
