use std::net::{TcpListener, UdpSocket};
use std::time::Duration;

use netcore::proto::session::Profile;
use netcore::proto::video::WindowMode;
use netcore::{Folders, HostOptions, JoinOptions, Room};
use tempfile::TempDir;
use tokio::time::{interval, timeout};

use super::steps::{Steps, broken};
use crate::exit::Result;

/// What does not happen within this long does not happen.
const LONGEST_WAIT: Duration = Duration::from_secs(20);
const LOOK_INTERVAL: Duration = Duration::from_millis(20);

/// A host and two members.
pub(super) struct Cast {
    pub(super) host: Room,
    pub(super) ben: Room,
    pub(super) cleo: Room,
    /// Everybody's folders; they go when the demonstration is over.
    pub(super) folder: TempDir,
}

impl Cast {
    pub(super) async fn gather(steps: &Steps) -> Result<Cast> {
        let folder = tempfile::tempdir().map_err(broken)?;
        let folders = |name: &str| Folders::at(folder.path().join(name));
        let host = folders("ada")?;
        let host = Room::host(HostOptions {
            downloads: host.downloads().to_owned(),
            folders: host,
            profile: profile("Ada", "#2563a8"),
            room_name: "Demonstration".into(),
            port: 0,
            loopback_only: true,
            listen: Vec::new(),
            window: WindowMode::Adaptive,
        })
        .await?;
        let port = host.info().port;
        steps.done(&format!(
            "Ada opened the room \"Demonstration\" on port {port} (TCP and UDP, this computer only)."
        ));
        let join = async |name: &str, colour: &str| -> Result<Room> {
            let folders = folders(&name.to_lowercase())?;
            let room = Room::join(JoinOptions {
                downloads: folders.downloads().to_owned(),
                folders,
                profile: profile(name, colour),
                address: format!("127.0.0.1:{port}").parse().map_err(broken)?,
                watch_streams: false,
                window: WindowMode::Adaptive,
            })
            .await?;
            let digits: String = room.info().fingerprint.to_string().chars().take(16).collect();
            steps.done(&format!(
                "{name} joined over TLS 1.3; the host's fingerprint begins {digits}."
            ));
            Ok(room)
        };
        let ben = join("Ben", "#b3541e").await?;
        let cleo = join("Cleo", "#2e7d4f").await?;
        for room in [&host, &ben, &cleo] {
            wait_for("everybody to see everybody", async || {
                room.snapshot().await.people.len() == 3
            })
            .await?;
        }
        steps.done("Three people are here, and each sees the others.");
        Ok(Cast {
            host,
            ben,
            cleo,
            folder,
        })
    }

    /// Everybody leaves, and nothing stays behind.
    pub(super) async fn part(self, steps: &Steps) -> Result<()> {
        self.cleo.close().await;
        wait_for("Ada to see Cleo leave", async || {
            self.host.snapshot().await.people.len() == 2
        })
        .await?;
        self.ben.close().await;
        let port = self.host.info().port;
        self.host.close().await;
        let is_free =
            TcpListener::bind(("127.0.0.1", port)).is_ok() && UdpSocket::bind(("127.0.0.1", port)).is_ok();
        if !is_free {
            return Err(broken(format!(
                "port {port} is still taken after the room was closed"
            )));
        }
        steps.done(&format!("Everybody has left, and port {port} is free again."));
        Ok(())
    }
}

fn profile(name: &str, colour: &str) -> Profile {
    Profile {
        name: name.into(),
        about: String::new(),
        colour: colour.into(),
        device: netcore::device_name(),
    }
}

/// Waits until something is so.
pub(super) async fn wait_for(what: &str, is_so: impl AsyncFn() -> bool) -> Result<()> {
    let waiting = async {
        let mut look = interval(LOOK_INTERVAL);
        while !is_so().await {
            look.tick().await;
        }
    };
    timeout(LONGEST_WAIT, waiting)
        .await
        .map_err(|_| broken(format!("waited {} s for {what}", LONGEST_WAIT.as_secs())))
}
