%%% Handles of open files. A handle is the file's server process (kernel, file_io_server), so any process of the node may use it.
-module(beamtalk_file_handle).

-export([open/2, scoped/2, scoped/3]).
-export([lines/1, read/2, read_all/1, write/2, write_line/2, position/1, seek/2, flush/1, sync/1, close/1, is_open/1]).

-include_lib("kernel/include/file.hrl").

-type handle() :: #{'$class' := module(), device := pid(), mode := mode()}.
-type mode() :: read | write | append | readWrite.

%% Bytes that one read asks for.
-define(CHUNK, 65536).
-define(MODE_HINT, <<"Mode must be #read, #write, #append, or #readWrite">>).

%% ---- opening -------------------------------------------------------------------------------------------------

-spec open(term(), term()) -> beamtalk_result:result().
open(Path, Mode) when is_atom(Mode) ->
    open(Path, Mode, 'open:mode:', fun(Name, Modes) -> beamtalk_open_files:open(Name, Mode, Modes) end);
open(_, _) ->
    type_error('File', 'open:mode:', <<"Mode must be a Symbol">>).

-spec scoped(term(), term()) -> beamtalk_result:result().
scoped(Path, Block) ->
    scoped(Path, read, Block, 'open:do:').

-spec scoped(term(), term(), term()) -> beamtalk_result:result().
scoped(Path, Mode, Block) when is_atom(Mode) -> scoped(Path, Mode, Block, 'open:mode:do:');
scoped(_, _, _) -> type_error('File', 'open:mode:do:', <<"Mode must be a Symbol">>).

scoped(Path, Mode, Block, Selector) when is_function(Block, 1) ->
    case open(Path, Mode, Selector, fun file:open/2) of
        #{isOk := true, okValue := Handle} ->
            try
                beamtalk_result:ok(materialized(Block(Handle)))
            after
                close(Handle)
            end;
        Failure ->
            Failure
    end;
scoped(_, _, _, Selector) ->
    type_error('File', Selector, <<"Expected a Block with 1 argument">>).

%% A stream of the handle's lines would find it closed.
materialized(#{'$class' := 'bt@stdlib@Stream'} = Stream) -> beamtalk_stream:to_list(Stream);
materialized(Value) -> Value.

open(Path, Mode, Selector, Opener) ->
    case modes(Mode) of
        error ->
            failed(beamtalk_error:make(type_error, 'File', Selector, ?MODE_HINT));
        Modes ->
            Checked = beamtalk_file:path(Path, Selector),
            case file:read_file_info(Checked) of
                {ok, #file_info{type = Type}} when Type =/= regular -> not_regular(Selector);
                _ -> open_file(Checked, Mode, Modes, Selector, Opener)
            end
    end.

open_file(Path, Mode, Modes, Selector, Opener) ->
    _ = Mode =/= read andalso filelib:ensure_dir(Path),
    case Opener(Path, [binary | Modes]) of
        {ok, Device} ->
            beamtalk_result:ok(#{'$class' => 'bt@stdlib@FileHandle', device => Device, mode => Mode});
        {error, Reason} ->
            beamtalk_file:failure(Reason, Selector, <<"Check that the file exists">>)
    end.

modes(read) -> [read];
modes(write) -> [write];
modes(append) -> [append];
modes(readWrite) -> [read, write];
modes(_) -> error.

not_regular(Selector) ->
    Hint = <<"File handles are for regular files; folders and devices have their own messages">>,
    Text = <<"FileHandle path is not a regular file">>,
    failed(beamtalk_error:make_message('bt@stdlib@Error', io_error, Text, 'File', Selector, Hint)).

failed(Exception) ->
    beamtalk_result:error(Exception).

%% ---- reading -------------------------------------------------------------------------------------------------

%% From the current position on; raises at once on a handle that cannot be read.
-spec lines(handle()) -> beamtalk_stream:stream().
lines(#{device := Device} = Handle) ->
    case readable(Handle, lines) of
        ok -> beamtalk_stream:make(fun() -> next(Device) end, <<"FileHandle.lines">>);
        {error, Exception} -> erlang:error(Exception)
    end.

next(Device) ->
    case file:read_line(Device) of
        {ok, Line} -> {beamtalk_file:line(Line), fun() -> next(Device) end};
        eof -> done;
        {error, _} -> erlang:error(closed(lines))
    end.

-spec read(handle(), term()) -> beamtalk_result:result().
read(#{device := Device} = Handle, Count) when is_integer(Count), Count >= 0 ->
    on_readable(Handle, 'read:', fun() ->
        case Count > 0 andalso file:read(Device, Count) of
            false -> {ok, <<>>};
            eof -> {ok, <<>>};
            Answer -> Answer
        end
    end);
read(_, _) ->
    type_error('FileHandle', 'read:', <<"Byte count must be a non-negative Integer">>).

-spec read_all(handle()) -> beamtalk_result:result().
read_all(#{device := Device} = Handle) ->
    on_readable(Handle, readAll, fun() -> rest(Device, []) end).

rest(Device, Done) ->
    case file:read(Device, ?CHUNK) of
        {ok, Bytes} -> rest(Device, [Done, Bytes]);
        eof -> {ok, iolist_to_binary(Done)};
        {error, _} = Error -> Error
    end.

%% ---- writing -------------------------------------------------------------------------------------------------

-spec write(handle(), term()) -> beamtalk_result:result().
write(Handle, Data) -> write(Handle, Data, <<>>, 'write:').

-spec write_line(handle(), term()) -> beamtalk_result:result().
write_line(Handle, Data) -> write(Handle, Data, <<"\n">>, 'writeLine:').

write(#{device := Device, mode := Mode} = Handle, Data, End, Selector) when is_binary(Data) ->
    case is_open(Handle) of
        false -> failed(closed(Selector));
        true when Mode =:= read -> failed(wrong_direction(<<"writing">>, <<"#write, #append or #readWrite">>, Selector));
        true -> answered(file:write(Device, [Data, End]), Selector)
    end;
write(_, _, _, Selector) ->
    type_error('FileHandle', Selector, <<"Data must be a String or Binary">>).

%% ---- position and end ----------------------------------------------------------------------------------------

-spec position(handle()) -> beamtalk_result:result().
position(#{device := Device} = Handle) ->
    on_open(Handle, position, fun() -> file:position(Device, cur) end).

-spec seek(handle(), term()) -> beamtalk_result:result().
seek(#{device := Device} = Handle, Offset) when is_integer(Offset), Offset >= 0 ->
    on_open(Handle, 'seek:', fun() -> file:position(Device, Offset) end);
seek(_, _) ->
    type_error('FileHandle', 'seek:', <<"Offset must be a non-negative Integer">>).

-spec flush(handle()) -> beamtalk_result:result().
flush(Handle) ->
    on_open(Handle, flush, fun() -> ok end).

-spec sync(handle()) -> beamtalk_result:result().
sync(#{device := Device} = Handle) ->
    on_open(Handle, sync, fun() -> file:sync(Device) end).

-spec close(handle()) -> beamtalk_result:result().
close(#{device := Device}) ->
    ok = beamtalk_open_files:forget(Device),
    Monitor = erlang:monitor(process, Device),
    _ = file:close(Device),
    %% The server answers before it ends; afterwards the handle is not open.
    receive
        {'DOWN', Monitor, process, _, _} -> beamtalk_result:ok(nil)
    end.

-spec is_open(handle()) -> boolean().
is_open(#{device := Device}) ->
    erlang:is_process_alive(Device).

%% ---- answers and errors --------------------------------------------------------------------------------------

on_readable(Handle, Selector, Operation) ->
    case readable(Handle, Selector) of
        ok -> answered(Operation(), Selector);
        {error, Exception} -> failed(Exception)
    end.

on_open(Handle, Selector, Operation) ->
    case is_open(Handle) of
        true -> answered(Operation(), Selector);
        false -> failed(closed(Selector))
    end.

answered(ok, _) -> beamtalk_result:ok(nil);
answered({ok, Value}, _) -> beamtalk_result:ok(Value);
answered({error, Reason}, Selector) when Reason =:= terminated; Reason =:= einval -> failed(closed(Selector));
answered({error, Reason}, Selector) -> beamtalk_file:failure(Reason, Selector, nil).

readable(#{mode := Mode} = Handle, Selector) ->
    case is_open(Handle) of
        false -> {error, closed(Selector)};
        true when Mode =:= write; Mode =:= append ->
            {error, wrong_direction(<<"reading">>, <<"#read or #readWrite">>, Selector)};
        true -> ok
    end.

closed(Selector) ->
    Hint = <<"The handle was already closed; reopen it with 'File open:mode:'">>,
    io_error(<<"FileHandle is closed">>, Selector, Hint).

wrong_direction(Direction, Modes, Selector) ->
    io_error(<<"FileHandle was not opened for ", Direction/binary>>, Selector, <<"Reopen it as ", Modes/binary>>).

io_error(Text, Selector, Hint) ->
    beamtalk_error:make_message('bt@stdlib@Error', io_error, Text, 'FileHandle', Selector, Hint).

-spec type_error(atom(), atom(), binary()) -> no_return().
type_error(ClassName, Selector, Hint) ->
    beamtalk_error:raise(type_error, ClassName, Selector, Hint).
