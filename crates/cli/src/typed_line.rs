//! What a line typed in a room means.

use std::path::PathBuf;

use app::video::EncodingMode;
use media::SourceId;
use netcore::proto::{FileId, StreamId, Transport};

use crate::spec::{self, Size};

/// A line, understood.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum TypedLine {
    /// An empty line.
    Nothing,
    /// Words for the room.
    Say(String),
    /// Who is here?
    People,
    /// Offer a file. What follows its path are names of people whom it is for, or paths of more files.
    File { path: PathBuf, more: Vec<String> },
    /// Where can the room be reached?
    Addresses,
    /// Fetch a file.
    Get(FileId),
    /// Take back an own file, or stop fetching one.
    Cancel(FileId),
    /// What is on offer?
    Files,
    /// Go live, or go live differently.
    Video {
        source: Option<SourceId>,
        size: Option<Size>,
    },
    /// From now on by this transport; `only`: by no other, though nothing answers.
    Transport { transport: Transport, only: bool },
    /// The own video is over.
    Stop,
    /// Begin or cease to watch a stream; keep its pictures in a folder.
    Watch {
        stream: StreamId,
        folder: Option<PathBuf>,
    },
    /// Begin or cease to record a stream, in this file if one is named.
    Record { stream: StreamId, file: Option<PathBuf> },
    /// Keep the newest picture of a stream, in this file if one is named.
    Snapshot { stream: StreamId, file: Option<PathBuf> },
    /// JPEG quality from now on.
    Quality(u8),
    /// How far the pictures follow the network from now on.
    Bitrate(EncodingMode),
    /// Another name.
    Name(String),
    /// Another "about".
    About(String),
    /// The event log: its latest entries, or each from now on.
    Log(Option<bool>),
    /// What was measured.
    Stats,
    /// Close the room, stay in the program.
    Close,
    /// Open the room again, on this port if one is given.
    Open(Option<u16>),
    /// Leave for another room; without an address, the one before.
    Join(Option<String>),
    /// Leave the program.
    Leave,
    /// What can be typed?
    Help,
}

/// What `/help` shows.
pub(crate) const HELP: &str = "\
Whatever you type is said to the room. A line that begins with / is a command (// says a line that begins with /):
  /people                        who is here
  /addresses                     where others can reach the room that you opened
  /file PATH… [NAME…]            offer files to everybody, or to these people (\"quote\" what has spaces)
  /files   /get N   /cancel N    what is on offer; fetch one; take one back or stop fetching it
  /video [SOURCE] [WxH[@RATE]]   go live: pattern, camera:DEVICE, file:PATH, screen[:N or :TITLE]
  /tcp   /udp [only]             switch your video's transport; only: stay on UDP though nothing answers
  /quality N                     JPEG quality, 1 to 100
  /bitrate MIN..MAX|auto|fixed   Mbit/s your video keeps to as it follows the network
  /stop  (or Esc)                your video is over
  /watch N [FOLDER]              begin or cease to watch stream N; keep its pictures in FOLDER
  /record N [FILE]               begin or cease to record stream N, for other programs to play
  /snapshot N [FILE]             keep the newest picture of stream N, as JPEG
  /stats                         what was measured so far
  /log [on|off]                  the event log: its latest entries, or each as it comes
  /name NEW   /about TEXT        what others see of you
  /close   /open [PORT]          close the room; open it again (as a host)
  /join [ADDRESS]                leave this room for another (as a member)
  /leave                         say goodbye and end (Ctrl-C and Ctrl-D do the same)";

/// Reads a line as it was typed.
///
/// # Errors
/// In words, what should have been typed.
pub(crate) fn parse(line: &str) -> Result<TypedLine, String> {
    let trimmed = line.trim();
    if trimmed.is_empty() {
        return Ok(TypedLine::Nothing);
    }
    let Some(command) = trimmed.strip_prefix('/') else {
        return Ok(TypedLine::Say(line.to_owned()));
    };
    if command.starts_with('/') {
        return Ok(TypedLine::Say(command.to_owned()));
    }
    let (name, rest) = command.split_once(char::is_whitespace).unwrap_or((command, ""));
    command_of(&name.to_lowercase(), rest.trim())
}

fn command_of(name: &str, rest: &str) -> Result<TypedLine, String> {
    let alone = |line: TypedLine| {
        if rest.is_empty() {
            Ok(line)
        } else {
            Err(format!("/{name} takes nothing after it"))
        }
    };
    match name {
        "people" => alone(TypedLine::People),
        "addresses" => alone(TypedLine::Addresses),
        "file" => file(rest),
        "get" => number(rest, "/get N, N as /files shows it").map(|id| TypedLine::Get(FileId(id))),
        "cancel" => number(rest, "/cancel N, N as /files shows it").map(|id| TypedLine::Cancel(FileId(id))),
        "files" => alone(TypedLine::Files),
        "video" => video(rest),
        "tcp" => alone(TypedLine::Transport {
            transport: Transport::Tcp,
            only: false,
        }),
        "udp" => match rest {
            "" | "only" => Ok(TypedLine::Transport {
                transport: Transport::Udp,
                only: !rest.is_empty(),
            }),
            _ => Err("write /udp, or /udp only to stay on UDP though nothing answers".into()),
        },
        "stop" => alone(TypedLine::Stop),
        "watch" => numbered(rest, name).map(|(stream, folder)| TypedLine::Watch { stream, folder }),
        "record" => numbered(rest, name).map(|(stream, file)| TypedLine::Record { stream, file }),
        "snapshot" => numbered(rest, name).map(|(stream, file)| TypedLine::Snapshot { stream, file }),
        "quality" => spec::quality_of(rest).map(TypedLine::Quality),
        "bitrate" => spec::encoding_of(rest).map(TypedLine::Bitrate),
        "name" if rest.is_empty() => Err("write /name and your new name".into()),
        "name" => Ok(TypedLine::Name(rest.to_owned())),
        "about" => Ok(TypedLine::About(rest.to_owned())),
        "log" | "steps" => match rest {
            "" => Ok(TypedLine::Log(None)),
            "on" => Ok(TypedLine::Log(Some(true))),
            "off" => Ok(TypedLine::Log(Some(false))),
            _ => Err("write /log, /log on or /log off".into()),
        },
        "stats" => alone(TypedLine::Stats),
        "close" => alone(TypedLine::Close),
        "open" | "host" if rest.is_empty() => Ok(TypedLine::Open(None)),
        "open" | "host" => rest
            .parse()
            .map(|port| TypedLine::Open(Some(port)))
            .map_err(|_| format!("\"{rest}\" is no port: write a number from 0 to 65535")),
        "join" => Ok(TypedLine::Join((!rest.is_empty()).then(|| rest.to_owned()))),
        "leave" | "quit" | "exit" => alone(TypedLine::Leave),
        "help" | "?" => Ok(TypedLine::Help),
        _ => Err(format!(
            "there is no command /{name}: /help shows those there are"
        )),
    }
}

fn file(rest: &str) -> Result<TypedLine, String> {
    let mut words = words(rest)?.into_iter();
    let path = words.next().ok_or("write /file and the path of a file")?;
    Ok(TypedLine::File {
        path: at_home(&path),
        more: words.collect(),
    })
}

fn video(rest: &str) -> Result<TypedLine, String> {
    let (mut source, mut size) = (None, None);
    for word in words(rest)? {
        // A size is tried first: "640x360" could be a file's name, but hardly is.
        match word.parse::<Size>() {
            Ok(parsed) if size.is_none() => size = Some(parsed),
            _ if source.is_none() => source = Some(spec::source_of(&word)?),
            _ => {
                return Err(format!(
                    "\"{word}\" is one too many: write /video [SOURCE] [WxH[@RATE]]"
                ));
            }
        }
    }
    Ok(TypedLine::Video { source, size })
}

/// A stream, and where something of it is kept.
fn numbered(rest: &str, command: &str) -> Result<(StreamId, Option<PathBuf>), String> {
    let words = words(rest)?;
    let usage = format!("/{command} N, N as the stream is announced");
    let stream = StreamId(number(words.first().map_or("", String::as_str), &usage)?);
    match words.get(2) {
        Some(word) => Err(format!(
            "\"{word}\" is one too many: \"quote\" a name with spaces"
        )),
        None => Ok((stream, words.get(1).map(|path| at_home(path)))),
    }
}

fn number(text: &str, usage: &str) -> Result<u32, String> {
    text.trim_start_matches('#')
        .parse()
        .map_err(|_| format!("write {usage}"))
}

/// `~/` is the shell's shorthand, which a line typed here never passes through.
pub(crate) fn at_home(path: &str) -> PathBuf {
    let home = path
        .strip_prefix("~/")
        .and_then(|rest| std::env::home_dir().map(|home| home.join(rest)));
    home.unwrap_or_else(|| PathBuf::from(path))
}

/// Words apart by spaces; double quotes hold one together.
fn words(text: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quoted = false;
    for c in text.chars() {
        match c {
            '"' => {
                quoted = !quoted;
                word.get_or_insert_default();
            }
            c if c.is_whitespace() && !quoted => words.extend(word.take()),
            c => word.get_or_insert_default().push(c),
        }
    }
    if quoted {
        return Err("a quote (\") is missing its other half".into());
    }
    words.extend(word);
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> TypedLine {
        parse(line).unwrap()
    }

    #[test]
    fn words_are_said_as_they_were_typed() {
        assert_eq!(parsed("  hello 你好 "), TypedLine::Say("  hello 你好 ".into()));
        assert_eq!(
            parsed("//etc/hosts is a file"),
            TypedLine::Say("/etc/hosts is a file".into())
        );
        assert_eq!(parsed(" \t"), TypedLine::Nothing);
    }

    #[test]
    fn commands_with_their_arguments() {
        let file = TypedLine::File {
            path: "my notes.pdf".into(),
            more: vec!["Ben".into(), "Cleo Li".into()],
        };
        assert_eq!(parsed("/file \"my notes.pdf\" Ben \"Cleo Li\""), file);
        assert_eq!(parsed("/addresses"), TypedLine::Addresses);
        assert_eq!(parsed("/get #3"), TypedLine::Get(FileId(3)));
        let by = |transport, only| TypedLine::Transport { transport, only };
        assert_eq!(parsed("/TCP"), by(Transport::Tcp, false));
        assert_eq!(parsed("/udp"), by(Transport::Udp, false));
        assert_eq!(parsed("/udp only"), by(Transport::Udp, true));
        assert_eq!(parsed("/quality 80"), TypedLine::Quality(80));
        assert_eq!(parsed("/bitrate fixed"), TypedLine::Bitrate(EncodingMode::Fixed));
        assert_eq!(
            parsed("/name  Ada Lovelace "),
            TypedLine::Name("Ada Lovelace".into())
        );
        assert_eq!(parsed("/log on"), TypedLine::Log(Some(true)));
        assert_eq!(parsed("/steps off"), TypedLine::Log(Some(false)));
        assert_eq!(parsed("/open 5000"), TypedLine::Open(Some(5_000)));
        assert_eq!(parsed("/join 10.0.0.2"), TypedLine::Join(Some("10.0.0.2".into())));
        assert_eq!(parsed("/join"), TypedLine::Join(None));
        let watch = TypedLine::Watch {
            stream: StreamId(2),
            folder: Some("out".into()),
        };
        assert_eq!(parsed("/watch 2 out"), watch);
        let record = TypedLine::Record {
            stream: StreamId(2),
            file: Some("my lesson.avi".into()),
        };
        assert_eq!(parsed("/record #2 \"my lesson.avi\""), record);
        let snapshot = TypedLine::Snapshot {
            stream: StreamId(3),
            file: None,
        };
        assert_eq!(parsed("/snapshot 3"), snapshot);
    }

    #[test]
    fn video_takes_source_and_size_in_any_order() {
        let size: Size = "640x360@15".parse().unwrap();
        let wanted = TypedLine::Video {
            source: Some(SourceId::Camera("/dev/video0".into())),
            size: Some(size),
        };
        assert_eq!(parsed("/video camera:/dev/video0 640x360@15"), wanted);
        assert_eq!(parsed("/video 640x360@15 camera:/dev/video0"), wanted);
        let nothing_said = TypedLine::Video {
            source: None,
            size: None,
        };
        assert_eq!(parsed("/video"), nothing_said);
        assert!(parse("/video pattern pattern").is_err());
    }

    #[test]
    fn mistakes_are_answered_with_what_to_write() {
        for (line, hint) in [
            ("/file", "path"),
            ("/file \"half", "quote"),
            ("/get three", "/get N"),
            ("/watch", "/watch N"),
            ("/record lesson.avi", "/record N"),
            ("/snapshot 1 my picture.jpg", "quote"),
            ("/quality 0", "1 to 100"),
            ("/bitrate", "2..20"),
            ("/stop now", "nothing after"),
            ("/tcp only", "nothing after"),
            ("/udp now", "/udp only"),
            ("/dance", "/help"),
            ("/open x", "port"),
            ("/name", "new name"),
        ] {
            let words = parse(line).unwrap_err();
            assert!(words.contains(hint), "{line}: {words}");
        }
    }

    #[test]
    fn every_command_in_the_help_is_understood() {
        let commands = HELP.split_whitespace().filter(|word| {
            word.strip_prefix('/')
                .is_some_and(|name| name.len() > 1 && name.chars().all(|c| c.is_ascii_lowercase()))
        });
        let mut seen = 0;
        for command in commands {
            seen += 1;
            if let Err(words) = parse(command) {
                assert!(!words.contains("there is no command"), "{command}: {words}");
            }
        }
        assert!(seen > 15, "the help lists the commands");
    }
}
