//! The room, who is in it and what is said.

use std::fmt::Write as _;

use console::style;
use netcore::proto::session::{LeaveReason, Presence};

use super::{bad, dim, mark, safe, sentence};
use crate::output::{Chat, JoinedRoom, LinkView, Opened, PersonView, Table, clock_time};

pub(super) fn opened(opened: &Opened) -> String {
    let mut text = format!(
        "{} is open on port {} (TCP and UDP). You are {}.",
        style(&opened.room).bold(),
        style(opened.port).bold(),
        style(&opened.name).bold()
    );
    for at in &opened.addresses {
        let network = if at.loopback {
            "this computer only".into()
        } else {
            format!("on {}", at.network)
        };
        let _ = write!(text, "\n  roomwire join {:<24} {}", at.address, dim(&network));
    }
    let _ = write!(
        text,
        "\n  {}",
        dim(&format!("fingerprint {}", grouped(&opened.fingerprint)))
    );
    text
}

pub(super) fn joined(joined: &JoinedRoom) -> String {
    format!(
        "You are in {} ({}) as {}. {}.\n  {}",
        style(&joined.room).bold(),
        joined.address,
        style(&joined.name).bold(),
        here(joined.people.len()),
        dim(&format!(
            "fingerprint of the host {}",
            grouped(&joined.fingerprint)
        ))
    )
}

/// The first 32 digits in fours: enough to compare by eye.
pub(super) fn grouped(fingerprint: &str) -> String {
    let digits: Vec<char> = fingerprint.chars().take(32).collect();
    digits
        .chunks(4)
        .map(|four| four.iter().collect::<String>())
        .collect::<Vec<_>>()
        .join(" ")
}

fn here(count: usize) -> String {
    match count {
        1 => "1 person is here".into(),
        count => format!("{count} people are here"),
    }
}

pub(super) fn people(people: &[PersonView]) -> String {
    let mut table = Table::new("llll", &["name", "address", "computer", "about"]);
    for person in people {
        let mut name = person.name.clone();
        name += match (person.host, person.me) {
            (true, true) => " (host, you)",
            (true, false) => " (host)",
            (false, true) => " (you)",
            (false, false) => "",
        };
        if person.presence == Presence::Reconnecting {
            name += " …";
        }
        table.row([
            name,
            person.address.clone(),
            person.device.clone(),
            person.about.clone(),
        ]);
    }
    format!("{}:\n{}", here(people.len()), indented(&table.render()))
}

pub(super) fn person(person: &PersonView) -> String {
    match person.presence {
        Presence::Reconnecting => dim(&format!(
            "{}'s connection was lost; the place is kept for a while",
            person.name
        )),
        Presence::Here if person.about.is_empty() => {
            dim(&format!("{} is here ({})", person.name, person.address))
        }
        Presence::Here => dim(&format!(
            "{} is here ({}): {}",
            person.name, person.address, person.about
        )),
    }
}

pub(super) fn chat(chat: &Chat) -> String {
    let when = style(clock_time(chat.at_unix_ms)).dim();
    let count = chat
        .people
        .map(|count| format!(" · {}", here(count)))
        .unwrap_or_default();
    let happened = |what: String| format!("{when}  {}", dim(&format!("{what}{count}")));
    let who = format!("{} ({})", chat.name, chat.address);
    match (chat.kind, chat.reason) {
        ("opened", _) => happened(format!("{} opened the room", chat.name)),
        ("joined", _) if chat.mine => happened("you joined".into()),
        ("joined", _) => happened(format!("{who} joined")),
        ("left", Some(LeaveReason::Lost)) => happened(format!("{who} was lost and did not come back")),
        ("left", Some(LeaveReason::Removed)) => happened(format!("{who} was removed")),
        ("left", _) => happened(format!("{who} left")),
        _ => {
            let text = safe(chat.text.as_deref().unwrap_or_default()).replace('\n', "\n         ");
            if chat.mine {
                format!("{when}  {} {}  {text}", mark(), style("you").green().bold())
            } else {
                let address = style(format!("({})", chat.address)).dim();
                format!("{when}    {} {address}  {text}", style(&chat.name).cyan().bold())
            }
        }
    }
}

pub(super) fn link(link: &LinkView) -> String {
    let message = link.message.as_deref().map(sentence).unwrap_or_default();
    match (link.state, link.attempt, link.retry_in) {
        ("up", ..) => format!("{} The connection is back.", mark()),
        ("lost", Some(attempt), Some(wait)) => bad(&format!(
            "{message} Trying again in {:.0} s (attempt {attempt}).",
            wait.as_secs_f64().ceil()
        )),
        ("left", ..) => "Goodbye.".into(),
        _ if message.is_empty() => "The room is closed.".into(),
        _ => bad(&message),
    }
}

fn indented(text: &str) -> String {
    text.lines()
        .map(|line| format!("  {line}"))
        .collect::<Vec<_>>()
        .join("\n")
}
