%%% Intervals: numbers in equal steps. A step of zero, or one that leads away from the limit, makes an empty interval.
-module(beamtalk_interval).

-export([whole/2, size/1, at/2, first/1, last/1, do/2, to_list/1]).

-compile({no_auto_import, [size/1]}).

-type interval() :: #{'$class' := module(), from := integer(), to := integer(), step := integer()}.

-define(INTERVAL(From, To, Step), #{from := From, to := To, step := Step}).

%% A limit or step of an interval, as it was given to the message with that selector.
-spec whole(term(), atom()) -> integer().
whole(Number, _) when is_integer(Number) -> Number;
whole(_, Selector) ->
    beamtalk_error:raise(type_error, 'Integer', Selector, <<"The limit and the step of an Interval are Integers.">>).

-spec size(interval()) -> non_neg_integer().
size(?INTERVAL(From, To, Step)) when Step > 0, From =< To; Step < 0, From >= To -> (To - From) div Step + 1;
size(_) -> 0.

-spec at(interval(), term()) -> integer().
at(?INTERVAL(From, _, Step) = Interval, Index) when is_integer(Index) ->
    case Index >= 1 andalso Index =< size(Interval) of
        true ->
            From + (Index - 1) * Step;
        false ->
            Hint = iolist_to_binary(["Index ", integer_to_binary(Index), " is out of bounds"]),
            beamtalk_error:raise(index_out_of_bounds, 'Interval', 'at:', Hint)
    end;
at(_, _) ->
    beamtalk_error:raise(type_error, 'Interval', 'at:', <<"The index must be an Integer.">>).

-spec first(interval()) -> integer().
first(?INTERVAL(From, _, _) = Interval) ->
    not_empty(Interval, first),
    From.

-spec last(interval()) -> integer().
last(?INTERVAL(From, _, Step) = Interval) ->
    not_empty(Interval, last),
    From + (size(Interval) - 1) * Step.

not_empty(Interval, Selector) ->
    case size(Interval) of
        0 -> beamtalk_error:raise(empty_collection, 'Interval', Selector, <<"Guard with `isEmpty` first">>);
        _ -> ok
    end.

-spec do(interval(), term()) -> nil.
do(?INTERVAL(From, To, Step), Block) when is_function(Block, 1) ->
    beamtalk_integer:to_do(From, To, Step, Block);
do(_, Block) ->
    beamtalk_block:unfit(Block, 1, 'Interval', 'do:').

-spec to_list(interval()) -> [integer()].
to_list(?INTERVAL(From, To, Step) = Interval) ->
    case size(Interval) of
        0 -> [];
        _ -> lists:seq(From, To, Step)
    end.
