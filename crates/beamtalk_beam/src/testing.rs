//! Runs assembled modules and checks `.S` texts with the Erlang installed on this machine (feature `testing`).
//!
//! Starting Erlang costs some 0.2 s, so each function takes a batch and starts it once.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

/// Erlang gives up after this many milliseconds.
const LIMIT: u32 = 120_000;

/// Loads modules (name, `.beam` bytes) in order into a fresh Erlang, evaluates an Erlang expression there and answers
/// its value as `~0tp` prints it.
///
/// # Errors
/// When Erlang cannot be started, a module does not load, the expression raises, or the machine dies.
pub fn run(modules: &[(&str, &[u8])], expression: &str) -> Result<String, String> {
    let dir = tempfile::tempdir().map_err(|error| error.to_string())?;
    let mut list = String::new();
    for (index, (name, bytes)) in modules.iter().enumerate() {
        let path = dir.path().join(format!("{index}.beam"));
        std::fs::write(&path, bytes).map_err(|error| error.to_string())?;
        let _ = writeln!(list, "{{<<{}>>, \"{index}.beam\"}}.", byte_list(name));
    }
    write(dir.path(), "modules", &list)?;
    write(dir.path(), "expression", &format!("{expression}.\n"))?;
    erlang(dir.path(), RUN)
}

/// Checks `.S` texts (name, text), as [`crate::print`] makes them: OTP's `beam_validator` must accept them as they
/// are, and `compile` with `from_asm` must make modules of them.
///
/// # Errors
/// All complaints, one a line.
pub fn validate_all(texts: &[(&str, &str)]) -> Result<(), String> {
    let dir = tempfile::tempdir().map_err(|error| error.to_string())?;
    let mut list = String::new();
    for (index, (name, text)) in texts.iter().enumerate() {
        write(dir.path(), &format!("{index}.S"), text)?;
        let _ = writeln!(list, "{{<<{}>>, \"{index}.S\"}}.", byte_list(name));
    }
    write(dir.path(), "modules", &list)?;
    let complaints = erlang(dir.path(), VALIDATE)?;
    if complaints.is_empty() { Ok(()) } else { Err(complaints) }
}

/// A name as the elements of an Erlang binary, whatever it holds.
fn byte_list(name: &str) -> String {
    name.bytes().map(|byte| byte.to_string()).collect::<Vec<_>>().join(",")
}

fn write(dir: &Path, name: &str, contents: &str) -> Result<(), String> {
    std::fs::write(dir.join(name), contents).map_err(|error| error.to_string())
}

/// Runs an Erlang expression in a directory and answers what it wrote to the file `answer`.
fn erlang(dir: &Path, program: &str) -> Result<String, String> {
    let program = format!(
        "spawn(fun() -> timer:sleep({LIMIT}), io:put_chars(standard_error, \"too slow\"), halt(124) end), \
         try {program} of Answer -> file:write_file(\"answer\", unicode:characters_to_binary(Answer)), halt(0) \
         catch C:R:S -> io:format(standard_error, \"~0tp: ~0tp~n~0tp\", [C, R, S]), \
         logger_std_h:filesync(default), halt(1) end."
    );
    let args = ["-noinput", "-boot", "no_dot_erlang", "+S", "2:2", "-eval"];
    let output = Command::new("erl")
        .args(args.iter().map(OsStr::new))
        .arg(&program)
        .current_dir(dir)
        .env("ERL_CRASH_DUMP_BYTES", "0")
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("erl: {error}"))?;
    if output.status.success() {
        return std::fs::read_to_string(dir.join("answer")).map_err(|error| error.to_string());
    }
    let (errors, text) = (String::from_utf8_lossy(&output.stderr), String::from_utf8_lossy(&output.stdout));
    Err(format!("erl: {}: {errors}{text}", output.status))
}

const RUN: &str = r#"begin
    {ok, Modules} = file:consult("modules"),
    lists:foreach(fun({Name, File}) ->
        Module = binary_to_atom(Name),
        {ok, Beam} = file:read_file(File),
        case code:load_binary(Module, File, Beam) of
            {module, Module} -> ok;
            {error, Reason} -> error({not_loaded, Module, Reason})
        end
    end, Modules),
    {ok, Text} = file:read_file("expression"),
    {ok, Tokens, _} = erl_scan:string(unicode:characters_to_list(Text)),
    {ok, Expressions} = erl_parse:parse_exprs(Tokens),
    {value, Value, _} = erl_eval:exprs(Expressions, []),
    io_lib:format("~0tp", [Value])
end"#;

const VALIDATE: &str = r#"begin
    {ok, Modules} = file:consult("modules"),
    Collect = fun
        Collect([{function, Name, Arity, Entry} | Forms], Functions) ->
            {Code, Rest} = lists:splitwith(
                fun(Form) -> not (is_tuple(Form) andalso element(1, Form) =:= function) end, Forms),
            Collect(Rest, [{function, Name, Arity, Entry, Code} | Functions]);
        Collect([_ | Forms], Functions) -> Collect(Forms, Functions);
        Collect([], Functions) -> lists:reverse(Functions)
    end,
    [begin
        Complain = fun(What, Reason) -> io_lib:format("~ts: ~ts: ~0tp~n", [Name, What, Reason]) end,
        case file:consult(File) of
            {ok, Forms} ->
                Get = fun(Key) -> proplists:get_value(Key, Forms) end,
                Asm = {Get(module), Get(exports), Get(attributes), Collect(Forms, []), Get(labels)},
                try beam_validator:validate(Asm, strong) of
                    ok ->
                        case compile:noenv_file(File, [from_asm, binary, return_errors]) of
                            {ok, _, _} -> [];
                            Failure -> Complain("compile", Failure)
                        end;
                    {error, Reason} -> Complain("beam_validator", Reason)
                catch _:Reason:Stack -> Complain("beam_validator", {Reason, Stack})
                end;
            {error, Reason} -> Complain("parse", file:format_error(Reason))
        end
    end || {Name, File} <- Modules]
end"#;
