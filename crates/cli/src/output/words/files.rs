//! Files on offer and on their way.

use console::style;

use super::{bad, bytes, bytes_per_second, dim, mark};
use crate::output::{FileView, Table, Transfer};

/// Only what a person would want to know: offered by somebody else, failed, taken back, received by somebody.
pub(super) fn file(file: &FileView) -> Option<String> {
    let title = format!("file {} · {} ({})", file.id, file.name, bytes(file.size_bytes));
    Some(match file.state {
        "failed" => bad(&format!(
            "{title}: {}",
            file.why.as_deref().unwrap_or("it did not arrive")
        )),
        "cancelled" => dim(&format!("{title} was taken back")),
        _ if file.mine && !file.received_by.is_empty() => dim(&format!(
            "{title} has been received by {}",
            file.received_by.len()
        )),
        _ if file.mine => return None,
        "uploading" => format!(
            "{} offers {title} {}. /get {} fetches it.",
            style(&file.owner_name).cyan().bold(),
            dim(&file.kind),
            file.id
        ),
        _ => return None,
    })
}

pub(super) fn files(files: &[FileView]) -> String {
    if files.is_empty() {
        return "No files are on offer.".into();
    }
    let mut table = Table::new("rrllrl", &["#", "size", "from", "state", "received by", "name"]);
    for file in files {
        table.row([
            file.id.to_string(),
            bytes(file.size_bytes),
            if file.mine {
                "you".into()
            } else {
                file.owner_name.clone()
            },
            file.state.into(),
            file.received_by.len().to_string(),
            file.name.clone(),
        ]);
    }
    table.render()
}

pub(super) fn transfer(transfer: &Transfer) -> Option<String> {
    let title = format!("file {} · {}", transfer.file, transfer.name);
    let percent = (transfer.done_bytes * 100)
        .checked_div(transfer.size_bytes)
        .unwrap_or(100);
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
                    format!("{} {title} is in {} · {checked}", mark(), path.display())
                }
                _ => format!("{} {title} has arrived at the host · {checked}", mark()),
            }
        }
        "failed" => bad(&format!(
            "{title}: {}",
            transfer.message.as_deref().unwrap_or_default()
        )),
        "cancelled" => dim(&format!("{title} was cancelled")),
        _ => return None,
    })
}
