%%% Patterns of `match:' and of destructuring that generated code does not test itself.
-module(beamtalk_match).

-export([is_a/2, array_rest/2, list_rest/2, at_key/2, binary/2]).

-export_type([segment/0]).

%% A segment of a binary pattern: its size as written (`{segment, N}' is the value of the N-th segment, from 0), and its
%% specifiers as written.
-type segment() :: {default | non_neg_integer() | {segment, non_neg_integer()} | term(), [atom()]}.

%% Whether the value is an instance of the class (a class object, its module or its name) or of a subclass. A class that
%% does not exist has no instances.
-spec is_a(term(), {'$class', module()} | module() | binary()) -> boolean().
is_a(Value, {'$class', Module}) ->
    is_a(Value, Module);
is_a(Value, Name) when is_binary(Name) ->
    case beamtalk_registry:find(Name) of
        {ok, Module} -> is_a(Value, Module);
        error -> false
    end;
is_a({'$class', _}, Module) ->
    beamtalk_registry:inherits('bt@stdlib@Class', Module);
is_a(Value, Module) when is_atom(Module) ->
    case beamtalk_registry:class_module_of(Value) of
        Module -> true;
        Other -> beamtalk_registry:inherits(Other, Module)
    end;
is_a(_, _) ->
    false.

%% What follows the first Count elements, as an Array.
-spec array_rest(term(), non_neg_integer()) -> map().
array_rest(Collection, Count) ->
    beamtalk_array:from_list(list_rest(Collection, Count)).

%% What follows the first Count elements, as a List.
-spec list_rest(term(), non_neg_integer()) -> [term()].
list_rest(List, Count) when is_list(List) ->
    lists:nthtail(min(Count, length(List)), List);
list_rest(Collection, Count) ->
    list_rest(beamtalk_dispatch:send(Collection, asList, []), Count).

%% The value at a key that must be there.
-spec at_key(term(), term()) -> term().
at_key(Dictionary, Key) when is_map(Dictionary), not is_map_key('$class', Dictionary) ->
    case Dictionary of
        #{Key := Value} -> Value;
        #{} -> erlang:error({badkey, Key})
    end;
at_key(Other, _) ->
    erlang:error({badmap, Other}).

%% The values of all segments in order, or false where the binary does not fit them exactly.
-spec binary(term(), [segment()]) -> [term()] | false.
binary(Binary, Segments) when is_bitstring(Binary) ->
    segments(Segments, Binary, []);
binary(_, _) ->
    false.

segments([], <<>>, Values) ->
    lists:reverse(Values);
segments([], _, _) ->
    false;
segments([{Size0, Specifiers} | Segments], Bits, Values) ->
    Size = size_of(Size0, Values),
    case segment(kind(Specifiers), Size, Specifiers, Bits) of
        {Value, Rest} -> segments(Segments, Rest, [Value | Values]);
        false -> false
    end.

size_of({segment, N}, Values) when N < length(Values) ->
    lists:nth(length(Values) - N, Values);
size_of(Size, _) ->
    Size.

kind(Specifiers) ->
    case [Kind || Kind <- Specifiers, lists:member(Kind, [integer, float, binary, bytes, utf8])] of
        [bytes | _] -> binary;
        [Kind | _] -> Kind;
        [] -> integer
    end.

segment(binary, default, _, Bits) when is_binary(Bits) ->
    {Bits, <<>>};
segment(binary, Size, _, Bits) when is_integer(Size), Size >= 0 ->
    case Bits of
        <<Value:Size/binary, Rest/bitstring>> -> {Value, Rest};
        _ -> false
    end;
segment(utf8, default, _, Bits) ->
    case Bits of
        <<Value/utf8, Rest/bitstring>> -> {Value, Rest};
        _ -> false
    end;
segment(float, default, Specifiers, Bits) ->
    segment(float, 64, Specifiers, Bits);
segment(integer, default, Specifiers, Bits) ->
    segment(integer, 8, Specifiers, Bits);
segment(Kind, Size, Specifiers, Bits) when is_integer(Size), Size >= 0, bit_size(Bits) >= Size ->
    <<Field:Size/bitstring, Rest/bitstring>> = Bits,
    case number(Kind, Size, lists:member(signed, Specifiers), endian(Specifiers), Field) of
        false -> false;
        {ok, Value} -> {Value, Rest}
    end;
segment(_, _, _, _) ->
    false.

endian(Specifiers) ->
    case {lists:member(little, Specifiers), lists:member(native, Specifiers)} of
        {true, _} -> little;
        {_, true} -> erlang:system_info(endian);
        _ -> big
    end.

number(integer, Size, false, big, Field) ->
    <<Value:Size/unsigned-big>> = Field,
    {ok, Value};
number(integer, Size, true, big, Field) ->
    <<Value:Size/signed-big>> = Field,
    {ok, Value};
number(integer, Size, false, little, Field) ->
    <<Value:Size/unsigned-little>> = Field,
    {ok, Value};
number(integer, Size, true, little, Field) ->
    <<Value:Size/signed-little>> = Field,
    {ok, Value};
number(float, Size, _, Endian, Field) when Size =:= 16; Size =:= 32; Size =:= 64 ->
    case {Endian, Field} of
        {big, <<Value:Size/float-big>>} -> {ok, Value};
        {little, <<Value:Size/float-little>>} -> {ok, Value};
        _ -> false
    end;
number(_, _, _, _, _) ->
    false.
