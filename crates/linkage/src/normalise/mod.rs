//! From what people typed to what can be compared: folded text, name tokens, phonetic skeletons,
//! dates, phones, identity numbers. Every function accepts any text and never panics.

pub mod date;
pub mod names;
pub mod script;
pub mod skeleton;
pub mod text;
pub mod values;
