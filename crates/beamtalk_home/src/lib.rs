//! Beamtalk: home.
