%%% Announcers: who wants to hear of which events, and telling them.
%%%
%%% Subscriptions are rows of one table, read by whoever announces. This server only writes them, and takes out those of
%%% processes that have ended. A handler runs in a process of its own, neither here nor in its subscriber's.
-module(beamtalk_announcer).
-behaviour(gen_server).

-export([create/0, start_link/0, is_heard/0, follow/0, unfollow/0]).
-export([subscribe/4, subscribe_send/4, unsubscribe/2, cancel/1, is_active/1]).
-export([announce/2, announce_and_wait/2, announce_and_wait/3, refuse_wait/2, announce_system/1]).
-export([subscriptions/1, subscribers_of/2, count/1]).
-export([init/1, handle_call/3, handle_cast/2, handle_info/2]).

%% What tells one announcer from another.
-type bus() :: reference() | atom().
%% Sorted by its last element subscriptions are in their order.
-type key() :: {bus(), module(), integer()}.
-type announcer() :: #{'$class' := module(), id := bus()}.
-type subscription() :: #{'$class' := module(), key := key() | nil}.

-record(row, {
    key :: key() | {bus() | '_', module() | '_', '_'},
    subscriber :: pid() | '_',
    %% `host' is the host's interest in what the workspace does: it hears of that by itself.
    kind :: do | doOnce | send | host | '_',
    %% A block with what it carries along, or a selector and its receiver.
    handler :: {fun(), beamtalk_frame:carried()} | {atom(), term()} | none | '_',
    %% Where the handler's output goes.
    leader :: pid() | '_'
}).

-define(TABLE, beamtalk_subscriptions).
%% The workspace's own announcer (SystemAnnouncer).
-define(SYSTEM, system).
-define(SYSTEM_CLASS, 'bt@stdlib@SystemAnnouncer').
%% A persistent term: how many subscriptions the workspace's announcer has, the host's apart. An `atomics' reference.
-define(HEARD, beamtalk_announcer_heard).
%% What the host wants to know of.
-define(FOLLOWED, [
    'bt@stdlib@ActorSpawned',
    'bt@stdlib@ActorStopped',
    'bt@stdlib@BindingChanged',
    'bt@stdlib@ClassLoaded',
    'bt@stdlib@ClassRemoved',
    'bt@stdlib@FlushCompleted'
]).
%% How long the handlers of `announceAndWait:' may take while none of them ends, in milliseconds.
-define(WAIT, 5000).
%% The longest time that the VM waits, in milliseconds.
-define(LONGEST, 16#ffffffff).

-spec create() -> ok.
create() ->
    ?TABLE = ets:new(?TABLE, [named_table, public, ordered_set, {keypos, #row.key}, {read_concurrency, true}]),
    persistent_term:put(?HEARD, atomics:new(1, [])).

-spec start_link() -> {ok, pid()}.
start_link() ->
    gen_server:start_link({local, ?MODULE}, ?MODULE, [], []).

%% ---- subscribing ---------------------------------------------------------------------------------------------

-spec subscribe(announcer(), term(), do | doOnce, term()) -> subscription().
subscribe(Self, Class, Kind, Block) ->
    Selector = case Kind of do -> 'when:do:'; doOnce -> 'when:doOnce:' end,
    Module = checked_class(Self, Class, Selector),
    case is_function(Block, 1) orelse is_function(Block, 0) of
        true -> add(Self, Module, Kind, {Block, beamtalk_frame:carry([Block])});
        false -> type_error(Self, Selector, <<"The handler must be a Block of one parameter or none">>)
    end.

-spec subscribe_send(announcer(), term(), term(), term()) -> subscription().
subscribe_send(Self, Class, Selector, Receiver) ->
    Module = checked_class(Self, Class, 'when:send:to:'),
    case is_atom(Selector) andalso beamtalk_dispatch:selector_arity(Selector) of
        1 -> add(Self, Module, send, {Selector, Receiver});
        _ -> type_error(Self, 'when:send:to:', <<"The selector must be a Symbol that takes one argument, such as #note:">>)
    end.

add(#{id := Bus}, Module, Kind, Handler) ->
    Key = {Bus, Module, erlang:unique_integer([monotonic])},
    Row = #row{key = Key, subscriber = subscriber(), kind = Kind, handler = Handler, leader = group_leader()},
    ok = gen_server:call(?MODULE, {subscribe, Row}, infinity),
    #{'$class' => 'bt@stdlib@Subscription', key => Key}.

%% What is subscribed at the prompt belongs to the session: its evaluator ends when an input is interrupted.
subscriber() ->
    case beamtalk_session:evaluated() of
        {ok, Session} -> Session;
        error -> self()
    end.

%% The host is connected. Its interest shows among the subscriptions of the workspace's announcer, as the caller's.
-spec follow() -> ok.
follow() ->
    lists:foreach(
        fun(Module) ->
            Key = {?SYSTEM, Module, erlang:unique_integer([monotonic])},
            Row = #row{key = Key, subscriber = self(), kind = host, handler = none, leader = self()},
            ok = gen_server:call(?MODULE, {subscribe, Row}, infinity)
        end,
        ?FOLLOWED
    ).

-spec unfollow() -> ok.
unfollow() ->
    remove([Row || #row{kind = host} = Row <- rows(?SYSTEM, '_')]).

%% ---- ending subscriptions ------------------------------------------------------------------------------------

%% An actor or process: what it subscribed, and what is sent to it. Anything else: what is sent to it.
-spec unsubscribe(announcer(), term()) -> nil.
unsubscribe(#{id := Bus}, #{'$class' := 'bt@stdlib@Subscription', key := {Bus, _, _}} = Subscription) ->
    cancel(Subscription);
unsubscribe(#{id := Bus}, Receiver) ->
    Pid = process(Receiver),
    remove([Row || Row <- rows(Bus, '_'), concerns(Row, Receiver, Pid)]),
    nil.

concerns(#row{kind = host}, _, _) -> false;
concerns(#row{subscriber = Pid}, _, Pid) -> true;
concerns(#row{kind = send, handler = {_, Receiver}}, Receiver, _) -> true;
concerns(#row{kind = send, handler = {_, Target}}, _, Pid) -> Pid =/= none andalso process(Target) =:= Pid;
concerns(_, _, _) -> false.

process(Pid) when is_pid(Pid) -> Pid;
process({'$actor', _, Pid}) when is_pid(Pid) -> Pid;
process({'$actor', _, Name}) ->
    case whereis(Name) of
        Pid when is_pid(Pid) -> Pid;
        _ -> none
    end;
process(_) -> none.

-spec cancel(subscription()) -> nil.
cancel(#{key := Key}) ->
    _ = take(Key),
    nil.

remove(Rows) ->
    lists:foreach(fun(#row{key = Key}) -> take(Key) end, Rows).

%% Whether the subscription was still there: of all who take it at once, one does.
take(Key) ->
    case ets:take(?TABLE, Key) of
        [#row{subscriber = Subscriber}] ->
            gen_server:cast(?MODULE, {taken, Subscriber, Key}),
            true;
        [] ->
            false
    end.

-spec is_active(subscription()) -> boolean().
is_active(#{key := Key}) ->
    case ets:lookup(?TABLE, Key) of
        [#row{subscriber = Subscriber}] -> is_alive(Subscriber);
        [] -> false
    end.

%% Of processes elsewhere this server hears when they or their nodes are gone.
is_alive(Pid) ->
    node(Pid) =/= node() orelse is_process_alive(Pid).

%% ---- announcing ----------------------------------------------------------------------------------------------

-spec announce(announcer(), term()) -> nil.
announce(#{id := Bus}, Event) ->
    lists:foreach(fun(Row) -> spawn(fun() -> handle(Row, Event, []) end) end, heard(Bus, Event)),
    nil.

%% An event of the workspace.
-spec announce_system(map()) -> nil.
announce_system(Event) ->
    announce(#{'$class' => ?SYSTEM_CLASS, id => ?SYSTEM}, Event).

%% Whether anybody listens to the workspace's announcer. Cheap enough to be asked for each actor that begins.
-spec is_heard() -> boolean().
is_heard() ->
    case persistent_term:get(?HEARD, none) of
        none -> false;
        Counter -> atomics:get(Counter, 1) > 0
    end.

-spec announce_and_wait(announcer(), term()) -> nil.
announce_and_wait(Self, Event) ->
    wait_for_handlers(Self, Event, ?WAIT).

-spec announce_and_wait(announcer(), term(), term()) -> nil.
announce_and_wait(Self, Event, Limit) ->
    wait_for_handlers(Self, Event, checked_limit(Self, Limit)).

checked_limit(_, infinity) ->
    infinity;
checked_limit(_, Ms) when is_integer(Ms), Ms >= 0, Ms =< ?LONGEST ->
    Ms;
checked_limit(Self, #{'$class' := 'bt@stdlib@Duration', millis := Ms}) ->
    checked_limit(Self, Ms);
checked_limit(Self, _) ->
    Hint = <<"Timeout must be a non-negative integer (milliseconds) or #infinity">>,
    type_error(Self, 'announceAndWait:timeout:', Hint).

%% An actor that announces waits for the handlers, which may send to it: they know of the chain of calls that waits.
wait_for_handlers(#{id := Bus}, Event, Limit) ->
    Waiting = beamtalk_actor:waiting_chain(),
    Handlers = [start_watched(Row, Event, Waiting) || Row <- heard(Bus, Event)],
    await(maps:from_list(Handlers), Limit).

start_watched(#row{key = {_, Module, _}} = Row, Event, Waiting) ->
    {Pid, Watch} = spawn_monitor(fun() -> handle(Row, Event, Waiting) end),
    {Watch, {Pid, Module}}.

%% Each handler that ends gives the others the whole time again.
await(Handlers, _) when map_size(Handlers) =:= 0 ->
    nil;
await(Handlers, Limit) ->
    receive
        {'DOWN', Watch, process, _, _} when is_map_key(Watch, Handlers) -> await(maps:remove(Watch, Handlers), Limit)
    after Limit ->
        maps:foreach(fun give_up/2, Handlers)
    end,
    nil.

give_up(Watch, {Pid, Module}) ->
    erlang:demonitor(Watch, [flush]),
    exit(Pid, kill),
    logger:error("a handler of ~ts was ended: it took too long", [beamtalk_registry:class_name(Module)]).

-spec refuse_wait(announcer(), atom()) -> no_return().
refuse_wait(#{'$class' := Module}, Selector) ->
    Text = <<"announceAndWait: is not available on SystemAnnouncer (async-only bus)">>,
    Class = beamtalk_registry:class_name(Module),
    Hint = <<"Use announce:, or an Announcer of your own.">>,
    beamtalk_error:raise_message('bt@stdlib@Error', unsupported_operation, Text, Class, Selector, Hint).

%% The subscriptions that hear the event. Those for one event only are used up by that.
heard(Bus, Event) ->
    [Row || Module <- matching(Event), Row <- rows(Bus, Module), is_due(Row)].

%% An announcement is also one of its superclasses'.
matching(Event) ->
    Module = beamtalk_registry:class_module_of(Event),
    Chain = beamtalk_registry:chain(Module),
    case lists:member('bt@stdlib@Announcement', Chain) of
        true -> Chain;
        false -> [Module]
    end.

is_due(#row{kind = host}) -> false;
is_due(#row{kind = doOnce, key = Key, subscriber = Subscriber}) -> is_alive(Subscriber) andalso take(Key);
is_due(#row{subscriber = Subscriber}) -> is_alive(Subscriber).

rows(Bus, Module) ->
    ets:select(?TABLE, [{#row{key = {Bus, Module, '_'}, _ = '_'}, [], ['$_']}]).

%% ---- handlers, in their own processes ------------------------------------------------------------------------

handle(#row{key = {_, Module, _}, leader = Leader} = Row, Event, Waiting) ->
    beamtalk_memory:limit_self(),
    is_alive(Leader) andalso group_leader(Leader, self()),
    beamtalk_actor:join_chain(Waiting),
    try
        run(Row, Event)
    catch
        Class:Reason:Stack ->
            #{message := Message} = beamtalk_error:from_erlang(Class, Reason, Stack),
            logger:error("a handler of ~ts failed: ~ts", [beamtalk_registry:class_name(Module), Message])
    end.

run(#row{kind = send, handler = {Selector, Receiver}}, Event) ->
    beamtalk_dispatch:send(Receiver, Selector, [Event]);
run(#row{handler = {Block, Carried}}, Event) ->
    _ = beamtalk_frame:install(Carried),
    beamtalk_exception:call_handler(Block, Event).

%% ---- looking -------------------------------------------------------------------------------------------------

-spec subscriptions(announcer()) -> [map()].
subscriptions(#{id := Bus} = Self) ->
    Rows = [Row || #row{subscriber = Subscriber} = Row <- rows(Bus, '_'), is_alive(Subscriber)],
    [node_of(Row, Self) || {_, Row} <- lists:sort([{Order, Row} || #row{key = {_, _, Order}} = Row <- Rows])].

-spec subscribers_of(announcer(), term()) -> [map()].
subscribers_of(#{id := Bus} = Self, Class) ->
    Module = checked_class(Self, Class, 'subscribersOf:'),
    [node_of(Row, Self) || #row{subscriber = Subscriber} = Row <- rows(Bus, Module), is_alive(Subscriber)].

-spec count(announcer()) -> non_neg_integer().
count(#{id := Bus}) ->
    length([Row || #row{subscriber = Subscriber} = Row <- rows(Bus, '_'), is_alive(Subscriber)]).

node_of(#row{key = {_, Module, _}, subscriber = Subscriber, kind = Kind}, Self) ->
    #{
        '$class' => 'bt@stdlib@SubscriptionNode',
        announcementClass =>
            case beamtalk_registry:exports(Module, '$info', 1) of true -> {'$class', Module}; false -> nil end,
        announcer => Self,
        subscriber => Subscriber,
        handlerKind => case Kind of host -> do; _ -> Kind end,
        once => Kind =:= doOnce
    }.

%% ---- errors --------------------------------------------------------------------------------------------------

checked_class(_, {'$class', Module}, _) -> Module;
checked_class(Self, _, Selector) -> type_error(Self, Selector, <<"What is subscribed to must be a class">>).

-spec type_error(announcer(), atom(), binary()) -> no_return().
type_error(#{'$class' := Module}, Selector, Hint) ->
    beamtalk_error:raise(type_error, beamtalk_registry:class_name(Module), Selector, Hint).

%% ---- the server ----------------------------------------------------------------------------------------------

%% Each subscriber has one monitor, for as long as it has subscriptions.
-type state() :: #{pid() => {Monitor :: reference(), #{key() => counted | uncounted}}}.

%% After a crash of this process the rows are still there.
-spec init([]) -> {ok, state()}.
init([]) ->
    atomics:put(persistent_term:get(?HEARD), 1, 0),
    {ok, lists:foldl(fun watched/2, #{}, ets:tab2list(?TABLE))}.

-spec handle_call({subscribe, #row{}}, gen_server:from(), state()) -> {reply, ok, state()}.
handle_call({subscribe, Row}, _, State) ->
    true = ets:insert(?TABLE, Row),
    {reply, ok, watched(Row, State)}.

-spec handle_cast({taken, pid(), key()}, state()) -> {noreply, state()}.
handle_cast({taken, Subscriber, Key}, State) ->
    case State of
        #{Subscriber := {Monitor, #{Key := Counted} = Keys}} ->
            uncount(Counted),
            {noreply, left(Subscriber, Monitor, maps:remove(Key, Keys), State)};
        #{} ->
            {noreply, State}
    end.

-spec handle_info(term(), state()) -> {noreply, state()}.
handle_info({'DOWN', _, process, Subscriber, _}, State) ->
    case maps:take(Subscriber, State) of
        {{_, Keys}, Others} ->
            maps:foreach(
                fun(Key, Counted) ->
                    ets:delete(?TABLE, Key),
                    uncount(Counted)
                end,
                Keys
            ),
            {noreply, Others};
        error ->
            {noreply, State}
    end;
handle_info(_, State) ->
    {noreply, State}.

watched(#row{key = Key, subscriber = Subscriber} = Row, State) ->
    Counted = counted(Row),
    case State of
        #{Subscriber := {Monitor, Keys}} -> State#{Subscriber := {Monitor, Keys#{Key => Counted}}};
        #{} -> State#{Subscriber => {erlang:monitor(process, Subscriber), #{Key => Counted}}}
    end.

left(Subscriber, Monitor, Keys, State) when map_size(Keys) =:= 0 ->
    erlang:demonitor(Monitor, [flush]),
    maps:remove(Subscriber, State);
left(Subscriber, Monitor, Keys, State) ->
    State#{Subscriber := {Monitor, Keys}}.

counted(#row{key = {?SYSTEM, _, _}, kind = Kind}) when Kind =/= host ->
    atomics:add(persistent_term:get(?HEARD), 1, 1),
    counted;
counted(_) ->
    uncounted.

uncount(counted) -> atomics:sub(persistent_term:get(?HEARD), 1, 1);
uncount(uncounted) -> ok.
