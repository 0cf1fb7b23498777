use super::Env;
use crate::args::JoinArgs;
use crate::exit::Result;
use crate::results::Files;
use crate::talk::{RoomSource, Talk, TalkOptions};

/// Joins a room and stays in it.
pub(super) async fn run(env: Env, args: JoinArgs) -> Result<()> {
    let options = TalkOptions {
        talk: args.talk,
        stay: args.stay,
        give_up: args.give_up,
    };
    let talk = Talk {
        me: env.me()?,
        screen: env.screen,
        options,
        files: Files::default(),
    };
    talk.run(RoomSource::Join(args.address)).await
}
