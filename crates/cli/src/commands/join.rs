use super::env::Env;
use crate::args::JoinArgs;
use crate::exit::Result;
use crate::talk::{RoomSource, Talk, TalkOptions};

/// Joins a room and stays in it.
pub(super) async fn run(env: Env, args: JoinArgs) -> Result<()> {
    let options = TalkOptions {
        talk: args.talk,
        stay: args.stay,
        give_up: args.give_up,
    };
    let talk = Talk::new(env.me()?, env.screen, options);
    talk.run(RoomSource::Join(args.address)).await
}
