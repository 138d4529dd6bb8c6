//! openg2p
