//! Transfers that are interrupted, paused, resumed and cancelled, from either side.

use std::time::Duration;

use loopback_tests::{Party, Proxy, file, offered};
use netcore::proto::FileId;
use netcore::proto::files::FileState;
use netcore::{RoomEvent, TransferState, TransferView};

/// More than the system keeps of a connection that nobody reads, so that a transfer can be caught in the middle.
const LARGE: usize = 60_000_000;

fn is_moving(view: &TransferView, beyond: u64) -> bool {
    matches!(view.state, TransferState::Running { done, .. } if done > beyond)
}

/// Waits until our transfer of `id` is in a state that `wanted` accepts.
async fn reaches(
    party: &Party,
    id: FileId,
    what: &str,
    wanted: impl Fn(&TransferView) -> bool,
) -> TransferView {
    let is_so = |_: &netcore::Snapshot| party.room.transfer(id).is_some_and(|view| wanted(&view));
    party.until(what, is_so).await;
    party.room.transfer(id).expect("a transfer does not vanish")
}

fn done_path(view: &TransferView) -> std::path::PathBuf {
    match &view.state {
        TransferState::Done { path: Some(path), .. } => path.clone(),
        other => panic!("{other:?}"),
    }
}

fn is_done(view: &TransferView) -> bool {
    matches!(view.state, TransferState::Done { .. })
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_transfer_goes_on_where_it_was_and_the_hash_agrees() {
    let host = Party::host(0).await.unwrap();
    let (to_ben, to_cai) = (Proxy::to(host.port()).await, Proxy::to(host.port()).await);
    let ben = Party::join("Ben", to_ben.port).await.unwrap();
    let mut cai = Party::join("Cai", to_cai.port).await.unwrap();
    let (path, content) = file(ben.home.path(), "large.bin", LARGE);
    let info = ben.room.offer_file(&path, vec![]).await.unwrap();
    offered(&mut cai).await;
    cai.room.fetch_file(info.id, None).await.unwrap();
    let mut interruptions = 0;
    for proxy in [&to_cai, &to_ben, &to_cai] {
        let before = cai.room.transfer(info.id).map_or(0, |view| bytes_done(&view));
        reaches(&cai, info.id, "it moves", |view| {
            is_moving(view, before) || is_done(view)
        })
        .await;
        proxy.cut();
        for party in [&ben, &cai] {
            // One that was not cut is not in a hurry.
            party.room.reconnect_now();
        }
    }
    let got = done_path(&reaches(&cai, info.id, "it is whole", is_done).await);
    assert!(std::fs::read(got).unwrap() == content);
    reaches(&ben, info.id, "Ben's upload ends", is_done).await;
    while let Ok(event) = cai.events.try_recv() {
        if let RoomEvent::Transfer(view) = event {
            interruptions +=
                usize::from(matches!(view.state, TransferState::Interrupted { done } if done > 0));
        }
    }
    assert!(interruptions > 0, "it was interrupted in the middle");
}

fn bytes_done(view: &TransferView) -> u64 {
    match view.state {
        TransferState::Running { done, .. } | TransferState::Interrupted { done } => done,
        _ => 0,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn either_side_pauses_and_resumes() {
    let host = Party::host(0).await.unwrap();
    let ben = Party::join("Ben", host.port()).await.unwrap();
    let mut cai = Party::join("Cai", host.port()).await.unwrap();
    let (path, content) = file(ben.home.path(), "large.bin", LARGE);
    let info = ben.room.offer_file(&path, vec![]).await.unwrap();
    offered(&mut cai).await;
    // The sender pauses: what has come so far can be fetched, and no more.
    reaches(&ben, info.id, "Ben sends", |view| is_moving(view, 0)).await;
    ben.room.pause_file(info.id);
    let paused = reaches(&ben, info.id, "Ben pauses", |view| {
        matches!(view.state, TransferState::Paused { .. })
    })
    .await;
    assert!(
        matches!(paused.state, TransferState::Paused { done } if done < LARGE as u64),
        "{paused:?}"
    );
    cai.room.fetch_file(info.id, None).await.unwrap();
    reaches(&cai, info.id, "Cai waits", |view| is_moving(view, 0)).await;
    // The receiver pauses as well, and the sender goes on without it.
    cai.room.pause_file(info.id);
    reaches(&cai, info.id, "Cai pauses", |view| {
        matches!(view.state, TransferState::Paused { .. })
    })
    .await;
    ben.room.resume_file(info.id);
    reaches(&ben, info.id, "Ben's upload ends", is_done).await;
    let still = cai.room.transfer(info.id).unwrap();
    assert!(
        matches!(still.state, TransferState::Paused { done } if done < LARGE as u64),
        "{still:?}"
    );
    cai.room.resume_file(info.id);
    let got = done_path(&reaches(&cai, info.id, "it is whole", is_done).await);
    assert!(std::fs::read(got).unwrap() == content);
    // The host's own copy, paused and resumed.
    host.room.fetch_file(info.id, None).await.unwrap();
    host.room.pause_file(info.id);
    host.room.resume_file(info.id);
    let got = done_path(&reaches(&host, info.id, "the host has it", is_done).await);
    assert!(std::fs::read(got).unwrap() == content);
}

#[tokio::test(flavor = "multi_thread")]
async fn cancelling_leaves_nothing_behind_and_ends_only_ones_own_part() {
    let host = Party::host(0).await.unwrap();
    let ben = Party::join("Ben", host.port()).await.unwrap();
    let mut cai = Party::join("Cai", host.port()).await.unwrap();
    let mut dia = Party::join("Dia", host.port()).await.unwrap();
    let (path, _) = file(ben.home.path(), "large.bin", LARGE);
    let info = ben.room.offer_file(&path, vec![]).await.unwrap();
    for party in [&mut cai, &mut dia] {
        offered(party).await;
        party.room.fetch_file(info.id, None).await.unwrap();
        reaches(party, info.id, "it moves", |view| is_moving(view, 0)).await;
    }
    let is_cancelled = |view: &TransferView| matches!(view.state, TransferState::Cancelled);
    // A receiver cancels: its own transfer ends, and nothing of it stays on the disk.
    cai.room.cancel_file(info.id).await;
    reaches(&cai, info.id, "Cai's ends", is_cancelled).await;
    assert_eq!(left_in(cai.home.path().join("downloads")), 0);
    reaches(&dia, info.id, "Dia's goes on", |view| {
        is_moving(view, 0) || is_done(view)
    })
    .await;
    ben.room.pause_file(info.id);
    // The owner takes it back: for everybody, with nothing left on anybody's disk.
    ben.room.cancel_file(info.id).await;
    for party in [&ben, &dia] {
        reaches(party, info.id, "it is over", |view| {
            is_cancelled(view) || is_done(view)
        })
        .await;
    }
    let is_gone = |snapshot: &netcore::Snapshot| {
        let cancelled = |state: &FileState| *state == FileState::Cancelled;
        snapshot.files.iter().all(|(file, _)| cancelled(&file.state))
    };
    host.until("it is taken back", is_gone).await;
    host.until("the spool is empty", |_| {
        left_in(host.home.path().join("spool")) == 0
    })
    .await;
    dia.until("nothing is left at Dia's", |_| {
        left_in(dia.home.path().join("downloads")) == 0
    })
    .await;
}

fn left_in(folder: std::path::PathBuf) -> usize {
    std::fs::read_dir(folder).map_or(0, Iterator::count)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_who_leaves_in_the_middle_is_said_to_have_left() {
    let host = Party::host(0).await.unwrap();
    let ben = Party::join("Ben", host.port()).await.unwrap();
    let mut cai = Party::join("Cai", host.port()).await.unwrap();
    let (path, _) = file(ben.home.path(), "large.bin", LARGE);
    let info = ben.room.offer_file(&path, vec![]).await.unwrap();
    offered(&mut cai).await;
    ben.room.pause_file(info.id);
    cai.room.fetch_file(info.id, None).await.unwrap();
    ben.room.close().await;
    // That there is nothing to fetch any more may be known before the reason is.
    cai.expect("the failure with its reason", |event| match event {
        RoomEvent::Transfer(view) => match view.state {
            TransferState::Failed { error, .. } => error.to_string().contains("its owner left").then_some(()),
            TransferState::Done { .. } => panic!("it cannot be whole"),
            _ => None,
        },
        _ => None,
    })
    .await;
    tokio::time::timeout(Duration::from_secs(5), cai.room.close())
        .await
        .expect("Cai can leave");
}
