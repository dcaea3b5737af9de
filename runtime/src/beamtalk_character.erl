%%% Characters: code points with their Unicode properties.
%%%
%%% The general category comes from PCRE, the only part of OTP that knows it (`\p{...}', see re(3)); ASCII is decided here.
-module(beamtalk_character).

-export([
    value/1,
    responds_to/2,
    perform/3,
    to_string/1,
    print_string/1,
    uppercase/1,
    lowercase/1,
    is_letter/1,
    is_digit/1,
    is_uppercase/1,
    is_lowercase/1,
    is_whitespace/1
]).

-define(CLASS, 'bt@stdlib@Character').
-define(IS_SCALAR(C), is_integer(C), C >= 0, C =< 16#10FFFF, not (C >= 16#D800 andalso C =< 16#DFFF)).

-spec value(term()) -> char().
value(CodePoint) when ?IS_SCALAR(CodePoint) -> CodePoint;
value(_) -> beamtalk_error:raise(type_error, 'Character', 'value:', <<"A Unicode code point is needed.">>).

%% A character is an integer to everybody but the compiler, so reflection on a known character looks in its class here.
-spec responds_to(char(), term()) -> boolean().
responds_to(Character, Selector) when is_atom(Selector) ->
    own(Selector, beamtalk_dispatch:selector_arity(Selector)) orelse beamtalk_object:responds_to(Character, Selector);
responds_to(Character, Selector) ->
    beamtalk_object:responds_to(Character, Selector).

-spec perform(char(), term(), term()) -> term().
perform(Character, Selector, Arguments) when is_atom(Selector), is_list(Arguments) ->
    case own(Selector, length(Arguments)) of
        true -> apply(?CLASS, Selector, [Character | Arguments]);
        false -> beamtalk_object:perform(Character, Selector, Arguments)
    end;
perform(Character, Selector, Arguments) ->
    beamtalk_object:perform(Character, Selector, Arguments).

own(Selector, Count) ->
    beamtalk_dispatch:selector_arity(Selector) =:= Count andalso beamtalk_registry:exports(?CLASS, Selector, Count + 1).

-spec to_string(integer()) -> binary().
to_string(Character) when ?IS_SCALAR(Character) -> <<Character/utf8>>;
to_string(_) -> beamtalk_error:raise(type_error, 'Character', asString, <<"This is no Unicode code point.">>).

-spec print_string(integer()) -> binary().
print_string(Character) ->
    <<"$", (to_string(Character))/binary>>.

%% The first code point of the full mapping, so that a character stays one.
-spec uppercase(char()) -> char().
uppercase(Character) ->
    first(string:uppercase([Character])).

-spec lowercase(char()) -> char().
lowercase(Character) ->
    first(string:lowercase([Character])).

first([Cluster | _]) when is_list(Cluster) -> first(Cluster);
first([Character | _]) -> Character.

-spec is_letter(integer()) -> boolean().
is_letter(C) when C >= $a, C =< $z; C >= $A, C =< $Z -> true;
is_letter(C) when C < 128 -> false;
is_letter(C) -> has_category(C, "^\\p{L}$").

-spec is_digit(integer()) -> boolean().
is_digit(C) when C >= $0, C =< $9 -> true;
is_digit(C) when C < 128 -> false;
is_digit(C) -> has_category(C, "^\\p{Nd}$").

-spec is_uppercase(integer()) -> boolean().
is_uppercase(C) when C >= $A, C =< $Z -> true;
is_uppercase(C) when C < 128 -> false;
is_uppercase(C) -> has_category(C, "^\\p{Lu}$").

-spec is_lowercase(integer()) -> boolean().
is_lowercase(C) when C >= $a, C =< $z -> true;
is_lowercase(C) when C < 128 -> false;
is_lowercase(C) -> has_category(C, "^\\p{Ll}$").

-spec is_whitespace(integer()) -> boolean().
is_whitespace(C) when C >= 9, C =< 13; C =:= $\s -> true;
is_whitespace(C) when C < 128 -> false;
is_whitespace(C) -> has_category(C, "^\\p{Z}$").

has_category(C, Pattern) when ?IS_SCALAR(C) ->
    re:run(<<C/utf8>>, Pattern, [unicode, {capture, none}]) =:= match;
has_category(_, _) ->
    false.
