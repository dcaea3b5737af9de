%%% Named counters on OTP's `atomics'. The keeper's table says which counter a name has at the moment.
-module(beamtalk_counter).

-export([new/1, named/1, add/3, subtract/3, value/1, reset/1, delete/1]).

-type counter() :: #{'$class' := module(), name := atom(), counter := atomics:atomics_ref()}.

-spec new(term()) -> counter().
new(Name) when is_atom(Name) ->
    Counter = atomics:new(1, [{signed, true}]),
    case ets:insert_new(beamtalk_keeper:counters(), {Name, Counter}) of
        true -> counter(Name, Counter);
        false -> failed(already_exists, 'new:', <<"A counter with this name already exists">>)
    end;
new(_) ->
    failed(type_error, 'new:', <<"Counter name must be a Symbol">>).

-spec named(term()) -> counter().
named(Name) when is_atom(Name) ->
    case ets:lookup(beamtalk_keeper:counters(), Name) of
        [{_, Counter}] -> counter(Name, Counter);
        [] -> failed(not_found, 'named:', <<"No counter with this name exists">>)
    end;
named(_) ->
    failed(type_error, 'named:', <<"Counter name must be a Symbol">>).

counter(Name, Counter) ->
    #{'$class' => 'bt@stdlib@AtomicCounter', name => Name, counter => Counter}.

-spec add(counter(), term(), atom()) -> integer().
add(Self, Amount, Selector) when is_integer(Amount) -> atomics:add_get(living(Self, Selector), 1, Amount);
add(_, _, Selector) -> not_an_integer(Selector).

-spec subtract(counter(), term(), atom()) -> integer().
subtract(Self, Amount, Selector) when is_integer(Amount) -> atomics:sub_get(living(Self, Selector), 1, Amount);
subtract(_, _, Selector) -> not_an_integer(Selector).

-spec value(counter()) -> integer().
value(Self) ->
    atomics:get(living(Self, value), 1).

-spec reset(counter()) -> nil.
reset(Self) ->
    ok = atomics:put(living(Self, reset), 1, 0),
    nil.

-spec delete(counter()) -> nil.
delete(#{name := Name} = Self) ->
    Counter = living(Self, delete),
    true = ets:delete_object(beamtalk_keeper:counters(), {Name, Counter}),
    nil.

living(#{name := Name, counter := Counter}, Selector) ->
    case ets:lookup(beamtalk_keeper:counters(), Name) of
        [{_, Counter}] ->
            Counter;
        _ ->
            Hint = <<"AtomicCounter is stale or has been deleted: ", (atom_to_binary(Name))/binary>>,
            failed(stale_counter, Selector, Hint)
    end.

-spec not_an_integer(atom()) -> no_return().
not_an_integer(Selector) ->
    failed(type_error, Selector, <<"Argument must be an Integer">>).

-spec failed(atom(), atom(), binary()) -> no_return().
failed(Kind, Selector, Hint) ->
    beamtalk_error:raise(Kind, 'AtomicCounter', Selector, Hint).
