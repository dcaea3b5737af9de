%%% A session: the committed variables of one client, and the evaluator that runs its inputs.
%%%
%%% An input changes everything or nothing. Variables and cells are committed here when an input succeeds, so the
%%% evaluator may be interrupted, killed or run out of memory and the next one starts with what was committed.
-module(beamtalk_session).
-behaviour(gen_server).

-export([create/0, open/1, close/1, find/1, of_leader/1, current/0, evaluated/0, names/0, busy/0, any_busy/0]).
-export([eval/4, interrupt/2, input/2, clear/2, bindings/1, change_later/2, leave/2]).
-export([start_link/1]).
-export([init/1, handle_call/3, handle_cast/2, handle_info/2, terminate/2]).

-define(TABLE, beamtalk_sessions).
%% How long the VM's report of a heap limit may come after the process ended, in milliseconds.
-define(REPORT_WAIT, 500).

-record(state, {
    name :: binary(),
    leader :: pid(),
    evaluator :: pid(),
    variables = #{} :: #{binary() => term()},
    cells = #{} :: #{beamtalk_frame:cell() => term()},
    running = none :: none | {beamtalk_host:from(), module(), beamtalk_lambdas:baseline()},
    %% changes that the running input asked for, the last one first
    later = [] :: [change()]
}).

-type change() :: {put, Name :: binary(), term()} | {remove, Name :: binary()} | clear.

%% Rows: {Name :: binary(), pid(), Busy :: boolean(), GroupLeader :: pid()}.
-spec create() -> ok.
create() ->
    ?TABLE = ets:new(?TABLE, [named_table, public, set, {read_concurrency, true}]),
    ok.

%% ---- sessions by name ----------------------------------------------------------------------------------------

%% Opening an open one keeps its variables.
-spec open(binary()) -> ok | {error, term()}.
open(Name) ->
    case find(Name) of
        {ok, _} ->
            ok;
        error ->
            case beamtalk_session_sup:start_session(Name) of
                {ok, _} -> ok;
                {error, _} = Error -> Error
            end
    end.

-spec close(binary()) -> ok.
close(Name) ->
    case find(Name) of
        {ok, Pid} ->
            _ = supervisor:terminate_child(beamtalk_session_sup, Pid),
            ok;
        error ->
            ok
    end.

-spec find(binary()) -> {ok, pid()} | error.
find(Name) ->
    case ets:lookup(?TABLE, Name) of
        [{_, Pid, _, _} = Row] ->
            case is_process_alive(Pid) of
                true ->
                    {ok, Pid};
                false ->
                    %% It was killed and could not take its row out.
                    ets:delete_object(?TABLE, Row),
                    error
            end;
        [] ->
            error
    end.

%% The session whose programs write through the group leader.
-spec of_leader(pid()) -> {ok, binary()} | error.
of_leader(Leader) ->
    case ets:match(?TABLE, {'$1', '_', '_', Leader}) of
        [[Name]] -> {ok, Name};
        [] -> error
    end.

%% The session that the calling process writes to.
-spec current() -> {ok, pid()} | error.
current() ->
    case of_leader(group_leader()) of
        {ok, Name} -> find(Name);
        error -> error
    end.

%% The session whose input the calling process runs itself. Whatever else writes to a session is not linked to it.
-spec evaluated() -> {ok, pid()} | error.
evaluated() ->
    case current() of
        {ok, Session} ->
            {links, Linked} = process_info(self(), links),
            case lists:member(Session, Linked) of
                true -> {ok, Session};
                false -> error
            end;
        error ->
            error
    end.

-spec names() -> [binary()].
names() ->
    lists:sort([Name || {Name, _, _, _} <- ets:tab2list(?TABLE)]).

%% The sessions that evaluate something.
-spec busy() -> [pid()].
busy() ->
    [Pid || [Pid] <- ets:match(?TABLE, {'_', '$1', true, '_'})].

-spec any_busy() -> boolean().
any_busy() ->
    ets:match(?TABLE, {'_', '_', true, '_'}, 1) =/= '$end_of_table'.

%% ---- requests ------------------------------------------------------------------------------------------------

-spec eval(pid(), beamtalk_host:from(), module(), binary()) -> ok.
eval(Session, From, Module, Beam) ->
    gen_server:cast(Session, {eval, From, Module, Beam}).

-spec interrupt(pid(), beamtalk_host:from()) -> ok.
interrupt(Session, From) ->
    gen_server:cast(Session, {interrupt, From}).

-spec input(pid(), binary() | eof) -> ok.
input(Session, Data) ->
    gen_server:cast(Session, {input, Data}).

-spec clear(pid(), beamtalk_host:from()) -> ok.
clear(Session, From) ->
    gen_server:cast(Session, {clear, From}).

%% Changes the variables from outside an input; during one, when it has ended, however it ends.
-spec change_later(pid(), change()) -> ok.
change_later(Session, Change) ->
    gen_server:cast(Session, {change, Change}).

%% Ends what the session evaluates, if anything: its client is told to leave with the status. Does not return to the process
%% that evaluates.
-spec leave(pid(), byte()) -> ok.
leave(Session, Status) ->
    gen_server:call(Session, {leave, Status}, infinity).

%% Names and values (of cells, what they hold), and the group leader to print them under.
-spec bindings(pid()) -> {[{binary(), term()}], pid()}.
bindings(Session) ->
    gen_server:call(Session, bindings, infinity).

%% ---- the server ----------------------------------------------------------------------------------------------

-spec start_link(binary()) -> {ok, pid()} | {error, term()}.
start_link(Name) ->
    gen_server:start_link(?MODULE, Name, []).

-spec init(binary()) -> {ok, #state{}}.
init(Name) ->
    process_flag(trap_exit, true),
    {ok, Leader} = beamtalk_io:start_link(Name, self()),
    ets:insert(?TABLE, {Name, self(), false, Leader}),
    {ok, #state{name = Name, leader = Leader, evaluator = beamtalk_evaluator:start_link(Leader, #{}, #{})}}.

-spec handle_call(bindings | {leave, byte()}, gen_server:from(), #state{}) -> {reply, term(), #state{}}.
handle_call({leave, _}, _, #state{running = none} = State) ->
    {reply, ok, State};
handle_call({leave, Status}, _, #state{evaluator = Evaluator} = State) ->
    end_evaluator(Evaluator),
    State1 = restarted(State),
    {reply, ok, answer(State1, ok, #{value => {text, <<"nil">>}, exit => Status})};
handle_call(bindings, _, #state{variables = Variables, cells = Cells, leader = Leader} = State) ->
    Bindings = [{Name, held(Value, Cells)} || {Name, Value} <- maps:to_list(Variables)],
    {reply, {Bindings, Leader}, State}.

held({'$cell', _} = Cell, Cells) -> maps:get(Cell, Cells, nil);
held(Value, _) -> Value.

-spec handle_cast(term(), #state{}) -> {noreply, #state{}}.
handle_cast({eval, From, Module, Beam}, #state{running = none, evaluator = Evaluator} = State) ->
    beamtalk_memory:watch(Evaluator, evaluator_heap),
    beamtalk_evaluator:eval(Evaluator, Module, Beam),
    set_busy(State, true),
    {noreply, State#state{running = {From, Module, none}}};
handle_cast({eval, From, _, _}, State) ->
    Error = beamtalk_request:error_map(busy, <<"the session is still evaluating an input">>),
    beamtalk_host:reply(From, {error, Error#{bindings => names_of(State), module => free}}),
    {noreply, State};
handle_cast({interrupt, From}, #state{running = none} = State) ->
    beamtalk_host:reply(From, {ok, ok}),
    {noreply, State};
handle_cast({interrupt, From}, #state{evaluator = Evaluator} = State) ->
    end_evaluator(Evaluator),
    State1 = refused(interrupted, <<"Interrupted">>, restarted(State)),
    beamtalk_host:reply(From, {ok, ok}),
    {noreply, State1};
handle_cast({input, Data}, #state{leader = Leader} = State) ->
    beamtalk_io:input(Leader, Data),
    {noreply, State};
handle_cast({clear, From}, #state{running = none} = State) ->
    beamtalk_host:reply(From, {ok, ok}),
    {noreply, change(clear, State)};
handle_cast({clear, From}, State) ->
    beamtalk_host:reply(From, {error, beamtalk_request:error_map(busy, <<"the session is still evaluating an input">>)}),
    {noreply, State};
handle_cast({change, Change}, #state{running = none} = State) ->
    {noreply, change(Change, State)};
handle_cast({change, Change}, #state{later = Later} = State) ->
    {noreply, State#state{later = [Change | Later]}}.

-spec handle_info(term(), #state{}) -> {noreply, #state{}} | {stop, term(), #state{}}.
handle_info({loaded, Evaluator, Baseline}, #state{evaluator = Evaluator, running = {From, Module, _}} = State) ->
    {noreply, State#state{running = {From, Module, Baseline}}};
handle_info({done, Evaluator, Outcome}, #state{evaluator = Evaluator} = State) ->
    {noreply, finished(Outcome, State)};
handle_info({'EXIT', Evaluator, Reason}, #state{evaluator = Evaluator, running = Running} = State) ->
    case Running of
        none -> {noreply, restarted(State)};
        _ -> {noreply, restarted(failed(crash(Evaluator, Reason), State))}
    end;
handle_info({'EXIT', Leader, Reason}, #state{leader = Leader} = State) ->
    {stop, Reason, State};
handle_info(_, State) ->
    {noreply, State}.

-spec terminate(term(), #state{}) -> ok.
terminate(_, #state{name = Name, leader = Leader, evaluator = Evaluator} = State) ->
    ets:match_delete(?TABLE, {Name, self(), '_', '_'}),
    end_evaluator(Evaluator),
    adopt_orphans(Leader),
    case State#state.running of
        none ->
            ok;
        {From, Module, Baseline} ->
            Error = beamtalk_request:error_map(interrupted, <<"the session was closed">>),
            beamtalk_host:reply(From, {error, Error#{bindings => [], module => held}}),
            beamtalk_purge:retire(Module, Baseline, [Evaluator, self()])
    end.

%% Processes that the session's inputs started keep running and must still be able to write.
adopt_orphans(Leader) ->
    [
        group_leader(group_leader(), Pid)
     || Pid <- processes(),
        Pid =/= self(),
        process_info(Pid, group_leader) =:= {group_leader, Leader}
    ],
    ok.

%% ---- the end of an input -------------------------------------------------------------------------------------

finished({ok, Display, Changed, Cells}, #state{variables = Variables} = State) ->
    State1 = State#state{
        variables = maps:merge(Variables, Changed),
        cells = case Cells of unchanged -> State#state.cells; _ -> Cells end
    },
    tell_assigned(lists:usort(maps:keys(Changed) ++ assigned_in_place(Cells, State)), State1),
    answer(State1, ok, #{value => Display});
finished({error, Exception}, State) ->
    failed(Exception, State);
finished({not_loaded, Kind, Message}, State) ->
    refused(Kind, Message, State).

%% An end that is no exception of the program.
refused(Kind, Message, State) ->
    answer(State, error, beamtalk_request:error_map(Kind, Message)).

failed(Exception, #state{variables = Variables} = State) ->
    State1 = State#state{variables = Variables#{<<"_error">> => Exception}},
    answer(State1, error, beamtalk_request:error_map(Exception)).

%% The answer tells which variables there are after the changes that the input asked for. The module's name is given back
%% only when the answer is on its way.
answer(#state{running = {From, Module, Baseline}, evaluator = Evaluator} = State, Status, Answer) ->
    Changed = lists:foldr(fun change/2, State#state{running = none, later = []}, State#state.later),
    beamtalk_host:reply(From, {Status, Answer#{bindings => names_of(Changed), module => held}}),
    beamtalk_memory:forget(Evaluator),
    beamtalk_purge:retire(Module, Baseline, [Evaluator, self()]),
    set_busy(Changed, false),
    Changed.

%% The evaluator's copies follow.
change(Change, #state{evaluator = Evaluator, variables = Variables, cells = Cells} = State) ->
    State1 =
        case Change of
            clear -> State#state{variables = #{}, cells = #{}};
            {remove, Name} -> State#state{variables = maps:remove(Name, Variables)};
            {put, Name, Value} -> put_variable(Name, Value, Variables, Cells, State)
        end,
    beamtalk_evaluator:reset(Evaluator, State1#state.variables, State1#state.cells),
    case Change of
        {put, Assigned, _} -> tell_assigned([Assigned], State1);
        _ -> beamtalk_host:event({bindings, State#state.name})
    end,
    State1.

put_variable(Name, Value, Variables, Cells, State) ->
    case Variables of
        #{Name := {'$cell', _} = Cell} -> State#state{cells = Cells#{Cell => Value}};
        #{} -> State#state{variables = Variables#{Name => Value}}
    end.

set_busy(#state{name = Name}, Busy) ->
    ets:update_element(?TABLE, Name, {3, Busy}).

%% Variables that blocks of the input, or of earlier ones, assigned.
assigned_in_place(unchanged, _) ->
    [];
assigned_in_place(After, #state{variables = Variables, cells = Before}) ->
    [Name || {Name, {'$cell', _} = Cell} <- maps:to_list(Variables), maps:find(Cell, Before) =/= maps:find(Cell, After)].

tell_assigned([], _) ->
    ok;
tell_assigned(Names, #state{name = Session, variables = Variables, cells = Cells}) ->
    beamtalk_host:event({bindings, Session}),
    lists:foreach(
        fun(Name) -> beamtalk_system_event:binding_changed(Name, held(maps:get(Name, Variables), Cells), Session) end,
        Names
    ).

names_of(#state{variables = Variables}) ->
    [{Name, case Value of {'$cell', _} -> cell; _ -> value end} || {Name, Value} <- maps:to_list(Variables)].

%% ---- evaluators that end -------------------------------------------------------------------------------------

restarted(#state{leader = Leader, variables = Variables, cells = Cells} = State) ->
    State#state{evaluator = beamtalk_evaluator:start_link(Leader, Variables, Cells)}.

%% Waits until it is gone; an outcome that it sent in its last moment is too late.
end_evaluator(Evaluator) ->
    exit(Evaluator, kill),
    receive
        {'EXIT', Evaluator, _} -> ok
    end.

%% The VM's report and the exit come in any order.
crash(Evaluator, killed) ->
    case beamtalk_memory:ended_by_limit(Evaluator, ?REPORT_WAIT) of
        true ->
            Text = <<"the evaluation ", (beamtalk_memory:text(evaluator_heap))/binary>>,
            plain_error('bt@stdlib@RuntimeError', resource_error, Text, beamtalk_memory:hint());
        false ->
            crashed(killed)
    end;
crash(_, Reason) ->
    crashed(Reason).

crashed(Reason) ->
    plain_error('bt@stdlib@ExitError', erlang_exit, <<"Evaluation crashed: ", (beamtalk_error:text(Reason))/binary>>, nil).

plain_error(Module, Kind, Message, Hint) ->
    beamtalk_error:make_message(Module, Kind, Message, nil, nil, Hint).
