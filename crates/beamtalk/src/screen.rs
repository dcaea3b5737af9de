//! What a stream can show: colours and a width on a terminal, plain text in a pipe.

use beamtalk_project::Look;
use rustix::termios::{isatty, tcgetwinsize};
use std::os::fd::AsFd;

/// Narrower than this, wrapping makes text worse.
const NARROWEST: u16 = 40;

/// How to draw for a stream.
pub fn look(stream: &impl AsFd, no_color: bool) -> Look {
    if !isatty(stream) {
        return Look::PLAIN;
    }
    let width = tcgetwinsize(stream).map_or(80, |size| size.ws_col);
    Look { colour: has_colour(stream, no_color), width: Some(width.max(NARROWEST)) }
}

/// Whether the stream shows colours, and the user wants them (spec 07 section 2).
pub fn has_colour(stream: &impl AsFd, no_color: bool) -> bool {
    let unwanted = no_color || std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    isatty(stream) && !unwanted && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}
