-module(beamtalk_announcer_tests).
-include_lib("eunit/include/eunit.hrl").

-define(ANY, {'$class', 'bt@stdlib@Announcement'}).
-define(MOVED, {'$class', 'bt@user@Moved'}).
-define(JUMPED, {'$class', 'bt@user@Jumped'}).
-define(SERVER, beamtalk_announcer).
-define(TABLE, beamtalk_subscriptions).

%% Each test is a process of its own, with which its subscriptions end.
announcer_test_() ->
    {setup, fun start/0, fun beamtalk_fixture:stop/1, [
        {Title, {timeout, 60, {spawn, Test}}}
     || {Title, Test} <- [
            {"an event is heard by subscribers of its class and the classes above", fun ancestors/0},
            {"what is no announcement is heard by subscribers of its class only", fun other_objects/0},
            {"announcers do not hear each other", fun isolated/0},
            {"a handler runs neither in its subscriber nor in the announcer", fun own_process/0},
            {"a handler that fails in any way hurts nobody", fun failing_handlers/0},
            {"of many announcers at once one reaches a handler that runs once", fun once/0},
            {"a subscription ends with its subscriber, and nothing of it stays", fun subscriber_ends/0},
            {"the last subscription that is ended takes the monitor along", fun monitor_ends/0},
            {"subscriptions outlive the server, which goes on watching subscribers", fun server_restarts/0},
            {"announceAndWait: waits for all handlers at once", fun waits/0},
            {"announceAndWait: ends handlers that take too long, and forgets them", fun gives_up/0},
            {"each handler that ends gives the others the whole time again", fun renews/0},
            {"a handler may announce and wait itself", fun nested/0},
            {"a handler that asks the actor that waits for it is told of the deadlock", fun no_deadlock/0},
            {"unsubscribe: takes what an actor made and what is sent to it", fun unsubscribes/0},
            {"nothing stays of a thousand subscriptions and announcements", fun no_leak/0}
        ]
    ]}.

system_event_test_() ->
    {setup, fun start/0, fun beamtalk_fixture:stop/1, [
        {Title, {timeout, 60, {spawn, Test}}}
     || {Title, Test} <- [
            {"nobody listens until somebody of the workspace subscribes", fun heard/0},
            {"an actor is announced before its initialize runs", fun spawned/0},
            {"an actor that ends in order or crashes is announced, one that is killed is not", fun stopped/0},
            {"of a thousand actors that stop at once each is told", fun stopped_at_once/0},
            {"an initialize that fails is an actor that crashed", fun failed_initialize/0},
            {"classes are announced when they are loaded and removed", fun classes/0},
            {"a watched actor's changes are announced, by the fields that changed", fun watched/0}
        ]
    ]}.

start() ->
    Started = beamtalk_fixture:start(),
    Event = fun(Name, Super) -> beamtalk_fixture:class(Name, Super, value, "") end,
    beamtalk_fixture:load(
        [Event('bt@stdlib@Announcement', 'bt@stdlib@Value')] ++
            [
                Event(list_to_atom("bt@stdlib@" ++ Name), 'bt@stdlib@Announcement')
             || Name <- ["ActorSpawned", "ActorStopped", "ClassLoaded", "ClassRemoved", "ObjectStateChanged"]
            ] ++
            [
                Event('bt@user@Moved', 'bt@stdlib@Announcement'),
                Event('bt@user@Jumped', 'bt@user@Moved'),
                beamtalk_fixture:class('bt@user@Listener', 'bt@stdlib@Actor', actor, [{got, []}, {quiet, 0}],
                    "'note:'({_, _, P} = S, E) -> put(P, (get(P))#{got := [E | maps:get(got, get(P))]}), S.\n"
                    "got({_, _, P}) -> maps:get(got, get(P)).\n"
                    "'listen:'({_, _, P} = S, A) -> put(P, (get(P))#{quiet := 1}), "
                    "beamtalk_announcer:subscribe(A, {'$class', 'bt@user@Moved'}, do, "
                    "fun(E) -> beamtalk_actor:send(S, 'note:', [E]) end).\n"
                    "'shout:'(S, A) -> beamtalk_announcer:announce_and_wait(A, #{'$class' => 'bt@user@Moved'}), S."),
                beamtalk_fixture:class('bt@user@Late', 'bt@stdlib@Actor', actor,
                    "initialize(_) -> receive after 200 -> nil end."),
                beamtalk_fixture:class('bt@user@Broken', 'bt@stdlib@Actor', actor, "initialize(_) -> error(no).")
            ]
    ),
    Started.

announcer() ->
    #{'$class' => 'bt@stdlib@Announcer', id => make_ref()}.

system() ->
    #{'$class' => 'bt@stdlib@SystemAnnouncer', id => system}.

moved() -> #{'$class' => 'bt@user@Moved', id => make_ref()}.

%% Sends each event to this process.
listen(Announcer, Class) ->
    Me = self(),
    beamtalk_announcer:subscribe(Announcer, Class, do, fun(Event) -> Me ! {heard, Class, Event} end).

hear() ->
    receive {heard, Class, Event} -> {Class, Event} after 5000 -> silence end.

silence() ->
    receive {heard, Class, Event} -> {Class, Event} after 50 -> silence end.

listener() ->
    beamtalk_actor:spawn({'$class', 'bt@user@Listener'}).

send(Actor, Selector, Args) -> beamtalk_actor:send(Actor, Selector, Args).

eventually(Test) -> eventually(Test, 200).

eventually(Test, 0) -> ?assert(Test());
eventually(Test, Left) ->
    Test() orelse begin timer:sleep(10), eventually(Test, Left - 1) end.

monitors() ->
    {monitors, Monitors} = process_info(whereis(?SERVER), monitors),
    length(Monitors).

%% ---- announcers ----------------------------------------------------------------------------------------------

ancestors() ->
    A = announcer(),
    [listen(A, Class) || Class <- [?ANY, ?MOVED, ?JUMPED]],
    nil = beamtalk_announcer:announce(A, #{'$class' => 'bt@user@Jumped'}),
    ?assertEqual([?ANY, ?JUMPED, ?MOVED], lists:sort([element(1, hear()) || _ <- [1, 2, 3]])),
    nil = beamtalk_announcer:announce(A, moved()),
    ?assertEqual([?ANY, ?MOVED], lists:sort([element(1, hear()) || _ <- [1, 2]])),
    ?assertEqual(silence, silence()).

other_objects() ->
    A = announcer(),
    [listen(A, {'$class', Class}) || Class <- ['bt@stdlib@Integer', 'bt@stdlib@Value', 'bt@stdlib@Object']],
    nil = beamtalk_announcer:announce(A, 3),
    ?assertEqual({{'$class', 'bt@stdlib@Integer'}, 3}, hear()),
    [nil = beamtalk_announcer:announce(A, Odd) || Odd <- [?MOVED, nil, self(), {1, 2}, #{}, fun() -> 1 end]],
    ?assertEqual(silence, silence()).

isolated() ->
    {A, B} = {announcer(), announcer()},
    listen(A, ?MOVED),
    beamtalk_announcer:announce(B, moved()),
    ?assertEqual(silence, silence()).

own_process() ->
    A = announcer(),
    Me = self(),
    beamtalk_announcer:subscribe(A, ?MOVED, do, fun() -> Me ! {heard, self(), group_leader()} end),
    beamtalk_announcer:announce_and_wait(A, moved()),
    {Handler, Leader} = hear(),
    ?assertNotEqual(Me, Handler),
    ?assertEqual(group_leader(), Leader),
    ?assertNot(is_process_alive(Handler)).

failing_handlers() ->
    A = announcer(),
    Bad = [fun(_) -> error(bad) end, fun(_) -> throw(ball) end, fun(_) -> exit(gone) end, fun(_) -> exit(self(), kill) end],
    [beamtalk_announcer:subscribe(A, ?MOVED, do, Block) || Block <- Bad],
    beamtalk_announcer:subscribe_send(A, ?MOVED, 'unknown:', 3),
    beamtalk_announcer:subscribe_send(A, ?MOVED, 'note:', {'$actor', 'bt@user@Listener', dead()}),
    listen(A, ?MOVED),
    nil = beamtalk_announcer:announce_and_wait(A, moved()),
    ?assertMatch({?MOVED, _}, hear()),
    nil = beamtalk_announcer:announce(A, moved()),
    ?assertMatch({?MOVED, _}, hear()).

dead() ->
    {Pid, Watch} = spawn_monitor(fun() -> ok end),
    receive {'DOWN', Watch, process, Pid, _} -> Pid end.

once() ->
    A = announcer(),
    Me = self(),
    [
        begin
            S = beamtalk_announcer:subscribe(A, ?MOVED, doOnce, fun(_) -> Me ! {heard, once, Round} end),
            ?assert(beamtalk_announcer:is_active(S)),
            Announcers = [spawn_monitor(fun() -> beamtalk_announcer:announce(A, moved()) end) || _ <- lists:seq(1, 20)],
            [receive {'DOWN', Watch, process, _, normal} -> ok end || {_, Watch} <- Announcers],
            ?assertNot(beamtalk_announcer:is_active(S)),
            ?assertEqual({once, Round}, hear())
        end
     || Round <- lists:seq(1, 50)
    ],
    ?assertEqual(silence, silence()),
    ?assertEqual(0, beamtalk_announcer:count(A)).

subscriber_ends() ->
    A = announcer(),
    Before = monitors(),
    L = listener(),
    S = send(L, 'listen:', [A]),
    _ = send(L, 'listen:', [A]),
    ?assertEqual(2, beamtalk_announcer:count(A)),
    ?assertEqual(Before + 1, monitors()),
    beamtalk_actor:kill(L),
    ?assertNot(beamtalk_announcer:is_active(S)),
    ?assertEqual(0, beamtalk_announcer:count(A)),
    ?assertEqual([], beamtalk_announcer:subscriptions(A)),
    nil = beamtalk_announcer:announce_and_wait(A, moved()),
    eventually(fun() -> monitors() =:= Before andalso ets:info(?TABLE, size) =:= 0 end),
    nil = beamtalk_announcer:cancel(S).

monitor_ends() ->
    A = announcer(),
    Before = monitors(),
    [First, Second] = [listen(A, Class) || Class <- [?MOVED, ?ANY]],
    ?assertEqual(Before + 1, monitors()),
    nil = beamtalk_announcer:cancel(First),
    nil = beamtalk_announcer:cancel(First),
    _ = sys:get_state(?SERVER),
    ?assertEqual(Before + 1, monitors()),
    nil = beamtalk_announcer:unsubscribe(A, Second),
    _ = sys:get_state(?SERVER),
    ?assertEqual(Before, monitors()),
    ?assertEqual(0, map_size(sys:get_state(?SERVER))).

server_restarts() ->
    A = announcer(),
    L = listener(),
    S = send(L, 'listen:', [A]),
    listen(system(), ?ANY),
    Server = whereis(?SERVER),
    exit(Server, kill),
    eventually(fun() -> is_pid(whereis(?SERVER)) andalso whereis(?SERVER) =/= Server end),
    ?assert(beamtalk_announcer:is_active(S)),
    ?assert(beamtalk_announcer:is_heard()),
    nil = beamtalk_announcer:announce_and_wait(A, moved()),
    ?assertMatch([_], send(L, got, [])),
    nil = beamtalk_announcer:unsubscribe(system(), self()),
    eventually(fun() -> not beamtalk_announcer:is_heard() end),
    beamtalk_actor:kill(L),
    eventually(fun() -> ets:info(?TABLE, size) =:= 0 end).

waits() ->
    A = announcer(),
    Me = self(),
    [
        beamtalk_announcer:subscribe(A, ?MOVED, do, fun(_) -> timer:sleep(200), Me ! {heard, slow, Number} end)
     || Number <- lists:seq(1, 10)
    ],
    {Micros, nil} = timer:tc(fun() -> beamtalk_announcer:announce_and_wait(A, moved()) end),
    ?assertEqual(lists:seq(1, 10), lists:sort([element(2, hear()) || _ <- lists:seq(1, 10)])),
    ?assert(Micros >= 200000),
    ?assert(Micros < 2000000),
    ?assertEqual(nil, beamtalk_announcer:announce_and_wait(announcer(), moved(), 0)).

gives_up() ->
    A = announcer(),
    Me = self(),
    beamtalk_announcer:subscribe(A, ?MOVED, do, fun(_) -> Me ! {heard, stuck, self()}, timer:sleep(infinity) end),
    nil = beamtalk_announcer:announce_and_wait(A, moved(), 50),
    {stuck, Handler} = hear(),
    eventually(fun() -> not is_process_alive(Handler) end),
    ?assertEqual({messages, []}, process_info(self(), messages)),
    ?assertEqual(1, beamtalk_announcer:count(A)),
    [
        ?assertError(#{kind := type_error, selector := 'announceAndWait:timeout:'}, beamtalk_announcer:announce_and_wait(A, moved(), Bad))
     || Bad <- [-1, soon, 1.5, nil, 1 bsl 40]
    ].

renews() ->
    A = announcer(),
    Me = self(),
    [
        beamtalk_announcer:subscribe(A, ?MOVED, do, fun(_) -> timer:sleep(Ms), Me ! {heard, slow, Ms} end)
     || Ms <- [300, 600, 900]
    ],
    nil = beamtalk_announcer:announce_and_wait(A, moved(), 700),
    ?assertEqual([300, 600, 900], [element(2, hear()) || _ <- [1, 2, 3]]).

nested() ->
    {A, B} = {announcer(), announcer()},
    listen(B, ?JUMPED),
    beamtalk_announcer:subscribe(A, ?MOVED, do, fun(_) ->
        beamtalk_announcer:announce_and_wait(B, #{'$class' => 'bt@user@Jumped'}),
        beamtalk_announcer:announce_and_wait(A, #{'$class' => 'bt@stdlib@Announcement'})
    end),
    listen(A, ?ANY),
    nil = beamtalk_announcer:announce_and_wait(A, moved()),
    ?assertEqual([?ANY, ?ANY, ?JUMPED], lists:sort([element(1, hear()) || _ <- [1, 2, 3]])).

no_deadlock() ->
    A = announcer(),
    L = listener(),
    _ = send(L, 'listen:', [A]),
    {Micros, L} = timer:tc(fun() -> send(L, 'shout:', [A]) end),
    ?assert(Micros < 2000000),
    ?assertEqual([], send(L, got, [])),
    %% With nobody waiting the same handler reaches the actor.
    nil = beamtalk_announcer:announce(A, moved()),
    eventually(fun() -> length(send(L, got, [])) =:= 1 end),
    beamtalk_actor:kill(L).

unsubscribes() ->
    A = announcer(),
    [L, M] = [listener(), listener()],
    {_, _, Pid} = L,
    Names = fun() -> [maps:get(handlerKind, Node) || Node <- beamtalk_announcer:subscriptions(A)] end,
    Fill = fun() ->
        _ = send(L, 'listen:', [A]),
        beamtalk_announcer:subscribe_send(A, ?MOVED, 'note:', L),
        beamtalk_announcer:subscribe(A, ?MOVED, doOnce, fun(_) -> nil end)
    end,
    Fill(),
    nil = beamtalk_announcer:unsubscribe(A, M),
    nil = beamtalk_announcer:unsubscribe(announcer(), L),
    ?assertEqual([do, send, doOnce], Names()),
    nil = beamtalk_announcer:unsubscribe(A, L),
    ?assertEqual([doOnce], Names()),
    nil = beamtalk_announcer:unsubscribe(A, self()),
    ?assertEqual([], Names()),
    _ = Fill(),
    nil = beamtalk_announcer:unsubscribe(A, Pid),
    ?assertEqual([doOnce], Names()),
    true = register(announcer_tests_listener, Pid),
    Named = {'$actor', 'bt@user@Listener', announcer_tests_listener},
    beamtalk_announcer:subscribe_send(A, ?MOVED, 'note:', Named),
    beamtalk_announcer:subscribe_send(A, ?MOVED, 'note:', 3),
    nil = beamtalk_announcer:unsubscribe(A, L),
    nil = beamtalk_announcer:unsubscribe(A, 4),
    ?assertEqual([doOnce, send], Names()),
    nil = beamtalk_announcer:unsubscribe(A, 3),
    ?assertEqual([doOnce], Names()),
    nil = beamtalk_announcer:unsubscribe(A, {'$actor', 'bt@user@Listener', announcer_tests_nobody}),
    [beamtalk_actor:kill(Actor) || Actor <- [L, M]].

no_leak() ->
    A = announcer(),
    Monitors = monitors(),
    Round = fun() ->
        Subscribers = [
            spawn(fun() ->
                S = beamtalk_announcer:subscribe(A, ?MOVED, do, fun(_) -> nil end),
                beamtalk_announcer:subscribe(A, ?MOVED, doOnce, fun(_) -> nil end),
                N rem 2 =:= 0 andalso beamtalk_announcer:cancel(S),
                receive stop -> ok end
            end)
         || N <- lists:seq(1, 500)
        ],
        eventually(fun() -> beamtalk_announcer:count(A) =:= 750 end),
        nil = beamtalk_announcer:announce_and_wait(A, moved()),
        nil = beamtalk_announcer:announce(A, moved()),
        [Pid ! stop || Pid <- Subscribers]
    end,
    Round(),
    eventually(fun() -> ets:info(?TABLE, size) =:= 0 end),
    Processes = erlang:system_info(process_count),
    Round(),
    eventually(fun() -> ets:info(?TABLE, size) =:= 0 end),
    eventually(fun() -> erlang:system_info(process_count) =< Processes end),
    ?assertEqual(Monitors, monitors()),
    ?assertEqual(#{}, sys:get_state(?SERVER)),
    ?assertEqual({messages, []}, process_info(self(), messages)).

%% ---- what the workspace announces --------------------------------------------------------------------------------

during(Class, Do) ->
    S = listen(system(), Class),
    Result = Do(),
    beamtalk_announcer:cancel(S),
    _ = sys:get_state(?SERVER),
    Result.

heard() ->
    ?assertNot(beamtalk_announcer:is_heard()),
    beamtalk_announcer:follow(),
    ?assertNot(beamtalk_announcer:is_heard()),
    ?assertEqual([do], lists:usort([Kind || #{handlerKind := Kind} <- beamtalk_announcer:subscriptions(system())])),
    ?assertEqual(6, beamtalk_announcer:count(system())),
    nil = beamtalk_announcer:unsubscribe(system(), self()),
    ?assertEqual(6, beamtalk_announcer:count(system())),
    %% The host's interest hears nothing by this way.
    nil = beamtalk_announcer:announce(system(), #{'$class' => 'bt@stdlib@ClassLoaded', className => 'Foo'}),
    beamtalk_announcer:unfollow(),
    ?assertEqual(0, beamtalk_announcer:count(system())),
    during(?ANY, fun() -> ?assert(beamtalk_announcer:is_heard()) end),
    ?assertNot(beamtalk_announcer:is_heard()),
    Me = self(),
    {Pid, Watch} = spawn_monitor(fun() -> listen(system(), ?ANY), Me ! listening end),
    receive listening -> ok end,
    receive {'DOWN', Watch, process, Pid, normal} -> ok end,
    eventually(fun() -> not beamtalk_announcer:is_heard() end),
    ?assertError(#{kind := unsupported_operation}, beamtalk_announcer:refuse_wait(system(), 'announceAndWait:')).

spawned() ->
    during({'$class', 'bt@stdlib@ActorSpawned'}, fun() ->
        Me = self(),
        spawn_link(fun() -> Me ! {spawned, beamtalk_actor:spawn({'$class', 'bt@user@Late'})} end),
        {_, #{actorClass := 'Late', pid := Pid}} = hear(),
        receive {spawned, _} -> error(too_late) after 0 -> ok end,
        {_, _, Pid} = receive {spawned, Actor} -> Actor end,
        {ok, Child} = beamtalk_actor:start_link('bt@user@Listener', #{}),
        ?assertMatch({_, #{actorClass := 'Listener', pid := Child}}, hear()),
        unlink(Child),
        exit(Child, kill)
    end).

stopped() ->
    Ends = [
        {fun({_, _, Pid} = L) -> beamtalk_actor:stop(L), Pid end, normal},
        {fun({_, _, Pid}) -> exit(Pid, shutdown), Pid end, shutdown},
        {fun({_, _, Pid}) -> exit(Pid, {shutdown, because}), Pid end, shutdown},
        {fun({_, _, Pid}) -> exit(Pid, oops), Pid end, crashed}
    ],
    during({'$class', 'bt@stdlib@ActorStopped'}, fun() ->
        [
            begin
                Pid = End(listener()),
                ?assertMatch({_, #{actorClass := 'Listener', pid := Pid, reason := Reason}}, hear()),
                ?assertNot(is_process_alive(Pid))
            end
         || {End, Reason} <- Ends
        ],
        beamtalk_actor:kill(listener()),
        ?assertEqual(silence, silence())
    end).

stopped_at_once() ->
    during({'$class', 'bt@stdlib@ActorStopped'}, fun() ->
        [beamtalk_actor:stop(listener()) || _ <- lists:seq(1, 1000)],
        Reasons = [Reason || _ <- lists:seq(1, 1000), {_, #{reason := Reason}} <- [hear()]],
        ?assertEqual(lists:duplicate(1000, normal), Reasons)
    end),
    eventually(fun() -> element(2, sys:get_state(beamtalk_actors)) =:= #{} end).

failed_initialize() ->
    during(?ANY, fun() ->
        ?assertError(#{kind := instantiation_error}, beamtalk_actor:spawn({'$class', 'bt@user@Broken'})),
        Events = lists:sort([{Class, Event} || _ <- [1, 2], {_, #{'$class' := Class} = Event} <- [hear()]]),
        ?assertMatch(
            [
                {'bt@stdlib@ActorSpawned', #{actorClass := 'Broken', pid := Pid}},
                {'bt@stdlib@ActorStopped', #{actorClass := 'Broken', pid := Pid, reason := crashed}}
            ],
            Events
        ),
        ?assertEqual(silence, silence())
    end).

classes() ->
    Class = beamtalk_fixture:class('bt@user@Passing', 'bt@stdlib@Object', object, ""),
    during({'$class', 'bt@stdlib@ClassLoaded'}, fun() ->
        [
            begin
                beamtalk_fixture:load([Class]),
                ?assertMatch({_, #{className := 'Passing'}}, hear())
            end
         || _ <- [1, 2]
        ]
    end),
    during({'$class', 'bt@stdlib@ClassRemoved'}, fun() ->
        ok = beamtalk_loader:unload(['bt@user@Passing']),
        ?assertMatch({_, #{className := 'Passing'}}, hear()),
        ok = beamtalk_loader:unload(['bt@user@NeverThere']),
        ?assertEqual(silence, silence())
    end).

watched() ->
    L = listener(),
    {_, _, Pid} = L,
    during({'$class', 'bt@stdlib@ObjectStateChanged'}, fun() ->
        _ = send(L, 'note:', [1]),
        ?assertEqual(silence, silence()),
        [nil = beamtalk_watch:start(L) || _ <- [1, 2]],
        _ = send(L, 'note:', [2]),
        ?assertMatch({_, #{pid := Pid, actorClass := 'Listener', changedSlots := [got]}}, hear()),
        _ = send(L, got, []),
        beamtalk_actor:cast(L, 'listen:', [announcer()]),
        ?assertMatch({_, #{changedSlots := [quiet]}}, hear()),
        nil = beamtalk_watch:stop(L),
        nil = beamtalk_watch:stop(L),
        _ = send(L, 'note:', [3]),
        ?assertEqual(silence, silence())
    end),
    beamtalk_actor:kill(L),
    ?assertError(#{kind := actor_dead}, beamtalk_watch:start(L)),
    ?assertError(#{kind := type_error}, beamtalk_watch:start(3)).
