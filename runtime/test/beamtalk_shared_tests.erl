%%% What outlives an evaluation: tables, counters, timers; and the runner of Beamtalk's own tests.
-module(beamtalk_shared_tests).

-include_lib("eunit/include/eunit.hrl").

-define(assertKind(Kind, Expression), ?assertError(#{kind := Kind}, Expression)).

shared_test_() ->
    beamtalk_fixture:with_runtime([
        {"a table outlives the process that asked for it", fun tables_outlive/0},
        {"tables hold values by key", fun tables_hold/0},
        {"a deleted table is noticed", fun stale_tables/0},
        {"counters count", fun counters_count/0},
        {"a deleted counter is noticed, also when its name is used again", fun stale_counters/0},
        {"a timer runs its block once", fun timer_once/0},
        {"a repeating timer survives errors and ends when cancelled", fun timer_repeats/0},
        {"a timer ends with its maker's crash and outlives its normal end", fun timer_and_maker/0},
        {"timers check their arguments", fun timer_arguments/0},
        {"a test case assigns its fields while it runs", fun fields_of_tests/0},
        {"tests are counted and reported", fun tests_are_counted/0},
        {"a failing setUpOnce fails every test", fun failing_set_up_once/0},
        {"tearDown always runs, and its errors are nobody's", fun tear_down_runs_always_and_its_errors_are_nobodys/0},
        {"a test that hangs or dies is one failure", fun a_test_that_hangs_or_dies_is_one_failure/0},
        {"what the VM raises goes by both names", fun what_is_raised_by_the_vm_goes_by_both_names/0}
    ]).

%% ---- tables and counters -------------------------------------------------------------------------------------

in_process(Fun) ->
    {Pid, Monitor} = spawn_monitor(fun() -> exit({value, Fun()}) end),
    receive
        {'DOWN', Monitor, process, Pid, {value, Value}} -> Value
    end.

tables_outlive() ->
    Table = in_process(fun() ->
        New = beamtalk_ets:new(shared_a, orderedSet),
        nil = beamtalk_ets:at_put(New, 1, one),
        New
    end),
    ?assertEqual(one, beamtalk_ets:at(Table, 1)),
    ?assertEqual(one, beamtalk_ets:at(beamtalk_ets:named(shared_a), 1)),
    ?assertKind(already_exists, beamtalk_ets:new(shared_a, set)),
    ?assertEqual(Table, beamtalk_ets:new_or_existing(shared_a, bag)),
    nil = beamtalk_ets:delete(Table),
    ?assertNot(beamtalk_ets:exists(shared_a)).

tables_hold() ->
    Table = beamtalk_ets:new(shared_b, bag),
    nil = beamtalk_ets:at_put(Table, k, 1),
    nil = beamtalk_ets:at_put(Table, k, 2),
    ?assertEqual(2, beamtalk_ets:at(Table, k)),
    ?assertEqual(1, beamtalk_ets:size(Table)),
    ?assertEqual([k], beamtalk_ets:keys(Table)),
    ?assertEqual(nil, beamtalk_ets:at(Table, other)),
    ?assertEqual(7, beamtalk_ets:at_if_absent(Table, other, fun() -> 7 end)),
    ?assertError(badarg, beamtalk_ets:at_if_absent(Table, other, fun() -> error(badarg) end)),
    nil = beamtalk_ets:remove_key(Table, k),
    ?assertNot(beamtalk_ets:includes_key(Table, k)),
    ?assertKind(type_error, beamtalk_ets:new(<<"x">>, set)),
    ?assertKind(type_error, beamtalk_ets:new(shared_x, heap)),
    ?assertKind(not_found, beamtalk_ets:named(shared_x)),
    nil = beamtalk_ets:delete(Table).

stale_tables() ->
    Table = beamtalk_ets:new(shared_c, set),
    nil = beamtalk_ets:delete(Table),
    ?assertKind(stale_table, beamtalk_ets:at(Table, 1)),
    ?assertKind(stale_table, beamtalk_ets:delete(Table)),
    Again = beamtalk_ets:new(shared_c, set),
    ?assertKind(stale_table, beamtalk_ets:size(Table)),
    nil = beamtalk_ets:delete(Again).

counters_count() ->
    Counter = beamtalk_counter:new(shared_counter),
    Adders = [spawn_monitor(fun() -> [beamtalk_counter:add(Counter, 1, increment) || _ <- lists:seq(1, 1000)] end) || _ <- "abcd"],
    [receive {'DOWN', Monitor, _, _, _} -> ok end || {_, Monitor} <- Adders],
    ?assertEqual(4000, beamtalk_counter:value(beamtalk_counter:named(shared_counter))),
    ?assertEqual(-1, beamtalk_counter:subtract(Counter, 4001, 'decrementBy:')),
    nil = beamtalk_counter:reset(Counter),
    ?assertEqual(0, beamtalk_counter:value(Counter)),
    ?assertKind(type_error, beamtalk_counter:add(Counter, 1.0, 'incrementBy:')),
    ?assertKind(already_exists, beamtalk_counter:new(shared_counter)),
    nil = beamtalk_counter:delete(Counter).

stale_counters() ->
    Counter = beamtalk_counter:new(shared_stale),
    nil = beamtalk_counter:delete(Counter),
    ?assertKind(stale_counter, beamtalk_counter:delete(Counter)),
    New = beamtalk_counter:new(shared_stale),
    ?assertKind(stale_counter, beamtalk_counter:value(Counter)),
    nil = beamtalk_counter:delete(New),
    ?assertKind(not_found, beamtalk_counter:named(shared_stale)).

%% ---- timers --------------------------------------------------------------------------------------------------

timer_once() ->
    Self = self(),
    Timer = beamtalk_timer:after_do(1, fun() -> Self ! fired end),
    receive fired -> ok end,
    wait_until(fun() -> not beamtalk_timer:is_active(Timer) end),
    ?assertNot(beamtalk_timer:cancel(Timer)),
    Later = beamtalk_timer:after_do(60000, fun() -> Self ! fired end),
    ?assert(beamtalk_timer:is_active(Later)),
    ?assert(beamtalk_timer:cancel(Later)),
    ?assertNot(beamtalk_timer:cancel(Later)).

timer_repeats() ->
    Self = self(),
    Timer = beamtalk_timer:every_do(1, fun() -> Self ! tick, error(oops) end),
    receive tick -> ok end,
    receive tick -> ok end,
    ?assert(beamtalk_timer:cancel(Timer)).

timer_and_maker() ->
    Make = fun() -> beamtalk_timer:after_do(60000, fun() -> ok end) end,
    Kept = in_normal_process(Make),
    ?assert(beamtalk_timer:is_active(Kept)),
    ?assert(beamtalk_timer:cancel(Kept)),
    Gone = in_process(Make),
    wait_until(fun() -> not beamtalk_timer:is_active(Gone) end).

in_normal_process(Fun) ->
    Self = self(),
    {Pid, Monitor} = spawn_monitor(fun() -> Self ! {value, Fun()} end),
    receive
        {'DOWN', Monitor, process, Pid, normal} -> receive {value, Value} -> Value end
    end.

wait_until(Condition) ->
    case Condition() of
        true ->
            ok;
        false ->
            timer:sleep(5),
            wait_until(Condition)
    end.

timer_arguments() ->
    Block = fun() -> ok end,
    ?assertError(#{kind := type_error, selector := 'sleep:'}, beamtalk_timer:sleep(-1)),
    ?assertError(#{kind := type_error, selector := 'every:do:'}, beamtalk_timer:every_do(0, Block)),
    ?assertKind(type_error, beamtalk_timer:after_do(1, fun(_) -> ok end)),
    ?assertKind(type_error, beamtalk_timer:after_do(1.5, Block)),
    ?assertEqual(nil, beamtalk_timer:sleep(beamtalk_duration:of_millis(1))).

%% ---- tests ---------------------------------------------------------------------------------------------------

test_classes(Text) ->
    Case = beamtalk_fixture:class('bt@stdlib@TestCase', 'bt@stdlib@Object', value,
        "setUp(S) -> S. tearDown(_) -> nil. setUpOnce(_) -> 42. tearDownOnce(_) -> nil. 'class serial'(_) -> false."),
    Test = beamtalk_fixture:class('bt@user@SampleTest', 'bt@stdlib@TestCase', value, [{x, 1}], Text),
    beamtalk_fixture:load([Case, Test]),
    {'$class', 'bt@user@SampleTest'}.

fields_of_tests() ->
    Class = test_classes(
        "setUp(S) -> beamtalk_object:put_field(S, x, 10).\n"
        "testRead(S) -> 10 = beamtalk_object:missing_field(S, x).\n"
        "testWrite(S) -> 11 = beamtalk_object:put_field(S, x, 11), 11 = beamtalk_object:missing_field(S, x).\n"
        "testFixture(_) -> 42 = beamtalk_test:fixture().\n"
    ),
    ?assertMatch(#{passed := 3, failed := 0}, beamtalk_test_run:class(Class)),
    ?assertKind(immutable_value, beamtalk_object:put_field(#{'$class' => 'bt@user@SampleTest'}, x, 1)).

tests_are_counted() ->
    Class = test_classes(
        "testA(_) -> nil.\n"
        "testB(S) -> beamtalk_test:fail(S, <<\"no\">>).\n"
        "testC(S) -> beamtalk_test:skip(S, <<\"later\">>).\n"
        "testD(S) -> beamtalk_test:should_raise(S, fun() -> length(element(1, {x})) end, badarg).\n"
        "'testWith:'(_, _) -> nil.\n"
        "helper(_) -> nil.\n"
    ),
    Result = beamtalk_test_run:class(Class),
    ?assertMatch(#{passed := 2, failed := 1, skipped := 1}, Result),
    ?assertEqual(
        [#{name => testB, error => <<"no\n  at SampleTest>>testB">>}],
        beamtalk_test_report:failures(Result)
    ),
    ?assertEqual(
        <<"4 tests, 2 passed, 1 skipped, 1 failed (0.0s)">>,
        beamtalk_test_report:summary(Result#{duration := 0.01})
    ),
    ?assertEqual(
        <<"Method 'testZ' not found in SampleTest">>,
        beamtalk_test_report:of_method(Class, testZ)
    ),
    ?assertMatch(<<"1 tests, 1 passed (", _/binary>>, beamtalk_test_report:of_method(Class, testA)),
    ?assertKind(type_error, beamtalk_test_run:class(5)),
    ?assertKind(type_error, beamtalk_test_run:method(Class, 5)),
    ?assertKind(class_not_found, beamtalk_test_run:class('NoSuchTest')),
    ?assertKind(invalid_argument, beamtalk_test_run:all(-1)).

what_is_raised_by_the_vm_goes_by_both_names() ->
    Raised = fun(Block, Kind) -> beamtalk_test:should_raise(#{'$class' => 'bt@user@SampleTest'}, Block, Kind) end,
    _ = test_classes("testA(_) -> nil."),
    [?assertEqual(nil, Raised(fun() -> erlang:error(badarith) end, Kind)) || Kind <- [badarith, type_error]],
    [?assertEqual(nil, Raised(fun() -> exit(gone) end, Kind)) || Kind <- [erlang_exit, exit, gone, error]],
    ?assertEqual(nil, Raised(fun() -> erlang:error({badkey, x}) end, badkey)),
    ?assertKind(assertion_failed, Raised(fun() -> ok end, badarith)),
    ?assertKind(type_error, Raised(5, badarith)),
    ?assertKind(type_error, Raised(fun() -> ok end, <<"badarith">>)).

failing_set_up_once() ->
    Class = test_classes("setUpOnce(_) -> error(oops). testA(_) -> nil. testB(_) -> nil."),
    ?assertMatch(
        #{failed := 2, outcomes := [#{message := <<"setUpOnce failed: oops\n  at ", _/binary>>} | _]},
        beamtalk_test_run:class(Class)
    ).

tear_down_runs_always_and_its_errors_are_nobodys() ->
    Class = test_classes(
        "tearDown(_) -> tear_down_watcher ! down, error(oops).\n"
        "testA(_) -> nil.\n"
        "testB(S) -> beamtalk_test:fail(S, <<\"no\">>).\n"
        "testC(S) -> beamtalk_test:skip(S, <<\"later\">>).\n"
    ),
    true = register(tear_down_watcher, self()),
    ?assertMatch(#{passed := 1, failed := 1, skipped := 1}, beamtalk_test_run:class(Class)),
    [receive down -> ok after 1000 -> error(no_tear_down) end || _ <- [1, 2, 3]],
    true = unregister(tear_down_watcher).

a_test_that_hangs_or_dies_is_one_failure() ->
    {'$class', Module} = Class = test_classes(
        "testA(_) -> exit(self(), kill), receive after infinity -> nil end.\n"
        "testB(_) -> receive after infinity -> nil end.\n"
        "testC(_) -> 42 = beamtalk_test:fixture().\n"
        "testD(_) -> grow([]).\n"
        "grow(List) -> grow([List, lists:seq(1, 1000) | List]).\n"
        "testE(_) -> nil.\n"
    ),
    {ok, Heap} = application:get_env(beamtalk, evaluator_heap),
    application:set_env(beamtalk, evaluator_heap, 16 * 1024 * 1024),
    Outcomes = beamtalk_test_suite:run(Module, beamtalk_test_run:selectors(Module), 2000),
    application:set_env(beamtalk, evaluator_heap, Heap),
    ?assertMatch(
        [
            #{name := testA, message := <<"Test worker crashed: killed", _/binary>>},
            #{name := testB, message := <<"Test timed out after 2s\n  at SampleTest>>testB">>},
            #{name := testC, status := pass},
            #{name := testD, message := <<"Test worker crashed: ", _/binary>>},
            #{name := testE, status := pass}
        ],
        Outcomes
    ),
    ?assertMatch(#{passed := 1}, beamtalk_test_run:method(Class, testE)).
