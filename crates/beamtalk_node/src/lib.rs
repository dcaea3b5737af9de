//! Beamtalk: node.
