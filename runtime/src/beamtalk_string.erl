%%% Strings: UTF-8 binaries whose elements are grapheme clusters.
%%%
%%% Every binary is dispatched here, so the collection protocol treats bytes that are no UTF-8 as Binary does: elements are
%%% bytes. ASCII text without CR (CRLF is one grapheme) takes a short way everywhere: characters are bytes.
-module(beamtalk_string).

-compile({no_auto_import, [length/1]}).

-export([
    interpolate/1,
    is_text/1,
    concat/2,
    length/1,
    at/2,
    first/1,
    last/1,
    take/2,
    drop/2,
    includes_substring/2,
    starts_with/2,
    ends_with/2,
    index_of/2,
    as_list/1,
    next/1,
    collect/2,
    select/2,
    reject/2
]).
-export([
    uppercase/1,
    lowercase/1,
    capitalize/1,
    reverse/1,
    repeat/2,
    pad_left/2,
    pad_left/3,
    pad_right/2,
    pad_right/3,
    split/2,
    split_on/2,
    lines/1,
    words/1,
    replace_all/3,
    replace_first/3
]).
-export([
    is_digit/1,
    is_alpha/1,
    as_integer/1,
    as_float/1,
    as_atom/1,
    url_encoded/1,
    url_decoded/1,
    from_strings/1,
    from_code_point/1,
    from_code_points/1,
    from_iolist/1
]).

%% Text of this many bytes is made by BIFs that pause, and only if there is room for it.
-define(LARGE, 65536).
-define(HUGE, 1 bsl 26).

%% What `"a {b} c"' compiles to: the parts are in display form already.
-spec interpolate([binary()]) -> binary().
interpolate(Parts) ->
    iolist_to_binary(Parts).

%% Whether the bytes are UTF-8.
-spec is_text(binary()) -> boolean().
is_text(<<A, B, C, D, Rest/binary>>) when A < 128, B < 128, C < 128, D < 128 -> is_text(Rest);
is_text(<<_/utf8, Rest/binary>>) -> is_text(Rest);
is_text(Rest) -> Rest =:= <<>>.

%% Whether every character is one byte.
is_plain(<<C, Rest/binary>>) when C < 128, C =/= $\r -> is_plain(Rest);
is_plain(Rest) -> Rest =:= <<>>.

%% ---- access --------------------------------------------------------------------------------------------------

-spec concat(binary(), term()) -> binary().
concat(String, Other) when is_binary(Other), byte_size(String) + byte_size(Other) < ?LARGE ->
    <<String/binary, Other/binary>>;
concat(String, Other) when is_binary(Other) ->
    check_size(byte_size(String) + byte_size(Other), '++'),
    appended(String, Other);
concat(_, _) -> beamtalk_error:raise(argument_error, 'String', '++', <<"The argument must be a String.">>).

%% The VM appends in place, for which it keeps twice the room. A text of this size is rather copied.
appended(String, Other) when byte_size(String) < ?HUGE -> <<String/binary, Other/binary>>;
appended(String, Other) -> iolist_to_binary([String, Other]).

-spec length(binary()) -> non_neg_integer().
length(String) ->
    case is_plain(String) of
        true ->
            byte_size(String);
        false ->
            try
                string:length(String)
            catch
                error:{badarg, _} -> byte_size(String)
            end
    end.

-spec at(binary(), term()) -> binary() | byte().
at(String, Index) when not is_integer(Index); Index < 1 ->
    case is_text(String) of
        false -> beamtalk_binary:at(String, Index);
        true when is_integer(Index) -> out_of_bounds('at:', <<"Index must be >= 1 (1-based indexing)">>);
        true -> type_error('at:', <<"The index must be an Integer.">>)
    end;
at(<<>>, _) ->
    empty('at:');
at(String, Index) ->
    case is_plain(String) of
        true when Index =< byte_size(String) -> binary:part(String, Index - 1, 1);
        true -> beyond();
        false -> grapheme_at(String, Index)
    end.

grapheme_at(String, Index) ->
    try string:slice(String, Index - 1, 1) of
        <<>> -> beyond();
        Grapheme -> Grapheme
    catch
        error:{badarg, _} -> beamtalk_binary:at(String, Index)
    end.

-spec beyond() -> no_return().
beyond() ->
    out_of_bounds('at:', <<"Index is beyond string length">>).

-spec first(binary()) -> binary() | byte().
first(<<>>) -> empty(first);
first(String) -> grapheme_at(String, 1).

-spec last(binary()) -> binary() | byte().
last(<<>>) -> empty(last);
last(String) -> lists:last(as_list(String)).

-spec take(binary(), term()) -> binary().
take(String, Count) when is_integer(Count), Count > 0 ->
    sliced(String, 0, Count, fun() -> binary:part(String, 0, min(Count, byte_size(String))) end);
take(_, Count) when is_integer(Count) ->
    <<>>;
take(_, _) ->
    type_error('take:', <<"The count must be an Integer.">>).

-spec drop(binary(), term()) -> binary().
drop(String, Count) when is_integer(Count), Count > 0 ->
    sliced(String, Count, infinity, fun() ->
        Start = min(Count, byte_size(String)),
        binary:part(String, Start, byte_size(String) - Start)
    end);
drop(String, Count) when is_integer(Count) ->
    String;
drop(_, _) ->
    type_error('drop:', <<"The count must be an Integer.">>).

sliced(String, Start, Count, ByBytes) ->
    case is_plain(String) of
        true ->
            ByBytes();
        false ->
            try
                string:slice(String, Start, Count)
            catch
                error:{badarg, _} -> ByBytes()
            end
    end.

-spec includes_substring(binary(), term()) -> boolean().
includes_substring(_, <<>>) -> true;
includes_substring(String, Text) when is_binary(Text) -> binary:match(String, Text) =/= nomatch;
includes_substring(_, _) -> not_a_string('includesSubstring:').

-spec starts_with(binary(), term()) -> boolean().
starts_with(String, Prefix) when is_binary(Prefix) ->
    binary:longest_common_prefix([String, Prefix]) =:= byte_size(Prefix);
starts_with(_, _) ->
    not_a_string('startsWith:').

-spec ends_with(binary(), term()) -> boolean().
ends_with(String, Suffix) when is_binary(Suffix) ->
    binary:longest_common_suffix([String, Suffix]) =:= byte_size(Suffix);
ends_with(_, _) ->
    not_a_string('endsWith:').

-spec index_of(binary(), term()) -> pos_integer() | nil.
index_of(_, <<>>) ->
    nil;
index_of(String, Text) when is_binary(Text) ->
    case binary:match(String, Text) of
        {Start, _} -> ?MODULE:length(binary:part(String, 0, Start)) + 1;
        nomatch -> nil
    end;
index_of(_, _) ->
    not_a_string('indexOf:').

%% The elements: graphemes as strings, or the bytes of what is no text.
-spec as_list(binary()) -> [binary() | byte()].
as_list(String) ->
    case is_plain(String) of
        true ->
            [<<C>> || <<C>> <= String];
        false ->
            try
                [unicode:characters_to_binary([Grapheme]) || Grapheme <- string:to_graphemes(String)]
            catch
                error:{badarg, _} -> binary_to_list(String)
            end
    end.

%% The elements one by one, as a stream pulls them.
-spec next(binary()) -> done | {binary() | byte(), beamtalk_stream:generator()}.
next(String) ->
    case is_text(String) of
        true -> next_grapheme(String);
        false -> next_byte(String)
    end.

next_grapheme(String) ->
    case string:next_grapheme(String) of
        [Grapheme | Rest] -> {unicode:characters_to_binary([Grapheme]), fun() -> next_grapheme(Rest) end};
        [] -> done
    end.

next_byte(<<Byte, Rest/binary>>) -> {Byte, fun() -> next_byte(Rest) end};
next_byte(<<>>) -> done.

%% ---- iteration -----------------------------------------------------------------------------------------------

-spec collect(binary(), term()) -> binary() | [term()].
collect(String, Block) ->
    Elements = as_list(String),
    Answers = beamtalk_list:collect(Elements, beamtalk_block:checked(Block, 1, String, 'collect:')),
    case is_bytes(Elements) of
        true -> Answers;
        false -> joined(Answers, 'collect:')
    end.

-spec select(binary(), term()) -> binary() | [byte()].
select(String, Block) ->
    rebuilt(beamtalk_list:select(as_list(String), beamtalk_block:deciding(Block, String, 'select:'))).

-spec reject(binary(), term()) -> binary() | [byte()].
reject(String, Block) ->
    rebuilt(beamtalk_list:reject(as_list(String), beamtalk_block:deciding(Block, String, 'reject:'))).

rebuilt(Elements) ->
    case is_bytes(Elements) of
        true -> Elements;
        false -> iolist_to_binary(Elements)
    end.

is_bytes([Element | _]) -> is_integer(Element);
is_bytes([]) -> false.

joined(Strings, Selector) ->
    try
        iolist_to_binary(Strings)
    catch
        error:badarg -> argument_error(Selector, <<"The block must answer Strings.">>)
    end.

%% ---- case and shape ------------------------------------------------------------------------------------------

-spec uppercase(binary()) -> binary().
uppercase(String) ->
    text(fun() -> string:uppercase(String) end, uppercase).

-spec lowercase(binary()) -> binary().
lowercase(String) ->
    text(fun() -> string:lowercase(String) end, lowercase).

-spec capitalize(binary()) -> binary().
capitalize(String) ->
    text(
        fun() ->
            case string:next_grapheme(String) of
                [First | Rest] -> unicode:characters_to_binary([string:uppercase([First]), Rest]);
                [] -> <<>>
            end
        end,
        capitalize
    ).

-spec reverse(binary()) -> binary().
reverse(String) ->
    text(fun() -> unicode:characters_to_binary(string:reverse(String)) end, reverse).

%% Runs a conversion that only text has.
text(Conversion, Selector) ->
    try Conversion() of
        Text when is_binary(Text) -> Text;
        _ -> not_text(Selector)
    catch
        error:{badarg, _} -> not_text(Selector);
        error:function_clause -> not_text(Selector)
    end.

-spec not_text(atom()) -> no_return().
not_text(Selector) ->
    type_error(Selector, <<"These bytes are no UTF-8 text.">>).

-spec repeat(binary(), term()) -> binary().
repeat(String, Count) when is_integer(Count), Count >= 0 ->
    check_size(byte_size(String) * Count, 'repeat:'),
    binary:copy(String, Count);
repeat(_, _) -> type_error('repeat:', <<"The count must be an Integer that is not negative.">>).

%% Text does not lie on the heap that the VM limits, and running out of memory would end the node.
-spec check_size(non_neg_integer(), atom()) -> ok.
check_size(Size, Selector) ->
    case application:get_env(beamtalk, evaluator_heap) of
        {ok, Limit} when Size > Limit ->
            Text = io_lib:format("the text would be longer than the limit of ~b MiB", [Limit div (1024 * 1024)]),
            beamtalk_error:raise_message(
                'bt@stdlib@RuntimeError', resource_error, iolist_to_binary(Text), 'String', Selector, nil
            );
        _ ->
            ok
    end.

-spec pad_left(binary(), term()) -> binary().
pad_left(String, Width) when is_integer(Width) -> <<(padding(String, Width, <<" ">>))/binary, String/binary>>;
pad_left(_, _) -> type_error('padLeft:', <<"The width must be an Integer.">>).

-spec pad_left(binary(), term(), term()) -> binary().
pad_left(String, Width, Pad) when is_integer(Width), is_binary(Pad) ->
    <<(padding(String, Width, Pad))/binary, String/binary>>;
pad_left(_, _, _) ->
    type_error('padLeft:with:', <<"The width must be an Integer, the padding a String.">>).

-spec pad_right(binary(), term()) -> binary().
pad_right(String, Width) when is_integer(Width) -> <<String/binary, (padding(String, Width, <<" ">>))/binary>>;
pad_right(_, _) -> type_error('padRight:', <<"The width must be an Integer.">>).

-spec pad_right(binary(), term(), term()) -> binary().
pad_right(String, Width, Pad) when is_integer(Width), is_binary(Pad) ->
    <<String/binary, (padding(String, Width, Pad))/binary>>;
pad_right(_, _, _) ->
    type_error('padRight:with:', <<"The width must be an Integer, the padding a String.">>).

padding(String, Width, Pad) ->
    Count = max(0, Width - ?MODULE:length(String)),
    check_size(byte_size(Pad) * Count, nil),
    binary:copy(Pad, Count).

%% ---- splitting and replacing ---------------------------------------------------------------------------------

-spec split(binary(), term()) -> [binary()].
split(String, Separator) when is_binary(Separator), Separator =/= <<>> -> binary:split(String, Separator, [global]);
split(_, <<>>) -> argument_error('split:', <<"The separator must not be empty.">>);
split(_, _) -> not_a_string('split:').

-spec split_on(binary(), term()) -> [binary()].
split_on(String, <<>>) -> [String];
split_on(String, Pattern) when is_binary(Pattern) -> binary:split(String, Pattern, [global]);
split_on(_, _) -> not_a_string('splitOn:').

-spec lines(binary()) -> [binary()].
lines(String) ->
    binary:split(String, [<<"\r\n">>, <<"\n">>], [global]).

-spec words(binary()) -> [binary()].
words(String) ->
    [Word || Word <- binary:split(String, [<<" ">>, <<"\t">>, <<"\r">>, <<"\n">>], [global]), Word =/= <<>>].

-spec replace_all(binary(), term(), term()) -> binary().
replace_all(String, Old, New) ->
    replace(String, Old, New, [global], 'replaceAll:with:').

-spec replace_first(binary(), term(), term()) -> binary().
replace_first(String, Old, New) ->
    replace(String, Old, New, [], 'replaceFirst:with:').

replace(String, Old, New, Options, _) when is_binary(Old), Old =/= <<>>, is_binary(New) ->
    binary:replace(String, Old, New, Options);
replace(_, _, _, _, Selector) ->
    argument_error(Selector, <<"Both arguments must be Strings, the first not empty.">>).

%% ---- tests and conversions -----------------------------------------------------------------------------------

-spec is_digit(binary()) -> boolean().
is_digit(<<>>) -> false;
is_digit(String) -> all_bytes(String, fun(C) -> C >= $0 andalso C =< $9 end).

-spec is_alpha(binary()) -> boolean().
is_alpha(<<>>) -> false;
is_alpha(String) -> all_bytes(String, fun(C) -> C bor 32 >= $a andalso C bor 32 =< $z end).

all_bytes(<<C, Rest/binary>>, Test) -> Test(C) andalso all_bytes(Rest, Test);
all_bytes(<<>>, _) -> true.

-spec as_integer(binary()) -> integer().
as_integer(String) ->
    try
        binary_to_integer(String)
    catch
        error:badarg -> argument_error(asInteger, <<"Only decimal digits with an optional sign are an Integer.">>)
    end.

-spec as_float(binary()) -> float().
as_float(String) ->
    try
        binary_to_float(String)
    catch
        error:badarg -> argument_error(asFloat, <<"A Float needs digits with a decimal point.">>)
    end.

-spec as_atom(binary()) -> atom().
as_atom(String) ->
    try
        binary_to_atom(String)
    catch
        error:_ -> argument_error(asAtom, <<"A Symbol's name is text of at most 255 characters.">>)
    end.

%% RFC 3986 section 2.3: unreserved characters stay.
-spec url_encoded(binary()) -> binary().
url_encoded(String) ->
    <<<<(url_byte(C))/binary>> || <<C>> <= String>>.

url_byte(C) when C >= $a, C =< $z; C >= $A, C =< $Z; C >= $0, C =< $9; C =:= $-; C =:= $.; C =:= $_; C =:= $~ ->
    <<C>>;
url_byte(C) ->
    <<"%", (binary:encode_hex(<<C>>))/binary>>.

-spec url_decoded(binary()) -> binary().
url_decoded(String) ->
    url_decoded(String, <<>>).

url_decoded(<<"%", A, B, Rest/binary>>, Done) ->
    try binary:decode_hex(<<A, B>>) of
        Byte -> url_decoded(Rest, <<Done/binary, Byte/binary>>)
    catch
        error:badarg ->
            beamtalk_error:raise(parse_error, 'String', urlDecoded, <<"`%` must be followed by two hex digits">>)
    end;
url_decoded(<<C, Rest/binary>>, Done) ->
    url_decoded(Rest, <<Done/binary, C>>);
url_decoded(<<>>, Done) ->
    Done.

%% ---- construction --------------------------------------------------------------------------------------------

-spec from_strings(term()) -> binary().
from_strings(List) ->
    try
        iolist_to_binary(List)
    catch
        error:badarg -> argument_error('withAll:', <<"A List of Strings is needed.">>)
    end.

-spec from_code_point(term()) -> binary().
from_code_point(CodePoint) ->
    case is_integer(CodePoint) andalso unicode:characters_to_binary([CodePoint]) of
        Text when is_binary(Text) -> Text;
        _ -> type_error('fromCodePoint:', <<"A Unicode code point is needed.">>)
    end.

-spec from_code_points(term()) -> binary().
from_code_points(List) ->
    case is_list(List) andalso lists:all(fun is_integer/1, List) andalso unicode:characters_to_binary(List) of
        Text when is_binary(Text) -> Text;
        _ -> type_error('fromCodePoints:', <<"A List of Unicode code points is needed.">>)
    end.

%% Bytes are tried as UTF-8 first, then everything is read as code points.
-spec from_iolist(term()) -> binary().
from_iolist(Text) when is_binary(Text) ->
    Text;
from_iolist(Iolist) ->
    case bytes_of(Iolist) of
        {ok, Bytes} ->
            case is_text(Bytes) of
                true -> Bytes;
                false -> from_characters(Iolist)
            end;
        error ->
            from_characters(Iolist)
    end.

bytes_of(Iolist) ->
    try
        {ok, iolist_to_binary(Iolist)}
    catch
        error:badarg -> error
    end.

from_characters(Characters) ->
    try unicode:characters_to_binary(Characters) of
        Text when is_binary(Text) -> Text;
        _ -> not_characters()
    catch
        error:badarg -> not_characters()
    end.

-spec not_characters() -> no_return().
not_characters() ->
    type_error('fromIolist:', <<"Nested Lists of Strings, bytes and code points are needed.">>).

%% ---- errors --------------------------------------------------------------------------------------------------

-spec not_a_string(atom()) -> no_return().
not_a_string(Selector) ->
    type_error(Selector, <<"The argument must be a String.">>).

-spec type_error(atom(), binary()) -> no_return().
type_error(Selector, Hint) ->
    beamtalk_error:raise(type_error, 'String', Selector, Hint).

-spec argument_error(atom(), binary()) -> no_return().
argument_error(Selector, Hint) ->
    beamtalk_error:raise(argument_error, 'String', Selector, Hint).

-spec out_of_bounds(atom(), binary()) -> no_return().
out_of_bounds(Selector, Hint) ->
    beamtalk_error:raise(index_out_of_bounds, 'String', Selector, Hint).

-spec empty(atom()) -> no_return().
empty(Selector) ->
    beamtalk_error:raise(empty_collection, 'String', Selector, <<"String is empty; guard with `isEmpty` first">>).
