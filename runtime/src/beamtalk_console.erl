%%% Standard input and output of the running program. A device that is gone is silent.
-module(beamtalk_console).

-export([print/1, print_line/1, error/1, error_line/1, read_line/0, read_line/1]).

-compile({no_auto_import, [error/1]}).

-spec print(term()) -> nil.
print(Value) ->
    write(standard_io, beamtalk_print:display_string(Value)).

-spec print_line(term()) -> nil.
print_line(Value) ->
    write(standard_io, [beamtalk_print:display_string(Value), $\n]).

-spec error(term()) -> nil.
error(Value) ->
    write_error(beamtalk_print:display_string(Value)).

-spec error_line(term()) -> nil.
error_line(Value) ->
    write_error(<<(beamtalk_print:display_string(Value))/binary, $\n>>).

%% A session's client shows it, in its place among the rest of the output.
write_error(Text) ->
    case beamtalk_session:of_leader(group_leader()) of
        {ok, Session} -> host_error(Session, Text);
        error -> write(standard_error, Text)
    end.

host_error(_, <<>>) -> nil;
host_error(Session, Text) ->
    ok = beamtalk_host:event({error_output, Session, Text}),
    nil.

write(Device, Text) ->
    try io:put_chars(Device, Text) of
        ok -> nil
    catch
        error:Reason when Reason =:= terminated; Reason =:= badarg; Reason =:= epipe; Reason =:= enoent -> nil;
        error:Reason -> failed(Reason)
    end.

-spec read_line() -> binary() | nil.
read_line() ->
    line(<<>>).

-spec read_line(term()) -> binary() | nil.
read_line(Prompt) when is_binary(Prompt) -> line(Prompt);
read_line(_) -> beamtalk_error:raise(type_error, 'Console', 'readLine:', <<"The prompt must be a String">>).

line(Prompt) ->
    case io:get_line(standard_io, Prompt) of
        eof -> nil;
        {error, Reason} when Reason =:= terminated; Reason =:= enoent -> nil;
        {error, Reason} -> failed(Reason);
        Line -> string:trim(unicode:characters_to_binary(Line), trailing, "\r\n")
    end.

-spec failed(term()) -> no_return().
failed(Reason) ->
    beamtalk_error:raise(io_error, 'Console', nil, beamtalk_error:text(Reason)).
