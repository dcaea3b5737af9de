%%% Printed forms: exact texts, nesting, limits, and what the prompt shows.
-module(beamtalk_print_tests).

-include_lib("eunit/include/eunit.hrl").

%% Classes of the test's own: one prints structurally, one its own way, one answers nonsense.
classes() ->
    load("bt@user@Plain", "beamtalk_print:value(S)"),
    load("bt@user@Custom", "<<\"custom\">>"),
    load("bt@user@Odd", "42").

load(Name, Body) ->
    Texts = [
        "-module('" ++ Name ++ "').",
        "-export([printString/1, displayString/1, '$info'/1]).",
        "printString(S) -> _ = S, " ++ Body ++ ".",
        "displayString(S) -> printString(S).",
        "'$info'(_) -> undefined."
    ],
    Forms = [form(Text) || Text <- Texts],
    {ok, Module, Beam} = compile:forms(Forms, []),
    {module, Module} = code:load_binary(Module, Name, Beam),
    Module.

form(Text) ->
    {ok, Tokens, _} = erl_scan:string(Text),
    {ok, Form} = erl_parse:parse_form(Tokens),
    Form.

plain(Fields) -> Fields#{'$class' => 'bt@user@Plain'}.

values_have_exact_texts_test_() ->
    [
        ?_assertEqual(Text, beamtalk_print:print_string(Value))
     || {Text, Value} <- [
            {<<"42">>, 42},
            {<<"1.0e10">>, 1.0e10},
            {<<"\"a \"\"q\"\" b\"">>, <<"a \"q\" b">>},
            {<<"<<01 FF>>">>, <<1, 255>>},
            {<<"#at:put:">>, 'at:put:'},
            {<<"#with space">>, 'with space'},
            {<<"true">>, true},
            {<<"nil">>, nil},
            {<<"#(1, \"a\", #b, 2.0)">>, [1, <<"a">>, b, 2.0]},
            {<<"#()">>, []},
            {<<"#(1 | 2)">>, [1 | 2]},
            {<<"{1, \"a\", #b}">>, {1, <<"a">>, b}},
            {<<"{}">>, {}},
            {<<"#{\"k\" => #(1, 2), #a => 1}">>, #{<<"k">> => [1, 2], a => 1}},
            {<<"#{}">>, #{}},
            {<<"Block">>, fun() -> ok end},
            {<<"#(Block/2)">>, [fun(_, _) -> ok end]},
            {<<"Coin">>, {'$class', 'bt@user@Coin'}},
            {<<"Coin class">>, {'$metaclass', 'bt@user@Coin'}}
        ]
    ].

display_form_is_raw_at_the_top_only_test_() ->
    [
        ?_assertEqual(<<"a">>, beamtalk_print:display_string(<<"a">>)),
        ?_assertEqual(<<"ok">>, beamtalk_print:display_string(ok)),
        ?_assertEqual(<<"#(\"a\")">>, beamtalk_print:display_string([<<"a">>])),
        ?_assertEqual(<<"#(a, {b, #{#c => \"d\"}})">>, beamtalk_print:transcript_text([<<"a">>, {b, #{c => <<"d">>}}]))
    ].

the_prompt_gets_numbers_lists_and_texts_test_() ->
    [
        ?_assertEqual(65, beamtalk_print:to_display(65)),
        ?_assertEqual(true, beamtalk_print:to_display(true)),
        ?_assertEqual({text, <<"nil">>}, beamtalk_print:to_display(nil)),
        ?_assertEqual({text, <<"ok">>}, beamtalk_print:to_display(ok)),
        ?_assertEqual({text, <<>>}, beamtalk_print:to_display(<<>>)),
        ?_assertEqual({text, <<"3.0">>}, beamtalk_print:to_display(3.0)),
        ?_assertEqual({list, [65, 66]}, beamtalk_print:to_display("AB")),
        ?_assertEqual({list, []}, beamtalk_print:to_display([])),
        ?_assertEqual({list, [{text, <<"a">>}, {list, [1]}]}, beamtalk_print:to_display([a, [1]])),
        ?_assertEqual({text, <<"#(1 | 2)">>}, beamtalk_print:to_display([1 | 2])),
        ?_assertEqual({text, <<"{1, \"a\"}">>}, beamtalk_print:to_display({1, <<"a">>})),
        ?_assertEqual({text, <<"Block/1">>}, beamtalk_print:to_display(fun(_) -> ok end))
    ].

objects_print_themselves_wherever_they_are_test_() ->
    {setup, fun classes/0, fun(_) -> [
        ?_assertEqual(<<"Plain(a: 1, b: \"x\")">>, beamtalk_print:value(plain(#{b => <<"x">>, a => 1}))),
        ?_assertEqual(<<"Plain()">>, beamtalk_print:value(plain(#{}))),
        ?_assertEqual(
            <<"Plain(a: custom, b: #(custom))">>,
            beamtalk_print:value(plain(#{
                a => #{'$class' => 'bt@user@Custom'},
                b => [#{'$class' => 'bt@user@Custom'}]
            }))
        ),
        ?_assertEqual(<<"42">>, beamtalk_print:print_string(#{'$class' => 'bt@user@Odd'})),
        ?_assertEqual(<<"Plain(f: Block/0)">>, beamtalk_print:value(plain(#{f => fun() -> ok end})))
    ] end}.

structural_printing_has_limits_test_() ->
    {setup, fun classes/0, fun(_) -> [
        {"depth",
            ?_assertEqual(
                <<"Plain(n: Plain(n: Plain(n: Plain(n: Plain(n: Plain(...))))))">>,
                beamtalk_print:value(nested(10))
            )},
        {"fields",
            ?_assertEqual(
                iolist_to_binary([
                    "Plain(", [["f", integer_to_list(N), ": 1, "] || N <- lists:seq(100, 149)], "...)"
                ]),
                beamtalk_print:value(
                    plain(maps:from_list([{list_to_atom("f" ++ integer_to_list(N)), 1} || N <- lists:seq(100, 160)]))
                )
            )},
        {"bytes", fun() ->
            Text = beamtalk_print:value(plain(#{t => binary:copy(<<"é"/utf8>>, 9000)})),
            ?assert(byte_size(Text) =< 10003),
            ?assert(is_list(unicode:characters_to_list(Text))),
            ?assertEqual(<<"...">>, binary:part(Text, byte_size(Text), -3))
        end},
        {"the depth is forgotten afterwards",
            ?_assertEqual(<<"Plain(n: 1)">>, beamtalk_print:value(plain(#{n => 1})))}
    ] end}.

nested(0) -> 1;
nested(N) -> plain(#{n => nested(N - 1)}).

exceptions_print_their_hint_test() ->
    Exception = beamtalk_error:make(not_found, 'List', 'detect:', <<"look again">>),
    ?assertEqual(<<"'detect:': not found in List\nHint: look again">>, beamtalk_print:exception(Exception)),
    ?assertEqual(<<"'detect:': not found in List">>, beamtalk_print:exception(Exception#{hint := nil})).

actors_print_without_being_asked_test() ->
    {'$class', _} = Class = {'$class', 'bt@user@Tick'},
    ?assertEqual(<<"Tick">>, beamtalk_print:class_label(Class)),
    Pid = list_to_pid("<0.123.0>"),
    ?assertEqual(<<"Actor(Tick, 0.123.0)">>, beamtalk_print:actor({'$actor', 'bt@user@Tick', Pid})),
    ?assertEqual(<<"Actor(Tick, registered, clock)">>, beamtalk_print:actor({'$actor', 'bt@user@Tick', clock})).

blocks_check_their_arguments_test() ->
    ?assertEqual(3, beamtalk_block:value(fun() -> 3 end)),
    ?assertEqual(6, beamtalk_block:value_with_arguments(fun(A, B, C, D) -> A + B + C - D end, [1, 2, 7, 4])),
    ?assertError(
        #{
            kind := arity_mismatch,
            errorClass := 'Block',
            message := <<"Wrong number of arguments: block expects 1 but was called with 0">>
        },
        beamtalk_block:value(fun(_) -> ok end)
    ),
    ?assertError(#{kind := argument_error}, beamtalk_block:value_with_arguments(fun() -> ok end, 5)),
    ?assertEqual(9, beamtalk_block:value_or_none(fun() -> 9 end, 1)),
    ?assertEqual(1, beamtalk_block:value_or_none(fun(X) -> X end, 1)).

results_wrap_erlang_reasons_test() ->
    ?assertEqual(beamtalk_result:ok(1), beamtalk_result:from_tuple({ok, 1})),
    ?assertMatch(
        #{isOk := false, errReason := #{kind := runtime_error, message := <<"enoent">>}},
        beamtalk_result:from_tuple({error, enoent})
    ),
    ?assertError(#{kind := type_error}, beamtalk_result:from_tuple({ok, 1, 2})),
    ?assertMatch(#{isOk := false, errReason := #{kind := type_error}}, beamtalk_result:try_do(fun() -> 1 / zero() end)),
    ?assertThrow({'$return', 1, 2}, beamtalk_result:try_do(fun() -> throw({'$return', 1, 2}) end)),
    ?assertError(#{kind := type_error}, beamtalk_result:try_do(5)),
    ?assertError(
        #{kind := signal, message := <<"unwrap called on Result error: #no">>},
        beamtalk_result:unwrap(beamtalk_result:error(no))
    ).

zero() -> length([]).
