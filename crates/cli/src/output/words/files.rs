//! Files on offer and in transfer.

use super::{Style, bad, bytes, bytes_per_second, dim, mark};
use crate::output::{FileView, Line, Table, Text, Transfer};

/// Only what a person would want to know: offered by another, failed, taken back, received by a member.
pub(super) fn file(file: &FileView) -> Option<String> {
    let title = format!("file {} · {} ({})", file.id, file.name, bytes(file.size_bytes));
    Some(match file.state {
        "failed" => bad(&format!(
            "{title}: {}",
            file.why.clone().unwrap_or_else(|| "it did not arrive".into())
        )),
        "cancelled" => dim(&format!("{title} was taken back")),
        _ if file.mine && !file.received_by.is_empty() => dim(&format!(
            "{title} has been received by {}",
            file.received_by.len()
        )),
        _ if file.mine => return None,
        "uploading" => format!(
            "{} offers {title} {}. /get {} fetches it.",
            Style::Person.of(&file.owner_name),
            dim(&file.kind.to_string()),
            file.id
        ),
        _ => return None,
    })
}

pub(super) fn files(files: &[FileView]) -> Vec<Line> {
    if files.is_empty() {
        return vec!["No files are on offer.".into()];
    }
    let mut table = Table::new("rrllrl", &["#", "size", "from", "state", "received by", "name"]);
    for file in files {
        table.row([
            file.id.to_string(),
            bytes(file.size_bytes),
            if file.mine {
                "you".into()
            } else {
                file.owner_name.to_string()
            },
            file.state.into(),
            file.received_by.len().to_string(),
            file.name.to_string(),
        ]);
    }
    table.render().into_iter().map(Line::from).collect()
}

pub(super) fn transfer(transfer: &Transfer) -> Option<String> {
    // The name of a file whose offer was not seen is not known.
    let title = match transfer.name.is_empty() {
        true => format!("file {}", transfer.file),
        false => format!("file {} · {}", transfer.file, transfer.name),
    };
    let percent = percent(transfer.done_bytes, transfer.size_bytes);
    Some(match transfer.state {
        "running" => {
            let rate = transfer
                .rate_bytes_per_s
                .map(bytes_per_second)
                .unwrap_or_default();
            let left = transfer
                .remaining_s
                .map(|left| format!(" · {left:.0} s left"))
                .unwrap_or_default();
            let arrow = if transfer.direction == "up" { "↑" } else { "↓" };
            dim(&format!("{arrow} {title} {percent}% {rate}{left}"))
        }
        "paused" => dim(&format!("{title} is paused at {percent}%")),
        "interrupted" => format!("{title} waits at {percent}% for the connection to come back"),
        "done" => {
            let hash = transfer.blake3.as_deref().unwrap_or_default();
            let short = hash.get(..16).unwrap_or(hash);
            let checked = dim(&format!("BLAKE3 {short}… is right"));
            match &transfer.path {
                Some(path) if transfer.direction == "down" => {
                    format!("{} {title} is in {path} · {checked}", mark())
                }
                _ => format!("{} {title} has arrived at the host · {checked}", mark()),
            }
        }
        "failed" => bad(&format!(
            "{title}: {}",
            transfer.message.as_ref().unwrap_or(&Text::default())
        )),
        "cancelled" => dim(&format!("{title} was cancelled")),
        _ => return None,
    })
}

/// How much of it is there, rounded down; all of nothing.
fn percent(done: u64, size: u64) -> u64 {
    let percent = (u128::from(done) * 100).checked_div(u128::from(size));
    percent.and_then(|percent| percent.try_into().ok()).unwrap_or(100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentage_is_known_of_any_size() {
        assert_eq!((percent(0, 0), percent(1, 3), percent(3, 3)), (100, 33, 100));
        assert_eq!(percent(u64::MAX, u64::MAX), 100);
        assert_eq!(percent(u64::MAX / 2, u64::MAX), 49);
    }
}
