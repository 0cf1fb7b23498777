//! The room, who is in it and what is said.

use netcore::proto::session::{LeaveReason, Presence};

use super::{Style, bad, dim, mark, sentence};
use crate::output::{
    Addresses, Chat, JoinedRoom, Line, LinkView, Opened, PersonView, Reachable, Table, clock_time,
};

/// Where people's names and what is said stand, behind the time.
const NAME_COLUMN: usize = 9;

pub(super) fn opened(opened: &Opened) -> Vec<Line> {
    let title = format!(
        "{} is open on port {} (TCP and UDP). You are {}.",
        Style::Bold.of(&opened.room),
        Style::Bold.of(opened.port),
        Style::Bold.of(&opened.name)
    );
    let fingerprint = dim(&format!("  fingerprint {}", grouped(&opened.fingerprint)));
    let mut lines = vec![title.into()];
    lines.extend(opened.addresses.iter().map(reachable));
    lines.push(fingerprint.into());
    lines
}

pub(super) fn addresses(now: &Addresses) -> Vec<Line> {
    if now.addresses.is_empty() {
        return vec!["This computer has no address: nobody can reach the room.".into()];
    }
    let title = "The room can be reached at:".into();
    std::iter::once(title)
        .chain(now.addresses.iter().map(reachable))
        .collect()
}

fn reachable(at: &Reachable) -> Line {
    let network = match at.loopback {
        true => "this computer only".to_owned(),
        false => format!("on {}", at.network),
    };
    format!("  roomwire join {:<24} {}", at.address, dim(&network)).into()
}

pub(super) fn joined(joined: &JoinedRoom) -> Vec<Line> {
    let title = format!(
        "You are in {} ({}) as {}. {}.",
        Style::Bold.of(&joined.room),
        joined.address,
        Style::Bold.of(&joined.name),
        here(joined.people.len())
    );
    let fingerprint = dim(&format!(
        "  fingerprint of the host {}",
        grouped(&joined.fingerprint)
    ));
    vec![title.into(), fingerprint.into()]
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

pub(super) fn people(people: &[PersonView]) -> Vec<Line> {
    let mut table = Table::new("llll", &["name", "address", "computer", "about"]);
    for person in people {
        let mut name = person.name.to_string();
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
            person.device.to_string(),
            person.about.to_string(),
        ]);
    }
    let rows = table.render().into_iter().map(|row| format!("  {row}").into());
    let title = format!("{}:", here(people.len())).into();
    std::iter::once(title).chain(rows).collect()
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

pub(super) fn chat(chat: &Chat) -> Vec<Line> {
    let when = Style::Dim.of(clock_time(chat.at_unix_ms));
    let count = chat
        .people
        .map(|count| format!(" · {}", here(count)))
        .unwrap_or_default();
    let who = format!("{} ({})", chat.name, chat.address);
    let happened = match (chat.kind, chat.reason) {
        ("opened", _) => format!("{} opened the room", chat.name),
        ("joined", _) if chat.mine => "you joined".into(),
        ("joined", _) => format!("{who} joined"),
        ("left", Some(LeaveReason::Lost)) => format!("{who} was lost and did not come back"),
        ("left", Some(LeaveReason::Removed)) => format!("{who} was removed"),
        ("left", _) => format!("{who} left"),
        _ => return said(chat, &when.to_string()),
    };
    let line = format!("{when}  {}", dim(&format!("{happened}{count}")));
    vec![Line::hanging(line, NAME_COLUMN)]
}

/// A person's words. All that is theirs stands right of the time, however long it is and however many lines it has.
fn said(chat: &Chat, when: &str) -> Vec<Line> {
    let who = if chat.mine {
        format!("{when}  {} {}", mark(), Style::Me.of("you"))
    } else {
        let address = dim(&format!("({})", chat.address));
        format!("{when}    {} {address}", Style::Person.of(&chat.name))
    };
    let text = chat.text.clone().unwrap_or_default();
    let lines = text.lines().enumerate().map(|(number, line)| match number {
        0 => format!("{who}  {line}"),
        _ => format!("{}{line}", " ".repeat(NAME_COLUMN)),
    });
    lines.map(|line| Line::hanging(line, NAME_COLUMN)).collect()
}

pub(super) fn link(link: &LinkView) -> String {
    let message = link
        .message
        .as_ref()
        .map(|message| sentence(&message.to_string()))
        .unwrap_or_default();
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

pub(super) fn anew() -> String {
    bad(
        "The host has opened the room anew: what was said and offered before is not in it. Your own files are offered again.",
    )
}
