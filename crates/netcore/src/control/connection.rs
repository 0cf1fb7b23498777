//! The task of one control connection: it reads and writes until either side ends it.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::BytesMut;
use netcore_proto::ConnId;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::input::{ControlConnection, Input, Queued};
use crate::confine::{Panicked, confined_task};
use crate::net::connection::{Connection, Reader, Writer};
use crate::shared::Shared;

/// What a message that waits takes beside its own bytes.
pub(super) const MESSAGE_OVERHEAD: usize = 64;
/// How long a goodbye may take.
pub(super) const GOODBYE: Duration = Duration::from_secs(1);
/// How long a connection may take no byte at all while there are some for it.
const WRITE_TIMEOUT: Duration = Duration::from_secs(10);

/// Begins to read and write a control connection.
pub(crate) fn start(conn: ConnId, connection: Connection, shared: &Shared) -> ControlConnection {
    let local = connection.socket().local_addr().ok().map(|at| at.ip());
    let (queue, waiting) = mpsc::unbounded_channel();
    let queued = Arc::new(AtomicUsize::new(0));
    let done = CancellationToken::new();
    let (reader, writer) = connection.into_messages();
    let control = shared.control.clone();
    let work = {
        let (queued, done) = (queued.clone(), done.clone());
        async move {
            let work = async {
                let reading = read(conn, reader, &control);
                tokio::pin!(reading);
                tokio::select! {
                    why = &mut reading => why,
                    // The other side may have said why it closes; and closed with bytes of its unread, a
                    // connection is reset, and our own goodbye with it.
                    why = write(conn, writer, waiting, &queued, &control) => {
                        let _ = timeout(GOODBYE, &mut reading).await;
                        why
                    }
                }
            };
            let why = tokio::select! {
                why = confined_task("connection", conn.0, work) => {
                    why.unwrap_or_else(|Panicked| "a fault in this program ended it".to_owned())
                }
                () = done.cancelled() => "it was cut off".to_owned(),
            };
            done.cancel();
            let _ = control.send(Input::Closed { conn, why }).await;
        }
    };
    shared.spawn(work);
    ControlConnection {
        conn,
        queue,
        queued,
        local,
        done,
    }
}

/// Hands on what comes until the connection ends; returns how it ended.
async fn read(conn: ConnId, mut reader: Reader, control: &mpsc::Sender<Input>) -> String {
    loop {
        let mut bytes = BytesMut::with_capacity(16 * 1024);
        match reader.read_buf(&mut bytes).await {
            Ok(0) => return "the other side closed it".to_owned(),
            Ok(_) => {
                if control.send(Input::Bytes { conn, bytes }).await.is_err() {
                    return "the room is over".to_owned();
                }
            }
            Err(error) => return in_words(&error),
        }
    }
}

/// Writes what is queued until the queue's other end is gone, and then the goodbye; returns how it ended.
async fn write(
    conn: ConnId,
    mut writer: Writer,
    mut waiting: mpsc::UnboundedReceiver<Queued>,
    queued: &AtomicUsize,
    control: &mpsc::Sender<Input>,
) -> String {
    while let Some(next) = waiting.recv().await {
        let Queued::Message(bytes) = next else {
            // A room that is over has nothing more to say.
            let _ = control.send(Input::Drained { conn }).await;
            continue;
        };
        let written = timeout(WRITE_TIMEOUT, async {
            writer.write_all(&bytes).await?;
            if waiting.is_empty() {
                writer.flush().await
            } else {
                Ok(())
            }
        });
        match written.await {
            Ok(Ok(())) => queued.fetch_sub(bytes.len() + MESSAGE_OVERHEAD, Ordering::Relaxed),
            Ok(Err(error)) => return in_words(&error),
            Err(_) => return format!("it took no byte for {} s", WRITE_TIMEOUT.as_secs()),
        };
    }
    let goodbye = async {
        let _ = writer.flush().await;
        let _ = writer.shutdown().await;
    };
    let _ = timeout(GOODBYE, goodbye).await;
    "we closed it".to_owned()
}

fn in_words(error: &io::Error) -> String {
    match error.kind() {
        // A connection that ended without TLS's own goodbye, as when a program is killed.
        io::ErrorKind::UnexpectedEof => "the other side vanished without a goodbye".to_owned(),
        _ => error.to_string(),
    }
}
