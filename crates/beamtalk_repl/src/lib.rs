//! Beamtalk: repl.
