//! Types and rules of the registry, without I/O.

pub mod csv_split;
pub mod dates;
pub mod decode;
pub mod file_hash;
pub mod kind;
pub mod mapping;
pub mod merge;
pub mod phone;
pub mod reference;
pub mod rows;
pub mod score;
pub mod social_id;
pub mod staging;
pub mod text;
pub mod verhoeff;
pub mod visible;
