//! Conversations on real sockets.

mod attachments;
mod chat;
mod files;
mod hostile;
mod session;
mod strangers;
mod video;
