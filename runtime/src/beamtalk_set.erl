%%% Sets: a sorted list of elements, no two of them `=:='.
%%%
%%% Equal sets must be the same term, but the term order lets `1' and `1.0' tie. Ties are therefore put in the order of
%%% their exact keys, which tell integers from floats.
-module(beamtalk_set).

-export([
    elements/1,
    from_list/2,
    includes/2,
    add/2,
    remove/2,
    union/2,
    intersection/2,
    difference/2,
    is_subset/2
]).

-export_type([set/0]).

-type set() :: #{'$class' := module(), elements := [term()]}.

%% The canonical element list: sorted, each element once.
-spec elements([E]) -> [E].
elements(List) ->
    settle(lists:sort(List)).

settle([A, A | Rest]) -> settle([A | Rest]);
settle([A, B | Rest]) when A == B -> settle_tie([B, A], A, Rest);
settle([A | Rest]) -> [A | settle(Rest)];
settle([]) -> [].

%% Elements that tie with the first one, in the order of their exact keys.
settle_tie(Tied, A, [B | Rest]) when A == B -> settle_tie([B | Tied], A, Rest);
settle_tie(Tied, _, Rest) -> [Element || {_, Element} <- in_key_order(Tied)] ++ settle(Rest).

in_key_order(Tied) ->
    lists:usort([{exact_key(Element), Element} || Element <- Tied]).

%% Tells terms apart that are `==' but not `=:=': which of their numbers are floats.
exact_key(Term) when is_float(Term) -> 1;
exact_key([Head | Tail]) -> [exact_key(Head) | exact_key(Tail)];
exact_key(Term) when is_tuple(Term) -> exact_key(tuple_to_list(Term));
exact_key(Term) when is_map(Term) -> [exact_key(Value) || {_, Value} <- lists:sort(maps:to_list(Term))];
exact_key(_) -> 0.

%% The set of a list's elements. The selector is for the error.
-spec from_list(term(), atom()) -> set().
from_list(List, _) when is_list(List) -> set(elements(List));
from_list(_, Selector) -> beamtalk_error:raise(type_error, 'Set', Selector, <<"The argument must be a List.">>).

-spec includes(set(), term()) -> boolean().
includes(#{elements := Elements}, Item) ->
    lists:member(Item, Elements).

-spec add(set(), term()) -> set().
add(#{elements := Elements} = Set, Item) ->
    case lists:member(Item, Elements) of
        true -> Set;
        false -> Set#{elements := elements([Item | Elements])}
    end.

-spec remove(set(), term()) -> set().
remove(#{elements := Elements} = Set, Item) ->
    Set#{elements := [Element || Element <- Elements, Element =/= Item]}.

-spec union(set(), term()) -> set().
union(#{elements := A} = Set, #{'$class' := 'bt@stdlib@Set', elements := B}) -> Set#{elements := elements(A ++ B)};
union(_, _) -> not_a_set('union:').

-spec intersection(set(), term()) -> set().
intersection(#{elements := A} = Set, #{'$class' := 'bt@stdlib@Set', elements := B}) ->
    Members = members(B),
    Set#{elements := [Element || Element <- A, is_map_key(Element, Members)]};
intersection(_, _) ->
    not_a_set('intersection:').

-spec difference(set(), term()) -> set().
difference(#{elements := A} = Set, #{'$class' := 'bt@stdlib@Set', elements := B}) ->
    Members = members(B),
    Set#{elements := [Element || Element <- A, not is_map_key(Element, Members)]};
difference(_, _) ->
    not_a_set('difference:').

-spec is_subset(set(), term()) -> boolean().
is_subset(#{elements := A}, #{'$class' := 'bt@stdlib@Set', elements := B}) ->
    Members = members(B),
    lists:all(fun(Element) -> is_map_key(Element, Members) end, A);
is_subset(_, _) ->
    not_a_set('isSubsetOf:').

set(Elements) ->
    #{'$class' => 'bt@stdlib@Set', elements => Elements}.

members(Elements) ->
    maps:from_keys(Elements, []).

-spec not_a_set(atom()) -> no_return().
not_a_set(Selector) ->
    beamtalk_error:raise(type_error, 'Set', Selector, <<"The argument must be a Set.">>).
