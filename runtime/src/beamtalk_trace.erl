%%% What is recorded of messages to actors: counts, times, events, and the context that travels with them.
%%%
%%% Counts are taken always, by the actor itself, in a counter that it finds in its process dictionary; that is all that a
%%% message costs as long as nobody has used Tracing. From its first use on calls carry the time of their sending and the sender's
%%% context, and while events are captured their senders record those. Queries are `beamtalk_tracing'.
-module(beamtalk_trace).
-compile({inline, [mode/0, context/0]}).

-export([create/0, watch_sends/0, mode/0, begin_timing/0, enable/0, disable/0, is_enabled/0, clear/0]).
-export([count/4, failed/1, time/2, sent/4, unanswered/4]).
-export([stamp/0, captured/4, cast_context/3, lifecycle/3]).
-export([context/0, app_part/1, set_context/1, app_context/0, clear_context/0, enter/1, leave/0]).
-export([no_dead/0, ended/3]).
-export([counts/0, counts/1, cleared/0, events/0, max_events/0, set_max_events/1]).

-export_type([counter/0, context/0, stamp/0, dead/0, event/0, numbers/0]).

%% One for each selector that an actor was sent.
-type counter() :: atomics:atomics_ref().
%% Of a process: what the program has set, and the trace and span that its work belongs to.
-type context() :: {map(), Trace :: integer() | nil, Span :: integer() | nil} | undefined.
%% When a message was sent, in the unit of `os:perf_counter/0'.
-type stamp() :: integer().
%% The actors that ended last, the oldest first.
-type dead() :: queue:queue(pid()).
-type mode() :: off | timing | capturing.
-type numbers() :: #{calls | errors | total | timed | min | max := non_neg_integer()}.
-type event() :: #{atom() => term()}.

%% Process-dictionary key of a context.
-define(CONTEXT, '$beamtalk_context').
%% Keys whether sends are to be looked at, and of the mode. Their values are atoms, so that the VM need not look for old
%% ones in all processes when they change.
-define(SENDS, beamtalk_sends).
-define(MODE, beamtalk_trace_mode).
-define(STATE, beamtalk_trace_state).
%% Rows: {pid(), module(), Selector :: atom(), counter()}. Racing senders may make two rows of one selector.
-define(COUNTS, beamtalk_trace_counts).
%% Rows: {Number, event()}.
-define(EVENTS, beamtalk_trace_events).
%% So many rows are made at most, so many selectors of one actor are counted, and so many dead actors are remembered.
-define(ROWS, 65536).
-define(SELECTORS, 256).
-define(DEAD, 1000).
-define(MAX_EVENTS, 100000).
%% Longest text of an error in an event, in characters.
-define(TEXT_LIMIT, 1000).

%% Places in a counter: messages, failed ones among them, those whose time was taken, and nanoseconds of these.
-define(CALLS, 1).
-define(ERRORS, 2).
-define(TIMED, 3).
-define(TOTAL, 4).
-define(MIN, 5).
-define(MAX, 6).

%% Places in the state: the number of the last event, how many are kept, when all was cleared.
-define(LAST, 1).
-define(KEPT, 2).
-define(CLEARED, 3).

-spec create() -> ok.
create() ->
    ?COUNTS = ets:new(?COUNTS, [named_table, public, duplicate_bag, {write_concurrency, true}, {read_concurrency, true}]),
    ?EVENTS = ets:new(?EVENTS, [named_table, public, ordered_set, {write_concurrency, true}]),
    State = atomics:new(3, [{signed, true}]),
    atomics:put(State, ?KEPT, ?MAX_EVENTS),
    atomics:put(State, ?CLEARED, erlang:monotonic_time()),
    Started = atomics:new(?MAX, []),
    atomics:put(Started, ?CALLS, 1),
    persistent_term:put(?STATE, {State, Started}),
    persistent_term:put(?SENDS, plain),
    persistent_term:put(?MODE, off).

%% ---- the mode ------------------------------------------------------------------------------------------------

%% From now on senders ask whether an actor is native, and for the mode.
-spec watch_sends() -> ok.
watch_sends() ->
    persistent_term:put(?SENDS, watched).

-spec mode() -> mode().
mode() ->
    persistent_term:get(?MODE, off).

change_mode(Mode) ->
    persistent_term:put(?MODE, Mode),
    watch_sends(),
    nil.

%% Somebody uses Tracing: from now on times are taken and contexts travel.
-spec begin_timing() -> nil.
begin_timing() ->
    mode() =:= off andalso change_mode(timing),
    nil.

-spec enable() -> nil.
enable() ->
    change_mode(capturing).

-spec disable() -> nil.
disable() ->
    change_mode(timing).

-spec is_enabled() -> boolean().
is_enabled() ->
    _ = begin_timing(),
    mode() =:= capturing.

%% Forgets events and counts. Living actors go on with the counters that they have.
-spec clear() -> nil.
clear() ->
    _ = begin_timing(),
    atomics:put(state(), ?CLEARED, erlang:monotonic_time()),
    true = ets:delete_all_objects(?EVENTS),
    lists:foreach(fun clear/1, ets:tab2list(?COUNTS)),
    nil.

clear({Pid, _, _, Counter}) ->
    case is_process_alive(Pid) of
        true -> lists:foreach(fun(Place) -> atomics:put(Counter, Place, 0) end, lists:seq(?CALLS, ?MAX));
        false -> ets:delete(?COUNTS, Pid)
    end.

state() ->
    {State, _} = persistent_term:get(?STATE),
    State.

%% ---- counts --------------------------------------------------------------------------------------------------

%% The actor of this process was sent a message for the first time since it started: a counter for the selector, if there is
%% room. What the actor knows of its counters before and after.
-spec count(pid(), module(), atom(), Known) -> Known when Known :: #{atom() => counter() | none}.
count(_, _, '$state', Known) ->
    %% How the runtime itself asks an actor.
    Known;
count(_, _, _, Known) when map_size(Known) >= ?SELECTORS ->
    Known;
count(Pid, Module, Selector, Known) ->
    Counter = new_counter(Pid, Module, Selector),
    Counter =:= none orelse atomics:add(Counter, ?CALLS, 1),
    Known#{Selector => Counter}.

new_counter(Pid, Module, Selector) ->
    case ets:info(?COUNTS, size) of
        Size when is_integer(Size), Size < ?ROWS ->
            Counter = atomics:new(?MAX, []),
            true = ets:insert(?COUNTS, {Pid, Module, Selector, Counter}),
            Counter;
        _ ->
            none
    end.

%% The message just counted has failed.
-spec failed(counter() | none) -> ok.
failed(none) -> ok;
failed(Counter) -> atomics:add(Counter, ?ERRORS, 1).

%% The message just counted was sent at this time.
-spec time(counter() | none, stamp()) -> ok.
time(none, _) ->
    ok;
time(Counter, Stamp) ->
    took(Counter, elapsed(Stamp)).

took(Counter, Nanoseconds) ->
    atomics:add(Counter, ?TIMED, 1),
    atomics:add(Counter, ?TOTAL, Nanoseconds),
    case atomics:get(Counter, ?MIN) of
        Least when Least =:= 0; Nanoseconds < Least -> atomics:put(Counter, ?MIN, Nanoseconds);
        _ -> ok
    end,
    case atomics:get(Counter, ?MAX) of
        Most when Nanoseconds > Most -> atomics:put(Counter, ?MAX, Nanoseconds);
        _ -> ok
    end.

%% Another process counts: a message to a native actor, an actor that is stopped or killed.
-spec sent(pid(), module(), atom(), ok | error) -> ok.
sent(Pid, Module, Selector, Outcome) ->
    sent_counter(counter_of(Pid, Module, Selector), Outcome).

sent_counter(none, _) ->
    ok;
sent_counter(Counter, Outcome) ->
    atomics:add(Counter, ?CALLS, 1),
    case Outcome of
        ok -> ok;
        error -> failed(Counter)
    end.

%% A sender got no answer in so many milliseconds.
-spec unanswered(pid(), module(), atom(), timeout()) -> ok.
unanswered(Pid, Module, Selector, Milliseconds) ->
    Counter = counter_of(Pid, Module, Selector),
    ok = sent_counter(Counter, error),
    case Counter =/= none andalso Milliseconds > 0 of
        true -> took(Counter, Milliseconds * 1000000);
        false -> ok
    end.

%% An actor that nothing is known of and that is dead stays unknown.
counter_of(_, _, '$state') ->
    none;
counter_of(Pid, Module, Selector) when node(Pid) =:= node() ->
    case {lists:keyfind(Selector, 3, ets:lookup(?COUNTS, Pid)), is_process_alive(Pid)} of
        {{_, _, _, Counter}, _} -> Counter;
        {false, true} -> new_counter(Pid, Module, Selector);
        {false, false} -> none
    end;
counter_of(_, _, _) ->
    none.

%% ---- dead actors ---------------------------------------------------------------------------------------------

%% Rows without a living actor are those of an earlier register: nobody remembers their order.
-spec no_dead() -> dead().
no_dead() ->
    [ets:delete(?COUNTS, Pid) || {Pid, _, _, _} <- ets:tab2list(?COUNTS), not is_process_alive(Pid)],
    queue:new().

%% An actor has ended that started at that time: what is known of it stays for a while.
-spec ended(pid(), integer(), dead()) -> dead().
ended(Pid, Started, Dead) ->
    case ets:lookup(?COUNTS, Pid) of
        [] ->
            Dead;
        [{_, Module, _, _} | _] ->
            {_, Once} = persistent_term:get(?STATE),
            Started > cleared() andalso ets:insert(?COUNTS, {Pid, Module, start, Once}),
            remembered(queue:in(Pid, Dead))
    end.

remembered(Dead) ->
    case queue:len(Dead) > ?DEAD of
        true ->
            {{value, Oldest}, Rest} = queue:out(Dead),
            true = ets:delete(?COUNTS, Oldest),
            Rest;
        false ->
            Dead
    end.

%% ---- events --------------------------------------------------------------------------------------------------

%% For a call that is timed but not captured.
-spec stamp() -> stamp().
stamp() ->
    %% A third of what `erlang:monotonic_time/0' costs, and also monotonic.
    os:perf_counter().

elapsed(Stamp) ->
    max(1, erlang:convert_time_unit(os:perf_counter() - Stamp, perf_counter, nanosecond)).

%% Sends a message while events are captured: `Send' gets the time and the context to send along.
-spec captured(pid(), module(), atom(), fun((stamp(), context()) -> Value)) -> Value.
captured(Pid, Module, Selector, Send) ->
    {Event, Context} = event(Pid, Module, Selector, sync),
    Stamp = stamp(),
    try Send(Stamp, Context) of
        Value ->
            record(Event#{duration := elapsed(Stamp)}),
            Value
    catch
        error:Reason:Stack ->
            #{message := Message, kind := Kind} = beamtalk_error:from_erlang(error, Reason, Stack),
            Text = string:slice(Message, 0, ?TEXT_LIMIT),
            record(Event#{duration := elapsed(Stamp), outcome := error, error => Text, kind => Kind}),
            erlang:raise(error, Reason, Stack)
    end.

%% The context for a message that nobody waits for. It is recorded when it is sent.
-spec cast_context(pid() | atom(), module(), atom()) -> context().
cast_context(To, Module, Selector) ->
    case mode() of
        off -> undefined;
        timing -> context();
        capturing -> captured_cast(To, Module, Selector)
    end.

captured_cast(To, Module, Selector) ->
    {Event, Context} = event(To, Module, Selector, cast),
    case Event of
        #{pid := Pid} when is_pid(Pid) -> record(Event#{outcome := cast});
        _ -> ok
    end,
    Context.

%% An actor has started, or is to be stopped or killed. That it has started need not be counted: the register knows.
-spec lifecycle(start | stop | kill, pid(), module()) -> ok.
lifecycle(What, Pid, Module) when node(Pid) =:= node() ->
    case is_process_alive(Pid) of
        true ->
            What =:= start orelse sent(Pid, Module, What, ok),
            mode() =:= capturing andalso record(element(1, event(Pid, Module, What, lifecycle))),
            ok;
        false ->
            ok
    end;
lifecycle(_, _, _) ->
    ok.

%% What happens now, as a span of its own, and the context for what it causes.
event(To, Module, Selector, Mode) ->
    {App, Trace, Parent} = own_context(),
    Span = erlang:unique_integer([positive]),
    Whole = case Trace of nil -> Span; _ -> Trace end,
    Event = #{
        at => erlang:system_time(microsecond),
        pid => case is_atom(To) of true -> whereis(To); false -> To end,
        class => Module,
        selector => Selector,
        mode => Mode,
        duration => 0,
        outcome => ok,
        trace => Whole,
        span => Span,
        parent => Parent,
        app => App
    },
    {Event, {App, Whole, Span}}.

record(Event) ->
    State = state(),
    Number = atomics:add_get(State, ?LAST, 1),
    true = ets:insert(?EVENTS, {Number, Event}),
    true = ets:delete(?EVENTS, Number - atomics:get(State, ?KEPT)),
    ok.

%% The newest first.
-spec events() -> [event()].
events() ->
    _ = begin_timing(),
    [Event || {_, Event} <- lists:reverse(ets:tab2list(?EVENTS))].

-spec max_events() -> pos_integer().
max_events() ->
    _ = begin_timing(),
    atomics:get(state(), ?KEPT).

-spec set_max_events(pos_integer()) -> nil.
set_max_events(Count) ->
    _ = begin_timing(),
    State = state(),
    atomics:put(State, ?KEPT, Count),
    Oldest = atomics:get(State, ?LAST) - Count,
    _ = ets:select_delete(?EVENTS, [{{'$1', '_'}, [{'=<', '$1', Oldest}], [true]}]),
    nil.

%% ---- contexts ------------------------------------------------------------------------------------------------

%% Of the calling process, as it goes with its messages.
-spec context() -> context().
context() ->
    get(?CONTEXT).

own_context() ->
    case context() of
        undefined -> {#{}, nil, nil};
        Context -> Context
    end.

%% What the program has set of it.
-spec app_part(context()) -> map().
app_part(undefined) -> #{};
app_part({App, _, _}) -> App.

-spec app_context() -> map().
app_context() ->
    _ = begin_timing(),
    app_part(context()).

%% Adds to the context of the calling process.
-spec set_context(map()) -> nil.
set_context(Added) ->
    _ = begin_timing(),
    {App, Trace, Span} = own_context(),
    ok = unlogged(App),
    All = maps:merge(App, Added),
    put(?CONTEXT, {All, Trace, Span}),
    ok = logged(All),
    nil.

-spec clear_context() -> nil.
clear_context() ->
    _ = begin_timing(),
    {App, Trace, Span} = own_context(),
    ok = unlogged(App),
    case Trace of
        nil -> erase(?CONTEXT);
        _ -> put(?CONTEXT, {#{}, Trace, Span})
    end,
    nil.

%% A message begins that was sent in this context, which takes the place of that of the actor.
-spec enter(context()) -> ok.
enter(Context) ->
    leave(),
    case Context of
        undefined ->
            ok;
        {App, _, _} ->
            put(?CONTEXT, Context),
            logged(App)
    end.

%% It ends. The method may have changed its context.
-spec leave() -> ok.
leave() ->
    case erase(?CONTEXT) of
        undefined -> ok;
        {App, _, _} -> unlogged(App)
    end.

%% Log entries of this process get what is in the context as metadata.
logged(App) when map_size(App) =:= 0 ->
    ok;
logged(App) ->
    logger:update_process_metadata(beamtalk_logging:metadata(App)).

unlogged(App) when map_size(App) =:= 0 ->
    ok;
unlogged(App) ->
    case logger:get_process_metadata() of
        undefined ->
            ok;
        Metadata ->
            case maps:without(maps:keys(beamtalk_logging:metadata(App)), Metadata) of
                Rest when map_size(Rest) =:= 0 -> logger:unset_process_metadata();
                Rest -> logger:set_process_metadata(Rest)
            end
    end.

%% ---- what was counted ----------------------------------------------------------------------------------------

%% When all was cleared, in the VM's monotonic time.
-spec cleared() -> integer().
cleared() ->
    atomics:get(state(), ?CLEARED).

-spec counts() -> [{pid(), module(), Selector :: atom(), numbers()}].
counts() ->
    numbers(ets:tab2list(?COUNTS)).

%% Those of one actor.
-spec counts(pid()) -> [{pid(), module(), Selector :: atom(), numbers()}].
counts(Pid) ->
    numbers(ets:lookup(?COUNTS, Pid)).

numbers(Rows) ->
    _ = begin_timing(),
    [
        {Pid, Module, Selector, #{
            calls => Calls,
            errors => atomics:get(Counter, ?ERRORS),
            timed => atomics:get(Counter, ?TIMED),
            total => atomics:get(Counter, ?TOTAL),
            min => atomics:get(Counter, ?MIN),
            max => atomics:get(Counter, ?MAX)
        }}
     || {Pid, Module, Selector, Counter} <- Rows, Calls <- [atomics:get(Counter, ?CALLS)], Calls > 0
    ].
