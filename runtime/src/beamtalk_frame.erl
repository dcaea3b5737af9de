%%% Method activations whose blocks share variables or return non-locally.
%%%
%%% A cell is a shared variable: the process-dictionary entry under the term `{'$cell', N}'. An activation that needs
%%% cells or `^' from a block is registered under `{'$frame', N}' with the list of its cells while it runs; cells
%%% that outlive it are listed under `{'$kept', N}'. So every living cell is listed exactly once, and a process that
%%% has ended its activations has nothing of ours left but what blocks took along.
-module(beamtalk_frame).

-export([
    enter/0,
    leave/1,
    leave/2,
    leave_keeping/1,
    new_cell/2,
    session_cell/1,
    keep/1,
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
%% On their way to another process: copies of cells, and of an actor's fields under its pid.
-type carried() :: [{cell() | pid(), term()}].

%% A block that leaves its activation inside another value is looked for in so many of the value's parts.
-define(PARTS, 100).

%% ---- activations ---------------------------------------------------------------------------------------------

-spec enter() -> frame().
enter() ->
    Frame = {'$frame', erlang:unique_integer()},
    put(Frame, []),
    Frame.

%% The activation ends and its cells with it.
-spec leave(frame()) -> ok.
leave(Frame) ->
    erase_all(erase(Frame)).

%% The activation ends with this value. A block in it may use the cells, as when the block was given to the constructor of
%% the object that is answered; then they stay.
-spec leave(frame(), term()) -> ok.
leave(Frame, Value) when is_number(Value); is_atom(Value); is_bitstring(Value); is_pid(Value) ->
    leave(Frame);
leave(Frame, Value) ->
    case get(Frame) of
        [_ | _] = Cells ->
            case uses([Value], Cells, ?PARTS) of
                true -> leave_keeping(Frame);
                false -> leave(Frame)
            end;
        _ ->
            leave(Frame)
    end.

%% Whether one of the first so many parts of the terms is one of the cells. Depth first.
uses([], _, _) -> false;
uses(_, _, 0) -> false;
uses([{'$cell', _} = Cell | Rest], Cells, Left) ->
    lists:member(Cell, Cells) orelse uses([get(Cell) | Rest], Cells, Left - 1);
uses([Fun | Rest], Cells, Left) when is_function(Fun) ->
    {env, Captured} = erlang:fun_info(Fun, env),
    uses(Captured ++ Rest, Cells, Left - 1);
uses([[Head | Tail] | Rest], Cells, Left) ->
    uses([Head, Tail | Rest], Cells, Left - 1);
uses([Map | Rest], Cells, Left) when is_map(Map), map_size(Map) =< ?PARTS ->
    uses(maps:values(Map) ++ Rest, Cells, Left - 1);
uses([Tuple | Rest], Cells, Left) when is_tuple(Tuple), tuple_size(Tuple) =< ?PARTS ->
    uses(tuple_to_list(Tuple) ++ Rest, Cells, Left - 1);
uses([_ | Rest], Cells, Left) ->
    uses(Rest, Cells, Left - 1).

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

%% A block is stored where it may outlive the activations that run now: the cells that it uses will not go with them.
-spec keep(term()) -> ok.
keep(Block) when is_function(Block) ->
    Reached = collect([Block], #{}),
    Kept = [Cell || map_size(Reached) > 0, {{'$frame', _} = Frame, Cells} <- get(), Cell <- taken(Frame, Cells, Reached)],
    Kept =:= [] orelse put({'$kept', erlang:unique_integer()}, Kept),
    ok;
keep(_) ->
    ok.

taken(Frame, Cells, Reached) ->
    {Taken, Left} = lists:partition(fun(Cell) -> is_map_key(Cell, Reached) end, Cells),
    Taken =:= [] orelse put(Frame, Left),
    Taken.

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
%% into lists; follows blocks that blocks captured.
-spec carry([term()]) -> carried().
carry([Arg | Rest]) when is_function(Arg); is_list(Arg), Arg =/= [] ->
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
collect_captured(Value, Found) when is_function(Value); is_list(Value) ->
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
    Stale = [Key || {{Tag, _} = Key, _} <- get(), Tag =:= '$cell' orelse Tag =:= '$frame' orelse Tag =:= '$kept'],
    erase_all(Stale),
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
