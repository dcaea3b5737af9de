%%% Class modules for the tests, built from Erlang text the way the compiler builds them (docs/internals/abi.md).
-module(beamtalk_fixture).

-export([start/0, stop/1, library/0, class/4, class/5, load/1, beam/2, eval_module/2, with_runtime/1]).

%% A runtime with the few library classes that the tests need.
-spec start() -> [atom()].
start() ->
    logger:set_primary_config(level, critical),
    ok = application:load(beamtalk),
    {ok, Started} = application:ensure_all_started(beamtalk),
    load(library()),
    Started.

-spec stop([atom()]) -> ok.
stop(Started) ->
    [ok = application:stop(App) || App <- lists:reverse(Started)],
    application:unload(beamtalk),
    ok.

-spec with_runtime([{string(), fun(() -> term())}]) -> term().
with_runtime(Tests) ->
    {setup, fun start/0, fun stop/1, [{Title, {timeout, 60, Test}} || {Title, Test} <- Tests]}.

-spec load([{module(), binary()}]) -> ok.
load(Beams) ->
    {ok, _} = beamtalk_loader:load([{Module, "fixture.bt", Beam} || {Module, Beam} <- Beams]),
    ok.

-spec class(module(), module() | nil, atom(), [{atom(), term()}], string()) -> {module(), binary()}.
class(Module, Super, Kind, Fields, Text) ->
    Own = [{Name, case Default of {required, _} -> Default; _ -> default end} || {Name, Default} <- Fields],
    Defaults = maps:from_list([{Name, case Default of {required, _} -> nil; _ -> Default end} || {Name, Default} <- Fields]),
    Inherited = case Super of nil -> "#{}"; _ -> io_lib:format("~p:'$fields'()", [Super]) end,
    Source = [
        Text,
        io_lib:format("\n'$fields'() -> maps:merge(~s, ~p).\n", [Inherited, Defaults]),
        io_lib:format("'$handle_undefined_function'(F, A) -> beamtalk_dispatch:undefined(~p, F, A).\n", [Module]),
        io_lib:format("'$info'(superclass) -> ~p; '$info'(kind) -> ~p; '$info'(fields) -> ~p;\n", [Super, Kind, Own]),
        io_lib:format("'$info'(methods) -> ~p; '$info'(class_methods) -> ~p;\n", [
            methods(Text, instance), methods(Text, class)
        ]),
        "'$info'(modifiers) -> []; '$info'(_) -> undefined.\n"
    ],
    {Module, beam(Module, lists:flatten(Source))}.

-spec class(module(), module() | nil, atom(), string()) -> {module(), binary()}.
class(Module, Super, Kind, Text) ->
    class(Module, Super, Kind, [], Text).

-spec beam(module(), string()) -> binary().
beam(Module, Source) ->
    Forms = [form(Tokens) || Tokens <- sentences(Source)],
    Head = [{attribute, 1, module, Module}, {attribute, 1, compile, export_all}, {attribute, 1, compile, nowarn_export_all}],
    {ok, Module, Beam} = compile:forms(Head ++ Forms, [debug_info]),
    Beam.

%% The module of an input: `Text' is the body of eval(Bindings).
-spec eval_module(module(), string()) -> binary().
eval_module(Module, Text) ->
    beam(Module, "eval(Bindings) -> _ = Bindings, " ++ Text ++ ".").

form(Tokens) ->
    {ok, Form} = erl_parse:parse_form(Tokens),
    Form.

sentences(Source) ->
    {ok, Tokens, _} = erl_scan:string(Source),
    split(Tokens, []).

split([], []) -> [];
split([{dot, _} = Dot | Rest], Taken) -> [lists:reverse([Dot | Taken]) | split(Rest, [])];
split([Token | Rest], Taken) -> split(Rest, [Token | Taken]).

methods(Text, Side) ->
    Functions = [{Name, Arity} || Tokens <- sentences(Text), {function, _, Name, Arity, _} <- [form(Tokens)]],
    lists:append([method(atom_to_list(Name), Arity, Side) || {Name, Arity} <- Functions]).

method("$" ++ _, _, _) -> [];
method("class " ++ Selector, Arity, class) -> [{list_to_atom(Selector), Arity - 1, [], 1, nil}];
method("class " ++ _, _, instance) -> [];
method(Selector, Arity, instance) -> [{list_to_atom(Selector), Arity - 1, [], 1, nil}];
method(_, _, class) -> [].

%% The part of the library's class tree that the runtime itself leans on.
-spec library() -> [{module(), binary()}].
library() ->
    [
        class('bt@stdlib@ProtoObject', nil, object,
            "'doesNotUnderstand:args:'(S, Sel, A) -> beamtalk_object:does_not_understand(S, Sel, A)."),
        class('bt@stdlib@Object', 'bt@stdlib@ProtoObject', object,
            "printString(S) -> atom_to_binary(beamtalk_registry:name_of(S)).\n"
            "displayString(S) -> beamtalk_dispatch:send(S, printString, []).\n"
            "yourself(S) -> S.\n"
            "'respondsTo:'(S, Sel) -> beamtalk_object:responds_to(S, Sel).\n"
            "'perform:withArguments:'(S, Sel, A) -> beamtalk_object:perform(S, Sel, A)."),
        class('bt@stdlib@Value', 'bt@stdlib@Object', value,
            "'class new'(C) -> beamtalk_object:new(C).\n'class new:'(C, D) -> beamtalk_object:new(C, D)."),
        class('bt@stdlib@Behaviour', 'bt@stdlib@Object', object, "name(C) -> beamtalk_class:name(C)."),
        class('bt@stdlib@Class', 'bt@stdlib@Behaviour', object, "isClass(_) -> true."),
        class('bt@stdlib@Metaclass', 'bt@stdlib@Class', object, "isMeta(_) -> true."),
        class('bt@stdlib@Actor', 'bt@stdlib@Object', actor,
            "'class spawn'(C) -> beamtalk_actor:spawn(C).\n"
            "'class spawnWith:'(C, D) -> beamtalk_actor:spawn(C, D).\n"
            "printString({_, M, P}) -> iolist_to_binary([\"Actor(\", atom_to_binary(beamtalk_registry:class_name(M)), "
            "\", \", string:trim(pid_to_list(P), both, \"<>\"), \")\"]).\n"
            "stop(S) -> beamtalk_actor:stop(S).\nkill(S) -> beamtalk_actor:kill(S).\n"
            "isAlive(S) -> beamtalk_actor:is_alive(S).\npid(S) -> beamtalk_actor:pid(S).\n"
            "monitor(S) -> beamtalk_actor:monitor(S).\n"
            "'withTimeout:'(S, T) -> beamtalk_actor:with_timeout(S, T)."),
        class('bt@stdlib@Server', 'bt@stdlib@Actor', actor, "'handleInfo:'(_, _) -> nil."),
        class('bt@stdlib@TimeoutProxy', 'bt@stdlib@Actor', actor, [{target, nil}, {timeoutMs, 5000}],
            "'doesNotUnderstand:args:'({_, _, P}, Sel, A) -> #{target := T, timeoutMs := Ms} = get(P), "
            "beamtalk_object:perform(T, Sel, A, Ms)."),
        class('bt@stdlib@TranscriptStream', 'bt@stdlib@Actor', actor,
            [{entries, nil}, {count, nil}, {subscribers, nil}, {max_buffer, 3}],
            "'show:'(S, V) -> beamtalk_transcript:show(S, V).\ncr(S) -> beamtalk_transcript:cr(S).\n"
            "recent(S) -> beamtalk_transcript:recent(S).\nclear(S) -> beamtalk_transcript:clear(S).\n"
            "subscribe(S) -> beamtalk_transcript:subscribe(S).\n"
            "unsubscribe(S) -> beamtalk_transcript:unsubscribe(S).")
    ] ++
        [class(list_to_atom("bt@stdlib@" ++ Name), list_to_atom("bt@stdlib@" ++ Super), object, "") ||
            {Name, Super} <- [
                {"Exception", "Object"}, {"Error", "Exception"}, {"RuntimeError", "Error"}, {"TypeError", "Error"},
                {"InstantiationError", "Error"}, {"BEAMError", "Error"}, {"ExitError", "BEAMError"},
                {"ThrowError", "BEAMError"}
            ]] ++
        [class(list_to_atom("bt@stdlib@" ++ Name), 'bt@stdlib@Object', value, Text) ||
            {Name, Text} <- [
                {"Integer", "printString(S) -> integer_to_binary(S)."},
                {"Float", ""}, {"Symbol", ""}, {"True", ""}, {"False", ""}, {"Block", ""}, {"Tuple", ""},
                {"UndefinedObject", ""}, {"Dictionary", ""}, {"Pid", ""}, {"Reference", ""}, {"Port", ""},
                {"String", "displayString(S) -> S."}, {"Binary", ""}, {"List", ""}
            ]].
