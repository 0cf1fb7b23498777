//! Whole conversations in a simulated network, one module per capability, and one for the link below them.
#![allow(
    clippy::unwrap_used,
    reason = "a test that finds nothing where something must be has failed"
)]

mod chat;
mod files;
mod link;
mod metrics;
mod session;
mod video;

use netcore_proto::{
    Event, chat as chat_proto, files as files_proto, session as session_proto, video as video_proto,
};
use sim_tests::{Step, World};

/// The host and three members.
const PEOPLE: &[&str] = &["Ada", "Ben", "Cyd", "Dan"];

/// The host opens a room and all come, in this order, so that Ben is member 1, Cyd 2 and Dan 3.
fn everybody_in() -> [Step; 7] {
    [
        Step::Open,
        Step::Join("Ben"),
        Step::wait_ms(100),
        Step::Join("Cyd"),
        Step::wait_ms(100),
        Step::Join("Dan"),
        Step::wait_ms(100),
    ]
}

fn session_events<'a>(world: &'a World, at: &str) -> impl Iterator<Item = &'a session_proto::Event> + Clone {
    world.events(at).iter().filter_map(|(_, event)| match event {
        Event::Session(event) => Some(event),
        _ => None,
    })
}

fn chat_events<'a>(world: &'a World, at: &str) -> impl Iterator<Item = &'a chat_proto::Event> + Clone {
    world.events(at).iter().filter_map(|(_, event)| match event {
        Event::Chat(event) => Some(event),
        _ => None,
    })
}

fn file_events<'a>(world: &'a World, at: &str) -> impl Iterator<Item = &'a files_proto::Event> + Clone {
    world.events(at).iter().filter_map(|(_, event)| match event {
        Event::Files(event) => Some(event),
        _ => None,
    })
}

fn video_events<'a>(world: &'a World, at: &str) -> impl Iterator<Item = &'a video_proto::Event> + Clone {
    world.events(at).iter().filter_map(|(_, event)| match event {
        Event::Video(event) => Some(event),
        _ => None,
    })
}
