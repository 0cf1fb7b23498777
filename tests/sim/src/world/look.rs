//! What a scenario can ask of the world, and note down.

use netcore_proto::chat::Entry;
use netcore_proto::{ConnId, Event, chat};

use super::World;
use super::control::Connection;

impl World {
    /// What a person's chat shows: the numbered entries their node reported since the room last changed.
    pub fn shown_chat(&self, name: &str) -> Vec<&Entry> {
        let mut shown = Vec::new();
        for (_, event) in self.events(name) {
            match event {
                Event::Chat(chat::Event::Entry(entry) | chat::Event::Receipt { entry, .. }) => {
                    shown.push(entry);
                }
                Event::Chat(chat::Event::Reset) => shown.clear(),
                _ => {}
            }
        }
        shown
    }

    /// The words in a person's chat.
    pub fn shown_texts(&self, name: &str) -> Vec<&str> {
        let texts = self
            .shown_chat(name)
            .into_iter()
            .filter_map(|entry| match &entry.body {
                chat::Body::Text { text } => Some(text.as_str()),
                _ => None,
            });
        texts.collect()
    }

    /// A number from 0 to `below` − 1, as chance has it.
    pub fn draw(&mut self, below: u64) -> u64 {
        self.chance.below(below)
    }

    /// How often people have said something in all.
    pub fn said(&self, name: &str) -> u64 {
        self.people[self.who(name)].said
    }

    /// Remembers a number under a name, for a later step.
    pub fn note(&mut self, what: &'static str, number: u64) {
        self.notes.insert(what, number);
    }

    /// A number that an earlier step remembered.
    ///
    /// # Panics
    /// When none did.
    pub fn noted(&self, what: &str) -> u64 {
        *self.notes.get(what).expect("an earlier step noted it")
    }

    /// How many control connections the host holds open.
    pub fn open_at_host(&self) -> usize {
        let open = |connection: &&Connection| connection.is_open_at_host && !connection.is_broken;
        self.conns.values().filter(open).count()
    }

    /// The connection a person has, as both ends number it.
    ///
    /// # Panics
    /// When there is none.
    pub fn connection(&self, name: &str) -> ConnId {
        self.people[self.who(name)].conn.expect("there is a connection")
    }

    /// Whether a person has a control connection, as far as they know.
    pub fn is_connected(&self, name: &str) -> bool {
        self.people[self.who(name)].conn.is_some()
    }
}
