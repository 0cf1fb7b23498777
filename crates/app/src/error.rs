//! What a face is given when something cannot be done.

use std::collections::BTreeMap;
use std::path::Path;

use media::{CaptureError, RecordError};
use netcore::proto::CommandError;
use netcore::proto::chat::TextError;
use netcore::proto::session::{Refusal, RefusalCode};
use netcore::{FileError, JoinError, KnownRoomsError, OpenError, VideoError};
use serde::Serialize;
use ts_rs::TS;

use crate::picks::name_of;
use crate::video::{LiveError, PictureError};

/// An error a person can act on: the interface makes a sentence of the code and the context, in the language in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS, thiserror::Error)]
#[error("{message}")]
pub struct IpcError {
    /// A stable word.
    pub code: ErrorCode,
    /// The same in English, for a log.
    pub message: String,
    /// The values for a translated sentence.
    #[ts(type = "Record<string, string>")]
    pub context: BTreeMap<&'static str, String>,
}

/// The words for what can go wrong. Each has a sentence in every language of the interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)] // a code is its own explanation; the interface's texts are the long form
pub enum ErrorCode {
    PortInUse,
    AddressInvalid,
    Unreachable,
    Refused,
    NotARoom,
    VersionMismatch,
    IdentityChanged,
    KnownRoomsUnreadable,
    HostGone,
    TimedOut,
    TooLong,
    Empty,
    NoRoom,
    AlreadyInRoom,
    FileUnreadable,
    IsFolder,
    NotPicked,
    DiskFull,
    FileGone,
    FileCorrupt,
    FileTooLong,
    FileNotPlaced,
    FileChanged,
    TooManyOpen,
    Cancelled,
    CameraBusy,
    CameraForbidden,
    CameraUnplugged,
    CameraAbsent,
    CameraStalled,
    ScreenAbsent,
    WindowClosed,
    FormatUnsupported,
    FfmpegMissing,
    VideoUnreadable,
    RecordingFailed,
    AlreadyLive,
    NotLive,
    Storage,
    Internal,
}

impl IpcError {
    /// An error without context.
    #[allow(clippy::needless_pass_by_value)] // words or an error, whichever is at hand
    pub fn new(code: ErrorCode, message: impl ToString) -> IpcError {
        IpcError {
            code,
            message: message.to_string(),
            context: BTreeMap::new(),
        }
    }

    /// The same with one more value for its sentence.
    #[must_use]
    #[allow(clippy::needless_pass_by_value)] // words or an error, whichever is at hand
    pub fn with(mut self, name: &'static str, value: impl ToString) -> IpcError {
        self.context.insert(name, value.to_string());
        self
    }

    /// There is no room open.
    pub fn no_room() -> IpcError {
        IpcError::new(ErrorCode::NoRoom, "this window is in no room")
    }

    /// A folder or file of the program's own cannot be read or written.
    pub fn storage(what: &Path, error: &std::io::Error) -> IpcError {
        IpcError::new(ErrorCode::Storage, format!("{}: {error}", what.display()))
    }

    /// A fault that a person can do nothing about.
    pub fn internal(error: impl ToString) -> IpcError {
        IpcError::new(ErrorCode::Internal, error)
    }
}

impl From<OpenError> for IpcError {
    fn from(error: OpenError) -> IpcError {
        let message = error.to_string();
        match error {
            OpenError::PortInUse { port } => IpcError::new(ErrorCode::PortInUse, message).with("port", port),
            OpenError::Identity(_) => IpcError::new(ErrorCode::Storage, message),
            // A port that the system reserves is one more thing that only a look at the message explains.
            _ => IpcError::new(ErrorCode::Internal, message),
        }
    }
}

impl From<JoinError> for IpcError {
    fn from(error: JoinError) -> IpcError {
        let message = error.to_string();
        let coded = |code| IpcError::new(code, &message);
        match &error {
            JoinError::Address(address) => coded(ErrorCode::AddressInvalid).with("address", &address.text),
            JoinError::Unreachable { address, .. } => coded(ErrorCode::Unreachable).with("address", address),
            JoinError::Refused { address } => coded(ErrorCode::Refused).with("address", address),
            // Its sentence says how a card is written.
            JoinError::NoCard { address, .. } => coded(ErrorCode::AddressInvalid).with("address", address),
            JoinError::NotARoom { address, .. } => coded(ErrorCode::NotARoom).with("address", address),
            JoinError::IdentityChanged {
                address,
                room,
                expected,
                got,
            } => coded(ErrorCode::IdentityChanged)
                .with("address", address)
                .with("room", room)
                .with("expected", expected)
                .with("got", got),
            JoinError::KnownRooms(KnownRoomsError::Unreadable { kept, .. }) => {
                coded(ErrorCode::KnownRoomsUnreadable).with("path", kept.display())
            }
            JoinError::KnownRooms(KnownRoomsError::Unwritable { .. }) => coded(ErrorCode::Storage),
            JoinError::HostGone { address, .. } | JoinError::BrokenOff { address, .. } => {
                coded(ErrorCode::HostGone).with("address", address)
            }
            JoinError::TimedOut { address, .. } => coded(ErrorCode::TimedOut).with("address", address),
            JoinError::RoomRefused(refusal) => refusal.clone().into(),
            JoinError::Identity(_) => coded(ErrorCode::Storage),
            JoinError::Network(_) => coded(ErrorCode::Internal),
        }
    }
}

impl From<Refusal> for IpcError {
    fn from(refusal: Refusal) -> IpcError {
        let code = match refusal.code {
            RefusalCode::VersionMismatch => ErrorCode::VersionMismatch,
            RefusalCode::Closed => ErrorCode::HostGone,
            RefusalCode::Silent | RefusalCode::TooSlow | RefusalCode::Fault => ErrorCode::TimedOut,
            RefusalCode::NotFound => ErrorCode::FileGone,
            // The host's own words say which limit, or what else.
            _ => ErrorCode::Internal,
        };
        IpcError::new(code, refusal.message)
    }
}

impl From<CommandError> for IpcError {
    fn from(error: CommandError) -> IpcError {
        let message = error.to_string();
        match error {
            CommandError::Text(text) => text.into(),
            CommandError::Refused(refusal) => refusal.into(),
            CommandError::NotConnected => IpcError::new(ErrorCode::HostGone, message),
            CommandError::TooManyWaiting => IpcError::new(ErrorCode::Internal, message),
        }
    }
}

impl From<TextError> for IpcError {
    fn from(error: TextError) -> IpcError {
        let message = error.to_string();
        match error {
            TextError::Empty => IpcError::new(ErrorCode::Empty, message),
            TextError::TooLong { over } => IpcError::new(ErrorCode::TooLong, message).with("over", over),
        }
    }
}

impl From<FileError> for IpcError {
    fn from(error: FileError) -> IpcError {
        let coded = |code| IpcError::new(code, &error);
        match &error {
            FileError::Unreadable { path, .. } => {
                coded(ErrorCode::FileUnreadable).with("name", name_of(path))
            }
            FileError::DiskFull { .. } | FileError::NoRoom { .. } => coded(ErrorCode::DiskFull),
            FileError::TooLong { folder, .. } => {
                coded(ErrorCode::FileTooLong).with("folder", folder.display())
            }
            FileError::NotPlaced { kept, folder, .. } => coded(ErrorCode::FileNotPlaced)
                .with("path", kept.display())
                .with("folder", folder.display()),
            FileError::Changed { path, .. } => coded(ErrorCode::FileChanged).with("name", name_of(path)),
            FileError::OfferEnded { .. } => coded(ErrorCode::FileChanged),
            FileError::TooManyOpen => coded(ErrorCode::TooManyOpen),
            FileError::Unwritable { .. } | FileError::LengthLimit { .. } => coded(ErrorCode::Storage),
            FileError::Gone(_) => coded(ErrorCode::FileGone),
            FileError::Corrupt { .. } => coded(ErrorCode::FileCorrupt),
            FileError::SenderFailed { .. } => coded(ErrorCode::FileGone),
            FileError::Cancelled => coded(ErrorCode::Cancelled),
            FileError::NotConnected | FileError::Interrupted => coded(ErrorCode::HostGone),
            FileError::Refused(refusal) => refusal.clone().into(),
        }
    }
}

impl From<VideoError> for IpcError {
    fn from(error: VideoError) -> IpcError {
        let message = error.to_string();
        match error {
            VideoError::Refused(refusal) => IpcError::new(ErrorCode::Internal, refusal.message),
            VideoError::NotConnected => IpcError::new(ErrorCode::HostGone, message),
            VideoError::Gone(_) => IpcError::new(ErrorCode::NotLive, message),
        }
    }
}

impl From<CaptureError> for IpcError {
    fn from(error: CaptureError) -> IpcError {
        let coded = |code| IpcError::new(code, &error);
        match &error {
            CaptureError::Busy { device } => coded(ErrorCode::CameraBusy).with("camera", device),
            CaptureError::Forbidden { device } => coded(ErrorCode::CameraForbidden).with("camera", device),
            CaptureError::Unplugged { device } => coded(ErrorCode::CameraUnplugged).with("camera", device),
            CaptureError::Absent { what } => coded(ErrorCode::CameraAbsent).with("camera", what),
            CaptureError::Stalled { device, .. } | CaptureError::Fault { device, .. } => {
                coded(ErrorCode::CameraStalled).with("camera", device)
            }
            CaptureError::NoScreen { .. } => coded(ErrorCode::ScreenAbsent),
            CaptureError::WindowClosed { title } => coded(ErrorCode::WindowClosed).with("title", title),
            CaptureError::FormatUnsupported { .. } => coded(ErrorCode::FormatUnsupported),
            CaptureError::FfmpegMissing { path } => coded(ErrorCode::FfmpegMissing).with("name", path),
            CaptureError::Unreadable { path, .. } => coded(ErrorCode::VideoUnreadable).with("name", path),
            CaptureError::Encoding { .. } => coded(ErrorCode::Internal),
        }
    }
}

impl From<LiveError> for IpcError {
    fn from(error: LiveError) -> IpcError {
        let message = error.to_string();
        match error {
            LiveError::Source(error) => error.into(),
            LiveError::Room(error) => error.into(),
            LiveError::Over => IpcError::internal(message),
            LiveError::Silent(source) => {
                IpcError::new(ErrorCode::CameraStalled, message).with("camera", source)
            }
        }
    }
}

impl From<PictureError> for IpcError {
    fn from(error: PictureError) -> IpcError {
        match error {
            PictureError::Gone(_) | PictureError::Late(_) => IpcError::new(ErrorCode::NotLive, error),
            PictureError::Bad { .. } => IpcError::internal(error),
        }
    }
}

impl From<RecordError> for IpcError {
    fn from(error: RecordError) -> IpcError {
        let message = error.to_string();
        match error {
            RecordError::DiskFull { .. } | RecordError::NoRoom { .. } => {
                IpcError::new(ErrorCode::DiskFull, message)
            }
            _ => IpcError::new(ErrorCode::RecordingFailed, message),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_crosses_as_code_message_and_context() {
        let error = IpcError::from(OpenError::PortInUse { port: 27182 });
        let json = serde_json::to_value(&error).unwrap();
        assert_eq!(json["code"], "port_in_use");
        assert_eq!(json["context"]["port"], "27182");
        assert!(json["message"].as_str().unwrap().contains("27182"));
    }

    #[test]
    fn a_text_that_is_too_long_says_by_how_much() {
        let error = IpcError::from(CommandError::Text(TextError::TooLong { over: 7 }));
        assert_eq!(
            (error.code, error.context["over"].as_str()),
            (ErrorCode::TooLong, "7")
        );
    }

    #[test]
    fn a_file_is_named_without_its_folder() {
        let path = Path::new("folder").join("notes.txt");
        let error = IpcError::from(FileError::Unreadable {
            path,
            why: "denied".into(),
        });
        assert_eq!(error.context["name"], "notes.txt");
    }

    #[test]
    fn both_identities_of_a_changed_room_are_named() {
        use netcore::proto::session::Fingerprint;
        let error = IpcError::from(JoinError::IdentityChanged {
            room: "Lab".to_owned(),
            address: "127.0.0.1:1".parse().unwrap(),
            expected: Fingerprint([0xaa; 32]),
            got: Fingerprint([0xbb; 32]),
        });
        assert_eq!(error.code, ErrorCode::IdentityChanged);
        assert_eq!(error.context["expected"], "aa".repeat(32));
        assert_eq!(error.context["got"], "bb".repeat(32));
    }

    #[test]
    fn another_version_is_distinguished_from_another_refusal() {
        let refused = |code| IpcError::from(JoinError::RoomRefused(Refusal::new(code, "words"))).code;
        assert_eq!(refused(RefusalCode::VersionMismatch), ErrorCode::VersionMismatch);
        assert_eq!(refused(RefusalCode::RoomFull), ErrorCode::Internal);
    }
}
