%% Compiles every module of a folder into another and writes the application file.
%% Run by `erl -eval`, as one expression sequence; the folders are plain arguments.
[Sources, Out] = init:get_plain_arguments(),
Files = filelib:wildcard(filename:join(Sources, "*.erl")),
Self = self(),
Compile = fun(File) ->
    Self ! {File, compile:file(File, [{outdir, Out}, {i, Sources}, report_errors])}
end,
_ = [spawn_link(fun() -> Compile(File) end) || File <- Files],
Results = [receive {File, Result} -> Result end || File <- Files],
Modules = [Module || {ok, Module} <- Results],
case length(Modules) =:= length(Files) of
    true ->
        [AppSource] = filelib:wildcard(filename:join(Sources, "*.app.src")),
        {ok, [{application, Name, Properties}]} = file:consult(AppSource),
        Whole = {application, Name, lists:keystore(modules, 1, Properties, {modules, Modules})},
        AppFile = filename:join(Out, atom_to_list(Name) ++ ".app"),
        ok = file:write_file(AppFile, io_lib:format("~p.~n", [Whole])),
        halt(0);
    false ->
        halt(1)
end.
