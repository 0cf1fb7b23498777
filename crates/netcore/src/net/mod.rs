//! Sockets: how a host is reached, what a connection is made of, and what the link conditioner makes of both.

pub(crate) mod address;
pub(crate) mod cards;
pub(crate) mod conditioner;
pub(crate) mod connection;
pub(crate) mod descriptors;
pub(crate) mod dial;
pub(crate) mod follow;
pub(crate) mod listen;
pub(crate) mod live_queue;
pub(crate) mod record;
pub(crate) mod records;
pub(crate) mod seal;
pub(crate) mod socket_options;
pub(crate) mod tcp;
pub(crate) mod tcp_info;
pub(crate) mod tls;
pub(crate) mod udp;
