-module(beamtalk_trace_tests).
-include_lib("eunit/include/eunit.hrl").

-export([log/2]).

-define(METER, 'bt@user@Meter').

meter() ->
    beamtalk_fixture:class(?METER, 'bt@stdlib@Actor', actor, [{n, 0}],
        "add({_, _, P} = S) -> put(P, (get(P))#{n := maps:get(n, get(P)) + 1}), 'n'(S).\n"
        "n({_, _, P}) -> maps:get(n, get(P)).\n"
        "fail(_) -> error(oops).\n"
        "'sleep:'(_, Ms) -> timer:sleep(Ms).\n"
        "twice(S) -> beamtalk_actor:send(S, add, []), beamtalk_actor:send(S, add, []).\n"
        "'via:'(_, Other) -> beamtalk_actor:send(Other, context, []).\n"
        "'viaCast:'(_, Other) -> beamtalk_actor:cast(Other, 'keep:', [here]).\n"
        "context(_) -> beamtalk_trace:app_context().\n"
        "'keep:'({_, _, P}, _) -> put(P, (get(P))#{n := beamtalk_trace:app_context()}), nil.\n"
        "setOwn(_) -> beamtalk_trace:set_context(#{own => 1}).\n"
        "metadata(_) -> logger:get_process_metadata().\n"
        "warn(_) -> logger:warning(\"from the actor\").\n").

fresh() -> beamtalk_actor:spawn({'$class', ?METER}).

send(Actor, Selector) -> beamtalk_actor:send(Actor, Selector, []).
send(Actor, Selector, Args) -> beamtalk_actor:send(Actor, Selector, Args).

numbers({_, _, Pid}, Selector) ->
    case [Numbers || {_, ?METER, S, Numbers} <- beamtalk_trace:counts(Pid), S =:= Selector] of
        [Numbers] -> Numbers;
        [] -> none
    end.

events({_, _, Pid}) ->
    [Event || #{pid := P} = Event <- beamtalk_trace:events(), P =:= Pid].

%% As in a node in which nobody has used Tracing.
untouched() ->
    persistent_term:put(beamtalk_sends, plain),
    persistent_term:put(beamtalk_trace_mode, off).

trace_test_() ->
    beamtalk_fixture:with_runtime(
        [{"a class to trace", fun() -> beamtalk_fixture:load([meter()]) end}] ++
            [{Title, fun() -> clean(), Test() end} || {Title, Test} <- tests()]
    ).

clean() ->
    beamtalk_trace:clear_context(),
    beamtalk_trace:disable(),
    beamtalk_trace:clear(),
    untouched().

tests() ->
    [
        {"messages are counted before anybody uses Tracing, without times", fun counts_always/0},
        {"from the first use on times are taken", fun times/0},
        {"sends to oneself are not counted", fun self_sends/0},
        {"casts are counted when they are handled", fun casts/0},
        {"a call without an answer counts as an error", fun unanswered/0},
        {"clear forgets the dead and sets the living to nothing", fun clear/0},
        {"what is known of dead actors is bounded", fun bounded_dead/0},
        {"an actor that is asked for its state by the runtime counts nothing", fun state/0},
        {"selectors beyond the limit of one actor cost no memory", fun many_selectors/0},
        {"calls, casts and lives are events while they are captured", fun captured/0},
        {"a call inside a call belongs to its trace", fun nested/0},
        {"the oldest events go first", fun ring/0},
        {"a context goes with calls and casts and not back", fun context/0},
        {"a message without context takes the actor's own away", fun replaced_context/0},
        {"a context is in the metadata of log entries", fun log_metadata/0},
        {"metadata that the logger owns is left alone", fun reserved_metadata/0}
    ].

counts_always() ->
    A = fresh(),
    send(A, add),
    send(A, add),
    ?assertError(#{kind := _}, send(A, fail)),
    ?assertEqual(off, beamtalk_trace:mode()),
    ?assertMatch(#{calls := 2, errors := 0, timed := 0, total := 0}, numbers(A, add)),
    ?assertMatch(#{calls := 1, errors := 1}, numbers(A, fail)).

times() ->
    A = fresh(),
    beamtalk_trace:begin_timing(),
    send(A, 'sleep:', [5]),
    send(A, 'sleep:', [1]),
    #{calls := 2, timed := 2, total := Total, min := Min, max := Max} = numbers(A, 'sleep:'),
    ?assert(Min >= 1000000 andalso Max >= 5000000 andalso Total =:= Min + Max).

self_sends() ->
    A = fresh(),
    send(A, twice),
    ?assertEqual(none, numbers(A, add)),
    ?assertMatch(#{calls := 1}, numbers(A, twice)).

casts() ->
    [
        begin
            A = fresh(),
            beamtalk_actor:cast(A, add, []),
            beamtalk_actor:cast(A, fail, []),
            send(A, n),
            ?assertMatch(#{calls := 1, errors := 0}, numbers(A, add)),
            ?assertMatch(#{calls := 1, errors := 1}, numbers(A, fail))
        end
     || Prepare <- [fun untouched/0, fun beamtalk_trace:begin_timing/0], Prepare() =/= never
    ].

unanswered() ->
    A = fresh(),
    ?assertError(#{kind := timeout}, beamtalk_actor:send(A, 'sleep:', [50], 5)),
    ?assertMatch(#{calls := 1, errors := 1, max := 5000000}, numbers(A, 'sleep:')),
    beamtalk_actor:kill(A),
    ?assertMatch(#{calls := 1}, numbers(A, kill)),
    ?assertError(#{kind := actor_dead}, send(A, n)),
    %% Nothing new is remembered of the dead.
    ?assertEqual(none, numbers(A, n)).

clear() ->
    [A, B] = [fresh(), fresh()],
    [send(Each, add) || Each <- [A, B]],
    beamtalk_actor:stop(B),
    beamtalk_trace:clear(),
    ?assertEqual([], beamtalk_trace:counts()),
    send(A, add),
    ?assertMatch(#{calls := 1}, numbers(A, add)).

bounded_dead() ->
    Dead = [fresh() || _ <- lists:seq(1, 1100)],
    [send(Each, add) || Each <- Dead],
    [beamtalk_actor:stop(Each) || Each <- Dead],
    _ = gen_server:call(beamtalk_actors, sync),
    Known = [Each || Each <- Dead, numbers(Each, add) =/= none],
    ?assert(length(Known) =< 1000),
    ?assertMatch(#{calls := 1}, numbers(lists:last(Dead), add)),
    ?assertMatch(#{calls := 1}, numbers(lists:last(Dead), start)).

state() ->
    {_, _, Pid} = A = fresh(),
    beamtalk_trace:enable(),
    ?assertEqual(#{n => 0}, send(A, '$state')),
    ?assertEqual([], beamtalk_trace:counts(Pid)),
    ?assertEqual([lifecycle || _ <- events(A)], [Mode || #{mode := Mode} <- events(A)]).

many_selectors() ->
    {_, _, Pid} = A = fresh(),
    [catch send(A, list_to_atom("s" ++ integer_to_list(N))) || N <- lists:seq(1, 300)],
    ?assertEqual(256, length(beamtalk_trace:counts(Pid))),
    ?assertEqual(1, send(A, add)).

captured() ->
    beamtalk_trace:enable(),
    A = fresh(),
    send(A, add),
    ?assertError(#{}, send(A, fail)),
    beamtalk_actor:cast(A, add, []),
    ?assertError(#{}, beamtalk_actor:send(A, 'sleep:', [50], 1)),
    beamtalk_actor:kill(A),
    Seen = [{Selector, Mode, Outcome} || #{selector := Selector, mode := Mode, outcome := Outcome} <- events(A)],
    ?assertEqual(
        [
            {kill, lifecycle, ok},
            {'sleep:', sync, error},
            {add, cast, cast},
            {fail, sync, error},
            {add, sync, ok},
            {start, lifecycle, ok}
        ],
        Seen
    ),
    [#{error := Text, kind := runtime_error, duration := Took}] = [E || #{selector := fail} = E <- events(A)],
    ?assert(is_binary(Text) andalso Took > 0),
    beamtalk_trace:disable(),
    _ = send(fresh(), add),
    ?assertEqual(6, length(beamtalk_trace:events())).

nested() ->
    [A, B] = [fresh(), fresh()],
    beamtalk_trace:enable(),
    send(A, 'via:', [B]),
    [#{trace := Trace, span := Outer} = Event] = events(A),
    ?assertMatch(#{parent := nil}, Event),
    ?assertMatch([#{trace := Trace, parent := Outer}], events(B)),
    send(B, add),
    ?assertMatch([#{parent := nil} | _], events(B)).

ring() ->
    A = fresh(),
    beamtalk_trace:enable(),
    beamtalk_trace:set_max_events(3),
    [send(A, Selector) || Selector <- [add, n, add, n, twice]],
    ?assertEqual([twice, n, add], [Selector || #{selector := Selector} <- beamtalk_trace:events()]),
    beamtalk_trace:set_max_events(1),
    ?assertEqual([twice], [Selector || #{selector := Selector} <- beamtalk_trace:events()]),
    beamtalk_trace:set_max_events(100000).

context() ->
    [A, B] = [fresh(), fresh()],
    ?assertEqual(#{}, send(A, context)),
    beamtalk_trace:set_context(#{request => 7}),
    beamtalk_trace:set_context(#{user => <<"x">>}),
    Both = #{request => 7, user => <<"x">>},
    [
        begin
            Prepare(),
            ?assertEqual(Both, send(A, context)),
            ?assertEqual(Both, send(A, 'via:', [B])),
            send(A, 'viaCast:', [B]),
            ?assertEqual(Both, send(B, n)),
            send(A, setOwn),
            ?assertEqual(Both, beamtalk_trace:app_context())
        end
     || Prepare <- [fun beamtalk_trace:disable/0, fun beamtalk_trace:enable/0]
    ],
    ?assertMatch([#{app := Both} | _], events(A)),
    beamtalk_trace:clear_context(),
    ?assertEqual(#{}, send(A, context)),
    ?assertEqual(undefined, send(A, metadata)).

replaced_context() ->
    A = fresh(),
    send(A, setOwn),
    ?assertEqual(#{}, send(A, context)),
    ?assertEqual(undefined, send(A, metadata)).

log_metadata() ->
    ok = logger:add_handler(?MODULE, ?MODULE, #{level => all, config => self()}),
    A = fresh(),
    Before = maps:get(level, logger:get_primary_config()),
    ok = logger:set_primary_config(level, info),
    try
        beamtalk_trace:set_context(#{request => 7, <<"user">> => <<"x">>, 3 => 4}),
        send(A, warn),
        ?assertMatch(#{request := 7, user := <<"x">>}, logged()),
        beamtalk_logging:log(info, <<"mine">>, #{request => 8}),
        ?assertMatch(#{request := 8, user := <<"x">>, domain := [beamtalk, user]}, logged()),
        beamtalk_trace:clear_context(),
        beamtalk_logging:log(info, <<"mine">>),
        ?assertEqual(error, maps:find(request, logged()))
    after
        logger:set_primary_config(level, Before),
        logger:remove_handler(?MODULE)
    end.

log(#{meta := Meta}, #{config := To}) ->
    To ! {logged, Meta}.

logged() ->
    receive
        {logged, Meta} -> Meta
    after 1000 -> nothing
    end.

reserved_metadata() ->
    ?assertEqual(#{mine => 1}, beamtalk_logging:metadata(#{time => soon, pid => 3, mine => 1, [] => 2})).
