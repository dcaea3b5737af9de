%%% Actors backed by an Erlang module. The module is this one: a queue whose `pop' waits for a `push:'.
-module(beamtalk_native_tests).
-behaviour(gen_server).

-include_lib("eunit/include/eunit.hrl").

-export([start_link/1, init/1, handle_call/3, handle_cast/2]).

-define(CLASS, 'bt@user@Mailbox').
-define(assertKind(Kind, Expression), ?assertError(#{kind := Kind}, Expression)).

%% ---- the backing module --------------------------------------------------------------------------------------

start_link(#{fail := Reason}) -> {error, Reason};
start_link(#{crash := _} = Config) -> gen_server:start_link(?MODULE, Config, []);
start_link(Config) -> gen_server:start_link(?MODULE, Config, []).

init(#{crash := Reason}) -> exit(Reason);
init(Config) -> {ok, {maps:get(items, Config, []), []}}.

handle_call({pop, [], #{}}, From, {[], Waiting}) -> {noreply, {[], Waiting ++ [From]}};
handle_call({pop, [], #{}}, _, {[Item | Items], Waiting}) -> {reply, {ok, Item}, {Items, Waiting}};
handle_call({'push:', [Item], #{}}, _, State) -> {reply, {ok, nil}, push(Item, State)};
handle_call({'run:', [Block], #{}}, _, State) when is_function(Block, 9) ->
    {reply, {ok, apply(Block, lists:seq(1, 9))}, State};
handle_call({'run:', [Block], #{}}, _, State) -> {reply, {ok, Block(10)}, State};
handle_call({'fail:', [Reason], #{}}, _, State) -> {reply, {error, Reason}, State};
handle_call({die, [], #{}}, _, State) -> {stop, normal, State}.

handle_cast({'push:', [Item], #{}}, State) -> {noreply, push(Item, State)}.

push(Item, {Items, []}) -> {Items ++ [Item], []};
push(Item, {Items, [From | Waiting]}) -> gen_server:reply(From, {ok, Item}), {Items, Waiting}.

%% ---- its class -----------------------------------------------------------------------------------------------

mailbox() ->
    beamtalk_fixture:class(?CLASS, 'bt@stdlib@Actor', actor,
        "'$native'() -> {beamtalk_native_tests, ['push:', pop, 'run:', 'fail:', die]}.\n"
        "'push:'(S, V) -> beamtalk_native:request(S, 'push:', [V]).\n"
        "pop(S) -> beamtalk_native:request(S, pop, []).\n"
        "'run:'(S, B) -> beamtalk_native:request(S, 'run:', [B]).\n"
        "'fail:'(S, R) -> beamtalk_native:request(S, 'fail:', [R]).\n"
        "die(S) -> beamtalk_native:request(S, die, []).\n"
        "popTwice(S) -> [beamtalk_actor:send(S, pop, []), beamtalk_actor:send(S, pop, [])].\n"
        "'tell:'(_, Pid) -> Pid ! {told, self()}, nil.").

native_test_() ->
    beamtalk_fixture:with_runtime([
        {"delegated messages reach the process, others run in the sender's", fun delegates/0},
        {"an answer that waits blocks nobody else", fun waits/0},
        {"a refusal raises with class and selector", fun refuses/0},
        {"an ended process raises actor_dead, a slow one timeout", fun ends/0},
        {"casts are casts", fun casts/0},
        {"a start that fails leaves its reason and nothing else", fun fails_to_start/0},
        {"blocks work on copies of the variables that they use", fun copies/0},
        {"it can be named, listed and supervised like any actor", fun is_an_actor/0}
    ]).

fresh() -> fresh(#{}).
fresh(Config) ->
    beamtalk_fixture:load([mailbox()]),
    beamtalk_actor:spawn({'$class', ?CLASS}, Config).

send(Actor, Selector) -> beamtalk_actor:send(Actor, Selector, []).
send(Actor, Selector, Arg) -> beamtalk_actor:send(Actor, Selector, [Arg]).

delegates() ->
    Actor = fresh(#{items => [1, 2, 3]}),
    ?assertEqual(1, send(Actor, pop)),
    ?assertEqual([2, 3], send(Actor, popTwice)),
    nil = send(Actor, 'tell:', self()),
    Self = self(),
    receive {told, Who} -> ?assertEqual(Self, Who) end,
    ?assertNot(lists:keymember('$beamtalk_native_limit', 1, get())).

waits() ->
    Actor = fresh(),
    Self = self(),
    spawn_link(fun() -> Self ! {popped, send(Actor, pop)} end),
    timer:sleep(20),
    nil = send(Actor, 'push:', late),
    receive {popped, Value} -> ?assertEqual(late, Value) end.

refuses() ->
    Actor = fresh(),
    ?assertError(
        #{kind := runtime_error, message := <<"full">>, errorClass := 'Mailbox', selector := 'fail:'},
        send(Actor, 'fail:', full)
    ),
    Own = beamtalk_error:make(not_found, 'Thing', 'at:', nil),
    ?assertError(#{kind := not_found, errorClass := 'Thing'}, send(Actor, 'fail:', Own)).

ends() ->
    Actor = {_, _, Pid} = fresh(),
    ?assertKind(timeout, beamtalk_actor:send(Actor, pop, [], 20)),
    ?assert(is_process_alive(Pid)),
    ?assertKind(actor_dead, send(Actor, die)),
    ?assertKind(actor_dead, send(Actor, pop)).

casts() ->
    Actor = fresh(),
    nil = beamtalk_actor:cast(Actor, 'push:', [posted]),
    ?assertEqual(posted, send(Actor, pop)),
    nil = beamtalk_actor:cast(Actor, 'tell:', [self()]),
    receive {told, Who} -> ?assertNotEqual(self(), Who) end.

fails_to_start() ->
    Before = length(processes()),
    ?assertError(#{kind := instantiation_error, hint := <<"no_room">>}, fresh(#{fail => no_room})),
    ?assertError(#{kind := instantiation_error}, fresh(#{crash => bang})),
    ?assertEqual(Before, length(processes())).

copies() ->
    Actor = {_, _, Pid} = fresh(),
    Frame = beamtalk_frame:enter(),
    Cell = beamtalk_frame:new_cell(Frame, 1),
    Add = fun(N) -> put(Cell, get(Cell) + N), get(Cell) end,
    ?assertEqual(11, send(Actor, 'run:', Add)),
    ?assertEqual(21, send(Actor, 'run:', fun(N) -> Add(N div 2), Add(N div 2), Add(N) end)),
    ?assertEqual(1, get(Cell)),
    %% The server has what its state keeps, and no more.
    ?assertEqual([], cells(Pid)),
    nil = send(Actor, 'push:', [Add]),
    ?assertEqual([], cells(Pid)),
    [Kept] = send(Actor, pop),
    ?assertEqual(11, Kept(10)),
    ?assertEqual(11, get(Cell)),
    Wide = fun(A, B, _, _, _, _, _, _, I) -> Add(A + B + I) end,
    ?assertEqual(23, send(Actor, 'run:', Wide)),
    Blocks = [fun(N) -> Add(N + Arity) end || Arity <- lists:seq(1, 3)],
    nil = send(Actor, 'push:', Blocks),
    ?assertEqual([22, 32, 42], send(Actor, 'run:', fun(N) -> [Add(N + 1), Add(N), Add(N)] end)),
    beamtalk_frame:leave(Frame).

%% The cells of a process that has handled its messages.
cells(Pid) ->
    _ = sys:get_state(Pid),
    timer:sleep(20),
    _ = sys:get_state(Pid),
    {dictionary, Entries} = process_info(Pid, dictionary),
    [Cell || {{'$cell', _} = Cell, _} <- Entries].

is_an_actor() ->
    Actor = {_, _, Pid} = fresh(),
    ?assert(beamtalk_actor:is_alive(Actor)),
    ?assertMatch({ok, ?CLASS}, beamtalk_actors:module(Pid)),
    #{isOk := true, okValue := Named} = beamtalk_actor:spawn_as({'$class', ?CLASS}, native_mailbox),
    ?assertMatch(#{isOk := false}, beamtalk_actor:spawn_as({'$class', ?CLASS}, native_mailbox)),
    #{okValue := ByName} = beamtalk_actor:named({'$class', ?CLASS}, native_mailbox),
    nil = send(ByName, 'push:', 1),
    ?assertEqual(1, send(Named, pop)),
    ok = beamtalk_actor:migrate(Pid, [old]),
    ok = beamtalk_actor:stop(Named),
    ?assertNot(beamtalk_actor:is_alive(Named)),
    {ok, Child} = beamtalk_actor:start_link(?CLASS, #{}),
    ?assert(lists:member(Child, element(2, process_info(self(), links)))),
    unlink(Child),
    ok = beamtalk_actor:kill({'$actor', ?CLASS, Child}),
    ok = beamtalk_actor:kill(Actor).
