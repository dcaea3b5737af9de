%%% Dictionaries: plain maps, with checked arguments and blocks. Plain OTP functions are named by Dictionary.bt itself.
-module(beamtalk_dictionary).

-export([new/1, at_if_absent/3, merge/2, do/2, do_with_key/2, keys_and_values_do/2, collect/2]).

-spec new(term()) -> map().
new(Pairs) when is_map(Pairs), not is_map_key('$class', Pairs) -> Pairs;
new(_) -> type_error('new:', <<"new: expects a Dictionary argument">>).

-spec at_if_absent(map(), term(), term()) -> term().
at_if_absent(Dictionary, Key, Block) ->
    case Dictionary of
        #{Key := Value} -> Value;
        #{} -> beamtalk_block:value(Block)
    end.

-spec merge(map(), term()) -> map().
merge(Dictionary, Other) when is_map(Other), not is_map_key('$class', Other) -> maps:merge(Dictionary, Other);
merge(_, _) -> type_error('merge:', <<"The argument must be a Dictionary.">>).

-spec do(map(), term()) -> nil.
do(Dictionary, Block) when is_function(Block, 1) -> beamtalk_list:do(maps:values(Dictionary), Block);
do(_, Block) -> unfit(Block, 1, 'do:').

-spec do_with_key(map(), term()) -> nil.
do_with_key(Dictionary, Block) ->
    pairs_do(Dictionary, Block, 'doWithKey:').

-spec keys_and_values_do(map(), term()) -> nil.
keys_and_values_do(Dictionary, Block) ->
    pairs_do(Dictionary, Block, 'keysAndValuesDo:').

pairs_do(Dictionary, Block, _) when is_function(Block, 2) -> pairs_do(maps:next(maps:iterator(Dictionary)), Block);
pairs_do(_, Block, Selector) -> unfit(Block, 2, Selector).

pairs_do({Key, Value, Iterator}, Block) ->
    _ = Block(Key, Value),
    pairs_do(maps:next(Iterator), Block);
pairs_do(none, _) ->
    nil.

-spec collect(map(), term()) -> map().
collect(Dictionary, Block) when is_function(Block, 1) ->
    maps:map(fun(_, Value) -> Block(Value) end, Dictionary);
collect(_, Block) ->
    unfit(Block, 1, 'collect:').

-spec unfit(term(), arity(), atom()) -> no_return().
unfit(Block, Arity, Selector) ->
    beamtalk_block:unfit(Block, Arity, 'Dictionary', Selector).

-spec type_error(atom(), binary()) -> no_return().
type_error(Selector, Hint) ->
    beamtalk_error:raise(type_error, 'Dictionary', Selector, Hint).
