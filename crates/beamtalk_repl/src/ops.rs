//! The operations of the wire protocol (spec 06 section 6), one function each.

use crate::compiler::Input;
use crate::connection::Client;
use crate::display;
use crate::files;
use crate::host::Host;
use crate::image::problems;
use crate::reply::{Failure, Frame, Outcome};
use crate::router::CHANNELS;
use crate::session::Session;
use crate::sync;
use crate::testing;
use crate::wire::Request;
use beamtalk_home::workspace::now;
use beamtalk_node::{Display, NodeError, Status};
use serde_json::{Map, Value, json};
use std::path::PathBuf;
use std::sync::Arc;

/// The version of the messages on the wire.
const PROTOCOL_VERSION: &str = "1.1";

/// Operations, their parameters, and which of those may be left out.
const OPERATIONS: &[(&str, &[&str], &[&str])] = &[
    ("actors", &[], &[]),
    ("bindings", &[], &["session"]),
    ("clear", &[], &["session"]),
    ("clone", &[], &[]),
    ("close", &[], &["session"]),
    ("complete", &["code"], &["session"]),
    ("describe", &[], &[]),
    ("docs", &["class"], &["selector"]),
    ("eval", &["code"], &["session", "stream"]),
    ("health", &[], &[]),
    ("info", &["symbol"], &[]),
    ("inspect", &["actor"], &[]),
    ("interrupt", &[], &["session"]),
    ("kill", &["actor"], &[]),
    ("load-file", &["path"], &[]),
    ("load-project", &[], &["path", "include_tests", "force", "first"]),
    ("load-source", &["source"], &[]),
    ("list-tests", &[], &[]),
    ("modules", &[], &[]),
    ("reload", &["module"], &["path"]),
    ("session", &[], &["name"]),
    ("sessions", &[], &[]),
    ("show-codegen", &["code"], &["session"]),
    ("shutdown", &["cookie"], &[]),
    ("stdin", &["value"], &["session"]),
    ("subscribe", &[], &["channel"]),
    ("test", &[], &["class", "file", "method", "session", "stream"]),
    ("test-all", &[], &["session", "stream"]),
    ("unload", &["module"], &[]),
    ("unsubscribe", &[], &[]),
];

/// Performs an operation that waits its turn.
pub(crate) async fn perform(host: &Arc<Host>, client: &Client, request: &Request) -> Outcome {
    match request.op.as_str() {
        "eval" => eval(host, client, request).await,
        "complete" => complete(host, client, request).await,
        "info" => info(host, request).await,
        "docs" => docs(host, request).await,
        "show-codegen" => show_codegen(host, client, request).await,
        "load-file" => load_file(host, request.text("path")?).await,
        "load-project" => load_project(host, request).await,
        "load-source" => load_source(host, request).await,
        "reload" => reload(host, request).await,
        "unload" => host.image.unload(request.text("module")?.to_owned()).await,
        "clear" => clear(host, client, request).await,
        "bindings" => bindings(host, client, request).await,
        "session" => session(host, client, request).await,
        "sessions" => Ok(sessions(host)),
        "clone" => clone(host),
        "close" => close(host, client, request).await,
        "actors" => actors(host).await,
        "inspect" => inspect(host, request).await,
        "kill" => kill(host, request).await,
        "modules" => modules(host).await,
        "test" => testing::test(host, client, request).await,
        "test-all" => testing::test_all(host, client, request).await,
        "list-tests" => testing::list(host).await,
        "subscribe" => subscribe(host, client, request),
        "unsubscribe" => {
            host.router().unsubscribe(client.number());
            Ok(ok())
        }
        "describe" => Ok(describe()),
        "health" => health(host),
        "shutdown" => shutdown(host, request),
        other => Err(Failure::new(format!("Unknown operation: {other}"))),
    }
}

/// Ends what a session evaluates. Answered at once, also while the same connection evaluates.
pub(crate) async fn interrupt(host: &Host, client: &Client, request: &Request) -> Outcome {
    if let Some(session) = existing_session(host, client, request) {
        // A session that the node does not have evaluates nothing.
        let _ = host.image.node.interrupt(session.id()).await;
    }
    Ok(ok())
}

/// Gives a waiting program its input; the program's evaluation is the only reply.
pub(crate) async fn stdin(host: &Host, client: &Client, request: &Request) -> Result<(), Failure> {
    let value = request.text("value")?;
    let waiting = existing_session(host, client, request).filter(|session| session.take_waiting());
    let Some(session) = waiting else {
        return Err(Failure::new("No pending input request"));
    };
    let data = (value != "eof").then(|| value.as_bytes().to_vec());
    Ok(host.image.node.stdin(session.id(), data).await?)
}

async fn eval(host: &Host, client: &Client, request: &Request) -> Outcome {
    let code = request.text("code")?;
    if code.trim().is_empty() {
        return Err(Failure::new("Empty expression").hint("Enter an expression to evaluate."));
    }
    let session = session_of(host, client, request)?;
    let stream = request.flag("stream")?;
    session.begin(request.envelope.clone(), client.outbox().clone(), stream)?;
    let outcome = host.image.evaluate(&session, code).await;
    let output = Frame::new().with_some("output", session.end());
    if outcome.as_ref().is_ok_and(|fields| fields.get("exit_code").is_some()) {
        end(host, client, &session).await?;
    }
    match outcome {
        Ok(fields) => Ok(fields.and(output)),
        Err(failure) => Err(Failure { details: failure.details.and(output), ..failure }),
    }
}

async fn complete(host: &Host, client: &Client, request: &Request) -> Outcome {
    let prefix = request.text("code")?.to_owned();
    if prefix.is_empty() {
        return Ok(Frame::new().with("completions", json!([])));
    }
    let variables = known_variables(host, client, request);
    let run = host.image.compiler.run(move |compiler| compiler.complete(&prefix, &variables));
    Ok(Frame::new().with("completions", run.await?))
}

async fn info(host: &Host, request: &Request) -> Outcome {
    let symbol = request.text("symbol")?.to_owned();
    let name = symbol.clone();
    let kind = host.image.compiler.run(move |compiler| compiler.kind_of(&name)).await?;
    let mut info = json!({"found": kind.is_some(), "symbol": symbol});
    if let Some(kind) = kind {
        info["kind"] = kind.into();
    }
    Ok(Frame::new().with("info", info))
}

async fn docs(host: &Host, request: &Request) -> Outcome {
    let class = request.text("class")?.to_owned();
    let selector = request.optional_text("selector")?.map(str::to_owned);
    match host.image.node.help(&class, selector.as_deref()).await {
        Ok(docs) => Ok(Frame::new().with("docs", docs)),
        Err(NodeError::Raised(raised)) if raised.kind == "class_not_found" => {
            Err(Failure::new(format!("Unknown class: {class}. Use :modules to see loaded classes.")))
        }
        Err(NodeError::Raised(raised)) if raised.kind == "does_not_understand" => {
            let selector = selector.unwrap_or_default();
            Err(Failure::new(format!(
                "{class} does not understand {selector}. Use :help {class} to see its methods."
            )))
        }
        Err(error) => Err(error.into()),
    }
}

async fn show_codegen(host: &Host, client: &Client, request: &Request) -> Outcome {
    let code = request.text("code")?.to_owned();
    let variables = session_of(host, client, request)?.variables().unwrap_or_default();
    let globals = host.image.router.globals();
    let listing = host.image.compiler.run(move |compiler| {
        let (variables, globals) = (&variables, &globals);
        compiler.listing(&Input { code: &code, variables, globals, eval_module: "bt@eval@1" })
    });
    listing.await?.map(|text| Frame::new().with("value", text)).map_err(|errors| problems(&errors))
}

async fn load_file(host: &Host, path: &str) -> Outcome {
    if path.is_empty() {
        return Err(Failure::new("Invalid request: path must not be empty"));
    }
    let base = host.project().to_path_buf();
    let wanted = path.to_owned();
    let read = tokio::task::spawn_blocking(move || files::read(&base, &wanted)).await;
    let (sources, is_folder) =
        read.map_err(|error| Failure::new(error.to_string()))?.map_err(Failure::new)?;
    let count = sources.len();
    let loaded = host.image.load_files(sources).await?;
    Ok(if is_folder { loaded.with("files", count) } else { loaded })
}

async fn load_project(host: &Host, request: &Request) -> Outcome {
    let root = request.optional_text("path")?.map_or_else(|| host.project().to_path_buf(), PathBuf::from);
    let wanted = sync::Wanted {
        tests: request.flag("include_tests")?,
        all: request.flag("force")?,
        first: request.flag("first")?,
    };
    sync::sync(&host.image, &root, wanted).await.map(sync::frame)
}

async fn load_source(host: &Host, request: &Request) -> Outcome {
    let source = request.text("source")?;
    if source.trim().is_empty() {
        return Err(Failure::new("Empty source"));
    }
    host.image.load_source(source.to_owned()).await
}

async fn reload(host: &Host, request: &Request) -> Outcome {
    let module = request.text("module")?;
    if let Some(path) = request.optional_text("path")? {
        return load_file(host, path).await;
    }
    let loaded = host.image.node.modules().await?;
    let known = loaded.into_iter().find(|known| known.name == module || known.module == module);
    match known.and_then(|known| known.source_file) {
        Some(path) => load_file(host, &path).await,
        None => Err(Failure::new(format!("No file is known for: {module}"))
            .hint("Load it from a file first, or give its path.")),
    }
}

async fn clear(host: &Host, client: &Client, request: &Request) -> Outcome {
    let session = session_of(host, client, request)?;
    host.image.open(&session).await?;
    host.image.node.clear(session.id()).await?;
    session.set_variables(Vec::new());
    Ok(ok())
}

async fn bindings(host: &Host, client: &Client, request: &Request) -> Outcome {
    let session = session_of(host, client, request)?;
    host.image.open(&session).await?;
    let bindings = host.image.node.bindings(session.id()).await?;
    Ok(Frame::new().with("bindings", shown_object(&bindings)))
}

/// Names the connection's session: makes one of this name or goes on with it. Without a name it tells which it is.
async fn session(host: &Host, client: &Client, request: &Request) -> Outcome {
    let Some(name) = request.optional_text("name")? else {
        return Ok(Frame::new().with("value", client.session().id()));
    };
    if name.is_empty() || name.len() > 128 {
        return Err(Failure::new("A session's name has 1 to 128 characters"));
    }
    let (session, resumed) = host.router().sessions.named(name)?;
    session.make_lasting();
    let before = client.replace_session(session);
    if !before.is_lasting() && before.id() != name {
        host.end_session(&before).await;
    }
    Ok(Frame::new().with("value", name).with("resumed", resumed))
}

fn sessions(host: &Host) -> Frame {
    let ids: Vec<_> = host.router().sessions.ids().iter().map(|id| json!({"id": id})).collect();
    Frame::new().with("sessions", ids)
}

fn clone(host: &Host) -> Outcome {
    let session = host.router().sessions.create()?;
    session.make_lasting();
    Ok(Frame::new().with("value", session.id()))
}

async fn close(host: &Host, client: &Client, request: &Request) -> Outcome {
    let session = match request.session() {
        None => client.session(),
        Some(id) => {
            host.router().sessions.find(id).ok_or_else(|| Failure::new(format!("Unknown session: {id}")))?
        }
    };
    end(host, client, &session).await?;
    Ok(ok())
}

/// Ends a session. A connection is never without one.
async fn end(host: &Host, client: &Client, session: &Arc<Session>) -> Result<(), Failure> {
    host.end_session(session).await;
    if Arc::ptr_eq(session, &client.session()) {
        client.replace_session(host.router().sessions.create()?);
    }
    Ok(())
}

async fn actors(host: &Host) -> Outcome {
    let rows: Vec<_> = host
        .image
        .node
        .actors()
        .await?
        .into_iter()
        .map(|actor| {
            json!({
                "pid": actor.pid,
                "class": actor.class,
                "module": actor.module,
                "spawned_at": actor.spawned_at,
            })
        })
        .collect();
    Ok(Frame::new().with("actors", rows))
}

async fn inspect(host: &Host, request: &Request) -> Outcome {
    let fields = host.image.node.inspect(request.text("actor")?).await?;
    Ok(Frame::new().with("state", shown_object(&fields)))
}

async fn kill(host: &Host, request: &Request) -> Outcome {
    let pid = match request.optional_text("actor")? {
        Some(pid) => pid,
        None => request.text("pid")?,
    };
    host.image.node.kill(pid).await?;
    Ok(ok())
}

async fn modules(host: &Host) -> Outcome {
    let now = now();
    let rows: Vec<_> = host
        .image
        .node
        .modules()
        .await?
        .into_iter()
        .map(|module| {
            json!({
                "name": module.name,
                "source_file": module.source_file.unwrap_or_else(|| "repl".into()),
                "actor_count": module.actor_count,
                "load_time": module.load_time,
                "time_ago": time_ago(now.saturating_sub(module.load_time)),
            })
        })
        .collect();
    Ok(Frame::new().with("modules", rows))
}

fn subscribe(host: &Host, client: &Client, request: &Request) -> Outcome {
    let channels = match request.optional_text("channel")? {
        None => CHANNELS.iter().copied().collect(),
        Some(wanted) => CHANNELS
            .iter()
            .copied()
            .filter(|channel| *channel == wanted)
            .collect::<std::collections::BTreeSet<_>>(),
    };
    if channels.is_empty() {
        return Err(Failure::new("Unknown channel").hint(format!("There are: {}", CHANNELS.join(", "))));
    }
    host.router().subscribe(client.number(), client.outbox().clone(), channels);
    Ok(ok())
}

fn describe() -> Frame {
    let operations: Map<String, Value> = OPERATIONS
        .iter()
        .map(|(name, params, optional)| ((*name).to_owned(), json!({"params": params, "optional": optional})))
        .collect();
    let versions = json!({"protocol": PROTOCOL_VERSION, "beamtalk": env!("CARGO_PKG_VERSION")});
    Frame::new().with("ops", operations).with("versions", versions)
}

/// Who serves here. A workspace that stops is no workspace to attach to.
fn health(host: &Host) -> Outcome {
    if host.is_closing() {
        return Err(Failure::new("The workspace is stopping"));
    }
    let node = match host.image.node.status() {
        Status::Starting => "starting",
        Status::Up => "up",
        Status::Failed(_) => "failed",
        Status::Stopped => "stopped",
    };
    let who = Frame::new().with("workspace_id", host.id().as_str()).with("nonce", host.nonce());
    Ok(who.with("node", node))
}

fn shutdown(host: &Host, request: &Request) -> Outcome {
    match request.optional_text("cookie")? {
        Some(cookie) if host.cookie().admits(cookie) => {
            host.begin_shutdown();
            Ok(ok())
        }
        _ => Err(Failure::new("Invalid shutdown cookie")),
    }
}

/// The session that a request names, made if there is none of the name; else the connection's own.
pub(crate) fn session_of(host: &Host, client: &Client, request: &Request) -> Result<Arc<Session>, Failure> {
    match request.session() {
        Some(name) => host.router().sessions.named(name).map(|(session, _)| session),
        None => Ok(client.session()),
    }
}

fn existing_session(host: &Host, client: &Client, request: &Request) -> Option<Arc<Session>> {
    match request.session() {
        Some(name) => host.router().sessions.find(name),
        None => Some(client.session()),
    }
}

fn known_variables(host: &Host, client: &Client, request: &Request) -> Vec<String> {
    let session = existing_session(host, client, request);
    let variables = session.and_then(|session| session.variables()).unwrap_or_default();
    variables.into_iter().map(|(name, _)| name).chain(host.image.router.globals()).collect()
}

fn shown_object(pairs: &[(String, Display)]) -> Map<String, Value> {
    pairs.iter().map(|(name, value)| (name.clone(), display::to_json(value))).collect()
}

fn ok() -> Frame {
    Frame::new().with("value", "ok")
}

/// How long ago, in words.
fn time_ago(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds}s ago"),
        60..3600 => format!("{}m ago", seconds / 60),
        3600..86400 => format!("{}h ago", seconds / 3600),
        _ => format!("{}d ago", seconds / 86400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_in_the_largest_unit() {
        let told = [5, 59, 60, 7200, 200_000].map(time_ago);
        assert_eq!(told, ["5s ago", "59s ago", "1m ago", "2h ago", "2d ago"]);
    }
}
