//! `roomwire`: rooms from a terminal. `roomwire --help` teaches it.

mod args;
mod commands;
mod exit;
mod input;
mod live;
mod me;
mod names;
mod network;
mod output;
mod output_file;
mod recording;
mod results;
mod signals;
mod spec;
mod talk;
mod typed_line;
mod viewers;
mod watching;

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;

use args::Cli;
use exit::{Code, Failure};
use output::Screen;

/// What still runs when all is said and done gets so long to end.
const LONGEST_END: Duration = Duration::from_secs(1);

fn main() -> ExitCode {
    netcore::survive_length_limit();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return answer(&error),
    };
    let screen = Screen::new(cli.common.json);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            screen.failure(&Failure::new(
                Code::Failed,
                format!("the system gives no threads: {error}"),
            ));
            return Code::Failed.into();
        }
    };
    let done = runtime.block_on(commands::run(cli, &screen));
    runtime.shutdown_timeout(LONGEST_END);
    match done.and_then(|()| screen.check()) {
        Ok(()) => ExitCode::SUCCESS,
        // The person who pressed Ctrl-C knows.
        Err(failure) if failure.code == Code::Interrupted && !screen.is_json() => failure.code.into(),
        Err(failure) => {
            screen.failure(&failure);
            failure.code.into()
        }
    }
}

/// Shows what `clap` has to say: help, the version, or what is wrong with the command line.
fn answer(error: &clap::Error) -> ExitCode {
    match error.print() {
        Err(unwritable) if unwritable.kind() != std::io::ErrorKind::BrokenPipe => {
            Screen::new(false).failure(&Failure::unwritten(&unwritable));
            Code::Failed.into()
        }
        _ => ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(Code::Usage as u8)),
    }
}
