use std::io;

use clap::CommandFactory;
use clap_complete::Shell;

use crate::args::Cli;

/// Prints the completions for `shell`.
pub(super) fn run(shell: Shell) {
    clap_complete::generate(shell, &mut Cli::command(), "roomwire", &mut io::stdout());
}
