%%% The connection to the host: connects, receives request packets, tries again when it breaks.
%%%
%%% Whoever has something to say writes to the socket itself (`reply/2', `event/1'), so a host that reads slowly holds
%%% up writers, never this process. A bad packet closes the connection; it never ends the node.
-module(beamtalk_host).
-behaviour(gen_server).

-export([start_link/1, create/0, event/1, reply/2, call/1]).
-export([init/1, handle_call/3, handle_cast/2, handle_info/2, terminate/2]).

-export_type([from/0]).

-define(TABLE, beamtalk_host).
-define(PROTOCOL, 1).
%% Largest packet either way (docs/internals/node-protocol.md).
-define(MAX_PACKET, 268435456).
%% Packets that may arrive before the socket asks to go on.
-define(BATCH, 64).
%% Connection attempts: every 50 ms for the first two seconds, then every second.
-define(FAST_RETRY, 50).
-define(SLOW_RETRY, 1000).
-define(FAST_RETRIES, 40).
%% A listener whose queue is full is tried again later, in milliseconds.
-define(CONNECT_WAIT, 2000).
%% Longest wait for the host's answer, in milliseconds: it may have to compile a project.
-define(ANSWER_WAIT, 60000).

-record(state, {
    path :: string(),
    socket = none :: none | gen_tcp:socket(),
    attempts = 0 :: non_neg_integer(),
    %% monotonic seconds since when there is no host and no running work
    idle_since :: integer()
}).

%% Whom a reply goes to. A reply to a request of a broken connection goes nowhere.
-type from() :: {gen_tcp:socket(), pos_integer()} | {pid(), reference()}.

-spec create() -> ok.
create() ->
    ?TABLE = ets:new(?TABLE, [named_table, public, set, {read_concurrency, true}]),
    ok.

-spec start_link(string()) -> {ok, pid()} | {error, term()}.
start_link(Path) ->
    gen_server:start_link({local, ?MODULE}, ?MODULE, Path, []).

%% ---- sending -------------------------------------------------------------------------------------------------

%% Without a host an event is nobody's.
-spec event(term()) -> ok.
event(Event) ->
    case ets:whereis(?TABLE) =/= undefined andalso ets:lookup(?TABLE, socket) of
        [{_, Socket}] -> send(Socket, {event, Event});
        _ -> ok
    end.

-spec reply(from(), {ok, term()} | {error, map()}) -> ok.
reply({Pid, Ref}, Answer) when is_pid(Pid) ->
    Pid ! {Ref, Answer},
    ok;
reply({Socket, Id}, {Status, Term}) ->
    send(Socket, {reply, Id, Status, Term}).

%% Asks the host for something that only it can do.
-spec call(term()) -> {ok, term()} | {error, map()} | no_host.
call(Request) ->
    case ets:whereis(?TABLE) =/= undefined andalso ets:lookup(?TABLE, socket) of
        [{_, Socket}] ->
            Id = erlang:unique_integer([positive]),
            Alias = erlang:monitor(process, ?MODULE, [{alias, reply_demonitor}]),
            ets:insert(?TABLE, {{call, Id}, Alias}),
            send(Socket, {call, Id, Request}),
            Answer =
                receive
                    {Alias, Given} -> Given;
                    {'DOWN', Alias, process, _, _} -> no_host
                after ?ANSWER_WAIT -> no_host
                end,
            erlang:demonitor(Alias, [flush]),
            ets:delete(?TABLE, {call, Id}),
            Answer;
        _ ->
            no_host
    end.

answered(Id, Answer) ->
    case ets:lookup(?TABLE, {call, Id}) of
        [{_, Alias}] -> tell(Alias, Answer);
        [] -> ok
    end.

tell(Alias, Answer) ->
    Alias ! {Alias, Answer},
    ok.

send(Socket, Term) ->
    Packet = term_to_iovec(Term),
    case iolist_size(Packet) =< ?MAX_PACKET of
        true ->
            %% A broken connection shows as `tcp_closed' in its owner.
            _ = gen_tcp:send(Socket, Packet),
            ok;
        false ->
            too_large(Socket, Term)
    end.

too_large(Socket, {reply, Id, _, _}) ->
    Error = beamtalk_request:error_map(resource_error, <<"the answer is too large to be sent">>),
    send(Socket, {reply, Id, error, Error});
too_large(_, _) ->
    logger:warning("an event was too large to be sent").

%% ---- the connection ------------------------------------------------------------------------------------------

-spec init(string()) -> {ok, #state{}}.
init(Path) ->
    process_flag(trap_exit, true),
    beamtalk_log:install(),
    %% The words of requests are atoms of this module; `safe' decoding takes only atoms that exist.
    {module, _} = code:ensure_loaded(beamtalk_request),
    {ok, connect(#state{path = Path, idle_since = now_seconds()})}.

connect(#state{path = Path, attempts = Attempts} = State) ->
    Options = [local, binary, {packet, 4}, {packet_size, ?MAX_PACKET}, {active, ?BATCH}, {send_timeout, infinity}],
    case gen_tcp:connect({local, Path}, 0, Options, ?CONNECT_WAIT) of
        {ok, Socket} ->
            send(Socket, {hello, hello()}),
            ets:insert(?TABLE, {socket, Socket}),
            tell_globals(beamtalk_registry:globals()),
            beamtalk_announcer:follow(),
            %% Only a host that says something has taken us.
            State#state{socket = Socket, attempts = Attempts + 1};
        {error, _} ->
            retry(State)
    end.

%% Another host may have known those that are bound.
tell_globals([]) -> ok;
tell_globals(Globals) -> event({globals, [Name || {Name, _} <- Globals]}).

retry(#state{attempts = Attempts} = State) ->
    Wait = case Attempts < ?FAST_RETRIES of true -> ?FAST_RETRY; false -> ?SLOW_RETRY end,
    erlang:send_after(Wait, self(), connect),
    give_up_when_idle(State#state{attempts = Attempts + 1}).

hello() ->
    {ok, Version} = application:get_key(beamtalk, vsn),
    #{
        protocol => ?PROTOCOL,
        version => list_to_binary(Version),
        otp => list_to_binary(erlang:system_info(otp_release)),
        os_pid => list_to_integer(os:getpid())
    }.

%% A node that nobody wants any more ends by itself.
give_up_when_idle(#state{idle_since = Since} = State) ->
    case beamtalk_session:any_busy() of
        true ->
            State#state{idle_since = now_seconds()};
        false ->
            case application:get_env(beamtalk, idle) of
                {ok, Seconds} -> now_seconds() - Since >= Seconds andalso beamtalk_boot:stop();
                undefined -> ok
            end,
            State
    end.

now_seconds() ->
    erlang:monotonic_time(second).

-spec handle_call(term(), gen_server:from(), #state{}) -> {reply, ok, #state{}}.
handle_call(_, _, State) ->
    {reply, ok, State}.

-spec handle_cast(term(), #state{}) -> {noreply, #state{}}.
handle_cast(_, State) ->
    {noreply, State}.

-spec handle_info(term(), #state{}) -> {noreply, #state{}}.
handle_info({tcp, Socket, Packet}, #state{socket = Socket} = State) ->
    case decode(Packet) of
        {request, Id, Request} ->
            beamtalk_request:handle({Socket, Id}, Request),
            {noreply, State#state{attempts = 0}};
        {answer, Id, Answer} ->
            answered(Id, Answer),
            {noreply, State};
        error ->
            logger:error("a packet from the host is no request; closing the connection"),
            {noreply, disconnected(State)}
    end;
handle_info({tcp_passive, Socket}, #state{socket = Socket} = State) ->
    _ = inet:setopts(Socket, [{active, ?BATCH}]),
    {noreply, State};
handle_info({tcp_closed, Socket}, #state{socket = Socket} = State) ->
    {noreply, disconnected(State)};
handle_info({tcp_error, Socket, Reason}, #state{socket = Socket} = State) ->
    logger:warning("the connection to the host failed: ~0tp", [Reason]),
    {noreply, disconnected(State)};
handle_info(connect, #state{socket = none} = State) ->
    {noreply, connect(State)};
handle_info(_, State) ->
    {noreply, State}.

-spec terminate(term(), #state{}) -> ok.
terminate(_, #state{socket = none}) ->
    ok;
terminate(_, #state{socket = Socket}) ->
    ets:delete(?TABLE, socket),
    gen_tcp:close(Socket).

%% `safe': a packet makes no atoms and no foreign funs.
decode(Packet) ->
    try binary_to_term(Packet, [safe]) of
        {Id, Request} when is_integer(Id), Id > 0 -> {request, Id, Request};
        {answer, Id, ok, Term} -> {answer, Id, {ok, Term}};
        {answer, Id, error, Error} when is_map(Error) -> {answer, Id, {error, Error}};
        _ -> error
    catch
        error:badarg -> error
    end.

disconnected(#state{socket = Socket} = State) ->
    ets:delete(?TABLE, socket),
    beamtalk_announcer:unfollow(),
    gen_tcp:close(Socket),
    %% Whoever waits for the old host's answer waits in vain.
    lists:foreach(fun([Alias]) -> tell(Alias, no_host) end, ets:match(?TABLE, {{call, '_'}, '$1'})),
    case State#state.attempts of
        0 ->
            self() ! connect,
            State#state{socket = none, idle_since = now_seconds()};
        _ ->
            %% We were turned away, which is no reason to live longer or to hurry.
            retry(State#state{socket = none})
    end.
