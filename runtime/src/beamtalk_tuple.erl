%%% Tuples: element access and the `{ok, V}' / `{error, R}' shapes.
-module(beamtalk_tuple).

-export([from_list/1, at/2, is_ok/1, is_error/1, unwrap/1, at_random/1]).

-spec from_list(term()) -> tuple().
from_list(List) when is_list(List) -> list_to_tuple(List);
from_list(_) -> beamtalk_error:raise(argument_error, 'Tuple', 'withAll:', <<"The argument must be a List.">>).

-spec at(tuple(), term()) -> term().
at(Tuple, Index) when is_integer(Index), Index >= 1, Index =< tuple_size(Tuple) ->
    element(Index, Tuple);
at(Tuple, Index) when is_integer(Index) ->
    Text = "Index ~b is out of bounds for tuple of size ~b (1-based indexing)",
    Hint = iolist_to_binary(io_lib:format(Text, [Index, tuple_size(Tuple)])),
    beamtalk_error:raise(index_out_of_bounds, 'Tuple', 'at:', Hint);
at(_, _) ->
    beamtalk_error:raise(type_error, 'Tuple', 'at:', <<"The index must be an Integer.">>).

-spec is_ok(tuple()) -> boolean().
is_ok({ok, _}) -> true;
is_ok(_) -> false.

-spec is_error(tuple()) -> boolean().
is_error({error, _}) -> true;
is_error(_) -> false.

-spec unwrap(tuple()) -> term().
unwrap({ok, Value}) ->
    Value;
unwrap({error, Reason}) ->
    failure(<<"Called unwrap on error tuple: ", (beamtalk_print:display_string(Reason))/binary>>);
unwrap(_) ->
    failure(<<"unwrap requires an ok or error result tuple">>).

-spec failure(binary()) -> no_return().
failure(Message) ->
    beamtalk_error:raise_message('bt@stdlib@Error', user_error, Message, 'Tuple', unwrap, nil).

-spec at_random(tuple()) -> term().
at_random({}) -> beamtalk_error:raise(type_error, 'Tuple', atRandom, <<"An empty tuple has no element to choose.">>);
at_random(Tuple) -> element(rand:uniform(tuple_size(Tuple)), Tuple).
