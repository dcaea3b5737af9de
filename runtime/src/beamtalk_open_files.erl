%%% The files that `File open:mode:' opened and nobody has closed yet.
%%%
%%% Each is owned by a process of its own, which closes it when the session or actor that wanted it ends. So a handle survives
%%% an interrupted input, and nobody waits for another's disk.
-module(beamtalk_open_files).

-export([create/0, open/3, forget/1, list/0]).

-define(TABLE, beamtalk_open_files).

%% Rows: {Device, Number, Path, Mode, Owner}; numbers tell which was opened first.
-spec create() -> ok.
create() ->
    ?TABLE = ets:new(?TABLE, [named_table, public, set]),
    ok.

%% Opens a file for the calling session or actor. Without either nobody's end closes it.
-spec open(binary(), atom(), [file:mode()]) -> {ok, pid()} | {error, term()}.
open(Path, Mode, Modes) ->
    Owner = owner(),
    Caller = self(),
    Tag = make_ref(),
    {_, Monitor} = spawn_monitor(fun() -> start(Path, Mode, Modes, Owner, {Caller, Tag}) end),
    receive
        {Tag, Answer} ->
            erlang:demonitor(Monitor, [flush]),
            Answer;
        {'DOWN', Monitor, process, _, Reason} ->
            {error, Reason}
    end.

%% To be called before the device is closed, so that it is never listed afterwards.
-spec forget(pid()) -> ok.
forget(Device) ->
    ets:delete(?TABLE, Device),
    ok.

%% An Array of `#[path, mode, owner]', the one opened first in front.
-spec list() -> map().
list() ->
    Rows = [Row || {Device, _, _, _, _} = Row <- ets:tab2list(?TABLE), is_process_alive(Device)],
    Sorted = lists:keysort(2, Rows),
    beamtalk_array:from_list([beamtalk_array:from_list([Path, Mode, Owner]) || {_, _, Path, Mode, Owner} <- Sorted]).

owner() ->
    case get(self()) of
        undefined -> session();
        _ -> self()
    end.

session() ->
    case beamtalk_session:current() of
        {ok, Session} -> Session;
        error -> nil
    end.

%% Away from the opener's group leader: what belongs to a session ends with it.
start(Path, Mode, Modes, Owner, {Caller, Tag}) ->
    group_leader(whereis(init), self()),
    case file:open(Path, Modes) of
        {ok, Device} ->
            ets:insert(?TABLE, {Device, erlang:unique_integer([monotonic]), Path, Mode, Owner}),
            _ = erlang:monitor(process, Device),
            _ = is_pid(Owner) andalso erlang:monitor(process, Owner),
            Caller ! {Tag, {ok, Device}},
            keep(Device);
        {error, _} = Error ->
            Caller ! {Tag, Error}
    end.

keep(Device) ->
    receive
        {'DOWN', _, process, _, _} ->
            forget(Device),
            file:close(Device)
    end.
