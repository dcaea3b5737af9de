%%% Durations: whole milliseconds under the key `millis'.
-module(beamtalk_duration).

-export([make/3, of_millis/1, from_iso/1, to_iso/1, to_units/1, add/2, subtract/2, multiply/2, compare/3]).

-export_type([duration/0]).

-type duration() :: #{'$class' := module(), millis := integer()}.

-define(IS_DURATION(Millis), #{'$class' := 'bt@stdlib@Duration', millis := Millis}).

-spec of_millis(integer()) -> duration().
of_millis(Millis) ->
    #{'$class' => 'bt@stdlib@Duration', millis => Millis}.

%% A count of units of so many milliseconds.
-spec make(term(), integer(), atom()) -> duration().
make(Count, Unit, _) when is_integer(Count) -> of_millis(Count * Unit);
make(Count, Unit, _) when is_float(Count) -> of_millis(round(Count * Unit));
make(_, _, Selector) -> type_error(Selector, <<"The count must be a Number.">>).

%% `-P1DT2H3M4.5S', at least one part.
-spec from_iso(term()) -> duration().
from_iso(Text) when is_binary(Text) ->
    Pattern = "^(-?)P(?:(\\d+)D)?(?:T(?=\\d)(?:(\\d+)H)?(?:(\\d+)M)?(?:(\\d+)(?:\\.(\\d{1,3}))?S)?)?\\z",
    case re:run(Text, Pattern, [{capture, all_but_first, binary}]) of
        {match, [Sign | Parts]} -> signed(Sign, padded(Parts));
        nomatch -> not_iso()
    end;
from_iso(_) ->
    type_error('fromString:', <<"The argument must be a String.">>).

%% Parts at the end that did not take part in the match are missing from the answer of `re:run/3'.
padded(Parts) ->
    Parts ++ lists:duplicate(5 - length(Parts), <<>>).

signed(_, [<<>>, <<>>, <<>>, <<>>, <<>>]) ->
    not_iso();
signed(Sign, [Days, Hours, Minutes, Seconds, Fraction]) ->
    Total = ((number(Days) * 24 + number(Hours)) * 60 + number(Minutes)) * 60 + number(Seconds),
    Millis = Total * 1000 + number(string:pad(Fraction, 3, trailing, $0)),
    case Sign of
        <<"-">> -> of_millis(-Millis);
        <<>> -> of_millis(Millis)
    end.

number(Digits) ->
    case iolist_to_binary(Digits) of
        <<>> -> 0;
        Text -> binary_to_integer(Text)
    end.

-spec not_iso() -> no_return().
not_iso() ->
    type_error('fromString:', <<"A duration is written like P1DT2H30M or PT0.250S.">>).

-spec to_iso(duration()) -> binary().
to_iso(#{millis := 0}) ->
    <<"PT0S">>;
to_iso(#{millis := Millis}) ->
    {Days, Hours, Minutes, Seconds, Rest} = parts(abs(Millis)),
    Clock = [[integer_to_binary(N), Unit] || {N, Unit} <- [{Hours, "H"}, {Minutes, "M"}], N =/= 0],
    Fraction = [io_lib:format(".~3..0b", [Rest]) || Rest =/= 0],
    Second = [[integer_to_binary(Seconds), Fraction, "S"] || Seconds =/= 0 orelse Rest =/= 0],
    Date = [[integer_to_binary(Days), "D"] || Days =/= 0],
    Time = [["T", Clock, Second] || Clock =/= [] orelse Second =/= []],
    iolist_to_binary([sign(Millis), "P", Date, Time]).

-spec to_units(duration()) -> binary().
to_units(#{millis := 0}) ->
    <<"0ms">>;
to_units(#{millis := Millis}) ->
    {Days, Hours, Minutes, Seconds, Rest} = parts(abs(Millis)),
    Units = [{Days, "d"}, {Hours, "h"}, {Minutes, "m"}, {Seconds, "s"}, {Rest, "ms"}],
    Texts = [[integer_to_binary(N), Unit] || {N, Unit} <- Units, N =/= 0],
    iolist_to_binary([sign(Millis), lists:join(" ", Texts)]).

sign(Millis) when Millis < 0 -> "-";
sign(_) -> "".

parts(Millis) ->
    {
        Millis div 86400000,
        Millis rem 86400000 div 3600000,
        Millis rem 3600000 div 60000,
        Millis rem 60000 div 1000,
        Millis rem 1000
    }.

-spec add(duration(), term()) -> duration().
add(#{millis := A}, Other) ->
    of_millis(A + millis(Other, '+')).

-spec subtract(duration(), term()) -> duration().
subtract(#{millis := A}, Other) ->
    of_millis(A - millis(Other, '-')).

-spec multiply(duration(), term()) -> duration().
multiply(#{millis := Millis}, Factor) ->
    make(Factor, Millis, '*').

-spec compare(duration(), '<' | '>' | '=<' | '>=', term()) -> boolean().
compare(#{millis := A}, Operator, Other) ->
    B = millis(Other, selector(Operator)),
    erlang:Operator(A, B).

selector('=<') -> '<=';
selector(Operator) -> Operator.

millis(?IS_DURATION(Millis), _) -> Millis;
millis(_, Selector) -> type_error(Selector, <<"The argument must be a Duration.">>).

-spec type_error(atom(), binary()) -> no_return().
type_error(Selector, Hint) ->
    beamtalk_error:raise(type_error, 'Duration', Selector, Hint).
