//! Beamtalk: codegen.
