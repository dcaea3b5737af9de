%%% What numbers and characters promise beyond the BIFs.
-module(beamtalk_number_tests).

-include_lib("eunit/include/eunit.hrl").

-define(assertKind(Kind, Expression), ?assertError(#{kind := Kind}, Expression)).

power_is_exact_for_non_negative_integer_exponents_test() ->
    ?assertEqual(1024, power(2, 10)),
    ?assertEqual(12157665459056928801, power(3, 40)),
    ?assertEqual(1, power(0, 0)),
    ?assertEqual(-8, power(-2, 3)),
    ?assertEqual(1 bsl 200, power(2, 200)).

power_is_a_float_otherwise_test() ->
    ?assertEqual(0.5, power(2, -1)),
    ?assertEqual(math:sqrt(2), power(2, 0.5)),
    ?assertError(#{kind := type_error, selector := '**'}, power(2, <<"3">>)),
    ?assertError(#{kind := type_error, selector := '**'}, power(0, -1)).

power(Base, Exponent) ->
    beamtalk_integer:power(Base, Exponent, '**').

multiples_of_integers_are_exact_test() ->
    Large = 123456789012345678901234567895,
    ?assertEqual(Large + 5, beamtalk_integer:round_to(Large, 10)),
    ?assertEqual(-Large - 5, beamtalk_integer:round_to(-Large, -10)),
    ?assertEqual(Large - 5, beamtalk_integer:truncate_to(Large, 10)),
    ?assertError(#{kind := type_error, selector := 'roundTo:'}, beamtalk_integer:round_to(1, 0)),
    ?assertError(#{kind := type_error, selector := 'truncateTo:'}, beamtalk_float:truncate_to(1.5, a)).

divisors_are_never_negative_test() ->
    ?assertEqual(6, beamtalk_integer:gcd(12, -18)),
    ?assertEqual(0, beamtalk_integer:gcd(0, 0)),
    ?assertEqual(36, beamtalk_integer:lcm(-12, 18)),
    ?assertEqual(0, beamtalk_integer:lcm(0, 5)),
    ?assertEqual(0, beamtalk_integer:lcm(5, 0)),
    ?assertKind(type_error, beamtalk_integer:gcd(1, 2.0)),
    ?assertKind(type_error, beamtalk_integer:lcm(0, a)).

counted(Run) ->
    Self = self(),
    nil = Run(fun(I) -> Self ! {i, I} end),
    received().

received() ->
    receive
        {i, I} -> [I | received()]
    after 0 -> []
    end.

loops_run_as_far_as_the_step_leads_test_() ->
    [
        ?_assertEqual([1, 2, 3], counted(fun(B) -> beamtalk_integer:to_do(1, 3, 1, B) end)),
        ?_assertEqual([5, 3, 1], counted(fun(B) -> beamtalk_integer:to_do(5, 1, -2, B) end)),
        ?_assertEqual([], counted(fun(B) -> beamtalk_integer:to_do(5, 1, 1, B) end)),
        ?_assertEqual([], counted(fun(B) -> beamtalk_integer:to_do(1, 5, 0, B) end)),
        ?_assertEqual([1, 2], counted(fun(B) -> beamtalk_integer:to_do(1, 2.5, 1, B) end)),
        ?_assertError(#{kind := type_error, selector := 'to:do:'}, beamtalk_integer:to_do(1, x, fun(_) -> ok end)),
        ?_assertError(#{kind := type_error, selector := 'to:by:do:'}, beamtalk_integer:to_do(1, x, 1, fun(_) -> ok end))
    ].

times_repeat_ignores_negative_counts_test() ->
    ?assertEqual([7, 7], counted(fun(B) -> beamtalk_integer:times_repeat(2, fun() -> B(7) end) end)),
    ?assertEqual([], counted(fun(B) -> beamtalk_integer:times_repeat(-1, fun() -> B(7) end) end)),
    ?assertKind(arity_mismatch, beamtalk_integer:times_repeat(1, fun(_) -> ok end)).

floats_print_with_the_shortest_digits_test_() ->
    [
        ?_assertEqual(Text, beamtalk_float:to_string(Float))
     || {Text, Float} <- [
            {<<"1.5">>, 1.5},
            {<<"100.0">>, 100.0},
            {<<"-0.0">>, -0.0},
            {<<"1.0e10">>, 1.0e10},
            {<<"1.0e-5">>, 1.0e-5},
            {<<"0.30000000000000004">>, 0.1 + 0.2},
            {<<"123456789.123">>, 123456789.123}
        ]
    ].

characters_have_unicode_properties_test_() ->
    [
        ?_assert(beamtalk_character:is_letter($a)),
        ?_assert(beamtalk_character:is_letter(16#E9)),
        ?_assertNot(beamtalk_character:is_letter($1)),
        ?_assert(beamtalk_character:is_digit($7)),
        ?_assert(beamtalk_character:is_digit(16#664)),
        ?_assertNot(beamtalk_character:is_digit(16#B2)),
        ?_assert(beamtalk_character:is_uppercase(16#C9)),
        ?_assertNot(beamtalk_character:is_uppercase(16#E9)),
        ?_assert(beamtalk_character:is_lowercase(16#DF)),
        ?_assert(beamtalk_character:is_whitespace(16#A0)),
        ?_assert(beamtalk_character:is_whitespace($\n)),
        ?_assertNot(beamtalk_character:is_whitespace($_)),
        ?_assertNot(beamtalk_character:is_letter(-1)),
        ?_assertNot(beamtalk_character:is_letter(16#D800)),
        ?_assertNot(beamtalk_character:is_letter(16#110000))
    ].

case_mapping_answers_one_character_test() ->
    ?assertEqual($S, beamtalk_character:uppercase(16#DF)),
    ?assertEqual($a, beamtalk_character:lowercase($A)),
    ?assertEqual(<<"$é"/utf8>>, beamtalk_character:print_string(16#E9)).

only_scalar_values_are_characters_test_() ->
    [
        ?_assertError(#{kind := type_error, selector := 'value:'}, beamtalk_character:value(Value))
     || Value <- [-1, 16#110000, 16#D800, a, 1.0]
    ].
