//! The formats banks speak, read and written without I/O of their own.
//!
//! * [`mt940`]: SWIFT MT940 customer statements.

pub mod mt940;
