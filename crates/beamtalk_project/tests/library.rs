//! The library compiles without a word, and OTP's validator accepts every module of it.

use beamtalk_project::{library, render};

fn text_of(path: &str) -> &'static str {
    library::sources().iter().find(|(name, _)| *name == path).map_or("", |(_, text)| text)
}

#[test]
fn the_library_has_no_diagnostics() {
    let found: Vec<String> =
        library::check().iter().map(|(path, diagnostic)| render(diagnostic, path, text_of(path))).collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn the_validator_accepts_every_library_module() {
    let texts: Vec<(String, String)> =
        library::modules().map(|module| (module.name.to_string(), beamtalk_beam::print(&module))).collect();
    let borrowed: Vec<(&str, &str)> =
        texts.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    if let Err(error) = beamtalk_beam::testing::validate_all(&borrowed) {
        panic!("{error}");
    }
}
