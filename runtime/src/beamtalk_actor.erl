%%% An actor: a `gen_server' whose callbacks are the methods of a class.
%%%
%%% Methods find its fields as the map at process-dictionary key *its pid*; when a method returns the map becomes the
%%% server's state, when it raises the map is put back and the caller gets the error. Here are spawning, sending and the
%%% slow paths of field access; `beamtalk_actor_life' has stop, kill and monitors, `beamtalk_actor_name' names.
-module(beamtalk_actor).
-behaviour(gen_server).
-compile({no_auto_import, [spawn/1, spawn/2, monitor/1, unregister/1]}).
%% What every message passes. Together it takes a tenth off the cost of a call.
-compile({inline, [
    send_to/4, is_local/1, default_timeout/1, call/5, ask/6, exchange/5,
    handle/4, enter/2, set_chain/1, end_chain/1, run/4, count/4, answer/1, write_field/3
]}).

-export([send/3, send/4, cast/3, checked_timeout/2]).
-export([get_field/2, put_field/3, fields/2]).
-export([spawn/1, spawn/2, start/4, start_link/2, start_link/3, delegate/1]).
-export([spawn_as/2, spawn_as/3, named/2, all_registered/0]).
-export([pid/1, monitor/1, on_exit/2, stop/1, kill/1, is_alive/1, with_timeout/2]).
-export([register_as/2, unregister/1, registered_name/1, is_registered/1]).
-export([caller/0, migrate/2, tidy_later/0, waiting_chain/0, join_chain/1]).
-export([init/1, handle_call/3, handle_cast/2, handle_info/2, terminate/2]).

-export_type([actor/0]).

-type actor() :: {'$actor', module(), pid() | atom()}.

-define(TIMEOUT, 5000).
%% Process-dictionary key: the actors that wait in this chain of calls, this one's caller first. Absent when nobody waits.
-define(CHAIN, '$beamtalk_chain').
%% Process-dictionary key: who sent the message being handled. Present only for the selectors that ask for it.
-define(CALLER, '$beamtalk_caller').

%% `plain' as long as no send on this node needs a closer look: no native actor was ever started and Tracing never used.
-define(SENDS, persistent_term:get(beamtalk_sends, plain)).

%% Process-dictionary key: the actor of this process, and where it counts the messages of each selector.
-define(SELF, '$beamtalk_self').

%% ---- sending -------------------------------------------------------------------------------------------------

%% A synchronous send. A process that sends to itself runs the method in place.
-spec send(actor(), atom(), [term()]) -> term().
send({'$actor', Module, Pid} = Actor, Selector, Args) when is_pid(Pid) ->
    if
        Pid =:= self() -> apply(Module, Selector, [Actor | Args]);
        true -> send_to(Pid, Actor, Selector, Args)
    end;
send(Actor, Selector, Args) ->
    send(Actor, Selector, Args, default_timeout(Actor)).

send_to(Pid, Actor, Selector, Args) ->
    case is_local(Selector) of
        false -> call(Pid, Actor, Selector, Args, default_timeout(Actor));
        true -> local_send(Actor, Selector, Args, ?TIMEOUT)
    end.

-spec send(actor(), atom(), [term()], timeout()) -> term().
send({'$actor', Module, Name} = Actor, Selector, Args, Timeout) ->
    case is_local(Selector) of
        true ->
            local_send(Actor, Selector, Args, Timeout);
        false ->
            case resolve(Actor, Selector) of
                Pid when Pid =:= self(), is_pid(Name) -> apply(Module, Selector, [Actor | Args]);
                Pid when Pid =:= self() -> apply(Module, Selector, [{'$actor', Module, Pid} | Args]);
                Pid -> call(Pid, Actor, Selector, Args, Timeout)
            end
    end.

%% A proxy's own hop has no limit: it waits for its target under the target's limit.
default_timeout({_, 'bt@stdlib@TimeoutProxy', _}) -> infinity;
default_timeout(_) -> ?TIMEOUT.

%% Messages that the sender's process answers, also for a busy or dead actor.
is_local(stop) -> true;
is_local(kill) -> true;
is_local(isAlive) -> true;
is_local(pid) -> true;
is_local(monitor) -> true;
is_local('onExit:') -> true;
is_local('registerAs:') -> true;
is_local(unregister) -> true;
is_local(registeredName) -> true;
is_local(isRegistered) -> true;
is_local(class) -> true;
is_local('isKindOf:') -> true;
is_local(isNil) -> true;
is_local(notNil) -> true;
is_local(yourself) -> true;
is_local(hash) -> true;
is_local('perform:') -> true;
is_local('perform:withArguments:') -> true;
is_local('perform:withArguments:timeout:') -> true;
is_local(printString) -> true;
is_local(displayString) -> true;
is_local(inspect) -> true;
is_local(_) -> false.

%% A class that overrides how it prints (or hashes) is asked; everybody else's answer needs no process.
local_send({_, Module, _} = Actor, Selector, Args, Timeout) ->
    case overrides(Module, Selector) of
        true -> call(resolve(Actor, Selector), Actor, Selector, Args, Timeout);
        false -> apply(answering(Module, Selector, length(Args) + 1), Selector, [Actor | Args])
    end.

%% Of an actor whose class was removed at least `Actor' itself is left.
answering(Module, Selector, Arity) ->
    case beamtalk_registry:exports(Module, Selector, Arity) orelse beamtalk_registry:exports(Module, '$info', 1) of
        true -> Module;
        false -> 'bt@stdlib@Actor'
    end.

overrides(Module, displayString) ->
    is_defined_below_actor(Module, displayString) orelse is_defined_below_actor(Module, printString);
overrides(Module, Selector) ->
    lists:member(Selector, [printString, inspect, hash]) andalso is_defined_below_actor(Module, Selector).

is_defined_below_actor(Module, Selector) ->
    definers(Module, Selector) =/= [].

%% The classes below Actor that define the method, the most special first.
definers(nil, _) ->
    [];
definers('bt@stdlib@Actor', _) ->
    [];
definers(Module, Selector) ->
    Rest = definers(beamtalk_registry:superclass(Module), Selector),
    case lists:keymember(Selector, 1, beamtalk_registry:info(Module, methods, [])) of
        true -> [Module | Rest];
        false -> Rest
    end.

call(Pid, {_, Module, _} = Actor, Selector, Args, Timeout) ->
    Sends = ?SENDS,
    case Sends =/= plain andalso beamtalk_native:is_native(Module) of
        false -> ask(Sends, Pid, Actor, Selector, Args, Timeout);
        true -> beamtalk_native:send(Actor, Selector, Args, Timeout)
    end.

ask(Sends, Pid, Actor, Selector, Args, Timeout) ->
    Chain =
        case get(self()) of
            undefined -> joined_chain(Pid, Actor, Selector);
            _ -> chain_through(Pid, Actor, Selector)
        end,
    Request =
        case beamtalk_frame:carry(Args) of
            [] -> {Selector, Args, Chain};
            Carried -> {Selector, Args, Chain, Carried}
        end,
    case Sends of
        plain -> exchange(Pid, Actor, Selector, Request, Timeout);
        _ -> traced(beamtalk_trace:mode(), Pid, Actor, Request, Timeout)
    end.

%% Once somebody uses Tracing, the time and the context go along.
traced(off, Pid, Actor, Request, Timeout) ->
    exchange(Pid, Actor, element(1, Request), Request, Timeout);
traced(Mode, Pid, Actor, {Selector, Args, Chain}, Timeout) ->
    traced(Mode, Pid, Actor, {Selector, Args, Chain, []}, Timeout);
traced(capturing, Pid, {_, Module, _} = Actor, {Selector, Args, Chain, Carried}, Timeout) when Selector =/= '$state' ->
    beamtalk_trace:captured(Pid, Module, Selector, fun(Stamp, Context) ->
        exchange(Pid, Actor, Selector, {Selector, Args, Chain, Carried, {Stamp, Context}}, Timeout)
    end);
traced(_, Pid, Actor, {Selector, Args, Chain, Carried}, Timeout) ->
    Trace = {beamtalk_trace:stamp(), beamtalk_trace:context()},
    exchange(Pid, Actor, Selector, {Selector, Args, Chain, Carried, Trace}, Timeout).

%% The request of `gen:call/4' (stdlib, gen.erl), sent here to save its layers: the target is a plain gen_server. The
%% answer takes the monitor away by itself.
exchange(Pid, Actor, Selector, Request, Timeout) ->
    Alias = erlang:monitor(process, Pid, [{alias, reply_demonitor}]),
    Pid ! {'$gen_call', {self(), [alias | Alias]}, Request},
    receive
        {[alias | Alias], {ok, Value}} ->
            Value;
        {[alias | Alias], {raise, Exception}} ->
            erlang:error(Exception);
        {[alias | Alias], {ok, Value, Copies}} ->
            _ = beamtalk_frame:install(Copies),
            Value;
        {'DOWN', Alias, process, _, Reason} ->
            unanswered(Pid, Actor, Selector, 0),
            beamtalk_actor_life:ended(Actor, Pid, Selector, Reason)
    after Timeout ->
        unanswered(Pid, Actor, Selector, Timeout),
        timed_out(Alias, Actor, Selector)
    end.

unanswered(Pid, {_, Module, _}, Selector, Milliseconds) ->
    beamtalk_trace:unanswered(Pid, Module, Selector, Milliseconds).

-spec timed_out(reference(), actor(), atom()) -> no_return().
timed_out(Alias, Actor, Selector) ->
    erlang:demonitor(Alias, [flush]),
    %% The answer may have come in the last moment; a later one is dropped by the VM.
    receive
        {[alias | Alias], _} -> ok
    after 0 -> ok
    end,
    Hint = <<"The actor did not respond within the timeout period; it may be slow, overloaded or deadlocked.">>,
    beamtalk_error:raise(timeout, class_name(Actor), Selector, Hint).

%% Of a process that is no actor nobody waits, except for a handler whose announcer does.
joined_chain(Pid, Actor, Selector) ->
    case get(?CHAIN) of
        undefined -> [];
        _ -> chain_through(Pid, Actor, Selector)
    end.

%% The actors that wait while this process does: itself, if it is one, and those that wait for it.
-spec waiting_chain() -> [pid()].
waiting_chain() ->
    Chain = case get(?CHAIN) of undefined -> []; Waiting -> Waiting end,
    case get(self()) of
        undefined -> Chain;
        _ -> [self() | Chain]
    end.

%% The calling process, which is no actor, works for these, which wait.
-spec join_chain([pid()]) -> ok.
join_chain(Chain) ->
    set_chain(Chain).

chain_through(Pid, Actor, Selector) ->
    Chain = [self() | case get(?CHAIN) of undefined -> []; Waiting -> Waiting end],
    case lists:member(Pid, Chain) of
        false ->
            Chain;
        true ->
            Hint = <<"The target actor is already in the call chain and waits for this message's answer.">>,
            beamtalk_error:raise(deadlock_detected, class_name(Actor), Selector, Hint)
    end.

%% `!': answers at once, whatever the receiver is.
-spec cast(term(), atom(), [term()]) -> nil.
cast({'$actor', Module, To} = Actor, Selector, Args) ->
    case ?SENDS =/= plain andalso beamtalk_native:is_native(Module) of
        false -> post(To, Module, Selector, Args);
        true -> beamtalk_native:cast(Actor, Selector, Args)
    end,
    nil;
cast(_, _, _) ->
    nil.

post(To, Module, Selector, Args) ->
    Request =
        case {?SENDS, beamtalk_frame:carry(Args)} of
            {plain, []} -> {Selector, Args};
            {plain, Carried} -> {Selector, Args, Carried};
            {_, Carried} -> {Selector, Args, Carried, beamtalk_trace:cast_context(To, Module, Selector)}
        end,
    case is_atom(To) andalso whereis(To) of
        false -> gen_server:cast(To, Request);
        undefined -> ok;
        Pid -> gen_server:cast(Pid, Request)
    end.

%% A timeout argument as the VM wants it: milliseconds, a Duration, or `infinity'.
-spec checked_timeout(term(), atom()) -> timeout().
checked_timeout(infinity, _) ->
    infinity;
checked_timeout(Ms, _) when is_integer(Ms), Ms >= 0, Ms =< 16#ffffffff ->
    Ms;
checked_timeout(#{'$class' := 'bt@stdlib@Duration', millis := Ms}, Selector) ->
    checked_timeout(Ms, Selector);
checked_timeout(_, Selector) ->
    Hint = <<"Timeout must be a non-negative integer (milliseconds) or #infinity">>,
    beamtalk_error:raise(type_error, 'Actor', Selector, Hint).

class_name({_, Module, _}) ->
    beamtalk_registry:class_name(Module).

resolve(Actor, Selector) ->
    beamtalk_actor_name:resolve(Actor, Selector).

%% ---- fields --------------------------------------------------------------------------------------------------

%% The slow read: the field is new to an old actor, or the block runs outside its actor.
-spec get_field(actor(), atom()) -> term().
get_field({'$actor', Module, To} = Self, Name) ->
    case get(To) of
        #{Name := Value} ->
            Value;
        #{} ->
            case beamtalk_registry:exports(Module, '$fields', 0) andalso Module:'$fields'() of
                #{Name := Default} -> Default;
                _ -> no_field(Self, Name)
            end;
        undefined ->
            case fields(Self, Name) of
                #{Name := Value} -> Value;
                #{} -> no_field(Self, Name)
            end
    end.

-spec no_field(actor(), atom()) -> no_return().
no_field(Self, Name) ->
    beamtalk_error:raise_message(
        'bt@stdlib@RuntimeError',
        key_error,
        <<"key not found: ", (atom_to_binary(Name))/binary>>,
        class_name(Self),
        nil,
        <<"The actor has no field of this name.">>
    ).

-spec put_field(actor(), atom(), Value) -> Value.
put_field(Self, Name, Value) when is_function(Value); is_list(Value); is_map(Value); is_tuple(Value) ->
    beamtalk_frame:stored({field, Name}),
    write_field(Self, Name, Value);
put_field(Self, Name, Value) ->
    write_field(Self, Name, Value).

write_field({'$actor', _, To} = Self, Name, Value) ->
    case get(To) of
        #{} = Fields when To =:= self() ->
            put(To, Fields#{Name => Value}),
            Value;
        _ ->
            %% In another process a block may have a copy of the fields, which nobody would see change.
            foreign_field(Self, Name)
    end.

-spec foreign_field(actor(), atom()) -> no_return().
foreign_field(Self, Name) ->
    Text = [<<"Cannot assign field '">>, atom_to_binary(Name), <<"' of ">>, atom_to_binary(class_name(Self))],
    beamtalk_error:raise_message(
        'bt@stdlib@RuntimeError',
        dispatch_error,
        iolist_to_binary([Text, <<" from another process">>]),
        class_name(Self),
        nil,
        <<"Send the actor a message that assigns it.">>
    ).

%% All fields, read in the actor's process.
-spec fields(actor(), atom()) -> map().
fields({'$actor', _, To} = Self, Selector) ->
    case get(To) of
        undefined -> asked_fields(Self, Selector);
        Fields -> Fields
    end.

%% An error names what was read, not how.
asked_fields(Self, Selector) ->
    try
        call(resolve(Self, Selector), Self, '$state', [], ?TIMEOUT)
    catch
        error:#{kind := Kind, selector := '$state', hint := Hint} ->
            beamtalk_error:raise(Kind, class_name(Self), Selector, Hint)
    end.

%% ---- spawning ------------------------------------------------------------------------------------------------

-spec spawn({'$class', module()}) -> actor().
spawn(Class) ->
    spawn_checked(Class, #{}, spawn).

-spec spawn({'$class', module()}, term()) -> actor().
spawn(Class, Given) when is_map(Given), not is_map_key('$class', Given) ->
    spawn_checked(Class, Given, 'spawnWith:');
spawn({'$class', Module}, _) ->
    Hint = <<"spawnWith: expects a Dictionary argument">>,
    beamtalk_error:raise(type_error, beamtalk_registry:class_name(Module), 'spawnWith:', Hint).

spawn_checked({'$class', Module}, Given, Selector) ->
    case start(Module, Given, none, Selector) of
        {ok, Pid} -> {'$actor', Module, Pid};
        {error, Exception} -> erlang:error(Exception)
    end.

%% Starts an actor, linked when the starter is an actor itself, else on its own under the workspace.
-spec start(module(), map(), none | atom(), atom()) -> {ok, pid()} | {error, beamtalk_error:exception()}.
start(Module, Given, Name, Selector) ->
    case lists:member(abstract, beamtalk_registry:info(Module, modifiers, [])) of
        true ->
            failed(Module, Selector, <<"Abstract classes cannot be instantiated. Subclass it first.">>);
        false ->
            case beamtalk_native:is_native(Module) of
                true -> native_started(beamtalk_native:start(Module, Given, Name), Module, Name, Selector);
                false -> start_own(Module, Given, Name, Selector)
            end
    end.

native_started({ok, Pid}, _, _, _) ->
    get(self()) =:= undefined orelse link(Pid),
    {ok, Pid};
native_started({error, name_taken}, Module, Name, Selector) ->
    {error, beamtalk_actor_name:taken(Name, Module, Selector)};
native_started({error, #{} = Exception}, _, _, _) ->
    {error, Exception};
native_started({error, Hint}, Module, _, Selector) ->
    failed(Module, Selector, Hint).

start_own(Module, Given, Name, Selector) ->
    Chain = case get(?CHAIN) of undefined -> []; Waiting -> Waiting end,
    case get(self()) of
        undefined ->
            start_in(start, Module, Given, [], none, Name, Selector);
        _ ->
            start_in(start_link, Module, Given, [self() | Chain], self(), Name, Selector)
    end.

start_in(How, Module, Given, Chain, Parent, Name, Selector) ->
    Init = {Module, Given, Chain, Parent, beamtalk_frame:carry(maps:values(Given))},
    Options = [{timeout, ?TIMEOUT}],
    Started =
        case Name of
            none -> gen_server:How(?MODULE, Init, Options);
            _ -> gen_server:How({local, Name}, ?MODULE, Init, Options)
        end,
    case Started of
        {ok, Pid} -> {ok, Pid};
        {error, {shutdown, {'$initialize', Hint}}} -> failed(Module, Selector, Hint);
        {error, {already_started, _}} -> {error, beamtalk_actor_name:taken(Name, Module, Selector)};
        {error, timeout} -> failed(Module, Selector, <<"timeout">>);
        {error, Reason} -> failed(Module, Selector, beamtalk_error:text(Reason))
    end.

failed(Module, Selector, Hint) ->
    {error, beamtalk_error:make(instantiation_error, beamtalk_registry:class_name(Module), Selector, Hint)}.

%% For supervisors: the child is linked to its supervisor, which asks it to end by an exit signal.
-spec start_link(module(), map()) -> {ok, pid()} | {error, term()}.
start_link(Module, Given) ->
    case beamtalk_native:is_native(Module) of
        false -> gen_server:start_link(?MODULE, {Module, Given, [], self(), []}, []);
        true -> beamtalk_native:start_link(Module, Given)
    end.

-spec start_link(atom(), module(), map()) -> {ok, pid()} | {error, term()}.
start_link(Name, Module, Given) ->
    case beamtalk_native:is_native(Module) of
        false -> gen_server:start_link({local, Name}, ?MODULE, {Module, Given, [], self(), []}, []);
        true -> beamtalk_native:start_link(Name, Module, Given)
    end.

-spec init({module(), map(), [pid()], pid() | none, beamtalk_frame:carried()}) ->
    {ok, map()} | {stop, {shutdown, {'$initialize', binary()}}}.
init({Module, Given, Chain, Parent, Carried}) ->
    Pid = self(),
    Self = {'$actor', Module, Pid},
    beamtalk_memory:limit_heap(),
    Carried =/= [] andalso beamtalk_frame:install(Carried),
    set_chain(Chain),
    beamtalk_system_event:actor_spawned(Pid, Module),
    try
        put(Pid, maps:merge(Module:'$fields'(), Given)),
        initialize(Module, Self),
        check_required(Module, get(Pid))
    of
        ok ->
            erase(?CHAIN),
            is_defined_below_actor(Module, 'terminate:') andalso process_flag(trap_exit, true),
            beamtalk_actors:register(Module, case Parent of none -> program; _ -> process end),
            beamtalk_trace:lifecycle(start, Pid, Module),
            put(?SELF, {Self, #{}}),
            {ok, get(Pid)}
    catch
        Class:Reason:Stack ->
            %% The starter gets the error as its answer, not as an exit signal.
            Parent =/= none andalso unlink(Parent),
            beamtalk_system_event:actor_stopped(Pid, Module, crashed),
            #{message := Message} = beamtalk_error:from_erlang(Class, Reason, Stack),
            {stop, {shutdown, {'$initialize', Message}}}
    end.

%% Every `initialize' below Actor, the root-most first. They are watched, as actors are as soon as they are registered.
initialize(Module, Self) ->
    case definers(Module, initialize) of
        [] ->
            ok;
        Definers ->
            beamtalk_memory:watch(self(), actor_heap),
            lists:foreach(fun(Definer) -> Definer:initialize(Self) end, lists:reverse(Definers)),
            beamtalk_memory:forget(self())
    end.

check_required(Module, Fields) ->
    lists:foreach(
        fun(Owner) ->
            [
                uninitialized(Owner, Name, Need)
             || {Name, Need} <- beamtalk_registry:info(Owner, fields, []),
                Need =:= required orelse is_tuple(Need),
                maps:get(Name, Fields, nil) =:= nil
            ]
        end,
        lists:reverse(beamtalk_registry:chain(Module))
    ).

-spec uninitialized(module(), atom(), required | {required, binary()}) -> no_return().
uninitialized(Owner, Name, Need) ->
    Class = atom_to_binary(beamtalk_registry:class_name(Owner)),
    Type = case Need of {required, Text} -> [" (:: ", Text, ")"]; _ -> [] end,
    Message = ["UninitializedStateError in ", Class, "\n", Class, " field '", atom_to_binary(Name), "'", Type],
    Whole = unicode:characters_to_binary([Message, " was not initialized"]),
    beamtalk_error:raise_message(
        'bt@stdlib@InstantiationError', uninitialized_state_error, Whole, beamtalk_registry:class_name(Owner), nil, nil
    ).

%% `self delegate' outside a class backed by a native module.
-spec delegate(actor()) -> no_return().
delegate(Self) ->
    Text = <<"delegate called on a non-native Actor">>,
    beamtalk_error:raise_message('bt@stdlib@Error', signal, Text, class_name(Self), nil, nil).

%% ---- the server ----------------------------------------------------------------------------------------------

%% The server's state is the map of fields.
-spec handle_call(tuple(), gen_server:from(), map()) -> {reply, term(), map()}.
handle_call({Selector, [], Chain}, {Caller, _}, Fields) when Selector =:= subscribe; Selector =:= unsubscribe ->
    put(?CALLER, Caller),
    Answer = handle(Selector, [], Chain, Fields),
    erase(?CALLER),
    Answer;
handle_call({Selector, Args, Chain}, _, Fields) ->
    handle(Selector, Args, Chain, Fields);
handle_call({Selector, Args, Chain, Carried}, _, Before) ->
    Kept = beamtalk_frame:install(Carried),
    {reply, Reply, After} = handle(Selector, Args, Chain, Before),
    beamtalk_frame:retain(Kept, changes(Before, After)),
    {reply, Reply, After};
handle_call({Selector, Args, Chain, Carried, {Stamp, Context}}, From, Fields) ->
    beamtalk_trace:enter(Context),
    Request = case Carried of [] -> {Selector, Args, Chain}; _ -> {Selector, Args, Chain, Carried} end,
    Answer = handle_call(Request, From, Fields),
    beamtalk_trace:leave(),
    case get(?SELF) of
        {_, #{Selector := Counter}} -> beamtalk_trace:time(Counter, Stamp);
        _ -> ok
    end,
    Answer;
handle_call(_, _, Fields) ->
    {reply, {error, not_a_message}, Fields}.

handle(Selector, Args, Chain, Fields) ->
    {{_, Module, Pid} = Self, Counters} = get(?SELF),
    enter(Pid, Fields),
    set_chain(Chain),
    try run(Module, Selector, Self, Args) of
        Value ->
            end_chain(Chain),
            count(Selector, Module, Self, Counters),
            {reply, answer(Value), get(Pid)}
    catch
        Class:Reason:Stack ->
            put(Pid, Fields),
            end_chain(Chain),
            count_failed(Selector, Self, Counters),
            {reply, {raise, classified(Module, Selector, Class, Reason, Stack)}, Fields}
    end.

%% One more message of the selector.
count(Selector, Module, Self, Counters) ->
    case Counters of
        #{Selector := none} -> ok;
        #{Selector := Counter} -> atomics:add(Counter, 1, 1);
        #{} -> put(?SELF, {Self, beamtalk_trace:count(self(), Module, Selector, Counters)})
    end.

count_failed(Selector, {_, Module, _} = Self, Counters) ->
    count(Selector, Module, Self, Counters),
    case get(?SELF) of
        {_, #{Selector := Counter}} -> beamtalk_trace:failed(Counter);
        _ -> ok
    end.

%% Blocks go with copies of the variables that they use.
answer(Value) when is_function(Value); is_list(Value), Value =/= [] ->
    case beamtalk_frame:carry_cells(Value) of
        [] -> {ok, Value};
        Carried -> {ok, Value, Carried}
    end;
answer(Value) ->
    {ok, Value}.

%% The map stays in the dictionary between messages, which costs less than putting it there for each; it is another one
%% only after `sys:replace_state/2'.
enter(Pid, Fields) ->
    case get(Pid) of
        Fields -> ok;
        _ -> put(Pid, Fields)
    end.

%% The process that sent the message being handled, for the few methods that answer to it.
-spec caller() -> pid() | none.
caller() ->
    case get(?CALLER) of
        undefined -> none;
        Pid -> Pid
    end.

-spec handle_cast(term(), map()) -> {noreply, map()} | {stop, normal, map()}.
handle_cast({Selector, Args}, Fields) ->
    {noreply, run_cast(Selector, Args, Fields)};
handle_cast({Selector, Args, Carried}, Before) ->
    Kept = beamtalk_frame:install(Carried),
    After = run_cast(Selector, Args, Before),
    beamtalk_frame:retain(Kept, changes(Before, After)),
    {noreply, After};
handle_cast('$stop', Fields) ->
    {stop, normal, Fields};
handle_cast('$tidy', Fields) ->
    beamtalk_frame:tidy(Fields),
    {noreply, Fields};
handle_cast({'$migrate', Removed, none, none}, Fields) ->
    {noreply, migrated(Fields, Removed)};
handle_cast({Selector, Args, Carried, Context}, Fields) ->
    beamtalk_trace:enter(Context),
    Answer = handle_cast(case Carried of [] -> {Selector, Args}; _ -> {Selector, Args, Carried} end, Fields),
    beamtalk_trace:leave(),
    Answer;
handle_cast(_, Fields) ->
    {noreply, Fields}.

-spec handle_info(term(), map()) -> {noreply, map()} | {stop, term(), map()}.
handle_info({'EXIT', From, Reason} = Message, Fields) ->
    %% Seen only by actors that trap exits for their `terminate:'; links still end them as if they did not.
    case {is_defined_below_actor(module(), 'terminate:'), Reason} of
        {true, normal} when is_pid(From) -> {noreply, Fields};
        {true, shutdown} -> {stop, shutdown, Fields};
        {true, _} -> {stop, Reason, Fields};
        {false, _} -> {noreply, raw_message(Message, Fields)}
    end;
handle_info(Message, Fields) ->
    {noreply, raw_message(Message, Fields)}.

-spec terminate(term(), map()) -> ok.
terminate(Reason, Fields) ->
    _ = is_defined_below_actor(module(), 'terminate:') andalso
        run_unanswered('terminate:', [hook_reason(Reason)], Fields),
    beamtalk_actors:ending(Reason).

%% The class of this process's actor.
module() ->
    {{_, Module, _}, _} = get(?SELF),
    Module.

hook_reason({shutdown, _}) -> shutdown;
hook_reason(Reason) -> Reason.

%% Only Servers see messages that are no sends.
raw_message(Message, Fields) ->
    case beamtalk_registry:exports(module(), 'handleInfo:', 2) of
        true -> element(2, run_unanswered('handleInfo:', [Message], Fields));
        false -> Fields
    end.

%% The first arities by themselves: `apply' of a list costs more.
run(_, '$state', {_, _, Pid}, []) -> get(Pid);
run(Module, Selector, Self, []) -> Module:Selector(Self);
run(Module, Selector, Self, [A]) -> Module:Selector(Self, A);
run(Module, Selector, Self, Args) -> apply(Module, Selector, [Self | Args]).

%% A message that nobody waits for.
run_cast(Selector, Args, Before) ->
    {Outcome, After} = run_unanswered(Selector, Args, Before),
    {{_, Module, _} = Self, Counters} = get(?SELF),
    case Outcome of
        ok -> count(Selector, Module, Self, Counters);
        failed -> count_failed(Selector, Self, Counters)
    end,
    After.

%% A failure is logged.
run_unanswered(Selector, Args, Fields) ->
    {{_, Module, Pid} = Self, _} = get(?SELF),
    enter(Pid, Fields),
    try run(Module, Selector, Self, Args) of
        _ -> {ok, get(Pid)}
    catch
        Class:Reason:Stack ->
            put(Pid, Fields),
            #{message := Message} = classified(Module, Selector, Class, Reason, Stack),
            logger:warning("~ts ~ts failed: ~ts", [beamtalk_registry:class_name(Module), Selector, Message]),
            {failed, Fields}
    end.

%% The error as the caller sees it: a raw one names this actor's class and the method of it that failed.
classified(Module, Selector, Class, Reason, Stack) ->
    Own = beamtalk_registry:chain(Module),
    Method =
        case beamtalk_stack:innermost_method(Stack, fun(M) -> lists:member(M, Own) end) of
            {_, _, Innermost} -> Innermost;
            none -> Selector
        end,
    beamtalk_error:from_erlang(Class, Reason, Stack, {beamtalk_registry:class_name(Module), Method}).

set_chain([]) ->
    ok;
set_chain(Chain) ->
    put(?CHAIN, Chain),
    ok.

end_chain([]) -> ok;
end_chain(_) -> erase(?CHAIN).

%% Field values that are new: blocks among them keep their cells.
changes(Before, After) ->
    [Value || {Name, Value} <- maps:to_list(After), maps:get(Name, Before, none) =/= Value].

%% If this process is an actor, it forgets variables that no block uses when it has handled its message.
-spec tidy_later() -> ok.
tidy_later() ->
    get(?SELF) =:= undefined orelse gen_server:cast(self(), '$tidy'),
    ok.

%% ---- code change ---------------------------------------------------------------------------------------------

%% Tells an actor that its class's fields have changed; it adapts before the next message.
-spec migrate(pid(), Removed :: [atom()]) -> ok.
migrate(Pid, Removed) ->
    case beamtalk_actors:module(Pid) of
        {ok, Module} -> beamtalk_native:is_native(Module) orelse post_migration(Pid, Removed);
        error -> ok
    end,
    ok.

post_migration(Pid, Removed) ->
    gen_server:cast(Pid, {'$migrate', Removed, none, none}).

migrated(Fields, Removed) ->
    Module = module(),
    try Module:'$fields'() of
        Defaults ->
            Dropped = [Name || Name <- Removed, is_map_key(Name, Fields), not is_map_key(Name, Defaults)],
            Dropped =:= [] orelse
                logger:warning("~ts: reload dropped the fields ~tp", [beamtalk_registry:class_name(Module), Dropped]),
            maps:merge(Defaults, maps:without(Dropped, Fields))
    catch
        Class:Reason:Stack ->
            #{message := Message} = beamtalk_error:from_erlang(Class, Reason, Stack),
            logger:warning("~ts: fields kept as they were, the new defaults failed: ~ts", [
                beamtalk_registry:class_name(Module), Message
            ]),
            Fields
    end.

%% ---- what the library's Actor names --------------------------------------------------------------------------

-spec pid(actor()) -> pid().
pid(Self) -> resolve(Self, pid).

-spec monitor(actor()) -> reference().
monitor(Self) -> erlang:monitor(process, resolve(Self, monitor)).

-spec on_exit(actor(), term()) -> ok.
on_exit(Self, Block) -> beamtalk_actor_life:on_exit(Self, Block).

-spec stop(actor()) -> ok.
stop(Self) -> beamtalk_actor_life:stop(Self).

-spec kill(actor()) -> ok.
kill(Self) -> beamtalk_actor_life:kill(Self).

-spec is_alive(actor()) -> boolean().
is_alive(Self) -> beamtalk_actor_life:is_alive(Self).

%% A TimeoutProxy in front of this actor, linked to it.
-spec with_timeout(actor(), term()) -> actor().
with_timeout(Self, Timeout) ->
    Limit = checked_timeout(Timeout, 'withTimeout:'),
    spawn({'$class', 'bt@stdlib@TimeoutProxy'}, #{target => Self, timeoutMs => Limit}).

-spec spawn_as({'$class', module()}, term()) -> map().
spawn_as(Class, Name) -> beamtalk_actor_name:spawn_as(Class, #{}, Name, 'spawnAs:').

-spec spawn_as({'$class', module()}, term(), term()) -> map().
spawn_as(Class, Given, Name) -> beamtalk_actor_name:spawn_as(Class, Given, Name, 'spawnWith:as:').

-spec named({'$class', module()}, term()) -> map().
named(Class, Name) -> beamtalk_actor_name:named(Class, Name).

-spec all_registered() -> [actor()].
all_registered() -> beamtalk_actor_name:all().

-spec register_as(actor(), term()) -> map().
register_as(Self, Name) -> beamtalk_actor_name:register_as(Self, Name).

-spec unregister(actor()) -> ok.
unregister(Self) -> beamtalk_actor_name:unregister(Self).

-spec registered_name(actor()) -> atom().
registered_name(Self) -> beamtalk_actor_name:registered_name(Self).

-spec is_registered(actor()) -> boolean().
is_registered(Self) -> registered_name(Self) =/= nil.
