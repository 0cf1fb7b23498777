//! The manual, made from the arguments.

use std::io::{self, Write};
use std::path::Path;

use clap::CommandFactory;
use clap_mangen::Man;

use crate::args::Cli;
use crate::exit::{Code, Failure, Result};

/// A page of the manual: its file's name, and its text for `man`.
struct Page {
    file: String,
    roff: Vec<u8>,
}

/// Prints the page of the whole program, or writes it and one for each command into `folder`, which is made when it is not there.
///
/// # Errors
/// When standard output takes no more, or a page cannot be written.
pub(super) fn run(folder: Option<&Path>) -> Result<()> {
    let pages = pages().map_err(Failure::unwritten)?;
    match folder {
        Some(folder) => write(&pages, folder),
        None => print(&pages[0]),
    }
}

fn write(pages: &[Page], folder: &Path) -> Result<()> {
    let failed = |error| Failure::new(Code::File, format!("{}: {error}", folder.display()));
    std::fs::create_dir_all(folder).map_err(failed)?;
    for page in pages {
        std::fs::write(folder.join(&page.file), &page.roff).map_err(failed)?;
    }
    Ok(())
}

fn print(page: &Page) -> Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(&page.roff).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::unwritten(error)),
        _ => Ok(()),
    }
}

/// The program's own page first, then one for each command.
fn pages() -> io::Result<Vec<Page>> {
    let mut program = Cli::command().disable_help_subcommand(true);
    // Gives the commands what they take from the program: options for all, version, full name.
    program.build();
    std::iter::once(&program)
        .chain(program.get_subcommands())
        .map(page)
        .collect()
}

fn page(command: &clap::Command) -> io::Result<Page> {
    let man = Man::new(command.clone()).manual("Roomwire");
    let mut roff = Vec::new();
    man.render_title(&mut roff)?;
    man.render_name_section(&mut roff)?;
    man.render_synopsis_section(&mut roff)?;
    man.render_description_section(&mut roff)?;
    man.render_options_section(&mut roff)?;
    if command.has_subcommands() {
        man.render_subcommands_section(&mut roff)?;
    }
    let more = command.get_after_long_help().or(command.get_after_help());
    if let Some(more) = more {
        roff.write_all(notes(&more.to_string()).as_bytes())?;
    }
    Ok(Page {
        file: man.get_filename(),
        roff,
    })
}

/// What stands after the options in `--help`. Indented lines keep their columns, which `clap_mangen` would run together.
fn notes(text: &str) -> String {
    let mut roff = String::from(".SH NOTES\n");
    let mut is_verbatim = false;
    for line in text.lines() {
        let indented = line.starts_with("  ");
        if indented != is_verbatim {
            roff.push_str(if indented { ".PP\n.EX\n" } else { ".EE\n" });
            is_verbatim = indented;
        }
        match line {
            "" => roff.push_str(".PP\n"),
            line => {
                roff.push_str(&escaped(line));
                roff.push('\n');
            }
        }
    }
    if is_verbatim {
        roff.push_str(".EE\n");
    }
    roff
}

/// A line that `man` shows as it is, whatever it begins with; dashes and quotes stay what can be typed.
fn escaped(line: &str) -> String {
    let mut roff = String::from(r"\&");
    for character in line.chars() {
        match character {
            '\\' => roff.push_str(r"\e"),
            '-' => roff.push_str(r"\-"),
            '\'' => roff.push_str(r"\(aq"),
            '`' => roff.push_str(r"\(ga"),
            other => roff.push(other),
        }
    }
    roff
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_has_a_page_of_its_own() {
        let files: Vec<_> = pages().unwrap().into_iter().map(|page| page.file).collect();
        assert_eq!(files[0], "roomwire.1");
        for command in Cli::command().get_subcommands() {
            let file = format!("roomwire-{}.1", command.get_name());
            assert!(files.contains(&file), "{file} is not in {files:?}");
        }
    }

    #[test]
    fn a_page_has_the_options_of_its_command_and_of_all() {
        let pages = pages().unwrap();
        let host = pages.iter().find(|page| page.file == "roomwire-host.1").unwrap();
        let roff = String::from_utf8(host.roff.clone()).unwrap();
        for option in [r"\-\-port", r"\-\-listen", r"\-\-profile"] {
            assert!(roff.contains(option), "{option} is not in {roff}");
        }
    }

    #[test]
    fn examples_keep_their_columns_and_what_can_be_typed() {
        let roff = notes("Examples:\n  roomwire say 'x'   - y\n\n.end");
        assert_eq!(
            roff,
            ".SH NOTES\n\\&Examples:\n.PP\n.EX\n\\&  roomwire say \\(aqx\\(aq   \\- y\n.EE\n.PP\n\\&.end\n"
        );
    }
}
