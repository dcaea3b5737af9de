%%% A real node of its own operating-system process, as the host starts it.
-module(beamtalk_boot_tests).
-include_lib("eunit/include/eunit.hrl").

-import(beamtalk_fake_host, [ask/2, send/2, event/2, eval/4]).

boot_test_() ->
    [
        {Title, {timeout, 60, Test}}
     || {Title, Test} <- [
            {"the node connects, keeps its sessions over a broken connection, and stops", fun lives_and_stops/0},
            {"bad packets drop the connection and nothing else", fun bad_packets/0},
            {"a node that nobody wants ends by itself", fun ends_when_idle/0},
            {"a wrong argument is refused", fun wrong_argument/0},
            {"the node opens no network socket", fun no_listener/0}
        ]
    ].

start_node(Arguments) ->
    Ebin = filename:dirname(code:which(beamtalk_boot)),
    open_port({spawn_executable, os:find_executable("erl")}, [
        {args, ["-noshell", "-noinput", "-pa", Ebin, "-s", "beamtalk_boot", "-extra" | Arguments]},
        exit_status, stderr_to_stdout, binary
    ]).

with_node(Options, Test) ->
    Host0 = beamtalk_fake_host:listen(),
    Port = start_node([beamtalk_fake_host:path(Host0) | Options]),
    {os_pid, Pid} = erlang:port_info(Port, os_pid),
    {Host, _} = beamtalk_fake_host:accept(Host0),
    try
        Test(Host, Port)
    after
        beamtalk_fake_host:close(Host),
        %% Only a test that failed leaves its node running.
        erlang:port_info(Port) =/= undefined andalso os:cmd("kill -9 " ++ integer_to_list(Pid))
    end.

exit_status(Port) ->
    receive
        {Port, {exit_status, Status}} -> Status
    after 20000 -> running
    end.

lives_and_stops() ->
    with_node([], fun(Host, Port) ->
        {ok, ok} = ask(Host, {open_session, <<"s">>}),
        {ok, _} = eval(Host, <<"s">>, 'bt@eval@1', "{1, #{<<\"x\">> => 41}}"),
        beamtalk_fake_host:hang_up(Host),
        {Again, #{protocol := 1}} = beamtalk_fake_host:accept(Host),
        ?assertEqual({ok, [<<"s">>]}, ask(Again, sessions)),
        ?assertMatch({ok, #{value := 42}}, eval(Again, <<"s">>, 'bt@eval@2', "{maps:get(<<\"x\">>, Bindings) + 1, #{}}")),
        ?assertMatch({error, #{kind := <<"class_not_found">>, message := <<"Class 'Zork' not found">>}},
            eval(Again, <<"s">>, 'bt@eval@3', "beamtalk_class:resolve(<<\"Zork\">>)")),
        ?assertEqual({ok, ok}, ask(Again, stop)),
        ?assertEqual(0, exit_status(Port))
    end).

bad_packets() ->
    with_node([], fun(Host, Port) ->
        Packets = [<<>>, <<"junk">>, <<131, 255>>, term_to_binary(no_pair), term_to_binary({0, ping}),
            %% An atom that the node does not know: `safe' refuses it.
            <<131, 104, 2, 97, 1, 119, 12, "never_seen_x">>,
            %% Lies about its length.
            <<131, 109, 255, 255, 255, 255>>],
        Last = lists:foldl(
            fun(Packet, Current) ->
                send(Current, Packet),
                {Next, _} = beamtalk_fake_host:accept(Current),
                Next
            end,
            Host,
            Packets
        ),
        ?assertEqual({ok, pong}, ask(Last, ping)),
        {ok, ok} = ask(Last, stop),
        ?assertEqual(0, exit_status(Port))
    end).

ends_when_idle() ->
    with_node(["idle=1"], fun(Host, Port) ->
        ?assertEqual({ok, pong}, ask(Host, ping)),
        beamtalk_fake_host:close(Host),
        ?assertEqual(0, exit_status(Port))
    end).

wrong_argument() ->
    ?assertEqual(1, exit_status(start_node(["/nowhere.sock", "heap=much"]))),
    ?assertEqual(1, exit_status(start_node([]))).

no_listener() ->
    with_node([], fun(Host, Port) ->
        {ok, ok} = ask(Host, {open_session, <<"s">>}),
        Text = "{[P || P <- erlang:ports(), {ok, [{_, listen}]} <- [{ok, [S || {ok, S} <- [inet:info(P)]]}]] =:= [] "
               "andalso node() =:= nonode@nohost, #{}}",
        ?assertMatch({ok, #{value := true}}, eval(Host, <<"s">>, 'bt@eval@1', Text)),
        {ok, ok} = ask(Host, stop),
        ?assertEqual(0, exit_status(Port))
    end).
