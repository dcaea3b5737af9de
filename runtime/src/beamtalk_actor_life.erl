%%% Ending actors and watching them end, from the sender's side: works on busy actors too.
-module(beamtalk_actor_life).

-export([ended/4, stop/1, kill/1, is_alive/1, on_exit/2]).

-define(TIMEOUT, 5000).

%% A sender learns that the process it waits for is gone, and of a limit of memory that was the cause.
-spec ended(beamtalk_actor:actor(), pid(), atom(), term()) -> no_return().
ended(Actor, Pid, Selector, Reason) ->
    TooLarge =
        case Reason of
            killed -> beamtalk_memory:ended_by_limit(Pid);
            _ -> beamtalk_memory:ended_by_limit(Pid, 0)
        end,
    case TooLarge of
        true -> too_large(Actor, Selector);
        false -> dead(Actor, Selector)
    end.

-spec too_large(beamtalk_actor:actor(), atom()) -> no_return().
too_large({_, Module, _}, Selector) ->
    Class = beamtalk_registry:class_name(Module),
    Text = beamtalk_error:message(actor_dead, Class, Selector),
    Whole = <<Text/binary, ": it ", (beamtalk_memory:text(actor_heap))/binary>>,
    beamtalk_error:raise_message(
        'bt@stdlib@RuntimeError', actor_dead, Whole, Class, Selector, beamtalk_memory:hint()
    ).

%% Queued messages first, then `terminate:'. Ok for a dead actor; inside the actor it ends after the current message.
-spec stop(beamtalk_actor:actor()) -> ok.
stop({_, Module, _} = Self) ->
    Pid = beamtalk_actor_name:resolve(Self, stop),
    beamtalk_trace:lifecycle(stop, Pid, Module),
    case Pid =:= self() of
        true ->
            gen_server:cast(Pid, '$stop');
        false ->
            try
                gen_server:stop(Pid, normal, ?TIMEOUT)
            catch
                exit:timeout -> dead(Self, stop);
                exit:_ -> ok
            end
    end.

%% Cannot be trapped; answers when the process is gone.
-spec kill(beamtalk_actor:actor()) -> ok.
kill({_, Module, _} = Self) ->
    Pid = beamtalk_actor_name:resolve(Self, kill),
    beamtalk_trace:lifecycle(kill, Pid, Module),
    Watch = erlang:monitor(process, Pid),
    exit(Pid, kill),
    receive
        {'DOWN', Watch, process, _, _} -> ok
    after ?TIMEOUT ->
        erlang:demonitor(Watch, [flush]),
        beamtalk_error:raise(timeout, beamtalk_registry:class_name(Module), kill, nil)
    end.

-spec is_alive(beamtalk_actor:actor()) -> boolean().
is_alive({_, _, Pid}) when is_pid(Pid), node(Pid) =:= node() -> is_process_alive(Pid);
is_alive({_, _, Pid}) when is_pid(Pid) -> erpc:call(node(Pid), erlang, is_process_alive, [Pid], ?TIMEOUT);
is_alive({_, _, Name}) -> whereis(Name) =/= undefined.

%% Evaluates the block with the reason, once, in a process of its own. Answers when the watch is set.
-spec on_exit(beamtalk_actor:actor(), term()) -> ok.
on_exit({_, Module, _} = Self, Block) when is_function(Block, 0); is_function(Block, 1) ->
    Pid = beamtalk_actor_name:resolve(Self, 'onExit:'),
    Carried = beamtalk_frame:carry([Block]),
    Caller = self(),
    Armed = make_ref(),
    spawn(fun() ->
        beamtalk_memory:limit_self(),
        Watch = erlang:monitor(process, Pid),
        Caller ! Armed,
        receive
            {'DOWN', Watch, process, _, Reason} -> run_block(Module, Block, Reason, Carried)
        end
    end),
    receive
        Armed -> ok
    end;
on_exit({_, Module, _}, _) ->
    Hint = <<"onExit: expects a Block of one parameter">>,
    beamtalk_error:raise(type_error, beamtalk_registry:class_name(Module), 'onExit:', Hint).

run_block(Module, Block, Reason, Carried) ->
    _ = beamtalk_frame:install(Carried),
    try
        beamtalk_exception:call_handler(Block, Reason)
    catch
        Class:Error:Stack ->
            #{message := Message} = beamtalk_error:from_erlang(Class, Error, Stack),
            logger:warning("onExit: block for ~ts failed: ~ts", [beamtalk_registry:class_name(Module), Message])
    end.

-spec dead(beamtalk_actor:actor(), atom()) -> no_return().
dead({_, Module, _}, Selector) ->
    beamtalk_error:raise(actor_dead, beamtalk_registry:class_name(Module), Selector).
