%%% Runs blocks at the same time, each in a process of its own: `Parallel', and `parallelCollect:' of collections.
%%%
%%% The processes end with the one that started them, however that ends, but do it no harm themselves: between them stands
%%% a guard, to which they are linked. Nothing of them is left in the starter's mailbox.
-module(beamtalk_parallel).

-export([all/1, all/2, any/1, collect/2, collect/3]).

-type task() :: {Block :: fun(), Args :: [term()]}.
-type outcome() :: {ok, term(), beamtalk_frame:carried()} | {failed, beamtalk_error:exception()}.
%% The processes that run, by their monitors, and the exit reasons of those that have ended, by position.
-type running() :: #{reference() => {Position :: pos_integer(), pid()}}.
-type ended() :: #{Position :: pos_integer() => {pid(), term()} | outcome()}.

%% So many run at once where no other limit is given; more than that are taken in turn, because the node's processes are
%% counted.
-define(AT_ONCE, 100000).
%% The longest time that the VM's timers take, in milliseconds.
-define(LONGEST, 16#ffffffff).
%% How long the VM's report may come after the end of a process that grew too large, in milliseconds.
-define(REPORT_WAIT, 200).

%% ---- Parallel ------------------------------------------------------------------------------------------------

-spec all(term()) -> [beamtalk_result:result()].
all(Blocks) ->
    Tasks = tasks(Blocks, 'all:'),
    guarded(fun(Guard) -> [result(Outcome) || Outcome <- outcomes(Tasks, infinity, Guard)] end).

-spec all(term(), term()) -> [beamtalk_result:result()].
all(Blocks, Timeout) ->
    Tasks = tasks(Blocks, 'all:timeout:'),
    Ms = timeout(Timeout),
    guarded(fun(Guard) -> [result(Outcome) || Outcome <- outcomes(Tasks, Ms, Guard)] end).

-spec any(term()) -> beamtalk_result:result().
any([]) ->
    type_error('any:', <<"At least one block is needed">>);
any(Blocks) ->
    Tasks = tasks(Blocks, 'any:'),
    guarded(fun(Guard) ->
        case first(start(Tasks, Guard)) of
            {ok, Outcome} -> result(Outcome);
            {none, Ended} -> beamtalk_result:error([Error || {failed, Error} <- in_order(Ended, length(Tasks))])
        end
    end).

tasks(Blocks, Selector) ->
    is_list(Blocks) orelse type_error(Selector, <<"A List of blocks is needed">>),
    lists:all(fun(Block) -> is_function(Block, 0) end, Blocks) orelse
        type_error(Selector, <<"Every element must be a zero-argument Block">>),
    [{Block, []} || Block <- Blocks].

timeout(#{'$class' := 'bt@stdlib@Duration', millis := Ms}) -> timeout(Ms);
timeout(Ms) when is_integer(Ms), Ms >= 0 -> Ms;
timeout(_) -> type_error('all:timeout:', <<"The timeout must be a non-negative Integer (milliseconds) or Duration">>).

result({ok, Value, Cells}) ->
    _ = beamtalk_frame:install(Cells),
    beamtalk_result:ok(Value);
result({failed, Exception}) ->
    beamtalk_result:error(Exception).

%% ---- parallelCollect: ----------------------------------------------------------------------------------------

-spec collect([term()], term()) -> [term()].
collect(List, Block) when is_function(Block, 1) ->
    in_turn(List, Block, ?AT_ONCE);
collect(_, Block) ->
    beamtalk_block:unfit(Block, 1, 'List', 'parallelCollect:').

-spec collect([term()], term(), term()) -> [term()].
collect(List, Block, Limit) when is_function(Block, 1), is_integer(Limit), Limit > 0 ->
    in_turn(List, Block, min(Limit, ?AT_ONCE));
collect(_, Block, Limit) when is_function(Block, 1) ->
    Text = ["maxConcurrency must be a positive Integer, got: ", beamtalk_print:print_string(Limit)],
    Message = unicode:characters_to_binary(Text),
    Selector = 'parallelCollect:maxConcurrency:',
    beamtalk_error:raise_message('bt@stdlib@TypeError', type_error, Message, 'Collection', Selector, nil);
collect(_, Block, _) ->
    beamtalk_block:unfit(Block, 1, 'List', 'parallelCollect:maxConcurrency:').

%% All run to their end; then the first failure in element order is raised again.
in_turn(List, Block, Limit) ->
    Outcomes = guarded(fun(Guard) -> in_turn(List, Block, Limit, Guard, []) end),
    case lists:keyfind(failed, 1, Outcomes) of
        {failed, Exception} ->
            erlang:error(Exception);
        false ->
            [
                begin
                    _ = beamtalk_frame:install(Cells),
                    Value
                end
             || {ok, Value, Cells} <- Outcomes
            ]
    end.

in_turn([], _, _, _, Done) ->
    lists:reverse(Done);
in_turn(List, Block, Limit, Guard, Done) ->
    {Tasks, Rest} = taken(Limit, List, Block, []),
    in_turn(Rest, Block, Limit, Guard, lists:reverse(outcomes(Tasks, infinity, Guard), Done)).

taken(Left, [Element | Rest], Block, Tasks) when Left > 0 -> taken(Left - 1, Rest, Block, [{Block, [Element]} | Tasks]);
taken(_, Rest, _, Tasks) -> {lists:reverse(Tasks), Rest}.

%% ---- running -------------------------------------------------------------------------------------------------

%% What became of each task, in their order. Those that are not finished in time are ended.
-spec outcomes([task()], timeout(), pid()) -> [outcome()].
outcomes(Tasks, Timeout, Guard) ->
    End = deadline(Timeout),
    {Running, Ended} = start(Tasks, Guard),
    All =
        case gather(Running, Ended, End) of
            {[], Done} -> Done;
            {Late, Done} -> maps:merge(Done, stopped(Late, Timeout))
        end,
    in_order(All, length(Tasks)).

-spec start([task()], pid()) -> {running(), ended()}.
start(Tasks, Guard) ->
    start(Tasks, 1, Guard, #{}, #{}).

%% The worker's fun ends in an exit, as it is meant to.
-dialyzer({nowarn_function, start/5}).
start([], _, _, Running, Ended) ->
    {Running, Ended};
start([{Block, Args} | Rest], Position, Guard, Running, Ended) ->
    Carried = beamtalk_frame:carry([Block | Args]),
    try spawn_monitor(fun() -> work(Block, Args, Carried, Guard) end) of
        {Worker, Monitor} -> start(Rest, Position + 1, Guard, Running#{Monitor => {Position, Worker}}, Ended)
    catch
        error:Reason:Stack ->
            %% The node has no room for another process.
            Failed = {failed, beamtalk_error:from_erlang(error, Reason, Stack)},
            start(Rest, Position + 1, Guard, Running, Ended#{Position => Failed})
    end.

%% The outcome is the exit reason: it cannot be missed.
-spec work(fun(), [term()], beamtalk_frame:carried(), pid()) -> no_return().
work(Block, Args, Carried, Guard) ->
    link(Guard),
    beamtalk_memory:limit_self(),
    _ = beamtalk_frame:install(Carried),
    Outcome =
        try apply(Block, Args) of
            Value -> {ok, Value, beamtalk_frame:carry_cells(Value)}
        catch
            Class:Reason:Stack -> {failed, beamtalk_error:from_erlang(Class, Reason, Stack)}
        end,
    unlink(Guard),
    exit({?MODULE, Outcome}).

%% Those that have ended until then, and those that have not.
-spec gather(running(), ended(), deadline()) -> {[{pos_integer(), pid(), reference()}], ended()}.
gather(Running, Ended, _) when map_size(Running) =:= 0 ->
    {[], Ended};
gather(Running, Ended, End) ->
    case next(Running, End) of
        {Position, Monitor, Outcome} -> gather(maps:remove(Monitor, Running), Ended#{Position => Outcome}, End);
        late -> {[{Position, Worker, Monitor} || {Monitor, {Position, Worker}} <- maps:to_list(Running)], Ended}
    end.

%% The first that succeeds ends the others.
-spec first({running(), ended()}) -> {ok, outcome()} | {none, ended()}.
first({Running, Ended}) when map_size(Running) =:= 0 ->
    {none, Ended};
first({Running, Ended}) ->
    case next(Running, infinity) of
        {_, Monitor, {ok, _, _} = Outcome} ->
            Rest = maps:remove(Monitor, Running),
            _ = stopped([{Position, Worker, Other} || {Other, {Position, Worker}} <- maps:to_list(Rest)], 0),
            {ok, Outcome};
        {Position, Monitor, Failed} ->
            first({maps:remove(Monitor, Running), Ended#{Position => Failed}})
    end.

next(Running, End) ->
    receive
        {'DOWN', Monitor, process, Worker, Reason} when is_map_key(Monitor, Running) ->
            #{Monitor := {Position, _}} = Running,
            {Position, Monitor, outcome(Worker, Reason)}
    after left(End) -> late
    end.

outcome(_, {?MODULE, Outcome}) -> Outcome;
outcome(Worker, Reason) -> {Worker, Reason}.

%% Ends what still runs. Who finished in the last moment keeps the outcome.
stopped(Late, Timeout) ->
    [exit(Worker, kill) || {_, Worker, _} <- Late],
    maps:from_list([{Position, killed(Monitor, Timeout)} || {Position, _, Monitor} <- Late]).

killed(Monitor, Timeout) ->
    receive
        {'DOWN', Monitor, process, _, {?MODULE, Outcome}} ->
            Outcome;
        {'DOWN', Monitor, process, _, _} ->
            Hint = <<"The block was not finished after ", (integer_to_binary(Timeout))/binary, " ms and was ended.">>,
            {failed, beamtalk_error:make(timeout, 'Parallel', 'all:timeout:', Hint)}
    end.

%% ---- outcomes ------------------------------------------------------------------------------------------------

-spec in_order(ended(), non_neg_integer()) -> [outcome()].
in_order(Ended, Count) ->
    in_order(1, Count, Ended, ?REPORT_WAIT).

%% One wait is enough for the reports about all.
in_order(Position, Count, _, _) when Position > Count ->
    [];
in_order(Position, Count, Ended, Wait) ->
    case Ended of
        #{Position := {Worker, killed}} when is_pid(Worker) ->
            [{failed, killed_error(Worker, Wait)} | in_order(Position + 1, Count, Ended, 0)];
        #{Position := {Worker, Reason}} when is_pid(Worker) ->
            [{failed, beamtalk_error:from_erlang(exit, Reason, [])} | in_order(Position + 1, Count, Ended, Wait)];
        #{Position := Outcome} ->
            [Outcome | in_order(Position + 1, Count, Ended, Wait)]
    end.

killed_error(Worker, Wait) ->
    case beamtalk_memory:ended_by_limit(Worker, Wait) of
        true ->
            Text = <<"the block ", (beamtalk_memory:text(actor_heap))/binary>>,
            beamtalk_error:make_message('bt@stdlib@RuntimeError', resource_error, Text, nil, nil, nil);
        false ->
            beamtalk_error:from_erlang(exit, killed, [])
    end.

%% ---- the guard -----------------------------------------------------------------------------------------------

%% When the function is over, or its process, nothing that is linked to the guard is left.
guarded(Function) ->
    Starter = self(),
    Guard = spawn(fun() -> guard(Starter) end),
    receive
        {Guard, ready} -> ok
    end,
    Answer = Function(Guard),
    Guard ! {self(), over},
    Answer.

%% Ready when exits of those who link cannot end it.
guard(Starter) ->
    process_flag(trap_exit, true),
    Watch = monitor(process, Starter),
    Starter ! {self(), ready},
    guard(Starter, Watch).

guard(Starter, Watch) ->
    receive
        {'DOWN', Watch, process, _, _} -> end_all();
        {Starter, over} -> end_all();
        _ -> guard(Starter, Watch)
    end.

end_all() ->
    {links, Links} = process_info(self(), links),
    _ = [exit(Worker, kill) || Worker <- Links, is_pid(Worker)],
    ok.

%% ---- time ----------------------------------------------------------------------------------------------------

-type deadline() :: integer() | infinity.

deadline(infinity) -> infinity;
deadline(Ms) -> erlang:monotonic_time(millisecond) + Ms.

left(infinity) -> infinity;
left(End) -> min(?LONGEST, max(0, End - erlang:monotonic_time(millisecond))).

%% ---- errors --------------------------------------------------------------------------------------------------

-spec type_error(atom(), binary()) -> no_return().
type_error(Selector, Hint) ->
    beamtalk_error:raise(type_error, 'Parallel', Selector, Hint).
