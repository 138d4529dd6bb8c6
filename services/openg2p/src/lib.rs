//! openg2p

pub mod population;
