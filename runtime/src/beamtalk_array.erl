%%% Arrays: a map from 0 to size - 1 under the key `data', so that equal arrays are the same term.
-module(beamtalk_array).

-compile({no_auto_import, [size/1]}).

-export([
    empty/0,
    from_list/1,
    with_all/2,
    to_list/1,
    size/1,
    at/2,
    at_put/3,
    first/1,
    last/1,
    includes/2,
    do/2,
    collect/2,
    select/2,
    inject/3,
    rest_from/2
]).

-export_type([array/0]).

-type array() :: #{'$class' := module(), data := #{non_neg_integer() => term()}}.

-define(DATA(Data), #{data := Data}).

-spec empty() -> array().
empty() ->
    from_list([]).

%% What `#[…]' compiles to.
-spec from_list([term()]) -> array().
from_list(List) ->
    #{'$class' => 'bt@stdlib@Array', data => maps:from_list(indexed(List, 0))}.

indexed([Element | Rest], Index) -> [{Index, Element} | indexed(Rest, Index + 1)];
indexed([], _) -> [].

%% The same for a list that may be none. The selector is for the error.
-spec with_all(term(), atom()) -> array().
with_all(List, _) when is_list(List) -> from_list(List);
with_all(_, Selector) -> type_error(Selector, <<"The argument must be a List.">>).

-spec to_list(array()) -> [term()].
to_list(?DATA(Data)) ->
    elements(Data, map_size(Data) - 1, []).

elements(_, -1, List) -> List;
elements(Data, Index, List) -> elements(Data, Index - 1, [map_get(Index, Data) | List]).

-spec size(array()) -> non_neg_integer().
size(?DATA(Data)) ->
    map_size(Data).

-spec at(array(), term()) -> term().
at(?DATA(Data), Index) when is_integer(Index), Index >= 1 ->
    case Data of
        #{Index - 1 := Element} -> Element;
        #{} when map_size(Data) =:= 0 -> no_elements('at:');
        #{} -> beyond('at:')
    end;
at(_, Index) when is_integer(Index) ->
    below('at:');
at(_, _) ->
    type_error('at:', <<"The index must be an Integer.">>).

-spec at_put(array(), term(), term()) -> array().
at_put(?DATA(Data) = Array, Index, Value) when is_integer(Index), Index >= 1, Index =< map_size(Data) ->
    Array#{data := Data#{Index - 1 := Value}};
at_put(_, Index, _) when is_integer(Index), Index < 1 ->
    below('at:put:');
at_put(_, Index, _) when is_integer(Index) ->
    beyond('at:put:');
at_put(_, _, _) ->
    type_error('at:put:', <<"The index must be an Integer.">>).

-spec first(array()) -> term().
first(?DATA(#{0 := Element})) -> Element;
first(_) -> no_elements(first).

-spec last(array()) -> term().
last(?DATA(Data)) when map_size(Data) > 0 -> map_get(map_size(Data) - 1, Data);
last(_) -> no_elements(last).

-spec includes(array(), term()) -> boolean().
includes(?DATA(Data), Item) ->
    beamtalk_equality:member(maps:values(Data), Item).

-spec do(array(), term()) -> nil.
do(?DATA(Data), Block) when is_function(Block, 1) -> do(Data, 0, map_size(Data), Block);
do(_, Block) -> unfit(Block, 1, 'do:').

do(_, Size, Size, _) ->
    nil;
do(Data, Index, Size, Block) ->
    _ = Block(map_get(Index, Data)),
    do(Data, Index + 1, Size, Block).

-spec collect(array(), term()) -> array().
collect(Array, Block) when is_function(Block, 1) -> from_list([Block(Element) || Element <- to_list(Array)]);
collect(_, Block) -> unfit(Block, 1, 'collect:').

-spec select(array(), term()) -> array().
select(Array, Block) when is_function(Block, 1) ->
    from_list([Element || Element <- to_list(Array), Block(Element) =:= true]);
select(_, Block) ->
    unfit(Block, 1, 'select:').

-spec inject(array(), A, term()) -> A.
inject(Array, Initial, Block) when is_function(Block, 2) -> beamtalk_list:inject(to_list(Array), Initial, Block);
inject(_, _, Block) -> unfit(Block, 2, 'inject:into:').

%% The elements from a zero-based position on: what `...rest' of `#[a, ...rest] := array' binds.
-spec rest_from(array(), non_neg_integer()) -> array().
rest_from(Array, Start) ->
    from_list(lists:nthtail(min(Start, size(Array)), to_list(Array))).

-spec unfit(term(), arity(), atom()) -> no_return().
unfit(Block, Arity, Selector) ->
    beamtalk_block:unfit(Block, Arity, 'Array', Selector).

-spec type_error(atom(), binary()) -> no_return().
type_error(Selector, Hint) ->
    beamtalk_error:raise(type_error, 'Array', Selector, Hint).

-spec no_elements(atom()) -> no_return().
no_elements(Selector) ->
    beamtalk_error:raise(empty_collection, 'Array', Selector, <<"Guard with `isEmpty` first">>).

-spec below(atom()) -> no_return().
below(Selector) ->
    beamtalk_error:raise(index_out_of_bounds, 'Array', Selector, <<"Index must be >= 1 (1-based indexing)">>).

-spec beyond(atom()) -> no_return().
beyond(Selector) ->
    beamtalk_error:raise(index_out_of_bounds, 'Array', Selector, <<"Index is beyond array size">>).
