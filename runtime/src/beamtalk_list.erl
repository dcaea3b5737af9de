%%% Lists: element access, searches and iteration with checked arguments. Plain OTP functions are named by List.bt itself.
-module(beamtalk_list).

-export([
    first/1,
    last/1,
    rest/1,
    at/2,
    from_to/3,
    take/2,
    drop/2,
    add/2,
    concat/2,
    includes/2,
    index_of/2,
    sort/1,
    sort/2,
    unique/1,
    max/1,
    min/1,
    average/1,
    at_random/1,
    join/1,
    join/2,
    zip/2
]).
-export([
    do/2,
    each_with_index/2,
    collect/2,
    select/2,
    reject/2,
    detect/2,
    detect/3,
    inject/3,
    count/2,
    any_satisfy/2,
    all_satisfy/2,
    take_while/2,
    drop_while/2,
    flat_map/2,
    group_by/2,
    partition/2
]).

-define(EMPTY_HINT, <<"List is empty; guard with `isEmpty` or use `detect:ifNone:`">>).
-define(NONE_HINT, <<"No element matched the block; use `detect:ifNone:` to supply a default">>).

%% ---- access --------------------------------------------------------------------------------------------------

-spec first([E]) -> E.
first([Element | _]) -> Element;
first([]) -> beamtalk_error:raise(empty_collection, 'List', first, ?EMPTY_HINT).

-spec last([E]) -> E.
last([]) -> beamtalk_error:raise(empty_collection, 'List', last, ?EMPTY_HINT);
last(List) -> lists:last(List).

-spec rest([E]) -> [E].
rest([_ | Rest]) -> Rest;
rest([]) -> [].

-spec at([E], term()) -> E.
at(_, Index) when not is_integer(Index) ->
    type_error('at:', <<"The index must be an Integer.">>);
at(_, Index) when Index < 1 ->
    out_of_bounds('at:', [integer_to_binary(Index), <<" is out of bounds (must be >= 1)">>]);
at([], _) ->
    beamtalk_error:raise(empty_collection, 'List', 'at:', ?EMPTY_HINT);
at(List, Index) ->
    nth(List, Index, Index).

nth([Element | _], 1, _) -> Element;
nth([_ | Rest], N, Index) -> nth(Rest, N - 1, Index);
nth([], _, Index) -> out_of_bounds('at:', [integer_to_binary(Index), <<" is out of bounds">>]).

-spec from_to([E], term(), term()) -> [E].
from_to(List, Start, End) when is_integer(Start), is_integer(End), Start >= 1 ->
    front(tail(List, Start - 1), End - Start + 1);
from_to(_, Start, End) when is_integer(Start), is_integer(End) ->
    out_of_bounds('from:to:', [integer_to_binary(Start), <<" is out of bounds (must be >= 1)">>]);
from_to(_, _, _) ->
    type_error('from:to:', <<"Both indexes must be Integers.">>).

-spec take([E], term()) -> [E].
take(List, Count) when is_integer(Count), Count >= 0 -> front(List, Count);
take(_, _) -> type_error('take:', <<"The count must be an Integer that is not negative.">>).

-spec drop([E], term()) -> [E].
drop(List, Count) when is_integer(Count), Count >= 0 -> tail(List, Count);
drop(_, _) -> type_error('drop:', <<"The count must be an Integer that is not negative.">>).

front([Element | Rest], Count) when Count > 0 -> [Element | front(Rest, Count - 1)];
front(_, _) -> [].

tail([_ | Rest], Count) when Count > 0 -> tail(Rest, Count - 1);
tail(List, _) -> List.

-spec add([E], E) -> [E].
add(List, Element) ->
    List ++ [Element].

-spec concat([E], term()) -> [E].
concat(List, Other) when is_list(Other) -> List ++ Other;
concat(_, _) -> beamtalk_error:raise(argument_error, 'List', '++', <<"The argument must be a List.">>).

-spec includes([term()], term()) -> boolean().
includes(List, Item) ->
    beamtalk_equality:member(List, Item).

-spec index_of([term()], term()) -> pos_integer() | nil.
index_of(List, Item) ->
    index_of(List, Item, 1).

index_of([Element | Rest], Item, Index) ->
    case beamtalk_equality:holds(Element, Item) of
        true -> Index;
        false -> index_of(Rest, Item, Index + 1)
    end;
index_of([], _, _) ->
    nil.

%% Stable, in term order, where `1' and `1.0' tie. `lists:sort/1' is twice as fast but swaps what ties, so it gets the lists in
%% which only identical elements do.
-spec sort([E]) -> [E].
sort(List) ->
    case only_identical_tie(List) of
        true -> lists:sort(List);
        false -> lists:sort(fun erlang:'=<'/2, List)
    end.

only_identical_tie([Element | Rest]) when is_integer(Element); is_binary(Element); is_atom(Element) ->
    only_identical_tie(Rest);
only_identical_tie(Rest) ->
    Rest =:= [].

-spec sort([E], term()) -> [E].
sort(List, Block) when is_function(Block, 2) ->
    lists:sort(fun(A, B) -> boolean(Block(A, B), 'sort:') end, List);
sort(_, _) ->
    not_a_block('sort:', 2).

%% Sorted, without `=:=' duplicates: `1' and `1.0' both stay.
-spec unique([E]) -> [E].
unique(List) ->
    beamtalk_set:elements(List).

-spec max([E]) -> E.
max([]) -> empty(max);
max(List) -> lists:max(List).

-spec min([E]) -> E.
min([]) -> empty(min);
min(List) -> lists:min(List).

-spec average([number()]) -> float().
average([]) -> empty(average);
average(List) -> lists:sum(List) / length(List).

-spec empty(atom()) -> no_return().
empty(Selector) ->
    beamtalk_error:raise(empty_collection, 'Collection', Selector, <<"Guard with `isEmpty` first">>).

-spec at_random([E]) -> E.
at_random([]) -> type_error(atRandom, <<"An empty list has no element to choose.">>);
at_random(List) -> lists:nth(rand:uniform(length(List)), List).

-spec join([term()]) -> binary().
join(List) ->
    strings(List, 'join').

-spec join([term()], term()) -> binary().
join(List, Separator) when is_binary(Separator) -> strings(lists:join(Separator, List), 'join:');
join(_, _) -> type_error('join:', <<"The separator must be a String.">>).

strings(List, Selector) ->
    try
        iolist_to_binary(List)
    catch
        error:badarg ->
            beamtalk_error:raise(argument_error, 'List', Selector, <<"The elements must be Strings.">>)
    end.

-spec zip([term()], term()) -> [[term()]].
zip(List, Other) when is_list(Other) -> pairs(List, Other);
zip(_, _) -> type_error('zip:', <<"The argument must be a List.">>).

pairs([A | As], [B | Bs]) -> [[A, B] | pairs(As, Bs)];
pairs(_, _) -> [].

%% ---- iteration -----------------------------------------------------------------------------------------------

-spec do([term()], term()) -> nil.
do(List, Block) when is_function(Block, 1) -> do_each(List, Block);
do(_, _) -> not_a_block('do:', 1).

do_each([Element | Rest], Block) ->
    _ = Block(Element),
    do_each(Rest, Block);
do_each([], _) ->
    nil.

-spec each_with_index([term()], term()) -> nil.
each_with_index(List, Block) when is_function(Block, 2) -> each_with_index(List, Block, 1);
each_with_index(_, Block) -> unfit(Block, 2, 'eachWithIndex:').

each_with_index([Element | Rest], Block, Index) ->
    _ = Block(Element, Index),
    each_with_index(Rest, Block, Index + 1);
each_with_index([], _, _) ->
    nil.

-spec collect([term()], term()) -> [term()].
collect(List, Block) when is_function(Block, 1) -> [Block(Element) || Element <- List];
collect(_, Block) -> unfit(Block, 1, 'collect:').

-spec select([E], term()) -> [E].
select(List, Block) when is_function(Block, 1) -> filter(List, Block, true, 'select:');
select(_, Block) -> unfit(Block, 1, 'select:').

-spec reject([E], term()) -> [E].
reject(List, Block) when is_function(Block, 1) -> filter(List, Block, false, 'reject:');
reject(_, Block) -> unfit(Block, 1, 'reject:').

filter([Element | Rest], Block, Wanted, Selector) ->
    case Block(Element) of
        Wanted -> [Element | filter(Rest, Block, Wanted, Selector)];
        Other -> skip(Other, Rest, Block, Wanted, Selector)
    end;
filter([], _, _, _) ->
    [].

skip(Answer, Rest, Block, Wanted, Selector) when is_boolean(Answer) -> filter(Rest, Block, Wanted, Selector);
skip(_, _, _, _, Selector) -> not_boolean(Selector).

-spec detect([E], term()) -> E.
detect(List, Block) when is_function(Block, 1) ->
    case find(List, Block) of
        {found, Element} -> Element;
        none -> beamtalk_error:raise(not_found, 'List', 'detect:', ?NONE_HINT)
    end;
detect(_, Block) ->
    unfit(Block, 1, 'detect:').

-spec detect([term()], term(), term()) -> term().
detect(List, Block, None) when is_function(Block, 1) ->
    case find(List, Block) of
        {found, Element} -> Element;
        none when is_function(None) -> beamtalk_block:value(None);
        none -> None
    end;
detect(_, Block, _) ->
    unfit(Block, 1, 'detect:ifNone:').

find([Element | Rest], Block) ->
    case Block(Element) of
        true -> {found, Element};
        _ -> find(Rest, Block)
    end;
find([], _) ->
    none.

-spec inject([term()], A, term()) -> A.
inject(List, Initial, Block) when is_function(Block, 2) -> fold(List, Initial, Block);
inject(_, _, Block) -> unfit(Block, 2, 'inject:into:').

fold([Element | Rest], Value, Block) -> fold(Rest, Block(Value, Element), Block);
fold([], Value, _) -> Value.

-spec count([term()], term()) -> non_neg_integer().
count(List, Block) when is_function(Block, 1) -> count(List, Block, 0);
count(_, Block) -> unfit(Block, 1, 'count:').

count([Element | Rest], Block, Count) ->
    case Block(Element) of
        true -> count(Rest, Block, Count + 1);
        false -> count(Rest, Block, Count);
        _ -> not_boolean('count:')
    end;
count([], _, Count) ->
    Count.

-spec any_satisfy([term()], term()) -> boolean().
any_satisfy(List, Block) when is_function(Block, 1) -> some(List, Block, true, 'anySatisfy:');
any_satisfy(_, Block) -> unfit(Block, 1, 'anySatisfy:').

-spec all_satisfy([term()], term()) -> boolean().
all_satisfy(List, Block) when is_function(Block, 1) -> not some(List, Block, false, 'allSatisfy:');
all_satisfy(_, Block) -> unfit(Block, 1, 'allSatisfy:').

some([Element | Rest], Block, Wanted, Selector) ->
    case Block(Element) of
        Wanted -> true;
        Other when is_boolean(Other) -> some(Rest, Block, Wanted, Selector);
        _ -> not_boolean(Selector)
    end;
some([], _, _, _) ->
    false.

-spec take_while([E], term()) -> [E].
take_while(List, Block) when is_function(Block, 1) -> take_prefix(List, Block);
take_while(_, Block) -> unfit(Block, 1, 'takeWhile:').

take_prefix([Element | Rest], Block) ->
    case boolean(Block(Element), 'takeWhile:') of
        true -> [Element | take_prefix(Rest, Block)];
        false -> []
    end;
take_prefix([], _) ->
    [].

-spec drop_while([E], term()) -> [E].
drop_while(List, Block) when is_function(Block, 1) -> drop_prefix(List, Block);
drop_while(_, Block) -> unfit(Block, 1, 'dropWhile:').

drop_prefix([Element | Rest] = List, Block) ->
    case boolean(Block(Element), 'dropWhile:') of
        true -> drop_prefix(Rest, Block);
        false -> List
    end;
drop_prefix([], _) ->
    [].

-spec flat_map([term()], term()) -> [term()].
flat_map(List, Block) when is_function(Block, 1) -> lists:append([a_list(Block(Element)) || Element <- List]);
flat_map(_, Block) -> unfit(Block, 1, 'flatMap:').

a_list(List) when is_list(List) -> List;
a_list(_) -> beamtalk_error:raise(argument_error, 'List', 'flatMap:', <<"The block must answer a List.">>).

-spec group_by([E], term()) -> #{term() => [E]}.
group_by(List, Block) when is_function(Block, 1) ->
    Groups = lists:foldl(
        fun(Element, Groups) ->
            maps:update_with(Block(Element), fun(Group) -> [Element | Group] end, [Element], Groups)
        end,
        #{},
        List
    ),
    maps:map(fun(_, Group) -> lists:reverse(Group) end, Groups);
group_by(_, _) ->
    not_a_block('groupBy:', 1).

-spec partition([E], term()) -> #{binary() => [E]}.
partition(List, Block) when is_function(Block, 1) ->
    {Matching, Others} = lists:partition(fun(Element) -> boolean(Block(Element), 'partition:') end, List),
    #{<<"matching">> => Matching, <<"nonMatching">> => Others};
partition(_, Block) ->
    unfit(Block, 1, 'partition:').

%% ---- errors --------------------------------------------------------------------------------------------------

boolean(Value, _) when is_boolean(Value) -> Value;
boolean(_, Selector) -> not_boolean(Selector).

-spec not_boolean(atom()) -> no_return().
not_boolean(Selector) ->
    type_error(Selector, <<"The block must answer true or false.">>).

-spec unfit(term(), arity(), atom()) -> no_return().
unfit(Block, Arity, Selector) ->
    beamtalk_block:unfit(Block, Arity, 'List', Selector).

-spec not_a_block(atom(), arity()) -> no_return().
not_a_block(Selector, 1) -> type_error(Selector, <<"A block with 1 parameter is needed.">>);
not_a_block(Selector, 2) -> type_error(Selector, <<"A block with 2 parameters is needed.">>).

-spec type_error(atom(), binary()) -> no_return().
type_error(Selector, Hint) ->
    beamtalk_error:raise(type_error, 'List', Selector, Hint).

-spec out_of_bounds(atom(), [binary()]) -> no_return().
out_of_bounds(Selector, Parts) ->
    beamtalk_error:raise(index_out_of_bounds, 'List', Selector, iolist_to_binary([<<"Index ">> | Parts])).
