%%% Class variables: read without locking, written in transactions that are atomic, serial per class and rolled back on error.
%%%
%%% A transaction holds its class's lock and works on a copy in its process's dictionary, under the class object. This
%%% process hands out the locks and monitors their holders, so a killed writer blocks nobody. Each class has its own
%%% values, also of variables it inherits.
-module(beamtalk_class_state).
-behaviour(gen_server).

-export([start_link/0, create/0, get/2, put/3, transaction/2, forget/1]).
-export([init/1, handle_call/3, handle_cast/2, handle_info/2]).

-define(TABLE, beamtalk_class_state).
%% Longest wait for a class's lock, in milliseconds.
-define(LOCK_WAIT, 5000).

-type class() :: {'$class', module()}.
%% Lock holders by class, with those who wait, the first in front.
-type locks() :: #{module() => {Holder :: lock(), Waiting :: queue:queue(lock())}}.
-type lock() :: {Name :: reference(), Watch :: reference(), gen_server:from()}.

%% Rows: {{module(), Variable :: atom()}, term()}.
-spec create() -> ok.
create() ->
    ?TABLE = ets:new(?TABLE, [named_table, public, set, {read_concurrency, true}]),
    ok.

-spec start_link() -> {ok, pid()}.
start_link() ->
    gen_server:start_link({local, ?MODULE}, ?MODULE, [], []).

-spec get(class(), atom()) -> term().
get({'$class', Module} = Class, Variable) ->
    case erlang:get(Class) of
        #{Variable := Value} ->
            Value;
        _ ->
            case ets:lookup(?TABLE, {Module, Variable}) of
                [{_, Value}] -> Value;
                [] -> first_value(Module, Variable)
            end
    end.

%% The default is evaluated at the first read; of two that race the first one's value stays.
first_value(Module, Variable) ->
    case Module:'$class_state'() of
        #{Variable := Default} ->
            ets:insert_new(?TABLE, {{Module, Variable}, Default}),
            ets:lookup_element(?TABLE, {Module, Variable}, 2);
        #{} ->
            beamtalk_error:raise_message(
                'bt@stdlib@RuntimeError',
                key_error,
                <<"key not found: ", (atom_to_binary(Variable))/binary>>,
                beamtalk_registry:class_name(Module),
                nil,
                <<"The class declares no class variable of this name.">>
            )
    end.

%% A write is part of the transaction that runs; that of a block whose method has returned is one by itself.
-spec put(class(), atom(), Value) -> Value.
put(Class, Variable, Value) ->
    case erlang:get(Class) of
        undefined ->
            transaction(Class, fun() -> put(Class, Variable, Value) end);
        Changes ->
            beamtalk_frame:stored({value, Value}),
            erlang:put(Class, Changes#{Variable => Value}),
            Value
    end.

%% Runs a class method that writes. An error undoes its writes; a non-local return keeps them.
-spec transaction(class(), fun(() -> Value)) -> Value.
transaction({'$class', Module} = Class, Body) ->
    case erlang:get(Class) of
        undefined ->
            Lock = acquire(Module),
            erlang:put(Class, #{}),
            try
                run(Class, #{}, Body)
            after
                commit(Module, erlang:erase(Class)),
                gen_server:cast(?MODULE, {release, Module, Lock})
            end;
        Outer ->
            run(Class, Outer, Body)
    end.

run(Class, Before, Body) ->
    try
        Body()
    catch
        throw:{'$return', _, _} = Return:Stack ->
            erlang:raise(throw, Return, Stack);
        Kind:Reason:Stack ->
            erlang:put(Class, Before),
            erlang:raise(Kind, Reason, Stack)
    end.

%% One insert is atomic for readers.
commit(_, Changes) when map_size(Changes) =:= 0 ->
    true;
commit(Module, Changes) ->
    ets:insert(?TABLE, [{{Module, Variable}, Value} || {Variable, Value} <- maps:to_list(Changes)]).

acquire(Module) ->
    Lock = make_ref(),
    case gen_server:call(?MODULE, {acquire, Module, Lock}, infinity) of
        ok ->
            Lock;
        timeout ->
            Hint = <<"Another process is inside a class method that writes class variables and has not finished.">>,
            beamtalk_error:raise(timeout, beamtalk_registry:class_name(Module), nil, Hint)
    end.

%% The class is gone; so are its variables.
-spec forget(module()) -> ok.
forget(Module) ->
    true = ets:match_delete(?TABLE, {{Module, '_'}, '_'}),
    ok.

%% ---- the lock keeper -----------------------------------------------------------------------------------------

-spec init([]) -> {ok, locks()}.
init([]) ->
    {ok, #{}}.

-spec handle_call({acquire, module(), reference()}, gen_server:from(), locks()) ->
    {reply, ok, locks()} | {noreply, locks()}.
handle_call({acquire, Module, Name}, {Pid, _} = From, Locks) ->
    Watch = erlang:monitor(process, Pid, [{tag, {'DOWN', Module}}]),
    Lock = {Name, Watch, From},
    case Locks of
        #{Module := {Holder, Waiting}} ->
            erlang:send_after(?LOCK_WAIT, self(), {expired, Module, Name}),
            {noreply, Locks#{Module := {Holder, queue:in(Lock, Waiting)}}};
        #{} ->
            {reply, ok, Locks#{Module => {Lock, queue:new()}}}
    end.

-spec handle_cast({release, module(), reference()}, locks()) -> {noreply, locks()}.
handle_cast({release, Module, Name}, Locks) ->
    {noreply, drop(Module, fun({N, _, _}) -> N =:= Name end, Locks)}.

-spec handle_info(term(), locks()) -> {noreply, locks()}.
handle_info({{'DOWN', Module}, Watch, process, _, _}, Locks) ->
    {noreply, drop(Module, fun({_, W, _}) -> W =:= Watch end, Locks)};
handle_info({expired, Module, Name}, Locks) ->
    case Locks of
        #{Module := {{Name, _, _}, _}} ->
            {noreply, Locks};
        #{Module := {Holder, Waiting}} ->
            {Expired, Rest} = lists:partition(fun({N, _, _}) -> N =:= Name end, queue:to_list(Waiting)),
            [
                begin
                    erlang:demonitor(Watch, [flush]),
                    gen_server:reply(From, timeout)
                end
             || {_, Watch, From} <- Expired
            ],
            {noreply, Locks#{Module := {Holder, queue:from_list(Rest)}}};
        #{} ->
            {noreply, Locks}
    end;
handle_info(_, Locks) ->
    {noreply, Locks}.

%% Takes out the holder or a waiting process that the predicate names; a free lock goes to the next.
drop(Module, IsIt, Locks) ->
    case Locks of
        #{Module := {{_, Watch, _} = Holder, Waiting}} ->
            case IsIt(Holder) of
                true ->
                    erlang:demonitor(Watch, [flush]),
                    pass_on(Module, queue:out(Waiting), Locks);
                false ->
                    Locks#{Module := {Holder, queue:filter(fun(Lock) -> not IsIt(Lock) end, Waiting)}}
            end;
        #{} ->
            Locks
    end.

pass_on(Module, {empty, _}, Locks) ->
    maps:remove(Module, Locks);
pass_on(Module, {{value, {_, _, From} = Next}, Rest}, Locks) ->
    gen_server:reply(From, ok),
    Locks#{Module := {Next, Rest}}.
