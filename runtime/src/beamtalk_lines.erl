%%% Text that comes in pieces, taken out in lines.
-module(beamtalk_lines).

-export([new/0, add/2, take/1, take_rest/1, size/1]).

-export_type([lines/0]).

%% Whole lines, the pieces of the line that has begun (the last one first), and the bytes of both.
-opaque lines() :: {queue:queue(binary()), [binary()], non_neg_integer()}.

-spec new() -> lines().
new() ->
    {queue:new(), [], 0}.

-spec add(binary(), lines()) -> lines().
add(<<>>, Lines) ->
    Lines;
add(Piece, {Lines, Begun, Size}) ->
    Grown = Size + byte_size(Piece),
    case binary:split(Piece, <<"\n">>, [global]) of
        [_] ->
            {Lines, [Piece | Begun], Grown};
        [First | Rest] ->
            {Whole, [Last]} = lists:split(length(Rest) - 1, Rest),
            All = [joined([First | Begun]) | [binary:copy(Line) || Line <- Whole]],
            {lists:foldl(fun queue:in/2, Lines, All), [Last || Last =/= <<>>], Grown}
    end.

%% The next whole line, without its end.
-spec take(lines()) -> {ok, binary(), lines()} | none.
take({Lines, Begun, Size}) ->
    case queue:out(Lines) of
        {{value, Line}, Rest} -> {ok, Line, {Rest, Begun, Size - byte_size(Line) - 1}};
        {empty, _} -> none
    end.

%% The same when nothing more comes: what has begun is the last line.
-spec take_rest(lines()) -> {ok, binary(), lines()} | none.
take_rest({_, Begun, _} = All) ->
    case take(All) of
        none when Begun =/= [] -> {ok, joined(Begun), new()};
        Taken -> Taken
    end.

%% How many bytes are held.
-spec size(lines()) -> non_neg_integer().
size({_, _, Size}) ->
    Size.

%% A copy, so that no line keeps the piece that it was part of.
joined([Piece]) -> binary:copy(Piece);
joined(Pieces) -> iolist_to_binary(lists:reverse(Pieces)).
