%%% Supervises the sessions. A session that ends is not started again: its variables would be gone.
-module(beamtalk_session_sup).
-behaviour(supervisor).

-export([start_link/0, start_session/1]).
-export([init/1]).

-spec start_link() -> {ok, pid()} | {error, term()}.
start_link() ->
    supervisor:start_link({local, ?MODULE}, ?MODULE, []).

-spec start_session(binary()) -> {ok, pid()} | {error, term()}.
start_session(Name) ->
    case supervisor:start_child(?MODULE, [Name]) of
        {ok, Pid} when is_pid(Pid) -> {ok, Pid};
        {error, Reason} -> {error, Reason}
    end.

-spec init([]) -> {ok, {supervisor:sup_flags(), [supervisor:child_spec()]}}.
init([]) ->
    Session = #{id => session, start => {beamtalk_session, start_link, []}, restart => temporary, shutdown => 5000},
    {ok, {#{strategy => simple_one_for_one}, [Session]}}.
