-module(beamtalk_actor_tests).
-include_lib("eunit/include/eunit.hrl").

-define(COUNTER, 'bt@user@Counter').

counter() ->
    beamtalk_fixture:class(?COUNTER, 'bt@stdlib@Actor', actor, [{n, 0}],
        "add({_, _, P} = S) -> put(P, (get(P))#{n := maps:get(n, get(P)) + 1}), 'n'(S).\n"
        "n({_, _, P}) -> maps:get(n, get(P)).\n"
        "'set:'({_, _, P}, V) -> put(P, (get(P))#{n := V}), V.\n"
        "'keep:'({_, _, P}, V) -> put(P, (get(P))#{n := V}), nil.\n"
        "runKept({_, _, P}) -> (maps:get(n, get(P)))().\n"
        "'run:'(_, B) -> B().\n"
        "'setThenFail:'({_, _, P}, V) -> put(P, (get(P))#{n := V}), 'class boom'(nil).\n"
        "'class boom'(_) -> beamtalk_exception:signal({'$class', 'bt@stdlib@Error'}, <<\"no\">>).\n"
        "'div:'(_, D) -> 1 / D.\n"
        "exits(_) -> exit(away).\n"
        "throws(_) -> throw(ball).\n"
        "'sleep:'(_, Ms) -> timer:sleep(Ms), Ms.\n"
        "me(S) -> S.\n"
        "viaSelf(S) -> beamtalk_actor:send(S, add, []).\n"
        "'ask:'(S, Other) -> beamtalk_actor:send(Other, 'askBack:', [S]).\n"
        "'askBack:'(_, Other) -> beamtalk_actor:send(Other, 'n', []).\n"
        "spawnOne(_) -> beamtalk_actor:spawn({'$class', 'bt@user@Counter'}).\n"
        "dictionary(_) -> get().").

send(Actor, Selector) -> beamtalk_actor:send(Actor, Selector, []).
send(Actor, Selector, Args) -> beamtalk_actor:send(Actor, Selector, Args).

fresh() ->
    beamtalk_actor:spawn({'$class', ?COUNTER}).

raised(Fun) ->
    try Fun() of
        Value -> {value, Value}
    catch
        error:#{'$class' := Class, kind := Kind, message := Message} -> {Class, Kind, Message}
    end.

actor_test_() ->
    beamtalk_fixture:with_runtime([
        {"a send answers the method's value and commits its fields", fun commits/0},
        {"an error drops the fields that the message changed", fun rolls_back/0},
        {"raw errors name the actor's class and method", fun names_the_method/0},
        {"exits and throws come to the caller as exceptions", fun foreign_exits/0},
        {"a dead actor raises actor_dead", fun dead/0},
        {"dying during the call raises actor_dead", fun dies_during_call/0},
        {"a call that takes too long raises timeout and keeps the state", fun times_out/0},
        {"a send to itself runs in place", fun self_send/0},
        {"a cycle of calls is detected", fun deadlock/0},
        {"casts keep the order, answer nil and never raise", fun casts/0},
        {"an unknown selector raises does_not_understand", fun unknown/0},
        {"nothing stays in the process dictionary", fun clean_dictionary/0},
        {"an actor spawned here is not linked, one spawned by an actor is", fun links/0},
        {"initializers run from the root down", fun initialize_chain/0},
        {"a required field that stays nil fails the spawn", fun required_field/0},
        {"a failing initialize raises instantiation_error and leaves nothing", fun failing_initialize/0},
        {"fields given to spawnWith: override defaults", fun spawn_with/0},
        {"terminate: runs on stop, not on kill", fun terminate_hook/0},
        {"links still end an actor that traps exits for terminate:", fun trapped_exit/0},
        {"a Server sees raw messages, other actors do not", fun raw_messages/0},
        {"a proxy with a timeout forwards, times out and survives", fun timeout_proxy/0},
        {"onExit: fires once with the reason", fun on_exit/0},
        {"the register of actors forgets the dead", fun register_is_clean/0},
        {"blocks carry copies of their cells along", fun carries_cells/0},
        {"a block that the actor stores keeps its cells", fun keeps_stored_cells/0},
        {"sys:get_state and sys:replace_state work", fun replaced_state/0},
        {"^ from a block in another process fails there and the actor lives", fun no_return_across/0},
        {"a field cannot be assigned from another process", fun foreign_write/0},
        {"names: spawn, find, re-register, refuse", fun names/0},
        {"live actors migrate when their fields change", fun migration/0}
    ]).

commits() ->
    beamtalk_fixture:load([counter()]),
    A = fresh(),
    ?assertEqual(1, send(A, add)),
    ?assertEqual(2, send(A, add)),
    ?assertEqual(A, send(A, me)),
    ?assertEqual(2, send(A, n)).

rolls_back() ->
    A = fresh(),
    5 = send(A, 'set:', [5]),
    ?assertEqual({'bt@stdlib@Error', signal, <<"no">>}, raised(fun() -> send(A, 'setThenFail:', [100]) end)),
    ?assertEqual(5, send(A, n)).

names_the_method() ->
    A = fresh(),
    ?assertEqual(
        {'bt@stdlib@TypeError', type_error, <<"Counter>>div:: bad arithmetic operation">>},
        raised(fun() -> send(A, 'div:', [0]) end)
    ).

foreign_exits() ->
    A = fresh(),
    ?assertEqual({'bt@stdlib@ExitError', erlang_exit, <<"away">>}, raised(fun() -> send(A, exits) end)),
    ?assertEqual({'bt@stdlib@ThrowError', erlang_throw, <<"ball">>}, raised(fun() -> send(A, throws) end)),
    ?assertEqual(0, send(A, n)).

dead() ->
    A = fresh(),
    ?assertEqual(ok, send(A, stop)),
    ?assertEqual(ok, send(A, stop)),
    ?assertEqual(false, send(A, isAlive)),
    ?assertEqual(
        {'bt@stdlib@RuntimeError', actor_dead, <<"Cannot send 'n' to Counter (actor process has terminated)">>},
        raised(fun() -> send(A, n) end)
    ).

dies_during_call() ->
    {_, _, Pid} = A = fresh(),
    spawn(fun() -> timer:sleep(30), exit(Pid, kill) end),
    ?assertMatch({_, actor_dead, _}, raised(fun() -> send(A, 'sleep:', [2000]) end)).

times_out() ->
    A = fresh(),
    ?assertEqual(
        {'bt@stdlib@Error', timeout, <<"timeout error in 'sleep:' on Counter">>},
        raised(fun() -> beamtalk_actor:send(A, 'sleep:', [100], 10) end)
    ),
    ?assertEqual(1, send(A, add)),
    ?assertEqual(none, receive Late -> Late after 150 -> none end).

self_send() ->
    ?assertEqual(1, send(fresh(), viaSelf)).

deadlock() ->
    A = fresh(),
    ?assertEqual(
        {'bt@stdlib@Error', deadlock_detected, <<"deadlock_detected error in 'n' on Counter">>},
        raised(fun() -> send(A, 'ask:', [fresh()]) end)
    ),
    ?assertEqual(0, send(A, n)).

casts() ->
    A = fresh(),
    ?assertEqual(nil, beamtalk_actor:cast(A, 'set:', [7])),
    ?assertEqual(nil, beamtalk_actor:cast(A, add, [])),
    ?assertEqual(nil, beamtalk_actor:cast(A, 'setThenFail:', [1])),
    ?assertEqual(8, send(A, n)),
    ?assertEqual(nil, beamtalk_actor:cast(3, foo, [])),
    ?assertEqual(nil, beamtalk_actor:cast({'$actor', ?COUNTER, nobody_here}, foo, [])).

unknown() ->
    ?assertEqual(
        {'bt@stdlib@RuntimeError', does_not_understand, <<"Counter does not understand 'zork'">>},
        raised(fun() -> send(fresh(), zork) end)
    ).

clean_dictionary() ->
    A = fresh(),
    raised(fun() -> send(A, 'setThenFail:', [1]) end),
    raised(fun() -> send(A, 'ask:', [fresh()]) end),
    {_, _, Pid} = A,
    _ = send(A, n),
    {dictionary, Entries} = process_info(Pid, dictionary),
    ?assertEqual(['$ancestors', '$beamtalk_self', '$initial_call', Pid], lists:sort([Key || {Key, _} <- Entries])),
    ?assertEqual([], [Entry || {Key, _} = Entry <- get(), is_tuple(Key), element(1, Key) =:= '$cell']).

links() ->
    {_, _, Pid} = A = fresh(),
    ?assertEqual({links, []}, process_info(Pid, links)),
    {_, _, Child} = send(A, spawnOne),
    ?assertEqual({links, [Child]}, process_info(Pid, links)),
    Watch = erlang:monitor(process, Pid),
    exit(Child, kill),
    ?assertEqual(killed, receive {'DOWN', Watch, _, _, Reason} -> Reason after 1000 -> none end).

initialize_chain() ->
    Base = beamtalk_fixture:class('bt@user@Base', 'bt@stdlib@Actor', actor, [{log, []}],
        "initialize({_, _, P}) -> put(P, (get(P))#{log := [base | maps:get(log, get(P))]}).\n"
        "log({_, _, P}) -> maps:get(log, get(P))."),
    Leaf = beamtalk_fixture:class('bt@user@Leaf', 'bt@user@Base', actor,
        "initialize({_, _, P}) -> put(P, (get(P))#{log := [leaf | maps:get(log, get(P))]})."),
    beamtalk_fixture:load([Base, Leaf]),
    A = beamtalk_actor:spawn({'$class', 'bt@user@Leaf'}),
    ?assertEqual([leaf, base], send(A, log)).

required_field() ->
    Owner = beamtalk_fixture:class('bt@user@Owner', 'bt@stdlib@Actor', actor, [{name, {required, <<"String">>}}], ""),
    beamtalk_fixture:load([Owner]),
    try beamtalk_actor:spawn({'$class', 'bt@user@Owner'}) of
        _ -> ?assert(false)
    catch
        error:#{kind := Kind, message := Message, hint := Hint} ->
            ?assertEqual({instantiation_error, <<"Cannot call 'spawn' on Owner">>}, {Kind, Message}),
            ?assertEqual(
                <<"UninitializedStateError in Owner\nOwner field 'name' (:: String) was not initialized">>, Hint
            )
    end,
    ?assertMatch({'$actor', _, _}, beamtalk_actor:spawn({'$class', 'bt@user@Owner'}, #{name => <<"x">>})).

failing_initialize() ->
    Bad = beamtalk_fixture:class('bt@user@Bad', 'bt@stdlib@Actor', actor, "initialize(_) -> 1 / zero()."
        "\nzero() -> 0."),
    Maker = beamtalk_fixture:class('bt@user@Maker', 'bt@stdlib@Actor', actor,
        "make(_) -> beamtalk_exception:on_do(fun() -> beamtalk_actor:spawn({'$class', 'bt@user@Bad'}) end, nil, "
        "fun(E) -> maps:get(kind, E) end)."),
    beamtalk_fixture:load([Bad, Maker]),
    ?assertEqual(
        {'bt@stdlib@InstantiationError', instantiation_error, <<"Cannot call 'spawn' on Bad">>},
        raised(fun() -> beamtalk_actor:spawn({'$class', 'bt@user@Bad'}) end)
    ),
    M = beamtalk_actor:spawn({'$class', 'bt@user@Maker'}),
    ?assertEqual(instantiation_error, send(M, make)),
    ?assertEqual(true, send(M, isAlive)),
    ?assertEqual(0, beamtalk_actors:count('bt@user@Bad')).

spawn_with() ->
    ?assertEqual(9, send(beamtalk_actor:spawn({'$class', ?COUNTER}, #{n => 9}), n)),
    ?assertMatch({'bt@stdlib@TypeError', type_error, _}, raised(fun() -> beamtalk_actor:spawn({'$class', ?COUNTER}, 3) end)).

tidy() ->
    beamtalk_fixture:class('bt@user@Tidy', 'bt@stdlib@Actor', actor, [{to, nil}],
        "'terminate:'({_, _, P}, Reason) -> maps:get(to, get(P)) ! {terminated, Reason}.").

terminate_hook() ->
    beamtalk_fixture:load([tidy()]),
    Fresh = fun() -> beamtalk_actor:spawn({'$class', 'bt@user@Tidy'}, #{to => self()}) end,
    ok = send(Fresh(), stop),
    ?assertEqual(normal, receive {terminated, Reason} -> Reason after 500 -> none end),
    ok = send(Fresh(), kill),
    ?assertEqual(none, receive {terminated, R} -> R after 50 -> none end).

trapped_exit() ->
    {_, _, Pid} = beamtalk_actor:spawn({'$class', 'bt@user@Tidy'}, #{to => self()}),
    Watch = erlang:monitor(process, Pid),
    exit(Pid, normal),
    exit(Pid, broken),
    ?assertEqual(broken, receive {'DOWN', Watch, _, _, Reason} -> Reason after 500 -> none end),
    ?assertEqual(broken, receive {terminated, R} -> R after 500 -> none end).

raw_messages() ->
    Ear = beamtalk_fixture:class('bt@user@Ear', 'bt@stdlib@Server', actor, [{heard, nil}],
        "'handleInfo:'({_, _, P}, M) -> put(P, (get(P))#{heard := M}).\nheard({_, _, P}) -> maps:get(heard, get(P))."),
    beamtalk_fixture:load([Ear]),
    {_, _, Pid} = Server = beamtalk_actor:spawn({'$class', 'bt@user@Ear'}),
    Pid ! tick,
    ?assertEqual(tick, send(Server, heard)),
    {_, _, Plain} = A = fresh(),
    Plain ! tick,
    Plain ! {'EXIT', self(), odd},
    ?assertEqual(0, send(A, n)).

timeout_proxy() ->
    A = fresh(),
    Proxy = send(A, 'withTimeout:', [20]),
    ?assertEqual(1, send(Proxy, add)),
    ?assertEqual(
        {'bt@stdlib@Error', timeout, <<"timeout error in 'sleep:' on Counter">>},
        raised(fun() -> send(Proxy, 'sleep:', [60]) end)
    ),
    timer:sleep(60),
    ?assertEqual(2, send(Proxy, add)),
    ?assertMatch({_, type_error, _}, raised(fun() -> send(A, 'withTimeout:', [soon]) end)).

on_exit() ->
    A = fresh(),
    Me = self(),
    ok = beamtalk_actor:on_exit(A, fun(Reason) -> Me ! {gone, Reason} end),
    ok = send(A, kill),
    ?assertEqual(killed, receive {gone, Reason} -> Reason after 500 -> none end),
    ok = beamtalk_actor:on_exit(A, fun(Reason) -> Me ! {gone, Reason} end),
    ?assertEqual(noproc, receive {gone, Late} -> Late after 500 -> none end).

register_is_clean() ->
    Before = beamtalk_actors:count(?COUNTER),
    Actors = [fresh() || _ <- lists:seq(1, 100)],
    ?assertEqual(Before + 100, beamtalk_actors:count(?COUNTER)),
    [ok = send(A, kill) || A <- Actors],
    _ = gen_server:call(beamtalk_actors, sync),
    ?assertEqual(Before, beamtalk_actors:count(?COUNTER)).

carries_cells() ->
    Frame = beamtalk_frame:enter(),
    Cell = beamtalk_frame:new_cell(Frame, 3),
    Block = fun() -> put(Cell, get(Cell) + 1), get(Cell) end,
    Outer = fun() -> Block() end,
    A = fresh(),
    ?assertEqual(4, send(A, 'run:', [Block])),
    ?assertEqual(4, send(A, 'run:', [Outer])),
    ?assertEqual(3, get(Cell)),
    {_, _, Pid} = A,
    {dictionary, Entries} = process_info(Pid, dictionary),
    ?assertEqual(4, length(Entries)),
    beamtalk_frame:leave(Frame).

keeps_stored_cells() ->
    Frame = beamtalk_frame:enter(),
    Cell = beamtalk_frame:new_cell(Frame, 3),
    Block = fun() -> put(Cell, get(Cell) + 1), get(Cell) end,
    A = fresh(),
    nil = send(A, 'keep:', [Block]),
    ?assertEqual([4, 5], [send(A, runKept), send(A, runKept)]),
    ?assertEqual(3, get(Cell)),
    beamtalk_frame:leave(Frame).

replaced_state() ->
    {_, _, Pid} = A = fresh(),
    1 = send(A, add),
    ?assertEqual(#{n => 1}, sys:get_state(Pid)),
    sys:replace_state(Pid, fun(_) -> #{n => 41} end),
    ?assertEqual(42, send(A, add)).

no_return_across() ->
    Frame = beamtalk_frame:enter(),
    A = fresh(),
    ?assertMatch(
        {'bt@stdlib@RuntimeError', non_local_return, _},
        raised(fun() -> send(A, 'run:', [fun() -> beamtalk_frame:return(Frame, 1) end]) end)
    ),
    ?assertEqual(1, send(A, add)),
    beamtalk_frame:leave(Frame).

foreign_write() ->
    A = fresh(),
    ?assertMatch({_, dispatch_error, _}, raised(fun() -> beamtalk_actor:put_field(A, n, 1) end)),
    ?assertEqual(0, beamtalk_actor:get_field(A, n)).

names() ->
    Class = {'$class', ?COUNTER},
    #{isOk := true, okValue := A} = beamtalk_actor:spawn_as(Class, shelf),
    ?assertMatch(#{isOk := false, errReason := #{kind := name_registered}}, beamtalk_actor:spawn_as(Class, shelf)),
    ?assertMatch(#{isOk := false, errReason := #{kind := reserved_name}}, beamtalk_actor:spawn_as(Class, init)),
    ?assertMatch(#{isOk := false, errReason := #{kind := type_error}}, beamtalk_actor:spawn_as(Class, <<"x">>)),
    #{isOk := true, okValue := Proxy} = beamtalk_actor:named({'$class', 'bt@stdlib@Actor'}, shelf),
    ?assertEqual({'$actor', ?COUNTER, shelf}, Proxy),
    ?assertEqual(1, send(Proxy, add)),
    ?assertEqual(shelf, beamtalk_actor:registered_name(A)),
    ?assertMatch(#{errReason := #{kind := wrong_class}}, beamtalk_actor:named(Class, logger)),
    ?assertMatch(#{errReason := #{kind := type_error}}, beamtalk_actor:register_as(A, other_shelf)),
    ?assertEqual([Proxy], beamtalk_actor:all_registered()),
    ok = send(A, stop),
    ?assertMatch(#{errReason := #{kind := name_not_registered}}, beamtalk_actor:named(Class, shelf)),
    ?assertMatch({_, no_such_process, _}, raised(fun() -> send(Proxy, n) end)),
    ?assertMatch({_, actor_dead, _}, raised(fun() -> beamtalk_actor:register_as(A, late) end)).

migration() ->
    Old = beamtalk_fixture:class('bt@user@Shape', 'bt@stdlib@Actor', actor, [{n, 1}, {gone, 2}],
        "fields(S) -> beamtalk_actor:fields(S, fields)."),
    Sub = beamtalk_fixture:class('bt@user@Square', 'bt@user@Shape', actor, ""),
    beamtalk_fixture:load([Old, Sub]),
    A = beamtalk_actor:spawn({'$class', 'bt@user@Square'}, #{n => 5, extra => 6}),
    New = beamtalk_fixture:class('bt@user@Shape', 'bt@stdlib@Actor', actor, [{n, 0}, {added, 3}],
        "fields(S) -> beamtalk_actor:fields(S, fields)."),
    beamtalk_fixture:load([New]),
    ?assertEqual(#{n => 5, added => 3, extra => 6}, send(A, fields)).

%% The runtime's servers may crash without losing what they keep.
recovery_test_() ->
    beamtalk_fixture:with_runtime([
        {"the register of actors survives its server", fun register_survives/0},
        {"class variables work after the lock keeper crashed", fun locks_survive/0}
    ]).

register_survives() ->
    beamtalk_fixture:load([counter()]),
    {_, _, Pid} = A = fresh(),
    restart(beamtalk_actors),
    ?assertEqual({ok, ?COUNTER}, beamtalk_actors:module(Pid)),
    ok = send(A, kill),
    _ = gen_server:call(beamtalk_actors, sync),
    ?assertEqual(error, beamtalk_actors:module(Pid)).

locks_survive() ->
    Beam = beamtalk_fixture:beam('bt@user@Kept', "'$class_state'() -> #{n => 0}."),
    beamtalk_fixture:load([{'bt@user@Kept', Beam}]),
    Class = {'$class', 'bt@user@Kept'},
    Set = fun(N) -> beamtalk_class_state:transaction(Class, fun() -> beamtalk_class_state:put(Class, n, N) end) end,
    ?assertEqual(1, Set(1)),
    restart(beamtalk_class_state),
    ?assertEqual(1, beamtalk_class_state:get(Class, n)),
    ?assertEqual(2, Set(2)).

restart(Server) ->
    Old = whereis(Server),
    exit(Old, kill),
    wait_for(Server, Old).

wait_for(Server, Old) ->
    case whereis(Server) of
        New when is_pid(New), New =/= Old -> ok;
        _ ->
            timer:sleep(5),
            wait_for(Server, Old)
    end.
