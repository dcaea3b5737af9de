%%% The root supervisor. Owns the runtime's tables, so that none is lost with a crashed server.
-module(beamtalk_sup).
-behaviour(supervisor).

-export([start_link/0]).
-export([init/1]).

-spec start_link() -> {ok, pid()} | {error, term()}.
start_link() ->
    supervisor:start_link({local, ?MODULE}, ?MODULE, []).

-spec init([]) -> {ok, {supervisor:sup_flags(), [supervisor:child_spec()]}}.
init([]) ->
    beamtalk_registry:create(),
    beamtalk_ext:create(),
    beamtalk_actors:create(),
    beamtalk_trace:create(),
    beamtalk_class_state:create(),
    beamtalk_session:create(),
    beamtalk_host:create(),
    beamtalk_open_files:create(),
    beamtalk_memory:create(),
    beamtalk_attached:create(),
    beamtalk_announcer:create(),
    Servers = [
        beamtalk_memory,
        beamtalk_announcer,
        beamtalk_actors,
        beamtalk_class_state,
        beamtalk_purge,
        beamtalk_loader,
        beamtalk_session_sup
    ],
    Host =
        case application:get_env(beamtalk, socket) of
            {ok, Path} -> [child(beamtalk_host, [Path])];
            undefined -> []
        end,
    {ok, {#{strategy => one_for_one, intensity => 10, period => 10}, [child(Server, []) || Server <- Servers] ++ Host}}.

child(Module, Args) ->
    #{id => Module, start => {Module, start_link, Args}, shutdown => 5000}.
