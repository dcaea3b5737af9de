%%% The class Subprocess, from the sender's side: opening one, and what waits for its answer in a way of its own.
%%%
%%% Who waits for a line is known to the process that has the lines (`beamtalk_subprocess_server'), which also keeps the
%%% time: so a wait that is over takes no line away from the next.
-module(beamtalk_subprocess).

-export([open/5, in_message/2, read_line/3, read_line/4, lines/2, write_line/2]).
-export([start_link/1]).

-define(CLASS, 'Subprocess').

-spec open(term(), term(), term(), term(), atom()) -> beamtalk_result:result().
open(Command, Args, Environment, Folder, Selector) ->
    Given = #{executable => Command, args => Args, env => Environment, dir => Folder},
    case beamtalk_actor:start('bt@stdlib@Subprocess', Given, none, Selector) of
        {ok, Pid} -> beamtalk_result:ok({'$actor', 'bt@stdlib@Subprocess', Pid});
        {error, Exception} -> beamtalk_result:error(in_message(Selector, Exception))
    end.

%% The error of a start, in the message that asked for it.
-spec in_message(atom(), beamtalk_error:exception()) -> beamtalk_error:exception().
in_message(Selector, #{kind := type_error, errorClass := Class, hint := Hint}) ->
    beamtalk_error:make(type_error, Class, Selector, Hint);
in_message(Selector, Exception) ->
    Exception#{selector := Selector}.

%% What is given: `executable', `args', `env' and `dir'; all but the first may be left out.
-spec start_link(map()) -> {ok, pid()} | {error, beamtalk_error:exception()}.
start_link(Given) ->
    beamtalk_subprocess_server:start_link(?CLASS, Given, none).

%% ---- reading -------------------------------------------------------------------------------------------------

%% Waits as long as the send may take.
-spec read_line(beamtalk_actor:actor(), beamtalk_launcher:channel(), atom()) -> binary() | nil.
read_line(Self, Channel, Selector) ->
    in_time(beamtalk_native:limit(), Self, Selector, [Channel]).

%% Waits so many milliseconds.
-spec read_line(beamtalk_actor:actor(), beamtalk_launcher:channel(), atom(), term()) -> binary() | nil.
read_line(Self, Channel, Selector, Ms) when is_integer(Ms), Ms > 0, Ms =< 16#ffffffff ->
    case ask(Ms, Self, Selector, [Channel]) of
        late -> nil;
        Line -> Line
    end;
read_line(_, _, Selector, _) ->
    beamtalk_error:raise(type_error, ?CLASS, Selector, <<"The time to wait must be a positive Integer (milliseconds)">>).

%% Each element waits without a limit.
-spec lines(beamtalk_actor:actor(), beamtalk_launcher:channel()) -> beamtalk_stream:stream().
lines(Self, stdout) -> beamtalk_stream:make(fun() -> next(Self, stdout, lines) end, <<"Subprocess.lines">>);
lines(Self, stderr) -> beamtalk_stream:make(fun() -> next(Self, stderr, stderrLines) end, <<"Subprocess.stderrLines">>).

next(Self, Channel, Selector) ->
    case ask(infinity, Self, Selector, [Channel]) of
        nil -> done;
        Line -> {Line, fun() -> next(Self, Channel, Selector) end}
    end.

%% ---- writing -------------------------------------------------------------------------------------------------

%% Waits only for a process that does not read what it was sent before.
-spec write_line(beamtalk_actor:actor(), term()) -> nil.
write_line(Self, Line) when is_binary(Line) ->
    in_time(beamtalk_native:limit(), Self, 'writeLine:', [Line]);
write_line({_, Module, _}, _) ->
    Class = beamtalk_registry:class_name(Module),
    beamtalk_error:raise(type_error, Class, 'writeLine:', <<"The line must be a String">>).

%% ---- asking --------------------------------------------------------------------------------------------------

in_time(Limit, Self, Selector, Args) ->
    case ask(Limit, Self, Selector, Args) of
        late -> beamtalk_native:timed_out(Self, Selector);
        Answer -> Answer
    end.

%% The server answers `late' when the time is over.
ask(Limit, Self, Selector, Args) ->
    beamtalk_native:request(Self, Selector, [Limit | Args], infinity).
