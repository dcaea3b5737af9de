%%% Runs test classes, each in a process of its own, and counts.
-module(beamtalk_test_run).

-export([all/1, class/1, method/2]).

-export_type([result/0, failure/0]).

-type failure() :: #{class := atom(), name := atom(), message := binary(), frames := [map()]}.
-type result() :: #{
    '$class' := module(),
    passed := non_neg_integer(),
    failed := non_neg_integer(),
    skipped := non_neg_integer(),
    duration := float(),
    failures := [failure()]
}.

-define(TEST_CASE, 'bt@stdlib@TestCase').

%% ---- what to run ---------------------------------------------------------------------------------------------

%% All loaded test classes, so many at once; 0 fits the machine. Serial classes run alone at the end.
-spec all(term()) -> result().
all(0) ->
    all(erlang:system_info(schedulers_online));
all(AtOnce) when is_integer(AtOnce), AtOnce > 0 ->
    timed(fun() ->
        {Serial, Others} = lists:partition(fun is_serial/1, test_modules()),
        concurrently(Others, AtOnce) ++ concurrently(Serial, 1)
    end);
all(Other) ->
    Text = ["runAll: expects a non-negative integer, got: ", beamtalk_print:print_string(Other)],
    raise_type(unicode:characters_to_binary(Text), 'runAll:').

test_modules() ->
    [
        Module
     || {_, Module} <- beamtalk_class:all_classes(),
        Module =/= ?TEST_CASE,
        is_test(Module),
        not lists:member(abstract, beamtalk_registry:info(Module, modifiers, []))
    ].

is_test(Module) ->
    beamtalk_registry:inherits(Module, ?TEST_CASE).

is_serial(Module) ->
    beamtalk_dispatch:send({'$class', Module}, serial, []) =:= true.

-spec class(term()) -> result().
class({'$class', Module}) -> timed(fun() -> in_process(Module, selectors(Module)) end);
class(_) -> not_a_class('run:').

-spec method(term(), term()) -> result().
method({'$class', Module}, Selector) ->
    timed(fun() ->
        case lists:member(Selector, selectors(Module)) of
            true -> in_process(Module, [Selector]);
            false -> [failed(Module, Selector, missing(Module, Selector), [])]
        end
    end);
method(_, _) ->
    not_a_class('run:method:').

missing(Module, Selector) ->
    Class = atom_to_binary(beamtalk_registry:class_name(Module)),
    unicode:characters_to_binary(["Method '", beamtalk_print:display_string(Selector), "' not found in ", Class]).

%% Unary selectors that begin with `test', inherited ones included, in alphabetical order; none of a class that is no test.
selectors(Module) ->
    Chain = lists:takewhile(fun(Each) -> Each =/= ?TEST_CASE end, beamtalk_registry:chain(Module)),
    Methods = lists:append([beamtalk_class:methods({'$class', Each}) || Each <- Chain]),
    lists:usort([Selector || is_test(Module), Selector <- Methods, is_test_name(atom_to_binary(Selector))]).

is_test_name(<<"test", Rest/binary>>) -> binary:match(Rest, <<":">>) =:= nomatch;
is_test_name(_) -> false.

%% ---- running -------------------------------------------------------------------------------------------------

concurrently([], _) ->
    [];
concurrently(Modules, AtOnce) ->
    {Now, Later} = lists:split(min(AtOnce, length(Modules)), Modules),
    Running = [{Module, started(Module, selectors(Module))} || Module <- Now],
    lists:append([outcomes(Module, Worker) || {Module, Worker} <- Running]) ++ concurrently(Later, AtOnce).

in_process(Module, Selectors) ->
    outcomes(Module, started(Module, Selectors)).

started(Module, Selectors) ->
    spawn_monitor(fun() -> exit({?MODULE, suite(Module, Selectors)}) end).

outcomes(Module, {Pid, Monitor}) ->
    receive
        {'DOWN', Monitor, process, Pid, {?MODULE, Outcomes}} ->
            Outcomes;
        {'DOWN', Monitor, process, Pid, Reason} ->
            [failed(Module, suite, <<"the test process ended: ", (beamtalk_error:text(Reason))/binary>>, [])]
    end.

suite(_, []) ->
    [];
suite(Module, Selectors) ->
    Instance = beamtalk_test:start(Module),
    case attempt(fun() -> beamtalk_dispatch:send(Instance, setUpOnce, []) end) of
        {ok, Fixture} ->
            beamtalk_test:set_fixture(Fixture),
            Outcomes = [test(Module, Selector) || Selector <- Selectors],
            _ = attempt(fun() -> beamtalk_dispatch:send(beamtalk_test:start(Module), tearDownOnce, []) end),
            beamtalk_test:stop(),
            Outcomes;
        {error, #{message := Message} = Exception} ->
            Text = <<"setUpOnce failed: ", Message/binary>>,
            [failed(Module, Selector, Text, frames(Exception)) || Selector <- Selectors]
    end.

test(Module, Selector) ->
    Instance = beamtalk_test:start(Module),
    Ran = attempt(fun() ->
        beamtalk_test:fields_of(beamtalk_dispatch:send(Instance, setUp, [])),
        beamtalk_dispatch:send(Instance, Selector, [])
    end),
    Cleaned = attempt(fun() -> beamtalk_dispatch:send(Instance, tearDown, []) end),
    beamtalk_test:stop(),
    case {Ran, Cleaned} of
        {{ok, _}, {ok, _}} -> passed;
        {{error, #{kind := bunit_skip}}, _} -> skipped;
        {{error, Exception}, _} -> failed(Module, Selector, maps:get(message, Exception), frames(Exception));
        {_, {error, Exception}} -> failed(Module, Selector, maps:get(message, Exception), frames(Exception))
    end.

attempt(Action) ->
    try
        {ok, Action()}
    catch
        Class:Reason:Stack -> {error, beamtalk_error:from_erlang(Class, Reason, Stack)}
    end.

failed(Module, Selector, Message, Frames) ->
    {failed, #{class => beamtalk_registry:class_name(Module), name => Selector, message => Message, frames => Frames}}.

frames(Exception) ->
    beamtalk_exception:stack_trace(Exception).

%% ---- the result ----------------------------------------------------------------------------------------------

timed(Run) ->
    Start = erlang:monotonic_time(microsecond),
    Outcomes = Run(),
    Duration = (erlang:monotonic_time(microsecond) - Start) / 1.0e6,
    Failures = [Failure || {failed, Failure} <- Outcomes],
    #{
        '$class' => 'bt@stdlib@TestResult',
        passed => length([passed || passed <- Outcomes]),
        failed => length(Failures),
        skipped => length([skipped || skipped <- Outcomes]),
        duration => Duration,
        failures => Failures
    }.

-spec not_a_class(atom()) -> no_return().
not_a_class(Selector) ->
    beamtalk_error:raise(type_error, 'TestRunner', Selector, <<"The argument must be a class">>).

-spec raise_type(binary(), atom()) -> no_return().
raise_type(Text, Selector) ->
    beamtalk_error:raise_message('bt@stdlib@TypeError', type_error, Text, 'TestRunner', Selector, nil).
