//! Beamtalk: project.
