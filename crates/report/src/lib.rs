//! What was measured, as one page for people: tables and charts, with nothing that is loaded from elsewhere.
//!
//! A program that measures makes a [`Measured`] of each stretch, with what is known of it, puts them into a [`Measurement`]
//! and asks for its [page](Measurement::page). The terminal does so with the stretches that it was asked for, the desktop
//! shell with TCP and UDP one after the other and with a whole session. A figure that is not known is `None`, and the page says so.

mod charts;
mod language;
mod machine;
mod measured;
mod measurement;
mod page;
mod row;
mod theory;

pub use language::Language;
pub use machine::Machine;
pub use measured::{FileRate, Measured, System, TripSegment};
pub use measurement::{About, Measurement, Origin, OtherEnd, Setup};
pub use page::bytes;
pub use row::SummaryRow;
