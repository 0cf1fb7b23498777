//! roomwire-app
