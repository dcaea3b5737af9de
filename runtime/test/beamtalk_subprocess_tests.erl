%%% Lines out of pieces, and what may be started. The processes themselves are tested from the library.
-module(beamtalk_subprocess_tests).

-include_lib("eunit/include/eunit.hrl").

lines_test_() ->
    [
        {"pieces need not end where lines do", fun() ->
            ?assertEqual([<<"ab">>, <<>>, <<"c">>], all([<<"a">>, <<"b\n">>, <<"\nc">>]))
        end},
        {"a line that has begun is no line before the end", fun() ->
            Lines = beamtalk_lines:add(<<"a\nb">>, beamtalk_lines:new()),
            {ok, <<"a">>, Rest} = beamtalk_lines:take(Lines),
            ?assertEqual(none, beamtalk_lines:take(Rest)),
            ?assertMatch({ok, <<"b">>, _}, beamtalk_lines:take_rest(Rest))
        end},
        {"nothing is no line", fun() -> ?assertEqual([], all([<<>>])) end},
        {"an end is not a beginning", fun() -> ?assertEqual([<<"a">>], all([<<"a\n">>])) end},
        {"what is taken is held no more", fun() ->
            Lines = beamtalk_lines:add(<<"ab\ncd\ne">>, beamtalk_lines:new()),
            ?assertEqual(7, beamtalk_lines:size(Lines)),
            {ok, <<"ab">>, Rest} = beamtalk_lines:take(Lines),
            ?assertEqual(4, beamtalk_lines:size(Rest))
        end},
        {"a line keeps nothing of its piece", fun() ->
            Long = binary:copy(<<"x">>, 100000),
            {ok, Line, _} = beamtalk_lines:take(beamtalk_lines:add(<<"y\n", Long/binary>>, beamtalk_lines:new())),
            ?assert(binary:referenced_byte_size(Line) < 100)
        end}
    ].

all(Pieces) ->
    rest(lists:foldl(fun beamtalk_lines:add/2, beamtalk_lines:new(), Pieces)).

rest(Lines) ->
    case beamtalk_lines:take_rest(Lines) of
        {ok, Line, Rest} -> [Line | rest(Rest)];
        none -> []
    end.

order_test_() ->
    Order = fun(Given) -> beamtalk_launcher:order(Given#{executable => <<"ls">>}) end,
    [
        ?_assertEqual({ok, #{executable => <<"ls">>, args => [], env => [], dir => nil}}, Order(#{})),
        ?_assertMatch({ok, #{env := [{<<"A">>, <<"b">>}]}}, Order(#{env => #{'A' => b}})),
        ?_assertMatch({error, type_error, _}, Order(#{args => [<<"a">> | <<"b">>]})),
        ?_assertMatch({error, type_error, _}, Order(#{args => [<<0>>]})),
        ?_assertMatch({error, type_error, _}, Order(#{env => #{<<>> => <<"x">>}})),
        ?_assertMatch({error, type_error, _}, Order(#{env => #{<<"A">> => nil}})),
        ?_assertMatch({error, instantiation_error, _}, beamtalk_launcher:order(#{}))
    ].

no_launcher_test_() ->
    beamtalk_fixture:with_runtime([
        {"a launcher that is gone is told of", fun() ->
            ok = application:set_env(beamtalk, launcher, "/no/such/launcher"),
            {ok, Order} = beamtalk_launcher:order(#{executable => <<"ls">>}),
            {error, Text} = beamtalk_launcher:start(Order),
            ?assertEqual(<<"cannot start a process: /no/such/launcher: no such file or directory">>, Text)
        end}
    ]).
