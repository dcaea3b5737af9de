%%% JSON (RFC 8259): a strict reader and a writer that asks objects for `asJson'.
-module(beamtalk_json).

-export([parse/1, generate/1, pretty_print/1]).

%% How many `asJson' may follow one another: more is a cycle.
-define(MAX_CONVERSIONS, 500).

%% ---- reading -------------------------------------------------------------------------------------------------

-spec parse(term()) -> beamtalk_result:result().
parse(Text) when is_binary(Text) ->
    try value(blank(Text)) of
        {Value, Rest} ->
            case blank(Rest) of
                <<>> -> beamtalk_result:ok(Value);
                _ -> invalid()
            end
    catch
        throw:{?MODULE, invalid} -> invalid()
    end;
parse(_) ->
    type_error('parse:', <<"The argument must be a String.">>).

invalid() ->
    beamtalk_result:parse_error('Json', 'parse:', <<"Check that the string is valid JSON">>).

blank(<<C, Rest/binary>>) when C =:= $\s; C =:= $\n; C =:= $\t; C =:= $\r -> blank(Rest);
blank(Text) -> Text.

value(<<$", Rest/binary>>) -> string(Rest, <<>>);
value(<<${, Rest/binary>>) -> members(blank(Rest));
value(<<$[, Rest/binary>>) -> elements(blank(Rest));
value(<<"true", Rest/binary>>) -> {true, Rest};
value(<<"false", Rest/binary>>) -> {false, Rest};
value(<<"null", Rest/binary>>) -> {nil, Rest};
value(Text) -> number(Text).

elements(<<$], Rest/binary>>) -> {[], Rest};
elements(Text) -> elements(Text, []).

elements(Text, Done) ->
    {Value, Rest} = value(Text),
    case blank(Rest) of
        <<$,, More/binary>> -> elements(blank(More), [Value | Done]);
        <<$], More/binary>> -> {lists:reverse(Done, [Value]), More};
        _ -> stop()
    end.

members(<<$}, Rest/binary>>) -> {#{}, Rest};
members(Text) -> members(Text, []).

members(<<$", Text/binary>>, Done) ->
    {Key, AfterKey} = string(Text, <<>>),
    case blank(AfterKey) of
        <<$:, ValueText/binary>> ->
            {Value, Rest} = value(blank(ValueText)),
            case blank(Rest) of
                <<$,, More/binary>> -> members(blank(More), [{Key, Value} | Done]);
                <<$}, More/binary>> -> {maps:from_list(lists:reverse(Done, [{Key, Value}])), More};
                _ -> stop()
            end;
        _ ->
            stop()
    end;
members(_, _) ->
    stop().

string(<<$", Rest/binary>>, Done) -> {Done, Rest};
string(<<$\\, Rest/binary>>, Done) -> escape(Rest, Done);
string(<<C/utf8, Rest/binary>>, Done) when C >= 32 -> string(Rest, <<Done/binary, C/utf8>>);
string(_, _) -> stop().

escape(<<$u, Rest/binary>>, Done) -> code_unit(hex(Rest), Done);
escape(<<C, Rest/binary>>, Done) -> string(Rest, <<Done/binary, (escaped(C))>>);
escape(<<>>, _) -> stop().

escaped($") -> $";
escaped($\\) -> $\\;
escaped($/) -> $/;
escaped($b) -> $\b;
escaped($f) -> $\f;
escaped($n) -> $\n;
escaped($r) -> $\r;
escaped($t) -> $\t;
escaped(_) -> stop().

%% Characters beyond the first plane come as two surrogates (RFC 8259 section 7).
code_unit({High, <<"\\u", Rest/binary>>}, Done) when High >= 16#D800, High =< 16#DBFF ->
    case hex(Rest) of
        {Low, More} when Low >= 16#DC00, Low =< 16#DFFF ->
            C = 16#10000 + (High - 16#D800) * 16#400 + (Low - 16#DC00),
            string(More, <<Done/binary, C/utf8>>);
        _ ->
            stop()
    end;
code_unit({C, _}, _) when C >= 16#D800, C =< 16#DFFF -> stop();
code_unit({C, Rest}, Done) -> string(Rest, <<Done/binary, C/utf8>>).

hex(<<Digits:4/binary, Rest/binary>>) ->
    try
        <<Unit:16>> = binary:decode_hex(Digits),
        {Unit, Rest}
    catch
        error:badarg -> stop()
    end;
hex(_) ->
    stop().

number(Text) ->
    Pattern = "^(-?(?:0|[1-9][0-9]*))(\\.[0-9]+)?([eE][+-]?[0-9]+)?",
    case re:run(Text, Pattern, [{capture, all, binary}]) of
        {match, [Whole, Whole, <<>>]} -> {binary_to_integer(Whole), after_prefix(Text, Whole)};
        {match, [Whole, Whole]} -> {binary_to_integer(Whole), after_prefix(Text, Whole)};
        {match, [All, Whole, Fraction | Exponent]} -> {float(Whole, Fraction, Exponent), after_prefix(Text, All)};
        nomatch -> stop()
    end.

after_prefix(Text, Prefix) ->
    binary:part(Text, byte_size(Prefix), byte_size(Text) - byte_size(Prefix)).

%% Erlang wants a fraction where JSON does not.
float(Whole, Fraction, Exponent) ->
    Digits = case Fraction of <<>> -> <<".0">>; _ -> Fraction end,
    try
        binary_to_float(iolist_to_binary([Whole, Digits | Exponent]))
    catch
        error:badarg -> stop()
    end.

-spec stop() -> no_return().
stop() ->
    throw({?MODULE, invalid}).

%% ---- writing -------------------------------------------------------------------------------------------------

-spec generate(term()) -> binary().
generate(Value) ->
    iolist_to_binary(compact(tree(Value, 0, 'generate:'))).

-spec pretty_print(term()) -> binary().
pretty_print(Value) ->
    iolist_to_binary(pretty(tree(Value, 0, 'prettyPrint:'), "\n")).

compact({object, Members}) -> [${, lists:join($,, [[Key, $:, compact(Value)] || {Key, Value} <- Members]), $}];
compact({array, Values}) -> [$[, lists:join($,, [compact(Value) || Value <- Values]), $]];
compact(Text) -> Text.

%% The second argument is the newline with the indentation of the level above.
pretty({object, Members}, Newline) ->
    laid_out(${, [[Key, ": ", pretty(Value, [Newline, "  "])] || {Key, Value} <- Members], $}, Newline);
pretty({array, Values}, Newline) ->
    laid_out($[, [pretty(Value, [Newline, "  "]) || Value <- Values], $], Newline);
pretty(Text, _) ->
    Text.

laid_out(Open, [], Close, Newline) -> [Open, Newline, Close];
laid_out(Open, Parts, Close, Newline) -> [Open, [Newline, "  "], lists:join([$,, Newline, "  "], Parts), Newline, Close].

%% The value as {object, [{KeyText, Tree}]}, {array, [Tree]} or text.
tree(nil, _, _) -> "null";
tree(Atom, _, Selector) when is_atom(Atom), not is_boolean(Atom) -> quoted(atom_to_binary(Atom), Selector);
tree(Boolean, _, _) when is_boolean(Boolean) -> atom_to_binary(Boolean);
tree(Integer, _, _) when is_integer(Integer) -> integer_to_binary(Integer);
tree(Float, _, _) when is_float(Float) -> beamtalk_float:to_string(Float);
tree(Binary, _, Selector) when is_binary(Binary) -> quoted(Binary, Selector);
tree(List, Depth, Selector) when is_list(List) -> {array, [tree(Value, Depth, Selector) || Value <- List]};
tree(#{'$class' := _} = Object, Depth, Selector) -> object(Object, Depth, Selector);
tree(Map, Depth, Selector) when is_map(Map) -> {object, members_of(Map, Depth, Selector)};
tree({'$actor', _, _} = Actor, Depth, Selector) -> object(Actor, Depth, Selector);
tree(Value, _, Selector) -> no_json(Value, Selector).

members_of(Map, Depth, Selector) ->
    [{key(Key, Selector), tree(Value, Depth, Selector)} || {Key, Value} <- maps:to_list(Map)].

key(Key, Selector) when is_atom(Key) -> quoted(atom_to_binary(Key), Selector);
key(Key, Selector) when is_binary(Key) -> quoted(Key, Selector);
key(Key, _) when is_integer(Key) -> [$", integer_to_binary(Key), $"];
key(Key, Selector) -> no_json(Key, Selector).

object(Object, ?MAX_CONVERSIONS, Selector) ->
    no_json(Object, Selector);
object(Object, Depth, Selector) ->
    case beamtalk_object:responds_to(Object, asJson) of
        true -> tree(beamtalk_dispatch:send(Object, asJson, []), Depth + 1, Selector);
        false -> plain(Object, Depth, Selector)
    end.

%% Sequences are arrays, other values objects of their fields.
plain(#{'$class' := 'bt@stdlib@Array'} = Array, Depth, Selector) ->
    tree(beamtalk_array:to_list(Array), Depth, Selector);
plain(#{'$class' := 'bt@stdlib@Set', elements := Elements}, Depth, Selector) ->
    tree(Elements, Depth, Selector);
plain(#{'$class' := _} = Value, Depth, Selector) ->
    {object, members_of(maps:remove('$class', Value), Depth + 1, Selector)};
plain(Actor, _, Selector) ->
    no_json(Actor, Selector).

quoted(Text, Selector) ->
    case beamtalk_string:is_text(Text) of
        true -> [$", <<<<(written(C))/binary>> || <<C>> <= Text>>, $"];
        false -> no_json(Text, Selector)
    end.

%% RFC 8259 section 7: only quotes, backslashes and control characters must be escaped.
written($") -> <<"\\\"">>;
written($\\) -> <<"\\\\">>;
written($\n) -> <<"\\n">>;
written($\r) -> <<"\\r">>;
written($\t) -> <<"\\t">>;
written($\b) -> <<"\\b">>;
written($\f) -> <<"\\f">>;
written(C) when C < 32 -> <<"\\u00", (binary:encode_hex(<<C>>))/binary>>;
written(C) -> <<C>>.

-spec no_json(term(), atom()) -> no_return().
no_json(Value, Selector) ->
    Name = atom_to_binary(beamtalk_registry:name_of(Value)),
    type_error(Selector, <<"A ", Name/binary, " has no JSON form; implement `asJson`.">>).

-spec type_error(atom(), binary()) -> no_return().
type_error(Selector, Hint) ->
    beamtalk_error:raise(type_error, 'Json', Selector, Hint).
