//! The commands, a file each.

mod batch;
mod completions;
mod demo;
mod devices;
mod env;
mod get;
mod host;
mod join;
mod man;
mod measure;
mod rooms;
mod say;
mod send;
mod stream;
mod transfer;
mod visit;
mod watch;

use crate::args::{Cli, Command};
use crate::exit::Result;
use crate::output::Screen;
use env::Env;

/// Does what the command line asks for.
pub(crate) async fn run(cli: Cli, screen: &Screen) -> Result<()> {
    let env = Env {
        common: cli.common,
        screen: screen.clone(),
    };
    match cli.command {
        Command::Host(args) => host::run(env, args).await,
        Command::Join(args) => join::run(env, args).await,
        Command::Say(args) => say::run(&env, args).await,
        Command::Send(args) => send::run(&env, args).await,
        Command::Get(args) => get::run(&env, args).await,
        Command::Stream(args) => stream::run(&env, args).await,
        Command::Watch(args) => watch::run(&env, args).await,
        Command::Measure(args) => measure::run(&env, args).await,
        Command::Devices => devices::run(&env).await,
        Command::Rooms { forget, start_anew } => rooms::run(&env, forget.as_ref(), start_anew),
        Command::Demo(args) => demo::run(&env, &args).await,
        Command::Completions { shell } => completions::run(shell),
        Command::Man { to } => man::run(to.as_deref()),
    }
}
