%%% The tests of one class, in a process of their own: hooks, outcomes, and going on after a test that hangs or dies.
%%%
%%% A worker runs the tests one after the other and tells its keeper, the calling process, of each. When the
%%% worker is gone, or a test takes too long, that is the failure of one test, and another worker runs the others.
-module(beamtalk_test_suite).

-export([run/3, is_serial/1]).

-export_type([outcome/0]).

-type outcome() :: #{
    class := atom(),
    name := atom(),
    status := pass | fail | skip,
    %% why it failed or was skipped, with places
    message := binary(),
    line := pos_integer() | nil
}.

%% How long the VM's report of a heap limit may come after the process ended, in milliseconds.
-define(REPORT_WAIT, 500).

-record(keeper, {
    module :: module(),
    limit :: timeout(),
    worker = nil :: pid() | nil,
    monitor = nil :: reference() | nil,
    %% what `setUpOnce' answered
    fixture = none :: none | {fixture, term()},
    %% the fields of the running test as `setUp' left them
    fields = #{} :: beamtalk_test:fields(),
    %% what the worker does: a hook of the class, or a test
    step = setUpOnce :: setUpOnce | tearDownOnce | {test, atom()},
    left :: [atom()],
    outcomes = [] :: [outcome()]
}).

%% The outcomes in the order of the selectors. Each hook and each test has so many milliseconds.
-spec run(module(), [atom()], timeout()) -> [outcome()].
run(_, [], _) ->
    [];
run(Module, Selectors, Limit) ->
    keep(started(#keeper{module = Module, limit = Limit, left = Selectors})).

%% Whether the class asks to run alone.
-spec is_serial(module()) -> boolean().
is_serial(Module) ->
    try
        beamtalk_dispatch:send({'$class', Module}, serial, []) =:= true
    catch
        _:_ -> false
    end.

%% ---- the keeper ----------------------------------------------------------------------------------------------

started(#keeper{module = Module, fixture = Fixture, left = Left} = Keeper) ->
    Self = self(),
    {Worker, Monitor} = spawn_opt(
        fun() ->
            receive {go, Self} -> work(Self, Module, Fixture, Left) end
        end,
        [monitor, {max_heap_size, beamtalk_memory:heap(evaluator_heap)}]
    ),
    beamtalk_memory:watch(Worker, evaluator_heap),
    Worker ! {go, Self},
    Keeper#keeper{worker = Worker, monitor = Monitor}.

keep(#keeper{worker = Worker, monitor = Monitor, limit = Limit, outcomes = Outcomes} = Keeper) ->
    receive
        {Worker, {fixture, Fixture}} ->
            keep(Keeper#keeper{fixture = {fixture, Fixture}});
        {Worker, {step, Step}} ->
            keep(Keeper#keeper{step = Step, fields = #{}});
        {Worker, {prepared, Fields}} ->
            keep(Keeper#keeper{fields = Fields});
        {Worker, {outcome, Outcome}} ->
            keep(Keeper#keeper{left = tl(Keeper#keeper.left), outcomes = [Outcome | Outcomes]});
        {Worker, done} ->
            ended(Keeper);
        {'DOWN', Monitor, process, Worker, Reason} ->
            failed(<<"Test worker crashed: ", (crash(Worker, Reason))/binary>>, Keeper)
    after Limit ->
        exit(Worker, kill),
        receive {'DOWN', Monitor, process, Worker, _} -> ok end,
        Seconds = io_lib:format("~w", [seconds(Limit)]),
        failed(unicode:characters_to_binary(["Test timed out after ", Seconds, "s"]), Keeper)
    end.

seconds(Limit) when Limit rem 1000 =:= 0 -> Limit div 1000;
seconds(Limit) -> Limit / 1000.

%% What a worker had to say before it was killed is nobody's.
ended(#keeper{worker = Worker, monitor = Monitor, outcomes = Outcomes}) ->
    erlang:demonitor(Monitor, [flush]),
    forget(Worker),
    lists:reverse(Outcomes).

forget(Worker) ->
    beamtalk_memory:forget(Worker),
    receive {Worker, _} -> forget(Worker) after 0 -> ok end.

failed(Text, #keeper{step = setUpOnce, module = Module, left = Left} = Keeper) ->
    _ = ended(Keeper),
    Failed = <<"setUpOnce failed: ", Text/binary>>,
    [failure(Module, Selector, <<Failed/binary, (at(Module, Selector))/binary>>, nil) || Selector <- Left];
failed(_, #keeper{step = tearDownOnce} = Keeper) ->
    ended(Keeper);
failed(Text, #keeper{step = {test, Selector}, module = Module, left = Left, outcomes = Outcomes} = Keeper) ->
    forget(Keeper#keeper.worker),
    tear_down(Keeper),
    Outcome = failure(Module, Selector, <<Text/binary, (at(Module, Selector))/binary>>, nil),
    keep(started(Keeper#keeper{left = Left -- [Selector], outcomes = [Outcome | Outcomes]})).

%% The test could not clean up after itself, so another process does. What becomes of that one is nobody's.
tear_down(#keeper{module = Module, fixture = {fixture, Fixture}, fields = Fields, limit = Limit}) ->
    {Cleaner, Monitor} = spawn_opt(
        fun() ->
            beamtalk_test:set_fixture(Fixture),
            Instance = beamtalk_test:start(Module, Fields),
            attempt(fun() -> beamtalk_dispatch:send(Instance, tearDown, []) end)
        end,
        [monitor, {max_heap_size, beamtalk_memory:heap(evaluator_heap)}]
    ),
    receive
        {'DOWN', Monitor, process, Cleaner, _} -> ok
    after Limit ->
        erlang:demonitor(Monitor, [flush]),
        exit(Cleaner, kill),
        ok
    end.

at(Module, Selector) ->
    <<"\n  at ", (class_name(Module))/binary, ">>", (atom_to_binary(Selector))/binary>>.

class_name(Module) ->
    atom_to_binary(beamtalk_registry:class_name(Module)).

crash(Worker, killed) ->
    case beamtalk_memory:ended_by_limit(Worker, ?REPORT_WAIT) of
        true -> <<"it ", (beamtalk_memory:text(evaluator_heap))/binary, " (does a recursion not end?)">>;
        false -> <<"killed">>
    end;
crash(_, Reason) ->
    beamtalk_error:text(Reason).

%% ---- the worker ----------------------------------------------------------------------------------------------

work(Keeper, Module, none, Selectors) ->
    tell(Keeper, {step, setUpOnce}),
    Instance = beamtalk_test:start(Module),
    Outcome = attempt(fun() -> beamtalk_dispatch:send(Instance, setUpOnce, []) end),
    beamtalk_test:stop(),
    case Outcome of
        {ok, Fixture} ->
            tell(Keeper, {fixture, Fixture}),
            work(Keeper, Module, {fixture, Fixture}, Selectors);
        Caught ->
            [tell(Keeper, {outcome, outcome(<<"setUpOnce failed: ">>, Caught, Module, Each)}) || Each <- Selectors],
            tell(Keeper, done)
    end;
work(Keeper, Module, {fixture, Fixture}, Selectors) ->
    beamtalk_test:set_fixture(Fixture),
    lists:foreach(
        fun(Selector) ->
            tell(Keeper, {step, {test, Selector}}),
            tell(Keeper, {outcome, test(Keeper, Module, Selector)})
        end,
        Selectors
    ),
    tell(Keeper, {step, tearDownOnce}),
    _ = attempt(fun() -> beamtalk_dispatch:send(beamtalk_test:start(Module), tearDownOnce, []) end),
    tell(Keeper, done).

tell(Keeper, Message) ->
    Keeper ! {self(), Message},
    ok.

%% A fresh instance, `setUp', the test, `tearDown': the last always, and what it raises is nobody's.
test(Keeper, Module, Selector) ->
    Fresh = beamtalk_test:start(Module),
    {Instance, Prepared} = set_up(Fresh),
    tell_fields(Keeper, beamtalk_test:fields(Module)),
    Outcome =
        case Prepared of
            {ok, _} ->
                outcome(<<>>, attempt(fun() -> beamtalk_dispatch:send(Instance, Selector, []) end), Module, Selector);
            Caught ->
                outcome(<<"setUp failed: ">>, Caught, Module, Selector)
        end,
    _ = attempt(fun() -> beamtalk_dispatch:send(Instance, tearDown, []) end),
    beamtalk_test:stop(),
    Outcome.

%% The keeper needs them should the test not live to see its `tearDown'.
tell_fields(_, Fields) when map_size(Fields) =:= 0 -> ok;
tell_fields(Keeper, Fields) -> tell(Keeper, {prepared, Fields}).

%% Another instance of the class takes the place of the fresh one, with the fields that it has.
set_up(Fresh) ->
    case attempt(fun() -> beamtalk_dispatch:send(Fresh, setUp, []) end) of
        {ok, Answer} = Prepared ->
            beamtalk_test:fields_of(Answer),
            {Fresh, Prepared};
        Caught ->
            {Fresh, Caught}
    end.

attempt(Action) ->
    try
        {ok, Action()}
    catch
        Class:Reason:Stack -> {caught, {Class, Reason, Stack}}
    end.

outcome(_, {ok, _}, Module, Selector) ->
    #{class => beamtalk_registry:class_name(Module), name => Selector, status => pass, message => <<>>, line => nil};
outcome(_, {caught, {error, #{kind := bunit_skip, message := Reason}, _}}, Module, Selector) ->
    Class = beamtalk_registry:class_name(Module),
    #{class => Class, name => Selector, status => skip, message => Reason, line => nil};
outcome(Prefix, {caught, Caught}, Module, Selector) ->
    {Text, Line} = beamtalk_test_text:failure(Prefix, Caught, Module, Selector),
    failure(Module, Selector, Text, Line).

failure(Module, Selector, Text, Line) ->
    #{class => beamtalk_registry:class_name(Module), name => Selector, status => fail, message => Text, line => Line}.
