//! The command line, and the help that teaches it.

use std::path::PathBuf;
use std::time::Duration;

use app::video::{EncodingMode, PublishOptions};
use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;
use media::SourceId;
use netcore::netem::Conditions;
use netcore::proto::video::WindowMode;
use netcore::proto::wire::DEFAULT_PORT;
use netcore::proto::{Bitrate, Transport};
use netcore::{Address, ListenOn};

use crate::network::network_of;
use crate::spec::{self, Size};

/// The part of `--help` that scripts rely on.
pub(crate) const EXIT_CODES: &str = "\
Exit codes (and the word that stands for each in --json):
  0                all went as asked
  1  failed        something else went wrong; the message says what
  2  usage         the command line is not understood
  3  unreachable   no room at that address, or it refuses us
  4  port          the port is in use, or may not be used
  5  room_lost     we were in the room, and the connection is gone for good
  6  file          a file could not be read, sent, received or kept
  7  video         the camera or video source gives no pictures, or none of them arrived
  130  interrupted  Ctrl-C (after a clean goodbye)
  143  terminated   SIGTERM (after a clean goodbye)";

const EXAMPLES: &str = "\
Begin here:
  roomwire demo                           see all of it work on this computer alone
  roomwire host --name \"Network lab\"      open a room; it shows the address to give to others
  roomwire join 192.168.1.24              join it from another computer (port 27182)
  /help                                   in a room: what can be typed there

One thing, then done:
  roomwire say 192.168.1.24 \"Measurements are in\"
  roomwire send 192.168.1.24 report.pdf
  roomwire get 192.168.1.24 --all --to downloads
  roomwire stream 192.168.1.24 --tcp --seconds 10 --csv results.csv
  roomwire watch 192.168.1.24 --save frames --seconds 5
  roomwire measure --compare tcp,udp      on this computer; with an address: on that link";

const MACHINES: &str = "\
With --json every line on standard output is one JSON object. Its \"event\" says what it is:
  session chat files video metrics          what happens, as the window is given it; \"kind\" says more
  opened joined addresses people offers streams source room not_sent watched snapshot scene error
  result summary                            what was measured, with the names of the columns of --csv
Names end in their unit: Us (microseconds), Ms (milliseconds; AtMs since 1970), Bps (bits per second), PerS. What is
not known is null. README.md describes each. In a room, lines on standard input mean the same as typed ones.";

fn after_help() -> String {
    format!("{EXAMPLES}\n\n{EXIT_CODES}\n\n{MACHINES}")
}

/// Chat, files and live video on your own network, with every frame's trip over TCP or UDP measured.
#[derive(Debug, Parser)]
#[command(name = "roomwire", version, after_help = "Use --help for examples, exit codes and --json.", after_long_help = after_help())]
#[command(propagate_version = true, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command takes.
#[derive(Clone, Debug, Args)]
pub(crate) struct Common {
    /// Use an identity and folders of this name, so that two copies on one computer are two people
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// The name others see [default: your user name]
    #[arg(long = "as", global = true, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// What others see beside your name: a group, a seat, a sentence
    #[arg(long, global = true, value_name = "TEXT")]
    pub(crate) about: Option<String>,
    /// One JSON object a line, for programs (see --help)
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Write the log to standard error as well
    #[arg(long, short, global = true)]
    pub(crate) verbose: bool,
}

/// One command each.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Open a room and talk in it (server mode)
    #[command(
        after_help = "Everything that can be typed in the room: /help. A host whose standard input ends stays until Ctrl-C or SIGTERM.\n\nExamples:\n  roomwire host --name \"Network lab\" --as Ada\n  roomwire host --port 5000 --stream pattern --accept-files\n  roomwire host --json </dev/null            headless, for a service"
    )]
    Host(HostArgs),
    /// Join a room and talk in it (client mode)
    #[command(
        after_help = "A lost connection comes back by itself. When standard input is a pipe and ends, everything is delivered and the program leaves, unless --stay is given.\n\nExamples:\n  roomwire join 192.168.1.24\n  roomwire join lab-pc.local:5000 --as Ben --about \"seat 12\"\n  printf 'hello\\n/people\\n' | roomwire join 192.168.1.24"
    )]
    Join(JoinArgs),
    /// Say one thing and leave
    #[command(
        after_help = "Examples:\n  roomwire say 192.168.1.24 \"Measurements are in\"\n  uptime | roomwire say 192.168.1.24 -"
    )]
    Say(SayArgs),
    /// Give files to the room and leave
    #[command(
        after_help = "Ends when the host has every file whole and checked (BLAKE3); others fetch them from there.\n\nExamples:\n  roomwire send 192.168.1.24 report.pdf photos.zip\n  roomwire send 192.168.1.24 report.pdf --for Ben"
    )]
    Send(SendArgs),
    /// List what is on offer, or fetch it
    #[command(
        after_help = "Examples:\n  roomwire get 192.168.1.24                  what is on offer\n  roomwire get 192.168.1.24 2 5 --to .       files 2 and 5, into this folder\n  roomwire get 192.168.1.24 --all            everything, into the downloads folder"
    )]
    Get(GetArgs),
    /// Send live video, and see what becomes of every frame
    #[command(
        after_help = "While it runs: t and u switch to TCP and UDP; Esc, Enter or Ctrl-C stops. Every 20th result is shown, all of them go to --csv and --results-json.\n\nExamples:\n  roomwire stream 192.168.1.24\n  roomwire stream 192.168.1.24 --source camera:/dev/video0 --size 640x480@30 --tcp\n  roomwire stream 192.168.1.24 --source screen --size 1280x720@15
  roomwire stream 192.168.1.24 --source \"screen:Lecture notes\"
  roomwire stream 192.168.1.24 --source file:clip.avi --seconds 20 --csv results.csv"
    )]
    Stream(StreamArgs),
    /// Receive live video; keep its pictures, or only count them
    #[command(
        after_help = "Examples:\n  roomwire watch 192.168.1.24                the first stream there is, until Ctrl-C\n  roomwire watch 192.168.1.24 --stream 3 --save frames --seconds 10
  roomwire watch 192.168.1.24 --record lesson.avi     a file for any player, each frame at its time
  roomwire watch 192.168.1.24 --snapshot now.jpg --overwrite    one picture in place of the last, and done"
    )]
    Watch(WatchArgs),
    /// Measure TCP and UDP, one after the other: a table, and a report with charts
    #[command(
        after_help = "Without an address it measures on this computer over loopback; with one, the link to that room's host.\n\nExamples:\n  roomwire measure\n  roomwire measure --with-file --report report               what does a download do to the call?\n  roomwire measure --acks --full-speed --report report       the acknowledgement modes, side by side\n  roomwire measure --acks --network delay=10,loss=2,rate=100    on a path that loses\n  roomwire measure 192.168.1.24 --compare tcp,udp --seconds 10 --size 1280x720@30 --csv frames.csv --report-json report.json"
    )]
    Measure(MeasureArgs),
    /// List cameras, screens and windows, and what they offer
    Devices,
    /// List the rooms joined before, or forget one
    #[command(
        after_help = "The first time a room is joined, its host's identity is remembered; another one at the same address is refused. \
Forget the room when its host was set up anew.\n\nExamples:\n  roomwire rooms\n  roomwire rooms --forget 192.168.1.24:27182"
    )]
    Rooms {
        /// Forget the room at this address, and the identity it had
        #[arg(long, value_name = "ADDRESS")]
        forget: Option<Address>,
        /// Give up a list that cannot be read, and meet every room as for the first time
        #[arg(long, conflicts_with = "forget")]
        start_anew: bool,
    },
    /// Show everything at work on this computer: chat, a file, live video over TCP and UDP
    Demo(DemoArgs),
    /// Print completions for a shell
    #[command(
        after_help = "Example:\n  roomwire completions bash > ~/.local/share/bash-completion/completions/roomwire"
    )]
    Completions {
        /// Which shell
        shell: Shell,
    },
    /// Print the manual page, or write one for each command
    #[command(
        after_help = "Examples:\n  roomwire man > roomwire.1\n  roomwire man --to ~/.local/share/man/man1"
    )]
    Man {
        /// Write a page for the program and for each command into this folder
        #[arg(long, value_name = "DIR")]
        to: Option<PathBuf>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct HostArgs {
    /// The room's name [default: from yours]
    #[arg(long = "name", value_name = "ROOM")]
    pub(crate) room: Option<String>,
    /// The port for TCP and UDP; 0 takes any that is free
    #[arg(long, default_value_t = DEFAULT_PORT)]
    pub(crate) port: u16,
    /// Let only this computer in
    #[arg(long)]
    pub(crate) loopback: bool,
    /// Listen on this address or network card only, and show no other (may be given more than once)
    #[arg(long, value_name = "ADDRESS|CARD", conflicts_with = "loopback")]
    pub(crate) listen: Vec<ListenOn>,
    #[command(flatten)]
    pub(crate) talk: TalkArgs,
}

#[derive(Debug, Args)]
pub(crate) struct JoinArgs {
    /// host, host:port or [IPv6]:port
    pub(crate) address: Address,
    /// When standard input ends, stay
    #[arg(long)]
    pub(crate) stay: bool,
    /// How long to try again after the connection was lost [default: until you leave]
    #[arg(long, value_name = "SECONDS", value_parser = spec::seconds_of)]
    pub(crate) give_up: Option<Duration>,
    #[command(flatten)]
    pub(crate) talk: TalkArgs,
}

/// What a person in a room chooses, on either side.
#[derive(Clone, Debug, Args)]
pub(crate) struct TalkArgs {
    /// Go live at once: pattern, camera:DEVICE, file:PATH, screen[:NUMBER] or screen:WINDOW-TITLE
    #[arg(long = "stream", value_name = "SOURCE", value_parser = spec::source_of)]
    pub(crate) source: Option<SourceId>,
    #[command(flatten)]
    pub(crate) video: VideoArgs,
    #[command(flatten)]
    pub(crate) results: ResultArgs,
    /// Where received files go [default: Roomwire in your downloads]
    #[arg(long, value_name = "DIR")]
    pub(crate) downloads: Option<PathBuf>,
    /// Fetch every file that is offered
    #[arg(long)]
    pub(crate) accept_files: bool,
    /// Show the event log as it is written
    #[arg(long, alias = "steps")]
    pub(crate) log: bool,
}

/// How live video is to be.
#[derive(Clone, Debug, Args)]
pub(crate) struct VideoArgs {
    /// Picture size, with @RATE if you like [default: 1280x720, or what the source has]
    #[arg(long, value_name = "WxH[@RATE]")]
    pub(crate) size: Option<Size>,
    /// Frames each second
    #[arg(long, value_name = "FPS", value_parser = spec::rate_of)]
    pub(crate) rate: Option<f32>,
    /// JPEG quality, 1 to 100; less when the network takes less
    #[arg(long, default_value = "50", value_parser = spec::quality_of)]
    pub(crate) quality: u8,
    /// Keep quality, size and rate as they are: do not follow what the network takes
    #[arg(long)]
    pub(crate) fixed: bool,
    /// Mbit/s that quality, size and rate may lead to at the least and the most; either may be left out, as in ..20
    #[arg(long, value_name = "MIN..MAX", value_parser = spec::bitrate_of, conflicts_with = "fixed")]
    pub(crate) bitrate: Option<(Bitrate, Bitrate)>,
    /// Begin over TCP
    #[arg(long, conflicts_with = "udp")]
    pub(crate) tcp: bool,
    /// Begin over UDP (the default)
    #[arg(long)]
    pub(crate) udp: bool,
    /// Stay on UDP though nothing answers; otherwise video goes over TCP until UDP works
    #[arg(long, conflicts_with = "tcp")]
    pub(crate) udp_only: bool,
}

impl VideoArgs {
    /// These choices with a source.
    pub(crate) fn options(&self, source: SourceId) -> PublishOptions {
        let size = self.size.unwrap_or_default();
        PublishOptions {
            source,
            width: size.width,
            height: size.height,
            rate: self.rate.or(size.rate).unwrap_or(0.0),
            quality: self.quality,
            encoding: match (self.fixed, self.bitrate) {
                (true, _) => EncodingMode::Fixed,
                (false, Some((least, most))) => EncodingMode::Adaptive(least, most),
                (false, None) => EncodingMode::UNBOUNDED,
            },
            transport: if self.tcp { Transport::Tcp } else { Transport::Udp },
            stays_on_udp: self.udp_only,
            ..PublishOptions::default()
        }
    }
}

/// Where every result is written as it comes.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct ResultArgs {
    /// Write every frame's result to this file, comma-separated
    #[arg(long, value_name = "FILE")]
    pub(crate) csv: Option<PathBuf>,
    /// Write every frame's result to this file, one JSON object a line
    #[arg(long, value_name = "FILE")]
    pub(crate) results_json: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) replace: ReplaceArgs,
}

/// Whether what this program writes may take the place of what was there.
#[derive(Clone, Copy, Debug, Default, Args)]
pub(crate) struct ReplaceArgs {
    /// Let what is written take the place of a file that is there, once there is something to write; otherwise it is refused
    #[arg(long)]
    pub(crate) overwrite: bool,
}

#[derive(Debug, Args)]
pub(crate) struct SayArgs {
    /// host, host:port or [IPv6]:port
    pub(crate) address: Address,
    /// What to say; - reads it from standard input
    pub(crate) text: String,
}

#[derive(Debug, Args)]
pub(crate) struct SendArgs {
    /// host, host:port or [IPv6]:port
    pub(crate) address: Address,
    /// The files
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Only for the person of this name (may be given more than once)
    #[arg(long = "for", value_name = "NAME")]
    pub(crate) to: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct GetArgs {
    /// host, host:port or [IPv6]:port
    pub(crate) address: Address,
    /// The files' numbers; without any, what is on offer is listed
    #[arg(value_name = "FILE-ID", conflicts_with = "all")]
    pub(crate) files: Vec<u32>,
    /// Everything that is on offer
    #[arg(long)]
    pub(crate) all: bool,
    /// Into this folder [default: Roomwire in your downloads]
    #[arg(long, value_name = "DIR")]
    pub(crate) to: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct StreamArgs {
    /// host, host:port or [IPv6]:port
    pub(crate) address: Address,
    /// pattern, camera:DEVICE, file:PATH, screen[:NUMBER] or screen:WINDOW-TITLE
    #[arg(long, default_value = "pattern", value_parser = spec::source_of)]
    pub(crate) source: SourceId,
    #[command(flatten)]
    pub(crate) video: VideoArgs,
    /// Stop by itself after so long
    #[arg(long, value_parser = spec::seconds_of)]
    pub(crate) seconds: Option<Duration>,
    /// Frames in flight without an acknowledgement: adaptive, or a number; 1 is the classic lab's stop-and-wait
    #[arg(long, value_name = "FRAMES", default_value = "adaptive", value_parser = spec::window_of)]
    pub(crate) window: WindowMode,
    #[command(flatten)]
    pub(crate) results: ResultArgs,
}

#[derive(Debug, Args)]
pub(crate) struct WatchArgs {
    /// host, host:port or [IPv6]:port
    pub(crate) address: Address,
    /// The stream's number [default: the first there is]
    #[arg(long, value_name = "N")]
    pub(crate) stream: Option<u32>,
    /// Keep every picture in this folder, as JPEG
    #[arg(long, value_name = "DIR")]
    pub(crate) save: Option<PathBuf>,
    /// Record it: MJPEG in AVI, which other programs play, with each frame's exact time in a .csv beside it
    #[arg(long, value_name = "FILE")]
    pub(crate) record: Option<PathBuf>,
    /// Keep one picture, the newest, as JPEG, and stop
    #[arg(long, value_name = "FILE", conflicts_with_all = ["save", "record"])]
    pub(crate) snapshot: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) replace: ReplaceArgs,
    /// Stop by itself after so long
    #[arg(long, value_parser = spec::seconds_of)]
    pub(crate) seconds: Option<Duration>,
}

#[derive(Debug, Args)]
pub(crate) struct MeasureArgs {
    /// A room's address; "loopback" measures on this computer
    #[arg(default_value = "loopback", value_parser = target_of)]
    pub(crate) target: Target,
    /// How long each transport is measured
    #[arg(long, default_value = "5", value_parser = spec::seconds_of)]
    pub(crate) seconds: Duration,
    /// Which transports, in this order
    #[arg(long, value_delimiter = ',', default_value = "tcp,udp")]
    pub(crate) compare: Vec<Transport>,
    /// What to send: pattern, camera:DEVICE, file:PATH, screen[:NUMBER] or screen:WINDOW-TITLE
    #[arg(long, default_value = "pattern", value_parser = spec::source_of)]
    pub(crate) source: SourceId,
    /// Picture size, with @RATE if you like
    #[arg(long, value_name = "WxH[@RATE]", default_value = "1280x720@30")]
    pub(crate) size: Size,
    /// Frames each second
    #[arg(long, value_name = "FPS", value_parser = spec::rate_of)]
    pub(crate) rate: Option<f32>,
    /// JPEG quality, 1 to 100
    #[arg(long, default_value = "50", value_parser = spec::quality_of)]
    pub(crate) quality: u8,
    /// Frames in flight without an acknowledgement: adaptive, or a number; 1 is the classic lab's stop-and-wait
    #[arg(long, value_name = "FRAMES", default_value = "adaptive", value_parser = spec::window_of)]
    pub(crate) window: WindowMode,
    #[command(flatten)]
    pub(crate) results: ResultArgs,
    /// Measure the acknowledgement modes side by side, stop-and-wait first
    #[arg(long)]
    pub(crate) acks: bool,
    /// Measure each once more while files go in the same direction: what does a download do to the call?
    #[arg(long)]
    pub(crate) with_file: bool,
    /// Let quality, size and rate follow what the network takes, as live video does
    #[arg(long)]
    pub(crate) adapt: bool,
    /// Offer frames as fast as they are taken instead of at a rate: how much gets through?
    #[arg(long, conflicts_with = "rate")]
    pub(crate) full_speed: bool,
    /// Make the network worse on purpose: delay=MS,jitter=MS,loss=PERCENT,rate=MBIT, in each direction
    #[arg(long, value_name = "NETWORK", value_parser = network_of)]
    pub(crate) network: Option<Conditions>,
    /// Equal seeds draw equal chances for --network
    #[arg(long, value_name = "N", default_value_t = 1, requires = "network")]
    pub(crate) seed: u64,
    /// Write a report into this folder: a page with charts, JSON, and every frame and second as CSV
    #[arg(long, value_name = "DIR")]
    pub(crate) report: Option<PathBuf>,
    /// Write what was measured to this file as JSON
    #[arg(long, value_name = "FILE")]
    pub(crate) report_json: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// How long each transport is shown
    #[arg(long, default_value = "3", value_parser = spec::seconds_of)]
    pub(crate) seconds: Duration,
}

/// What is measured.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Target {
    /// A room made for it on this computer.
    Loopback,
    /// The link to a room's host.
    Room(Address),
}

fn target_of(text: &str) -> Result<Target, String> {
    // "localhost" would be a room that is open on this computer; "loopback" is none.
    if text == "loopback" {
        return Ok(Target::Loopback);
    }
    text.parse()
        .map(Target::Room)
        .map_err(|error: netcore::AddressError| error.to_string())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_stream_is_udp_at_quality_50_unless_asked_otherwise() {
        let cli = Cli::try_parse_from(["roomwire", "stream", "10.0.0.1"]).unwrap();
        let Command::Stream(args) = cli.command else {
            panic!("a stream")
        };
        let options = args.video.options(args.source);
        assert_eq!((options.transport, options.quality), (Transport::Udp, 50));
        let cli =
            Cli::try_parse_from(["roomwire", "stream", "10.0.0.1", "--tcp", "--size", "640x360@15"]).unwrap();
        let Command::Stream(args) = cli.command else {
            panic!("a stream")
        };
        let options = args.video.options(args.source);
        assert_eq!(
            (options.transport, options.width, options.height, options.rate),
            (Transport::Tcp, 640, 360, 15.0)
        );
        assert_eq!(options.encoding, EncodingMode::UNBOUNDED);
        assert!(Cli::try_parse_from(["roomwire", "stream", "10.0.0.1", "--tcp", "--udp"]).is_err());
        assert!(Cli::try_parse_from(["roomwire", "stream", "10.0.0.1", "--tcp", "--udp-only"]).is_err());
    }

    #[test]
    fn a_bitrate_has_a_floor_and_a_ceiling_unless_everything_is_fixed() {
        let stream = ["roomwire", "stream", "10.0.0.1", "--bitrate", "2..20"];
        let Command::Stream(args) = Cli::try_parse_from(stream).unwrap().command else {
            panic!("a stream")
        };
        let options = args.video.options(args.source);
        assert_eq!(
            options.encoding,
            EncodingMode::Adaptive(Bitrate(2_000_000), Bitrate(20_000_000))
        );
        assert!(Cli::try_parse_from(stream.iter().chain(&["--fixed"])).is_err());
    }

    #[test]
    fn the_examples_in_the_help_are_understood() {
        let command = Cli::command();
        let helps = command
            .get_subcommands()
            .filter_map(clap::Command::get_after_help);
        let helps: Vec<String> = helps.map(ToString::to_string).collect();
        let mut tried = 0;
        for line in helps.iter().flat_map(|help| help.lines()).chain(EXAMPLES.lines()) {
            let Some(example) = line.trim().strip_prefix("roomwire ") else {
                continue;
            };
            let command = example
                .split(['<', '>'])
                .next()
                .unwrap()
                .split("    ")
                .next()
                .unwrap();
            let words: Vec<String> = command
                .split('"')
                .enumerate()
                .flat_map(|(at, part)| match at % 2 {
                    0 => part.split_whitespace().map(str::to_owned).collect(),
                    _ => vec![part.to_owned()],
                })
                .collect();
            // A source must exist to be named by its path alone; the examples write file:PATH.
            let parsed = Cli::try_parse_from(std::iter::once("roomwire".to_owned()).chain(words));
            assert!(parsed.is_ok(), "{line}: {}", parsed.unwrap_err());
            tried += 1;
        }
        assert!(tried >= 20, "{tried} examples");
    }
}
