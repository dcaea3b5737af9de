%%% The program that runs in this node, and its end before its time.
%%%
%%% Ending a program ends the session that evaluates it; the status goes to the session's client. A node that was started for
%%% one program (start argument `program', which names it) may be ended too: whoever started it ends it with the program.
-module(beamtalk_program).

-export([command_name/0, exit/0, exit/1, halt/0, halt/1]).

%% No auto-import clashes: these are the messages' names.
-compile({no_auto_import, [exit/1, halt/0, halt/1]}).

-spec command_name() -> binary().
command_name() ->
    unicode:characters_to_binary(application:get_env(beamtalk, program, "beamtalk")).

-spec exit() -> nil.
exit() ->
    exit(0).

-spec exit(term()) -> nil.
exit(Status) ->
    ok = check(Status, 'Program', 'exit:'),
    case beamtalk_session:current() of
        {ok, Session} -> leave(Session, Status);
        error -> without_session(Status)
    end.

-spec halt() -> nil.
halt() ->
    halt(0).

-spec halt(term()) -> nil.
halt(Status) ->
    ok = check(Status, 'System', 'halt:'),
    case application:get_env(beamtalk, program) of
        {ok, _} -> exit(Status);
        undefined -> unsupported('System', 'halt:', <<"Others use this node too: `Program exit:` ends your session only.">>)
    end.

check(Status, _, _) when is_integer(Status), Status >= 0, Status =< 255 ->
    ok;
check(Status, ClassName, Selector) when is_integer(Status) ->
    beamtalk_error:raise(invalid_argument, ClassName, Selector, <<"Exit status must be in the POSIX range 0..255">>);
check(_, ClassName, Selector) ->
    beamtalk_error:raise(type_error, ClassName, Selector, <<"Exit status must be an Integer">>).

%% The process that evaluates does not come back from it. Others of a program that is over have nothing left to do.
leave(Session, Status) ->
    ok = beamtalk_session:leave(Session, Status),
    case application:get_env(beamtalk, program) of
        {ok, _} -> timer:sleep(infinity);
        undefined -> nil
    end.

%% A process that outlived the session which started it.
without_session(Status) ->
    case {application:get_env(beamtalk, program), beamtalk_session:busy()} of
        {{ok, _}, [Session | _]} -> leave(Session, Status);
        _ -> unsupported('Program', 'exit:', <<"Only what a session evaluates can end it.">>)
    end.

-spec unsupported(atom(), atom(), binary()) -> no_return().
unsupported(ClassName, Selector, Hint) ->
    beamtalk_error:raise(unsupported, ClassName, Selector, Hint).
