%%% Timers: a process that waits and runs a block. It is linked to its maker, whose crash ends it; a maker that ends
%%% normally leaves it running.
-module(beamtalk_timer).

-export([after_do/2, every_do/2, sleep/1, cancel/1, is_active/1]).

-type timer() :: #{'$class' := module(), process := pid()}.

%% How long `cancel' waits for a timer that is just running its block, in milliseconds.
-define(CANCEL_WAIT, 100).
%% The longest time that the VM's timers take, in milliseconds.
-define(LONGEST, 16#ffffffff).

-spec after_do(term(), term()) -> timer().
after_do(Delay, Block) when is_function(Block, 0) ->
    Ms = delay(Delay, 'after:do:'),
    timer(Block, fun() -> once(Ms, Block) end);
after_do(_, _) ->
    not_a_block('after:do:').

-spec every_do(term(), term()) -> timer().
every_do(Interval, Block) when is_function(Block, 0) ->
    Ms = interval(Interval),
    timer(Block, fun() -> repeatedly(Ms, Block) end);
every_do(_, _) ->
    not_a_block('every:do:').

-spec sleep(term()) -> nil.
sleep(Delay) ->
    ok = timer:sleep(delay(Delay, 'sleep:')),
    nil.

timer(Block, Run) ->
    Carried = beamtalk_frame:carry([Block]),
    Process = spawn_link(fun() ->
        beamtalk_memory:limit_self(),
        _ = beamtalk_frame:install(Carried),
        Run()
    end),
    #{'$class' => 'bt@stdlib@Timer', process => Process}.

once(Ms, Block) ->
    wait(Ms),
    run(Block).

repeatedly(Ms, Block) ->
    wait(Ms),
    run(Block),
    repeatedly(Ms, Block).

wait(Ms) ->
    receive
        {cancel, From, Ref} ->
            From ! {Ref, cancelled},
            exit(normal)
    after Ms -> ok
    end.

%% An error in the block must not end the timer, let alone its maker.
run(Block) ->
    try
        Block()
    catch
        _:_ -> ok
    end.

-spec cancel(timer()) -> boolean().
cancel(#{process := Pid}) ->
    Ref = erlang:monitor(process, Pid),
    Pid ! {cancel, self(), Ref},
    receive
        {Ref, cancelled} ->
            erlang:demonitor(Ref, [flush]),
            true;
        {'DOWN', Ref, process, Pid, _} ->
            false
    after ?CANCEL_WAIT ->
        erlang:demonitor(Ref, [flush]),
        receive
            {Ref, cancelled} -> true
        after 0 -> false
        end
    end.

-spec is_active(timer()) -> boolean().
is_active(#{process := Pid}) ->
    beamtalk_process:is_alive(Pid).

delay(Delay, Selector) ->
    case millis(Delay) of
        Ms when is_integer(Ms), Ms >= 0, Ms =< ?LONGEST -> Ms;
        _ -> type_error(Selector, <<"Delay must be a non-negative Integer or a non-negative Duration">>)
    end.

interval(Interval) ->
    case millis(Interval) of
        Ms when is_integer(Ms), Ms > 0, Ms =< ?LONGEST -> Ms;
        _ -> type_error('every:do:', <<"Interval must be a positive Integer or a positive Duration">>)
    end.

millis(#{'$class' := 'bt@stdlib@Duration', millis := Ms}) -> Ms;
millis(Other) -> Other.

-spec not_a_block(atom()) -> no_return().
not_a_block(Selector) ->
    type_error(Selector, <<"A block without parameters is needed">>).

-spec type_error(atom(), binary()) -> no_return().
type_error(Selector, Hint) ->
    beamtalk_error:raise(type_error, 'Timer', Selector, Hint).
