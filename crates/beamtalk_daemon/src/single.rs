//! Methods about one source: a text that the client sends, or a file.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use beamtalk_home::file;
use beamtalk_project::{Diagnostic, Finding, Image, Look, Source};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::rpc::{FAILED, INVALID_PARAMS, RpcError, UNREADABLE};
use crate::service::absolute;

/// The longest file that is read, in bytes.
const LONGEST_SOURCE: u64 = 16 << 20;

/// The name of a text that the client did not name.
const UNNAMED: &str = "source.bt";

/// What `compile` takes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CompileParams {
    source: Option<String>,
    path: Option<PathBuf>,
    output: Option<PathBuf>,
}

/// What `format` takes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FormatParams {
    source: Option<String>,
    path: Option<PathBuf>,
}

/// Compiles a source by itself, against the library and nothing else.
pub(crate) fn compile(params: CompileParams) -> Result<Value, RpcError> {
    let (name, text) = read(params.source, params.path)?;
    let source = Arc::new(Source::new(name.as_str(), text.as_str()));
    let compiled = Image::new().compile_files(std::slice::from_ref(&source));
    let (ok, modules, said) = match compiled {
        Ok(compiled) => (true, compiled.modules, compiled.warnings),
        Err(failure) => (false, Vec::new(), failure.diagnostics),
    };
    let diagnostics = findings(said.iter().map(|(_, diagnostic)| diagnostic), &name, &text);
    let mut answers = Vec::with_capacity(modules.len());
    for module in modules {
        answers.push(match &params.output {
            None => json!({ "name": module.name.as_str(), "beam": STANDARD.encode(&module.beam) }),
            Some(folder) => {
                absolute(folder)?;
                let path = folder.join(format!("{}.beam", module.name));
                file::replace(&path, &module.beam).map_err(|error| failed(error.to_string()))?;
                json!({ "name": module.name.as_str(), "path": path.display().to_string() })
            }
        });
    }
    Ok(json!({ "ok": ok, "modules": answers, "diagnostics": diagnostics }))
}

/// Answers a source in canonical style.
pub(crate) fn format(params: FormatParams) -> Result<Value, RpcError> {
    let (name, text) = read(params.source, params.path)?;
    Ok(match beamtalk_format::format(&text) {
        Ok(formatted) => {
            let changed = formatted != text;
            json!({ "ok": true, "formatted": formatted, "changed": changed, "diagnostics": [] })
        }
        Err(errors) => {
            let diagnostics = findings(errors.iter(), &name, &text);
            json!({ "ok": false, "formatted": null, "changed": false, "diagnostics": diagnostics })
        }
    })
}

/// A name and the text that was sent, or that of the file.
fn read(text: Option<String>, path: Option<PathBuf>) -> Result<(String, String), RpcError> {
    match (text, path) {
        (Some(text), None) => Ok((UNNAMED.to_owned(), text)),
        (Some(text), Some(path)) => Ok((path.display().to_string(), text)),
        (None, Some(path)) => Ok((path.display().to_string(), read_file(&path)?)),
        (None, None) => Err(RpcError::new(INVALID_PARAMS, "Invalid params: `source` or `path` is needed")),
    }
}

fn read_file(path: &Path) -> Result<String, RpcError> {
    absolute(path)?;
    if path.parent().is_none() {
        return Err(RpcError::new(INVALID_PARAMS, "Path cannot be root directory"));
    }
    let unreadable = |why: String| RpcError::new(UNREADABLE, format!("Failed to read file: {why}"));
    // Opening a pipe or a device would wait, or never end.
    let found =
        std::fs::metadata(path).map_err(|error| unreadable(format!("{}: {error}", path.display())))?;
    if !found.is_file() {
        return Err(unreadable(format!("{} is not a file", path.display())));
    }
    let bytes = file::read_bounded(path, LONGEST_SOURCE).map_err(|error| unreadable(error.to_string()))?;
    let bytes = bytes.ok_or_else(|| unreadable(format!("{} is gone", path.display())))?;
    String::from_utf8(bytes).map_err(|_| unreadable(format!("{} is not UTF-8", path.display())))
}

fn findings<'d>(diagnostics: impl Iterator<Item = &'d Diagnostic>, path: &str, text: &str) -> Vec<Finding> {
    diagnostics.map(|diagnostic| Finding::new(diagnostic, path, path, text, Look::PLAIN)).collect()
}

fn failed(message: String) -> RpcError {
    RpcError { code: FAILED, message, data: Some(json!({ "code": "P0007", "help": null })) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Service;
    use crate::rpc::Methods;
    use std::fs;

    #[test]
    fn compile_answers_modules_or_writes_them() {
        let (service, folder) = (Service::default(), tempfile::tempdir().unwrap());
        let answer =
            service.call("compile", json!({ "source": "Object subclass: B\n  run => 1\n" })).unwrap();
        let beam = STANDARD.decode(answer["modules"][0]["beam"].as_str().unwrap()).unwrap();
        assert!(beam.starts_with(b"FOR1") && answer["modules"][0]["name"] == json!("bt@user@B"));
        let path = folder.path().join("a.bt");
        fs::write(&path, "Object subclass: A\n  run => 42\n").unwrap();
        let answer = service.call("compile", json!({ "path": path, "output": folder.path() })).unwrap();
        let written = fs::read(answer["modules"][0]["path"].as_str().unwrap()).unwrap();
        assert!(written.starts_with(b"FOR1"));
        let answer =
            service.call("compile", json!({ "source": "Object subclass: B\n  run => (1\n" })).unwrap();
        assert_eq!((&answer["ok"], answer["modules"].as_array().unwrap().len()), (&json!(false), 0));
        assert_eq!(answer["diagnostics"][0]["severity"], json!("error"));
    }

    #[test]
    fn format_answers_canonical_text_and_writes_nothing() {
        let (service, folder) = (Service::default(), tempfile::tempdir().unwrap());
        let path = folder.path().join("a.bt");
        fs::write(&path, "x:=3+4.\n").unwrap();
        let expected = json!({ "ok": true, "formatted": "x := 3 + 4\n", "changed": true, "diagnostics": [] });
        assert_eq!(service.call("format", json!({ "path": path })).unwrap(), expected);
        assert_eq!(service.call("format", json!({ "source": "x:=3+4.\n" })).unwrap(), expected);
        assert_eq!(fs::read_to_string(&path).unwrap(), "x:=3+4.\n");
        let again = service.call("format", json!({ "source": "x := 3 + 4\n" })).unwrap();
        assert_eq!(again["changed"], json!(false));
        let broken = service.call("format", json!({ "source": "x := (1\n", "path": "/p/b.bt" })).unwrap();
        assert_eq!((&broken["ok"], &broken["formatted"]), (&json!(false), &Value::Null));
        assert_eq!(broken["diagnostics"][0]["path"], json!("/p/b.bt"));
    }

    #[test]
    fn what_cannot_be_read_is_said_with_a_code_of_its_own() {
        let (service, folder) = (Service::default(), tempfile::tempdir().unwrap());
        let latin = folder.path().join("latin.bt");
        fs::write(&latin, b"\xff").unwrap();
        for path in [Path::new("/none/at/all.bt"), Path::new("/dev/zero"), folder.path(), &latin] {
            let error = service.call("compile", json!({ "path": path })).unwrap_err();
            assert_eq!(error.code, UNREADABLE, "{}", path.display());
            assert!(error.message.starts_with("Failed to read file: "), "{}", error.message);
        }
    }
}
