//! Conversations on real sockets.

mod attachments;
mod chat;
mod datagrams;
mod faults;
mod files;
mod hostile;
mod session;
mod strangers;
mod video;
