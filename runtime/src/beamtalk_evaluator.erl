%%% The process that evaluates a session's inputs, one at a time. Its dictionary holds the session's cells.
%%%
%%% It may be killed at any moment: what must outlive it goes to the session after each input.
-module(beamtalk_evaluator).

-export([start_link/3, eval/3, reset/3, call/3]).

-export_type([outcome/0]).

%% What an input did. Cells are all cells there are now, or `unchanged'.
-type outcome() ::
    {ok, beamtalk_print:display(), Changed :: variables(), cells()}
    | {error, beamtalk_error:exception()}
    | {not_loaded, atom(), binary()}.
-type variables() :: #{binary() => term()}.
-type cells() :: unchanged | #{beamtalk_frame:cell() => term()}.

%% The evaluator belongs to the calling session, which must trap exits.
-spec start_link(GroupLeader :: pid(), variables(), #{beamtalk_frame:cell() => term()}) -> pid().
start_link(Leader, Variables, Cells) ->
    Session = self(),
    spawn_opt(
        fun() ->
            group_leader(Leader, self()),
            beamtalk_frame:restore(Cells),
            loop(Session, Variables, Cells)
        end,
        [link, {max_heap_size, beamtalk_memory:heap(evaluator_heap)}]
    ).

%% The session gets `{loaded, Evaluator, Baseline}' when the input has blocks, and then `{done, Evaluator, outcome()}'.
-spec eval(pid(), module(), binary()) -> ok.
eval(Evaluator, Module, Beam) ->
    Evaluator ! {eval, Module, Beam},
    ok.

%% Replaces the variables and cells.
-spec reset(pid(), variables(), #{beamtalk_frame:cell() => term()}) -> ok.
reset(Evaluator, Variables, Cells) ->
    Evaluator ! {reset, self(), Variables, Cells},
    ok.

%% Runs an expression that the host compiled for the running program, in the calling process. Its module is given back as
%% that of an input: when its code has been left and no block of it lives, whatever becomes of the caller.
-spec call(module(), binary(), variables()) -> term().
call(Module, Beam, Variables) ->
    case load(Module, Beam) of
        ok ->
            beamtalk_purge:retire(Module, beamtalk_lambdas:measure(Module, beamtalk_lambdas:table(Beam)), [self()]),
            {Value, _} = Module:eval(Variables),
            Value;
        {error, Reason} ->
            beamtalk_error:raise(load_failed, nil, nil, beamtalk_error:text(Reason))
    end.

%% Messages that an input left behind are nobody's.
loop(Session, Variables, Cells) ->
    receive
        {eval, Module, Beam} ->
            Outcome = load_and_run(Session, Module, Beam, Variables, Cells),
            Session ! {done, self(), Outcome},
            continue(Session, Variables, Cells, Outcome);
        {reset, Session, Changed, ChangedCells} ->
            beamtalk_frame:restore(ChangedCells),
            loop(Session, Changed, ChangedCells);
        _ ->
            loop(Session, Variables, Cells)
    end.

continue(Session, Variables, Cells, {ok, _, Changed, unchanged}) ->
    loop(Session, maps:merge(Variables, Changed), Cells);
continue(Session, Variables, _, {ok, _, Changed, Cells}) ->
    loop(Session, maps:merge(Variables, Changed), Cells);
continue(Session, Variables, Cells, {error, Exception}) ->
    beamtalk_frame:restore(Cells),
    loop(Session, Variables#{<<"_error">> => Exception}, Cells);
continue(Session, Variables, Cells, {not_loaded, _, _}) ->
    loop(Session, Variables, Cells).

%% Loads behind the code server's back: it would only keep books about a module that lives for milliseconds.
load_and_run(Session, Module, Beam, Variables, Cells) ->
    case load(Module, Beam) of
        ok ->
            count_blocks(Session, Module, beamtalk_lambdas:table(Beam)),
            run(Module, Variables, Cells);
        {error, not_purged} -> {not_loaded, code_in_use, <<"the input's module name is still in use">>};
        {error, Reason} -> {not_loaded, load_failed, beamtalk_error:text(Reason)}
    end.

count_blocks(_, _, []) ->
    ok;
count_blocks(Session, Module, Table) ->
    Session ! {loaded, self(), beamtalk_lambdas:measure(Module, Table)},
    ok.

load(Module, Beam) ->
    case erlang:load_module(Module, Beam) of
        {module, Module} ->
            ok;
        {error, not_purged} ->
            case code:soft_purge(Module) of
                true -> load(Module, Beam);
                false -> {error, not_purged}
            end;
        {error, Reason} ->
            {error, Reason}
    end.

run(Module, Variables, Before) ->
    try
        {Value, Changed} = Module:eval(Variables),
        Shown = beamtalk_display:value(Value),
        beamtalk_frame:tidy([Variables, Changed]),
        {ok, Shown, Changed, changed_cells(Before)}
    catch
        Class:Reason:Stack -> {error, beamtalk_error:from_erlang(Class, Reason, Stack)}
    end.

%% Comparing with what was committed stops at shared subterms, so untouched values cost nothing.
changed_cells(Before) ->
    case beamtalk_frame:cells() of
        Before -> unchanged;
        Now -> Now
    end.
