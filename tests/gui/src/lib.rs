//! Tools for driving the built app's window. The tests are in `tests/gui`.
