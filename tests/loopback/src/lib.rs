//! loopback-tests
