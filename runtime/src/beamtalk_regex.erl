%%% Regular expressions: PCRE as `re' has it, byte-oriented. A pattern is a String or a Regex object.
-module(beamtalk_regex).

-export([
    from/1,
    from/2,
    matches/2,
    matches/3,
    first_match/2,
    all_matches/2,
    replace_first/3,
    replace_all/3,
    split/2
]).

-type pattern() :: term().

%% ---- Regex objects -------------------------------------------------------------------------------------------

-spec from(term()) -> beamtalk_result:result().
from(Source) ->
    from(Source, [], 'from:').

-spec from(term(), term()) -> beamtalk_result:result().
from(Source, Options) when is_list(Options) ->
    from(Source, [option(Option, 'Regex', 'from:options:') || Option <- Options], 'from:options:');
from(_, _) ->
    type_error('Regex', 'from:options:', <<"The options must be a List of Symbols.">>).

from(Source, Options, Selector) when is_binary(Source) ->
    case re:compile(Source, Options) of
        {ok, Compiled} ->
            beamtalk_result:ok(#{'$class' => 'bt@stdlib@Regex', source => Source, compiled => Compiled});
        {error, {Reason, Position}} ->
            Hint = iolist_to_binary(io_lib:format("~ts at position ~b", [Reason, Position])),
            beamtalk_result:error(beamtalk_error:make(regex_error, 'Regex', Selector, Hint))
    end;
from(_, _, Selector) ->
    type_error('Regex', Selector, <<"The pattern must be a String.">>).

option(caseless, _, _) -> caseless;
option(multiline, _, _) -> multiline;
option(dotall, _, _) -> dotall;
option(extended, _, _) -> extended;
option(ungreedy, _, _) -> ungreedy;
option(_, ClassName, Selector) ->
    Hint = <<"Options are #caseless, #multiline, #dotall, #extended and #ungreedy.">>,
    beamtalk_error:raise(regex_error, ClassName, Selector, Hint).

%% ---- matching ------------------------------------------------------------------------------------------------

-spec matches(binary(), pattern()) -> boolean().
matches(String, Pattern) ->
    re:run(String, compiled(Pattern, [], 'matchesRegex:'), [{capture, none}]) =:= match.

-spec matches(binary(), pattern(), term()) -> boolean().
matches(String, Pattern, Options) when is_binary(Pattern), is_list(Options) ->
    Selector = 'matchesRegex:options:',
    Checked = [option(Option, 'String', Selector) || Option <- Options],
    re:run(String, compiled(Pattern, Checked, Selector), [{capture, none}]) =:= match;
matches(_, _, _) ->
    type_error('String', 'matchesRegex:options:', <<"A String and a List of Symbols are needed.">>).

-spec first_match(binary(), pattern()) -> binary() | nil.
first_match(String, Pattern) ->
    case re:run(String, compiled(Pattern, [], 'firstMatch:'), [{capture, first, binary}]) of
        {match, [Text]} -> Text;
        nomatch -> nil
    end.

-spec all_matches(binary(), pattern()) -> [binary()].
all_matches(String, Pattern) ->
    case re:run(String, compiled(Pattern, [], 'allMatches:'), [global, {capture, first, binary}]) of
        {match, Matches} -> [Text || [Text] <- Matches];
        nomatch -> []
    end.

-spec replace_first(binary(), pattern(), term()) -> binary().
replace_first(String, Pattern, Replacement) ->
    replace(String, Pattern, Replacement, [], 'replaceRegex:with:').

-spec replace_all(binary(), pattern(), term()) -> binary().
replace_all(String, Pattern, Replacement) ->
    replace(String, Pattern, Replacement, [global], 'replaceAllRegex:with:').

replace(String, Pattern, Replacement, Options, Selector) when is_binary(Replacement) ->
    iolist_to_binary(re:replace(String, compiled(Pattern, [], Selector), Replacement, [{return, iodata} | Options]));
replace(_, _, _, _, Selector) ->
    type_error('String', Selector, <<"The replacement must be a String.">>).

%% Trailing empty pieces are dropped.
-spec split(binary(), pattern()) -> [binary()].
split(String, Pattern) ->
    Pieces = re:split(String, compiled(Pattern, [], 'splitRegex:'), [{return, binary}]),
    lists:reverse(lists:dropwhile(fun(Piece) -> Piece =:= <<>> end, lists:reverse(Pieces))).

compiled(#{'$class' := 'bt@stdlib@Regex', compiled := Compiled}, _, _) ->
    Compiled;
compiled(Source, Options, Selector) when is_binary(Source) ->
    case re:compile(Source, Options) of
        {ok, Compiled} ->
            Compiled;
        {error, {Reason, Position}} ->
            Hint = iolist_to_binary(io_lib:format("Invalid pattern: ~ts at position ~b", [Reason, Position])),
            beamtalk_error:raise(regex_error, 'String', Selector, Hint)
    end;
compiled(_, _, Selector) ->
    type_error('String', Selector, <<"The pattern must be a String or a Regex.">>).

-spec type_error(atom(), atom(), binary()) -> no_return().
type_error(ClassName, Selector, Hint) ->
    beamtalk_error:raise(type_error, ClassName, Selector, Hint).
