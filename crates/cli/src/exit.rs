//! How the program ends: a number for scripts, a word for machines and a sentence for people.

use std::fmt::Display;
use std::process::ExitCode;

use netcore::proto::{CommandError, session::RefusalCode};
use netcore::{FileError, FolderError, JoinError, KnownRoomsError, OpenError, VideoError};

/// What a command comes to.
pub(crate) type Result<T, E = Failure> = std::result::Result<T, E>;

/// The exit codes; `--help` lists them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Code {
    /// Anything that has no code of its own.
    Failed = 1,
    /// The command line is not understood; `clap` uses the same number.
    Usage = 2,
    /// No room there, or it does not want us.
    Unreachable = 3,
    /// The port is taken, or may not be used.
    Port = 4,
    /// We were in the room, and are no longer.
    RoomLost = 5,
    /// A file could not be read, sent, received or kept.
    File = 6,
    /// The video source gives no pictures, the stream is not taken, or nothing of it arrived.
    Video = 7,
    /// Ctrl-C (128 + SIGINT).
    Interrupted = 130,
    /// Asked to end by the system (128 + SIGTERM).
    Terminated = 143,
}

impl Code {
    /// The stable word that stands for this code in JSON.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Code::Failed => "failed",
            Code::Usage => "usage",
            Code::Unreachable => "unreachable",
            Code::Port => "port",
            Code::RoomLost => "room_lost",
            Code::File => "file",
            Code::Video => "video",
            Code::Interrupted => "interrupted",
            Code::Terminated => "terminated",
        }
    }
}

impl From<Code> for ExitCode {
    fn from(code: Code) -> ExitCode {
        ExitCode::from(code as u8)
    }
}

/// Why a command did not do what it was asked to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) code: Code,
    /// For a person: what happened, to what, and what to do.
    pub(crate) message: String,
}

impl Failure {
    /// A failure with its words.
    pub(crate) fn new(code: Code, message: impl Display) -> Failure {
        Failure {
            code,
            message: message.to_string(),
        }
    }

    /// Standard output takes no more.
    pub(crate) fn unwritten(why: impl Display) -> Failure {
        Failure::new(Code::Failed, format!("standard output cannot be written: {why}"))
    }

    /// We were in the room, and now we are not.
    pub(crate) fn lost(reason: impl Display) -> Failure {
        Failure::new(Code::RoomLost, reason)
    }
}

impl From<OpenError> for Failure {
    fn from(error: OpenError) -> Failure {
        let code = match error {
            OpenError::PortInUse { .. } | OpenError::PortForbidden { .. } => Code::Port,
            OpenError::NoSuchAddress { .. } => Code::Usage,
            _ => Code::Failed,
        };
        Failure::new(code, error)
    }
}

impl From<JoinError> for Failure {
    fn from(error: JoinError) -> Failure {
        let code = match &error {
            JoinError::Address(_) | JoinError::NoCard { .. } => Code::Usage,
            JoinError::Identity(_) | JoinError::KnownRooms(_) => Code::Failed,
            JoinError::RoomRefused(refusal) if refusal.code == RefusalCode::Closed => Code::RoomLost,
            _ => Code::Unreachable,
        };
        match &error {
            JoinError::IdentityChanged { address, .. } => {
                Failure::new(code, format!("{error} (roomwire rooms --forget {address})"))
            }
            JoinError::KnownRooms(error) => error.clone().into(),
            _ => Failure::new(code, error),
        }
    }
}

impl From<KnownRoomsError> for Failure {
    fn from(error: KnownRoomsError) -> Failure {
        match &error {
            KnownRoomsError::Unreadable { .. } => {
                Failure::new(Code::Failed, format!("{error} (roomwire rooms --start-anew)"))
            }
            KnownRoomsError::Unwritable { .. } => Failure::new(Code::Failed, error),
        }
    }
}

impl From<FileError> for Failure {
    fn from(error: FileError) -> Failure {
        Failure::new(Code::File, error)
    }
}

impl From<VideoError> for Failure {
    fn from(error: VideoError) -> Failure {
        Failure::new(Code::Video, error)
    }
}

impl From<media::CaptureError> for Failure {
    fn from(error: media::CaptureError) -> Failure {
        Failure::new(Code::Video, error)
    }
}

impl From<CommandError> for Failure {
    fn from(error: CommandError) -> Failure {
        Failure::new(Code::Failed, error)
    }
}

impl From<FolderError> for Failure {
    fn from(error: FolderError) -> Failure {
        let code = match error {
            FolderError::BadName(_) => Code::Usage,
            _ => Code::Failed,
        };
        Failure::new(code, error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_word_and_the_documented_number() {
        let help = crate::args::EXIT_CODES;
        for code in [
            Code::Failed,
            Code::Usage,
            Code::Unreachable,
            Code::Port,
            Code::RoomLost,
            Code::File,
            Code::Video,
            Code::Interrupted,
            Code::Terminated,
        ] {
            let number = code as u8;
            let documented = help
                .lines()
                .any(|line| line.trim_start().starts_with(&format!("{number} ")));
            assert!(documented, "{code:?} = {number} is not in --help");
            assert!(help.contains(code.word()), "{code:?} has no word in --help");
        }
    }
}
