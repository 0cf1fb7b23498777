//! The room, who is in it and what is said.

use app::chat::view::{ChatBody, ChatEntry, ChatState};
use app::session::view::{LeaveReason, LinkState, Person, Presence, ReachableAt, RoomView, SessionEvent};

use super::style::{bad, dim, mark, one, sentence};
use crate::output::clock::clock_time;
use crate::output::line::{Line, Style};
use crate::output::report::Before;
use crate::output::table::Table;
use crate::output::text::Text;

/// Where people's names and what is said stand, behind the time.
const NAME_COLUMN: usize = 9;

pub(super) fn opened(port: u16, room: &RoomView) -> Vec<Line> {
    let title = format!(
        "{} is open on port {} (TCP and UDP). You are {}.",
        Style::Bold.of(Text::from(&room.name)),
        Style::Bold.of(port),
        Style::Bold.of(my_name(room))
    );
    let fingerprint = dim(&format!("  fingerprint {}", grouped(&room.fingerprint)));
    let mut lines = vec![title.into()];
    lines.extend(room.reachable_at.iter().map(reachable));
    lines.push(fingerprint.into());
    lines
}

fn my_name(room: &RoomView) -> Text {
    let me = room.people.iter().find(|person| person.is_me);
    me.map(|me| Text::from(&me.profile.name)).unwrap_or_default()
}

pub(super) fn addresses(addresses: &[ReachableAt]) -> Vec<Line> {
    if addresses.is_empty() {
        return vec!["This computer has no address: nobody can reach the room.".into()];
    }
    let title = "The room can be reached at:".into();
    std::iter::once(title)
        .chain(addresses.iter().map(reachable))
        .collect()
}

fn reachable(at: &ReachableAt) -> Line {
    let network = match at.loopback {
        true => "this computer only".to_owned(),
        false => format!("on {}", Text::from(&at.network)),
    };
    format!("  roomwire join {:<24} {}", at.address, dim(&network)).into()
}

pub(super) fn joined(room: &RoomView) -> Vec<Line> {
    let title = format!(
        "You are in {} ({}) as {}. {}.",
        Style::Bold.of(Text::from(&room.name)),
        room.address,
        Style::Bold.of(my_name(room)),
        here(room.people.len())
    );
    let fingerprint = dim(&format!(
        "  fingerprint of the host {}",
        grouped(&room.fingerprint)
    ));
    vec![title.into(), fingerprint.into()]
}

/// What happened to who is here, as far as the log of chat does not say it.
pub(super) fn session(event: &SessionEvent, before: &Before) -> Vec<Line> {
    match event {
        SessionEvent::PersonChanged { person } => one(changed(person)),
        SessionEvent::LinkChanged { link: state } => one(link(state)),
        SessionEvent::AddressesChanged { addresses: now } => addresses(now),
        SessionEvent::Closed { reason: Some(reason) } => {
            one(bad(&sentence(&Text::from(&reason.message).to_string())))
        }
        SessionEvent::Closed { reason: None } if before.is_goodbye => one("Goodbye.".into()),
        SessionEvent::Closed { reason: None } => one("The room is closed.".into()),
        SessionEvent::Joined { .. } | SessionEvent::Left { .. } | SessionEvent::CloseAsked { .. } => {
            Vec::new()
        }
    }
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

pub(super) fn people(people: &[Person]) -> Vec<Line> {
    let mut table = Table::new("llll", &["name", "address", "computer", "about"]);
    for person in people {
        let mut name = Text::from(&person.profile.name).to_string();
        name += match (person.is_host, person.is_me) {
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
            Text::from(&person.profile.device).to_string(),
            Text::from(&person.profile.about).to_string(),
        ]);
    }
    let rows = table.render().into_iter().map(|row| format!("  {row}").into());
    let title = format!("{}:", here(people.len())).into();
    std::iter::once(title).chain(rows).collect()
}

fn changed(person: &Person) -> String {
    let (name, about) = (
        Text::from(&person.profile.name),
        Text::from(&person.profile.about),
    );
    dim(&match person.presence {
        Presence::Reconnecting => {
            format!("{name}'s connection was lost; the place is kept for a while")
        }
        Presence::Here if about.is_empty() => format!("{name} is here ({})", person.address),
        Presence::Here => format!("{name} is here ({}): {about}", person.address),
    })
}

/// An entry of the log of chat; `people` is how many are here, where that is news.
pub(super) fn chat(entry: &ChatEntry, people: Option<usize>) -> Vec<Line> {
    let when = Style::Dim.of(clock_time(entry.at_ms)).to_string();
    let count = people
        .map(|count| format!(" · {}", here(count)))
        .unwrap_or_default();
    let name = Text::from(&entry.name);
    let who = format!("{name} ({})", entry.address);
    let happened = match &entry.body {
        ChatBody::Text { text } => return said(entry, text, &when),
        ChatBody::Anew => return one(anew()),
        ChatBody::Opened => format!("{name} opened the room"),
        ChatBody::Joined if entry.mine => format!("you joined{count}"),
        ChatBody::Joined => format!("{who} joined{count}"),
        ChatBody::Left { reason } => match reason {
            LeaveReason::Lost => format!("{who} was lost and did not come back{count}"),
            LeaveReason::Removed => format!("{who} was removed{count}"),
            LeaveReason::Left => format!("{who} left{count}"),
        },
    };
    vec![Line::hanging(format!("{when}  {}", dim(&happened)), NAME_COLUMN)]
}

/// A person's words. All that is theirs stands right of the time, however long it is and however many lines it has.
fn said(entry: &ChatEntry, text: &str, when: &str) -> Vec<Line> {
    match (entry.state, &entry.error) {
        (ChatState::Delivered, _) => {}
        (ChatState::Failed, Some(error)) => return not_sent(&error.message),
        (ChatState::Failed | ChatState::Waiting, _) => return Vec::new(),
    }
    let who = if entry.mine {
        format!("{when}  {} {}", mark(), Style::Me.of("you"))
    } else {
        let address = dim(&format!("({})", entry.address));
        format!(
            "{when}    {} {address}",
            Style::Person.of(Text::from(&entry.name))
        )
    };
    let text = Text::from(text);
    let lines = text.lines().enumerate().map(|(number, line)| match number {
        0 => format!("{who}  {line}"),
        _ => format!("{}{line}", " ".repeat(NAME_COLUMN)),
    });
    lines.map(|line| Line::hanging(line, NAME_COLUMN)).collect()
}

pub(super) fn not_sent(why: &str) -> Vec<Line> {
    one(bad(&sentence(&format!("not sent: {}", Text::from(why)))))
}

fn link(link: &LinkState) -> String {
    match link {
        LinkState::Up => format!("{} The connection is back.", mark()),
        LinkState::Lost {
            attempt,
            retry_in_ms,
            reason,
            ..
        } => bad(&format!(
            "{} Trying again in {} s (attempt {attempt}).",
            sentence(&Text::from(&reason.message).to_string()),
            retry_in_ms.div_ceil(1_000)
        )),
    }
}

pub(super) fn anew() -> String {
    bad(
        "The host has opened the room anew: what was said and offered before is not in it. Your own files are offered again.",
    )
}
