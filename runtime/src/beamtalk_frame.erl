%%% Method activations whose blocks share variables or return non-locally.
%%%
%%% A cell is a shared variable: the process-dictionary entry under the term `{'$cell', N}'. An activation that needs
%%% cells or `^' from a block is registered under `{'$frame', N}' with the list of its cells while it runs; cells
%%% that outlive it are listed under `{'$kept', N}', or `{'$doubt', N}'. So every living cell is listed exactly once, and a
%%% process that has ended its activations has nothing of ours left but what blocks took along.
%%%
%%% Whether a block that was given away outlives its activation, only the running program knows. Such an activation is
%%% watched: all that is stored meanwhile in variables from outside is noted, as what it answers is the only other way out.
%%% When it ends, its cells go if no block in there uses them. Where there is too much to look at they stay in doubt; a
%%% process that waits for its next message, and so holds values in known places only, forgets those that nothing reaches.
-module(beamtalk_frame).

-export([
    enter/0,
    watch/0,
    leave/1,
    leave/2,
    leave_keeping/1,
    new_cell/2,
    session_cell/1,
    write/2,
    stored/1,
    tidy/1,
    read_lost/1,
    write_lost/2,
    return/2,
    carry/1,
    carry_cells/1,
    install/1,
    retain/2,
    cells/0,
    restore/1
]).

-export_type([frame/0, cell/0, carried/0]).

-type frame() :: {'$frame', integer()}.
-type cell() :: {'$cell', integer()}.
-type kept() :: {'$kept', integer()}.
%% On their way to another process: copies of cells, of an actor's fields under its pid, and of those of a running test.
-type carried() :: [{cell() | pid() | atom(), term()}].

%% So many parts of the values that a watched activation leaves behind are looked at.
-define(PARTS, 5000).
%% So many places are noted where it stored something.
-define(PLACES, 50).
%% So many cells in doubt make a process look which of them are still in use.
-define(DOUBTS, 1000).

%% Process-dictionary key: the watched activations, the innermost first, each with the places where something was stored while
%% it was that. Absent when there is none.
-define(WATCHED, '$beamtalk_watched').
%% Process-dictionary key: how many cells are in doubt, and how many will be looked at. Absent when there is none.
-define(DOUBTFUL, '$beamtalk_doubtful').

%% Where something was stored: a cell, a field of this process's actor, or elsewhere; then it is the value.
-type place() :: cell() | {field, atom()} | {value, term()}.

%% ---- activations ---------------------------------------------------------------------------------------------

-spec enter() -> frame().
enter() ->
    Frame = {'$frame', erlang:unique_integer()},
    put(Frame, []),
    Frame.

%% An activation that gives away blocks which use its cells.
-spec watch() -> frame().
watch() ->
    Frame = enter(),
    Outer = case get(?WATCHED) of undefined -> []; Watched -> Watched end,
    put(?WATCHED, [{Frame, []} | Outer]),
    Frame.

%% The activation ends and its cells with it.
-spec leave(frame()) -> ok.
leave(Frame) ->
    erase_all(erase(Frame)).

%% A watched activation ends, with this answer or by this error.
-spec leave(frame(), term()) -> ok.
leave({_, N} = Frame, Answer) ->
    [{Frame, Places} | Outer] = get(?WATCHED),
    Cells = get(Frame),
    Elsewhere = foreign(Places, Cells),
    unwatch(Outer, Elsewhere),
    case Cells =/= [] andalso use(Answer, Elsewhere, Cells) of
        false -> leave(Frame);
        true -> leave_keeping(Frame);
        unknown -> doubt(erase(Frame), N)
    end.

%% A place of an inner activation is one of the outer activation too.
unwatch([], _) ->
    erase(?WATCHED);
unwatch([{Frame, Known} | Outer], Places) ->
    put(?WATCHED, [{Frame, noted_all(Places, Known)} | Outer]).

noted_all(many, _) -> many;
noted_all([Place | Rest], Known) -> noted_all(Rest, noted(Place, Known));
noted_all([], Known) -> Known.

noted(_, many) ->
    many;
noted(Place, Known) ->
    case lists:member(Place, Known) of
        true -> Known;
        false when length(Known) < ?PLACES -> [Place | Known];
        false -> many
    end.

%% Its own cells are no place where something is kept.
foreign(many, _) -> many;
foreign(Places, Cells) -> Places -- Cells.

use(_, many, _) ->
    unknown;
use(Answer, [], _) when is_number(Answer); is_atom(Answer); is_bitstring(Answer) ->
    false;
use(Answer, Places, Cells) ->
    uses([Answer | [held(Place) || Place <- Places]], maps:from_keys(Cells, true), #{}, ?PARTS).

held({'$cell', _} = Cell) -> get(Cell);
held({field, Name}) -> case get(self()) of #{Name := Value} -> Value; _ -> nil end;
held({value, Value}) -> Value.

%% Whether a part of the terms is one of the cells, as far as so many parts tell. Depth first; looks through other cells.
uses([], _, _, _) -> false;
uses(_, _, _, Left) when Left =< 0 -> unknown;
uses([{'$cell', _} = Cell | Rest], Cells, Seen, Left) ->
    case Cells of
        #{Cell := _} -> true;
        _ when is_map_key(Cell, Seen) -> uses(Rest, Cells, Seen, Left - 1);
        _ -> uses([get(Cell) | Rest], Cells, Seen#{Cell => true}, Left - 1)
    end;
uses([Fun | Rest], Cells, Seen, Left) when is_function(Fun) ->
    {env, Captured} = erlang:fun_info(Fun, env),
    uses(Captured ++ Rest, Cells, Seen, Left - 1);
uses([[Head | Tail] | Rest], Cells, Seen, Left) ->
    uses([Head, Tail | Rest], Cells, Seen, Left - 1);
uses([Map | Rest], Cells, Seen, Left) when is_map(Map) ->
    case map_size(Map) > Left of
        true -> unknown;
        false -> uses(maps:keys(Map) ++ maps:values(Map) ++ Rest, Cells, Seen, Left - 1)
    end;
uses([Tuple | Rest], Cells, Seen, Left) when is_tuple(Tuple) ->
    case tuple_size(Tuple) > Left of
        true -> unknown;
        false -> uses(tuple_to_list(Tuple) ++ Rest, Cells, Seen, Left - 1)
    end;
uses([_ | Rest], Cells, Seen, Left) ->
    uses(Rest, Cells, Seen, Left - 1).

%% The activation ends, its cells stay for the blocks that still use them.
-spec leave_keeping(frame()) -> ok.
leave_keeping({_, N} = Frame) ->
    case erase(Frame) of
        [_ | _] = Cells ->
            put({'$kept', N}, Cells),
            ok;
        _ ->
            ok
    end.

%% ---- cells in doubt ------------------------------------------------------------------------------------------

doubt(Cells, N) ->
    put({'$doubt', N}, Cells),
    {Count, Limit} = case get(?DOUBTFUL) of undefined -> {0, ?DOUBTS}; Known -> Known end,
    put(?DOUBTFUL, {Count + length(Cells), Limit}),
    Count < Limit andalso Count + length(Cells) >= Limit andalso beamtalk_actor:tidy_later(),
    ok.

%% Forgets the cells in doubt that none of the terms reaches, nor anything else that this process keeps. No activation may
%% be running.
-spec tidy(term()) -> ok.
tidy(Roots) ->
    case get(?DOUBTFUL) of
        undefined -> ok;
        _ -> tidy_doubtful(Roots)
    end.

tidy_doubtful(Roots) ->
    Entries = get(),
    Lists = [Entry || {{'$doubt', _}, _} = Entry <- Entries],
    Doubtful = maps:from_keys(lists:append([Cells || {_, Cells} <- Lists]), true),
    Others = [Value || {Key, Value} <- Entries, is_root(Key, Doubtful)],
    Reached = reach(Others, reach(Roots, #{})),
    {Stay, Go} = lists:partition(fun(Cell) -> is_map_key(Cell, Reached) end, maps:keys(Doubtful)),
    erase_all([Key || {Key, _} <- Lists]),
    erase_all(Go),
    case length(Stay) of
        0 ->
            erase(?DOUBTFUL);
        Count ->
            put({'$doubt', erlang:unique_integer()}, Stay),
            put(?DOUBTFUL, {Count, 2 * Count + ?DOUBTS})
    end,
    ok.

%% The lists of cells are no use of them, and what one in doubt holds counts only if it is reached itself.
is_root({'$cell', _} = Cell, Doubtful) -> not is_map_key(Cell, Doubtful);
is_root({Tag, _}, _) when Tag =:= '$frame'; Tag =:= '$kept'; Tag =:= '$doubt' -> false;
is_root(_, _) -> true.

%% ---- storing -------------------------------------------------------------------------------------------------

%% The assignment of a variable from outside.
-spec write(cell(), Value) -> Value.
write(Cell, Value) ->
    _ =
        case put(Cell, Value) of
            undefined -> write_lost(Cell, Value);
            _ -> ok
        end,
    is_whole(Value) orelse stored(Cell),
    Value.

%% Something that may hold a block is stored there, where it may outlive the activations that run now.
-spec stored(place()) -> ok.
stored(Place) ->
    case get(?WATCHED) of
        undefined ->
            ok;
        [{Frame, Places} | Outer] ->
            put(?WATCHED, [{Frame, noted(Place, Places)} | Outer]),
            ok
    end.

is_whole(Value) ->
    is_number(Value) orelse is_atom(Value) orelse is_bitstring(Value) orelse is_pid(Value).

-spec new_cell(frame(), term()) -> cell().
new_cell(Frame, Value) ->
    Cell = {'$cell', erlang:unique_integer()},
    put(Cell, Value),
    put(Frame, [Cell | get(Frame)]),
    Cell.

%% A cell that lives as long as the session that evaluates.
-spec session_cell(term()) -> cell().
session_cell(Value) ->
    N = erlang:unique_integer(),
    Cell = {'$cell', N},
    put(Cell, Value),
    put({'$kept', N}, [Cell]),
    Cell.

%% `^' from a block.
-spec return(frame(), term()) -> no_return().
return(Frame, Value) ->
    case get(Frame) of
        undefined ->
            beamtalk_error:raise_message(
                'bt@stdlib@RuntimeError',
                non_local_return,
                <<"cannot return from a method that has already returned">>,
                'Block',
                nil,
                <<"The `^` belongs to a method that is no longer running in this process; "
                  "let the block answer its value instead.">>
            );
        _ ->
            throw({'$return', Frame, Value})
    end.

%% ---- cells that read or wrote `undefined' ---------------------------------------------------------------------

%% The VM answers `undefined' both for a cell that holds it and for one that is gone.
-spec read_lost(cell()) -> undefined.
read_lost(Cell) ->
    case exists(Cell) of
        true -> undefined;
        false -> lost()
    end.

exists(Cell) ->
    get(Cell) =/= undefined orelse lists:member(Cell, get_keys(undefined)).

-spec write_lost(cell(), term()) -> term().
write_lost(Cell, Value) ->
    case is_listed(Cell) of
        true ->
            Value;
        false ->
            erase(Cell),
            lost()
    end.

is_listed(Cell) ->
    lists:any(
        fun
            ({{'$frame', _}, Cells}) -> lists:member(Cell, Cells);
            ({{'$kept', _}, Cells}) -> lists:member(Cell, Cells);
            ({{'$doubt', _}, Cells}) -> lists:member(Cell, Cells);
            (_) -> false
        end,
        get()
    ).

-spec lost() -> no_return().
lost() ->
    beamtalk_error:raise_message(
        'bt@stdlib@RuntimeError',
        lost_variable,
        <<"a variable of this block's method no longer exists here">>,
        'Block',
        nil,
        <<"The block runs in another process or after its method ended; keep shared state in an actor.">>
    ).

%% ---- blocks that cross to another process ----------------------------------------------------------------------

%% Copies of the cells and of this actor's fields that blocks among the arguments use. Looks at each argument and one level
%% into lists and maps, which are dictionaries and values; follows blocks that blocks captured.
-spec carry([term()]) -> carried().
carry([Arg | Rest]) when is_function(Arg); is_list(Arg), Arg =/= []; is_map(Arg) ->
    case collect([Arg | Rest], #{}) of
        Found when map_size(Found) =:= 0 -> [];
        Found -> maps:to_list(Found)
    end;
carry([_ | Rest]) ->
    carry(Rest);
carry([]) ->
    [].

%% The same of what goes back to a sender: without fields, whose copies would hide the actor's own from whoever asks later.
-spec carry_cells(term()) -> carried().
carry_cells(Value) ->
    [Entry || {{'$cell', _}, _} = Entry <- carry([Value])].

collect([Arg | Rest], Found) when is_function(Arg) ->
    collect(Rest, collect_block(Arg, Found));
collect([Arg | Rest], Found) when is_list(Arg) ->
    collect(Rest, collect_elements(Arg, Found));
collect([Arg | Rest], Found) when is_map(Arg) ->
    collect(Rest, collect_elements(maps:values(Arg), Found));
collect([_ | Rest], Found) ->
    collect(Rest, Found);
collect(_, Found) ->
    Found.

collect_elements([Element | Rest], Found) when is_function(Element) ->
    collect_elements(Rest, collect_block(Element, Found));
collect_elements([_ | Rest], Found) ->
    collect_elements(Rest, Found);
collect_elements(_, Found) ->
    Found.

collect_block(Fun, Found) ->
    {env, Captured} = erlang:fun_info(Fun, env),
    lists:foldl(fun collect_captured/2, Found, Captured).

collect_captured({'$cell', _} = Cell, Found) when not is_map_key(Cell, Found) ->
    case exists(Cell) of
        false ->
            Found;
        true ->
            Value = get(Cell),
            collect([Value], Found#{Cell => Value})
    end;
collect_captured({'$actor', _, Pid}, Found) when Pid =:= self() ->
    case get(Pid) of
        undefined -> Found;
        Fields -> Found#{Pid => Fields}
    end;
collect_captured(#{'$class' := _} = Self, Found) when map_size(Self) =:= 1 ->
    maps:merge(Found, maps:from_list(beamtalk_test:carried(Self)));
collect_captured(Value, Found) when is_function(Value); is_list(Value); is_map(Value) ->
    collect([Value], Found);
collect_captured(_, Found) ->
    Found.

%% Makes the copies live in this process; cells that it has already are its own and stay.
-spec install(carried()) -> kept() | none.
install(Carried) ->
    case [Cell || {Cell, Value} <- Carried, not exists(Cell), put(Cell, Value) =:= undefined] of
        [] ->
            none;
        New ->
            Kept = {'$kept', erlang:unique_integer()},
            put(Kept, New),
            Kept
    end.

%% Forgets the copies but those that the term still reaches through blocks.
-spec retain(kept() | none, term()) -> ok.
retain(none, _) ->
    ok;
retain(Kept, Term) ->
    Reached = reach(Term, #{}),
    {Stay, Go} = lists:partition(fun(Cell) -> is_map_key(Cell, Reached) end, get(Kept)),
    case Stay of
        [] -> erase(Kept);
        _ -> put(Kept, Stay)
    end,
    erase_all(Go).

reach(Fun, Found) when is_function(Fun) ->
    {env, Captured} = erlang:fun_info(Fun, env),
    reach(Captured, Found);
reach({'$cell', _} = Cell, Found) ->
    case is_map_key(Cell, Found) of
        true -> Found;
        false -> reach(get(Cell), Found#{Cell => true})
    end;
reach([Head | Tail], Found) ->
    reach(Tail, reach(Head, Found));
reach(Map, Found) when is_map(Map) ->
    maps:fold(fun(Key, Value, Acc) -> reach(Value, reach(Key, Acc)) end, Found, Map);
reach(Tuple, Found) when is_tuple(Tuple) ->
    reach(tuple_to_list(Tuple), Found);
reach(_, Found) ->
    Found.

%% ---- a session's cells ---------------------------------------------------------------------------------------

%% All cells of this process and their values.
-spec cells() -> #{cell() => term()}.
cells() ->
    maps:from_list([Entry || {{'$cell', _}, _} = Entry <- get()]).

%% Makes exactly these the cells of this process and forgets whatever activations were cut short.
-spec restore(#{cell() => term()}) -> ok.
restore(Cells) ->
    Ours = ['$cell', '$frame', '$kept', '$doubt'],
    Stale = [Key || {{Tag, _} = Key, _} <- get(), lists:member(Tag, Ours)],
    erase_all([?WATCHED, ?DOUBTFUL | Stale]),
    maps:foreach(fun(Cell, Value) -> put(Cell, Value) end, Cells),
    case map_size(Cells) of
        0 -> ok;
        _ -> put({'$kept', session}, maps:keys(Cells)), ok
    end.

erase_all([Key | Rest]) ->
    erase(Key),
    erase_all(Rest);
erase_all(_) ->
    ok.
