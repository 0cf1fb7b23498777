//! Strangers who do not keep to the protocol: each ends in a word for the one concerned, and nobody else notices.

use std::io;

use loopback_tests::{PATIENCE, Party};
use netcore::JoinError;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Sends `bytes` to `port` outside TLS and returns what comes back until the end.
async fn shout(port: u16, bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
    stream.write_all(bytes).await?;
    let mut answer = Vec::new();
    tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await??;
    Ok(answer)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_is_turned_away_and_nobody_notices() {
    let host = Party::host(0).await.unwrap();
    let ben = Party::join("Ben", host.port()).await.unwrap();
    for bytes in [
        &b"GET / HTTP/1.1\r\n\r\n"[..],
        &[0; 1_000],
        &[0x16, 0x03, 0x01, 0xff, 0xff, 1, 2, 3],
    ] {
        // Whether the end is clean or a reset is the system's business.
        let _ = shout(host.port(), bytes).await;
    }
    ben.room.say("still here").await.unwrap();
    host.until("it is heard", |snapshot| {
        snapshot.chat.iter().any(|entry| entry.local.is_some())
    })
    .await;
    assert_eq!(host.room.snapshot().await.people.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_no_room_is_recognised() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        }
    });
    let error = Party::join("Ben", port).await.map(|_| ()).unwrap_err();
    assert!(matches!(error, JoinError::NotARoom { .. }), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_is_reset_is_not_called_another_program() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            // Closed with bytes of the other side's unread, a connection is reset.
            let _ = stream.read_u8().await;
        }
    });
    let error = Party::join("Ben", port).await.map(|_| ()).unwrap_err();
    assert!(matches!(error, JoinError::BrokenOff { .. }), "{error}");
    assert!(error.to_string().contains("reset"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_join_that_is_lost_on_its_path_is_tried_again() {
    let host = Party::host(0).await.unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let inside = ("127.0.0.1", host.port());
    tokio::spawn(async move {
        // Of the first connection nothing arrives; the second is let through.
        let _lost = listener.accept().await.unwrap();
        let (mut member, _) = listener.accept().await.unwrap();
        let mut host = TcpStream::connect(inside).await.unwrap();
        let _ = tokio::io::copy_bidirectional(&mut member, &mut host).await;
    });
    let ben = Party::join("Ben", port).await.unwrap();
    ben.until("Ben is in", |now| now.people.len() == 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_who_connects_and_says_nothing_blocks_nobody() {
    let host = Party::host(0).await.unwrap();
    let mut silent = Vec::new();
    for _ in 0..20 {
        silent.push(TcpStream::connect(("127.0.0.1", host.port())).await.unwrap());
    }
    Party::join("Ben", host.port()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn junk_datagrams_are_ignored() {
    let host = Party::host(0).await.unwrap();
    let socket = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    for length in [0, 1, 13, 29, 100, 1_400, 60_000] {
        socket
            .send_to(&vec![0; length], ("127.0.0.1", host.port()))
            .await
            .unwrap();
    }
    let ben = Party::join("Ben", host.port()).await.unwrap();
    ben.room.say("fine").await.unwrap();
    host.until("it is heard", |snapshot| {
        snapshot.chat.iter().any(|entry| entry.local.is_some())
    })
    .await;
}
