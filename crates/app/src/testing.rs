//! A core without a window, for the capabilities' tests.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use netcore::Folders;
use parking_lot::Mutex;
use serde_json::Value;
use tokio::sync::oneshot;

use crate::Options;
use crate::core::Core;
use crate::desktop::{Choice, Desktop};
use crate::dispatch::Event;
use crate::error::IpcError;
use crate::session::view::{RoomView, Theme};
use crate::video::view::{PublishOptionsView, Transport};

/// Longer than anything takes on a busy machine; a test that waits this long has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// What the application notified and asked of the desktop around it.
#[derive(Default)]
pub(crate) struct World {
    notified: Mutex<Vec<(String, Value)>>,
    pub(crate) chosen: Mutex<VecDeque<Vec<PathBuf>>>,
    pub(crate) asked: Mutex<Vec<Choice>>,
    pub(crate) opened: Mutex<Vec<PathBuf>>,
    pub(crate) shown: Mutex<Vec<PathBuf>>,
    pub(crate) started: Mutex<Vec<Vec<String>>>,
    pub(crate) themes: Mutex<Vec<Theme>>,
    pub(crate) has_ended: AtomicBool,
}

struct Handle(Arc<World>);

impl Desktop for Handle {
    fn notify(&self, event: Event) {
        let name = format!("{}:event", event.capability());
        self.0.notified.lock().push((name, event.payload().unwrap()));
    }

    fn choose(&self, choice: Choice) -> oneshot::Receiver<Vec<PathBuf>> {
        self.0.asked.lock().push(choice);
        let (tx, rx) = oneshot::channel();
        drop(tx.send(self.0.chosen.lock().pop_front().unwrap_or_default()));
        rx
    }

    fn open(&self, path: &Path) -> Result<(), IpcError> {
        self.0.opened.lock().push(path.to_owned());
        Ok(())
    }

    fn show(&self, path: &Path) -> Result<(), IpcError> {
        self.0.shown.lock().push(path.to_owned());
        Ok(())
    }

    fn set_theme(&self, theme: Theme) {
        self.0.themes.lock().push(theme);
    }

    fn start_beside(&self, arguments: &[String]) -> std::io::Result<()> {
        self.0.started.lock().push(arguments.to_vec());
        Ok(())
    }

    fn end(&self) {
        self.0.has_ended.store(true, Ordering::Relaxed);
    }
}

/// A window's core in a home of its own, without the window.
pub(crate) struct TestApp {
    pub(crate) core: Arc<Core>,
    pub(crate) world: Arc<World>,
    pub(crate) home: tempfile::TempDir,
}

impl TestApp {
    pub(crate) fn new(name: &str) -> TestApp {
        TestApp::with(name, Options::default())
    }

    pub(crate) fn with(name: &str, options: Options) -> TestApp {
        let home = tempfile::tempdir().unwrap();
        let folders = Folders::at(home.path()).unwrap();
        let world = Arc::new(World::default());
        let core = Core::new(
            options,
            folders,
            Box::new(Handle(world.clone())),
            Box::new(Vec::new),
        );
        let (profile, _) = core.settings_file.profile();
        let profile = crate::session::view::Profile {
            name: name.to_owned(),
            ..profile
        };
        core.settings_file.save_profile(profile).unwrap();
        TestApp {
            core: Arc::new(core),
            world,
            home,
        }
    }

    /// Hosts a room on a free port.
    pub(crate) async fn hosting(name: &str) -> (TestApp, RoomView) {
        let app = TestApp::new(name);
        let view = crate::session::commands::host_room(&app.core, "Lab".to_owned(), 0)
            .await
            .unwrap();
        (app, view)
    }

    /// Joins the room of `host`.
    pub(crate) async fn joining(name: &str, host: &RoomView) -> (TestApp, RoomView) {
        TestApp::joining_at(name, loopback(host)).await
    }

    /// Joins the room at `address`.
    pub(crate) async fn joining_at(name: &str, address: String) -> (TestApp, RoomView) {
        let app = TestApp::new(name);
        let view = crate::session::commands::join_room(&app.core, address)
            .await
            .unwrap();
        (app, view)
    }

    /// The first event of `capability`, so far or later, that `wanted` gives something for.
    pub(crate) async fn event<T>(&self, capability: &str, wanted: impl Fn(&Value) -> Option<T>) -> T {
        let name = format!("{capability}:event");
        let found = async {
            loop {
                let notified = self
                    .world
                    .notified
                    .lock()
                    .iter()
                    .filter(|(event, _)| *event == name)
                    .find_map(|(_, event)| wanted(event));
                match notified {
                    Some(found) => return found,
                    None => tokio::time::sleep(Duration::from_millis(5)).await,
                }
            }
        };
        let notified = tokio::time::timeout(PATIENCE, found).await;
        notified.unwrap_or_else(|_| {
            panic!(
                "no such event of {capability}, among {:#?}",
                self.world.notified.lock()
            )
        })
    }

    /// The first event of `capability` with this kind.
    pub(crate) async fn event_of_kind(&self, capability: &str, kind: &str) -> Value {
        self.event(capability, |event| (event["kind"] == kind).then(|| event.clone()))
            .await
    }

    /// The number of a path that a person picked.
    pub(crate) fn pick(&self, path: &Path) -> u32 {
        self.core.picks.give(path.to_owned()).handle
    }

    /// A file with this content.
    pub(crate) fn file(&self, name: &str, content: &[u8]) -> PathBuf {
        let path = self.home.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    }
}

/// Where a room can be joined from this computer.
pub(crate) fn loopback(host: &RoomView) -> String {
    let at = host
        .reachable_at
        .iter()
        .find(|at| at.loopback && at.address.starts_with("127."));
    at.map(|at| at.address.clone()).unwrap()
}

/// A small test pattern that is made to fit the network.
pub(crate) fn pattern(transport: Transport) -> PublishOptionsView {
    PublishOptionsView {
        source: "pattern".into(),
        width: 320,
        height: 180,
        rate: 30.0,
        quality: 50,
        least_quality: 30,
        least_kbps: None,
        most_kbps: None,
        is_fixed: false,
        transport,
    }
}
