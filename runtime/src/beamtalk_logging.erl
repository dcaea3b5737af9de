%%% Logging as Beamtalk code sees it: Logger's entries, and the levels, formats and debug targets of `Beamtalk'.
%%%
%%% Entries go to OTP's logger; where they end, the host decides, which has the log file.
-module(beamtalk_logging).

-export([log/2, log/3, metadata/1]).
-export([level/0, set_level/1, format/0, set_format/1]).
-export([targets/0, enable/1, disable/1, active/0, disable_all/0, info/0]).

-define(LEVELS, [emergency, alert, critical, error, warning, notice, info, debug]).
-define(FORMATS, [text, json]).
%% What the logger itself says of an entry. Its handlers trust these.
-define(RESERVED, [time, pid, gl, mfa, file, line, domain, report_cb, error_logger]).

%% ---- entries -------------------------------------------------------------------------------------------------

-spec log(logger:level(), term()) -> nil.
log(Level, Message) ->
    log(Level, Message, #{}).

-spec log(logger:level(), term(), term()) -> nil.
log(Level, Message, Given) when is_map(Given), not is_map_key('$class', Given) ->
    {Module, Class, Selector} = caller(),
    case is_allowed(Level, Module) of
        true ->
            Text = beamtalk_print:display_string(Message),
            Origin = #{domain => [beamtalk, user], beamtalk_class => Class, beamtalk_selector => Selector},
            %% What the macros of logger.hrl call: unlike `logger:log/4' it leaves the question of the level to the caller.
            Location = #{mfa => {Module, Selector, 0}, file => "", line => 0},
            logger:macro_log(Location, Level, "~ts", [Text], maps:merge(metadata(Given), Origin));
        false ->
            ok
    end,
    nil;
log(_, _, _) ->
    erlang:error({badmap, nil}).

%% A class that is loaded after `enableDebug: #user' is meant as well.
is_allowed(Level, Module) ->
    logger:allow(Level, Module) orelse
        (lists:member(user, active()) andalso beamtalk_registry:package(Module) =/= <<"stdlib">>).

%% A Dictionary as the logger's metadata, whose keys are atoms.
-spec metadata(map()) -> logger:metadata().
metadata(Dictionary) ->
    Entries = [{Key, Value} || {Given, Value} <- maps:to_list(Dictionary), Key <- key(Given)],
    maps:without(?RESERVED, maps:from_list(Entries)).

key(Key) when is_atom(Key) -> [Key];
key(Key) when is_binary(Key), byte_size(Key) =< 255 -> [beamtalk_string:as_atom(Key) || beamtalk_string:is_text(Key)];
key(_) -> [].

%% The method that logs: the innermost one that is not Logger's.
caller() ->
    {current_stacktrace, Stack} = process_info(self(), current_stacktrace),
    case beamtalk_stack:innermost_method(Stack, fun(Module) -> Module =/= 'bt@stdlib@Logger' end) of
        {Package, Class, Selector} ->
            {binary_to_atom(<<"bt@", Package/binary, "@", (atom_to_binary(Class))/binary>>), Class, Selector};
        none ->
            {?MODULE, nil, nil}
    end.

%% ---- level and format ----------------------------------------------------------------------------------------

-spec level() -> logger:level() | all | none.
level() ->
    maps:get(level, logger:get_primary_config()).

-spec set_level(term()) -> nil.
set_level(Level) ->
    case lists:member(Level, ?LEVELS) of
        true ->
            ok = logger:set_primary_config(level, Level),
            nil;
        false ->
            wrong('logLevel:', "Invalid log level: ", Level, ". Valid levels: ", ?LEVELS)
    end.

-spec format() -> text | json.
format() ->
    {_, Format} = log_file(),
    Format.

-spec set_format(term()) -> nil.
set_format(Format) ->
    case lists:member(Format, ?FORMATS) of
        true ->
            %% Where there is no file, the format is remembered and has no effect.
            application:set_env(beamtalk, log_format, Format),
            _ = beamtalk_host:call({log_format, Format}),
            nil;
        false ->
            wrong('logFormat:', "Invalid log format: ", Format, ". Valid formats: ", ?FORMATS)
    end.

%% The host's file, or nil, and the format of its lines.
log_file() ->
    case beamtalk_host:call(log_file) of
        {ok, {Path, Format}} -> {Path, Format};
        _ -> {nil, application:get_env(beamtalk, log_format, json)}
    end.

-spec wrong(atom(), string(), term(), string(), [atom()]) -> no_return().
wrong(Selector, Before, Value, Between, Choices) ->
    Names = lists:join(", ", [atom_to_binary(Choice) || Choice <- Choices]),
    raise(Selector, [Before, beamtalk_print:display_string(Value), Between, "[", Names, "]"]).

-spec raise(atom(), iodata()) -> no_return().
raise(Selector, Text) ->
    Message = unicode:characters_to_binary(Text),
    beamtalk_error:raise_message('bt@stdlib@RuntimeError', argument_error, Message, 'BeamtalkInterface', Selector, nil).

%% ---- debug targets -------------------------------------------------------------------------------------------

-spec targets() -> [atom()].
targets() ->
    [actor, supervisor, dispatch, compiler, workspace, stdlib, hotreload, mcp, runtime, user].

-spec enable(term()) -> nil.
enable(Target) ->
    Modules = checked(Target, 'enableDebug:'),
    ok = logger:set_module_level(Modules, debug),
    remember(lists:usort([Target | active()])).

-spec disable(term()) -> nil.
disable(Target) ->
    Modules = checked(Target, 'disableDebug:'),
    Others = lists:delete(Target, active()),
    ok = logger:unset_module_level(Modules),
    %% Targets overlap.
    [ok = logger:set_module_level(modules(Other), debug) || Other <- Others],
    remember(Others).

checked(Target, Selector) ->
    case modules(Target) of
        Modules when is_list(Modules) ->
            Modules;
        unknown ->
            wrong(Selector, "Unknown debug target: ", Target, ". Available: ", targets());
        error ->
            Got = beamtalk_display:short(Target),
            raise(Selector, [atom_to_binary(Selector), " expects a symbol, class, or actor, got: ", Got])
    end.

remember(Targets) ->
    application:set_env(beamtalk, debug_targets, Targets),
    nil.

%% What is on, in every session.
-spec active() -> [term()].
active() ->
    application:get_env(beamtalk, debug_targets, []).

-spec disable_all() -> nil.
disable_all() ->
    [ok = logger:unset_module_level(modules(Target)) || Target <- active()],
    remember([]).

%% The modules that a target stands for.
modules({'$class', Module}) -> [Module];
modules({'$actor', Module, _}) -> [Module];
modules(actor) -> [beamtalk_actor, beamtalk_actor_life, beamtalk_actor_name, beamtalk_actors, beamtalk_native];
modules(supervisor) -> [beamtalk_sup, beamtalk_supervisor, beamtalk_attached];
modules(dispatch) -> [beamtalk_dispatch, beamtalk_ext];
modules(compiler) -> [beamtalk_class];
modules(workspace) -> [beamtalk_workspace, beamtalk_session, beamtalk_host];
modules(stdlib) -> of_package(<<"stdlib">>, fun(A, B) -> A =:= B end);
modules(hotreload) -> [beamtalk_loader, beamtalk_purge];
modules(mcp) -> [beamtalk_request];
modules(runtime) -> [Module || {Module, _} <- code:all_loaded(), is_runtime(Module)];
modules(user) -> of_package(<<"stdlib">>, fun(A, B) -> A =/= B end);
modules(Other) when is_atom(Other) -> unknown;
modules(_) -> error.

of_package(Package, Compare) ->
    [Module || Module <- beamtalk_registry:modules(), Compare(beamtalk_registry:package(Module), Package)].

is_runtime(Module) ->
    lists:prefix("beamtalk_", atom_to_list(Module)).

-spec info() -> binary().
info() ->
    {Path, Format} = log_file(),
    Targets =
        case active() of
            [] -> ["  (none)"];
            Active -> [["  ", beamtalk_print:display_string(Target)] || Target <- Active]
        end,
    unicode:characters_to_binary(
        lists:join("\n", [
            ["Log level: ", atom_to_binary(level())],
            ["Format: ", atom_to_binary(Format)],
            ["Log file: ", case Path of nil -> "(none)"; _ -> Path end],
            "Active debug targets:"
            | Targets
        ])
    ).
