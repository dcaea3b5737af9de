-module(beamtalk_frame_tests).
-include_lib("eunit/include/eunit.hrl").

-import(beamtalk_frame, [watch/0, leave/2, new_cell/2, write/2, stored/1, tidy/1]).

%% Each in a process of its own: only then is its dictionary empty.
frame_test_() ->
    [
        {Title, {spawn, Test}}
     || {Title, Test} <- [
            {"cells go with a watched activation that leaves nothing behind", fun gone/0},
            {"cells stay for a block in the answer, however deep", fun answered/0},
            {"cells stay for a block that was stored in a variable from outside", fun stored_outside/0},
            {"the activation's own variables are no place where a block is kept", fun stored_inside/0},
            {"a place of an inner activation counts for the outer one", fun passed_on/0},
            {"blocks that use each other do not hide how many parts are left", fun cycle/0},
            {"what is too large stays in doubt until nothing reaches it", fun doubt/0}
        ]
    ].

%% A frame with a cell, and a block that uses it.
watched() ->
    Frame = watch(),
    Cell = new_cell(Frame, 1),
    {Frame, Cell, fun() -> get(Cell) end}.

gone() ->
    {Frame, _, _} = watched(),
    ok = leave(Frame, [answer, #{}]),
    ?assertEqual([], left()).

answered() ->
    Wrappers = [
        fun(Block) -> Block end,
        fun(Block) -> [1, {2, #{a => Block}}] end,
        fun(Block) -> #{Block => 1} end,
        fun(Block) -> fun() -> Block end end,
        fun(Block) -> lists:seq(1, 1000) ++ [Block] end
    ],
    [
        begin
            {Frame, Cell, Block} = watched(),
            ok = leave(Frame, Wrap(Block)),
            ?assertEqual(1, get(Cell)),
            ?assertEqual(2, beamtalk_frame:write(Cell, 2)),
            beamtalk_frame:restore(#{}),
            ?assertEqual([], left())
        end
     || Wrap <- Wrappers
    ].

stored_outside() ->
    Outer = beamtalk_frame:enter(),
    Place = new_cell(Outer, nil),
    {Frame, Cell, Block} = watched(),
    _ = write(Place, [Block]),
    ok = leave(Frame, ok),
    ?assertEqual(1, get(Cell)),
    {Second, Other, Forgotten} = watched(),
    _ = write(Place, [Forgotten]),
    _ = write(Place, []),
    ok = leave(Second, ok),
    ?assertEqual(undefined, get(Other)).

stored_inside() ->
    {Frame, Cell, Block} = watched(),
    Own = new_cell(Frame, nil),
    _ = write(Own, [Block]),
    ok = leave(Frame, ok),
    ?assertEqual([undefined, undefined], [get(Cell), get(Own)]).

passed_on() ->
    Place = beamtalk_frame:session_cell(nil),
    {Outer, Cell, Block} = watched(),
    {Inner, Other, _} = watched(),
    _ = write(Place, #{block => Block}),
    ok = leave(Inner, ok),
    ok = leave(Outer, ok),
    ?assertEqual([1, undefined], [get(Cell), get(Other)]).

cycle() ->
    Place = beamtalk_frame:session_cell(nil),
    _ = write(Place, fun() -> get(Place) end),
    {Frame, Cell, _} = watched(),
    _ = write(Place, [fun() -> get(Place) end, 1]),
    ok = leave(Frame, get(Place)),
    ?assertEqual(undefined, get(Cell)),
    [
        begin
            {Each, Kept, Block} = watched(),
            stored({value, Block}),
            ok = leave(Each, ok),
            ?assertEqual(1, get(Kept))
        end
     || _ <- lists:seq(1, 3)
    ].

doubt() ->
    Large = lists:seq(1, 100000),
    {Frame, Cell, Block} = watched(),
    ok = leave(Frame, Large ++ [Block]),
    {Second, Other, _} = watched(),
    ok = leave(Second, Large),
    {Third, Held, Inner} = watched(),
    ok = leave(Third, Large),
    Holder = beamtalk_frame:session_cell(Inner),
    ?assertEqual([1, 1, 1], [get(Cell), get(Other), get(Held)]),
    ok = tidy([Block]),
    ?assertEqual([1, undefined, 1], [get(Cell), get(Other), get(Held)]),
    _ = write(Holder, nil),
    ok = tidy([]),
    ?assertEqual([undefined, undefined], [get(Cell), get(Held)]),
    erase(Holder),
    beamtalk_frame:restore(#{}),
    ?assertEqual([], left()).

%% What this module left in the dictionary.
left() ->
    [Key || {Key, _} <- get(), Key =:= '$beamtalk_watched' orelse Key =:= '$beamtalk_doubtful' orelse is_ours(Key)].

is_ours({Tag, _}) -> lists:member(Tag, ['$cell', '$frame', '$kept', '$doubt']);
is_ours(_) -> false.
