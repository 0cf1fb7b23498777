//! Many people, and many comings and goings: nothing is left over.

use std::time::Duration;

#[cfg(target_os = "linux")]
use loopback_tests::host_options;
use loopback_tests::{Party, join_options, open_many_files, pattern};
use netcore::Room;
use netcore::proto::Transport;
use netcore::proto::chat::Body;

#[tokio::test(flavor = "multi_thread")]
async fn thirty_members_at_once_hear_each_other() {
    open_many_files();
    const MEMBERS: usize = 30;
    let host = Party::host(0).await.unwrap();
    let port = host.port();
    let joining: Vec<_> = (0..MEMBERS)
        .map(|number| tokio::spawn(async move { Party::join(&format!("M{number}"), port).await.unwrap() }))
        .collect();
    let mut members = Vec::new();
    for joined in joining {
        members.push(joined.await.unwrap());
    }
    for member in &members {
        member
            .room
            .say(&format!("hello from {}", member.room.info().me))
            .await
            .unwrap();
    }
    let texts = |snapshot: &netcore::Snapshot| -> Vec<u64> {
        let texts = snapshot
            .chat
            .iter()
            .filter(|entry| matches!(entry.body, Body::Text { .. }));
        texts.map(|entry| entry.seq).collect()
    };
    let all = texts(
        &host
            .until("the host hears all", |snapshot| texts(snapshot).len() == MEMBERS)
            .await,
    );
    for member in &members {
        let heard = member
            .until("everybody hears all", |snapshot| texts(snapshot).len() == MEMBERS)
            .await;
        assert_eq!(texts(&heard), all);
        assert_eq!(heard.people.len(), MEMBERS + 1);
    }
    // A stream reaches them all.
    let publisher = members[0].room.publish(pattern(Transport::Udp)).await.unwrap();
    let stream = publisher.stream().unwrap();
    let sending = tokio::spawn(async move {
        let mut pace = tokio::time::interval(Duration::from_millis(100));
        loop {
            pace.tick().await;
            publisher.send(&[7; 5_000], 64, 48, netcore::clock::now(), netcore::clock::now());
        }
    });
    for member in &members[1..] {
        let is_live = |snapshot: &netcore::Snapshot| !snapshot.streams.is_empty();
        member.until("it is live", is_live).await;
        let mut frames = member.room.frames(stream).unwrap();
        let shown = tokio::time::timeout(loopback_tests::PATIENCE, frames.newer_than(None)).await;
        assert_eq!(shown.unwrap().expect("it is live").frame.jpeg().len(), 5_000);
    }
    sending.abort();
}

/// Files this process has open.
#[cfg(target_os = "linux")]
fn open_files() -> usize {
    std::fs::read_dir("/proc/self/fd").expect("Linux has it").count()
}

/// One conversation from beginning to end: two members, a stream, a word, and everybody goes.
#[cfg(target_os = "linux")]
async fn meet(home: &std::path::Path, transport: Transport) {
    let host = Room::host(host_options(&home.join("host"), 0))
        .await
        .expect("a room opens");
    let port = host.info().port;
    let ben = Room::join(join_options(&home.join("ben"), "Ben", port))
        .await
        .expect("Ben joins");
    let cai = Room::join(join_options(&home.join("cai"), "Cai", port))
        .await
        .expect("Cai joins");
    let publisher = ben.publish(pattern(transport)).await.expect("a stream begins");
    publisher.send(&[1; 10_000], 64, 48, netcore::clock::now(), netcore::clock::now());
    cai.say("hello").await.expect("Cai can speak");
    ben.close().await;
    cai.close().await;
    host.close().await;
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn coming_and_going_leaves_no_file_and_no_task_behind() {
    // In a process of its own the numbers are this test's alone.
    if std::env::var_os("ROOMWIRE_ALONE").is_none() {
        let test = "crowd::coming_and_going_leaves_no_file_and_no_task_behind";
        let alone = tokio::process::Command::new(std::env::current_exe().unwrap())
            .args([test, "--exact", "--nocapture"])
            .env("ROOMWIRE_ALONE", "1")
            .output()
            .await
            .unwrap();
        let words = String::from_utf8_lossy(&alone.stderr);
        assert!(alone.status.success(), "{words}");
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let tasks = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    // What is made once, and stays, is there after the first time.
    meet(home.path(), Transport::Tcp).await;
    meet(home.path(), Transport::Udp).await;
    let before = (open_files(), tasks());
    for _ in 0..10 {
        meet(home.path(), Transport::Tcp).await;
        meet(home.path(), Transport::Udp).await;
    }
    // What was cancelled a moment ago may still be about to leave.
    for _ in 0..500 {
        if open_files() <= before.0 && tasks() <= before.1 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!(
        "{before:?} files and tasks before, {:?} after",
        (open_files(), tasks())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn one_member_comes_and_goes_many_times() {
    let host = Party::host(0).await.unwrap();
    let home = tempfile::tempdir().unwrap();
    for _ in 0..30 {
        let ben = Room::join(join_options(home.path(), "Ben", host.port()))
            .await
            .unwrap();
        assert_eq!(ben.info().me.0, 1, "a person keeps their number");
        ben.close().await;
    }
    host.until("he is gone", |snapshot| snapshot.people.len() == 1)
        .await;
}
