%%% What an Inspector sees of an object: its kind and its parts, without changing or trusting it.
%%%
%%% An actor is asked for its state once, when the cursor is made, and only for a moment: one that is dead or busy is
%%% shown as unavailable.
-module(beamtalk_inspector).

-export([state/1, kind/1, parts/2, count/2, page/2, child/3, evaluate/2]).

%% Elements of a collection that a page shows.
-define(PAGE, 50).
%% Milliseconds that an actor gets to tell its state.
-define(PATIENCE, 250).

-type kind() :: value | actor | collection | foreign.
-type part() :: #{atom() => term()}.

%% What the cursor holds on to: the object, or an actor's fields as they are now.
-spec state(term()) -> term().
state({'$actor', _, _} = Actor) ->
    try
        beamtalk_actor:send(Actor, '$state', [], ?PATIENCE)
    catch
        error:_ -> unavailable
    end;
state(Object) ->
    Object.

-spec kind(term()) -> kind().
kind({'$actor', _, _}) -> actor;
kind({'$class', _}) -> value;
kind({'$metaclass', _}) -> value;
kind(#{'$class' := Module}) ->
    case beamtalk_registry:inherits(Module, 'bt@stdlib@Collection') of
        true -> collection;
        false -> value
    end;
kind(Object) when is_list(Object); is_map(Object); is_tuple(Object) -> collection;
kind(Object) when is_pid(Object); is_reference(Object); is_port(Object); is_function(Object) -> foreign;
kind(_) -> value.

%% The parts of the object with this state, all of them, in order.
-spec parts(term(), term()) -> [part()].
parts({'$actor', _, _}, unavailable) ->
    [(slot(status, unavailable))#{kind := processInfo}];
parts({'$actor', _, _}, Fields) ->
    slots(Fields);
parts(#{'$class' := 'bt@stdlib@Bag', counts := Counts}, _) ->
    associations(Counts);
parts(#{'$class' := _} = Object, _) ->
    case kind(Object) of
        collection -> elements(beamtalk_dispatch:send(Object, asList, []));
        value -> slots(maps:without(['$class', '$snapshot', stackTrace], Object))
    end;
parts(Dictionary, _) when is_map(Dictionary) ->
    associations(Dictionary);
parts(List, _) when is_list(List), length(List) >= 0 ->
    elements(List);
parts(Object, _) when is_tuple(Object) ->
    case kind(Object) of
        collection -> elements(tuple_to_list(Object));
        _ -> []
    end;
parts(_, _) ->
    [].

-spec count(term(), term()) -> non_neg_integer().
count(Object, State) ->
    length(parts(Object, State)).

%% The parts that a page of a collection shows, from 1; everything else has one page.
-spec page([part()], pos_integer()) -> [part()].
page(Parts, Page) when (Page - 1) * ?PAGE < length(Parts) ->
    lists:sublist(Parts, (Page - 1) * ?PAGE + 1, ?PAGE);
page(_, _) ->
    [].

%% The value of the part with this key, or what is wrong with the key.
-spec child(term(), term(), term()) -> beamtalk_result:result().
child(Object, State, Key) ->
    case [Value || #{name := Name, value := Value} <- parts(Object, State), Name =:= Key] of
        [Value | _] ->
            beamtalk_result:ok(Value);
        [] ->
            Hint = <<"no field named ", (beamtalk_print:display_string(Key))/binary>>,
            beamtalk_result:error(beamtalk_error:make(no_such_field, 'Inspector', 'at:', Hint))
    end.

%% The value of an expression with `self' as the object. Its errors are answered, not raised.
-spec evaluate(term(), term()) -> beamtalk_result:result().
evaluate(Object, Source) when is_binary(Source) ->
    case lists:member(kind(Object), [actor, foreign]) of
        true -> refusal(actor_eval_unsupported, <<"the object is no value: send it messages instead">>);
        false -> evaluated(Object, beamtalk_host:call({expression, Source}))
    end;
evaluate(_, Source) ->
    refusal(type_error, <<"evaluate: expects a String, got: ", (beamtalk_display:short(Source))/binary>>).

evaluated(Object, {ok, {Module, Beam}}) ->
    try
        beamtalk_result:ok(beamtalk_evaluator:call(binary_to_atom(Module), Beam, #{<<"self">> => Object}))
    catch
        throw:{'$return', _, _} = Return:Stack -> erlang:raise(throw, Return, Stack);
        Class:Reason:Stack -> beamtalk_result:error(beamtalk_error:from_erlang(Class, Reason, Stack))
    end;
evaluated(_, {error, #{message := Message} = Error}) ->
    Hint = maps:get(hint, Error, nil),
    Exception = beamtalk_error:make_message('bt@stdlib@RuntimeError', eval_failed, Message, 'Inspector', 'evaluate:', Hint),
    beamtalk_result:error(Exception);
evaluated(_, no_host) ->
    refusal(eval_failed, <<"this node runs without a compiler">>).

refusal(Kind, Hint) ->
    beamtalk_result:error(beamtalk_error:make(Kind, 'Inspector', 'evaluate:', Hint)).

%% ---- parts ---------------------------------------------------------------------------------------------------

slots(Fields) ->
    [slot(Name, Value) || {Name, Value} <- lists:sort(maps:to_list(Fields))].

slot(Name, Value) ->
    part(Name, beamtalk_print:display_string(Name), Value, slot).

elements(Elements) ->
    {Parts, _} = lists:mapfoldl(fun(Value, Index) -> {indexed(Index, Value), Index + 1} end, 1, Elements),
    Parts.

indexed(Index, Value) ->
    part(Index, <<"[", (integer_to_binary(Index))/binary, "]">>, Value, element).

associations(Dictionary) ->
    Parts = [
        part(Key, <<(beamtalk_display:short(Key))/binary, " →"/utf8>>, Value, association)
     || {Key, Value} <- maps:to_list(Dictionary)
    ],
    lists:sort(fun(#{label := A}, #{label := B}) -> A =< B end, Parts).

part(Name, Label, Value, Kind) ->
    #{
        '$class' => 'bt@stdlib@InspectorField',
        name => Name,
        label => Label,
        value => Value,
        kind => Kind,
        drillable => not (is_number(Value) orelse is_atom(Value))
    }.
