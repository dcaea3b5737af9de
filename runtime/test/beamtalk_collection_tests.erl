%%% Lists, arrays, dictionaries, sets, intervals and tuples: results, positions, argument checks.
-module(beamtalk_collection_tests).

-include_lib("eunit/include/eunit.hrl").

-define(assertKind(Kind, Expression), ?assertError(#{kind := Kind}, Expression)).

double(X) -> X * 2.
odd(X) -> X rem 2 =:= 1.

%% ---- lists ---------------------------------------------------------------------------------------------------

list_positions_count_from_one_test() ->
    ?assertEqual(b, beamtalk_list:at([a, b], 2)),
    ?assertKind(index_out_of_bounds, beamtalk_list:at([], 0)),
    ?assertKind(empty_collection, beamtalk_list:at([], 1)),
    ?assertError(#{kind := index_out_of_bounds, hint := <<"Index 9 is out of bounds">>}, beamtalk_list:at([a], 9)),
    ?assertKind(type_error, beamtalk_list:at([a], 1.0)).

list_ranges_are_clamped_at_the_end_test() ->
    ?assertEqual([2, 3], beamtalk_list:from_to([1, 2, 3, 4], 2, 3)),
    ?assertEqual([2], beamtalk_list:from_to([1, 2], 2, 9)),
    ?assertEqual([], beamtalk_list:from_to([1, 2], 5, 9)),
    ?assertEqual([], beamtalk_list:from_to([1, 2], 2, 1)),
    ?assertKind(index_out_of_bounds, beamtalk_list:from_to([1], 0, 1)),
    ?assertKind(type_error, beamtalk_list:from_to([1], 1, a)).

take_and_drop_refuse_negative_counts_test() ->
    ?assertEqual([1, 2], beamtalk_list:take([1, 2, 3], 2)),
    ?assertEqual([1], beamtalk_list:take([1], 5)),
    ?assertEqual([], beamtalk_list:drop([1], 5)),
    ?assertKind(type_error, beamtalk_list:take([1], -1)),
    ?assertKind(type_error, beamtalk_list:drop([1], a)).

empty_lists_name_the_message_that_failed_test() ->
    ?assertError(
        #{kind := empty_collection, errorClass := 'List', message := <<"'first': List is empty">>},
        beamtalk_list:first([])
    ),
    ?assertError(#{kind := empty_collection, errorClass := 'Collection'}, beamtalk_list:max([])),
    ?assertKind(type_error, beamtalk_list:at_random([])).

unique_sorts_and_keeps_exact_numbers_apart_test() ->
    ?assertEqual([1, 1.0, 3], beamtalk_list:unique([3, 1, 1.0, 1])),
    ?assertEqual([1, 1.0, 3], beamtalk_list:unique([1.0, 3, 1, 1.0])),
    ?assertEqual([{1, 1.0}, {1.0, 1}], beamtalk_list:unique([{1.0, 1}, {1, 1.0}, {1.0, 1}])).

sorting_by_a_block_is_stable_test() ->
    Block = fun({A, _}, {B, _}) -> A =< B end,
    ?assertEqual([{1, a}, {1, b}, {2, c}], beamtalk_list:sort([{2, c}, {1, a}, {1, b}], Block)),
    ?assertKind(type_error, beamtalk_list:sort([1, 2], fun(_, _) -> 1 end)),
    ?assertKind(type_error, beamtalk_list:sort([1], fun(_) -> true end)).

iteration_checks_the_block_test_() ->
    Calls = [
        fun(B) -> beamtalk_list:collect([1], B) end,
        fun(B) -> beamtalk_list:select([1], B) end,
        fun(B) -> beamtalk_list:reject([1], B) end,
        fun(B) -> beamtalk_list:detect([1], B) end,
        fun(B) -> beamtalk_list:inject([1], 0, B) end,
        fun(B) -> beamtalk_list:count([1], B) end,
        fun(B) -> beamtalk_list:any_satisfy([1], B) end,
        fun(B) -> beamtalk_list:all_satisfy([1], B) end,
        fun(B) -> beamtalk_list:take_while([1], B) end,
        fun(B) -> beamtalk_list:drop_while([1], B) end,
        fun(B) -> beamtalk_list:flat_map([1], B) end,
        fun(B) -> beamtalk_list:partition([1], B) end,
        fun(B) -> beamtalk_list:each_with_index([1], B) end
    ],
    [?_assertError(#{kind := type_error, errorClass := 'List'}, Call(5)) || Call <- Calls] ++
        [?_assertError(#{kind := arity_mismatch, errorClass := 'Block'}, Call(fun() -> 1 end)) || Call <- Calls].

some_messages_take_any_other_block_for_a_wrong_type_test_() ->
    Calls = [
        fun(B) -> beamtalk_list:do([1], B) end,
        fun(B) -> beamtalk_list:sort([1], B) end,
        fun(B) -> beamtalk_list:group_by([1], B) end
    ],
    [?_assertError(#{kind := type_error, errorClass := 'List'}, Call(B)) || Call <- Calls, B <- [5, fun() -> 1 end]].

answers_must_be_booleans_test_() ->
    NotBoolean = fun(_) -> 1 end,
    [
        ?_assertError(#{kind := type_error}, beamtalk_list:select([1], NotBoolean)),
        ?_assertError(#{kind := type_error}, beamtalk_list:reject([1], NotBoolean)),
        ?_assertError(#{kind := type_error}, beamtalk_list:count([1], NotBoolean)),
        ?_assertError(#{kind := type_error}, beamtalk_list:any_satisfy([1], NotBoolean)),
        ?_assertEqual(none, beamtalk_list:detect([1], NotBoolean, none))
    ].

iteration_answers_test() ->
    ?assertEqual([2, 4], beamtalk_list:collect([1, 2], fun double/1)),
    ?assertEqual([1, 3], beamtalk_list:select([1, 2, 3], fun odd/1)),
    ?assertEqual([2], beamtalk_list:reject([1, 2, 3], fun odd/1)),
    ?assertEqual(3, beamtalk_list:detect([2, 3], fun odd/1)),
    ?assertEqual(7, beamtalk_list:detect([2], fun odd/1, fun() -> 7 end)),
    ?assertKind(not_found, beamtalk_list:detect([2], fun odd/1)),
    ?assertEqual(6, beamtalk_list:inject([1, 2, 3], 0, fun(A, B) -> A + B end)),
    ?assertEqual([1, 1, 2, 2], beamtalk_list:flat_map([1, 2], fun(X) -> [X, X] end)),
    ?assertKind(argument_error, beamtalk_list:flat_map([1], fun double/1)),
    ?assertEqual(#{true => [1, 3], false => [2]}, beamtalk_list:group_by([1, 2, 3], fun odd/1)),
    ?assertEqual(
        #{<<"matching">> => [1], <<"nonMatching">> => [2]},
        beamtalk_list:partition([1, 2], fun odd/1)
    ),
    ?assertEqual([[1, a], [2, b]], beamtalk_list:zip([1, 2, 3], [a, b])),
    ?assertEqual(nil, beamtalk_list:do([1], fun double/1)).

joining_takes_strings_only_test() ->
    ?assertEqual(<<"a, b">>, beamtalk_list:join([<<"a">>, <<"b">>], <<", ">>)),
    ?assertEqual(<<>>, beamtalk_list:join([])),
    ?assertKind(argument_error, beamtalk_list:join([a])),
    ?assertKind(type_error, beamtalk_list:join([], a)).

searches_are_strict_about_numbers_test() ->
    ?assertNot(beamtalk_list:includes([2.0], 2)),
    ?assertEqual(2, beamtalk_list:index_of([2.0, 2], 2)),
    ?assertEqual(nil, beamtalk_list:index_of([1], 2)).

%% ---- arrays --------------------------------------------------------------------------------------------------

equal_arrays_are_the_same_term_test() ->
    Edited = beamtalk_array:at_put(beamtalk_array:from_list([1, 9]), 2, 2),
    ?assertEqual(beamtalk_array:from_list([1, 2]), Edited),
    ?assertEqual([1, 2], beamtalk_array:to_list(Edited)).

array_positions_count_from_one_test() ->
    Array = beamtalk_array:from_list([a, b]),
    ?assertEqual(a, beamtalk_array:at(Array, 1)),
    ?assertEqual(a, beamtalk_array:first(Array)),
    ?assertEqual(b, beamtalk_array:last(Array)),
    ?assertKind(index_out_of_bounds, beamtalk_array:at(Array, 3)),
    ?assertKind(index_out_of_bounds, beamtalk_array:at(Array, 0)),
    ?assertKind(type_error, beamtalk_array:at(Array, a)),
    ?assertKind(empty_collection, beamtalk_array:at(beamtalk_array:empty(), 1)),
    ?assertKind(index_out_of_bounds, beamtalk_array:at(beamtalk_array:empty(), 0)),
    ?assertKind(index_out_of_bounds, beamtalk_array:at_put(beamtalk_array:empty(), 1, x)).

arrays_iterate_in_order_test() ->
    Numbers = lists:seq(1, 100),
    Array = beamtalk_array:from_list(Numbers),
    ?assertEqual(Numbers, beamtalk_array:to_list(Array)),
    ?assertEqual([2 * N || N <- Numbers], beamtalk_array:to_list(beamtalk_array:collect(Array, fun double/1))),
    ?assertEqual([N || N <- Numbers, odd(N)], beamtalk_array:to_list(beamtalk_array:select(Array, fun odd/1))),
    ?assertEqual([99, 100], beamtalk_array:to_list(beamtalk_array:rest_from(Array, 98))),
    ?assertEqual([], beamtalk_array:to_list(beamtalk_array:rest_from(Array, 100))).

%% ---- dictionaries --------------------------------------------------------------------------------------------

dictionaries_check_their_arguments_test() ->
    ?assertEqual(1, beamtalk_dictionary:at_if_absent(#{a => 1}, a, fun() -> 2 end)),
    ?assertEqual(nil, beamtalk_dictionary:at_if_absent(#{a => nil}, a, fun() -> 2 end)),
    ?assertEqual(2, beamtalk_dictionary:at_if_absent(#{}, a, fun() -> 2 end)),
    ?assertEqual(#{a => 2}, beamtalk_dictionary:merge(#{a => 1}, #{a => 2})),
    ?assertKind(type_error, beamtalk_dictionary:merge(#{}, [])),
    ?assertKind(type_error, beamtalk_dictionary:merge(#{}, beamtalk_array:empty())),
    ?assertKind(type_error, beamtalk_dictionary:new(42)),
    ?assertEqual(#{a => 4}, beamtalk_dictionary:collect(#{a => 2}, fun double/1)),
    ?assertKind(arity_mismatch, beamtalk_dictionary:do_with_key(#{}, fun double/1)).

%% ---- sets ----------------------------------------------------------------------------------------------------

set(List) -> beamtalk_set:from_list(List, 'withAll:').

equal_sets_are_the_same_term_test() ->
    ?assertEqual(set([1, 2, 1.0]), set([1.0, 2, 1, 2])),
    ?assertEqual(set([1, 2]), beamtalk_set:add(set([2]), 1)),
    ?assertEqual(set([1, 2]), beamtalk_set:union(set([2]), set([1, 2]))),
    ?assertEqual(set([2]), beamtalk_set:remove(set([1, 2]), 1)).

set_operations_compare_exactly_test() ->
    ?assertEqual(set([1]), beamtalk_set:intersection(set([1, 1.0]), set([1, 5]))),
    ?assertEqual(set([1.0]), beamtalk_set:difference(set([1, 1.0]), set([1]))),
    ?assert(beamtalk_set:is_subset(set([1]), set([1, 2]))),
    ?assertNot(beamtalk_set:is_subset(set([1.0]), set([1, 2]))),
    ?assertKind(type_error, beamtalk_set:union(set([]), [])),
    ?assertKind(type_error, set(5)).

sets_of_any_mix_are_canonical_test() ->
    Terms = [1, 1.0, {1}, {1.0}, [1], [1.0], #{a => 1}, #{a => 1.0}, <<"x">>, x],
    Expected = set(Terms),
    [?assertEqual(Expected, set(shuffled(Terms))) || _ <- lists:seq(1, 50)].

shuffled(List) ->
    [Element || {_, Element} <- lists:sort([{rand:uniform(), Element} || Element <- List])].

%% ---- intervals and tuples ------------------------------------------------------------------------------------

interval(From, To, Step) ->
    #{'$class' => 'bt@stdlib@Interval', from => From, to => To, step => Step}.

intervals_hold_what_their_step_reaches_test_() ->
    [
        [
            ?_assertEqual(List, beamtalk_interval:to_list(interval(From, To, Step))),
            ?_assertEqual(length(List), beamtalk_interval:size(interval(From, To, Step)))
        ]
     || {From, To, Step, List} <- [
            {1, 3, 1, [1, 2, 3]},
            {1, 9, 3, [1, 4, 7]},
            {5, 1, -2, [5, 3, 1]},
            {5, 1, 1, []},
            {1, 5, -1, []},
            {1, 5, 0, []},
            {2, 2, 1, [2]},
            {0, 1, 5, [0]}
        ]
    ].

interval_positions_test() ->
    ?assertEqual(7, beamtalk_interval:last(interval(1, 9, 3))),
    ?assertEqual(4, beamtalk_interval:at(interval(1, 9, 3), 2)),
    ?assertKind(index_out_of_bounds, beamtalk_interval:at(interval(5, 1, 1), 1)),
    ?assertKind(empty_collection, beamtalk_interval:first(interval(5, 1, 1))).

tuples_unwrap_results_test() ->
    ?assertEqual(1, beamtalk_tuple:unwrap({ok, 1})),
    ?assertError(
        #{kind := user_error, message := <<"Called unwrap on error tuple: no">>},
        beamtalk_tuple:unwrap({error, no})
    ),
    ?assertError(#{message := <<"unwrap requires an ok or error result tuple">>}, beamtalk_tuple:unwrap({a, b, c})),
    ?assertKind(index_out_of_bounds, beamtalk_tuple:at({a}, 2)),
    ?assertKind(argument_error, beamtalk_tuple:from_list(5)).

%% ---- queues and streams --------------------------------------------------------------------------------------

queue() ->
    #{'$class' => 'bt@stdlib@Queue', queue => queue:new()}.

queues_deliver_in_order_test() ->
    Queue = beamtalk_queue:enqueue(beamtalk_queue:enqueue(queue(), 1), 2),
    {1, Rest} = beamtalk_queue:dequeue(Queue),
    ?assertEqual(2, beamtalk_queue:peek(Rest)),
    ?assertEqual(2, beamtalk_queue:size(Queue)),
    ?assertError(#{kind := empty_queue, '$class' := 'bt@stdlib@RuntimeError'}, beamtalk_queue:dequeue(queue())).

streams_run_only_as_far_as_asked_test() ->
    Self = self(),
    Source = beamtalk_stream:collect(beamtalk_stream:from(1), fun(N) -> Self ! {i, N}, N end),
    ?assertEqual([2, 4], beamtalk_stream:take(beamtalk_stream:reject(Source, fun odd/1), 2)),
    ?assertEqual([1, 2, 3, 4], pulled()).

pulled() ->
    receive
        {i, N} -> [N | pulled()]
    after 0 -> []
    end.

streams_describe_their_steps_test() ->
    Odd = beamtalk_stream:select(beamtalk_stream:from(1), fun odd/1),
    ?assertEqual(
        <<"Stream(from: 1) | select: [...] | drop: 3">>,
        maps:get(description, beamtalk_stream:drop(Odd, 3))
    ),
    ?assertEqual(
        <<"Stream(from: 'a' by: [...])">>,
        maps:get(description, beamtalk_stream:from(<<"a">>, fun(X) -> X end))
    ).

streams_have_sources_test() ->
    ?assertEqual([1, 2, 4], beamtalk_stream:take(beamtalk_stream:from(1, fun double/1), 3)),
    ?assertEqual([<<"a">>, <<"é"/utf8>>], beamtalk_stream:to_list(beamtalk_stream:on(<<"aé"/utf8>>))),
    ?assertEqual([1, 2], beamtalk_stream:to_list(beamtalk_stream:on(set([2, 1])))),
    ?assertKind(type_error, beamtalk_stream:on(#{})),
    ?assertKind(type_error, beamtalk_stream:on(beamtalk_array:empty())),
    ?assertKind(not_found, beamtalk_stream:detect(beamtalk_stream:on([2]), fun odd/1)),
    ?assert(beamtalk_stream:any_satisfy(beamtalk_stream:from(1), fun odd/1)).

a_finalizer_runs_however_the_stream_ends_test() ->
    Self = self(),
    Source = maps:get(generator, beamtalk_stream:from(1)),
    Stream = beamtalk_stream:make(Source, <<"Stream">>, fun() -> Self ! closed end),
    ?assertEqual([1], beamtalk_stream:take(Stream, 1)),
    receive closed -> ok end,
    ?assertError(oops, beamtalk_stream:do(Stream, fun(_) -> error(oops) end)),
    receive closed -> ok end.

parallel_work_test_() ->
    beamtalk_fixture:with_runtime([{"it keeps the order and raises the first failure", fun parallel_work/0}]).

parallel_work() ->
    ?assertEqual([2, 4, 6], beamtalk_parallel:collect([1, 2, 3], fun double/1)),
    ?assertEqual([2, 4, 6], beamtalk_parallel:collect([1, 2, 3], fun double/1, 2)),
    Failing = fun(N) -> error({bad, N}) end,
    ?assertError(#{message := <<"{bad,1}">>}, beamtalk_parallel:collect([1, 2], Failing)),
    ?assertError(
        #{kind := type_error, message := <<"maxConcurrency must be a positive Integer, got: 0">>},
        beamtalk_parallel:collect([1], fun double/1, 0)
    ).
