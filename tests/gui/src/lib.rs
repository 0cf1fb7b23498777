//! gui-tests
