%%% UUIDs of RFC 9562: 16 bytes under the key `bytes'.
-module(beamtalk_uuid).

-export([v4/0, v7/0, from_string/1, is_valid/1, to_string/1, version/1, compare/3]).

-type uuid() :: #{'$class' := module(), bytes := <<_:128>>}.

%% RFC 9562 section 5.4: all random but version and variant.
-spec v4() -> uuid().
v4() ->
    <<A:48, _:4, B:12, _:2, C:62>> = crypto:strong_rand_bytes(16),
    uuid(<<A:48, 4:4, B:12, 2:2, C:62>>).

%% RFC 9562 section 5.7: 48 bits of milliseconds since 1970 first.
-spec v7() -> uuid().
v7() ->
    <<A:12, B:62, _:6>> = crypto:strong_rand_bytes(10),
    Millis = erlang:system_time(millisecond),
    uuid(<<Millis:48, 7:4, A:12, 2:2, B:62>>).

uuid(Bytes) ->
    #{'$class' => 'bt@stdlib@Uuid', bytes => Bytes}.

-spec from_string(term()) -> beamtalk_result:result().
from_string(Text) when is_binary(Text) ->
    case bytes(Text) of
        {ok, Bytes} -> beamtalk_result:ok(uuid(Bytes));
        error -> beamtalk_result:parse_error('Uuid', 'fromString:', <<"A UUID has 8-4-4-4-12 hexadecimal digits">>)
    end;
from_string(_) ->
    type_error('fromString:', <<"The argument must be a String.">>).

-spec is_valid(term()) -> boolean().
is_valid(Text) when is_binary(Text) -> bytes(Text) =/= error;
is_valid(_) -> type_error('isValid:', <<"The argument must be a String.">>).

bytes(<<A:8/binary, "-", B:4/binary, "-", C:4/binary, "-", D:4/binary, "-", E:12/binary>>) ->
    try
        {ok, binary:decode_hex(<<A/binary, B/binary, C/binary, D/binary, E/binary>>)}
    catch
        error:badarg -> error
    end;
bytes(_) ->
    error.

-spec to_string(uuid()) -> binary().
to_string(#{bytes := Bytes}) ->
    <<A:8/binary, B:4/binary, C:4/binary, D:4/binary, E/binary>> = beamtalk_binary:as_hex(Bytes),
    <<A/binary, "-", B/binary, "-", C/binary, "-", D/binary, "-", E/binary>>.

-spec version(uuid()) -> 0..15.
version(#{bytes := <<_:48, Version:4, _:76>>}) ->
    Version.

-spec compare(uuid(), '<' | '>' | '=<' | '>=', term()) -> boolean().
compare(#{bytes := A}, Operator, #{'$class' := 'bt@stdlib@Uuid', bytes := B}) ->
    erlang:Operator(A, B);
compare(_, Operator, _) ->
    Selector = case Operator of '=<' -> '<='; _ -> Operator end,
    type_error(Selector, <<"The argument must be a Uuid.">>).

-spec type_error(atom(), binary()) -> no_return().
type_error(Selector, Hint) ->
    beamtalk_error:raise(type_error, 'Uuid', Selector, Hint).
