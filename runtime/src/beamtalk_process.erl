%%% Process identifiers: questions that have no BIF for pids of other nodes.
-module(beamtalk_process).

-export([is_alive/1]).

-spec is_alive(pid()) -> boolean().
is_alive(Pid) when node(Pid) =:= node() ->
    erlang:is_process_alive(Pid);
is_alive(Pid) ->
    erpc:call(node(Pid), erlang, is_process_alive, [Pid]).
