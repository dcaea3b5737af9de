%%% The node's start function: `erl -noshell … -s beamtalk_boot -extra SOCKET [idle=SECONDS] [program=NAME] …'.
%%%
%%% Its arguments are the host's socket and limits, nothing secret.
-module(beamtalk_boot).

-export([start/0, start/1, stop/0]).

-spec start() -> ok.
start() ->
    case start(init:get_plain_arguments()) of
        ok ->
            ok;
        {error, Reason} ->
            io:format(standard_error, "beamtalk: the node cannot start: ~0tp~n", [Reason]),
            erlang:halt(1)
    end.

-spec start([string()]) -> ok | {error, term()}.
start([Socket | Options]) ->
    ok = load(),
    ok = application:set_env(beamtalk, socket, Socket),
    case set_options(Options) of
        ok ->
            case application:ensure_all_started(beamtalk, permanent) of
                {ok, _} -> ok;
                {error, _} = Error -> Error
            end;
        Error ->
            Error
    end;
start([]) ->
    {error, no_socket_given}.

%% Ends the node in order: actors first, so that their `terminate:' runs.
-spec stop() -> ok.
stop() ->
    _ = spawn(fun() ->
        %% An application's end takes all processes of its group leader along.
        group_leader(whereis(init), self()),
        _ = application:stop(beamtalk),
        erlang:halt(0)
    end),
    ok.

load() ->
    case application:load(beamtalk) of
        ok -> ok;
        {error, {already_loaded, beamtalk}} -> ok;
        {error, _} = Error -> Error
    end.

set_options([]) ->
    ok;
set_options([Option | Rest]) ->
    case string:split(Option, "=") of
        ["idle", Seconds] -> set_option(idle, Seconds, Rest);
        ["heap", Bytes] -> set_option(evaluator_heap, Bytes, Rest);
        ["actor_heap", Bytes] -> set_option(actor_heap, Bytes, Rest);
        ["load_wait", Ms] -> set_option(load_wait, Ms, Rest);
        ["program", Name] ->
            ok = application:set_env(beamtalk, program, Name),
            set_options(Rest);
        ["launcher", Path] ->
            ok = application:set_env(beamtalk, launcher, Path),
            set_options(Rest);
        _ -> {error, {unknown_argument, Option}}
    end.

set_option(Key, Text, Rest) ->
    case string:to_integer(Text) of
        {Number, ""} when Number > 0 ->
            ok = application:set_env(beamtalk, Key, Number),
            set_options(Rest);
        _ ->
            {error, {bad_argument, Key, Text}}
    end.
