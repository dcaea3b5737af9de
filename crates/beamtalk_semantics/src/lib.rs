//! Beamtalk: semantics.
