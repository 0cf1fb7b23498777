use std::io::Read;

use app::chat::view::{ChatEntry, ChatEvent};
use netcore::proto::chat::{Entry, Event, MAX_TEXT_BYTES};
use netcore::proto::video::WindowMode;
use netcore::{Room, RoomEvent};
use tokio::sync::broadcast::error::RecvError;

use super::env::Env;
use super::visit::Visit;
use crate::args::SayArgs;
use crate::exit::{Code, Failure, Result};
use crate::output::Report;

/// Says one thing, waits for its receipt and leaves.
pub(super) async fn run(env: &Env, args: SayArgs) -> Result<()> {
    let text = match args.text.as_str() {
        "-" => from_standard_input()?,
        _ => args.text,
    };
    let mut visit = Visit::begin(&env.me()?, &args.address, None, WindowMode::Adaptive, &env.screen).await?;
    let room = visit.room.clone();
    let said = visit.during(say(&room, &text)).await;
    visit.end().await;
    let entry = said?;
    let entry = ChatEntry::of(&entry, entry.from);
    env.screen.show(&Report::event(ChatEvent::Entry { entry }));
    Ok(())
}

fn from_standard_input() -> Result<String> {
    let mut bytes = Vec::new();
    // One byte more than fits is enough for the room's own refusal.
    let read = std::io::stdin()
        .take(MAX_TEXT_BYTES as u64 + 1)
        .read_to_end(&mut bytes);
    read.map_err(|error| Failure::new(Code::Failed, format!("standard input cannot be read: {error}")))?;
    Ok(String::from_utf8_lossy(&bytes)
        .trim_end_matches(['\r', '\n'])
        .to_owned())
}

/// Says `text` and returns it as everybody has it.
pub(super) async fn say(room: &Room, text: &str) -> Result<Entry> {
    let mut events = room.events();
    let said = room.say(text).await?;
    if let Some(entry) = said.entry {
        return Ok(entry);
    }
    loop {
        match events.recv().await {
            Ok(RoomEvent::Chat(Event::Receipt { local, entry })) if local == said.local => return Ok(entry),
            Ok(RoomEvent::Chat(Event::Refused { local, refusal })) if local == said.local => {
                return Err(Failure::new(Code::Failed, format!("not sent: {refusal}")));
            }
            Err(RecvError::Lagged(_)) => {
                // The receipt may be among what was missed; the log knows.
                let log = room.snapshot().await;
                let own = |entry: &&Entry| entry.from == log.info.me && entry.local == Some(said.local);
                if let Some(entry) = log.chat.iter().find(own) {
                    return Ok(entry.clone());
                }
            }
            Err(RecvError::Closed) => {
                return Err(Failure::lost(
                    "the room closed before the message had its receipt",
                ));
            }
            Ok(_) => {}
        }
    }
}
