use super::env::Env;
use crate::args::HostArgs;
use crate::exit::Result;
use crate::talk::{RoomSource, Talk, TalkOptions, room_name};

/// Opens a room and stays in it. A host outlives its standard input: it may be a service.
pub(super) async fn run(env: Env, args: HostArgs) -> Result<()> {
    let me = env.me()?;
    let source = RoomSource::Host {
        room: args.room.unwrap_or_else(|| room_name(&me.profile.name)),
        port: args.port,
        loopback: args.loopback,
        listen: args.listen,
    };
    let options = TalkOptions {
        talk: args.talk,
        stay: true,
        give_up: None,
    };
    Talk::new(me, env.screen, options).run(source).await
}
