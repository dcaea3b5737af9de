%%% The OTP application: creates the tables and starts the supervision tree.
-module(beamtalk_app).
-behaviour(application).

-export([start/2, stop/1]).

%% Frames that an error keeps; the VM's default of 8 can be all runtime.
-define(BACKTRACE_DEPTH, 24).

-spec start(application:start_type(), term()) -> {ok, pid()} | {error, term()}.
start(_, _) ->
    _ = erlang:system_flag(backtrace_depth, ?BACKTRACE_DEPTH),
    beamtalk_log:watch_heaps(),
    beamtalk_sup:start_link().

-spec stop(term()) -> ok.
stop(_) ->
    ok.
