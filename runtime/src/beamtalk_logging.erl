%%% Logging as Beamtalk code sees it: Logger's entries, and the levels, formats and debug targets of `Beamtalk'.
%%%
%%% Settings that are wrong are answered as a text that says what there is; they never raise.
-module(beamtalk_logging).

-export([log/2, log/3]).
-export([level/0, set_level/1, format/0, set_format/1]).
-export([targets/0, enable/1, disable/1, active/0, disable_all/0, info/0]).

-define(LEVELS, [emergency, alert, critical, error, warning, notice, info, debug]).
-define(FORMATS, [text, json]).

%% ---- entries -------------------------------------------------------------------------------------------------

-spec log(logger:level(), term()) -> nil.
log(Level, Message) ->
    log(Level, Message, #{}).

-spec log(logger:level(), term(), term()) -> nil.
log(Level, Message, Metadata) when is_map(Metadata), not is_map_key('$class', Metadata) ->
    {Module, Selector, Origin} = caller(),
    case logger:allow(Level, Module) of
        true ->
            Text = beamtalk_print:display_string(Message),
            %% What the macros of logger.hrl call: unlike `logger:log/4' it obeys the level of the caller's module.
            Location = #{mfa => {Module, Selector, 0}, file => "", line => 0},
            logger:macro_log(Location, Level, "~ts", [Text], maps:merge(Origin, symbol_keys(Metadata)));
        false ->
            ok
    end,
    nil;
log(_, _, _) ->
    erlang:error({badmap, nil}).

symbol_keys(Metadata) ->
    maps:from_list([{key(Key), Value} || {Key, Value} <- maps:to_list(Metadata)]).

key(Key) when is_binary(Key) -> beamtalk_string:as_atom(Key);
key(Key) -> Key.

%% The method that logs: the innermost one that is not Logger's.
caller() ->
    {current_stacktrace, Stack} = process_info(self(), current_stacktrace),
    case beamtalk_stack:innermost_method(Stack, fun(Module) -> Module =/= 'bt@stdlib@Logger' end) of
        {Package, Class, Selector} ->
            Module = binary_to_atom(<<"bt@", Package/binary, "@", (atom_to_binary(Class))/binary>>),
            {Module, Selector, #{class => Class, selector => Selector}};
        none ->
            {?MODULE, log, #{}}
    end.

%% ---- level and format ----------------------------------------------------------------------------------------

-spec level() -> logger:level() | all | none.
level() ->
    maps:get(level, logger:get_primary_config()).

-spec set_level(term()) -> nil | binary().
set_level(Level) ->
    case lists:member(Level, ?LEVELS) of
        true ->
            ok = logger:set_primary_config(level, Level),
            nil;
        false ->
            explained("Invalid log level: ", Level, ". Valid levels: ", ?LEVELS)
    end.

-spec format() -> text | json.
format() ->
    application:get_env(beamtalk, log_format, json).

-spec set_format(term()) -> nil | binary().
set_format(Format) ->
    case lists:member(Format, ?FORMATS) of
        true ->
            application:set_env(beamtalk, log_format, Format),
            nil;
        false ->
            explained("Invalid log format: ", Format, ". Valid formats: ", ?FORMATS)
    end.

explained(Before, Value, Between, Choices) ->
    Names = lists:join(", ", [atom_to_binary(Choice) || Choice <- Choices]),
    unicode:characters_to_binary([Before, beamtalk_print:display_string(Value), Between, "[", Names, "]"]).

%% ---- debug targets -------------------------------------------------------------------------------------------

-spec targets() -> [atom()].
targets() ->
    [actor, supervisor, dispatch, compiler, workspace, stdlib, hotreload, mcp, runtime, user].

-spec enable(term()) -> nil | binary().
enable(Target) ->
    change(Target, "enableDebug:", fun(Modules) ->
        ok = logger:set_module_level(Modules, debug),
        remember(lists:usort([Target | active()]))
    end).

-spec disable(term()) -> nil | binary().
disable(Target) ->
    change(Target, "disableDebug:", fun(Modules) ->
        ok = logger:unset_module_level(Modules),
        remember(lists:delete(Target, active()))
    end).

change(Target, Message, Change) ->
    case modules(Target) of
        {ok, Modules} ->
            Change(Modules),
            nil;
        unknown ->
            explained("Unknown debug target: ", Target, ". Available: ", targets());
        error ->
            Got = beamtalk_print:print_string(Target),
            unicode:characters_to_binary([Message, " expects a symbol, class, or actor, got: ", Got])
    end.

remember(Targets) ->
    application:set_env(beamtalk, debug_targets, Targets).

-spec active() -> [term()].
active() ->
    application:get_env(beamtalk, debug_targets, []).

-spec disable_all() -> nil.
disable_all() ->
    _ = [disable(Target) || Target <- active()],
    nil.

%% The modules that a target stands for.
modules({'$class', Module}) -> {ok, [Module]};
modules({'$actor', Module, _}) -> {ok, [Module]};
modules(actor) -> {ok, [beamtalk_actor, beamtalk_actor_life, beamtalk_actor_name, beamtalk_actors]};
modules(supervisor) -> {ok, [beamtalk_sup]};
modules(dispatch) -> {ok, [beamtalk_dispatch, beamtalk_ext]};
modules(compiler) -> {ok, [beamtalk_class]};
modules(workspace) -> {ok, [beamtalk_workspace, beamtalk_session, beamtalk_host]};
modules(stdlib) -> {ok, of_package(<<"stdlib">>, fun(A, B) -> A =:= B end)};
modules(hotreload) -> {ok, [beamtalk_loader, beamtalk_purge]};
modules(mcp) -> {ok, [beamtalk_request]};
modules(runtime) -> {ok, [Module || {Module, _} <- code:all_loaded(), is_runtime(Module)]};
modules(user) -> {ok, of_package(<<"stdlib">>, fun(A, B) -> A =/= B end)};
modules(Other) when is_atom(Other) -> unknown;
modules(_) -> error.

of_package(Package, Compare) ->
    [Module || Module <- beamtalk_registry:modules(), Compare(beamtalk_registry:package(Module), Package)].

is_runtime(Module) ->
    lists:prefix("beamtalk_", atom_to_list(Module)).

-spec info() -> binary().
info() ->
    Targets = lists:join(", ", [beamtalk_print:display_string(Target) || Target <- active()]),
    File = application:get_env(beamtalk, log_file, <<"kept by the workspace">>),
    unicode:characters_to_binary([
        ["Log level: ", atom_to_binary(level()), "\n"],
        ["Format: ", atom_to_binary(format()), "\n"],
        ["Log file: ", File, "\n"],
        ["Active debug targets: ", Targets]
    ]).
