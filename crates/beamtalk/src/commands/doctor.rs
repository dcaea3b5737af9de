//! `beamtalk doctor`: is everything there that Beamtalk needs?

use crate::cli::DoctorOptions;
use crate::failure::{Failure, Outcome};
use crate::installation;
use beamtalk_daemon::Place;
use beamtalk_home::{Home, folder};
use beamtalk_node::Otp;
use beamtalk_node::otp::program_on_path;
use beamtalk_repl::LoopbackAddr;
use std::io::{self, Write};
use std::process::Command;

/// One line of the report.
enum Finding {
    Good(String),
    Poor(String),
    Bad(String, Option<String>),
}

/// Checks, prints, and fails if something needed is missing.
pub fn run(options: &DoctorOptions) -> Outcome {
    let mut findings = Vec::new();
    match Home::from_env() {
        Ok(home) => check_installation(&home, &mut findings),
        Err(error) => findings.push(Finding::Bad(error.to_string(), error.help())),
    }
    findings.push(match LoopbackAddr::new(0).listen() {
        Ok(_) => Finding::Good("Local connections (127.0.0.1)".into()),
        Err(error) => Finding::Bad(format!("Local connections: {error}"), None),
    });
    findings.push(compiler_daemon());
    if options.dev {
        for tool in ["cargo", "rustc", "make"] {
            findings.push(match version_of(tool) {
                Some(version) => Finding::Good(version),
                None => Finding::Poor(format!("{tool} not found")),
            });
        }
    }
    report(&findings)
}

/// Where there is no daemon, `build` and `check` compile in their own process (security D6).
fn compiler_daemon() -> Finding {
    if !cfg!(unix) {
        return Finding::Poor(
            "No compiler daemon here (no Unix sockets): commands compile by themselves".into(),
        );
    }
    match Place::from_env() {
        Ok(place) => Finding::Good(format!("Compiler daemon's socket ({})", place.socket().display())),
        Err(error) => Finding::Poor(format!("No compiler daemon ({error}): commands compile by themselves")),
    }
}

fn check_installation(home: &Home, findings: &mut Vec<Finding>) {
    match folder::ensure_private(home.root()) {
        Ok(()) => findings.push(Finding::Good(format!("State folder ({})", home.root().display()))),
        Err(error) => return findings.push(Finding::Bad(error.to_string(), error.help())),
    }
    let otp = match Otp::find(home) {
        Ok(otp) => otp,
        Err(error) => return findings.push(Finding::Bad(error.to_string(), error.help())),
    };
    findings.push(Finding::Good(format!(
        "Erlang/OTP {} (erts {}, {})",
        otp.release,
        otp.erts,
        otp.erl.display()
    )));
    let modules = beamtalk_project::library::sources().len();
    findings.push(match installation::prepare(home, &mut |_| ()) {
        Ok((_, image)) => Finding::Good(format!(
            "Runtime and standard library, {modules} files ({})",
            image.ebin().display()
        )),
        Err(error) => Finding::Bad(error.to_string(), error.help()),
    });
}

fn report(findings: &[Finding]) -> Outcome {
    let mut stdout = io::stdout().lock();
    let (mut poor, mut bad) = (false, false);
    for finding in findings {
        match finding {
            Finding::Good(text) => writeln!(stdout, "✅ {text}")?,
            Finding::Poor(text) => {
                poor = true;
                writeln!(stdout, "⚠️  {text}")?;
            }
            Finding::Bad(text, help) => {
                bad = true;
                writeln!(stdout, "❌ {text}")?;
                if let Some(help) = help {
                    writeln!(stdout, "   {help}")?;
                }
            }
        }
    }
    writeln!(stdout)?;
    if bad {
        writeln!(stdout, "Some checks failed. See above for details.")?;
        return Err(Failure::reported());
    }
    let verdict = if poor { "All required checks passed (with warnings)." } else { "All checks passed!" };
    writeln!(stdout, "{verdict}")?;
    Ok(())
}

fn version_of(tool: &str) -> Option<String> {
    let output = Command::new(program_on_path(tool)?).arg("--version").output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines().next().map(str::to_owned)
}
