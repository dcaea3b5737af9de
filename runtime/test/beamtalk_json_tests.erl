%%% JSON: what is read, what is refused, what is written.
-module(beamtalk_json_tests).

-include_lib("eunit/include/eunit.hrl").

valid_texts_have_values_test_() ->
    [
        ?_assertMatch(#{isOk := true, okValue := Value}, beamtalk_json:parse(Text))
     || {Text, Value} <- [
            {<<" null ">>, nil},
            {<<"-0">>, 0},
            {<<"123456789012345678901234567890">>, 123456789012345678901234567890},
            {<<"1.5">>, 1.5},
            {<<"1e3">>, 1.0e3},
            {<<"-2E-1">>, -0.2},
            {<<"[]">>, []},
            {<<"[1, [true, false]]">>, [1, [true, false]]},
            {<<"{}">>, #{}},
            {<<"{\"a\" : {\"b\":[]}}">>, #{<<"a">> => #{<<"b">> => []}}},
            {<<"{\"a\":1,\"a\":2}">>, #{<<"a">> => 2}},
            {<<"\"\\u00e9\\n\\\"\\/\"">>, <<"é\n\"/"/utf8>>},
            {<<"\"\\ud83d\\ude00\"">>, <<"😀"/utf8>>}
        ]
    ].

invalid_texts_are_refused_test_() ->
    Texts = [
        <<>>, <<"[1,]">>, <<"{\"a\":1,}">>, <<"01">>, <<"1.">>, <<".5">>, <<"+1">>, <<"1 2">>, <<"nul">>, <<"'a'">>,
        <<"{a:1}">>, <<"\"a">>, <<"\"\\x\"">>, <<"\"\\ud83d\"">>, <<"\"\\ude00\"">>, <<"\"\n\"">>, <<"[">>, <<"{\"a\"}">>,
        <<"\"", 255, "\"">>, <<"1e400">>, <<"\"\\u12\"">>
    ],
    [
        ?_assertMatch(
            #{isOk := false, errReason := #{kind := parse_error, hint := <<"Check that the string is valid JSON">>}},
            beamtalk_json:parse(Text)
        )
     || Text <- Texts
    ].

deep_texts_do_not_hurt_test() ->
    Depth = 100000,
    Text = <<(binary:copy(<<"[">>, Depth))/binary, (binary:copy(<<"]">>, Depth))/binary>>,
    ?assertMatch(#{isOk := true}, beamtalk_json:parse(Text)),
    ?assertMatch(#{isOk := false}, beamtalk_json:parse(binary:copy(<<"[">>, Depth))).

what_is_written_reads_back_test_() ->
    [
        ?_assertEqual(Value, maps:get(okValue, beamtalk_json:parse(beamtalk_json:generate(Value))))
     || Value <- [nil, true, 1, -1.5, <<"a\"\\\n\t", 1, "é"/utf8>>, [1, [], #{}], #{<<"k">> => [nil]}]
    ].

texts_are_compact_test_() ->
    [
        ?_assertEqual(Text, beamtalk_json:generate(Value))
     || {Text, Value} <- [
            {<<"null">>, nil},
            {<<"\"ok\"">>, ok},
            {<<"[1,2.0]">>, [1, 2.0]},
            {<<"{\"1\":2}">>, #{1 => 2}},
            {<<"\"\\u0001\"">>, <<1>>},
            {<<"[1]">>, beamtalk_array:from_list([1])},
            {<<"[1,2]">>, beamtalk_set:from_list([2, 1], 'withAll:')}
        ]
    ].

pretty_texts_are_indented_test() ->
    ?assertEqual(<<"{\n  \"a\": [\n    1,\n    {\n    }\n  ]\n}">>, beamtalk_json:pretty_print(#{a => [1, #{}]})).

what_has_no_form_is_refused_test_() ->
    [
        ?_assertError(#{kind := type_error, selector := 'generate:'}, beamtalk_json:generate(Value))
     || Value <- [{1, 2}, self(), fun() -> ok end, <<255>>, #{1.5 => 2}]
    ].

only_strings_are_parsed_test() ->
    ?assertError(#{kind := type_error}, beamtalk_json:parse(5)).
