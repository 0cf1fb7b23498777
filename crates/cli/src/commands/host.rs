use super::Env;
use crate::args::HostArgs;
use crate::exit::Result;
use crate::results::Files;
use crate::talk::{Door, Manners, Talk, room_name};

/// Opens a room and stays in it. A host outlives its standard input: it may be a service.
pub(super) async fn run(env: Env, args: HostArgs) -> Result<()> {
    let me = env.me()?;
    let door = Door::Host {
        room: args.room.unwrap_or_else(|| room_name(&me.profile.name)),
        port: args.port,
        loopback: args.loopback,
        listen: args.listen,
    };
    let manners = Manners {
        talk: args.talk,
        stay: true,
        give_up: None,
    };
    let talk = Talk {
        me,
        screen: env.screen,
        manners,
        files: Files::default(),
    };
    talk.run(door).await
}
