//! `beamtalk new`: a package to begin with (spec 07 section 3).

use crate::cli::NewOptions;
use crate::failure::{Failure, Outcome};
use beamtalk_project::check_package_name;
use std::fs;
use std::io::{self, ErrorKind, Write};
use std::path::Path;

/// Performs the subcommand.
pub fn run(options: &NewOptions) -> Outcome {
    let name = options.name.as_str();
    check_package_name(name).map_err(Failure::new)?;
    let root = Path::new(name);
    fs::create_dir(root).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => Failure::new(format!("Directory '{name}' already exists")),
        _ => Failure::new(format!("cannot create {name}: {error}")),
    })?;
    for (path, text) in files(name, options.app) {
        let path = root.join(path);
        let folder = path.parent().unwrap_or(root);
        let written = fs::create_dir_all(folder).and_then(|()| fs::write(&path, text));
        written.map_err(|error| Failure::new(format!("cannot write {}: {error}", path.display())))?;
    }
    let kind = if options.app { "application" } else { "library" };
    let mut out =
        format!("Created {kind} package '{name}'\n\nNext steps:\n  cd {name}\n  just build\n  just test\n");
    if options.app {
        out.push_str("  just run\n");
    }
    io::stdout().write_all(out.as_bytes())?;
    Ok(())
}

/// `tally_box` as `TallyBox`.
fn class_name(package: &str) -> String {
    let capitalized = |part: &str| {
        let mut letters = part.chars();
        letters
            .next()
            .map_or_else(String::new, |first| first.to_ascii_uppercase().to_string() + letters.as_str())
    };
    package.split('_').map(capitalized).collect()
}

/// The files of a package: path and text.
fn files(name: &str, app: bool) -> Vec<(String, String)> {
    let class = class_name(name);
    let fill = |text: &str| text.replace("{name}", name).replace("{class}", &class);
    let mut files = vec![
        ("beamtalk.toml".to_owned(), fill(if app { MANIFEST_OF_APP } else { MANIFEST })),
        (".gitignore".to_owned(), IGNORED.to_owned()),
        ("README.md".to_owned(), fill(if app { README_OF_APP } else { README })),
        (
            "Justfile".to_owned(),
            fill(JUSTFILE) + if app { "\n# Run the program\nrun:\n    beamtalk run Main run\n" } else { "" },
        ),
        (".github/workflows/ci.yml".to_owned(), CI.to_owned()),
        (".github/copilot-instructions.md".to_owned(), fill(AGENTS)),
        ("AGENTS.md".to_owned(), fill(AGENTS)),
        // Beamtalk has no server for agents yet; the file is where they look for those of the project.
        (".mcp.json".to_owned(), "{\n  \"mcpServers\": {}\n}\n".to_owned()),
    ];
    if app {
        files.push((format!("src/{class}AppSup.bt"), fill(SUPERVISOR)));
        files.push(("src/Main.bt".to_owned(), fill(MAIN)));
        files.push(("test/MainTest.bt".to_owned(), fill(MAIN_TEST)));
    } else {
        files.push((format!("src/{class}.bt"), fill(LIBRARY)));
        files.push((format!("test/{class}Test.bt"), fill(LIBRARY_TEST)));
    }
    files
}

const MANIFEST: &str = r#"[package]
name = "{name}"
version = "0.1.0"

[dependencies]
"#;

const MANIFEST_OF_APP: &str = r#"[package]
name = "{name}"
version = "0.1.0"

[application]
supervisor = "{class}AppSup"

[dependencies]
"#;

const LIBRARY: &str = r#"/// Where {name} begins.
Object subclass: {class}

  /// A friendly word.
  class greet => "Hello from {name}!"
"#;

const LIBRARY_TEST: &str = r#"TestCase subclass: {class}Test

  testBasic => self assert: {class} greet equals: "Hello from {name}!"
"#;

const SUPERVISOR: &str = r"/// Starts the actors of {name}, and starts again those that fail.
Supervisor subclass: {class}AppSup

  class strategy -> Symbol => #oneForOne

  class children => #()
";

const MAIN: &str = r#"/// The program: `beamtalk run Main run`.
Value subclass: Main

  class run => self new run

  run =>
    TranscriptStream current showCr: "Hello from {name}!"
    self
"#;

const MAIN_TEST: &str = r"TestCase subclass: MainTest

  testBasic => self assert: Main new class name equals: #Main
";

const IGNORED: &str = "/_build/
*.beam
*.core
erl_crash.dump

# Editors
.idea/
.vscode/
*.swp
*~
.DS_Store
";

const README: &str = r"# {name}

A Beamtalk package.

```sh
beamtalk build    # compile
beamtalk test     # run the tests
beamtalk repl     # talk to it
```

In the prompt:

```beamtalk
{class} greet // => Hello from {name}!
```
";

const README_OF_APP: &str = r"# {name}

A Beamtalk application.

```sh
beamtalk build           # compile
beamtalk test            # run the tests
beamtalk run Main run    # run the program
```

`src/{class}AppSup.bt` supervises its actors: list them in `children`.
";

const JUSTFILE: &str = r#"# The tasks of {name}; `just --list` shows them.

# Compile
build:
    beamtalk build

# Run the tests
test:
    beamtalk test

# Check the style of the sources
fmt:
    beamtalk fmt-check

# Write the sources in canonical style
fmt-fix:
    beamtalk fmt

# Look for bad style
lint:
    beamtalk lint

# Remove what was built
clean:
    rm -rf _build

# What continuous integration does
ci: fmt lint build test

# Tag the version of beamtalk.toml
release:
    git tag "v$(beamtalk version)"

# Publish the tags
publish:
    git push origin --tags
"#;

const CI: &str = r"name: ci
on: [push, pull_request]
jobs:
  ci:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: erlef/setup-beam@v1
        with:
          otp-version: 27
      - uses: extractions/setup-just@v2
      - name: Install beamtalk
        run: cargo install --locked --git ${{ vars.BEAMTALK_REPOSITORY }} beamtalk
      - run: just fmt
      - run: just lint
        continue-on-error: true
      - run: just build
      - run: just test
";

const AGENTS: &str = r"# Working on {name}

{name} is a package in Beamtalk, a live, Smalltalk-like language on the BEAM.

- Sources are in `src/`, tests in `test/`; a class mostly has a file of its name to itself.
- `beamtalk check` tells what is wrong, `beamtalk explain E0207` what an error means.
- `beamtalk test` runs the tests: classes below `TestCase`, methods that begin with `test`.
- `beamtalk fmt` writes canonical style; run it before every commit.
- `beamtalk repl` talks to the running classes; `:help` lists what it can do.
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sources_of_a_new_package_are_in_canonical_style() {
        for app in [false, true] {
            for (path, text) in files("tally_box", app) {
                if Path::new(&path).extension().is_some_and(|extension| extension == "bt") {
                    assert_eq!(beamtalk_format::format(&text).as_deref(), Ok(text.as_str()), "{path}");
                }
                assert!(!text.contains("{name}") && !text.contains("{class}"), "{path}");
            }
        }
    }

    #[test]
    fn a_class_is_named_after_its_package() {
        assert_eq!(class_name("tally_box"), "TallyBox");
        assert_eq!(class_name("a__b_2c"), "AB2c");
    }
}
