%%% Runs every test module of the runtime; the node's exit code tells the result.
-module(beamtalk_tests).

-export([run/0]).

run() ->
    Beams = filelib:wildcard(filename:join(filename:dirname(code:which(?MODULE)), "*_tests.beam")),
    Modules = [list_to_atom(filename:basename(Beam, ".beam")) || Beam <- Beams] -- [?MODULE],
    case eunit:test(Modules, []) of
        ok -> erlang:halt(0);
        error -> erlang:halt(1)
    end.
