%%% Durations, points in time, random numbers and UUIDs.
-module(beamtalk_time_tests).

-include_lib("eunit/include/eunit.hrl").

-define(assertKind(Kind, Expression), ?assertError(#{kind := Kind}, Expression)).

ms(Millis) -> beamtalk_duration:of_millis(Millis).

%% ---- durations -----------------------------------------------------------------------------------------------

durations_round_to_milliseconds_test() ->
    ?assertEqual(ms(1500), beamtalk_duration:make(1.5, 1000, 'seconds:')),
    ?assertEqual(ms(60000), beamtalk_duration:make(1, 60000, 'minutes:')),
    ?assertError(#{kind := type_error, selector := 'seconds:'}, beamtalk_duration:make(a, 1000, 'seconds:')).

durations_have_two_texts_test_() ->
    [
        [
            ?_assertEqual(Iso, beamtalk_duration:to_iso(ms(Millis))),
            ?_assertEqual(Units, beamtalk_duration:to_units(ms(Millis))),
            ?_assertEqual(ms(Millis), beamtalk_duration:from_iso(Iso))
        ]
     || {Millis, Iso, Units} <- [
            {0, <<"PT0S">>, <<"0ms">>},
            {5400000, <<"PT1H30M">>, <<"1h 30m">>},
            {93600000, <<"P1DT2H">>, <<"1d 2h">>},
            {250, <<"PT0.250S">>, <<"250ms">>},
            {1500, <<"PT1.500S">>, <<"1s 500ms">>},
            {86400000, <<"P1D">>, <<"1d">>},
            {-90000, <<"-PT1M30S">>, <<"-1m 30s">>}
        ]
    ].

only_days_to_seconds_are_read_test_() ->
    Texts = [<<>>, <<"P">>, <<"PT">>, <<"P1DT">>, <<"P1W">>, <<"P1Y">>, <<"PT1.2345S">>, <<"PT1S\n">>, <<"1H">>],
    [?_assertError(#{kind := type_error}, beamtalk_duration:from_iso(Text)) || Text <- [5 | Texts]].

duration_arithmetic_test() ->
    ?assertEqual(ms(3), beamtalk_duration:add(ms(1), ms(2))),
    ?assertEqual(ms(-1), beamtalk_duration:subtract(ms(1), ms(2))),
    ?assertEqual(ms(3), beamtalk_duration:multiply(ms(2), 1.5)),
    ?assert(beamtalk_duration:compare(ms(1), '<', ms(2))),
    ?assertError(#{kind := type_error, selector := '<='}, beamtalk_duration:compare(ms(1), '=<', 2)),
    ?assertKind(type_error, beamtalk_duration:multiply(ms(1), a)).

%% ---- points in time ------------------------------------------------------------------------------------------

at(Text) -> beamtalk_datetime:from_string(Text).

text(DateTime) -> beamtalk_datetime:to_string(DateTime).

dates_are_checked_test_() ->
    Make = fun(Y, Mo, D, H, Mi, S, O) -> beamtalk_datetime:make(Y, Mo, D, H, Mi, S, O, 'year:month:day:') end,
    [
        ?_assertEqual(<<"2024-02-29T00:00:00Z">>, text(Make(2024, 2, 29, 0, 0, 0, 0))),
        ?_assertError(#{kind := type_error, hint := <<"Invalid date: 2026-2-30">>}, Make(2026, 2, 30, 0, 0, 0, 0)),
        ?_assertError(#{kind := type_error}, Make(-1, 1, 1, 0, 0, 0, 0)),
        ?_assertError(#{kind := type_error}, Make(2026, a, 1, 0, 0, 0, 0)),
        ?_assertError(#{kind := type_error}, Make(2026, 1, 1, 24, 0, 0, 0)),
        ?_assertError(#{kind := type_error}, Make(2026, 1, 1, 0, 0, 0, 841)),
        ?_assertError(#{kind := type_error}, Make(2026, 1, 1, 0, 0, 0.5, 0))
    ].

texts_are_read_strictly_test_() ->
    [
        ?_assertEqual(<<"2026-02-18T14:00:00+02:00">>, text(at(<<"2026-02-18T14:00:00+02:00">>))),
        ?_assertEqual(<<"2026-02-18T14:00:00-05:30">>, text(at(<<"2026-02-18T14:00:00-05:30">>))),
        ?_assertEqual(<<"2026-02-18T14:00:00Z">>, text(at(<<"2026-02-18T14:00:00">>)))
        | [
            ?_assertError(#{kind := type_error}, at(Bad))
         || Bad <- [<<"2026-02-18">>, <<"2026-02-18T14:00:00.5Z">>, <<"2026-02-18T14:00:00Z\n">>, <<"x">>, 5]
        ]
    ].

the_instant_decides_test() ->
    Noon = at(<<"2026-02-18T12:00:00Z">>),
    Same = at(<<"2026-02-18T14:00:00+02:00">>),
    ?assert(beamtalk_datetime:compare(Noon, '=:=', Same, 'sameInstant:')),
    ?assertNotEqual(Noon, Same),
    ?assertEqual(Noon, beamtalk_datetime:to_offset(Same, 0)),
    ?assertEqual(1771416000, beamtalk_datetime:timestamp(Same)),
    ?assertEqual(Noon, beamtalk_datetime:from_timestamp(1771416000)),
    ?assertEqual(ms(0), beamtalk_datetime:subtract(Noon, Same)),
    ?assertKind(type_error, beamtalk_datetime:compare(Noon, '<', 5, '<')).

arithmetic_keeps_the_clock_test() ->
    ?assertEqual(
        <<"2026-03-01T01:00:00+02:00">>,
        text(beamtalk_datetime:add(at(<<"2026-02-28T23:00:00+02:00">>), 7200, 1, 'addSeconds:'))
    ),
    ?assertEqual(<<"1969-12-31T23:59:59Z">>, text(beamtalk_datetime:from_timestamp(-1))),
    ?assertKind(type_error, beamtalk_datetime:add(at(<<"0000-01-01T00:00:00Z">>), -1, 1, 'addSeconds:')),
    ?assertKind(type_error, beamtalk_datetime:add_duration(at(<<"2026-01-01T00:00:00Z">>), 5)).

patterns_format_and_parse_test_() ->
    Point = at(<<"2026-02-08T09:05:07Z">>),
    [
        ?_assertEqual(<<"08.02.2026 09:05:07">>, beamtalk_datetime:format(Point, <<"dd.MM.yyyy HH:mm:ss">>)),
        ?_assertEqual(<<"26-2-8">>, beamtalk_datetime:format(Point, <<"yy-M-d">>)),
        ?_assertEqual(<<"002">>, beamtalk_datetime:format(Point, <<"MMM">>)),
        ?_assertMatch(
            #{isOk := true, okValue := #{year := 2026, month := 2, day := 8, hour := 0}},
            beamtalk_datetime:parse(<<"8.2.26">>, <<"d.M.yy">>)
        ),
        ?_assertMatch(#{isOk := false}, beamtalk_datetime:parse(<<"8.2">>, <<"dd.MM">>)),
        ?_assertMatch(#{isOk := false}, beamtalk_datetime:parse(<<"8.2 ">>, <<"d.M">>)),
        ?_assertMatch(
            #{isOk := false, errReason := #{hint := <<"Parsed date/time is out of range">>}},
            beamtalk_datetime:parse(<<"31.02.2026">>, <<"dd.MM.yyyy">>)
        )
    ].

%% ---- random numbers and identifiers --------------------------------------------------------------------------

a_seed_fixes_the_numbers_test() ->
    Random = beamtalk_random:seed(42),
    ?assertEqual(0.16474694827694847, beamtalk_random:next(Random)),
    ?assertEqual(beamtalk_random:next(Random), beamtalk_random:next(Random)),
    ?assertEqual(84, beamtalk_random:next_integer(Random, 100)),
    ?assertKind(type_error, beamtalk_random:seed(1.0)),
    ?assertKind(type_error, beamtalk_random:next_integer(Random, 0)),
    ?assertKind(type_error, beamtalk_random:next_integer(a)).

uuids_carry_their_version_test() ->
    ?assertEqual(4, beamtalk_uuid:version(beamtalk_uuid:v4())),
    ?assertEqual(7, beamtalk_uuid:version(beamtalk_uuid:v7())),
    #{bytes := <<_:64, Variant:2, _:62>>} = beamtalk_uuid:v4(),
    ?assertEqual(2, Variant),
    Earlier = beamtalk_uuid:v7(),
    timer:sleep(2),
    ?assert(beamtalk_uuid:compare(Earlier, '<', beamtalk_uuid:v7())).

uuids_are_read_exactly_test() ->
    Text = <<"550e8400-e29b-41d4-a716-446655440000">>,
    #{isOk := true, okValue := Uuid} = beamtalk_uuid:from_string(string:uppercase(Text)),
    ?assertEqual(Text, beamtalk_uuid:to_string(Uuid)),
    [?assertNot(beamtalk_uuid:is_valid(Bad)) || Bad <- [<<>>, <<Text/binary, "\n">>, binary:replace(Text, <<"-">>, <<"x">>)]],
    ?assertMatch(#{isOk := false, errReason := #{kind := parse_error}}, beamtalk_uuid:from_string(<<"x">>)),
    ?assertKind(type_error, beamtalk_uuid:is_valid(5)).

digests_take_bytes_test() ->
    ?assertEqual(
        <<"900150983cd24fb0d6963f7d28e17f72">>,
        beamtalk_binary:as_hex(beamtalk_digest:hash(md5, <<"abc">>, 'md5:'))
    ),
    ?assertEqual(64, byte_size(beamtalk_digest:hmac(sha512, <<"abc">>, <<"k">>, 'hmacSha512:key:'))),
    ?assertError(#{kind := type_error, selector := 'md5:'}, beamtalk_digest:hash(md5, abc, 'md5:')).
