//! Conversations on real sockets.

mod anew;
mod attachments;
mod blocked;
mod chat;
mod conditions;
mod crowd;
mod datagrams;
#[cfg(unix)]
mod descriptors;
mod disk;
mod false_hosts;
mod faults;
mod files;
mod hostile;
mod networks;
mod own_files;
mod paths;
mod session;
mod strangers;
mod transfers;
mod uploads;
mod video;
