-module(beamtalk_session_tests).
-include_lib("eunit/include/eunit.hrl").

-import(beamtalk_fake_host, [ask/2, send/2, reply/2, event/2, eval/4]).

%% Heap limit of the evaluators here, in bytes.
-define(HEAP, 64 * 1024 * 1024).

session_test_() ->
    {setup, fun start/0, fun stop/1, fun({Host, Hello, _}) ->
        [
            {"the node greets with its versions", fun() -> ?assertMatch(#{protocol := 1, otp := _, os_pid := _}, Hello) end}
            | [
                {Title, {timeout, 60, fun() -> Test(Host, open(Host)) end}}
             || {Title, Test} <- [
                    {"pings are answered", fun pings/2},
                    {"values arrive in their display form", fun displays/2},
                    {"variables last from input to input", fun variables/2},
                    {"an input that raises changes no variable and restores cells", fun all_or_nothing/2},
                    {"_error holds the last error", fun last_error/2},
                    {"clear forgets variables", fun clears/2},
                    {"an input changes variables through its session when it has ended", fun changes_later/2},
                    {"assigned variables are announced, also those that a block assigned", fun announces_variables/2},
                    {"a subscription of an input belongs to the session, not to its evaluator", fun owns_subscriptions/2},
                    {"the host's interest shows while it is connected", fun follows/2},
                    {"output streams while the input runs", fun streams_output/2},
                    {"a program reads lines from the host", fun reads_lines/2},
                    {"io:read, io:get_chars and io:getopts work", fun reads_terms/2},
                    {"interrupt ends the input and keeps what was committed", fun interrupts/2},
                    {"a second input meanwhile is refused as busy", fun busy/2},
                    {"an evaluator that is killed is reported, the session goes on", fun killed/2},
                    {"endless recursion ends at the heap limit, other sessions live", fun heap_limit/2},
                    {"closing a session ends its evaluator but not its actors", fun closes/2},
                    {"an input's module is released after it", fun releases/2},
                    {"a module whose blocks are gone is released too", fun releases_blocks/2},
                    {"a module whose block lives is held until the block is dropped", fun holds/2},
                    {"a class is redefined a thousand times", fun redefines/2},
                    {"code that runs is never purged: code_in_use after a wait", fun code_in_use/2},
                    {"a block outlives one redefinition of its class; after two it says so", fun old_blocks/2},
                    {"unload ends actors and forgets the class", fun unloads/2},
                    {"bad beams and bad requests are answered with errors", fun bad_requests/2},
                    {"actors are listed, inspected and killed", fun lists_actors/2},
                    {"the transcript reaches the host", fun transcript/2},
                    {"a transcript may be killed as often as programs like", fun killed_transcripts/2},
                    {"the node asks the host for code changes", fun calls_host/2}
                ]
            ]
        ]
    end}.

start() ->
    logger:set_primary_config(level, error),
    Host0 = beamtalk_fake_host:listen(),
    ok = application:load(beamtalk),
    [application:set_env(beamtalk, Key, Value) || {Key, Value} <- [
        {socket, beamtalk_fake_host:path(Host0)}, {evaluator_heap, ?HEAP}, {load_wait, 300}
    ]],
    {ok, Started} = application:ensure_all_started(beamtalk),
    {Host, Hello} = beamtalk_fake_host:accept(Host0),
    beamtalk_fixture:load(beamtalk_fixture:library()),
    {Host, Hello, Started}.

stop({Host, _, Started}) ->
    beamtalk_fixture:stop(Started),
    beamtalk_fake_host:close(Host).

open(Host) ->
    Session = integer_to_binary(erlang:unique_integer([positive])),
    {ok, ok} = ask(Host, {open_session, Session}),
    Session.

%% Evaluates in a module of its own.
run(Host, Session, Text) ->
    eval(Host, Session, fresh_module(), Text).

fresh_module() ->
    list_to_atom("bt@eval@" ++ integer_to_list(erlang:unique_integer([positive]))).

value(Host, Session, Text) ->
    {ok, #{value := Value}} = run(Host, Session, Text),
    Value.

start_eval(Host, Session, Text) ->
    Module = fresh_module(),
    Id = erlang:unique_integer([positive]),
    Beam = beamtalk_fixture:eval_module(Module, Text),
    send(Host, {Id, {eval, Session, atom_to_binary(Module), <<"input">>, Beam}}),
    Id.

pings(Host, _) ->
    ?assertEqual({ok, pong}, ask(Host, ping)).

displays(Host, S) ->
    Cases = [
        {"3", 3},
        {"true", true},
        {"nil", {text, <<"nil">>}},
        {"sym", {text, <<"sym">>}},
        {"<<\"abc\">>", {text, <<"abc">>}},
        {"[1, <<\"a\">>, [b]]", {list, [1, {text, <<"a">>}, {list, [{text, <<"b">>}]}]}},
        {"[]", {list, []}},
        {"fun(A, B) -> A + B end", {text, <<"Block/2">>}},
        {"{'$class', 'bt@stdlib@Integer'}", {text, <<"Integer">>}},
        {"#{'$class' => 'bt@stdlib@Error', kind => signal, message => <<\"m\">>}", {text, <<"Error">>}}
    ],
    [?assertEqual({Text, Shown}, {Text, value(Host, S, "{" ++ Text ++ ", #{}}")}) || {Text, Shown} <- Cases].

variables(Host, S) ->
    {ok, #{value := 1, bindings := [{<<"x">>, value}], module := held}} = run(Host, S, "{1, #{<<\"x\">> => 1}}"),
    ?assertEqual(3, value(Host, S, "#{<<\"x\">> := X} = Bindings, {X + 2, #{<<\"y\">> => X + 2}}")),
    {ok, ok} = ask(Host, {open_session, S}),
    ?assertEqual({ok, [{<<"x">>, 1}, {<<"y">>, 3}]}, ask(Host, {bindings, S})).

all_or_nothing(Host, S) ->
    1 = value(Host, S, "{1, #{<<\"x\">> => 1, <<\"n\">> => beamtalk_frame:session_cell(10)}}"),
    {error, #{kind := <<"type_error">>, class := <<"TypeError">>, bindings := Names, module := held}} =
        run(Host, S, "#{<<\"n\">> := N} = Bindings, put(N, 99), F = beamtalk_frame:enter(), "
                     "beamtalk_frame:new_cell(F, 1), {1 + map_size(#{a => Bindings}) / zero(), #{<<\"x\">> => 2}}.\n"
                     "zero() -> 0"),
    ?assertEqual([{<<"_error">>, value}, {<<"n">>, cell}, {<<"x">>, value}], lists:sort(Names)),
    ?assertEqual(11, value(Host, S, "#{<<\"n\">> := N, <<\"x\">> := X} = Bindings, {get(N) + X, #{}}")),
    %% Only the cell, the list that it is on, and what proc_lib or the VM may keep.
    ?assertEqual(2, value(Host, S, "{length(get()), #{}}")).

last_error(Host, S) ->
    {error, #{message := <<"oops">>, hint := nil, trace := Trace}} =
        run(Host, S, "beamtalk_exception:signal({'$class', 'bt@stdlib@Error'}, <<\"oops\">>)"),
    ?assert(is_list(Trace)),
    ?assertEqual({text, <<"oops">>}, value(Host, S, "{maps:get(message, maps:get(<<\"_error\">>, Bindings)), #{}}")).

clears(Host, S) ->
    _ = value(Host, S, "{1, #{<<\"x\">> => 1, <<\"c\">> => beamtalk_frame:session_cell(1)}}"),
    {ok, ok} = ask(Host, {clear, S}),
    ?assertEqual({ok, []}, ask(Host, {bindings, S})),
    ?assertEqual(0, value(Host, S, "{length(get()) + map_size(Bindings), #{}}")).

changes_later(Host, S) ->
    1 = value(Host, S, "{1, #{<<\"x\">> => 1, <<\"c\">> => beamtalk_frame:session_cell(2)}}"),
    Text = "{ok, S} = beamtalk_session:of_leader(group_leader()), {ok, P} = beamtalk_session:find(S), "
           "beamtalk_session:change_later(P, {put, <<\"y\">>, 5}), beamtalk_session:change_later(P, {put, <<\"c\">>, 6}), "
           "beamtalk_session:change_later(P, {remove, <<\"x\">>}), {maps:get(<<\"x\">>, Bindings), #{}}",
    ?assertEqual(1, value(Host, S, Text)),
    ?assertEqual({ok, [{<<"c">>, 6}, {<<"y">>, 5}]}, ask(Host, {bindings, S})),
    ?assertEqual(11, value(Host, S, "#{<<\"c\">> := C, <<\"y\">> := Y} = Bindings, {get(C) + Y, #{}}")).

announces_variables(Host, S) ->
    Me = self(),
    System = #{'$class' => 'bt@stdlib@SystemAnnouncer', id => system},
    Tell = fun(#{name := Name, value := Value, sessionId := Id}) -> Me ! {Name, Value, Id} end,
    Subscription = beamtalk_announcer:subscribe(System, {'$class', 'bt@stdlib@BindingChanged'}, do, Tell),
    1 = value(Host, S, "{1, #{<<\"x\">> => 5, <<\"n\">> => beamtalk_frame:session_cell(10)}}"),
    ?assertEqual({bindings, S}, bindings_of(Host, S)),
    ?assertEqual([{n, 10, S}, {x, 5, S}], lists:sort([told(), told()])),
    1 = value(Host, S, "#{<<\"n\">> := N} = Bindings, put(N, 11), {1, #{}}"),
    ?assertEqual({n, 11, S}, told()),
    1 = value(Host, S, "#{<<\"x\">> := _} = Bindings, {1, #{}}"),
    {error, _} = run(Host, S, "{error(no), #{<<\"x\">> => 2}}"),
    nil = beamtalk_workspace:bind(7, lucky),
    ?assertEqual({lucky, 7, nil}, told()),
    1 = value(Host, S, "{ok, S} = beamtalk_session:current(), beamtalk_session:change_later(S, {put, <<\"y\">>, 3}), {1, #{}}"),
    ?assertEqual({y, 3, S}, told()),
    beamtalk_announcer:cancel(Subscription).

bindings_of(Host, S) ->
    case event(Host, bindings) of
        {bindings, S} = Event -> Event;
        {bindings, _} -> bindings_of(Host, S);
        Other -> Other
    end.

told() ->
    receive {_, _, _} = Told -> Told after 5000 -> nothing end.

owns_subscriptions(Host, S) ->
    Announcer = #{'$class' => 'bt@stdlib@Announcer', id => owns_subscriptions},
    Count = fun() -> beamtalk_announcer:count(Announcer) end,
    Subscribe =
        "beamtalk_announcer:subscribe(#{'$class' => 'bt@stdlib@Announcer', id => owns_subscriptions}, "
        "{'$class', 'bt@stdlib@Object'}, do, fun() -> Bindings end)",
    _ = value(Host, S, "{" ++ Subscribe ++ ", #{}}"),
    {ok, Session} = beamtalk_session:find(S),
    ?assertMatch([#{subscriber := Session}], beamtalk_announcer:subscriptions(Announcer)),
    {error, _} = run(Host, S, "exit(self(), kill), {1, #{}}"),
    ?assertEqual(1, Count()),
    %% A process that an input starts subscribes for itself.
    _ = value(Host, S, "{spawn(fun() -> Bindings, " ++ Subscribe ++ ", receive stop -> ok end end), #{}}"),
    eventually(fun() -> Count() =:= 2 end),
    {ok, ok} = ask(Host, {close_session, S}),
    eventually(fun() -> Count() =:= 1 end),
    [#{subscriber := Own}] = beamtalk_announcer:subscriptions(Announcer),
    Own ! stop,
    eventually(fun() -> Count() =:= 0 end).

eventually(Test) -> eventually(Test, 200).

eventually(Test, 0) -> ?assert(Test());
eventually(Test, Left) ->
    Test() orelse begin timer:sleep(10), eventually(Test, Left - 1) end.

follows(_, _) ->
    Announcer = #{'$class' => 'bt@stdlib@SystemAnnouncer', id => system},
    Connection = whereis(beamtalk_host),
    Nodes = beamtalk_announcer:subscriptions(Announcer),
    ?assertEqual(6, length(Nodes)),
    ?assertEqual([Connection], lists:usort([Pid || #{subscriber := Pid} <- Nodes])),
    ?assertNot(beamtalk_announcer:is_heard()).

streams_output(Host, S) ->
    Id = start_eval(Host, S, "io:format(\"~ts~n\", [[960]]), receive after 300 -> {1, #{}} end"),
    Before = erlang:monotonic_time(millisecond),
    ?assertEqual({output, S, <<"π\n"/utf8>>}, event(Host, output)),
    ?assert(erlang:monotonic_time(millisecond) - Before < 250),
    ?assertMatch({ok, #{value := 1}}, reply(Host, Id)).

reads_lines(Host, S) ->
    Id = start_eval(Host, S, "A = io:get_line(\"name? \"), B = io:get_line(\"\"), C = io:get_line(\"\"), {{A, B, C}, #{}}"),
    ?assertEqual({input, S, <<"name? ">>}, event(Host, input)),
    {ok, ok} = ask(Host, {stdin, S, <<"Ada\nGra">>}),
    ?assertEqual({input, S, <<>>}, event(Host, input)),
    {ok, ok} = ask(Host, {stdin, S, <<"ce\n">>}),
    ?assertEqual({input, S, <<>>}, event(Host, input)),
    {ok, ok} = ask(Host, {stdin, S, eof}),
    {ok, #{value := {text, _}}} = reply(Host, Id).

reads_terms(Host, S) ->
    Id = start_eval(Host, S, "{ok, T} = io:read(\"\"), C = io:get_chars(\"\", 2), "
                             "{encoding, unicode} = lists:keyfind(encoding, 1, io:getopts()), {[T, C], #{}}"),
    _ = event(Host, input),
    {ok, ok} = ask(Host, {stdin, S, <<"[7,\n8].\nxyz\n">>}),
    ?assertEqual({ok, {list, [{list, [7, 8]}, {text, <<"xy">>}]}}, shown(reply(Host, Id))).

shown({Status, #{value := Value}}) -> {Status, Value};
shown(Other) -> Other.

interrupts(Host, S) ->
    5 = value(Host, S, "{5, #{<<\"x\">> => 5, <<\"n\">> => beamtalk_frame:session_cell(6)}}"),
    Id = start_eval(Host, S, "#{<<\"n\">> := N} = Bindings, put(N, 7), spin().\nspin() -> spin()"),
    timer:sleep(50),
    ?assertEqual({ok, ok}, ask(Host, {interrupt, S})),
    ?assertMatch({error, #{kind := <<"interrupted">>, message := <<"Interrupted">>}}, reply(Host, Id)),
    ?assertEqual(11, value(Host, S, "#{<<\"x\">> := X, <<\"n\">> := N} = Bindings, {X + get(N), #{}}")),
    ?assertEqual({ok, ok}, ask(Host, {interrupt, S})).

busy(Host, S) ->
    Id = start_eval(Host, S, "receive after 200 -> {1, #{}} end"),
    ?assertMatch({error, #{kind := <<"busy">>, module := free}}, run(Host, S, "{2, #{}}")),
    ?assertMatch({ok, #{value := 1}}, reply(Host, Id)).

killed(Host, S) ->
    1 = value(Host, S, "{1, #{<<\"x\">> => 1}}"),
    ?assertMatch(
        {error, #{kind := <<"erlang_exit">>, message := <<"Evaluation crashed: killed">>}},
        run(Host, S, "exit(self(), kill), receive after infinity -> ok end")
    ),
    ?assertMatch({error, #{class := <<"ExitError">>, message := <<"gone">>}}, run(Host, S, "exit(gone)")),
    ?assertEqual(1, value(Host, S, "{maps:get(<<\"x\">>, Bindings), #{}}")).

heap_limit(Host, S) ->
    Other = open(Host),
    Id = start_eval(Host, Other, "receive after 1500 -> {alive, #{}} end"),
    ?assertMatch(
        {error, #{kind := <<"resource_error">>, message := <<"the evaluation needed more than its limit of 64 MiB", _/binary>>}},
        run(Host, S, "{grow(1), #{}}.\ngrow(0) -> []; grow(N) -> [N | grow(N + 1)]")
    ),
    ?assertEqual(3, value(Host, S, "{3, #{}}")),
    ?assertEqual({ok, {text, <<"alive">>}}, shown(reply(Host, Id))).

closes(Host, S) ->
    Counter = beamtalk_fixture:class('bt@user@Talker', 'bt@stdlib@Actor', actor,
        "talk(_) -> io:format(\"~s\", [\"still here\"]), ok."),
    beamtalk_fixture:load([Counter]),
    {text, <<"Actor(Talker, ", _/binary>>} =
        value(Host, S, "A = beamtalk_actor:spawn({'$class', 'bt@user@Talker'}), {A, #{<<\"a\">> => A}}"),
    [{Pid, 'bt@user@Talker', _}] = [Row || {_, 'bt@user@Talker', _} = Row <- beamtalk_actors:all()],
    {ok, ok} = ask(Host, {close_session, S}),
    ?assertMatch({error, #{kind := <<"no_session">>}}, run(Host, S, "{1, #{}}")),
    {ok, Names} = ask(Host, sessions),
    ?assertNot(lists:member(S, Names)),
    ?assertEqual(ok, beamtalk_actor:send({'$actor', 'bt@user@Talker', Pid}, talk, [])).

releases(Host, S) ->
    Module = fresh_module(),
    {ok, _} = eval(Host, S, Module, "{1, #{}}"),
    ?assertEqual({released, atom_to_binary(Module)}, released(Host, Module)),
    ?assertEqual(false, erlang:module_loaded(Module)),
    %% The name is used again without waiting for it, which the VM may complain of; what logging loads is no leak.
    {module, re} = code:ensure_loaded(re),
    Purger = whereis(beamtalk_purge),
    Count = erlang:system_info(atom_count),
    [{ok, _} = eval(Host, S, Module, "{1, #{}}") || _ <- lists:seq(1, 200)],
    ?assert(erlang:system_info(atom_count) - Count < 50),
    ?assertEqual(Purger, whereis(beamtalk_purge)).

released(Host, Module) ->
    case event(Host, released) of
        {released, Name} = Event ->
            case Name =:= atom_to_binary(Module) of
                true -> Event;
                false -> released(Host, Module)
            end;
        Other ->
            Other
    end.

holds(Host, S) ->
    Module = fresh_module(),
    Names = [atom_to_binary(Module)],
    {ok, _} = eval(Host, S, Module, "X = self(), F = fun() -> {X, 42} end, {1, #{<<\"f\">> => F}}"),
    timer:sleep(100),
    ?assertEqual({ok, []}, ask(Host, {release, Names})),
    ?assertEqual(42, value(Host, S, "{element(2, (maps:get(<<\"f\">>, Bindings))()), #{}}")),
    Holder = spawn(fun() -> receive {block, Block} -> receive drop -> _ = Block, ok end end end),
    [Holder ! {block, Block} || {<<"f">>, Block} <- element(1, beamtalk_session:bindings(session(S)))],
    {ok, ok} = ask(Host, {clear, S}),
    timer:sleep(50),
    ?assertEqual({ok, []}, ask(Host, {release, Names})),
    exit(Holder, kill),
    erlang:garbage_collect(),
    timer:sleep(20),
    ?assertEqual({ok, Names}, ask(Host, {release, Names})).

session(S) ->
    {ok, Pid} = beamtalk_session:find(S),
    Pid.

releases_blocks(Host, S) ->
    Module = fresh_module(),
    {ok, #{value := {list, [3]}}} = eval(Host, S, Module, "X = 2, {lists:map(fun(E) -> E + X + map_size(Bindings) end, [1]), #{}}"),
    ?assertEqual({released, atom_to_binary(Module)}, released(Host, Module)).

redefines(Host, _) ->
    Module = 'bt@user@Often',
    Versions = [
        element(2, beamtalk_fixture:class(Module, 'bt@stdlib@Actor', actor, "v(_) -> " ++ integer_to_list(N) ++ "."))
     || N <- lists:seq(1, 4)
    ],
    load(Host, Module, hd(Versions)),
    Actor = beamtalk_actor:spawn({'$class', Module}),
    lists:foreach(
        fun(N) ->
            load(Host, Module, lists:nth(N rem 4 + 1, Versions)),
            ?assertEqual(N rem 4 + 1, beamtalk_actor:send(Actor, v, []))
        end,
        lists:seq(1, 1000)
    ).

load(Host, Module, Beam) ->
    Name = atom_to_binary(beamtalk_registry:class_name(Module)),
    {ok, [Name]} = ask(Host, {load, [{atom_to_binary(Module), <<"x.bt">>, Beam}]}).

code_in_use(Host, _) ->
    Module = 'bt@user@Slow',
    {_, Beam} = beamtalk_fixture:class(Module, 'bt@stdlib@Object', object, "'class wait'(_) -> receive go -> ok end."),
    load(Host, Module, Beam),
    Runner = spawn(fun() -> Module:'class wait'({'$class', Module}) end),
    load(Host, Module, Beam),
    ?assertMatch(
        {error, #{kind := <<"code_in_use">>}},
        ask(Host, {load, [{atom_to_binary(Module), <<"x.bt">>, Beam}]})
    ),
    ?assert(is_process_alive(Runner)),
    Runner ! go,
    timer:sleep(20),
    load(Host, Module, Beam).

old_blocks(Host, _) ->
    Module = 'bt@user@Maker',
    Version = fun(N) ->
        Text = io_lib:format("'class make:'(_, X) -> fun() -> {X, ~b} end.", [N]),
        element(2, beamtalk_fixture:class(Module, 'bt@stdlib@Object', object, lists:flatten(Text)))
    end,
    load(Host, Module, Version(1)),
    Block = Module:'class make:'({'$class', Module}, x),
    load(Host, Module, Version(2)),
    timer:sleep(200),
    ?assertEqual({x, 1}, Block()),
    load(Host, Module, Version(3)),
    Caught = beamtalk_exception:on_do(fun() -> Block() end, nil, fun(E) -> maps:get(kind, E) end),
    ?assertEqual(block_gone, Caught).

unloads(Host, _) ->
    Module = 'bt@user@Gone',
    {_, Beam} = beamtalk_fixture:class(Module, 'bt@stdlib@Actor', actor, ""),
    load(Host, Module, Beam),
    Actor = beamtalk_actor:spawn({'$class', Module}),
    ?assertEqual({'$class', Module}, beamtalk_class:resolve(<<"Gone">>)),
    {ok, Modules} = ask(Host, modules),
    ?assertMatch([#{name := <<"Gone">>, actor_count := 1}], [M || #{name := <<"Gone">>} = M <- Modules]),
    {ok, ok} = ask(Host, {unload, [atom_to_binary(Module)]}),
    ?assertError(#{kind := class_not_found, message := <<"Class 'Gone' not found">>}, beamtalk_class:resolve(<<"Gone">>)),
    {_, _, Pid} = Actor,
    timer:sleep(20),
    ?assertNot(is_process_alive(Pid)).

bad_requests(Host, S) ->
    ?assertMatch({error, #{kind := <<"load_failed">>}}, ask(Host, {load, [{<<"bt@user@X">>, <<"x">>, <<"junk">>}]})),
    ?assertMatch({error, #{kind := <<"load_failed">>}}, ask(Host, {eval, S, <<"bt@eval@0">>, <<"x">>, <<"junk">>})),
    ?assertMatch({error, #{kind := <<"bad_request">>}}, ask(Host, {eval, 1, 2})),
    ?assertMatch({error, #{kind := <<"bad_request">>}}, ask(Host, {load, [1]})),
    ?assertMatch({error, #{kind := <<"not_found">>}}, ask(Host, {kill, <<"<0.1.0>">>})),
    ?assertMatch({error, #{kind := <<"not_found">>}}, ask(Host, {inspect, <<"what">>})),
    ?assertEqual(1, value(Host, S, "{1, #{}}")).

lists_actors(Host, _) ->
    beamtalk_fixture:load([beamtalk_fixture:class('bt@user@Dot', 'bt@stdlib@Actor', actor, [{x, 1}], "")]),
    {_, _, Pid} = beamtalk_actor:spawn({'$class', 'bt@user@Dot'}),
    Text = list_to_binary(pid_to_list(Pid)),
    {ok, Actors} = ask(Host, actors),
    ?assertMatch(
        [#{class := <<"Dot">>, module := <<"bt@user@Dot">>, spawned_at := At}] when At > 1600000000,
        [Actor || #{pid := P} = Actor <- Actors, P =:= Text]
    ),
    ?assertEqual({ok, [{<<"x">>, 1}]}, ask(Host, {inspect, string:trim(Text, both, "<>")})),
    ?assertEqual({ok, ok}, ask(Host, {kill, Text})),
    ?assertNot(is_process_alive(Pid)).

killed_transcripts(_, _) ->
    Root = whereis(beamtalk_sup),
    lists:foreach(
        fun(_) ->
            {'$actor', _, Pid} = beamtalk_transcript:current(),
            Watch = monitor(process, Pid),
            exit(Pid, kill),
            receive {'DOWN', Watch, process, Pid, _} -> ok end
        end,
        lists:seq(1, 30)
    ),
    {'$actor', _, Last} = beamtalk_transcript:current(),
    ?assert(is_process_alive(Last)),
    ?assertEqual(Root, whereis(beamtalk_sup)).

transcript(Host, _) ->
    Stream = beamtalk_class:resolve(<<"Transcript">>),
    Stream = beamtalk_actor:send(Stream, 'show:', [<<"hello">>]),
    ?assertEqual({transcript, <<"hello">>}, event(Host, transcript)),
    Stream = beamtalk_actor:send(Stream, subscribe, []),
    Stream = beamtalk_actor:send(Stream, 'show:', [7]),
    ?assertEqual(<<"7">>, receive {transcript, Text} -> Text after 500 -> none end),
    Stream = beamtalk_actor:send(Stream, unsubscribe, []),
    [Stream = beamtalk_actor:send(Stream, 'show:', [N]) || N <- [1, 2]],
    Stream = beamtalk_actor:send(Stream, cr, []),
    ?assertEqual([<<"1">>, <<"2">>, <<"\n">>], beamtalk_actor:send(Stream, recent, [])),
    ?assertEqual([], beamtalk_actor:send(beamtalk_actor:send(Stream, clear, []), recent, [])).

calls_host(Host, S) ->
    beamtalk_fixture:load([beamtalk_fixture:class('bt@user@Patched', 'bt@stdlib@Object', object, "")]),
    Id = start_eval(Host, S, "{beamtalk_class:compile({'$class', 'bt@user@Patched'}, 'a:', <<\"a: x => x\">>), #{}}"),
    {CallId, Request} = beamtalk_fake_host:call(Host),
    ?assertEqual({compile, <<"bt@user@Patched">>, instance, <<"a:">>, <<"a: x => x">>, durable}, Request),
    send(Host, {answer, CallId, ok, nil}),
    ?assertEqual({ok, {text, <<"Patched">>}}, shown(reply(Host, Id))),
    Second = start_eval(Host, S, "{beamtalk_class:try_compile({'$metaclass', 'bt@user@Patched'}, a, <<\"(\">>), #{}}"),
    {Call2, _} = beamtalk_fake_host:call(Host),
    send(Host, {answer, Call2, error, #{kind => <<"compile_failed">>, message => <<"no">>}}),
    ?assertMatch({error, #{kind := <<"compile_failed">>, message := <<"no">>}}, reply(Host, Second)).
