//! spar-mapper
