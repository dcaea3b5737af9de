%%% Watching an actor: what a message changes in its state is announced.
%%%
%%% It is a debug function of OTP's `sys' in the actor's process, so actors that nobody watches pay nothing.
-module(beamtalk_watch).

-export([start/1, stop/1, handled/3]).

%% What `sys' knows the function by; a second watch of the same actor is the first one.
-define(ID, ?MODULE).

-spec start(term()) -> nil.
start(Actor) ->
    change(Actor, 'watch:', fun(Pid) ->
        State = sys:get_state(Pid),
        _ = sys:install(Pid, {?ID, fun ?MODULE:handled/3, State})
    end).

-spec stop(term()) -> nil.
stop(Actor) ->
    change(Actor, 'unwatch:', fun(Pid) -> sys:remove(Pid, ?ID) end).

change({'$actor', Module, _} = Actor, Selector, Change) ->
    case beamtalk_actor:pid(Actor) of
        Pid when Pid =:= self() ->
            %% It answers `sys' between two messages, and this is in the middle of one.
            _ = spawn(fun() -> Change(Pid) end),
            nil;
        Pid ->
            try
                Change(Pid),
                nil
            catch
                exit:{timeout, _} -> beamtalk_error:raise(timeout, beamtalk_registry:class_name(Module), Selector);
                exit:_ -> beamtalk_error:raise(actor_dead, beamtalk_registry:class_name(Module), Selector)
            end
    end;
change(_, Selector, _) ->
    beamtalk_error:raise(type_error, 'ObjectStateChanged', Selector, <<"The argument must be an actor">>).

%% In the actor's process, around each message: `Before' is the state after the last one.
-spec handled(State, term(), term()) -> State when State :: term().
handled(Before, {out, _, _, State}, _) -> compared(Before, State);
handled(Before, {noreply, State}, _) -> compared(Before, State);
handled(Before, _, _) -> Before.

compared(State, State) ->
    State;
compared(Before, State) ->
    case beamtalk_actors:module(self()) of
        {ok, Module} -> beamtalk_system_event:state_changed(self(), Module, changed(Module, Before, State));
        error -> ok
    end,
    State.

%% A native actor's state is its own affair.
changed(Module, Before, State) when is_map(Before), is_map(State) ->
    case beamtalk_native:is_native(Module) of
        true -> [];
        false -> lists:sort([Name || {Name, Value} <- maps:to_list(State), not holds(Before, Name, Value)])
    end;
changed(_, _, _) ->
    [].

holds(Fields, Name, Value) ->
    case Fields of
        #{Name := Value} -> true;
        #{} -> false
    end.
