%%% Binaries: bytes with checked positions, conversions to and from text encodings.
-module(beamtalk_binary).

-export([
    class/1,
    at/2,
    byte_at/2,
    part/3,
    concat/2,
    as_string/1,
    as_hex/1,
    as_base64_url/1,
    from_bytes/1,
    from_iolist/1,
    from_base64/1,
    from_base64_url/1,
    from_hex/1,
    deserialize/1,
    deserialize_with_used/1
]).

%% Bytes that are UTF-8 are a String.
-spec class(binary()) -> {'$class', module()}.
class(Binary) ->
    case beamtalk_string:is_text(Binary) of
        true -> {'$class', 'bt@stdlib@String'};
        false -> {'$class', 'bt@stdlib@Binary'}
    end.

%% ---- access --------------------------------------------------------------------------------------------------

-spec at(binary(), term()) -> byte().
at(Binary, Index) when is_integer(Index), Index >= 1, Index =< byte_size(Binary) ->
    binary:at(Binary, Index - 1);
at(_, Index) when is_integer(Index), Index < 1 ->
    out_of_bounds('at:', <<"Index must be >= 1 (1-based indexing)">>);
at(<<>>, Index) when is_integer(Index) ->
    beamtalk_error:raise(empty_collection, 'Binary', 'at:', <<"Guard with `isEmpty` first">>);
at(_, Index) when is_integer(Index) ->
    out_of_bounds('at:', <<"Index is beyond binary size">>);
at(_, _) ->
    type_error('at:', <<"The index must be an Integer.">>).

-spec byte_at(binary(), term()) -> byte().
byte_at(Binary, Offset) when is_integer(Offset), Offset >= 0, Offset < byte_size(Binary) ->
    binary:at(Binary, Offset);
byte_at(_, Offset) when is_integer(Offset) ->
    out_of_bounds('byteAt:', <<"Offsets count from 0 to byteSize - 1.">>);
byte_at(_, _) ->
    type_error('byteAt:', <<"The offset must be an Integer.">>).

-spec part(binary(), term(), term()) -> binary().
part(Binary, Offset, Size) when is_integer(Offset), is_integer(Size) ->
    case Offset >= 0 andalso Size >= 0 andalso Offset + Size =< byte_size(Binary) of
        true -> binary:part(Binary, Offset, Size);
        false -> out_of_bounds('part:size:', <<"The part must lie within the bytes; offsets count from 0.">>)
    end;
part(_, _, _) ->
    type_error('part:size:', <<"Offset and size must be Integers.">>).

-spec concat(binary(), term()) -> binary().
concat(Binary, Other) when is_binary(Other) -> <<Binary/binary, Other/binary>>;
concat(_, _) -> type_error('concat:', <<"The argument must be a Binary.">>).

%% ---- conversions to text -------------------------------------------------------------------------------------

-spec as_string(binary()) -> binary() | beamtalk_result:result().
as_string(Binary) ->
    case unicode:characters_to_binary(Binary) of
        Text when is_binary(Text) ->
            Text;
        {_, Valid, _} ->
            Hint = iolist_to_binary(["The byte at offset ", integer_to_binary(byte_size(Valid)), " is no UTF-8."]),
            beamtalk_result:error(beamtalk_error:make(invalid_utf8, 'Binary', asString, Hint))
    end.

-spec as_hex(binary()) -> binary().
as_hex(Binary) ->
    <<<<(hex_digit(Digit))>> || <<Digit:4>> <= Binary>>.

hex_digit(Digit) when Digit < 10 -> $0 + Digit;
hex_digit(Digit) -> $a + Digit - 10.

-spec as_base64_url(binary()) -> binary().
as_base64_url(Binary) ->
    <<<<(url_character(Character))>> || <<Character>> <= base64:encode(Binary)>>.

url_character($+) -> $-;
url_character($/) -> $_;
url_character(Character) -> Character.

%% ---- construction --------------------------------------------------------------------------------------------

-spec from_bytes(term()) -> binary().
from_bytes(Bytes) ->
    case is_list(Bytes) andalso lists:all(fun is_byte/1, Bytes) of
        true -> list_to_binary(Bytes);
        false -> type_error('fromBytes:', <<"A List of Integers from 0 to 255 is needed.">>)
    end.

is_byte(Byte) ->
    is_integer(Byte) andalso Byte >= 0 andalso Byte =< 255.

-spec from_iolist(term()) -> binary().
from_iolist(Iolist) ->
    try
        iolist_to_binary(Iolist)
    catch
        error:badarg -> type_error('fromIolist:', <<"Nested Lists of Binaries and bytes are needed.">>)
    end.

-spec from_base64(term()) -> beamtalk_result:result().
from_base64(Text) when is_binary(Text) -> base64(Text, 'fromBase64:');
from_base64(_) -> type_error('fromBase64:', <<"The argument must be a String.">>).

-spec from_base64_url(term()) -> beamtalk_result:result().
from_base64_url(Text) when is_binary(Text) ->
    case binary:match(Text, [<<"+">>, <<"/">>]) of
        nomatch -> base64(padded(<<<<(base64_character(C))>> || <<C>> <= Text>>), 'fromBase64Url:');
        _ -> malformed('fromBase64Url:', <<"The string is not valid URL-safe Base64">>)
    end;
from_base64_url(_) ->
    type_error('fromBase64Url:', <<"The argument must be a String.">>).

base64_character($-) -> $+;
base64_character($_) -> $/;
base64_character(Character) -> Character.

padded(Text) ->
    case byte_size(Text) rem 4 of
        2 -> <<Text/binary, "==">>;
        3 -> <<Text/binary, "=">>;
        _ -> Text
    end.

%% `base64:decode/1' skips white space, which RFC 4648 section 3.3 forbids here.
base64(Text, Selector) ->
    try re:run(Text, "\\s", [{capture, none}]) =:= nomatch andalso base64:decode(Text) of
        false -> malformed(Selector, <<"The string is not valid Base64">>);
        Bytes -> beamtalk_result:ok(Bytes)
    catch
        error:_ -> malformed(Selector, <<"The string is not valid Base64">>)
    end.

-spec from_hex(term()) -> beamtalk_result:result().
from_hex(Text) when is_binary(Text) ->
    try
        beamtalk_result:ok(binary:decode_hex(Text))
    catch
        error:badarg -> malformed('fromHex:', <<"An even number of hexadecimal digits is needed">>)
    end;
from_hex(_) ->
    type_error('fromHex:', <<"The argument must be a String.">>).

malformed(Selector, Hint) ->
    beamtalk_result:parse_error('Binary', Selector, Hint).

%% ---- external term format ------------------------------------------------------------------------------------

-spec deserialize(term()) -> term().
deserialize(Bytes) ->
    try
        binary_to_term(Bytes, [safe])
    catch
        error:badarg -> not_a_term('deserialize:')
    end.

-spec deserialize_with_used(term()) -> {term(), pos_integer()}.
deserialize_with_used(Bytes) ->
    try
        binary_to_term(Bytes, [safe, used])
    catch
        error:badarg -> not_a_term('deserializeWithUsed:')
    end.

-spec not_a_term(atom()) -> no_return().
not_a_term(Selector) ->
    type_error(Selector, <<"The bytes are not a term in external format, or name atoms that do not exist here.">>).

%% ---- errors --------------------------------------------------------------------------------------------------

-spec type_error(atom(), binary()) -> no_return().
type_error(Selector, Hint) ->
    beamtalk_error:raise(type_error, 'Binary', Selector, Hint).

-spec out_of_bounds(atom(), binary()) -> no_return().
out_of_bounds(Selector, Hint) ->
    beamtalk_error:raise(index_out_of_bounds, 'Binary', Selector, Hint).
