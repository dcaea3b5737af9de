%%% The process behind a Subprocess or ReactiveSubprocess: owns the launcher, keeps what was written until it is asked for
%%% or tells an actor of it, and holds the process back when neither keeps up.
%%%
%%% It never waits for anybody. However it ends, the process group ends with its port.
-module(beamtalk_subprocess_server).
-behaviour(gen_server).

-export([start_link/3]).
-export([init/1, handle_call/3, handle_cast/2, handle_info/2, terminate/2]).

%% Bytes of a channel that may wait here. Only a longer line may take more.
-define(WINDOW, 262144).
%% Bytes that may be on their way to the process; who writes more waits.
-define(UNACCEPTED, 1048576).
%% An actor that has so many messages to handle is told no more for so long (milliseconds).
-define(BUSY, 1000).
-define(BREAK, 20).
%% How long `close' and `stop' wait for the end of the process group, in milliseconds. The launcher takes up to three seconds.
-define(END_LIMIT, 4000).
%% The code of a process whose launcher was killed, by the signal that the process got then.
-define(KILLED, 137).

-record(channel, {
    lines = beamtalk_lines:new() :: beamtalk_lines:lines(),
    %% bytes that the launcher may still send
    allowed = 0 :: integer(),
    ended = false :: boolean(),
    %% whether the actor that is told has more to do than it can
    paused = false :: boolean(),
    reader = none :: none | reader()
}).

-record(state, {
    class :: atom(),
    os_pid :: pos_integer(),
    %% none when nothing is left of the process
    port :: port() | none,
    exit = nil :: nil | non_neg_integer(),
    stdout = #channel{} :: #channel{},
    stderr = #channel{} :: #channel{},
    %% who is told of lines; none before all, `nobody' after `close'
    notify = none :: none | nobody | beamtalk_actor:actor(),
    input = open :: open | closed,
    unaccepted = 0 :: integer(),
    writers = [] :: [writer()],
    closing = [] :: [gen_server:from()]
}).

-type reader() :: {gen_server:from(), Watch :: reference(), Timer :: reference() | none}.
-type writer() :: {gen_server:from(), Line :: binary(), Timer :: reference() | none}.

-spec start_link(atom(), map(), none | beamtalk_actor:actor()) -> {ok, pid()} | {error, beamtalk_error:exception()}.
start_link(Class, Given, Notify) ->
    case beamtalk_launcher:order(Given) of
        {ok, Order} ->
            case gen_server:start_link(?MODULE, {Class, Order, Notify}, []) of
                {ok, Pid} -> {ok, Pid};
                {error, {shutdown, Text}} -> {error, not_started(Class, Text)}
            end;
        {error, Kind, Hint} ->
            {error, beamtalk_error:make(Kind, Class, 'spawnWith:', Hint)}
    end.

not_started(Class, Text) ->
    beamtalk_error:make_message('bt@stdlib@RuntimeError', runtime_error, Text, Class, 'spawnWith:', nil).

-spec init({atom(), beamtalk_launcher:order(), none | beamtalk_actor:actor()}) -> {ok, #state{}} | {stop, {shutdown, binary()}}.
init({Class, Order, Notify}) ->
    %% A port that breaks must not end what was read from it.
    process_flag(trap_exit, true),
    beamtalk_memory:limit_heap(),
    case beamtalk_launcher:start(Order) of
        {ok, Port, OsPid} ->
            State = #state{class = Class, port = Port, os_pid = OsPid, notify = Notify},
            {ok, allow(stderr, allow(stdout, State))};
        {error, Text} ->
            {stop, {shutdown, Text}}
    end.

%% ---- requests ------------------------------------------------------------------------------------------------

-spec handle_call(term(), gen_server:from(), #state{}) -> {reply, term(), #state{}} | {noreply, #state{}}.
handle_call({'writeLine:', [Limit, Line], _}, From, State) -> {noreply, write(Line, Limit, From, State)};
handle_call({Selector, [Limit, Channel], _}, From, State) -> {noreply, read(Channel, Limit, Selector, From, State)};
handle_call({exitCode, [], _}, _, #state{exit = Exit} = State) -> {reply, {ok, Exit}, State};
handle_call({close, [], _}, From, State) -> {noreply, close(From, State)};
handle_call(_, _, State) -> {reply, {error, not_a_message}, State}.

-spec handle_cast(term(), #state{}) -> {noreply, #state{}}.
handle_cast({close, [], _}, State) -> {noreply, close(none, State)};
handle_cast(_, State) -> {noreply, State}.

-spec handle_info(term(), #state{}) -> {noreply, #state{}} | {stop, term(), #state{}}.
handle_info({Port, {data, Packet}}, #state{port = Port} = State) ->
    {noreply, reported(beamtalk_launcher:report(Packet), State)};
handle_info({Port, {exit_status, _}}, #state{port = Port} = State) ->
    {noreply, lost(State)};
handle_info({'EXIT', Port, _}, #state{port = Port} = State) ->
    {noreply, lost(State)};
handle_info({'EXIT', From, Reason}, State) when is_pid(From), Reason =/= normal ->
    {stop, Reason, State};
handle_info({timeout, Timer, {reader, Name}}, State) ->
    {noreply, reader_is_late(Name, Timer, State)};
handle_info({timeout, Timer, writer}, State) ->
    {noreply, writer_is_late(Timer, State)};
handle_info({'DOWN', Watch, process, _, _}, State) ->
    {noreply, lists:foldl(fun(Name, Next) -> reader_is_gone(Name, Watch, Next) end, State, [stdout, stderr])};
handle_info({continue, Name}, State) ->
    {noreply, allow(Name, set_channel(Name, (channel(Name, State))#channel{paused = false}, State))};
handle_info(end_is_late, #state{port = Port} = State) when Port =/= none ->
    {noreply, over(State)};
handle_info(_, State) ->
    {noreply, State}.

-spec terminate(term(), #state{}) -> ok.
terminate(_, #state{port = none}) ->
    ok;
terminate(_, #state{port = Port}) ->
    beamtalk_launcher:finish(Port),
    Timer = erlang:start_timer(?END_LIMIT, self(), the_end),
    ok = wait_for_end(Port, Timer),
    beamtalk_launcher:close(Port).

wait_for_end(Port, Timer) ->
    receive
        {Port, {data, Packet}} ->
            case beamtalk_launcher:report(Packet) of
                done -> ok;
                _ -> wait_for_end(Port, Timer)
            end;
        {Port, {exit_status, _}} ->
            ok;
        {'EXIT', Port, _} ->
            ok;
        {timeout, Timer, the_end} ->
            ok
    end.

%% ---- what the launcher tells -----------------------------------------------------------------------------------

reported({wrote, Name, Piece}, State) ->
    #channel{lines = Lines, allowed = Allowed} = Channel = channel(Name, State),
    Grown = Channel#channel{lines = beamtalk_lines:add(Piece, Lines), allowed = Allowed - byte_size(Piece)},
    deliver(Name, set_channel(Name, Grown, State));
reported({ended, Name}, State) ->
    Channel = channel(Name, State),
    tell_exit(deliver(Name, set_channel(Name, Channel#channel{ended = true}, State)));
reported({accepted, Bytes}, #state{unaccepted = Unaccepted} = State) ->
    write_more(State#state{unaccepted = Unaccepted - Bytes});
reported(input_closed, State) ->
    close_input(State);
reported({exited, Code}, State) ->
    tell_exit(close_input(State#state{exit = Code}));
reported(done, State) ->
    over(State).

%% The launcher was killed, and could not do what it is for.
lost(#state{os_pid = OsPid, exit = nil} = State) ->
    beamtalk_launcher:kill_group(OsPid),
    over(State#state{exit = ?KILLED});
lost(State) ->
    over(State).

%% Nothing more comes.
over(#state{port = Port, closing = Closing} = State) ->
    beamtalk_launcher:close(Port),
    [gen_server:reply(From, {ok, nil}) || From <- Closing],
    Over = close_input(State#state{port = none, closing = []}),
    tell_exit(lists:foldl(fun end_channel/2, Over, [stdout, stderr])).

end_channel(Name, State) ->
    case channel(Name, State) of
        #channel{ended = true} -> State;
        Channel -> deliver(Name, set_channel(Name, Channel#channel{ended = true}, State))
    end.

%% ---- lines -----------------------------------------------------------------------------------------------------

%% `Selector' names the message in which a second reader is refused.
read(Name, Limit, Selector, {Reader, _} = From, State) ->
    case channel(Name, State) of
        #channel{reader = none} = Channel ->
            Waiting = {From, erlang:monitor(process, Reader), timer(Limit, {reader, Name})},
            deliver(Name, set_channel(Name, Channel#channel{reader = Waiting}, State));
        _ ->
            Text = <<"another process waits for a line of the same channel">>,
            Hint = <<"One process at a time may read a channel; give each line to the others from there.">>,
            Busy = beamtalk_error:make_message('bt@stdlib@Error', busy, Text, State#state.class, Selector, Hint),
            gen_server:reply(From, {error, Busy}),
            State
    end.

%% Passes on what is there.
deliver(Name, #state{notify = none} = State) ->
    Channel = channel(Name, State),
    case Channel#channel.reader of
        none ->
            allow(Name, State);
        {From, _, _} ->
            case next(Channel) of
                {ok, Line, Rest} ->
                    gen_server:reply(From, {ok, Line}),
                    allow(Name, set_channel(Name, without_reader(Channel#channel{lines = Rest}), State));
                none when Channel#channel.ended ->
                    gen_server:reply(From, {ok, nil}),
                    set_channel(Name, without_reader(Channel), State);
                none ->
                    allow(Name, State)
            end
    end;
deliver(Name, #state{notify = Notify} = State) ->
    Channel = channel(Name, State),
    case next(Channel) of
        {ok, Line, Rest} ->
            Selector = case Name of stdout -> 'subprocessLine:from:'; stderr -> 'subprocessStderrLine:from:' end,
            tell(Notify, Selector, Line),
            deliver(Name, set_channel(Name, Channel#channel{lines = Rest}, State));
        none ->
            allow(Name, State)
    end.

next(#channel{ended = false, lines = Lines}) -> beamtalk_lines:take(Lines);
next(#channel{ended = true, lines = Lines}) -> beamtalk_lines:take_rest(Lines).

tell(nobody, _, _) ->
    ok;
tell(Actor, Selector, Value) ->
    Self = {'$actor', 'bt@stdlib@ReactiveSubprocess', self()},
    _ = beamtalk_actor:cast(Actor, Selector, [Value, Self]),
    ok.

%% After the last line of both channels, and once.
tell_exit(#state{exit = Exit, stdout = #channel{ended = true}, stderr = #channel{ended = true}} = State) when Exit =/= nil ->
    #state{notify = Notify} = State,
    Notify =:= none orelse tell(Notify, 'subprocessExit:from:', Exit),
    State#state{notify = case Notify of none -> none; _ -> nobody end};
tell_exit(State) ->
    State.

reader_is_late(Name, Timer, State) ->
    case channel(Name, State) of
        #channel{reader = {From, _, Timer}} = Channel ->
            gen_server:reply(From, {ok, late}),
            set_channel(Name, without_reader(Channel), State);
        _ ->
            State
    end.

reader_is_gone(Name, Watch, State) ->
    case channel(Name, State) of
        #channel{reader = {_, Watch, _}} = Channel -> set_channel(Name, without_reader(Channel), State);
        _ -> State
    end.

without_reader(#channel{reader = {_, Watch, Timer}} = Channel) ->
    erlang:demonitor(Watch, [flush]),
    cancel(Timer),
    Channel#channel{reader = none}.

%% ---- holding the process back ------------------------------------------------------------------------------------

%% Asks for more of a channel when there is room for it.
allow(_, #state{port = none} = State) ->
    State;
allow(Name, #state{port = Port} = State) ->
    case channel(Name, State) of
        #channel{ended = false, paused = false, allowed = Allowed} = Channel when Allowed =< ?WINDOW div 2 ->
            case room(Channel, State) of
                busy ->
                    _ = erlang:send_after(?BREAK, self(), {continue, Name}),
                    set_channel(Name, Channel#channel{paused = true}, State);
                Room when Room - Allowed >= ?WINDOW div 2 ->
                    beamtalk_launcher:allow(Port, Name, Room - Allowed),
                    set_channel(Name, Channel#channel{allowed = Room}, State);
                _ ->
                    State
            end;
        _ ->
            State
    end.

%% Who waits for a line gets it, however long it is.
room(#channel{reader = none, lines = Lines}, #state{notify = none}) -> ?WINDOW - beamtalk_lines:size(Lines);
room(_, #state{notify = none}) -> ?WINDOW;
room(_, #state{notify = Notify}) -> case is_busy(Notify) of true -> busy; false -> ?WINDOW end.

is_busy({'$actor', _, Pid}) when is_pid(Pid), node(Pid) =:= node() ->
    case process_info(Pid, message_queue_len) of
        {_, Length} -> Length > ?BUSY;
        undefined -> false
    end;
is_busy({'$actor', Module, Name}) when is_atom(Name) ->
    case whereis(Name) of
        Pid when is_pid(Pid) -> is_busy({'$actor', Module, Pid});
        _ -> false
    end;
is_busy(_) ->
    false.

%% ---- standard input ----------------------------------------------------------------------------------------------

write(_, _, From, #state{input = closed} = State) ->
    refuse(From, State),
    State;
write(Line, Limit, From, #state{writers = Writers} = State) ->
    write_more(State#state{writers = Writers ++ [{From, Line, timer(Limit, writer)}]}).

write_more(#state{writers = [{From, Line, Timer} | Rest], unaccepted = Unaccepted, port = Port} = State) when
    Unaccepted < ?UNACCEPTED
->
    beamtalk_launcher:write(Port, [Line, $\n]),
    cancel(Timer),
    gen_server:reply(From, {ok, nil}),
    write_more(State#state{writers = Rest, unaccepted = Unaccepted + byte_size(Line) + 1});
write_more(State) ->
    State.

writer_is_late(Timer, #state{writers = Writers} = State) ->
    case lists:keytake(Timer, 3, Writers) of
        {value, {From, _, _}, Rest} ->
            gen_server:reply(From, {ok, late}),
            State#state{writers = Rest};
        false ->
            State
    end.

close_input(#state{writers = Writers} = State) ->
    [
        begin
            cancel(Timer),
            refuse(From, State)
        end
     || {From, _, Timer} <- Writers
    ],
    State#state{input = closed, writers = []}.

refuse(From, #state{class = Class}) ->
    Hint = <<"The process has ended, was closed, or reads its standard input no more.">>,
    gen_server:reply(From, {error, beamtalk_error:make(port_closed, Class, 'writeLine:', Hint)}).

%% ---- the end -----------------------------------------------------------------------------------------------------

close(From, #state{port = none} = State) ->
    reply_closed(From),
    silent(State);
close(From, #state{port = Port, closing = Closing} = State) ->
    beamtalk_launcher:finish(Port),
    _ = erlang:send_after(?END_LIMIT, self(), end_is_late),
    Waiting = case From of none -> Closing; _ -> [From | Closing] end,
    silent(close_input(State#state{closing = Waiting})).

reply_closed(none) -> ok;
reply_closed(From) -> gen_server:reply(From, {ok, nil}).

%% Nobody is told of anything any more.
silent(#state{notify = none} = State) -> State;
silent(State) -> State#state{notify = nobody}.

%% ---- small parts -------------------------------------------------------------------------------------------------

channel(stdout, #state{stdout = Channel}) -> Channel;
channel(stderr, #state{stderr = Channel}) -> Channel.

set_channel(stdout, Channel, State) -> State#state{stdout = Channel};
set_channel(stderr, Channel, State) -> State#state{stderr = Channel}.

timer(infinity, _) -> none;
timer(Ms, Message) -> erlang:start_timer(Ms, self(), Message).

cancel(none) ->
    ok;
cancel(Timer) ->
    _ = erlang:cancel_timer(Timer),
    ok.
